//! A whole store from one engine to another: rows as they lie, page by page.
//!
//! Nothing is opened on the way. A row is its cells; what is sealed stays sealed under the same keys at the same place,
//! because neither an id nor what a blob is bound to says which engine it lies in.

mod mark;
mod pass;
mod tables;

pub use mark::{Run, is_copied_by, mark, marked, name as mark_name, unmark};
pub use pass::{Copied, Side, compare_table, copy_table, first_filled};
pub use tables::{Column, ColumnKind, TABLES, Table, difference};

use honnin_access::{Answer, ControlRow, Operate, Permit};

use crate::Error;

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// There is none.
    Nothing,
    /// A number, a moment or a day.
    Number(i64),
    /// Octets, sealed or not.
    Octets(Vec<u8>),
    /// A text.
    Text(String),
}

impl Cell {
    /// The number, where it is one.
    pub const fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Nothing | Self::Octets(_) | Self::Text(_) => None,
        }
    }

    /// The octets, where it is some.
    pub fn octets(&self) -> Option<&[u8]> {
        match self {
            Self::Octets(octets) => Some(octets),
            Self::Nothing | Self::Number(_) | Self::Text(_) => None,
        }
    }

    /// The text, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Nothing | Self::Number(_) | Self::Octets(_) => None,
        }
    }
}

/// A row: the cells of its key, then the others, in the order of its [`Table`]. Its tenant is the permit's.
pub type CopiedRow = Vec<Cell>;

/// Part of a table, in the order of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The table.
    pub table: &'static Table,
    /// Rows after this key; all from the first on where there is none.
    pub after: Option<Vec<Cell>>,
    /// Rows up to this key, it among them; all to the last where there is none.
    pub through: Option<Vec<Cell>>,
}

impl Stretch {
    /// All of a table.
    pub const fn whole(table: &'static Table) -> Self {
        Self { table, after: None, through: None }
    }
}

/// A column as an engine has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundColumn {
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// Which of the key it is, from 1; 0 where it is not of the key.
    pub key: u32,
    /// What stands in it; `None` where it is nothing that is copied.
    pub kind: Option<ColumnKind>,
    /// Whether there may be none.
    pub may_be_absent: bool,
}

/// Rows out and in, for the operator alone: about everybody of a tenant.
pub trait CopyRows: Send + Sync {
    /// Every column of every table but those that are the engine's own.
    fn columns(&self, permit: &Permit<Operate>) -> Answer<'_, Result<Vec<FoundColumn>, Error>>;
    /// The first rows of a stretch in the order of their keys, at most `most`.
    fn rows_of(
        &self,
        permit: &Permit<Operate>,
        stretch: &Stretch,
        most: usize,
    ) -> Answer<'_, Result<Vec<CopiedRow>, Error>>;
    /// Marks it as an unfinished copy, in one transaction: where a mark is given, in the place of that one as long as it stands
    /// as given; where none is, only as long as no table has a row. Else it is left as it is ([`Error::Conflict`]). The mark as
    /// it then stands.
    fn put_mark(
        &self,
        permit: &Permit<Operate>,
        value: Vec<u8>,
        found: Option<ControlRow>,
    ) -> Answer<'_, Result<ControlRow, Error>>;
    /// Puts rows in the place of whatever stands in a stretch, in one transaction; with a mark, where that still stands as
    /// it is given, and else not at all ([`Error::Conflict`]). Whoever changes the mark waits for the transaction, so that
    /// nothing is written by its word once it is another.
    fn replace_rows(
        &self,
        permit: &Permit<Operate>,
        stretch: &Stretch,
        rows: Vec<CopiedRow>,
        mark: Option<ControlRow>,
    ) -> Answer<'_, Result<(), Error>>;
}
