//! Small texts put together before they are written into a page.
//!
//! A figure is a dozen pieces: sign, digits, point, unit, element. Put together on the stack they go into the page in
//! one go, for which its buffer has to be asked once.

use std::fmt;

use askama::filters::HtmlSafe;
use askama::{FastWritable, Values};

/// So many octets are put together at most; what is longer is written in several goes.
const ROOM: usize = 192;

/// What is written by [`crate::format::Show`], on its way into a page.
pub struct Pieces<'o> {
    out: &'o mut dyn fmt::Write,
    octets: [u8; ROOM],
    length: usize,
}

impl fmt::Debug for Pieces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("length", &self.length).finish_non_exhaustive()
    }
}

impl<'o> Pieces<'o> {
    /// Passes on to `out` what `write` writes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn put(out: &'o mut dyn fmt::Write, write: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        let mut pieces = Self { out, octets: [0; ROOM], length: 0 };
        write(&mut pieces)?;
        pieces.pass_on()
    }

    /// Adds digits and signs. What is no ASCII fails when it is passed on.
    pub(crate) fn write_ascii(&mut self, ascii: &[u8]) -> fmt::Result {
        if self.add(ascii) {
            return Ok(());
        }
        self.pass_on()?;
        if self.add(ascii) { Ok(()) } else { Err(fmt::Error) }
    }

    fn add(&mut self, octets: &[u8]) -> bool {
        let end = self.length + octets.len();
        let Some(room) = self.octets.get_mut(self.length..end) else { return false };
        room.copy_from_slice(octets);
        self.length = end;
        true
    }

    fn pass_on(&mut self) -> fmt::Result {
        let gathered = self.octets.get(..self.length).and_then(|octets| std::str::from_utf8(octets).ok());
        self.length = 0;
        self.out.write_str(gathered.ok_or(fmt::Error)?)
    }
}

impl fmt::Write for Pieces<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.add(text.as_bytes()) {
            return Ok(());
        }
        self.pass_on()?;
        self.out.write_str(text)
    }
}

/// What a [`crate::format::Html`] has told, as safe as that is.
#[derive(Debug, Clone)]
pub struct Told(String);

impl Told {
    pub(crate) const fn of(html: String) -> Self {
        Self(html)
    }
}

impl FastWritable for Told {
    fn write_into(&self, out: &mut dyn fmt::Write, _: &dyn Values) -> askama::Result<()> {
        Ok(out.write_str(&self.0)?)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Told {}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn what_is_put_together_comes_out_in_order_whatever_its_length() {
        for length in [0, 1, 30, ROOM - 1, ROOM, ROOM + 1, 3 * ROOM] {
            let long = "髙".repeat(length.div_ceil(3));
            let (mut out, mut expected) = (String::new(), String::new());
            let texts = ["<", &long, "", "0123456789", &long, ">"];
            let written = Pieces::put(&mut out, |pieces| {
                texts.iter().try_for_each(|text| {
                    pieces.write_str(text)?;
                    pieces.write_ascii(b"42")
                })
            });
            for text in texts {
                expected.extend([text, "42"]);
            }
            assert_eq!((written, out), (Ok(()), expected), "{length}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_and_not_mended() {
        let mut out = String::new();
        assert!(Pieces::put(&mut out, |pieces| pieces.write_ascii(b"\xff")).is_err());
        assert!(Pieces::put(&mut out, |pieces| pieces.write_ascii(&[b'0'; ROOM + 1])).is_err());
        assert_eq!(out, "");
    }
}
