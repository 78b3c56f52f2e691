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
use honnin_terms::LogId;

use crate::ask::{Mended, Source};
use crate::bundle::{WIDE, WIDTH};
use crate::chain::Chain;
use crate::index::{CHUNK, Query, Row, Side};
use crate::layout::{self, PRUNED};
use crate::merkle::{Edge, complete_root};
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

    /// What is kept of it, and the edge of its tree.
    fn seen(&self) -> (Kept, Arc<Edge>) {
        let view = hold(&self.view);
        (view.kept, Arc::clone(&view.edge))
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
        let rows = proven_rows(tiles, &read.edge, first_row, size)?.into();
        let (edge, checkpoint) = (Arc::new(read.edge), now.octets.clone());
        let whole = View { edge, checkpoint, kept, first_row, rows, others: Others::unknown() };
        let before = std::mem::replace(&mut *hold(&self.view), whole);
        match others::found_in(self) {
            Ok(others) => hold(&self.view).others = others,
            Err(error) => {
                // As before, so that it is read again: otherwise looks by others would stay unknown.
                *hold(&self.view) = before;
                return Err(malformed(error));
            }
        }
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
}

/// The rows from one index to another, of bundles that stand in their tiles, and the tiles in the tree: of an entry that
/// was altered nobody takes it that it is not there.
fn proven_rows(tiles: Tiles<'_>, edge: &Edge, start: u64, end: u64) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for number in start / WIDE..end.div_ceil(WIDE) {
        let (first, entries) = (number * WIDE, tiles.bundle(number)?);
        let leaves = entries.iter().map(|entry| leaf_digest(entry)).collect::<Vec<_>>();
        if tiles.tile(0, number)? != leaves {
            return Err(wrong("a bundle is not of its tile"));
        }
        if leaves.len() == WIDTH {
            tiles.holds((1, number), complete_root(&leaves), edge)?;
        } else {
            (first..).zip(leaves).try_for_each(|(index, leaf)| tiles.holds((0, index), leaf, edge))?;
        }
        for (_, octets) in (first..).zip(entries).filter(|(index, _)| (start..end).contains(index)) {
            rows.push(Row::of(&parse_entry(&octets).map_err(malformed)?));
        }
    }
    Ok(rows)
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

    /// The runs it was made of, or the log itself: its index is not ours to make.
    fn mend(&self, stretch: Stretch, error: io::Error) -> Result<Mended, ReadError> {
        if stretch.level > 0 {
            return Ok(Mended::Parts);
        }
        tracing::debug!(log = %self.log, number = stretch.number, %error, "a run of another log's index does not answer; the log is read");
        let (kept, edge) = self.seen();
        let (first, end) = (stretch.start().max(kept.minimum), stretch.end().min(edge.size()));
        Ok(Mended::Rows(first, proven_rows(self.tiles(edge.size()), &edge, first, end)?.into()))
    }

    fn entry_at(&self, index: u64) -> Result<Entry, ReadError> {
        let (kept, edge) = self.seen();
        kept.answers(index)?;
        if index >= edge.size() {
            return Err(ReadError::NotWritten);
        }
        let octets = self.tiles(edge.size()).proven(index, &edge)?.ok_or(ReadError::NotWritten)?;
        Ok(parse_entry(&octets).map_err(malformed)?)
    }
}
