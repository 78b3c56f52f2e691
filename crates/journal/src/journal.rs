//! The journal as others use it: open, append, publish, prune, close.

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};

use honnin_seal::SigningKey;
use honnin_terms::Moment;

use crate::disk::{Disk, RealDisk};
use crate::publish::{self, PublishError};
use crate::queue::{Append, Queue, hold};
use crate::recover::{self, StartError};
use crate::shelf::{Kept, Shared};
use crate::tiles::Tiles;
use crate::writer::Writer;
use crate::{AppendError, Bounds, Entry, State, prune};

/// An open journal. One process has it; threads share it behind an [`Arc`].
pub struct Journal {
    pub(crate) shared: Arc<Shared>,
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
