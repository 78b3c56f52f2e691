//! The place where questions are answered: a few threads of their own, and a bound on who may wait for them.
//!
//! A question reads files. On a thread that answers requests it would keep everybody else waiting; a thread for each
//! would be as many as somebody cares to ask.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};

use crate::ReadError;
use crate::queue::hold;

/// Threads that answer: what they wait for is the disk, and two keep it busy.
const THREADS: usize = 2;
/// Questions that may wait: at 50 ms each, what two threads answer within two seconds.
const MOST_WAITING: usize = 80;

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

/// The desk. Its threads end when it is dropped, after what they have begun.
pub struct Desk {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl Default for Desk {
    /// A desk with its threads; where the system gives none, questions are refused.
    fn default() -> Self {
        let shared = Arc::new(Shared::default());
        let thread = |_| {
            let shared = Arc::clone(&shared);
            thread::Builder::new().name("journal questions".into()).spawn(move || work(&shared)).ok()
        };
        let threads = (0..THREADS).filter_map(thread).collect();
        Self { shared, threads }
    }
}

fn work(shared: &Shared) {
    let mut waiting = hold(&shared.waiting);
    loop {
        if let Some(job) = waiting.jobs.pop_front() {
            drop(waiting);
            // Whoever asked is told by what the job leaves behind; the thread goes on for the others.
            drop(panic::catch_unwind(AssertUnwindSafe(job)));
            waiting = hold(&shared.waiting);
        } else if waiting.closed {
            return;
        } else {
            waiting = shared.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

struct Outcome<T> {
    value: Option<T>,
    /// Whether nobody will answer any more: the question was dropped unanswered.
    given_up: bool,
    waker: Option<Waker>,
}

/// Tells whoever waits, also where the question panicked or was never begun.
struct Answering<T>(Arc<Mutex<Outcome<T>>>);

impl<T> Drop for Answering<T> {
    fn drop(&mut self) {
        let waker = {
            let mut outcome = hold(&self.0);
            outcome.given_up = true;
            outcome.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

/// An answer to come. Nobody who went away is answered: a question whose asker is gone before it is begun is passed over.
pub struct Asked<T>(Result<Arc<Mutex<Outcome<T>>>, ()>);

impl<T> fmt::Debug for Asked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}

impl<T> Future for Asked<T> {
    type Output = Result<T, ReadError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Ok(outcome) = &self.0 else { return Poll::Ready(Err(ReadError::Busy)) };
        let mut outcome = hold(outcome);
        if let Some(value) = outcome.value.take() {
            return Poll::Ready(Ok(value));
        }
        if outcome.given_up {
            return Poll::Ready(Err(ReadError::Busy));
        }
        outcome.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Desk {
    /// How many questions are answered or wait.
    pub const PLACES: usize = THREADS + MOST_WAITING;

    /// Has a question answered; refused where too many wait.
    pub fn ask<T: Send + 'static>(&self, question: impl FnOnce() -> T + Send + 'static) -> Asked<T> {
        let outcome = Arc::new(Mutex::new(Outcome { value: None, given_up: false, waker: None }));
        let mut waiting = hold(&self.shared.waiting);
        if waiting.closed || self.threads.is_empty() || waiting.jobs.len() >= MOST_WAITING {
            return Asked(Err(()));
        }
        let answering = Answering(Arc::clone(&outcome));
        waiting.jobs.push_back(Box::new(move || {
            // The asker holds the other end.
            if Arc::strong_count(&answering.0) > 1 {
                let value = question();
                hold(&answering.0).value = Some(value);
            }
        }));
        drop(waiting);
        self.shared.filled.notify_one();
        Asked(Ok(outcome))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let unanswered = {
            let mut waiting = hold(&self.shared.waiting);
            waiting.closed = true;
            std::mem::take(&mut waiting.jobs)
        };
        drop(unanswered);
        self.shared.filled.notify_all();
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn questions_have_a_bound_and_a_place_of_their_own() {
        let desk = Desk::default();
        let here = thread::current().id();
        assert_ne!(desk.ask(|| thread::current().id()).await.unwrap(), here);
        // Both threads held, and as many waiting as may.
        let (release, held) = channel::<()>();
        let (begun, beginning) = channel();
        let held = Arc::new(Mutex::new(held));
        let holding: Vec<_> = (0..THREADS)
            .map(|_| {
                let (held, begun) = (Arc::clone(&held), begun.clone());
                desk.ask(move || {
                    begun.send(()).unwrap();
                    assert!(held.lock().unwrap().recv().is_ok());
                })
            })
            .collect();
        // One of them waits for the other's lock; both have begun.
        for _ in 0..THREADS {
            beginning.recv().unwrap();
        }
        let waiting: Vec<_> = (0..MOST_WAITING).map(|n| desk.ask(move || n)).collect();
        assert!(matches!(desk.ask(|| 0).await, Err(ReadError::Busy)), "one too many");
        for _ in 0..THREADS {
            release.send(()).unwrap();
        }
        for (n, asked) in waiting.into_iter().enumerate() {
            assert_eq!(asked.await.unwrap(), n);
        }
        for asked in holding {
            asked.await.unwrap();
        }
        assert!(matches!(desk.ask(|| panic!("a question that fails")).await, Err::<(), _>(ReadError::Busy)));
    }
}
