//! Text of a PDF (ISO 32000-2): strings of content streams, glyph by glyph, told in characters.
//!
//! A document may set each digit apart and name glyphs by numbers that only its own `ToUnicode` table (§9.10.3)
//! explains. So the strings of one text object are put together, and told with every table of the document: which
//! font was chosen need not be known. Streams are found by their zlib header, as anywhere; see [`super::packed`].

use std::collections::HashMap;

/// Tables read at most: one per font, and a document of ours has two.
const MOST_TABLES: usize = 32;
/// Glyphs of one range at most: a font has 65,536.
const MOST_GLYPHS: u32 = 0x1_0000;

/// Glyph numbers and the text they stand for.
type Table = HashMap<u16, String>;

/// What the strings of a document say; `streams` are the document itself and everything unpacked from it.
pub(super) fn text(streams: &[&[u8]]) -> Option<Vec<u8>> {
    let tables: Vec<Table> = streams.iter().filter_map(|stream| table(stream)).take(MOST_TABLES).collect();
    let mut out = Vec::new();
    for stream in streams {
        for strings in text_objects(stream) {
            out.extend_from_slice(&strings);
            out.push(b'\n');
            for table in &tables {
                let wide = strings.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
                tell(table, wide.map(u16::from_be_bytes), &mut out);
                tell(table, strings.iter().copied().map(u16::from), &mut out);
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

fn tell(table: &Table, glyphs: impl Iterator<Item = u16>, out: &mut Vec<u8>) {
    for glyph in glyphs {
        out.extend_from_slice(table.get(&glyph).map_or("\u{fffd}", String::as_str).as_bytes());
    }
    out.push(b'\n');
}

/// The strings of each `BT … ET`, put together.
fn text_objects(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut objects = Vec::new();
    let mut rest = stream;
    while let Some(begin) = find(rest, b"BT") {
        let body = rest.get(begin + 2..).unwrap_or_default();
        let (strings, length) = strings(body);
        if !strings.is_empty() {
            objects.push(strings);
        }
        rest = body.get(length..).unwrap_or_default();
    }
    objects
}

/// The strings up to `ET`, and how far that is.
fn strings(body: &[u8]) -> (Vec<u8>, usize) {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&octet) = body.get(at) {
        let rest = body.get(at..).unwrap_or_default();
        at += match octet {
            b'(' => literal(rest, &mut out),
            b'<' => hexadecimal(rest, &mut out),
            b'E' if rest.starts_with(b"ET") => return (out, at + 2),
            _ => 1,
        };
    }
    (out, body.len())
}

/// `(text)`, with its escapes and inner brackets (§7.3.4.2); says how long it was.
fn literal(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let mut depth = 0_u32;
    let mut at = 0;
    while let Some(&octet) = rest.get(at) {
        at += 1;
        match octet {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'\\' => {
                let (value, length) = escape(rest.get(at..).unwrap_or_default());
                out.extend(value);
                at += length;
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if !(octet == b'(' && depth == 1) {
            out.push(octet);
        }
    }
    at
}

/// What stands behind a backslash, and how long it is.
fn escape(rest: &[u8]) -> (Option<u8>, usize) {
    let octal: Vec<u8> = rest
        .iter()
        .take(3)
        .take_while(|octet| (b'0'..=b'7').contains(*octet))
        .map(|octet| octet - b'0')
        .collect();
    if !octal.is_empty() {
        return (
            Some(octal.iter().fold(0_u8, |value, digit| value.wrapping_mul(8).wrapping_add(*digit))),
            octal.len(),
        );
    }
    match rest.first() {
        Some(b'n') => (Some(b'\n'), 1),
        Some(b'r') => (Some(b'\r'), 1),
        Some(b't') => (Some(b'\t'), 1),
        Some(b'b') => (Some(8), 1),
        Some(b'f') => (Some(12), 1),
        Some(b'\r' | b'\n') => (None, 1),
        Some(&other) => (Some(other), 1),
        None => (None, 0),
    }
}

/// `<3132>`; says how long it was.
fn hexadecimal(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(end) = rest.iter().position(|&octet| octet == b'>') else { return 1 };
    out.extend(from_hex(rest.get(1..end).unwrap_or_default()));
    end + 1
}

fn from_hex(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = text
        .iter()
        .filter_map(|&octet| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |value, digit| value << 4 | digit) << (4 * (2 - pair.len())))
        .collect()
}

/// Reads a `ToUnicode` table: `beginbfchar <glyph> <text>`, `beginbfrange <first> <last> <text>` or `[<text> …]`.
fn table(stream: &[u8]) -> Option<Table> {
    let mut table = Table::new();
    for section in sections(stream, b"beginbfchar", b"endbfchar") {
        for pair in hex_strings(section).chunks_exact(2) {
            if let [glyph, text] = pair {
                table.insert(u16::try_from(number(glyph)).ok()?, utf16(text));
            }
        }
    }
    for section in sections(stream, b"beginbfrange", b"endbfrange") {
        range(section, &mut table);
    }
    (!table.is_empty()).then_some(table)
}

fn range(section: &[u8], table: &mut Table) {
    for line in section.split(|octet| matches!(octet, b'\n' | b'\r')) {
        let strings = hex_strings(line);
        let [first, last, texts @ ..] = strings.as_slice() else { continue };
        let (first, last) = (number(first), number(last).min(MOST_GLYPHS));
        let listed = line.contains(&b'[');
        for (step, glyph) in (0_u32..).zip(first..=last) {
            let text = if listed {
                usize::try_from(step).ok().and_then(|step| texts.get(step)).map(|text| utf16(text))
            } else {
                let first = texts.first().map(|text| number(text));
                first.and_then(|first| char::from_u32(first.checked_add(step)?)).map(String::from)
            };
            if let (Ok(glyph), Some(text)) = (u16::try_from(glyph), text) {
                table.insert(glyph, text);
            }
        }
    }
}

fn number(octets: &[u8]) -> u32 {
    octets.iter().take(4).fold(0, |value, &octet| value << 8 | u32::from(octet))
}

fn utf16(octets: &[u8]) -> String {
    let units =
        octets.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(u16::from_be_bytes);
    char::decode_utf16(units).map(|read| read.unwrap_or('\u{fffd}')).collect()
}

fn hex_strings(text: &[u8]) -> Vec<Vec<u8>> {
    let strings = text.split(|&octet| octet == b'<').skip(1);
    strings.filter_map(|string| string.split(|&octet| octet == b'>').next()).map(from_hex).collect()
}

fn sections<'a>(stream: &'a [u8], begin: &[u8], end: &[u8]) -> Vec<&'a [u8]> {
    let mut sections = Vec::new();
    let mut rest = stream;
    while let Some(at) = find(rest, begin) {
        rest = rest.get(at + begin.len()..).unwrap_or_default();
        let length = find(rest, end).unwrap_or(rest.len());
        let (section, tail) = rest.split_at(length);
        sections.push(section);
        rest = tail;
    }
    sections
}

fn find(octets: &[u8], word: &[u8]) -> Option<usize> {
    octets.windows(word.len()).position(|window| window == word)
}
