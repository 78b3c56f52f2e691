//! A fixed pool of password hashers: so many threads, so much memory, so long a queue, and no more.
//!
//! One pool serves everything that hashes, so that its memory is planned once. Whose turn it is decides [`turns`].

mod ahead;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod simulated;
pub(crate) mod turns;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use honnin_seal::{BadPhc, HashCost, Hasher, Spent};
use tokio::sync::oneshot;
use tokio::time::Instant;

pub use ahead::Ahead;
use ahead::{Standing, Told};
use turns::{Place, Pushed, Turns, Who};

/// Bounds of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolBounds {
    /// Threads, each with the memory of one hash. Default 1; set it to the number of cores less one.
    pub threads: usize,
    /// Sign-ins that may wait; beyond that whoever has most waiting gives way. Default 2,048.
    pub queue: usize,
    /// Cost of our own hashes.
    pub cost: HashCost,
}

impl Default for PoolBounds {
    fn default() -> Self {
        Self { threads: 1, queue: 2_048, cost: HashCost::default() }
    }
}

/// Work, and whose it is.
struct Job {
    who: Who,
    run: Box<dyn FnOnce(&mut Hasher) + Send>,
}

struct State {
    turns: Turns<Job>,
    standing: Standing,
    spent: Spent,
    ended: bool,
}

struct Shared {
    state: Mutex<State>,
    told: Arc<Told>,
    work: Condvar,
    hashed: AtomicU64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pool. Its threads end when it is dropped and the queue is empty.
pub struct HashPool {
    shared: Arc<Shared>,
    bounds: PoolBounds,
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashPool").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl Drop for HashPool {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.work.notify_all();
    }
}

/// There is no room, or the pool has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("hash a password: too many wait already")]
pub(crate) struct PoolBusy;

/// Work in the queue: taken out again when whoever asked has gone.
struct InQueue<'a> {
    shared: &'a Shared,
    place: Place,
}

impl Drop for InQueue<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let gone = state.turns.take_out(self.place);
        if let Some(gone) = &gone {
            state.standing.ended(&gone.who);
        }
        drop(state);
        // What it holds is given back without the lock.
        drop(gone);
    }
}

impl HashPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The system's reason where a thread cannot be started.
    pub fn start(bounds: PoolBounds) -> std::io::Result<Self> {
        Self::start_by(bounds, |number, work| {
            thread::Builder::new().name(format!("hash-{number}")).spawn(work).map(drop)
        })
    }

    /// The same on threads that the caller starts: each runs what it is given to its end.
    ///
    /// # Errors
    /// What the caller says where a thread cannot be started.
    pub fn start_by(
        bounds: PoolBounds,
        mut start: impl FnMut(usize, Box<dyn FnOnce() + Send>) -> std::io::Result<()>,
    ) -> std::io::Result<Self> {
        let (turns, standing, spent) = (Turns::new(bounds.queue), Standing::default(), Spent::default());
        let told = Arc::clone(&standing.told);
        let state = Mutex::new(State { turns, standing, spent, ended: false });
        let shared = Arc::new(Shared { state, told, work: Condvar::new(), hashed: AtomicU64::new(0) });
        let pool = Self { shared, bounds };
        for number in 0..bounds.threads.max(1) {
            let shared = Arc::clone(&pool.shared);
            start(number, Box::new(move || work(&shared, bounds.cost.hasher())))?;
        }
        Ok(pool)
    }

    /// The cost of our own hashes.
    pub(crate) const fn cost(&self) -> HashCost {
        self.bounds.cost
    }

    /// How many jobs have had their turn, and how many wait.
    pub fn figures(&self) -> (u64, usize) {
        (self.shared.hashed.load(Ordering::Relaxed), self.shared.lock().turns.len())
    }

    /// How long whoever signs in now would wait for her turn. Nobody is waited for to know it.
    pub fn ahead(&self) -> Ahead {
        self.shared.told.ahead(self.bounds.threads)
    }

    /// What was computed for all jobs that are done.
    pub fn spent(&self) -> Spent {
        self.shared.lock().spent
    }

    /// Runs one job with a hasher's memory when its turn comes; `begun` is set at that moment. Whoever stops waiting
    /// before takes the job along: it is not run.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        who: Who,
        begun: Arc<AtomicBool>,
        job: impl FnOnce(&mut Hasher) -> Result<T, BadPhc> + Send + 'static,
    ) -> Result<Result<T, BadPhc>, PoolBusy> {
        let (done, answer) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let run = Box::new(move |hasher: &mut Hasher| {
            begun.store(true, Ordering::Release);
            let result = job(hasher);
            shared.lock().spent += hasher.take_spent();
            // Whoever asked may have left in this very moment; the hash is then thrown away.
            drop(done.send(result));
        });
        let place = {
            let mut state = self.shared.lock();
            let place = match state.turns.push(who, Job { who, run }) {
                Pushed::Waits(place) => place,
                // Dropping a job tells whoever waits for it.
                Pushed::Instead(place, gone) => {
                    state.standing.ended(&gone.who);
                    place
                }
                Pushed::Refused(_) => return Err(PoolBusy),
            };
            state.standing.waits(&who);
            place
        };
        let _in_queue = InQueue { shared: &self.shared, place };
        self.shared.work.notify_one();
        answer.await.map_err(|_| PoolBusy)
    }
}

/// How much behind others the system runs these threads (nice(2)): hashes use all that is left of a processor, and reads are not
/// to wait for it. A quarter of a busy one stays theirs, so that reads do not stop sign-in; a backup stands behind both.
const NICE: i32 = 5;

fn work(shared: &Shared, mut hasher: Hasher) {
    // On Linux a priority is a thread's own.
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::info!(%error, "cannot have password hashes give way to reads: the system refuses it; they run as equals");
    }
    let mut state = shared.lock();
    loop {
        if let Some(Job { who, run }) = state.turns.pop() {
            state.standing.ended(&who);
            drop(state);
            shared.hashed.fetch_add(1, Ordering::Relaxed);
            let begun = Instant::now();
            run(&mut hasher);
            state = shared.lock();
            state.standing.took(&who, begun.elapsed());
        } else if state.ended {
            return;
        } else {
            state = shared.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::turns::{Rank, Share};
    use super::*;
    use crate::Source;

    fn who(address: u64) -> Who {
        let source = Source { site: address, prefix: address, address };
        Who { share: Share::SignIn, rank: Rank::First, is_fresh: true, source }
    }

    fn pool(queue: usize) -> HashPool {
        let cost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };
        HashPool::start(PoolBounds { threads: 1, queue, cost }).unwrap()
    }

    /// Holds the one thread until the sender is dropped.
    fn hold(pool: &Arc<HashPool>) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<bool>) {
        let (open, door) = std::sync::mpsc::channel::<()>();
        let pool = Arc::clone(pool);
        let held = tokio::spawn(async move {
            let job = move |_: &mut Hasher| {
                assert!(door.recv().is_err(), "opened by dropping its key");
                Ok(())
            };
            pool.run(who(0), Arc::default(), job).await.is_ok()
        });
        (open, held)
    }

    async fn until(pool: &HashPool, is_so: impl Fn((u64, usize)) -> bool) {
        while !is_so(pool.figures()) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_hashed() {
        let pool = Arc::new(pool(8));
        let (open, held) = hold(&pool);
        until(&pool, |(hashed, _)| hashed == 1).await;
        let begun = Arc::new(AtomicBool::new(false));
        let left = pool.run(who(1), Arc::clone(&begun), |_| Ok(()));
        assert!(tokio::time::timeout(Duration::from_millis(20), left).await.is_err());
        assert_eq!(pool.figures(), (1, 0), "its place is free at once");
        drop(open);
        assert!(held.await.unwrap());
        pool.run(who(2), Arc::default(), |_| Ok(())).await.unwrap().unwrap();
        assert_eq!((pool.figures().0, begun.load(Ordering::Acquire)), (2, false));
    }

    #[tokio::test]
    async fn beyond_the_bound_the_newest_of_the_greediest_gives_way() {
        let pool = Arc::new(pool(2));
        let (open, held) = hold(&pool);
        until(&pool, |(hashed, _)| hashed == 1).await;
        let ask = |address| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run(who(address), Arc::default(), |_| Ok(())).await.is_ok() })
        };
        let greedy = [ask(1), ask(1)];
        until(&pool, |(_, waiting)| waiting == 2).await;
        let modest = ask(2);
        tokio::task::yield_now().await;
        drop(open);
        let [one, other] = greedy;
        assert_eq!((one.await.unwrap(), other.await.unwrap(), modest.await.unwrap()), (true, false, true));
        assert!(held.await.unwrap());
        assert_eq!(pool.ahead().crowd, Duration::ZERO, "whoever gave way is not waited for");
    }

    #[tokio::test]
    async fn who_waits_is_waited_for_and_who_has_left_or_had_her_turn_is_not() {
        let pool = Arc::new(pool(8));
        let long = |_: &mut Hasher| {
            thread::sleep(Duration::from_millis(20));
            Ok(())
        };
        pool.run(who(1), Arc::default(), long).await.unwrap().unwrap();
        let (open, held) = hold(&pool);
        until(&pool, |(hashed, _)| hashed == 2).await;
        let each = pool.ahead().each;
        assert!(each >= Duration::from_millis(20) && pool.ahead().crowd.is_zero(), "{:?}", pool.ahead());
        let ask = |address| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run(who(address), Arc::default(), |_| Ok(())).await.is_ok() })
        };
        let (stays, leaves) = (ask(1), ask(2));
        until(&pool, |(_, waiting)| waiting == 2).await;
        assert_eq!(pool.ahead().crowd, each * 2);
        leaves.abort();
        until(&pool, |(_, waiting)| waiting == 1).await;
        assert_eq!(pool.ahead().crowd, each);
        drop(open);
        assert!(held.await.unwrap() && stays.await.unwrap());
        assert!(pool.ahead().crowd.is_zero() && !pool.ahead().each.is_zero());
    }

    #[test]
    fn what_is_ahead_is_told_while_somebody_holds_the_queue() {
        let pool = Arc::new(pool(8));
        let asks = Arc::clone(&pool);
        let (told, answer) = std::sync::mpsc::channel();
        let held = pool.shared.lock();
        let asking = thread::spawn(move || told.send(asks.ahead()));
        let known = answer.recv_timeout(Duration::from_mins(1));
        drop(held);
        assert_eq!((known, asking.join().unwrap()), (Ok(Ahead::default()), Ok(())));
    }

    #[tokio::test]
    async fn hashes_give_way_to_whatever_else_runs() {
        let nice = || rustix::process::getpriority_process(None).unwrap();
        let (pool, own) = (pool(8), nice());
        let hers = pool.run(who(1), Arc::default(), move |_| Ok(nice())).await.unwrap().unwrap();
        assert_eq!(hers, (own + NICE).min(19));
    }
}
