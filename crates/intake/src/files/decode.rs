//! Octets of a row into text, one row at a time, so that a bad row spoils only itself.

use std::borrow::Cow;
use std::io::{self, Cursor, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE};

/// The encoding of a file.
///
/// In UTF-8 and CP932 the octets of line ends, commas, tabs and quotes never occur inside another character. UTF-16 is
/// made into UTF-8 on its way in (`Decoded`), so that rows of it are cut, kept and read again as UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// CP932 (Windows-31J), which also covers `Shift_JIS`; as the WHATWG encoding standard defines it.
    Cp932,
    /// UTF-16 in the order its byte order mark says; without one it is refused.
    Utf16,
    /// UTF-16, the lower octet first, with or without a byte order mark.
    Utf16Le,
    /// UTF-16, the higher octet first, with or without a byte order mark.
    Utf16Be,
}

/// A byte order mark, and what it is called.
struct Mark(&'static [u8], &'static str);

const UTF8_MARK: Mark = Mark(b"\xEF\xBB\xBF", "a mark of UTF-8");
const LOW_FIRST: Mark = Mark(b"\xFF\xFE", "a mark of UTF-16, the lower octet first");
const HIGH_FIRST: Mark = Mark(b"\xFE\xFF", "a mark of UTF-16, the higher octet first");

/// How many octets a byte order mark has at most.
pub(crate) const LONGEST_MARK: u64 = 3;

impl Encoding {
    /// The words a mapping file may use.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("utf-8", Self::Utf8),
        ("cp932", Self::Cp932),
        ("utf-16", Self::Utf16),
        ("utf-16le", Self::Utf16Le),
        ("utf-16be", Self::Utf16Be),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }

    /// What a file of it may begin with.
    const fn marks(self) -> &'static [Mark] {
        match self {
            Self::Utf8 => &[UTF8_MARK],
            Self::Cp932 => &[],
            Self::Utf16 => &[LOW_FIRST, HIGH_FIRST],
            Self::Utf16Le => &[LOW_FIRST],
            Self::Utf16Be => &[HIGH_FIRST],
        }
    }

    /// What a file that begins so begins with, where that is not what one of this encoding does.
    pub(crate) fn unlike(self, beginning: &[u8]) -> Option<&'static str> {
        let begins = |mark: &&Mark| beginning.starts_with(mark.0);
        let found = [UTF8_MARK, LOW_FIRST, HIGH_FIRST].iter().find(begins).map(|mark| mark.1);
        match found {
            Some(found) => self.marks().iter().all(|mark| mark.1 != found).then_some(found),
            None => (self == Self::Utf16 && !beginning.is_empty()).then_some("no mark of UTF-16"),
        }
    }

    /// In which order the octets stand in a file that begins so, where it is one of UTF-16.
    fn order(self, beginning: &[u8]) -> Option<&'static encoding_rs::Encoding> {
        match self {
            Self::Utf8 | Self::Cp932 => None,
            Self::Utf16Be => Some(UTF_16BE),
            Self::Utf16 if beginning.starts_with(HIGH_FIRST.0) => Some(UTF_16BE),
            Self::Utf16 | Self::Utf16Le => Some(UTF_16LE),
        }
    }

    /// How a line ends in a file that begins so.
    pub(crate) fn line_end(self, beginning: &[u8]) -> &'static [u8] {
        match self.order(beginning) {
            None => b"\n",
            Some(order) if order == UTF_16BE => b"\0\n",
            Some(_) => b"\n\0",
        }
    }

    /// Reads the word of a mapping file.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, encoding)| *encoding)
    }

    /// The text with a mark in the place of what is no character. Only for finding out whose a broken row is.
    pub(crate) fn decode_with_marks(self, octets: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Utf8 | Self::Utf16 | Self::Utf16Le | Self::Utf16Be => String::from_utf8_lossy(octets),
            Self::Cp932 => encoding_rs::SHIFT_JIS.decode_without_bom_handling(octets).0,
        }
    }

    /// The text, or nothing where the octets are none of this encoding. Nothing is replaced or left out.
    pub fn decode(self, octets: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 | Self::Utf16 | Self::Utf16Le | Self::Utf16Be => {
                std::str::from_utf8(octets).ok().map(Cow::Borrowed)
            }
            Self::Cp932 => encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(octets),
        }
    }
}

/// A file as it is cut into rows: octet for octet, or out of UTF-16.
#[derive(Debug)]
pub(crate) struct Decoded<R> {
    input: io::Chain<Cursor<Vec<u8>>, R>,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    /// Text that is not handed over yet, and how much of it is.
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

/// How much is made into text at once. Unit: octets.
const PIECE: usize = 32 * 1024;

/// In the place of what is no character: no octet of UTF-8, so that the row it is in is set aside and no other.
const NO_CHARACTER: u8 = 0xFF;

impl<R: Read> Decoded<R> {
    /// Begins with the file; gives what it begins with where that is not what a file of this encoding does.
    pub(crate) fn new(mut file: R, encoding: Encoding) -> io::Result<Result<Self, &'static str>> {
        let mut beginning = Vec::new();
        file.by_ref().take(LONGEST_MARK).read_to_end(&mut beginning)?;
        if let Some(found) = encoding.unlike(&beginning) {
            return Ok(Err(found));
        }
        let order = encoding.order(&beginning);
        let raw = if order.is_some() { vec![0; PIECE] } else { Vec::new() };
        Ok(Ok(Self {
            input: Cursor::new(beginning).chain(file),
            decoder: order.map(encoding_rs::Encoding::new_decoder_with_bom_removal),
            raw,
            text: Vec::new(),
            given: 0,
            ended: false,
        }))
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { input, decoder: Some(decoder), raw, text, given, ended } = self else {
            return self.input.read(buffer);
        };
        while *given == text.len() && !*ended {
            let count = input.read(raw)?;
            *ended = count == 0;
            *given = 0;
            let mut rest = raw.get(..count).unwrap_or_default();
            let mut made = 0;
            loop {
                // One octet more than the rest can come to, for a mark. Room that is there is not made again: a file
                // may be of nothing but halves of characters.
                let room = decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(PIECE);
                text.resize(text.len().max(made + room + 1), 0);
                let space = text.get_mut(made..).unwrap_or_default();
                let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, space, *ended);
                made += written;
                rest = rest.get(read..).unwrap_or_default();
                match result {
                    DecoderResult::InputEmpty => break,
                    DecoderResult::OutputFull => {}
                    DecoderResult::Malformed(..) => {
                        if let Some(octet) = text.get_mut(made) {
                            *octet = NO_CHARACTER;
                        }
                        made += 1;
                    }
                }
            }
            text.truncate(made);
        }
        let mut left = text.get(*given..).unwrap_or_default();
        let count = left.read(buffer)?;
        *given += count;
        Ok(count)
    }
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

    fn decoded(octets: &[u8], encoding: Encoding, step: usize) -> Result<Vec<u8>, &'static str> {
        let mut file = Decoded::new(octets, encoding).unwrap()?;
        let (mut all, mut buffer) = (Vec::new(), vec![0; step]);
        loop {
            match file.read(&mut buffer).unwrap() {
                0 => return Ok(all),
                count => all.extend_from_slice(&buffer[..count]),
            }
        }
    }

    fn in_utf16(text: &str, mark: &[u8], of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.iter().copied().chain(text.encode_utf16().flat_map(of)).collect()
    }

    #[test]
    fn utf_16_is_read_by_its_mark_or_by_the_order_the_mapping_says() {
        let text = "名,髙木\r\n𠮷田,1\n";
        let low: fn(u16) -> [u8; 2] = u16::to_le_bytes;
        let high: fn(u16) -> [u8; 2] = u16::to_be_bytes;
        for (mark, of, words) in [
            (&b"\xFF\xFE"[..], low, &["utf-16", "utf-16le"][..]),
            (b"\xFE\xFF", high, &["utf-16", "utf-16be"]),
            (b"", low, &["utf-16le"]),
            (b"", high, &["utf-16be"]),
        ] {
            for word in words {
                let encoding = Encoding::from_word(word).unwrap();
                let octets = in_utf16(text, mark, of);
                assert_eq!(decoded(&octets, encoding, 5).as_deref(), Ok(text.as_bytes()), "{word}");
                assert!(octets.ends_with(encoding.line_end(&octets)), "{word}");
            }
        }
        let unlike =
            |octets: &[u8], word| decoded(octets, Encoding::from_word(word).unwrap(), 9).unwrap_err();
        assert_eq!(unlike(&in_utf16(text, b"", low), "utf-16"), "no mark of UTF-16");
        assert_eq!(unlike(&in_utf16(text, b"\xFE\xFF", high), "utf-16le"), HIGH_FIRST.1);
        assert_eq!(unlike(&in_utf16(text, b"\xFF\xFE", low), "utf-8"), LOW_FIRST.1);
        assert_eq!(unlike(b"\xEF\xBB\xBFa", "cp932"), UTF8_MARK.1);
    }

    #[test]
    fn half_a_character_of_utf_16_spoils_its_own_row_only() {
        let units: Vec<u16> =
            "a\n".encode_utf16().chain([0xD842, 0x000A]).chain("b\n".encode_utf16()).collect();
        let mut octets: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        assert_eq!(decoded(&octets, Encoding::Utf16Le, 2), Ok(b"a\n\xFF\nb\n".to_vec()));
        octets.push(b'c');
        assert_eq!(decoded(&octets, Encoding::Utf16Le, 64), Ok(b"a\n\xFF\nb\n\xFF".to_vec()));
    }

    proptest! {
        #[test]
        fn utf_16_of_any_text_is_that_text(text: String, step in 1_usize..70) {
            let octets = in_utf16(&text, b"\xFF\xFE", u16::to_le_bytes);
            prop_assert_eq!(decoded(&octets, Encoding::Utf16, step), Ok(text.into_bytes()));
        }

        #[test]
        fn decoding_any_octets_never_panics(octets: Vec<u8>) {
            for (_, encoding) in Encoding::WORDS {
                drop(encoding.decode(&octets));
                drop(decoded(&octets, encoding, 7));
            }
        }
    }
}
