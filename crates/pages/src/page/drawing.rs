//! Whether an SVG only draws: it is read as a browser reads XML, and all that is not known to draw is refused.
//!
//! A list of what must not be there is never whole: white space, entities and new attributes go past it.

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
    "xml:lang",
    "xml:space",
    "xmlns",
    "xmlns:svg",
    "xmlns:xlink",
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
/// The namespaces there may be.
const NAMESPACES: &[&str] = &["http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"];

/// Whether it is well-formed and nothing in it does anything but draw; otherwise the octet where that ends.
pub(super) fn only_draws(text: &str) -> Result<(), usize> {
    let mut reader = Reader { rest: text };
    reader.document().ok_or(text.len() - reader.rest.len())
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Option<()> {
        self.rest = self.rest.strip_prefix('\u{feff}').unwrap_or(self.rest);
        if self.rest.strip_prefix("<?xml").is_some_and(|rest| rest.starts_with(is_space)) {
            let declaration = self.until("?>")?;
            // Another encoding would be another text than the one that is read here.
            if let Some((_, rest)) = declaration.split_once("encoding") {
                let rest = rest.trim_start_matches(|letter| letter == '=' || is_space(letter));
                let mark = rest.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
                let (name, _) = rest.strip_prefix(mark)?.split_once(mark)?;
                if !name.eq_ignore_ascii_case("utf-8") {
                    return None;
                }
            }
        }
        let mut open: Vec<&str> = Vec::new();
        loop {
            let inside = open.last().is_some_and(|element| WITH_TEXT.contains(element));
            self.text(inside)?;
            if self.take("<!--") {
                self.until("-->")?;
            } else if self.take("</") {
                let name = self.name()?;
                self.space();
                if !self.take(">") || open.pop() != Some(name) {
                    return None;
                }
                if open.is_empty() {
                    break;
                }
            } else {
                if !self.take("<") {
                    return None;
                }
                let name = self.name().filter(|name| ELEMENTS.contains(name))?;
                if open.is_empty() && name != "svg" {
                    return None;
                }
                let is_empty = self.attributes()?;
                if !is_empty {
                    open.push(name);
                } else if open.is_empty() {
                    break;
                }
            }
        }
        // Nothing but comments after the root.
        loop {
            self.space();
            if self.rest.is_empty() {
                return Some(());
            }
            if !self.take("<!--") {
                return None;
            }
            self.until("-->")?;
        }
    }

    /// Attributes and the end of a tag; whether it is that of an empty element.
    fn attributes(&mut self) -> Option<bool> {
        let mut seen = Vec::new();
        loop {
            let spaced = self.space();
            if self.take("/>") {
                return Some(true);
            }
            if self.take(">") {
                return Some(false);
            }
            let name = self.name().filter(|name| spaced && !seen.contains(name))?;
            seen.push(name);
            self.space();
            if !self.take("=") {
                return None;
            }
            self.space();
            let quote = if self.take("\"") { "\"" } else { self.take("'").then_some("'")? };
            let value = self.until(quote)?;
            let known = match name {
                "xmlns" | "xmlns:svg" | "xmlns:xlink" => NAMESPACES.contains(&value),
                "style" => value.split(';').all(is_declaration),
                name => (ATTRIBUTES.contains(&name) || LOOKS.contains(&name)) && is_value(value),
            };
            if !known {
                return None;
            }
        }
    }

    /// What stands between tags: white space, and words where words are shown.
    fn text(&mut self, may: bool) -> Option<()> {
        let end = self.rest.find('<')?;
        let (text, rest) = self.rest.split_at(end);
        let fine = if may { text.split('&').skip(1).all(is_entity) } else { text.chars().all(is_space) };
        if fine {
            self.rest = rest;
        }
        fine.then_some(())
    }

    fn name(&mut self) -> Option<&'a str> {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | ':' | '_');
        let end = self.rest.find(|letter| !is_part(letter)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }

    /// Passes over white space; whether there was any.
    fn space(&mut self) -> bool {
        let rest = self.rest.trim_start_matches(is_space);
        let was = rest.len() < self.rest.len();
        self.rest = rest;
        was
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (before, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(before)
    }
}

/// The white space of XML.
const fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\r' | '\n')
}

/// Whether what follows an ampersand is one of the entities every reader of XML knows.
fn is_entity(after: &str) -> bool {
    let name = after.split_once(';').map_or("", |(name, _)| name);
    matches!(name, "amp" | "lt" | "gt" | "quot" | "apos")
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
        assert_eq!(only_draws("<svg><path onclick='a()'/></svg>"), Err(24));
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
