//! The typeface: which glyph a character has, how wide it is, and what is done where there is none.

use std::fmt;

use ttf_parser::{Face, GlyphId};

use crate::layout::compose;
use crate::{PrintError, Sheet, file};

/// `BIZ UDPGothic`, cut down to the characters ledgers have; see `font/README.md`.
pub(crate) const DATA: &[u8] = include_bytes!("../font/BIZUDPGothic-Regular.ttf");

/// What stands where the typeface has no glyph: the mark printers have always put there.
pub(crate) const GETA: char = '〓';

/// The typeface in the program cannot be read. A test reads it, so that no installation sees this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read the typeface of documents: it is not one")]
pub struct BadTypeface;

/// What prints sheets. Holds nothing of any of them.
pub struct Press {
    face: Face<'static>,
    geta: GlyphId,
}

impl fmt::Debug for Press {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Press(..)")
    }
}

/// One glyph in a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Set {
    pub(crate) glyph: GlyphId,
    pub(crate) character: char,
    /// How far the next one stands from it, in parts of the size of type.
    pub(crate) advance: f32,
}

/// Text as glyphs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Run {
    pub(crate) sets: Vec<Set>,
    /// What cannot be told from the glyphs alone: the text is written beside them.
    pub(crate) told_apart: bool,
}

impl Run {
    /// How wide it is, in parts of the size of type.
    pub(crate) fn width(&self) -> f32 {
        self.sets.iter().map(|set| set.advance).sum()
    }

    /// What it says.
    pub(crate) fn text(&self) -> String {
        self.sets.iter().map(|set| set.character).collect()
    }
}

impl Press {
    /// Reads the typeface.
    ///
    /// # Errors
    /// [`BadTypeface`] where the program was built with something else.
    pub fn new() -> Result<Self, BadTypeface> {
        let face = Face::parse(DATA, 0).map_err(|_| BadTypeface)?;
        let geta = face.glyph_index(GETA).ok_or(BadTypeface)?;
        Ok(Self { face, geta })
    }

    /// Prints a sheet as PDF (ISO 32000-1) in A4, tagged, with the glyphs it uses.
    ///
    /// # Errors
    /// [`PrintError`].
    pub fn print(&self, sheet: &Sheet) -> Result<Vec<u8>, PrintError> {
        let composed = compose(self, sheet)?;
        file::write(self, sheet, &composed)
    }

    pub(crate) const fn face(&self) -> &Face<'static> {
        &self.face
    }

    /// How wide a glyph is, in parts of the size of type.
    pub(crate) fn wide(&self, glyph: GlyphId) -> f32 {
        let width = self.face.glyph_hor_advance(glyph).unwrap_or(0);
        f32::from(width) / f32::from(self.face.units_per_em())
    }

    /// Text as glyphs. What has no glyph becomes a mark, and `missing` is told.
    pub(crate) fn set(&self, text: &str, mut missing: impl FnMut(char)) -> Run {
        let mut run = Run::default();
        for character in text.chars() {
            // A line break of a ledger is a blank on a line.
            let character = if character.is_control() || character == '\u{a0}' { ' ' } else { character };
            let glyph = self.face.glyph_index(character).filter(|glyph| glyph.0 != 0);
            if glyph.is_none() {
                run.told_apart = true;
                missing(character);
            }
            let glyph = glyph.unwrap_or(self.geta);
            run.sets.push(Set { glyph, character, advance: self.wide(glyph) });
        }
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_a_japanese_name_is_written_with_has_a_glyph() {
        let press = Press::new().unwrap();
        let text = "髙橋﨑彅德𠮟塚あいうアイウｱｲｳ〆々ー・（）「」、。ABCxyz0123456789,.-¥円％℡①Ⅳ㈱～−ヴ";
        let mut missing = Vec::new();
        let run = press.set(text, |character| missing.push(character));
        assert_eq!((missing, run.told_apart), (vec![], false));
        assert_eq!(run.text(), text);
    }

    #[test]
    fn a_character_without_a_glyph_is_marked_and_told() {
        let press = Press::new().unwrap();
        let mut missing = Vec::new();
        let run = press.set("𠮷野😀", |character| missing.push(character));
        assert_eq!(missing, ['𠮷', '😀']);
        assert!(run.told_apart);
        assert_eq!(run.text(), "𠮷野😀", "what it says is kept");
        assert_eq!(run.sets.iter().filter(|set| set.glyph == press.geta).count(), 2);
    }

    #[test]
    fn digits_are_of_one_width_so_that_amounts_stand_under_each_other() {
        let press = Press::new().unwrap();
        let widths: Vec<f32> =
            ('0'..='9').map(|digit| press.set(&digit.to_string(), |_| {}).width()).collect();
        assert!(widths.iter().all(|width| (width - widths[0]).abs() < f32::EPSILON), "{widths:?}");
    }
}
