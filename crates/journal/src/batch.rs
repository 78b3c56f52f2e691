//! Entries that become durable together, and the future that waits for it.
//!
//! A request that has nothing left to do but to wait leaves a waker in its batch. The first to wait lets everybody who is
//! ready on its thread go before it, and then calls the writer: what came together becomes durable together, by one sync.
//! When it is durable one of each thread is woken and wakes its neighbours, so that the writer need not wake a sleeping
//! thread once for each of them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

use honnin_terms::{EntryRef, LogId};

use crate::AppendError;
use crate::queue::{Gathering, hold};

#[derive(Debug, Default)]
pub(crate) struct Batch(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    outcome: Option<Result<u64, AppendError>>,
    /// Whether somebody waits who will call the writer.
    led: bool,
    /// By the place in the batch: who waits there, and on which thread.
    wakers: Vec<Option<(ThreadId, Waker)>>,
    /// Threads of which one was woken that has not woken the others yet.
    woken: Vec<ThreadId>,
}

impl Waiting {
    /// Takes the first waker of each thread.
    fn first_of_each(&mut self) -> Vec<Waker> {
        let mut first = Vec::new();
        for place in &mut self.wakers {
            let Some((thread, waker)) = place.take_if(|(thread, _)| !self.woken.contains(thread)) else {
                continue;
            };
            self.woken.push(thread);
            first.push(waker);
        }
        first
    }

    /// Takes the wakers that are left of a thread, where one of it was woken for all.
    fn rest_of(&mut self, thread: ThreadId) -> Vec<Waker> {
        let Some(number) = self.woken.iter().position(|woken| *woken == thread) else { return Vec::new() };
        self.woken.swap_remove(number);
        let rest = self.wakers.iter_mut();
        rest.filter_map(|place| place.take_if(|(of, _)| *of == thread)).map(|(_, waker)| waker).collect()
    }
}

impl Batch {
    /// One whose outcome is known.
    #[cfg(honnin_faults)]
    pub(crate) fn done(outcome: Result<u64, AppendError>) -> Self {
        Self(Mutex::new(Waiting { outcome: Some(outcome), ..Waiting::default() }))
    }

    /// Tells everybody who waits: the index of the first entry, or why nothing was appended.
    pub(crate) fn release(&self, outcome: Result<u64, AppendError>) {
        let first = {
            let mut waiting = hold(&self.0);
            waiting.outcome = Some(outcome);
            waiting.first_of_each()
        };
        first.into_iter().for_each(Waker::wake);
    }
}

/// A place in a batch.
#[derive(Debug)]
pub(crate) struct Place {
    batch: Arc<Batch>,
    position: usize,
    gathering: Arc<Gathering>,
    /// Where it waits.
    thread: Option<ThreadId>,
    /// Whether it is the one that calls the writer.
    leads: bool,
    /// Whether it has heard what became of it.
    done: bool,
}

impl Place {
    pub(crate) const fn at(position: usize, batch: Arc<Batch>, gathering: Arc<Gathering>) -> Self {
        Self { batch, position, gathering, thread: None, leads: false, done: false }
    }

    fn poll(&mut self, context: &Context<'_>) -> Poll<Result<u64, AppendError>> {
        let mut waiting = hold(&self.batch.0);
        if let Some(outcome) = waiting.outcome {
            self.done = true;
            let rest = self.thread.map(|thread| waiting.rest_of(thread));
            drop(waiting);
            rest.into_iter().flatten().for_each(Waker::wake);
            return Poll::Ready(outcome.map(|first| first + u64::try_from(self.position).unwrap_or(0)));
        }
        if waiting.wakers.len() <= self.position {
            waiting.wakers.resize_with(self.position + 1, || None);
        }
        let thread = thread::current().id();
        self.thread = Some(thread);
        if let Some(place) = waiting.wakers.get_mut(self.position) {
            match place {
                Some((of, waker)) if waker.will_wake(context.waker()) => *of = thread,
                place => *place = Some((thread, context.waker().clone())),
            }
        }
        if !waiting.led {
            (waiting.led, self.leads) = (true, true);
            drop(waiting);
            // Once round: whoever is ready on this thread adds its entry first.
            context.waker().wake_by_ref();
        } else if std::mem::take(&mut self.leads) {
            drop(waiting);
            self.gathering.call();
        }
        Poll::Pending
    }
}

impl Drop for Place {
    /// Whoever goes first, its entry is written and its neighbours are woken all the same.
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let mut waiting = hold(&self.batch.0);
        let (calls, rest) = if waiting.outcome.is_some() {
            (false, self.thread.map(|thread| waiting.rest_of(thread)))
        } else {
            if let Some(place) = waiting.wakers.get_mut(self.position) {
                *place = None;
            }
            (self.leads || !std::mem::replace(&mut waiting.led, true), None)
        };
        drop(waiting);
        rest.into_iter().flatten().for_each(Waker::wake);
        if calls {
            self.gathering.call();
        }
    }
}

/// Waits until an entry is durable; gives its index.
///
/// Dropping it does not take the entry back.
#[derive(Debug)]
#[must_use = "an entry counts as appended only when this has given its index"]
pub struct Append(pub(crate) Result<Place, AppendError>, pub(crate) LogId);

impl Future for Append {
    type Output = Result<EntryRef, AppendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let log = self.1;
        match &mut self.0 {
            Ok(place) => place.poll(context).map(|outcome| outcome.map(|index| EntryRef { log, index })),
            Err(error) => Poll::Ready(Err(*error)),
        }
    }
}
