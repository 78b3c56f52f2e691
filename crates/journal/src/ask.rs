//! Questions to an open journal: entries, who saw whom, proofs.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use honnin_seal::Digest;
use honnin_terms::{EntryRef, Moment};

use crate::index::{CHUNK, Row, Side};
use crate::merkle::{consistency_path, inclusion_path};
use crate::queue::hold;
use crate::run::{Run, Stretch};
use crate::shelf::Kept;
use crate::tiles::Tiles;
use crate::{Entry, Journal, Query, parse_entry};

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Entries of that time or index were pruned; what was in them is not known any more.
    #[error("answer from the journal: entries before {pruned_before} were pruned")]
    NotAnswerable {
        /// All entries from this moment on are kept.
        pruned_before: Moment,
    },
    /// No entry has that index.
    #[error("read the journal: no entry has that index")]
    NotWritten,
    /// The entry is durable and not yet part of a signed tree; see [`Journal::publish`].
    #[error("prove an entry: it is not yet published")]
    NotPublished,
    /// Too many questions wait, or the one was given up. Passes by itself.
    #[error("answer from the journal: too many questions wait")]
    Busy,
    /// A file is missing, altered or cannot be read.
    #[error("read a file of the journal")]
    Io(#[from] io::Error),
}

/// A log as a question looks into it: its newest rows in memory, the older ones in runs.
pub(crate) trait Source {
    /// What is kept of it.
    fn kept(&self) -> Kept;
    /// How many entries it has.
    fn size(&self) -> u64;
    /// Takes what is wanted of the rows in memory, newest first; the index of the first row there.
    fn recent(&self, query: &Query<'_>, side: Side, found: &mut Vec<(u64, Row)>) -> u64;
    /// A run.
    fn run(&self, stretch: Stretch) -> io::Result<Run<'_>>;
    /// What there is of a stretch whose run could not be read.
    fn mend(&self, stretch: Stretch, error: io::Error) -> Result<Mended, ReadError>;
    /// The entry of that index, proven.
    fn entry_at(&self, index: u64) -> Result<Entry, ReadError>;
}

/// What a log has of a stretch whose run could not be read.
pub(crate) enum Mended {
    /// Its run, made anew.
    Run,
    /// The runs it was made of.
    Parts,
    /// Rows of the log itself, from that index on.
    Rows(u64, VecDeque<Row>),
}

/// Entries with what the index needs of them, newest first: whoever wants no more has read each of them once.
pub(crate) fn find_rows(
    source: &dyn Source,
    query: &Query<'_>,
    side: Side,
) -> Result<Vec<(u64, Row)>, ReadError> {
    let kept = source.kept();
    if let Some(from) = kept.from.filter(|from| query.from < *from) {
        return Err(ReadError::NotAnswerable { pruned_before: from });
    }
    let below = query.before.unwrap_or(u64::MAX);
    let mut found = Vec::new();
    let first_row = source.recent(query, side, &mut found);
    for stretch in Stretch::cover(first_row / CHUNK).into_iter().rev() {
        if found.len() >= query.limit {
            break;
        }
        if stretch.end() > kept.minimum && stretch.start() < below {
            find_in(source, query, side, stretch, &mut found)?;
        }
    }
    Ok(found)
}

/// Looks into one run, newest first. Where it cannot be read, or a block of it is not what was written, its source
/// answers otherwise.
fn find_in(
    source: &dyn Source,
    query: &Query<'_>,
    side: Side,
    stretch: Stretch,
    found: &mut Vec<(u64, Row)>,
) -> Result<(), ReadError> {
    let before = found.len();
    let error = match find_in_run(source, query, side, stretch, found) {
        Err(ReadError::Io(error)) => error,
        done => return done,
    };
    found.truncate(before);
    match source.mend(stretch, error)? {
        Mended::Run => find_in_run(source, query, side, stretch, found),
        Mended::Parts => {
            let parts: Vec<Stretch> = stretch.parts().collect();
            for part in parts.into_iter().rev() {
                if found.len() < query.limit && part.end() > source.kept().minimum {
                    find_in(source, query, side, part, found)?;
                }
            }
            Ok(())
        }
        Mended::Rows(first, rows) => {
            query.take_recent(side, (first, &rows), found);
            Ok(())
        }
    }
}

fn find_in_run(
    source: &dyn Source,
    query: &Query<'_>,
    side: Side,
    stretch: Stretch,
    found: &mut Vec<(u64, Row)>,
) -> Result<(), ReadError> {
    let (run, minimum) = (source.run(stretch)?, source.kept().minimum);
    if query.from.millis() > run.moments.1 || run.moments.0 >= query.to.millis() {
        return Ok(());
    }
    let start = stretch.start();
    let mut below = query.before.map_or(stretch.end(), |before| before.min(stretch.end())) - start;
    while found.len() < query.limit && below > 0 {
        let most = query.limit - found.len();
        let (mut offsets, mut frontier) = (Vec::new(), 0);
        for name in query.pseudonyms {
            let of_name = run.find(*name, side.flag(), below, most)?;
            if of_name.len() == most {
                // There may be more of this name below its last: what is older than that waits for the next round.
                frontier = frontier.max(of_name.last().copied().map_or(0, u64::from));
            }
            offsets.extend(of_name.into_iter().map(u64::from));
        }
        offsets.sort_unstable_by(|a, b| b.cmp(a));
        offsets.dedup();
        for offset in offsets.into_iter().take_while(|offset| *offset >= frontier) {
            let index = start + offset;
            if found.len() >= query.limit || index < minimum {
                return Ok(());
            }
            let row = Row::of(&source.entry_at(index)?);
            if row.matches(query, side) {
                found.push((index, row));
            }
            // The order never goes back: everything further down is older.
            if row.order < query.from {
                return Ok(());
            }
        }
        below = frontier;
    }
    Ok(())
}

impl Source for Journal {
    fn kept(&self) -> Kept {
        Self::kept(self)
    }

    fn size(&self) -> u64 {
        Self::size(self)
    }

    fn recent(&self, query: &Query<'_>, side: Side, found: &mut Vec<(u64, Row)>) -> u64 {
        let tail = hold(&self.shared.tail);
        query.take_recent(side, (tail.first_row, &tail.rows), found);
        tail.first_row
    }

    fn run(&self, stretch: Stretch) -> io::Result<Run<'_>> {
        self.shared.maker().open(stretch)
    }

    /// Made anew, once, where a block of it is not what was written.
    fn mend(&self, stretch: Stretch, error: io::Error) -> Result<Mended, ReadError> {
        if error.kind() != io::ErrorKind::InvalidData {
            return Err(error.into());
        }
        tracing::warn!(%error, "a run of the journal's index is not as it was written; it is made anew");
        self.shared.maker().make(stretch)?;
        Ok(Mended::Run)
    }

    fn entry_at(&self, index: u64) -> Result<Entry, ReadError> {
        self.read_at(index)
    }
}

/// That an entry stands in the tree of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The entry's index.
    pub index: u64,
    /// Size of the tree.
    pub size: u64,
    /// Root of the tree.
    pub root: Digest,
    /// Hashes beside the way from the leaf to the root, lowest first.
    pub path: Vec<Digest>,
}

impl Journal {
    /// The entry of that place.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(&self, entry: EntryRef) -> Result<Entry, ReadError> {
        if entry.log == self.log() { self.read_at(entry.index) } else { Err(ReadError::NotWritten) }
    }

    /// The entry of that index of this log.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read_at(&self, index: u64) -> Result<Entry, ReadError> {
        let octets = self.octets(index)?;
        Ok(parse_entry(&octets).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?)
    }

    fn octets(&self, index: u64) -> Result<Vec<u8>, ReadError> {
        let (entry, next, edge) = {
            let tail = hold(&self.shared.tail);
            (tail.entry(index), tail.next, Arc::clone(&tail.edge))
        };
        self.kept().answers(index)?;
        if let Some(entry) = entry {
            return Ok(entry);
        }
        if index >= next {
            return Err(ReadError::NotWritten);
        }
        Tiles { dir: &self.shared.dir, size: edge.size() }.proven(index, &edge)?.ok_or(ReadError::NotWritten)
    }

    /// Indexes of entries with that owner, newest first: "who has seen my data".
    ///
    /// # Errors
    /// [`ReadError::NotAnswerable`] where the question begins before what is kept.
    pub fn by_owner(&self, query: &Query<'_>) -> Result<Vec<u64>, ReadError> {
        self.find(query, Side::Owner)
    }

    /// Indexes of entries with that viewer, newest first: "what was I, or this agent, shown".
    ///
    /// # Errors
    /// As [`Self::by_owner`].
    pub fn by_viewer(&self, query: &Query<'_>) -> Result<Vec<u64>, ReadError> {
        self.find(query, Side::Viewer)
    }

    /// Indexes of what was done to that owner's account, newest first: neither looks nor sign-ins that failed stand between.
    ///
    /// # Errors
    /// As [`Self::by_owner`].
    pub fn acts_on(&self, query: &Query<'_>) -> Result<Vec<u64>, ReadError> {
        self.find(query, Side::Act)
    }

    /// When sign-ins to that owner's account failed, as far as they were written down, newest first.
    ///
    /// # Errors
    /// As [`Self::by_owner`].
    pub fn failures_on(&self, query: &Query<'_>) -> Result<Vec<Moment>, ReadError> {
        Ok(find_rows(self, query, Side::Failed)?.into_iter().map(|(_, row)| row.moment).collect())
    }

    fn find(&self, query: &Query<'_>, side: Side) -> Result<Vec<u64>, ReadError> {
        Ok(find_rows(self, query, side)?.into_iter().map(|(index, _)| index).collect())
    }

    /// Proves that the entry of that index stands in the published tree.
    ///
    /// # Errors
    /// [`ReadError::NotPublished`] where it is newer than the checkpoint.
    pub fn inclusion_proof(&self, index: u64) -> Result<Proof, ReadError> {
        self.kept().answers(index)?;
        // Not from the shelf, which the publisher holds while it stands back.
        let edge = Arc::clone(&hold(&self.shared.tail).edge);
        let (size, root) = (edge.size(), edge.root());
        if index >= size {
            return Err(if index < self.size() { ReadError::NotPublished } else { ReadError::NotWritten });
        }
        let tiles = Tiles { dir: &self.shared.dir, size };
        let path = inclusion_path(&|level, number| tiles.node(level, number), index, size)?;
        Ok(Proof { index, size, root, path })
    }

    /// Proves that the tree of `old` entries is the beginning of the published one: its size and the path.
    ///
    /// # Errors
    /// [`ReadError::NotPublished`] where `old` is beyond the published tree; `Io` where tiles that the proof
    /// needs were pruned.
    pub fn consistency_proof(&self, old: u64) -> Result<(u64, Vec<Digest>), ReadError> {
        let tiles = self.tiles();
        if old > tiles.size {
            return Err(ReadError::NotPublished);
        }
        Ok((tiles.size, consistency_path(&|level, number| tiles.node(level, number), old, tiles.size)?))
    }
}
