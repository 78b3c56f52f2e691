//! The operator's own look: a colour that has to be readable, and a mark.

use std::fmt;

/// The least contrast of text on its ground (WCAG 2.2, 1.4.3).
const LEAST: f64 = 4.5;
/// The grounds of cards in light and in dark.
const GROUNDS: [(&str, [u8; 3]); 2] = [("light", [0xff; 3]), ("dark", [0x26; 3])];

/// The operator's own look, as pages name it: paths of files that the binary serves.
#[derive(Debug, Clone, Default)]
pub struct Brand {
    /// The path of the style with the operator's colours.
    pub style: Option<String>,
    /// The path of the operator's mark.
    pub mark: Option<String>,
    /// The colour, for the manifest.
    pub colour: Option<Colour>,
}

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
            "--primary:{colour};--primary-2:{colour};--link:{colour};--b1:{colour};--on-primary:{}",
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
    fn contrast_is_that_of_the_guideline() {
        let (black, white) = (colour("#000000"), colour("#ffffff"));
        assert!((black.contrast(white) - 21.0).abs() < 0.001);
        assert!((colour("#767676").contrast(white) - 4.54).abs() < 0.01);
    }
}
