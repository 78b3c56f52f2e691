//! What became of the rows: counts per file and in all.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::facts::fault::Reason;
use crate::files::Unknown;
use crate::files::check::tell_files;

/// Counts of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows whose content was new.
    pub taken: u64,
    /// Rows whose content had been taken before.
    pub repeated: u64,
    /// Rows that say what was at an earlier moment than what is known; nothing changes by them.
    pub older: u64,
    /// Usage of a number nobody held at the time; kept in quarantine, counted apart.
    pub unknown_number: u64,
    /// Rows in quarantine for another reason.
    pub quarantined: BTreeMap<Reason, u64>,
}

impl Counts {
    /// Counts one row that was not taken.
    pub fn add_fault(&mut self, reason: Reason) {
        if reason == Reason::UnknownNumber {
            self.unknown_number += 1;
        } else {
            *self.quarantined.entry(reason).or_default() += 1;
        }
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: &Self) {
        let Self { taken, repeated, older, unknown_number, quarantined } = other;
        self.taken += taken;
        self.repeated += repeated;
        self.older += older;
        self.unknown_number += unknown_number;
        for (reason, count) in quarantined {
            *self.quarantined.entry(*reason).or_default() += count;
        }
    }

    /// How many rows are in quarantine, unknown numbers apart.
    pub fn quarantined_in_all(&self) -> u64 {
        self.quarantined.values().sum()
    }

    /// How many rows there were.
    pub fn rows(&self) -> u64 {
        self.taken + self.repeated + self.older + self.unknown_number + self.quarantined_in_all()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { taken, repeated, older, unknown_number, quarantined } = self;
        write!(f, "taken {taken}, repeated {repeated}, quarantined {}", self.quarantined_in_all())?;
        let mut before = " (";
        for (reason, count) in quarantined {
            write!(f, "{before}{reason} {count}")?;
            before = ", ";
        }
        if !quarantined.is_empty() {
            f.write_str(")")?;
        }
        write!(f, ", unknown number {unknown_number}")?;
        if *older > 0 {
            write!(f, ", older {older}")?;
        }
        Ok(())
    }
}

/// The counts of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCounts {
    /// The file's name.
    pub name: String,
    /// What its rows are: the word of the mapping.
    pub kind: &'static str,
    /// The counts.
    pub counts: Counts,
}

/// What became of an extract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Per file, in the order of reading.
    pub files: Vec<FileCounts>,
    /// Files the mapping does not know; nothing of them was read.
    pub unknown_files: Vec<Unknown>,
    /// Patterns of the mapping that fit no file.
    pub absent_patterns: Vec<String>,
    /// The newest moment the ledger gives for its figures: what "now" is on an extract.
    pub newest_as_of: Option<honnin_terms::Moment>,
}

impl Summary {
    /// Whether every row was taken now or before, and every file and pattern is accounted for.
    pub fn is_clean(&self) -> bool {
        let counts = self.in_all();
        counts.taken + counts.repeated == counts.rows()
            && self.unknown_files.iter().all(|file| file.suspect.is_none())
            && self.absent_patterns.is_empty()
    }

    /// The counts of all files.
    pub fn in_all(&self) -> Counts {
        let mut counts = Counts::default();
        self.files.iter().for_each(|file| counts.add(&file.counts));
        counts
    }

    /// The counts of all files whose rows are of that kind: the word of the mapping.
    pub fn of_kind(&self, kind: &str) -> Counts {
        let mut counts = Counts::default();
        self.files.iter().filter(|file| file.kind == kind).for_each(|file| counts.add(&file.counts));
        counts
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for FileCounts { name, kind, counts } in &self.files {
            writeln!(f, "{name} ({kind}): {counts}")?;
        }
        tell_files(f, &self.unknown_files, &self.absent_patterns)?;
        write!(f, "in all: {}", self.in_all())
    }
}
