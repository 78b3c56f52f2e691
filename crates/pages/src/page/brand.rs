//! The operator's own look: a colour that has to be readable, a mark, and the manifest that names both.
//!
//! Made once, when the product starts. Pages name files by their content, so that a browser may keep them for ever.

use std::fmt;
use std::sync::Arc;

use honnin_paper::Picture;

use serde_json::json;

use super::drawing::only_draws;
use crate::assets;
use crate::words::Language;

/// The least contrast of text on its ground (WCAG 2.2, 1.4.3).
const LEAST: f64 = 4.5;
/// The grounds of cards in light and in dark.
const GROUNDS: [(&str, [u8; 3]); 2] = [("light", [0xff; 3]), ("dark", [0x26; 3])];

/// The longest mark, in octets: it goes out with the first page.
pub const MOST_MARK_OCTETS: usize = 16 * 1024;
/// The sides of a mark that is a picture, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 192..=1024;

/// The operator's own look, as pages name it.
#[derive(Debug, Clone)]
pub struct Brand {
    /// What every page loads.
    links: String,
    /// The path of the operator's mark.
    pub(crate) mark: Option<String>,
    /// The colour of documents, in light.
    pub(crate) colour: Colour,
    /// The mark on documents, where it is a picture.
    pub(crate) picture: Option<Arc<Picture>>,
    manifests: Vec<(&'static str, String)>,
    files: Vec<BrandFile>,
}

/// A file that was made when the product started. Its path holds a hash of its content, or it stands in the place of one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrandFile {
    /// The path. Where it holds no hash, the file stands in the place of ours.
    pub path: String,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl BrandFile {
    fn new(name: &str, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { path: format!("/a/{:016x}/{name}", version(&body)), content_type, body }
    }

    /// Our file at that path, with what the operator has in place of ours.
    fn instead(path: &str, own: &[(&str, String)]) -> Option<Self> {
        let ours = assets::find(path, "")?;
        let text = std::str::from_utf8(ours.body).ok()?;
        let text = own.iter().fold(text.to_owned(), |text, (ours, own)| text.replace(ours, own));
        // What the worker kept of another look is not kept any longer.
        let text = text.replace("\"static-", &format!("\"static-{:016x}-", version(text.as_bytes())));
        Some(Self { path: path.to_owned(), content_type: ours.content_type, body: text.into_bytes() })
    }
}

/// FNV-1a: names a version, and is no secret and no proof.
fn version(octets: &[u8]) -> u64 {
    let step = |hash: u64, octet: &u8| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3);
    octets.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

impl Default for Brand {
    /// Ours.
    fn default() -> Self {
        Self::build("Honnin 本人", None, None)
    }
}

impl Brand {
    /// The look of an operator of that name, with its colours in light and in dark, and with its mark.
    ///
    /// # Errors
    /// [`BadColour`] where text in a colour could not be read.
    pub fn new(name: &str, (light, dark): (Colour, Colour), mark: Option<Mark>) -> Result<Self, BadColour> {
        let style = style(light, dark)?;
        let own = (light, dark) != (OURS.0, OURS.1);
        Ok(Self::build(name, own.then_some((style, light)), mark))
    }

    fn build(name: &str, style: Option<(String, Colour)>, mark: Option<Mark>) -> Self {
        let (mut files, mut links) = (Vec::new(), assets::LINKS.to_owned());
        // Paths of ours, and what the operator has in their place.
        let mut own = Vec::new();
        let colour = style.as_ref().map_or(OURS.0, |(_, colour)| *colour);
        if let Some((style, _)) = style {
            // In one file with ours: a page asks for no more than it did.
            let base = assets::find(assets::APP_CSS, "").map_or(&[][..], |served| served.body);
            let css = BrandFile::new("app.css", "text/css; charset=utf-8", [base, style.as_bytes()].concat());
            links = links.replace(assets::APP_CSS, &css.path);
            own.push((assets::APP_CSS, css.path.clone()));
            files.push(css);
        }
        let icon = |src: &str, sizes: &str, kind: &str| json!({"src": src, "sizes": sizes, "type": kind});
        let mut icons = vec![
            icon(assets::ICON_192_PNG, "192x192", "image/png"),
            icon(assets::ICON_512_PNG, "512x512", "image/png"),
            json!({"src": assets::ICON_512_MASKABLE_PNG, "sizes": "512x512", "type": "image/png", "purpose": "maskable"}),
            icon(assets::ICON_SVG, "any", "image/svg+xml"),
        ];
        let picture = mark.as_ref().and_then(|mark| mark.picture.clone());
        let mark = mark.map(|mark| {
            let (ending, kind, sizes) = match mark.side {
                None => ("svg", "image/svg+xml", "any".to_owned()),
                Some(side) => ("png", "image/png", format!("{side}x{side}")),
            };
            let file = BrandFile::new(&format!("mark.{ending}"), kind, mark.octets);
            icons = vec![icon(&file.path, &sizes, kind)];
            links = links.replace(
                &format!("type=\"image/svg+xml\" href=\"{}\"", assets::ICON_SVG),
                &format!("type=\"{kind}\" href=\"{}\"", file.path),
            );
            if mark.side.is_some() {
                links = links.replace(assets::ICON_180_PNG, &file.path);
            }
            let path = file.path.clone();
            own.push((assets::ICON_SVG, path.clone()));
            files.push(file);
            path
        });
        if !own.is_empty() {
            files.extend(
                [assets::OFFLINE_HTML, assets::SW_JS]
                    .iter()
                    .filter_map(|path| BrandFile::instead(path, &own)),
            );
        }
        let short: String = name.chars().take(12).collect();
        let manifest = |language: &Language| {
            let words = language.words();
            let text = json!({
                "id": "/", "name": name, "short_name": short, "lang": language.tag(), "start_url": "/?src=pwa",
                "scope": "/", "display": "standalone", "theme_color": colour.to_string(),
                "background_color": "#f2f2f2", "icons": icons,
                "shortcuts": [
                    {"name": words.shell.bills.text(), "url": "/bills"},
                    {"name": words.shell.notices.text(), "url": "/notices"},
                ],
            });
            let name = format!("manifest-{}.webmanifest", language.tag());
            let kind = "application/manifest+json; charset=utf-8";
            (language.tag(), BrandFile::new(&name, kind, text.to_string().into_bytes()))
        };
        let made: Vec<_> = Language::all().iter().map(manifest).collect();
        let manifests = made.iter().map(|(tag, file)| (*tag, file.path.clone())).collect();
        files.extend(made.into_iter().map(|(_, file)| file));
        Self { links, mark, colour, picture, manifests, files }
    }

    /// What every page loads.
    pub(crate) fn links(&self) -> &str {
        &self.links
    }

    /// The manifest in a language.
    pub(crate) fn manifest(&self, language: Language) -> &str {
        let found = self.manifests.iter().find(|(tag, _)| *tag == language.tag());
        found.map(|(_, path)| path.as_str()).unwrap_or_default()
    }

    /// Whether the operator has a mark that no document shows: an SVG is on pages only.
    pub const fn is_on_pages_only(&self) -> bool {
        self.mark.is_some() && self.picture.is_none()
    }

    /// The files that pages name and the binary serves.
    pub fn files(&self) -> &[BrandFile] {
        &self.files
    }
}

/// The operator's mark: a square picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    octets: Vec<u8>,
    /// The side of a PNG in pixels; `None` for an SVG.
    side: Option<u32>,
    /// A PNG, read.
    picture: Option<Arc<Picture>>,
}

/// Why a mark is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMark {
    /// It is too long.
    #[error("it has {0} octets; make it {MOST_MARK_OCTETS} at most")]
    Long(usize),
    /// It is neither an SVG nor a PNG.
    #[error("it is neither an SVG nor a PNG; convert it")]
    Kind,
    /// The PNG is damaged.
    #[error("the PNG is damaged; save it again")]
    Damaged,
    /// It is not square, or too small or too large.
    #[error("it is {0} by {1} pixels; make it square, 192 to 1024 pixels a side")]
    Shape(u32, u32),
    /// The SVG is not well-formed, or more than a drawing.
    #[error(
        "the SVG has more than shapes and text at octet {0}; remove scripts, style sheets, events, references and entities"
    )]
    Active(usize),
}

impl Mark {
    /// Takes an SVG that only draws, or a square PNG.
    ///
    /// # Errors
    /// [`BadMark`].
    pub fn new(octets: Vec<u8>) -> Result<Self, BadMark> {
        if octets.len() > MOST_MARK_OCTETS {
            return Err(BadMark::Long(octets.len()));
        }
        let (side, picture) = match png_size(&octets) {
            Some((wide, high)) if wide == high && SIDES.contains(&wide) => {
                let picture = Picture::png(&octets).map_err(|_| BadMark::Damaged)?;
                (Some(wide), Some(Arc::new(picture)))
            }
            Some((wide, high)) => return Err(BadMark::Shape(wide, high)),
            None => {
                let text = std::str::from_utf8(&octets).map_err(|_| BadMark::Kind)?;
                let begins = ["<svg", "<?xml", "<!--"]
                    .iter()
                    .any(|beginning| text.trim_start_matches('\u{feff}').trim_start().starts_with(beginning));
                if !begins || !text.contains("<svg") {
                    return Err(BadMark::Kind);
                }
                // It is served as a picture and under a policy that runs nothing; what is not there cannot be run at all.
                only_draws(text).map_err(BadMark::Active)?;
                (None, None)
            }
        };
        Ok(Self { octets, side, picture })
    }
}

/// Width and height of a PNG (ISO/IEC 15948, 11.2.2).
fn png_size(octets: &[u8]) -> Option<(u32, u32)> {
    let rest = octets.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    let (wide, rest) = rest.split_first_chunk::<4>()?;
    let (high, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*wide), u32::from_be_bytes(*high)))
}

/// Our own colours, in light and in dark.
const OURS: (Colour, Colour) = (Colour([0x00, 0x17, 0xc1]), Colour([0x9d, 0xb7, 0xf9]));

/// A colour as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// Why a colour is not taken.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BadColour {
    /// It is not written as `#rrggbb`.
    #[error("expect a colour as #rrggbb, such as #0017c1")]
    Form,
    /// It cannot be read on its ground.
    #[error("its contrast on the {0} cards is {1:.2}; text needs at least 4.5")]
    Faint(&'static str, f64),
}

impl std::str::FromStr for Colour {
    type Err = BadColour;
    fn from_str(text: &str) -> Result<Self, BadColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii());
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or(BadColour::Form)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// Red, green and blue.
    pub(crate) const fn octets(self) -> [u8; 3] {
        self.0
    }

    /// How bright it is (WCAG 2.2, relative luminance).
    fn luminance(self) -> f64 {
        let linear = |octet: u8| {
            let part = f64::from(octet) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The contrast with another (WCAG 2.2), from 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// The colour that can be read on this one: white, or black.
    fn on(self) -> Self {
        let (white, black) = (Self([0xff; 3]), Self([0; 3]));
        if self.contrast(white) >= self.contrast(black) { white } else { black }
    }
}

/// The style of the operator's colours, in light and in dark.
///
/// # Errors
/// [`BadColour::Faint`] where one could not be read.
pub fn style(light: Colour, dark: Colour) -> Result<String, BadColour> {
    for (colour, (ground, octets)) in [light, dark].into_iter().zip(GROUNDS) {
        let contrast = colour.contrast(Colour(octets));
        if contrast < LEAST {
            return Err(BadColour::Faint(ground, contrast));
        }
    }
    let set = |colour: Colour| {
        format!(
            "--primary:{colour};--primary-2:{colour};--link:{colour};--b1:{colour};--tint:var(--track);--on-primary:{}",
            colour.on()
        )
    };
    let (light, dark) = (set(light), set(dark));
    Ok(format!(
        ":root{{{light}}}@media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}:root[data-theme=dark]{{{dark}}}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    #[test]
    fn a_colour_nobody_can_read_is_refused_with_its_contrast() {
        assert!(style(colour("#0017c1"), colour("#9db7f9")).is_ok());
        let refused = style(colour("#ffcc00"), colour("#9db7f9")).unwrap_err();
        assert!(refused.to_string().starts_with("its contrast on the light cards is 1."), "{refused}");
        let refused = style(colour("#0017c1"), colour("#0017c1")).unwrap_err();
        assert!(matches!(refused, BadColour::Faint("dark", _)), "{refused}");
        for text in ["0017c1", "#0017c", "#0017cg", "blue", ""] {
            assert_eq!(text.parse::<Colour>(), Err(BadColour::Form), "{text}");
        }
    }

    #[test]
    fn a_mark_that_is_no_square_picture_is_refused() {
        let svg = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'><path d='M0 0h8v8z'/></svg>";
        assert!(Mark::new(svg.as_bytes().to_vec()).is_ok_and(|mark| mark.side.is_none()));
        assert!(Mark::new(format!("\u{feff}{svg}").into_bytes()).is_ok(), "as some editors write it");
        let own = Mark::new(assets::find(assets::ICON_512_PNG, "").unwrap().body.to_vec()).unwrap();
        assert!(own.side == Some(512) && own.picture.is_some());
        let png = |wide: u32, high: u32| {
            let sides = [wide.to_be_bytes(), high.to_be_bytes()].concat();
            Mark::new([&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], &sides, b"rest"].concat())
        };
        assert_eq!(png(512, 512), Err(BadMark::Damaged));
        assert_eq!(png(512, 100), Err(BadMark::Shape(512, 100)));
        assert_eq!(png(64, 64), Err(BadMark::Shape(64, 64)));
        assert_eq!(Mark::new(vec![b'x'; 20_000]), Err(BadMark::Long(20_000)));
        for (octets, why) in [
            ("GIF89a", BadMark::Kind),
            ("", BadMark::Kind),
            ("<html><svg></svg></html>", BadMark::Kind),
            ("<svg><script>alert(1)</script></svg>", BadMark::Active(5)),
            ("<svg\tonload='alert(1)'></svg>", BadMark::Active(5)),
            ("<svg/onload='alert(1)'></svg>", BadMark::Active(5)),
            ("<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", BadMark::Active(0)),
        ] {
            assert_eq!(Mark::new(octets.as_bytes().to_vec()), Err(why), "{octets}");
        }
    }

    #[test]
    fn an_own_look_asks_for_no_more_files_than_ours() {
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'></svg>".to_vec();
        let mark = Mark::new(svg.clone()).unwrap();
        let own = Brand::new("海鳴\"モバイル", (colour("#8a0f3c"), colour("#ffb3c7")), Some(mark)).unwrap();
        let ours = Brand::default();
        let count = |links: &str| links.matches("=\"/a/").count();
        assert_eq!(count(own.links()), count(ours.links()));
        let css = own.files().iter().find(|file| file.path.ends_with("/app.css")).unwrap();
        assert!(own.links().contains(&css.path) && !own.links().contains(assets::APP_CSS));
        assert!(css.body.ends_with(b"}") && String::from_utf8_lossy(&css.body).contains("--primary:#8a0f3c"));
        assert!(own.links().contains(own.mark.as_ref().unwrap()), "{}", own.links());
        assert!(own.is_on_pages_only() && !ours.is_on_pages_only());
        let instead = |path: &str| {
            let file = own.files().iter().find(|file| file.path == path).unwrap();
            String::from_utf8(file.body.clone()).unwrap()
        };
        for text in [instead(assets::OFFLINE_HTML), instead(assets::SW_JS)] {
            assert!(text.contains(&css.path) && text.contains(own.mark.as_ref().unwrap()), "{text}");
            assert!(!text.contains(assets::APP_CSS) && !text.contains(assets::ICON_SVG), "{text}");
        }
        let plain = assets::find(assets::SW_JS, "").unwrap().body;
        let name = |worker: &str| worker.split('"').nth(1).unwrap().to_owned();
        assert_ne!(name(&instead(assets::SW_JS)), name(std::str::from_utf8(plain).unwrap()), "another cache");
        assert_eq!(ours.links(), assets::LINKS);
        assert!(ours.files().iter().all(|file| file.path.starts_with("/a/")));
        for language in Language::all() {
            let path = own.manifest(*language);
            let file = own.files().iter().find(|file| file.path == path).unwrap();
            let text: serde_json::Value = serde_json::from_slice(&file.body).unwrap();
            assert_eq!((&text["name"], &text["theme_color"]), (&"海鳴\"モバイル".into(), &"#8a0f3c".into()));
            assert_eq!(text["lang"], language.tag());
            assert_eq!(text["icons"][0]["src"], own.mark.clone().unwrap());
        }
        let same = Brand::new("x", (colour("#0017c1"), colour("#9db7f9")), None).unwrap();
        assert_eq!(same.links(), assets::LINKS, "our own colours need no file of their own");
    }

    #[test]
    fn contrast_is_that_of_the_guideline() {
        let (black, white) = (colour("#000000"), colour("#ffffff"));
        assert!((black.contrast(white) - 21.0).abs() < 0.001);
        assert!((colour("#767676").contrast(white) - 4.54).abs() < 0.01);
    }
}
