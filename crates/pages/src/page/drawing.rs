//! Whether an SVG only draws: it is read as a browser reads XML, and all that is not known to draw is refused.
//!
//! A list of what must not be there is never whole: white space, entities and new attributes go past it.

use roxmltree::{Attribute, Document, Node, ParsingOptions};

/// Elements that draw, or say what is drawn.
const ELEMENTS: &[&str] = &[
    "circle", "defs", "desc", "ellipse", "g", "line", "path", "polygon", "polyline", "rect", "svg", "text",
    "title", "tspan",
];
/// Elements whose text is theirs.
const WITH_TEXT: &[&str] = &["desc", "text", "title", "tspan"];
/// Attributes of shapes.
const ATTRIBUTES: &[&str] = &[
    "aria-hidden",
    "aria-label",
    "baseProfile",
    "class",
    "cx",
    "cy",
    "d",
    "dx",
    "dy",
    "height",
    "id",
    "lengthAdjust",
    "pathLength",
    "points",
    "preserveAspectRatio",
    "r",
    "role",
    "rotate",
    "rx",
    "ry",
    "style",
    "textLength",
    "transform",
    "version",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];
/// How a shape looks, as an attribute of its own or in `style`.
const LOOKS: &[&str] = &[
    "clip-rule",
    "color",
    "color-interpolation",
    "display",
    "dominant-baseline",
    "fill",
    "fill-opacity",
    "fill-rule",
    "font-family",
    "font-size",
    "font-stretch",
    "font-style",
    "font-variant",
    "font-weight",
    "isolation",
    "letter-spacing",
    "mix-blend-mode",
    "opacity",
    "overflow",
    "paint-order",
    "shape-rendering",
    "stop-color",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
    "text-rendering",
    "transform-origin",
    "vector-effect",
    "visibility",
    "word-spacing",
    "writing-mode",
];
/// What may stand before a bracket in a value.
const FUNCTIONS: &[&str] =
    &["hsl", "hsla", "matrix", "rgb", "rgba", "rotate", "scale", "skewx", "skewy", "translate"];
/// Attributes of every XML.
const OF_XML: &[&str] = &["lang", "space"];
/// The namespace of drawings.
const SVG: &str = "http://www.w3.org/2000/svg";
/// The namespaces there may be; nothing of the second is taken.
const NAMESPACES: &[&str] = &[SVG, "http://www.w3.org/1999/xlink", roxmltree::NS_XML_URI];
/// Elements at most, one within the other or side by side; far more than fit the octets of a mark.
const MOST_NODES: u32 = 8_192;

/// Whether it is well-formed and nothing in it does anything but draw; otherwise the octet where that begins.
pub(super) fn only_draws(text: &str) -> Result<(), usize> {
    // Another encoding would be another text than the one that is read here.
    if !is_utf8_said(text) {
        return Err(0);
    }
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| octet(text, error.pos()))?;
    let is_svg = document.root_element().tag_name().name() == "svg";
    let wrong = document.descendants().find_map(wrong);
    wrong.or((!is_svg).then_some(0)).map_or(Ok(()), Err)
}

/// Where something of this node does not draw.
fn wrong(node: Node<'_, '_>) -> Option<usize> {
    let fine = if node.is_element() {
        let name = node.tag_name();
        let is_ours = name.namespace().is_none_or(|namespace| namespace == SVG);
        let are_known = node.namespaces().all(|namespace| NAMESPACES.contains(&namespace.uri()));
        if let Some(attribute) = node.attributes().find(|attribute| !draws(attribute)) {
            return Some(attribute.range().start);
        }
        is_ours && are_known && ELEMENTS.contains(&name.name())
    } else if node.is_text() {
        let is_shown = node.parent().is_some_and(|parent| WITH_TEXT.contains(&parent.tag_name().name()));
        is_shown || node.text().is_none_or(|text| text.chars().all(is_space))
    } else {
        // What tells another program what to do is no drawing.
        !node.is_pi()
    };
    (!fine).then(|| node.range().start)
}

fn draws(attribute: &Attribute<'_, '_>) -> bool {
    let (name, value) = (attribute.name(), attribute.value());
    match attribute.namespace() {
        Some(namespace) => namespace == roxmltree::NS_XML_URI && OF_XML.contains(&name) && is_value(value),
        None if name == "style" => value.split(';').all(is_declaration),
        None => (ATTRIBUTES.contains(&name) || LOOKS.contains(&name)) && is_value(value),
    }
}

/// Whether no other encoding is said in the first line.
fn is_utf8_said(text: &str) -> bool {
    let declaration =
        text.trim_start_matches('\u{feff}').strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    let said = declaration.and_then(|(declaration, _)| declaration.split_once("encoding"));
    said.is_none_or(|(_, rest)| {
        let rest = rest.trim_start_matches(|letter| letter == '=' || is_space(letter));
        let mark = rest.chars().next().filter(|mark| matches!(mark, '"' | '\''));
        let name = mark.and_then(|mark| rest.get(1..)?.split_once(mark));
        name.is_some_and(|(name, rest)| name.eq_ignore_ascii_case("utf-8") && !rest.contains("encoding"))
    })
}

/// Where a line and a column are.
fn octet(text: &str, at: roxmltree::TextPos) -> usize {
    let place = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
    let before: usize = text.split_inclusive('\n').take(place(at.row)).map(str::len).sum();
    let line = text.get(before..).unwrap_or_default();
    before + line.chars().take(place(at.col)).map(char::len_utf8).sum::<usize>()
}

/// The white space of XML.
const fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

fn is_declaration(text: &str) -> bool {
    let text = text.trim_matches(is_space);
    let looks = |(name, value): (&str, &str)| LOOKS.contains(&name.trim_matches(is_space)) && is_value(value);
    text.is_empty() || text.split_once(':').is_some_and(looks)
}

/// Whether a value is plain: no entity, no escape, no rule, no function that takes something from elsewhere.
fn is_value(text: &str) -> bool {
    let mut before = text.split('(');
    // What comes after the last bracket stands before none.
    before.next_back();
    let known = |part: &str| {
        let part = part.trim_end_matches(is_space);
        let name = part.rsplit(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
        FUNCTIONS.contains(&name.to_ascii_lowercase().as_str())
    };
    !text.contains(['<', '&', '\\', '@', ':', '{']) && !text.contains("/*") && before.all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGO: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- ours -->\n\
        <svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\" role='img'>\n\t<title>海鳴 &amp; Co</title>\n\
        <g transform=\"translate(4 4) rotate(45, 1, 2)\" style=\"fill:#0017c1; stroke: rgb(1, 2, 3)\">\n\
        <path d=\"M0 0h8v8z\" fill-rule=\"evenodd\"/><circle cx='4' cy='4' r='2' />\n</g>\n\
        <text x=\"1\" y=\"9\" font-family=\"Noto Sans, sans-serif\">海</text>\n</svg>\n<!-- end -->\n";

    #[test]
    fn what_only_draws_is_taken_and_everything_else_is_not() {
        assert_eq!(only_draws(LOGO), Ok(()));
        assert_eq!(only_draws("<svg/>"), Ok(()));
        assert_eq!(only_draws("<?xml version='1.0' encoding='utf-8' standalone='no'?><svg/>"), Ok(()));
        for wrong in [
            "<svg\tonload='a()'/>",
            "<svg/onload='a()'/>",
            "<svg\nonload='a()'/>",
            "<svg \u{c}onload='a()'/>",
            "<svg x='1'onload='a()'/>",
            "<svg ONLOAD='a()'/>",
            "<svg onload=a()></svg>",
            "<svg><script/></svg>",
            "<svg:svg><svg:script/></svg:svg>",
            "<svg><animate attributeName='onload' to='a()'/></svg>",
            "<svg><set attributeName='href' to='javascript:a()'/></svg>",
            "<svg><use xlink:href='#a'/></svg>",
            "<svg><a href='x'><path/></a></svg>",
            "<svg><image href='https://a.example'/></svg>",
            "<svg><foreignObject/></svg>",
            "<svg><style>*{fill:red}</style></svg>",
            "<svg xmlns='http://www.w3.org/1999/xhtml'/>",
            "<svg xmlns:a='http://www.w3.org/1999/xhtml'><a:script/></svg>",
            "<svg fill='url(#a)'/>",
            "<svg fill='u\\72l(x)'/>",
            "<svg fill='ur/**/l(x)'/>",
            "<svg fill='url (x)'/>",
            "<svg style='fill:url(x)'/>",
            "<svg style='background-image:x'/>",
            "<svg style='fill:red;@import x'/>",
            "<svg fill='&#117;rl(x)'/>",
            "<svg xmlns:x='http://www.w3.org/1999/xlink' x:href='a'/>",
            "<svg xmlns:svg='http://www.w3.org/1999/xhtml'><svg:g/></svg>",
            "<svg style='fill:&#117;rl(x)'/>",
            "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg><title>&a;</title></svg>",
            "<svg><title><![CDATA[<script>]]></title><?a b?></svg>",
            "<?xml version='1.0' encoding='utf-8' encoding='utf-7'?><svg/>",
            "<svg><title>&a;</title></svg>",
            "<svg><title>&</title></svg>",
            "<svg><![CDATA[<script>]]></svg>",
            "<svg><?xml-stylesheet href='x'?></svg>",
            "<?xml-stylesheet href='x'?><svg/>",
            "<?xml version='1.0' encoding='UTF-7'?><svg/>",
            "<?xml version='utf-8' encoding='UTF-7'?><svg/>",
            "<?xml version='1.0' encoding='utf-8?><svg/>",
            "<!DOCTYPE svg><svg/>",
            "<svg/><svg/>",
            "<svg><g></svg></g>",
            "<svg>words</svg>",
            "<svg",
            "<svg x='1",
            "<g/>",
            "",
        ] {
            assert!(only_draws(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn where_it_does_not_only_draw_is_told() {
        assert_eq!(only_draws("<svg><path onclick='a()'/></svg>"), Err(11));
        assert_eq!(only_draws("<svg>\n<title>海</title><g></svg>"), Err(27));
    }

    #[test]
    fn cut_or_altered_anywhere_it_is_read_to_an_end() {
        let mut refused = 0;
        for (at, _) in LOGO.char_indices().skip(1) {
            let (begun, rest) = LOGO.split_at(at);
            assert!(
                only_draws(begun).is_err()
                    || rest.trim_start().is_empty()
                    || rest.trim_start().starts_with("<!--")
            );
            for put in ["<", "&", "\"", "/>", "\u{0}", "海"] {
                refused += usize::from(only_draws(&format!("{begun}{put}{rest}")).is_err());
            }
        }
        assert!(refused > 1_000, "{refused}");
    }
}
