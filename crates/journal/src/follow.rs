//! Another log of the same journal, read beside whoever writes it: what is published of it and nothing else.
//!
//! The newest entries are kept in memory as its writer keeps them; older ones are found in its index, which is checked
//! with the key it was made with. Everything that is answered is proven to stand in the signed tree, and the tree is seen
//! to go on from what it was before.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use honnin_seal::{MacKey, VerifyingKey, leaf_digest};
use honnin_terms::{LogId, Moment};

use crate::ask::{Source, find_in};
use crate::bundle::WIDE;
use crate::chain::Chain;
use crate::index::{CHUNK, Query, Row, Side, rows_of};
use crate::layout::{self, PRUNED};
use crate::merkle::Edge;
use crate::note::MOST_NOTE;
use crate::others::{self, Look, Others};
use crate::queue::hold;
use crate::run::{Run, Stretch};
use crate::shelf::Kept;
use crate::tiles::Tiles;
use crate::{Entry, Published, ReadError, goes_on, history, parse_entry, published, recover};

/// A log that somebody else writes.
pub(crate) struct Followed {
    root: PathBuf,
    dir: PathBuf,
    log: LogId,
    key: VerifyingKey,
    chain: Chain,
    view: Mutex<View>,
    /// Held while what has come is read.
    reading: Mutex<()>,
}

/// What is known of it.
#[derive(Default)]
struct View {
    edge: Arc<Edge>,
    /// The checkpoint that says so.
    checkpoint: Vec<u8>,
    kept: Kept,
    first_row: u64,
    rows: VecDeque<Row>,
    others: Others,
}

impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").field("log", &self.log).finish_non_exhaustive()
    }
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn malformed<E: std::error::Error + Send + Sync + 'static>(error: E) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl Followed {
    /// The log in that directory of all logs, signed with that key, its index checked with the other.
    pub(crate) fn new(root: PathBuf, log: LogId, key: VerifyingKey, chain: &MacKey) -> Self {
        let dir = root.join(log.to_string());
        let (view, reading) = (Mutex::default(), Mutex::default());
        Self { root, dir, log, key, chain: Chain::new(chain, log), view, reading }
    }

    /// The log.
    pub(crate) const fn log(&self) -> LogId {
        self.log
    }

    fn tiles(&self, size: u64) -> Tiles<'_> {
        Tiles { dir: &self.dir, size }
    }

    /// Takes in what has been published since. An entry of an epoch later than that one waits, with what follows it:
    /// whoever does not know the names of an epoch cannot say who is meant.
    ///
    /// # Errors
    /// What the system says; `InvalidData` where the log is not as it was signed, or does not go on from what it was.
    pub(crate) fn refresh(&self, epoch: u32) -> io::Result<()> {
        let _one = hold(&self.reading);
        let (edge, before) = {
            let view = hold(&self.view);
            (Arc::clone(&view.edge), view.checkpoint.clone())
        };
        let now = published(&self.root, self.log, &self.key)?;
        let Some(now) = now else {
            return if edge.size() == 0 { Ok(()) } else { Err(wrong("the log is gone")) };
        };
        let size = now.checkpoint.size;
        if size < edge.size() {
            return Err(wrong("the log is shorter than it was"));
        }
        let kept = self.read_kept(&now)?;
        if size == edge.size() && now.checkpoint.root == edge.root() {
            self.prune(kept);
            return Ok(());
        }
        if edge.size() == 0 || size - edge.size() > CHUNK || kept.minimum > edge.size() {
            if !before.is_empty() && goes_on(&self.root, self.log, &self.key, &before)? != Some(true) {
                return Err(wrong("the log does not go on from what it was"));
            }
            return self.take_whole(&now, kept, epoch);
        }
        self.take_new(&edge, &now, epoch)?;
        self.prune(kept);
        Ok(())
    }

    fn read_kept(&self, now: &Published) -> io::Result<Kept> {
        match layout::read(&self.dir.join(PRUNED), MOST_NOTE)? {
            Some(octets) => {
                history::parse_pruned(&octets, &now.checkpoint.origin, &self.key).map_err(malformed)
            }
            None => Ok(Kept::default()),
        }
    }

    fn prune(&self, kept: Kept) {
        let mut view = hold(&self.view);
        view.kept = kept;
        view.drop_rows_below(kept.minimum);
        view.others.drop_below(kept.minimum);
    }

    /// Reads a log that was not read before, or has grown by much: its edge, and the rows no run has yet.
    fn take_whole(&self, now: &Published, kept: Kept, epoch: u32) -> io::Result<()> {
        let size = now.checkpoint.size;
        let tiles = self.tiles(size);
        let read = recover::read_shelf(tiles, &now.checkpoint.root).map_err(malformed)?;
        let newest = tiles.proven(size - 1, &read.edge)?.ok_or(wrong("an entry is missing"))?;
        if parse_entry(&newest).map_err(malformed)?.epoch > epoch {
            return Ok(());
        }
        let first_row = kept.minimum.max(size / CHUNK * CHUNK);
        for number in first_row / WIDE..size / WIDE {
            // The hashes of a bundle stand in a tile, and the tile in the tree.
            let leaves = tiles.bundle(number)?.iter().map(|entry| leaf_digest(entry)).collect::<Vec<_>>();
            if tiles.tile(0, number)? != leaves || tiles.proven(number * WIDE, &read.edge)?.is_none() {
                return Err(wrong("a bundle is not of the tree"));
            }
        }
        let rows = rows_of(tiles, first_row, size)?.into();
        let (edge, checkpoint) = (Arc::new(read.edge), now.octets.clone());
        *hold(&self.view) = View { edge, checkpoint, kept, first_row, rows, others: Others::unknown() };
        let others = others::found_in(self).map_err(malformed)?;
        hold(&self.view).others = others;
        Ok(())
    }

    /// Reads what has come, and sees that it leads to the signed root. Where it does not, nothing of it is kept.
    fn take_new(&self, edge: &Edge, now: &Published, epoch: u32) -> io::Result<()> {
        let (from, size) = (edge.size(), now.checkpoint.size);
        let tiles = self.tiles(size);
        let (mut edge, mut rows) = (edge.clone(), Vec::new());
        for number in from / WIDE..size.div_ceil(WIDE) {
            for (index, octets) in (number * WIDE..).zip(tiles.bundle(number)?) {
                if index < from {
                    continue;
                }
                edge.push(leaf_digest(&octets), &mut Vec::new());
                let entry = parse_entry(&octets).map_err(malformed)?;
                if entry.epoch > epoch {
                    return Ok(());
                }
                rows.push(Row::of(&entry));
            }
        }
        if edge.root() != now.checkpoint.root {
            return Err(wrong("the log does not lead to its signed root"));
        }
        let covered = Stretch::cover(size / CHUNK).last().is_none_or(|last| last.path(&self.dir).exists());
        let mut view = hold(&self.view);
        for (index, row) in (from..).zip(&rows).filter(|(_, row)| row.is_by_other()) {
            view.others.push(Look { owner: row.owner, moment: row.moment, index }, others::MOST);
        }
        view.rows.extend(rows);
        (view.edge, view.checkpoint) = (Arc::new(edge), now.octets.clone());
        if covered {
            view.drop_rows_below(size / CHUNK * CHUNK);
        }
        Ok(())
    }

    /// Counts looks by others, as [`crate::Journal::by_others`] does.
    pub(crate) fn others<T>(&self, ask: impl FnOnce(&Others) -> T) -> T {
        ask(&hold(&self.view).others)
    }

    /// Rows of a stretch whose run cannot be read: of the runs it was made of, or of the log itself.
    fn find_without(
        &self,
        query: &Query<'_>,
        side: Side,
        stretch: Stretch,
        found: &mut Vec<(u64, Row)>,
    ) -> Result<(), ReadError> {
        if stretch.level > 0 {
            let parts: Vec<Stretch> = stretch.parts().collect();
            for part in parts.into_iter().rev() {
                if found.len() < query.limit && part.end() > self.kept().minimum {
                    find_in(self, query, side, part, found)?;
                }
            }
            return Ok(());
        }
        tracing::debug!(log = %self.log, number = stretch.number, "a run of another log's index is not there; the log is read");
        let (below, kept) = (query.before.unwrap_or(u64::MAX), self.kept());
        let length = hold(&self.view).edge.size();
        let (first, end) = (stretch.start().max(kept.minimum), stretch.end().min(length));
        let rows = rows_of(self.tiles(length), first, end)?;
        let wanted = (first..end).rev().zip(rows.into_iter().rev());
        let wanted = wanted.filter(|(index, row)| *index < below && row.matches(query, side));
        let room = query.limit.saturating_sub(found.len());
        for (index, _) in wanted.take(room) {
            // Read once more, proven.
            found.push((index, Row::of(&self.entry_at(index)?)));
        }
        Ok(())
    }
}

impl View {
    fn drop_rows_below(&mut self, index: u64) {
        let count = usize::try_from(index.saturating_sub(self.first_row)).unwrap_or(usize::MAX);
        let count = count.min(self.rows.len());
        self.rows.drain(..count);
        self.first_row += u64::try_from(count).unwrap_or(0);
    }
}

impl Source for Followed {
    fn kept(&self) -> Kept {
        hold(&self.view).kept
    }

    fn size(&self) -> u64 {
        hold(&self.view).edge.size()
    }

    fn recent(&self, query: &Query<'_>, side: Side, found: &mut Vec<(u64, Row)>) -> u64 {
        let view = hold(&self.view);
        query.take_recent(side, (view.first_row, &view.rows), found);
        view.first_row
    }

    fn run(&self, stretch: Stretch) -> io::Result<Run<'_>> {
        Run::open(&self.dir, stretch, &self.chain)
    }

    fn mend(
        &self,
        query: &Query<'_>,
        side: Side,
        stretch: Stretch,
        found: &mut Vec<(u64, Row)>,
        _error: io::Error,
    ) -> Result<(), ReadError> {
        self.find_without(query, side, stretch, found)
    }

    fn entry_at(&self, index: u64) -> Result<Entry, ReadError> {
        let (kept, edge) = {
            let view = hold(&self.view);
            (view.kept, Arc::clone(&view.edge))
        };
        kept.answers(index)?;
        if index >= edge.size() {
            return Err(ReadError::NotWritten);
        }
        let octets = self.tiles(edge.size()).proven(index, &edge)?.ok_or(ReadError::NotWritten)?;
        Ok(parse_entry(&octets).map_err(malformed)?)
    }
}

impl Followed {
    /// Whether everything it has is known from that moment on.
    pub(crate) fn answerable_since(&self) -> Option<Moment> {
        self.kept().from
    }
}
