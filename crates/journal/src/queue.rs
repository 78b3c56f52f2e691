//! The bounded queue before the writer, and the future that waits for a batch.
//!
//! A request adds its entry to the batch that is forming and leaves a waker there. The writer is woken only
//! where it sleeps; a batch is released by one lock, however many wait for it.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use honnin_terms::Moment;

use crate::bounds::MOST_BACKWARD_SECONDS;
use crate::index::Row;
use crate::segment::{HEAD, MOST_FRAME};
use crate::{AppendError, Entry, MOST_BODY, bundle};

/// How long the writer waits, while many read, for as many entries as came last time.
///
/// A sync costs the same for one entry as for a thousand. Under load this makes each sync serve whoever is about to
/// ask; a reader who is alone never waits for it, because the batch before was not shared.
const GATHER: Duration = Duration::from_millis(1);

/// Locks; a thread that panicked while it held the lock left nothing half done in any of our states.
pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Entries that become durable together.
#[derive(Debug)]
pub(crate) struct Forming {
    batch: Arc<Batch>,
    /// [`HEAD`] free octets, then the entries as in a bundle.
    pub(crate) octets: Vec<u8>,
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Default)]
struct Batch(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    outcome: Option<Result<u64, AppendError>>,
    wakers: Vec<Option<Waker>>,
}

impl Forming {
    /// Tells everybody who waits: the index of the first entry, or why nothing was appended.
    pub(crate) fn release(&self, outcome: Result<u64, AppendError>) {
        let wakers = {
            let mut waiting = hold(&self.batch.0);
            waiting.outcome = Some(outcome);
            std::mem::take(&mut waiting.wakers)
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

/// Waits until an entry is durable; gives its index.
///
/// Dropping it does not take the entry back.
#[derive(Debug)]
#[must_use = "an entry counts as appended only when this has given its index"]
pub struct Append(Result<(Arc<Batch>, usize), AppendError>);

impl Future for Append {
    type Output = Result<u64, AppendError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (batch, position) = match &self.0 {
            Ok((batch, position)) => (batch, *position),
            Err(error) => return Poll::Ready(Err(*error)),
        };
        let mut waiting = hold(&batch.0);
        if let Some(outcome) = waiting.outcome {
            return Poll::Ready(outcome.map(|first| first + u64::try_from(position).unwrap_or(0)));
        }
        if waiting.wakers.len() <= position {
            waiting.wakers.resize_with(position + 1, || None);
        }
        if let Some(place) = waiting.wakers.get_mut(position) {
            *place = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

#[derive(Debug)]
struct State {
    forming: VecDeque<Forming>,
    waiting: usize,
    waiting_octets: usize,
    latest: Moment,
    refusal: Option<AppendError>,
    /// The writer sleeps until so many entries wait; `None` while it works.
    wake_at: Option<usize>,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    most_octets: usize,
}

impl Queue {
    pub(crate) fn new(most_octets: usize, latest: Moment) -> Self {
        let forming = VecDeque::new();
        let state = State { forming, waiting: 0, waiting_octets: 0, latest, refusal: None, wake_at: None };
        Self { state: Mutex::new(state), filled: Condvar::new(), most_octets }
    }

    pub(crate) fn push(&self, entry: &Entry) -> Append {
        #[cfg(honnin_faults)]
        if honnin_terms::faults::UNRECORDED.is_on() {
            let waiting = Waiting { outcome: Some(Ok(0)), wakers: Vec::new() };
            return Append(Ok((Arc::new(Batch(Mutex::new(waiting))), 0)));
        }
        Append(self.try_push(entry))
    }

    fn try_push(&self, entry: &Entry) -> Result<(Arc<Batch>, usize), AppendError> {
        if entry.body.len() > MOST_BODY {
            return Err(AppendError::TooLong);
        }
        let octets = entry.octets();
        let mut state = hold(&self.state);
        if let Some(refusal) = state.refusal {
            return Err(refusal);
        }
        if entry.moment < state.latest.plus_seconds(-MOST_BACKWARD_SECONDS) {
            return Err(AppendError::Clock);
        }
        let length = octets.len() + 2;
        if state.waiting_octets + length > self.most_octets {
            return Err(AppendError::Busy);
        }
        if state.forming.back().is_none_or(|forming| forming.octets.len() + length > MOST_FRAME) {
            let octets = vec![0; HEAD];
            state.forming.push_back(Forming { batch: Arc::default(), octets, rows: Vec::new() });
        }
        let Some(forming) = state.forming.back_mut() else { return Err(AppendError::Busy) };
        bundle::push(&mut forming.octets, &octets).map_err(|_| AppendError::TooLong)?;
        let place = (Arc::clone(&forming.batch), forming.rows.len());
        forming.rows.push(Row::of(entry));
        state.waiting += 1;
        state.waiting_octets += length;
        state.latest = state.latest.max(entry.moment);
        let wake = state.wake_at.is_some_and(|enough| state.waiting >= enough);
        if wake {
            state.wake_at = None;
        }
        drop(state);
        if wake {
            self.filled.notify_one();
        }
        Ok(place)
    }

    /// The next batch; sleeps while there is none; `None` when the queue is closed and empty. `before` is how many
    /// entries the batch before had.
    pub(crate) fn next(&self, before: usize) -> Option<Forming> {
        let mut state = hold(&self.state);
        if before > 1 {
            state.wake_at = Some(before);
            let few = |state: &mut State| state.refusal.is_none() && state.waiting < before;
            let gathered = self.filled.wait_timeout_while(state, GATHER, few);
            state = gathered.unwrap_or_else(PoisonError::into_inner).0;
        }
        loop {
            state.wake_at = None;
            if let Some(forming) = state.forming.pop_front() {
                state.waiting -= forming.rows.len().min(state.waiting);
                state.waiting_octets -= (forming.octets.len() - HEAD).min(state.waiting_octets);
                return Some(forming);
            }
            if state.refusal.is_some() {
                return None;
            }
            state.wake_at = Some(1);
            drop(self.filled.wait(state).unwrap_or_else(PoisonError::into_inner));
            // No delay: requests that are ready to run on this core add their entries first, if there are any.
            std::thread::yield_now();
            state = hold(&self.state);
        }
    }

    /// Refuses whatever comes from now on. What waits is still the writer's.
    pub(crate) fn refuse(&self, error: AppendError) {
        let mut state = hold(&self.state);
        state.refusal.get_or_insert(error);
        state.wake_at = None;
        drop(state);
        self.filled.notify_all();
    }
}
