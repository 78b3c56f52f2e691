//! Where an entry of the journal stands, and on what basis somebody may see somebody's data.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Id, LogId};

/// A text that does not name an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expect the log in 32 lower-case hexadecimal digits, a hyphen and the index of an entry")]
pub struct BadEntryRef;

/// One entry of the journal, named by its log and its index there.
///
/// As text `LOG-INDEX`; as octets the log (16) and the index (8, big-endian). The order is that of the text's parts: by
/// log, then by index; between two logs it says nothing of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryRef {
    /// The log.
    pub log: LogId,
    /// Its place there, from 0.
    pub index: u64,
}

impl EntryRef {
    /// Length as octets.
    pub const LENGTH: usize = 24;

    /// The entry those octets name; every 24 octets name one.
    pub fn from_octets(octets: [u8; Self::LENGTH]) -> Self {
        let (mut log, mut index) = ([0; 16], [0; 8]);
        let (first, rest) = octets.split_at(log.len());
        log.copy_from_slice(first);
        index.copy_from_slice(rest);
        Self { log: LogId::from_octets(log), index: u64::from_be_bytes(index) }
    }

    /// Log and index as octets.
    pub fn octets(&self) -> [u8; Self::LENGTH] {
        let mut out = [0; Self::LENGTH];
        let (log, index) = out.split_at_mut(16);
        log.copy_from_slice(self.log.octets());
        index.copy_from_slice(&self.index.to_be_bytes());
        out
    }
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.log, self.index)
    }
}

impl FromStr for EntryRef {
    type Err = BadEntryRef;
    fn from_str(text: &str) -> Result<Self, BadEntryRef> {
        let (log, number) = text.split_once('-').ok_or(BadEntryRef)?;
        let log = log.parse().map_err(|_| BadEntryRef)?;
        let index: u64 = number.parse().map_err(|_| BadEntryRef)?;
        // One entry has one name.
        if index.to_string() == number { Ok(Self { log, index }) } else { Err(BadEntryRef) }
    }
}

/// On what basis somebody may see an owner's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// She is the owner.
    Own,
    /// The owner let her; the entry is the grant.
    Grant(EntryRef),
    /// She works on a case of the owner's; the entry is its opening.
    Case(EntryRef),
}

impl Basis {
    /// The entry it rests on; `None` for the owner herself.
    pub const fn entry(self) -> Option<EntryRef> {
        match self {
            Self::Own => None,
            Self::Grant(entry) | Self::Case(entry) => Some(entry),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_entry_is_read_back_from_its_text_and_its_octets(log: [u8; 16], index: u64) {
            let entry = EntryRef { log: LogId::from_octets(log), index };
            prop_assert_eq!(entry.to_string().parse(), Ok(entry));
            prop_assert_eq!(EntryRef::from_octets(entry.octets()), entry);
        }

        #[test]
        fn a_text_that_names_an_entry_is_its_only_one(text in "[0-9a-f]{31,33}-[+0]{0,2}[0-9]{0,21}") {
            if let Ok(entry) = text.parse::<EntryRef>() {
                prop_assert_eq!(entry.to_string(), text);
            }
        }
    }

    #[test]
    fn the_names_of_an_entry_are_fixed() {
        let entry = EntryRef { log: LogId::from_octets([0xab; 16]), index: 258 };
        assert_eq!(entry.to_string(), "abababababababababababababababab-258");
        assert_eq!(entry.octets()[16..], [0, 0, 0, 0, 0, 0, 1, 2]);
    }
}
