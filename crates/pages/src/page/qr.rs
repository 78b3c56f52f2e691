//! A square code that a telephone's camera reads, as one path of an inline picture.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};

/// Light squares round it (ISO/IEC 18004 §6.3.8).
const MARGIN: usize = 4;

/// A square code, drawn.
#[derive(Debug, Clone)]
pub(crate) struct Square {
    /// Squares of a side, with the margin.
    pub(crate) side: usize,
    /// The dark ones, as the path of an SVG.
    pub(crate) path: String,
}

impl Square {
    /// The code of a text; `None` where it is too long for one.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
        let mut path = String::with_capacity(8 * 1024);
        let rows = code.data.chunks(code.size).take(code.size);
        for (y, row) in rows.enumerate() {
            for (x, _) in row.iter().enumerate().filter(|(_, square)| square.value()) {
                write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN).ok()?;
            }
        }
        Some(Self { side: code.size + 2 * MARGIN, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_three_corners_and_a_margin() {
        let square = Square::of("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ").unwrap();
        let last = square.side - MARGIN - 1;
        for (x, y) in [(MARGIN, MARGIN), (last, MARGIN), (MARGIN, last)] {
            assert!(square.path.contains(&format!("M{x} {y}h1")), "{x} {y}");
        }
        assert!(!square.path.contains("M3 "), "the margin is light");
        assert!(Square::of(&"x".repeat(5_000)).is_none());
    }
}
