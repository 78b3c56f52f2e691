//! Small texts put together before they are written into a page.
//!
//! A figure is a dozen pieces: sign, digits, point, unit, element. Put together on the stack they go into the page in
//! one go, for which its buffer has to be asked once.

use std::fmt;

use arrayvec::ArrayString;
use askama::filters::HtmlSafe;
use askama::{FastWritable, Values};

/// So many octets are put together at most; what is longer is written in several goes.
const ROOM: usize = 192;

/// What is written by [`crate::format::Show`], on its way into a page.
pub struct Pieces<'o> {
    out: &'o mut dyn fmt::Write,
    gathered: ArrayString<ROOM>,
}

impl fmt::Debug for Pieces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("length", &self.gathered.len()).finish_non_exhaustive()
    }
}

impl<'o> Pieces<'o> {
    /// Passes on to `out` what `write` writes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn put(out: &'o mut dyn fmt::Write, write: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        let mut pieces = Self { out, gathered: ArrayString::new() };
        write(&mut pieces)?;
        pieces.out.write_str(&pieces.gathered)
    }
}

impl fmt::Write for Pieces<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.gathered.try_push_str(text).is_ok() {
            return Ok(());
        }
        self.out.write_str(&self.gathered)?;
        self.gathered.clear();
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
                    pieces.write_str("42")
                })
            });
            for text in texts {
                expected.extend([text, "42"]);
            }
            assert_eq!((written, out), (Ok(()), expected), "{length}");
        }
    }
}
