//! Rows that nodes agree by: each is replaced only by who has read it as it is.
//!
//! Mode, epochs of the journal, delays of guessing and the list of nodes stand here. What is in a value is its writer's;
//! one that matters is sealed by the keeper, because whoever can write the store can write a row.

use std::fmt;

use honnin_terms::Moment;

use crate::ports::RowError;
use crate::{Answer, Keep, Permit};

/// Names a row: a kind, and where there are several of it, which one after a slash. Never a personal value: what a row
/// is about stands in its name as a keyed hash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlName(String);

/// Longest name, in octets.
const LONGEST: usize = 120;

impl ControlName {
    /// A name of lower-case letters, digits, dots, hyphens and slashes, 120 at most; `None` for anything else.
    pub fn new(name: &str) -> Option<Self> {
        let known =
            |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || b".-/".contains(&octet);
        let fits = !name.is_empty() && name.len() <= LONGEST && name.bytes().all(known);
        fits.then(|| Self(name.to_owned()))
    }

    /// One of several rows of a kind, told apart by octets such as an id or a hash; 48 of them count at most.
    pub fn of(kind: &'static str, which: &[u8]) -> Self {
        let mut name = format!("{kind}/");
        for octet in which.iter().take(48) {
            name.extend(
                [octet >> 4, octet & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')),
            );
        }
        Self(name)
    }

    /// The name as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ControlName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A row as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlRow {
    /// Names this writing of the row. Grows, and never comes twice, also where the row was taken away in between.
    pub revision: u64,
    /// What its writer keeps in it.
    pub value: Vec<u8>,
    /// When it was written.
    pub at: Moment,
    /// From when it is as if it were not there; `None` where it stays.
    pub until: Option<Moment>,
}

/// What a row is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewControl {
    /// What its writer keeps in it.
    pub value: Vec<u8>,
    /// From when it is as if it were not there; `None` where it stays.
    pub until: Option<Moment>,
}

/// What became of a swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swapped {
    /// It is durable, and this is its revision; that of the row taken away where it was taken away.
    Done(u64),
    /// Somebody else was first: nothing was written, and this is what stands there.
    Changed(Option<ControlRow>),
}

/// Rows that are replaced by compare-and-swap. What time it is for `until` is the permit's word.
pub trait ControlRows: Send + Sync {
    /// The row of that name; `None` where there is none or its time is over.
    fn control(
        &self,
        permit: &Permit<Keep>,
        name: &ControlName,
    ) -> Answer<'_, Result<Option<ControlRow>, RowError>>;
    /// Rows whose names begin with `prefix`, in the order of their names after `after`, at most `most`.
    fn controls(
        &self,
        permit: &Permit<Keep>,
        prefix: &str,
        after: Option<&ControlName>,
        most: usize,
    ) -> Answer<'_, Result<Vec<(ControlName, ControlRow)>, RowError>>;
    /// Writes the row, or takes it away with `None`, where it still stands at `read_revision`; 0 where there was none.
    /// A crash leaves the row as it was or as it is written.
    fn swap_control(
        &self,
        permit: &Permit<Keep>,
        name: &ControlName,
        read_revision: u64,
        write: Option<NewControl>,
    ) -> Answer<'_, Result<Swapped, RowError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_few_letters_and_bounded() {
        for name in ["mode", "node/00ff", "epoch-2.b"] {
            assert_eq!(ControlName::new(name).unwrap().as_str(), name);
        }
        for name in ["", "Mode", "node 1", "日", "a%", "a_b", &"a".repeat(121)] {
            assert_eq!(ControlName::new(name), None, "{name}");
        }
        let longest = ControlName::of("delay", &[0xab; 60]);
        assert_eq!(longest.as_str().len(), "delay/".len() + 96);
        assert_eq!(ControlName::new(longest.as_str()), Some(longest));
    }
}
