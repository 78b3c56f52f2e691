//! The journal as others use it: append, ask, prove, prune, close.

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};

use honnin_seal::{Digest, SigningKey};
use honnin_terms::Moment;

use crate::disk::{Disk, RealDisk};
use crate::index::{self, CHUNK, Row, Side};
use crate::merkle::{consistency_path, inclusion_path};
use crate::publish::{self, PublishError};
use crate::queue::{Append, Queue, hold};
use crate::recover::{self, StartError};
use crate::shelf::{Kept, Shared};
use crate::tiles::Tiles;
use crate::writer::Writer;
use crate::{AppendError, Bounds, Entry, Query, State, parse_entry, prune};

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
    /// A file is missing, altered or cannot be read.
    #[error("read a file of the journal")]
    Io(#[from] io::Error),
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

/// An open journal. One process has it; threads share it behind an [`Arc`].
pub struct Journal {
    shared: Arc<Shared>,
    threads: Mutex<Option<(JoinHandle<()>, JoinHandle<()>)>>,
    /// Unlocked when the file is closed.
    _lock: File,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("dir", &self.shared.dir).finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens the journal in that directory, or makes one there.
    ///
    /// `origin` names it in checkpoints (a URL without scheme, such as `self.example.jp/journal/1`).
    ///
    /// # Errors
    /// [`StartError`]; but for `Locked` and `Io` the caller must disclose nothing and call a person.
    pub fn open(dir: &Path, origin: &str, key: SigningKey, bounds: Bounds) -> Result<Self, StartError> {
        Self::open_on(dir, origin, key, bounds, Arc::new(RealDisk))
    }

    pub(crate) fn open_on(
        dir: &Path,
        origin: &str,
        key: SigningKey,
        bounds: Bounds,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, StartError> {
        let found = recover::open(dir, origin, &key, &*disk)?;
        let next = found.tail.next;
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            origin: origin.to_owned(),
            key,
            bounds,
            disk,
            queue: Queue::new(bounds.most_waiting_octets, found.latest),
            tail: Mutex::new(found.tail),
            shelf: Mutex::new(found.shelf),
            kept: Mutex::new(found.kept),
            spare: Mutex::new(None),
            segments: Mutex::new(found.segments),
            state: AtomicU8::new(0),
            stop: Mutex::new(false),
            wanted: Condvar::new(),
        });
        prune::sweep(&shared);
        publish::prepare_spare(&shared);
        let writer = Writer::new(Arc::clone(&shared), next);
        let writer = thread::Builder::new().name("journal writer".into()).spawn(move || writer.run())?;
        let publisher = Arc::clone(&shared);
        let publisher = thread::Builder::new()
            .name("journal publisher".into())
            .spawn(move || publish::run(&publisher))?;
        Ok(Self { shared, threads: Mutex::new(Some((writer, publisher))), _lock: found.lock })
    }

    /// Appends an entry; the future gives its index when it is durable.
    ///
    /// The entry is taken at once, whether or not the future is polled. What it stands for may be sent only
    /// after the future gave an index.
    ///
    /// # Errors
    /// The future gives an [`AppendError`]; nothing may then be disclosed.
    pub fn append(&self, entry: &Entry) -> Append {
        self.shared.queue.push(entry)
    }

    /// As [`Self::append`], for callers without a runtime.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_blocking(&self, entry: &Entry) -> Result<u64, AppendError> {
        struct Unpark(Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut append = pin!(self.append(entry));
        loop {
            match append.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(outcome) => return outcome,
                Poll::Pending => thread::park(),
            }
        }
    }

    /// Whether entries are taken; for metrics and readiness.
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Entries written so far; the next one gets this index.
    pub fn size(&self) -> u64 {
        hold(&self.shared.tail).next
    }

    /// The index below which entries were pruned; 0 where none were.
    pub fn minimum(&self) -> u64 {
        self.kept().minimum
    }

    /// The moment from which on all entries are kept; `None` where none were ever pruned.
    pub fn answerable_since(&self) -> Option<Moment> {
        self.kept().from
    }

    fn kept(&self) -> Kept {
        *hold(&self.shared.kept)
    }

    fn tiles(&self) -> Tiles<'_> {
        Tiles { dir: &self.shared.dir, size: hold(&self.shared.tail).published }
    }

    /// Publishes what is durable now, rather than within a second.
    ///
    /// # Errors
    /// [`PublishError`]; the publisher tries again by itself.
    pub fn publish(&self) -> Result<(), PublishError> {
        publish::publish(&self.shared)
    }

    /// Drops whole bundles of entries that all lie before that moment, but for grants still in force then.
    /// Gives the new minimum index.
    ///
    /// # Errors
    /// [`PublishError`]; what was dropped so far is dropped, and the next call goes on.
    pub fn prune(&self, before: Moment) -> Result<u64, PublishError> {
        prune::prune(&self.shared, before)
    }

    /// The entry of that index.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(&self, index: u64) -> Result<Entry, ReadError> {
        let octets = self.octets(index)?;
        Ok(parse_entry(&octets).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?)
    }

    fn octets(&self, index: u64) -> Result<Vec<u8>, ReadError> {
        let (entry, next, published) = {
            let tail = hold(&self.shared.tail);
            (tail.entry(index), tail.next, tail.published)
        };
        self.check_kept(index)?;
        if let Some(entry) = entry {
            return Ok(entry);
        }
        if index >= next {
            return Err(ReadError::NotWritten);
        }
        let tiles = Tiles { dir: &self.shared.dir, size: published };
        let position = usize::try_from(index % 256).unwrap_or(usize::MAX);
        tiles.bundle(index / 256)?.into_iter().nth(position).ok_or(ReadError::NotWritten)
    }

    fn check_kept(&self, index: u64) -> Result<(), ReadError> {
        match self.kept() {
            Kept { minimum, from: Some(from) } if index < minimum => {
                Err(ReadError::NotAnswerable { pruned_before: from })
            }
            Kept { .. } => Ok(()),
        }
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

    fn find(&self, query: &Query<'_>, side: Side) -> Result<Vec<u64>, ReadError> {
        let kept = self.kept();
        if let Some(from) = kept.from.filter(|from| query.from < *from) {
            return Err(ReadError::NotAnswerable { pruned_before: from });
        }
        let below = query.before.unwrap_or(u64::MAX);
        let mut found = Vec::new();
        let first_row = {
            let tail = hold(&self.shared.tail);
            let end = tail.first_row + u64::try_from(tail.rows.len()).unwrap_or(0);
            let rows = (tail.first_row..end).rev().zip(tail.rows.iter().rev());
            let wanted = rows.filter(|(index, row)| *index < below && row.matches(query, side));
            found.extend(wanted.map(|(index, _)| index).take(query.limit));
            tail.first_row
        };
        let tiles = self.tiles();
        let last = first_row.min(below).div_ceil(CHUNK).min(first_row / CHUNK);
        for chunk in (kept.minimum / CHUNK..last).rev() {
            if found.len() >= query.limit {
                break;
            }
            self.find_in_chunk(query, side, tiles, chunk, &mut found)?;
        }
        Ok(found)
    }

    fn find_in_chunk(
        &self,
        query: &Query<'_>,
        side: Side,
        tiles: Tiles<'_>,
        chunk: u64,
        found: &mut Vec<u64>,
    ) -> Result<(), ReadError> {
        let file = index::read(&*self.shared.disk, tiles, chunk, self.kept().minimum)?;
        if !file.may_hold(query) {
            return Ok(());
        }
        for offset in file.offsets(query, side) {
            let index = chunk * CHUNK + u64::from(offset);
            if found.len() >= query.limit {
                break;
            }
            if query.before.is_none_or(|before| index < before)
                && Row::of(&self.read(index)?).matches(query, side)
            {
                found.push(index);
            }
        }
        Ok(())
    }

    /// Proves that the entry of that index stands in the published tree.
    ///
    /// # Errors
    /// [`ReadError::NotPublished`] where it is newer than the checkpoint.
    pub fn inclusion_proof(&self, index: u64) -> Result<Proof, ReadError> {
        self.check_kept(index)?;
        let (size, root) = {
            let published = hold(&self.shared.shelf);
            (published.edge.size(), published.edge.root())
        };
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

    /// Refuses new entries, makes durable and publishes what waits, and ends the threads.
    ///
    /// # Errors
    /// [`PublishError`] where something could not be published; it is durable in its segment.
    pub fn close(self) -> Result<(), PublishError> {
        self.end();
        self.publish()
    }

    /// What its threads share, so that tests can hold one of them still.
    #[cfg(test)]
    pub(crate) fn shared_for_tests(&self) -> &Shared {
        &self.shared
    }

    fn end(&self) {
        let Some((writer, publisher)) = hold(&self.threads).take() else { return };
        self.shared.queue.refuse(AppendError::Closed);
        // A thread that panicked has said so; there is nothing to add.
        drop(writer.join());
        *hold(&self.shared.stop) = true;
        self.shared.wanted.notify_all();
        drop(publisher.join());
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.end();
    }
}
