//! A fixed pool of password hashers: so many threads, so much memory, so long a queue, and no more.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use honnin_seal::{BadPhc, HashCost, Hasher};
use tokio::sync::oneshot;

/// Bounds of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolBounds {
    /// Threads, each with the memory of one hash. Default 1; set it to the number of cores less one.
    pub threads: usize,
    /// Sign-ins that may wait; one more is refused at once. Default 64.
    pub queue: usize,
    /// Cost of our own hashes.
    pub cost: HashCost,
}

impl Default for PoolBounds {
    fn default() -> Self {
        Self { threads: 1, queue: 64, cost: HashCost::default() }
    }
}

type Job = Box<dyn FnOnce(&mut Hasher) + Send>;

/// The pool. Its threads end when it is dropped and the queue is empty.
pub struct HashPool {
    jobs: SyncSender<Job>,
    bounds: PoolBounds,
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPool").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// The queue is full, or the pool has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("hash a password: too many wait already")]
pub(crate) struct PoolBusy;

impl HashPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system's reason where a thread cannot be started.
    pub fn start(bounds: PoolBounds) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel::<Job>(bounds.queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..bounds.threads.max(1) {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work(&waiting, bounds.cost.hasher()))?;
        }
        Ok(Self { jobs, bounds })
    }

    /// The cost of our own hashes.
    pub(crate) const fn cost(&self) -> HashCost {
        self.bounds.cost
    }

    /// Runs one job with a hasher's memory, or refuses at once.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Hasher) -> Result<T, BadPhc> + Send + 'static,
    ) -> Result<Result<T, BadPhc>, PoolBusy> {
        let (done, answer) = oneshot::channel();
        let job: Job = Box::new(move |hasher| {
            // Whoever asked may have left; the hash is then thrown away.
            drop(done.send(job(hasher)));
        });
        self.jobs.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => PoolBusy,
        })?;
        answer.await.map_err(|_| PoolBusy)
    }
}

fn work(waiting: &Mutex<Receiver<Job>>, mut hasher: Hasher) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(&mut hasher),
            Err(_) => return,
        }
    }
}
