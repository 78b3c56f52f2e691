//! The typeface: which glyph a character has, how wide it is, and what is done where there is none.

use std::fmt;

use ttf_parser::{Face, GlyphId};
use unicode_normalization::char::compose as compose_pair;

use crate::layout::compose;
use crate::{PrintError, Sheet, file};

/// `BIZ UDPGothic` with the characters ledgers have, those it lacks taken from another typeface; see `font/README.md`.
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
    /// What is drawn; nothing for what only chooses or joins glyphs.
    pub(crate) glyph: Option<GlyphId>,
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
        let mut characters = text.chars().peekable();
        while let Some(mut character) = characters.next() {
            // か and a voicing mark of its own are one が, as some systems write it.
            while let Some(whole) = characters.peek().and_then(|mark| compose_pair(character, *mark)) {
                character = whole;
                characters.next();
            }
            if draws_nothing(character) {
                run.told_apart = true;
                run.sets.push(Set { glyph: None, character, advance: 0.0 });
                continue;
            }
            // A line break of a ledger is a blank on a line.
            let character = if character.is_control() || character == '\u{a0}' { ' ' } else { character };
            let glyph = self.face.glyph_index(character).filter(|glyph| glyph.0 != 0);
            if glyph.is_none() {
                run.told_apart = true;
                missing(character);
            }
            let glyph = glyph.unwrap_or(self.geta);
            run.sets.push(Set { glyph: Some(glyph), character, advance: self.wide(glyph) });
        }
        run
    }
}

/// Whether a character is never drawn: it chooses among the forms of the one before it, joins two, or says which way
/// text runs (`Default_Ignorable_Code_Point` of Unicode). Its text is kept.
const fn draws_nothing(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
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
    fn every_character_of_jis_x_0213_is_drawn_as_itself() {
        let press = Press::new().unwrap();
        let cells: Vec<&str> = include_str!("../font/jis-x-0213.txt").split_whitespace().collect();
        assert_eq!(cells.len(), 11_231, "11,233 with its two blanks");
        let mut missing = Vec::new();
        let mut glyphs = std::collections::HashMap::new();
        for cell in cells {
            let run = press.set(cell, |character| missing.push(character));
            let drawn: Vec<u16> = run.sets.iter().filter_map(|set| set.glyph).map(|glyph| glyph.0).collect();
            // The list has a hyphen that is only seen where a line breaks, and no line breaks there.
            if cell == "\u{ad}" {
                continue;
            }
            assert!(!drawn.is_empty(), "{cell}");
            glyphs.entry(drawn).or_insert_with(Vec::new).push(cell);
        }
        assert!(missing.is_empty(), "{missing:?}");
        // Two characters with one glyph are alike on paper: such as a name is not mistaken for another's.
        let alike: Vec<_> = glyphs.values().filter(|cells| cells.len() > 1).collect();
        assert!(alike.len() < 40, "{alike:?}");
    }

    #[test]
    fn names_with_characters_beyond_that_list_are_drawn() {
        let press = Press::new().unwrap();
        let mut missing = Vec::new();
        press.set("𠮷田髙﨑德栁濵礒邉邊𣘺𥔎閒㐂隆桒", |character| missing.push(character));
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn what_only_chooses_or_joins_is_neither_drawn_nor_missed_and_its_text_is_kept() {
        let press = Press::new().unwrap();
        let mut missing = Vec::new();
        for (text, drawn) in [
            ("葛\u{e0100}城", 2),
            ("辻\u{fe00}", 1),
            ("a\u{200d}b\u{2060}c", 3),
            ("\u{202e}逆\u{202c}", 1),
            ("\u{feff}社\u{ad}名", 2),
        ] {
            let run = press.set(text, |character| missing.push(character));
            assert_eq!(run.sets.iter().filter(|set| set.glyph.is_some()).count(), drawn, "{text}");
            let plain: String = text.chars().filter(|character| !draws_nothing(*character)).collect();
            assert!((run.width() - press.set(&plain, |_| {}).width()).abs() < f32::EPSILON, "{text}");
            assert_eq!((run.text().as_str(), run.told_apart), (text, true));
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_mark_of_its_own_is_drawn_as_part_of_its_letter() {
        let press = Press::new().unwrap();
        for (apart, whole) in [("か\u{3099}", "が"), ("ハ\u{309a}", "パ"), ("e\u{301}", "é")] {
            assert_eq!(press.set(apart, |_| {}), press.set(whole, |_| {}), "{whole}");
        }
    }

    #[test]
    fn a_character_without_a_glyph_is_marked_and_told() {
        let press = Press::new().unwrap();
        let mut missing = Vec::new();
        let run = press.set("\u{2a6d7}野😀", |character| missing.push(character));
        assert_eq!(missing, ['\u{2a6d7}', '😀']);
        assert!(run.told_apart);
        assert_eq!(run.text(), "\u{2a6d7}野😀", "what it says is kept");
        assert_eq!(run.sets.iter().filter(|set| set.glyph == Some(press.geta)).count(), 2);
    }

    #[test]
    fn digits_are_of_one_width_so_that_amounts_stand_under_each_other() {
        let press = Press::new().unwrap();
        let widths: Vec<f32> =
            ('0'..='9').map(|digit| press.set(&digit.to_string(), |_| {}).width()).collect();
        assert!(widths.iter().all(|width| (width - widths[0]).abs() < f32::EPSILON), "{widths:?}");
    }
}
