//! Buckets of a line at one moment: rows that belong together and replace those of an earlier moment, whole or not at
//! all.

use std::collections::BTreeMap;

use honnin_terms::{BucketKind, Day, HoldingId, Moment, Octets};

use crate::facts::event::{BucketFact, Fact, Lost};
use crate::facts::fault::Reason;
use crate::facts::item::Item;
use crate::facts::merge::Ground;

/// A row of a snapshot.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// Its place among the account's items.
    pub(crate) place: usize,
    pub(crate) file: u32,
    pub(crate) accepted: bool,
    pub(crate) fact: &'a BucketFact,
}

/// All rows an extract has of one line's buckets.
#[derive(Default)]
pub(crate) struct Snapshot<'a> {
    pub(crate) rows: Vec<Row<'a>>,
    /// Moments of rows that were not understood, where those could be read.
    lost: Vec<Option<Moment>>,
}

/// What becomes of a row of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is one of the buckets of the newest moment.
    Counts,
    /// It says in another file what another row says.
    Double,
    /// It is of an earlier moment.
    Older,
}

/// A snapshot, judged.
pub(crate) struct Judged {
    /// One for each row.
    pub(crate) standings: Vec<Standing>,
    /// The moment of the rows that count: the oldest, so that no figure is said to be younger than it is.
    pub(crate) as_of: Option<Moment>,
    /// Why the rows that count cannot be taken.
    pub(crate) refused: Option<Reason>,
}

/// What tells one bucket of a line from another.
fn identity(fact: &BucketFact) -> (BucketKind, Octets, Option<Day>, Option<&str>) {
    (fact.kind, fact.granted, fact.expires_on, fact.purchase.as_deref())
}

impl<'a> Snapshot<'a> {
    /// The places of its rows among the account's items.
    pub(crate) fn places(&self) -> Vec<usize> {
        self.rows.iter().map(|row| row.place).collect()
    }

    /// Whether a row of it was not understood.
    pub(crate) const fn has_lost(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Which rows count, and whether they are the whole of what the line has.
    pub(crate) fn judge(&self, ground: &Ground<'_>) -> Judged {
        let newest = self.rows.iter().map(|row| row.fact.as_of).max();
        let apart = i64::from(ground.ledger.snapshot_seconds);
        let start = newest.map(|newest| newest.plus_seconds(-apart));
        let standing = |(at, row): (usize, &Row<'a>)| match Some(row.fact.as_of) < start {
            true => Standing::Older,
            false if self.counts(at, row) => Standing::Counts,
            false => Standing::Double,
        };
        let standings: Vec<Standing> = self.rows.iter().enumerate().map(standing).collect();
        let counting = || {
            let counts =
                |(row, standing): (&'_ Row<'a>, &Standing)| (*standing == Standing::Counts).then_some(*row);
            self.rows.iter().zip(&standings).filter_map(counts)
        };
        let as_of = counting().map(|row| row.fact.as_of).min();
        let lost = self.lost.iter().any(|lost| lost.is_none_or(|lost| Some(lost) >= start));
        let rows = counting().count();
        let all_there = counting().all(|row| {
            row.fact.set_rows.is_none_or(|said| usize::try_from(said) == Ok(rows))
                && !ground.is_doubtful(row.file)
        });
        let counted = || counting().all(|row| row.fact.set_rows.is_some());
        let refused = if self.of_two_moments(&standings) {
            Some(Reason::TwoMoments)
        } else if told_twice(&counting().collect::<Vec<_>>()) && !counted() {
            Some(Reason::ToldTwice)
        } else if lost || !all_there {
            Some(Reason::Incomplete)
        } else {
            None
        };
        // A person who accepts a row says that the set is whole.
        let accepted = counting().any(|row| row.accepted);
        Judged { standings, as_of, refused: refused.filter(|_| !accepted) }
    }

    /// Whether a row counts: each as often as the file that has it most often. So a file taken twice adds nothing, and
    /// two gifts that are alike in one file are two.
    fn counts(&self, at: usize, row: &Row<'a>) -> bool {
        let alike = |other: &&Row<'a>| other.fact == row.fact;
        let before = self.rows.iter().take(at);
        // How many alike stand before it in its own file, and in all files together among those that count.
        let own = before.clone().filter(alike).filter(|other| other.file == row.file).count();
        let mut per_file = BTreeMap::<u32, usize>::new();
        before.filter(alike).for_each(|other| *per_file.entry(other.file).or_default() += 1);
        let most = per_file.iter().filter(|(file, _)| **file != row.file).map(|(_, n)| *n).max().unwrap_or(0);
        own >= most
    }

    /// Whether the newest moment does not tell which buckets there are: one of them is told twice at two moments, or a
    /// file names one at an earlier moment only. That may be gone, or only have been written earlier.
    fn of_two_moments(&self, standings: &[Standing]) -> bool {
        let rows = || self.rows.iter().zip(standings);
        let recent = || rows().filter(|(_, standing)| **standing != Standing::Older).map(|(row, _)| row);
        let twice = recent().any(|row| {
            let same = |other: &&Row<'a>| identity(other.fact) == identity(row.fact);
            recent().filter(same).any(|other| other.fact.as_of != row.fact.as_of)
        });
        let earlier_only = rows().filter(|(_, standing)| **standing == Standing::Older).any(|(row, _)| {
            recent().any(|other| other.file == row.file)
                && !recent().any(|other| identity(other.fact) == identity(row.fact))
        });
        twice || earlier_only
    }
}

/// Whether one bucket stands twice among them. A line has one bucket of its plan of one size and end, and of what came over
/// one; gifts and what was bought may be alike, but not where one file says otherwise of them than another.
fn told_twice(rows: &[Row<'_>]) -> bool {
    let twice = |(at, row): (usize, &Row<'_>)| {
        let others = rows.iter().skip(at + 1);
        others.filter(|other| identity(other.fact) == identity(row.fact)).any(|other| match row.fact.kind {
            BucketKind::Basic | BucketKind::CarriedOver => true,
            BucketKind::Gift | BucketKind::TopUp => other.file != row.file,
        })
    };
    rows.iter().enumerate().any(twice)
}

/// The rows of every line among an account's items.
pub(crate) fn newest(items: &[Item]) -> BTreeMap<HoldingId, Snapshot<'_>> {
    let mut snapshots = BTreeMap::<HoldingId, Snapshot<'_>>::new();
    for (place, item) in items.iter().enumerate() {
        let Some(holding) = item.holding else { continue };
        if let Fact::Bucket(fact) = &item.fact {
            let row = Row { place, file: item.source.file, accepted: item.accepted, fact };
            snapshots.entry(holding).or_default().rows.push(row);
        } else if let Fact::Lost(Lost::Bucket { as_of, .. }) = &item.fact
            && !item.accepted
        {
            snapshots.entry(holding).or_default().lost.push(*as_of);
        }
    }
    snapshots
}
