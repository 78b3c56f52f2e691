//! The one thread that writes. Small writes that wait together share one transaction, so that they share one wait
//! for the disk; each is a savepoint of its own, so that one that is refused takes no other with it.

use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use honnin_store::{Changed, Error, Watchers};
use honnin_terms::{Clock, Moment};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::fault::Fault;
use crate::{Bounds, StartError, schema};

/// What a write gives back, and what it has changed of what may be cached.
pub(crate) struct Written<T> {
    pub(crate) answer: T,
    pub(crate) changed: Vec<Changed>,
}

impl<T> Written<T> {
    /// A write that changed nothing that anybody keeps.
    pub(crate) const fn uncached(answer: T) -> Self {
        Self { answer, changed: Vec::new() }
    }
}

/// How a write is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Shares a transaction with others that wait.
    Small,
    /// Has a transaction of its own.
    Large,
    /// Nobody waits for it: goes with the next transaction, at the latest after [`Bounds::poll_ms`].
    Lazy,
}

/// A write on its way.
trait Job: Send {
    /// Does its statements within the open savepoint.
    fn run(&mut self, connection: &Connection) -> Result<(), Error>;
    /// What it has changed, once it has run.
    fn changed(&mut self) -> Vec<Changed>;
    /// Tells its caller, after the transaction is durable or is gone.
    fn end(self: Box<Self>, transaction: Result<(), Error>);
}

struct Task<F, T> {
    work: Option<F>,
    outcome: Result<Written<T>, Error>,
    caller: oneshot::Sender<Result<T, Error>>,
}

impl<F, T> Job for Task<F, T>
where
    F: FnOnce(&Connection) -> Result<Written<T>, Fault> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), Error> {
        let Some(work) = self.work.take() else { return Ok(()) };
        self.outcome = work(connection).map_err(Fault::told);
        self.outcome.as_ref().map(|_| ()).map_err(|error| *error)
    }

    fn changed(&mut self) -> Vec<Changed> {
        self.outcome.as_mut().map(|written| std::mem::take(&mut written.changed)).unwrap_or_default()
    }

    fn end(self: Box<Self>, transaction: Result<(), Error>) {
        let answer = transaction.and(self.outcome.map(|written| written.answer));
        // A caller that went away has no use for the answer; the write stands.
        drop(self.caller.send(answer));
    }
}

enum Order {
    Write(Kind, Box<dyn Job>),
    Stop,
}

/// The way to the writing thread.
pub(crate) struct Writer {
    orders: SyncSender<Order>,
    waiting: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
    shut: AtomicBool,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        file: &Path,
        bounds: Bounds,
        clock: Arc<dyn Clock>,
        watchers: Watchers,
    ) -> Result<Self, StartError> {
        let (orders, received) = sync_channel(bounds.queue.max(1));
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut desk = Desk {
            connection,
            received,
            waiting: Arc::clone(&waiting),
            watchers,
            clock,
            log: schema::log_of(file),
            bounds,
            put_aside: None,
            lazy: VecDeque::new(),
            lazy_since: Moment::EPOCH,
            version: 0,
        };
        desk.version = desk.data_version()?;
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(move || desk.work())?;
        Ok(Self { orders, waiting, thread: Mutex::new(Some(thread)), shut: AtomicBool::new(false) })
    }

    /// Writes waiting now.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Puts a write in the queue; its answer comes when it is durable.
    pub(crate) fn put<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnOnce(&Connection) -> Result<Written<T>, Fault> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, Error>>, Error> {
        if self.shut.load(Ordering::Acquire) {
            return Err(Error::Unavailable);
        }
        let (caller, answer) = oneshot::channel();
        let job = Task { work: Some(work), outcome: Err(Error::Unavailable), caller };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        match self.orders.try_send(Order::Write(kind, Box::new(job))) {
            Ok(()) => Ok(answer),
            Err(refused) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                Err(match refused {
                    TrySendError::Full(_) => Error::TryAgain,
                    TrySendError::Disconnected(_) => Error::Unavailable,
                })
            }
        }
    }

    /// Carries out what waits, ends the thread and waits for it.
    pub(crate) fn stop(&self) {
        self.shut.store(true, Ordering::Release);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // An error means the thread has ended already.
            drop(self.orders.send(Order::Stop));
            if thread.join().is_err() {
                tracing::error!("the writing thread has ended by a bug");
            }
        }
    }
}

/// The writing thread's own side.
struct Desk {
    connection: Connection,
    received: Receiver<Order>,
    waiting: Arc<AtomicUsize>,
    watchers: Watchers,
    clock: Arc<dyn Clock>,
    log: PathBuf,
    bounds: Bounds,
    /// Was taken from the queue but does not belong into the group that was being gathered.
    put_aside: Option<Order>,
    lazy: VecDeque<Box<dyn Job>>,
    lazy_since: Moment,
    /// The engine's counter of what other connections have written.
    version: i64,
}

impl Desk {
    fn work(&mut self) {
        let poll = Duration::from_millis(self.bounds.poll_ms.max(1).into());
        loop {
            let order = match self.put_aside.take() {
                Some(order) => Ok(order),
                None => self.received.recv_timeout(poll),
            };
            match order {
                Ok(Order::Write(Kind::Lazy, job)) => self.lay_aside(job),
                Ok(Order::Write(Kind::Large, job)) => self.commit(vec![job]),
                Ok(Order::Write(Kind::Small, job)) => {
                    let group = self.gather(job);
                    self.commit(group);
                }
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.commit(Vec::new()),
            }
            self.notice_others();
            self.bound_log();
        }
        self.commit(Vec::new());
        if let Err(error) = self.cut_log() {
            Fault::from(error).told();
        }
    }

    /// Takes what waits as well, up to the bound of a group.
    fn gather(&mut self, first: Box<dyn Job>) -> Vec<Box<dyn Job>> {
        let mut group = vec![first];
        while group.len() < self.bounds.group {
            match self.received.try_recv() {
                Ok(Order::Write(Kind::Small, job)) => group.push(job),
                Ok(Order::Write(Kind::Lazy, job)) => self.lazy.push_back(job),
                Ok(order @ (Order::Write(Kind::Large, _) | Order::Stop)) => {
                    self.put_aside = Some(order);
                    break;
                }
                Err(_) => break,
            }
        }
        group
    }

    fn lay_aside(&mut self, job: Box<dyn Job>) {
        let now = self.clock.now();
        if self.lazy.is_empty() {
            self.lazy_since = now;
        }
        self.lazy.push_back(job);
        let age = now.millis().saturating_sub(self.lazy_since.millis());
        if self.lazy.len() >= self.bounds.group || age >= i64::from(self.bounds.poll_ms) {
            self.commit(Vec::new());
        }
    }

    /// One transaction: all that succeed become durable together, then whoever watches learns of it, then the callers.
    /// A crash before the end of `commit` leaves nothing of it; after that, all of it.
    fn commit(&mut self, group: Vec<Box<dyn Job>>) {
        let mut jobs: Vec<_> = self.lazy.drain(..).collect();
        jobs.extend(group);
        if jobs.is_empty() {
            return;
        }
        self.waiting.fetch_sub(jobs.len(), Ordering::Relaxed);
        let transaction = self.transact(&mut jobs).map_err(Fault::told);
        if transaction.is_err() && !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("rollback"));
        }
        if transaction.is_ok() {
            let changed: Vec<Changed> = jobs.iter_mut().flat_map(|job| job.changed()).collect();
            self.watchers.tell(&changed);
        }
        for job in jobs {
            job.end(transaction);
        }
    }

    fn transact(&self, jobs: &mut [Box<dyn Job>]) -> Result<(), Fault> {
        let alone = jobs.len() == 1;
        self.run("begin immediate")?;
        for job in jobs {
            if !alone {
                self.run("savepoint one")?;
            }
            let refused = job.run(&self.connection).err();
            // A full disk makes the engine give up the whole transaction, and with it what ran before.
            if self.connection.is_autocommit() {
                return Err(refused.unwrap_or(Error::Unavailable).into());
            }
            match refused {
                Some(error) if alone => return Err(error.into()),
                Some(_) => self.run("rollback to one")?,
                None => {}
            }
            if !alone {
                self.run("release one")?;
            }
        }
        self.run("commit")
    }

    fn run(&self, sql: &str) -> Result<(), Fault> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn data_version(&self) -> Result<i64, rusqlite::Error> {
        self.connection.prepare_cached("pragma data_version")?.query_row([], |row| row.get(0))
    }

    /// Another process has written, such as an intake beside a running server: what is kept of it may be of yesterday.
    /// Our own writes do not count here, because this is the connection that made them.
    fn notice_others(&mut self) {
        match self.data_version() {
            Ok(version) if version == self.version => {}
            Ok(version) => {
                self.version = version;
                self.watchers.tell(&[Changed::Everything]);
            }
            Err(error) => {
                // What cannot be known is taken to have changed.
                self.watchers.tell(&[Changed::Everything]);
                Fault::from(error).told();
            }
        }
    }

    /// A reader that stays long keeps the log from being used anew, so that it grows; cut it when that is over.
    fn bound_log(&mut self) {
        let octets = std::fs::metadata(&self.log).map_or(0, |file| file.len());
        if octets > self.bounds.log_most_octets
            && let Err(error) = self.cut_log()
        {
            Fault::from(error).told();
        }
    }

    /// Copies the log into the file and cuts it, unless a reader still needs it. Waits for nobody.
    fn cut_log(&mut self) -> Result<(), rusqlite::Error> {
        self.connection.busy_timeout(Duration::ZERO)?;
        let cut = self.connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
        schema::wait_evenly(&mut self.connection, self.bounds.busy_ms)?;
        cut
    }
}
