//! The journal as others use it: open, append, publish, prune, close.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use honnin_terms::{EntryRef, LogId, Moment};

use crate::anchoring::{self, Anchored};
use crate::batch::Append;
use crate::chain::{Anchor, AnchorError, Chain, Head, LogKeys};
use crate::disk::{Disk, RealDisk};
use crate::pace::Steps;
use crate::publish::{self, PublishError};
use crate::queue::{Queue, Steady, hold};
use crate::recover::{self, Found, StartError};
use crate::shelf::{Kept, Shared};
use crate::tiles::Tiles;
use crate::writer::Writer;
use crate::{AppendError, Bounds, Entry, State, prune};

/// One open log of the journal. One process has it; threads share it behind an [`Arc`].
pub struct Journal {
    pub(crate) shared: Arc<Shared>,
    opened: Opened,
    threads: Mutex<Option<Threads>>,
    /// Unlocked when the file is closed.
    _lock: File,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("dir", &self.shared.dir).finish_non_exhaustive()
    }
}

/// The writer, and those who work beside it.
struct Threads {
    writer: JoinHandle<()>,
    beside: Vec<JoinHandle<()>>,
}

/// With what a log is opened.
pub struct Opening {
    /// The directory of all logs; each has one of its own in it.
    pub root: PathBuf,
    /// The log; one node has one.
    pub log: LogId,
    /// Names the journal in checkpoints (a URL without scheme, such as `self.example.jp/journal/1`); the log's name
    /// follows it there.
    pub origin: String,
    /// The keys.
    pub keys: LogKeys,
    /// The bounds.
    pub bounds: Bounds,
    /// Where the head is kept.
    pub anchor: Arc<dyn Anchor>,
    /// A clock that only goes forward.
    pub steady: Option<Steady>,
    /// Whether a person says that the files are what there is, although nothing is anchored or more was: after both
    /// were restored from copies. It is for the caller to write down who said so.
    pub as_it_is: bool,
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("root", &self.root).field("log", &self.log).finish_non_exhaustive()
    }
}

/// What was found when a log was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Entries there were.
    pub size: u64,
    /// Entries that were durable and not published: it was not closed.
    pub unpublished: u64,
    /// Whether a last batch was broken and cut off: a crash while it was written, or somebody's hand. Nobody was told of
    /// what was in it, unless the head was not anchored for the last moment before.
    pub cut: bool,
}

impl Journal {
    /// Opens a log, or makes it where there is none.
    ///
    /// Nothing enters the tree that was not written with the key: a frame that was forged, edited or taken from
    /// elsewhere is refused or cut, and a log shorter than its anchored head is refused.
    ///
    /// # Errors
    /// [`StartError`]; but for `Locked`, `Anchor` and `Io` the caller must disclose nothing and call a person.
    pub fn open(opening: Opening) -> Result<Self, StartError> {
        Self::open_on(opening, Arc::new(RealDisk))
    }

    pub(crate) fn open_on(opening: Opening, disk: Arc<dyn Disk>) -> Result<Self, StartError> {
        let Opening { root, log, origin, keys, bounds, anchor, steady, as_it_is } = opening;
        let chain = Chain::new(&keys.chain, log);
        let (dir, origin) = (root.join(log.to_string()), format!("{origin}/{log}"));
        let kept = anchor.read(log)?;
        let kept = kept.map(|octets| Head::parse(&octets, &chain)).transpose();
        let kept = kept.map_err(|_| StartError::Mismatch("its anchored head is not of this log and key"))?;
        let found = recover::open(&dir, &origin, &keys.signing, &chain, &*disk)?;
        match kept {
            Some(kept) if !as_it_is => {
                found.reaches(&kept)?;
                found.was_anchored(&kept)?;
            }
            None if !as_it_is && found.tail.next > 0 => return Err(StartError::Unanchored),
            Some(_) | None => {}
        }
        let Found { lock, shelf, tail, kept, segments, time, heads: _, anchored: _, cut } = found;
        let opened = Opened { size: tail.next, unpublished: tail.next - tail.published, cut };
        // Anchored before anything is appended: from here on an empty log is not taken for a new one.
        anchor.write(log, &tail.head().octets(&chain))?;
        let (next, before) = (tail.next, tail.tag);
        let shared = Arc::new(Shared {
            log,
            dir,
            origin,
            key: keys.signing,
            chain,
            anchor,
            anchored: Mutex::new(Anchored::of(next)),
            anchoring: Mutex::new(()),
            bounds,
            disk,
            queue: Queue::new(bounds.most_waiting_octets, log, time, steady),
            tail: Mutex::new(tail),
            shelf: Mutex::new(shelf),
            kept: Mutex::new(kept),
            spare: Mutex::new(None),
            segments: Mutex::new(segments),
            state: AtomicU8::new(0),
            stop: Mutex::new(false),
            wanted: Condvar::new(),
            stopped: Condvar::new(),
        });
        prune::sweep(&shared);
        publish::prepare_spare(&shared, &mut Steps::at_once());
        let writer = Writer::new(Arc::clone(&shared), next, before);
        let writer = thread::Builder::new().name("journal writer".into()).spawn(move || writer.run())?;
        let beside = |name: &str, run: fn(&Arc<Shared>)| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name(name.into()).spawn(move || run(&shared))
        };
        let beside =
            vec![beside("journal publisher", publish::run)?, beside("journal anchor", anchoring::run)?];
        let journal =
            Self { shared, opened, threads: Mutex::new(Some(Threads { writer, beside })), _lock: lock };
        journal.remember_others();
        Ok(journal)
    }

    /// The log.
    pub fn log(&self) -> LogId {
        self.shared.log
    }

    /// What was found when it was opened.
    pub const fn opened(&self) -> Opened {
        self.opened
    }

    /// Has the head anchored now, rather than within [`Bounds::anchor_millis`].
    ///
    /// # Errors
    /// [`AnchorError`]; it is tried again by itself.
    pub fn anchor(&self) -> Result<(), AnchorError> {
        anchoring::anchor(&self.shared)
    }

    /// Entries that are durable and not yet anchored.
    pub fn unanchored(&self) -> u64 {
        let anchored = hold(&self.shared.anchored).size;
        self.size().saturating_sub(anchored)
    }

    /// For how long there has been something durable that is not anchored, in milliseconds.
    pub fn unanchored_millis(&self) -> u64 {
        u64::try_from(hold(&self.shared.anchored).unanchored().as_millis()).unwrap_or(u64::MAX)
    }

    /// The longest time since it was opened for which something durable was not anchored, in milliseconds.
    pub fn longest_unanchored_millis(&self) -> u64 {
        u64::try_from(hold(&self.shared.anchored).longest().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether the clock was set and nobody has said since that it is right. It stops nothing that is shown to its owner.
    pub fn is_clock_unsettled(&self) -> bool {
        self.shared.queue.is_unsettled()
    }

    /// How often the clock was found to be set since this was opened.
    pub fn clock_sets(&self) -> u64 {
        self.shared.queue.clock_sets()
    }

    /// Looks whether the clock stands elsewhere than the time that went by would have it, and writes it down where it
    /// does, though nobody else has anything to write. Whether it did.
    pub fn look_at_clock(&self, now: Moment, epoch: u32) -> bool {
        self.shared.queue.look_at_clock(now, epoch)
    }

    /// Appends an entry; the future gives its place when it is durable.
    ///
    /// The entry is taken at once, whether or not the future is polled. What it stands for may be sent only
    /// after the future gave a place.
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
    pub fn append_blocking(&self, entry: &Entry) -> Result<EntryRef, AppendError> {
        pollster::block_on(self.append(entry))
    }

    /// Whether entries are taken; for metrics and readiness.
    pub fn state(&self) -> State {
        let state = self.shared.state();
        if state == State::Ready && self.shared.queue.is_adrift() { State::Unanchored } else { state }
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

    pub(crate) fn kept(&self) -> Kept {
        *hold(&self.shared.kept)
    }

    pub(crate) fn tiles(&self) -> Tiles<'_> {
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
        let Some(Threads { writer, beside }) = hold(&self.threads).take() else { return };
        self.shared.queue.refuse(AppendError::Closed);
        // A thread that panicked has said so; there is nothing to add.
        drop(writer.join());
        *hold(&self.shared.stop) = true;
        self.shared.wanted.notify_all();
        self.shared.stopped.notify_all();
        for thread in beside {
            drop(thread.join());
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.end();
    }
}
