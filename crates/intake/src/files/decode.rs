//! Octets of a row into text, one row at a time, so that a bad row spoils only itself.

use std::borrow::Cow;

impl Encoding {
    /// Its word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }
}

/// The encoding of a file.
///
/// In both, the octets of line ends, commas, tabs and quotes never occur inside another character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// CP932 (Windows-31J), which also covers `Shift_JIS`; as the WHATWG encoding standard defines it.
    Cp932,
}

impl Encoding {
    /// The words a mapping file may use.
    pub const WORDS: [(&'static str, Self); 2] = [("utf-8", Self::Utf8), ("cp932", Self::Cp932)];

    /// Reads the word of a mapping file.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, encoding)| *encoding)
    }

    /// The text with a mark in the place of what is no character. Only for finding out whose a broken row is.
    pub(crate) fn decode_with_marks(self, octets: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf8 => String::from_utf8_lossy(octets),
            Self::Cp932 => encoding_rs::SHIFT_JIS.decode_without_bom_handling(octets).0,
        }
    }

    /// The text, or nothing where the octets are none of this encoding. Nothing is replaced or left out.
    pub fn decode(self, octets: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(octets).ok().map(Cow::Borrowed),
            Self::Cp932 => encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(octets),
        }
    }
}

/// The byte order mark a file begins with, named where it is none of its encoding.
pub(crate) fn foreign_mark(beginning: &[u8], encoding: Encoding) -> Option<&'static str> {
    const MARKS: [(&[u8], &str); 3] =
        [(b"\xEF\xBB\xBF", "UTF-8"), (b"\xFF\xFE", "UTF-16"), (b"\xFE\xFF", "UTF-16")];
    let (_, found) = MARKS.iter().find(|(mark, _)| beginning.starts_with(mark))?;
    (encoding != Encoding::Utf8 || *found != "UTF-8").then_some(*found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_beyond_jis_x_0208_are_read() {
        let octets = [0xFB, 0xFC, 0x96, 0xD8, 0x81, 0x40, 0x94, 0xFC];
        assert_eq!(Encoding::Cp932.decode(&octets).as_deref(), Some("髙木　美"));
        assert_eq!(Encoding::Cp932.decode(&[0xC0, 0xB6, 0xB7, 0xDE]).as_deref(), Some("ﾀｶｷﾞ"));
    }

    #[test]
    fn octets_of_no_character_are_refused() {
        assert_eq!(Encoding::Cp932.decode(&[b'a', 0x81]), None);
        assert_eq!(Encoding::Utf8.decode(&[b'a', 0xFF]), None);
    }

    proptest! {
        #[test]
        fn decoding_any_octets_never_panics(octets: Vec<u8>) {
            for (_, encoding) in Encoding::WORDS {
                drop(encoding.decode(&octets));
            }
        }
    }
}
