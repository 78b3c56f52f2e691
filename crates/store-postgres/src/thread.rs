//! The one thread that speaks with the server.
//!
//! A call is handed to it and carried out to its end: a caller that goes away, such as a browser that is closed, leaves no
//! transaction half-way. On one thread what a transaction sends together stays together.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use honnin_store::{Error, Watchers};
use honnin_terms::Clock;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;

use crate::desk::Desk;
use crate::{Bounds, StartError, Target, others};

/// What a call does on the thread.
pub(crate) type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A call on its way to the thread.
pub(crate) type Job = Box<dyn FnOnce(Rc<Desk>) -> Work + Send>;

struct Order {
    job: Job,
    counted: Counted,
}

/// One call under way; counted until it is dropped.
struct Counted(Vec<Arc<AtomicUsize>>);

impl Counted {
    fn new(counts: Vec<Arc<AtomicUsize>>) -> Self {
        for count in &counts {
            count.fetch_add(1, Ordering::AcqRel);
        }
        Self(counts)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        for count in &self.0 {
            count.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// The way to the thread.
pub(crate) struct Thread {
    orders: Option<UnboundedSender<Order>>,
    calls: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
    most: usize,
    shut: AtomicBool,
    handle: Mutex<Option<JoinHandle<()>>>,
}

/// How long between two looks at whether the last write has ended.
const LOOK: Duration = Duration::from_millis(2);

impl Thread {
    pub(crate) fn start(
        target: &Target,
        bounds: Bounds,
        clock: Arc<dyn Clock>,
        watchers: Watchers,
        node: [u8; 16],
    ) -> Result<Self, StartError> {
        let (orders, received) = unbounded_channel();
        let (calls, writes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (ready, started) = mpsc::channel();
        let (target, under_way) = (target.clone(), Arc::clone(&writes));
        let handle = thread::Builder::new().name("store-postgres".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(reason) => return drop(ready.send(Err(reason.into()))),
            };
            LocalSet::new().block_on(&runtime, async move {
                match Desk::open(&target, bounds, clock, watchers, node).await {
                    Ok(desk) => {
                        drop(ready.send(Ok(())));
                        work(Rc::new(desk), received, &under_way).await;
                    }
                    Err(reason) => drop(ready.send(Err(reason))),
                }
            });
        })?;
        let opened = started.recv().unwrap_or(Err(StartError::Silent));
        let thread = Self {
            orders: Some(orders),
            calls,
            writes,
            most: bounds.queue,
            shut: AtomicBool::new(false),
            handle: Mutex::new(Some(handle)),
        };
        opened.map(|()| thread)
    }

    /// Writes under way.
    pub(crate) fn waiting(&self) -> usize {
        self.writes.load(Ordering::Acquire)
    }

    /// Hands a call over.
    pub(crate) fn put(&self, writes: bool, job: Job) -> Result<(), Error> {
        if writes && self.shut.load(Ordering::Acquire) {
            return Err(Error::Unavailable);
        }
        let mut counts = vec![Arc::clone(&self.calls)];
        counts.extend(writes.then(|| Arc::clone(&self.writes)));
        let counted = Counted::new(counts);
        if self.calls.load(Ordering::Acquire) > self.most {
            return Err(Error::TryAgain);
        }
        let orders = self.orders.as_ref().ok_or(Error::Unavailable)?;
        orders.send(Order { job, counted }).map_err(|_| Error::Unavailable)
    }

    /// Refuses writes from now on and waits for those under way.
    pub(crate) async fn close(&self) {
        self.shut.store(true, Ordering::Release);
        let (ended, end) = tokio::sync::oneshot::channel();
        let writes = Arc::clone(&self.writes);
        let job: Job = Box::new(move |_| {
            Box::pin(async move {
                while writes.load(Ordering::Acquire) > 0 {
                    sleep(LOOK).await;
                }
                _ = ended.send(());
            })
        });
        if self.put(false, job).is_ok() {
            // An error means the thread has ended, and with it every write.
            drop(end.await);
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.orders = None;
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if handle.is_some_and(|handle| handle.join().is_err()) {
            tracing::error!("the thread of the store has ended by a bug");
        }
    }
}

/// Carries out what comes until nobody can ask any more, then what still writes.
async fn work(desk: Rc<Desk>, mut received: UnboundedReceiver<Order>, writes: &AtomicUsize) {
    let looking = spawn_local(others::look(Rc::clone(&desk)));
    while let Some(Order { job, counted }) = received.recv().await {
        let work = job(Rc::clone(&desk));
        spawn_local(async move {
            work.await;
            drop(counted);
        });
    }
    looking.abort();
    while writes.load(Ordering::Acquire) > 0 {
        sleep(LOOK).await;
    }
}
