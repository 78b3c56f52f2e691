//! What stands on a sheet, before anybody knows where.

use std::sync::Arc;

use crate::Picture;

/// A document to be printed.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// What it is called in the reader's window.
    pub title: String,
    /// Who wrote it.
    pub author: String,
    /// The language of its words (BCP 47).
    pub language: &'static str,
    /// What is said at the end where characters had no glyph; they are listed behind it.
    pub without_glyph: String,
    /// What stands on it, from top to bottom.
    pub blocks: Vec<Block>,
}

/// One thing on a sheet.
#[derive(Debug, Clone)]
pub enum Block {
    /// Whose sheet it is: a name in its own colour (red, green, blue), beside a square picture, or a bar of that colour.
    Mark(String, [u8; 3], Option<Arc<Picture>>),
    /// The heading of the whole.
    Title(String),
    /// A heading within.
    Heading(String),
    /// Whom it is for, or another line that should be found at once.
    Name(String),
    /// A paragraph.
    Text(String),
    /// A small remark.
    Remark(String),
    /// The figure the sheet is about: what it is, and how much.
    Figure(String, String),
    /// Names and their values.
    Pairs(Vec<(String, String)>),
    /// Items and their amounts.
    Table(Table),
}

/// Items and their amounts.
#[derive(Debug, Clone)]
pub struct Table {
    /// Headings of both columns.
    pub head: (String, String),
    /// The items.
    pub rows: Vec<(String, String)>,
    /// The last line.
    pub sum: Option<(String, String)>,
    /// The language of the items, where it is another one than the sheet's.
    pub language: Option<&'static str>,
}

/// Why a sheet was not printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PrintError {
    /// It would have more pages than anybody reads.
    #[error("print a sheet: it would have more than {0} pages")]
    TooLong(usize),
    /// The typeface could not be cut down to what the sheet uses.
    #[error("print a sheet: the typeface cannot be cut down to its glyphs")]
    Typeface,
}
