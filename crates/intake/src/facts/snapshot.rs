//! Buckets of a line at one moment: rows of one `as_of` belong together and replace those of an earlier one.

use std::collections::BTreeMap;

use honnin_terms::{HoldingId, Moment};

use crate::facts::event::{BucketFact, Fact};
use crate::facts::item::Item;

/// A row of a snapshot.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Its place among the account's items.
    pub(crate) place: usize,
    pub(crate) file: u32,
    pub(crate) fact: &'a BucketFact,
}

/// All rows an extract has of one line's buckets.
#[derive(Default)]
pub(crate) struct Snapshot<'a> {
    pub(crate) rows: Vec<Row<'a>>,
}

impl<'a> Snapshot<'a> {
    /// The places of its rows among the account's items.
    pub(crate) fn places(&self) -> Vec<usize> {
        self.rows.iter().map(|row| row.place).collect()
    }

    /// The newest moment of its rows.
    pub(crate) fn as_of(&self) -> Option<Moment> {
        self.rows.iter().map(|row| row.fact.as_of).max()
    }

    /// Which rows count: those of the newest moment, each as often as the file that has it most often. So a file
    /// taken twice adds nothing, and two gifts that are alike in one file are two.
    pub(crate) fn counting(&self) -> Vec<bool> {
        let newest = self.as_of();
        let counts = |at: usize, row: &Row<'a>| {
            let alike = |other: &&Row<'a>| other.fact == row.fact;
            let before = self.rows.iter().take(at);
            // How many alike stand before it in its own file, and in all files together among those that count.
            let own = before.clone().filter(alike).filter(|other| other.file == row.file).count();
            let mut per_file = BTreeMap::<u32, usize>::new();
            before.filter(alike).for_each(|other| *per_file.entry(other.file).or_default() += 1);
            let most =
                per_file.iter().filter(|(file, _)| **file != row.file).map(|(_, n)| *n).max().unwrap_or(0);
            own >= most
        };
        self.rows
            .iter()
            .enumerate()
            .map(|(at, row)| Some(row.fact.as_of) == newest && counts(at, row))
            .collect()
    }
}

/// The rows of every line among an account's items.
pub(crate) fn newest(items: &[Item]) -> BTreeMap<HoldingId, Snapshot<'_>> {
    let mut snapshots = BTreeMap::<HoldingId, Snapshot<'_>>::new();
    for (place, item) in items.iter().enumerate() {
        if let (Fact::Bucket(fact), Some(holding)) = (&item.fact, item.holding) {
            snapshots.entry(holding).or_default().rows.push(Row { place, file: item.source.file, fact });
        }
    }
    snapshots
}
