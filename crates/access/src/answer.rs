//! Answers of ports: ready at once on the embedded engine, later on one behind a socket.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that may already be done: no allocation and no wake where the engine answers in place.
#[must_use = "an answer does nothing unless awaited"]
pub enum Answer<'a, T> {
    /// Done; empty once it has been taken.
    Ready(Option<T>),
    /// Not done yet.
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<T> Answer<'_, T> {
    /// An answer that is done.
    pub const fn ready(value: T) -> Self {
        Self::Ready(Some(value))
    }
}

impl<'a, T> Answer<'a, T> {
    /// An answer that takes its time.
    pub fn later(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self::Later(Box::pin(future))
    }
}

impl<T> fmt::Debug for Answer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready(_) => "Answer::Ready(..)",
            Self::Later(_) => "Answer::Later(..)",
        })
    }
}

impl<T: Unpin> Future for Answer<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut *self {
            // Polled again after it was done: never wakes, as the contract of futures allows.
            Self::Ready(value) => value.take().map_or(Poll::Pending, Poll::Ready),
            Self::Later(future) => future.as_mut().poll(context),
        }
    }
}
