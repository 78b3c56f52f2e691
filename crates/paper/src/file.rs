//! The PDF (ISO 32000-1): pages, the typeface cut down to the glyphs used, the table that tells their characters, and
//! the tree of what they are.

use std::collections::BTreeMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, StructRole, SystemInfo, TableHeaderScope, UnicodeCmap};
use pdf_writer::writers::StructElement;
use pdf_writer::{Content, Filter, Finish, Name, Null, Pdf, Rect, Ref, Str, TextStr};
use subsetter::GlyphRemapper;
use ttf_parser::GlyphId;

use crate::layout::{Composed, Element, HIGH, Kid, LEFT, Line, PICTURE, Page, Role, WIDE};
use crate::typeface::{DATA, Press};
use crate::{Picture, PrintError, Sheet};

const FONT: Name<'_> = Name(b"F");
const MARK: Name<'_> = Name(b"M");
/// Six letters before the name say that it is a part of the typeface (§9.6.4).
const BASE: Name<'_> = Name(b"HONNIN+BIZUDPGothic-Regular");
const IDENTITY: SystemInfo<'_> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
/// Where a rule begins and ends.
const RULE: (f32, f32) = (62.0, WIDE - 62.0);

/// Which glyph each one has become, and what it says.
struct Used {
    remapper: GlyphRemapper,
    /// By its new number: its old one and its character.
    glyphs: BTreeMap<u16, (GlyphId, char)>,
}

impl Used {
    fn of(composed: &Composed) -> Self {
        let mut used = Self { remapper: GlyphRemapper::new(), glyphs: BTreeMap::new() };
        for set in composed.pages.iter().flat_map(|page| &page.lines).flat_map(|line| &line.run.sets) {
            let Some(glyph) = set.glyph else { continue };
            let new = used.remapper.remap(glyph.0);
            used.glyphs.entry(new).or_insert((glyph, set.character));
        }
        used
    }
}

/// Numbers of objects, one after another.
struct Refs(i32);

impl Refs {
    const fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }

    fn many(&mut self, count: usize) -> Vec<Ref> {
        (0..count).map(|_| self.next()).collect()
    }
}

/// The objects that others name.
struct Named {
    tree: Ref,
    document: Ref,
    font: Ref,
    pages: Vec<Ref>,
    elements: Vec<Ref>,
    /// For each page, which element each of its lines belongs to.
    owners: Vec<Ref>,
}

/// Writes the file.
pub(crate) fn write(press: &Press, sheet: &Sheet, composed: &Composed) -> Result<Vec<u8>, PrintError> {
    let mut refs = Refs(0);
    let (catalog, pages) = (refs.next(), refs.next());
    let named = Named {
        tree: refs.next(),
        document: refs.next(),
        font: refs.next(),
        pages: refs.many(composed.pages.len()),
        elements: refs.many(composed.elements.len()),
        owners: refs.many(composed.pages.len()),
    };
    let used = Used::of(composed);
    let mut pdf = Pdf::new();
    pdf.set_version(1, 7);
    let mut root = pdf.catalog(catalog);
    root.pages(pages).lang(TextStr(sheet.language));
    root.viewer_preferences().display_doc_title(true);
    root.mark_info().marked(true);
    root.pair(Name(b"StructTreeRoot"), named.tree);
    root.finish();
    let mut info = pdf.document_info(refs.next());
    info.title(TextStr(&sheet.title)).author(TextStr(&sheet.author)).producer(TextStr("Honnin"));
    info.finish();
    pdf.pages(pages).kids(named.pages.iter().copied()).count(number(composed.pages.len()));
    for (place, (page, own)) in composed.pages.iter().zip(&named.pages).enumerate() {
        let content = refs.next();
        let mut object = pdf.page(*own);
        object.parent(pages).media_box(Rect::new(0.0, 0.0, WIDE, HIGH)).contents(content);
        object.struct_parents(number(place));
        let mark = page.picture.as_ref().map(|(_, picture)| (refs.next(), picture));
        let mut resources = object.resources();
        resources.fonts().pair(FONT, named.font);
        if let Some((mark, _)) = mark {
            resources.x_objects().pair(MARK, mark);
        }
        resources.finish();
        object.finish();
        stream(&mut pdf, content, &drawn(page, &used));
        if let Some((mark, picture)) = mark {
            self::picture(&mut pdf, &mut refs, mark, picture);
        }
    }
    tree(&mut pdf, sheet, composed, &named);
    font(&mut pdf, &mut refs, named.font, press, &used)?;
    Ok(pdf.finish())
}

/// Counts here are of pages, lines and elements of one document; more than the format can number are never made.
fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Packed as the format does it.
pub(crate) fn packed(octets: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail; were it ever to, the stream would be empty and the file would not open.
    encoder.write_all(octets).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn stream(pdf: &mut Pdf, own: Ref, octets: &[u8]) {
    pdf.stream(own, &packed(octets)).filter(Filter::FlateDecode);
}

fn picture(pdf: &mut Pdf, refs: &mut Refs, own: Ref, picture: &Picture) {
    let side = |points: u32| i32::try_from(points).unwrap_or(i32::MAX);
    let (wide, high) = (side(picture.wide), side(picture.high));
    let cover = picture.cover.as_ref().map(|octets| (refs.next(), octets));
    let mut object = pdf.image_xobject(own, &picture.colours);
    object.width(wide).height(high).bits_per_component(8).filter(Filter::FlateDecode);
    object.color_space().device_rgb();
    if let Some((cover, _)) = cover {
        object.s_mask(cover);
    }
    object.finish();
    if let Some((own, octets)) = cover {
        let mut object = pdf.image_xobject(own, octets);
        object.width(wide).height(high).bits_per_component(8).filter(Filter::FlateDecode);
        object.color_space().device_gray();
    }
}

/// A page as it is drawn: rules, then line by line.
fn drawn(page: &Page, used: &Used) -> Vec<u8> {
    let mut content = Content::new();
    content.begin_marked_content(Name(b"Artifact"));
    content.set_stroke_gray(0.55).set_line_width(0.6);
    for height in &page.rules {
        content.move_to(RULE.0, *height).line_to(RULE.1, *height).stroke();
    }
    for (base, colour) in &page.bars {
        fill(&mut content, *colour).rect(LEFT, base - 3.0, 4.0, 17.0).fill_nonzero();
    }
    if let Some((base, _)) = page.picture {
        content.save_state().transform([PICTURE, 0.0, 0.0, PICTURE, LEFT, base - 9.0]);
        content.x_object(MARK).restore_state();
    }
    content.end_marked_content();
    for (place, line) in page.lines.iter().enumerate() {
        match line.element {
            Some(_) => {
                let mut mark = content.begin_marked_content_with_properties(Name(b"Span"));
                let mut properties = mark.properties();
                properties.identify(number(place));
                if line.run.told_apart {
                    properties.actual_text(TextStr(&line.run.text()));
                }
            }
            None => {
                content.begin_marked_content(Name(b"Artifact"));
            }
        }
        text(&mut content, line, used);
        content.end_marked_content();
    }
    content.finish().into_vec()
}

/// What is drawn from here on has that colour.
fn fill(content: &mut Content, colour: [u8; 3]) -> &mut Content {
    let [red, green, blue] = colour.map(|octet| f32::from(octet) / 255.0);
    content.set_fill_rgb(red, green, blue)
}

fn text(content: &mut Content, line: &Line, used: &Used) {
    fill(content, line.colour.unwrap_or_default());
    content.begin_text().set_font(FONT, line.size).next_line(line.left, line.base);
    let drawn = line.run.sets.iter().filter_map(|set| set.glyph);
    let glyphs = drawn.map(|glyph| used.remapper.get(glyph.0).unwrap_or(0));
    let octets: Vec<u8> = glyphs.flat_map(u16::to_be_bytes).collect();
    content.show(Str(&octets));
    content.end_text();
}

fn tree(pdf: &mut Pdf, sheet: &Sheet, composed: &Composed, named: &Named) {
    let mut root = pdf.indirect(named.tree).start::<pdf_writer::writers::StructTreeRoot<'_>>();
    root.child(named.document);
    let mut parents = root.parent_tree();
    let mut numbers = parents.nums();
    for (place, owners) in named.owners.iter().enumerate() {
        numbers.insert(number(place), *owners);
    }
    numbers.finish();
    parents.finish();
    root.parent_tree_next_key(number(composed.pages.len()));
    root.finish();
    for (page, owners) in composed.pages.iter().zip(&named.owners) {
        let mut list = pdf.indirect(*owners).array();
        for line in &page.lines {
            match line.element.and_then(|element| named.elements.get(element)) {
                Some(element) => list.item(*element),
                None => list.item(Null),
            };
        }
    }
    let mut document = pdf.struct_element(named.document);
    document.kind(StructRole::Document).parent(named.tree).lang(TextStr(sheet.language));
    let mut kids = document.children();
    for (element, own) in composed.elements.iter().zip(&named.elements) {
        if element.parent.is_none() {
            kids.struct_element(*own);
        }
    }
    kids.finish();
    document.finish();
    for (element, own) in composed.elements.iter().zip(&named.elements) {
        let parent = element.parent.and_then(|parent| named.elements.get(parent)).copied();
        branch(pdf.struct_element(*own), element, parent.unwrap_or(named.document), named);
    }
}

fn branch(mut object: StructElement<'_>, element: &Element, parent: Ref, named: &Named) {
    object.kind(match element.role {
        Role::Title => StructRole::H1,
        Role::Heading => StructRole::H2,
        Role::Paragraph => StructRole::P,
        Role::Table => StructRole::Table,
        Role::Row => StructRole::TR,
        Role::Column | Role::Item => StructRole::TH,
        Role::Value => StructRole::TD,
    });
    object.parent(parent);
    if let Some(language) = element.language {
        object.lang(TextStr(language));
    }
    let scope = match element.role {
        Role::Column => Some(TableHeaderScope::Column),
        Role::Item => Some(TableHeaderScope::Row),
        Role::Title | Role::Heading | Role::Paragraph | Role::Table | Role::Row | Role::Value => None,
    };
    if let Some(scope) = scope {
        object.attributes().push().table().scope(scope);
    }
    let mut kids = object.children();
    for kid in &element.kids {
        match kid {
            Kid::Element(place) => {
                if let Some(own) = named.elements.get(*place) {
                    kids.struct_element(*own);
                }
            }
            Kid::Line { page, number: line } => {
                if let Some(page) = named.pages.get(*page) {
                    kids.marked_content_ref().page(*page).marked_content_id(number(*line));
                }
            }
        }
    }
}

fn font(pdf: &mut Pdf, refs: &mut Refs, own: Ref, press: &Press, used: &Used) -> Result<(), PrintError> {
    let (cid, descriptor, data, unicode) = (refs.next(), refs.next(), refs.next(), refs.next());
    let subset = subsetter::subset(DATA, 0, &used.remapper).map_err(|_| PrintError::Typeface)?;
    pdf.type0_font(own)
        .base_font(BASE)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(unicode);
    let mut object = pdf.cid_font(cid);
    object
        .subtype(CidFontType::Type2)
        .base_font(BASE)
        .system_info(IDENTITY)
        .font_descriptor(descriptor)
        .default_width(1000.0)
        .cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = object.widths();
    for (new, (old, _)) in &used.glyphs {
        widths.same(*new, *new, press.wide(*old) * 1000.0);
    }
    widths.finish();
    object.finish();
    let face = press.face();
    let thousandths = |units: i16| f32::from(units) * 1000.0 / f32::from(face.units_per_em());
    let bounds = face.global_bounding_box();
    pdf.font_descriptor(descriptor)
        .name(BASE)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(
            thousandths(bounds.x_min),
            thousandths(bounds.y_min),
            thousandths(bounds.x_max),
            thousandths(bounds.y_max),
        ))
        .italic_angle(0.0)
        .ascent(thousandths(face.ascender()))
        .descent(thousandths(face.descender()))
        .cap_height(thousandths(face.capital_height().unwrap_or_else(|| face.ascender())))
        .stem_v(80.0)
        .font_file2(data);
    stream(pdf, data, &subset);
    let mut table = UnicodeCmap::new(Name(b"Honnin"), IDENTITY);
    for (new, (_, character)) in &used.glyphs {
        table.pair(*new, *character);
    }
    stream(pdf, unicode, &table.finish().into_vec());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::{Block, Picture, Press, Sheet};

    fn printed(text: &str) -> Vec<u8> {
        let blocks = vec![Block::Title(text.to_owned())];
        let sheet = Sheet { title: text.to_owned(), language: "ja", blocks, ..Sheet::default() };
        Press::new().unwrap().print(&sheet).unwrap()
    }

    fn holds(octets: &[u8], word: &str) -> bool {
        octets.windows(word.len()).any(|window| window == word.as_bytes())
    }

    #[test]
    fn a_sheet_says_its_language_its_structure_and_that_it_has_a_title() {
        let octets = printed("請求");
        for word in
            ["%PDF-1.7", "/Lang (ja)", "/Marked true", "/DisplayDocTitle true", "/S /H1", "/ToUnicode"]
        {
            assert!(holds(&octets, word), "{word}");
        }
    }

    #[test]
    fn the_same_sheet_is_the_same_octets_and_another_leaves_no_trace_in_it() {
        let press = Press::new().unwrap();
        let print = |text: &str| {
            let blocks = vec![Block::Text(text.to_owned())];
            press.print(&Sheet { language: "ja", blocks, ..Sheet::default() }).unwrap()
        };
        let first = print("佐藤 花子 1,234円");
        print("鈴木 次郎 98,765円");
        assert_eq!(print("佐藤 花子 1,234円"), first);
    }

    #[test]
    fn a_picture_is_drawn_once_beside_the_name_and_not_read_out() {
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, 1, 1);
        encoder.set_color(png::ColorType::Rgba);
        encoder.write_header().unwrap().write_image_data(&[200, 0, 0, 128]).unwrap();
        let picture = Arc::new(Picture::png(&png).unwrap());
        let print = |picture| {
            let name = "海鳴モバイル".repeat(9);
            let blocks = vec![Block::Mark(name, [200, 0, 0], picture), Block::Text("本文".repeat(4_000))];
            Press::new().unwrap().print(&Sheet { language: "ja", blocks, ..Sheet::default() }).unwrap()
        };
        let octets = print(Some(picture));
        let count =
            |word: &str| octets.windows(word.len()).filter(|window| *window == word.as_bytes()).count();
        assert_eq!((count("/Subtype /Image"), count("/SMask"), count("/Figure")), (2, 1, 0));
        assert!(count("/Type /Page\n") > 1 && !holds(&print(None), "/Subtype /Image"));
    }

    #[test]
    fn a_sheet_carries_the_glyphs_it_uses_and_no_others() {
        assert!(printed("あ").len() < 6_000, "{} octets", printed("あ").len());
    }
}
