//! Engines for tests that stand round another: one that answers later and in another order, and one that counts how
//! often somebody has to wait for an answer before the next can be asked for.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use crate::decorate::{Call, Decorator};
use crate::{Answer, Store};

/// Most turns an answer is held back before the call goes on, and again before its answer is there.
const MOST_TURNS: u8 = 6;

/// Lets others go first so many times.
async fn turns(mut left: u8) {
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// An engine on which every answer comes later, and in another order than it was asked for: what is true of any engine
/// behind a socket, and of the embedded one never.
pub struct Slow<S> {
    inner: S,
    drawn: Mutex<u64>,
}

impl<S> Slow<S> {
    /// Round an engine. The order is another for each `seed`, and the same for the same.
    pub const fn new(inner: S, seed: u64) -> Self {
        Self { inner, drawn: Mutex::new(seed) }
    }

    /// What is inside.
    pub const fn engine(&self) -> &S {
        &self.inner
    }

    /// Between one turn and the most.
    fn draw(&self) -> u8 {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        // A linear congruential generator: what it gives need not be good, it has to differ.
        *drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from((*drawn >> 33) % u64::from(MOST_TURNS)).unwrap_or(0) + 1
    }
}

impl<S: fmt::Debug> fmt::Debug for Slow<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slow").field(&self.inner).finish()
    }
}

impl<S: Store> Decorator for Slow<S> {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    fn around<'a, T: Send + Unpin + 'a>(&'a self, _: Call, answer: Answer<'a, T>) -> Answer<'a, T> {
        let (before, after) = (self.draw(), self.draw());
        Answer::later(async move {
            turns(before).await;
            let value = answer.await;
            turns(after).await;
            value
        })
    }
}

crate::decorate! { [S: Store] Slow<S>:
    SessionRows CredentialRows ViewRows DeviceRows NoticeRows SpeedRows FeedRows MergeRows OperatorRows ControlRows CopyRows
    ClaimRows Engine
}

/// Counts round trips: how long the longest chain of calls is of which each could only be asked once the one before was
/// answered. Calls that are under way together are one trip.
pub struct Trips<S> {
    inner: S,
    /// The trips of everything that was answered.
    answered: AtomicU64,
    calls: Mutex<Vec<&'static str>>,
}

impl<S> Trips<S> {
    /// Round an engine.
    pub const fn new(inner: S) -> Self {
        Self { inner, answered: AtomicU64::new(0), calls: Mutex::new(Vec::new()) }
    }

    /// Trips and calls since it was last asked. What is counted is of one who asks at a time.
    pub fn take(&self) -> (u64, Vec<&'static str>) {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
        (self.answered.swap(0, Ordering::SeqCst), calls)
    }
}

impl<S: fmt::Debug> fmt::Debug for Trips<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trips").field(&self.inner).finish()
    }
}

impl<S: Store> Decorator for Trips<S> {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    fn around<'a, T: Send + Unpin + 'a>(&'a self, call: Call, answer: Answer<'a, T>) -> Answer<'a, T> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call.name);
        let asked = self.answered.load(Ordering::SeqCst);
        Answer::later(async move {
            // Everybody who asks at the same time has asked before the first answer is there.
            turns(1).await;
            let value = answer.await;
            self.answered.fetch_max(asked + 1, Ordering::SeqCst);
            value
        })
    }
}

crate::decorate! { [S: Store] Trips<S>:
    SessionRows CredentialRows ViewRows DeviceRows NoticeRows SpeedRows FeedRows MergeRows OperatorRows ControlRows CopyRows
    ClaimRows Engine
}
