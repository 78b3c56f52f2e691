//! Answers of ports: ready at once on the embedded engine, later on one behind a socket.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
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

/// Asks for both before it waits for either: one round trip to an engine behind a socket, where one after the other is
/// two.
pub async fn both<A, B>(one: impl Future<Output = A>, other: impl Future<Output = B>) -> (A, B) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(value) = one.as_mut().poll(context)
        {
            first = Some(value);
        }
        if second.is_none()
            && let Poll::Ready(value) = other.as_mut().poll(context)
        {
            second = Some(value);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (one_of_two, the_other) => {
                (first, second) = (one_of_two, the_other);
                Poll::Pending
            }
        }
    })
    .await
}

/// Asks for all of them before it waits for any; the answers in the order of the questions.
pub async fn all<A, F: Future<Output = A>>(asked: impl IntoIterator<Item = F>) -> Vec<A> {
    let mut asked: Vec<_> = asked.into_iter().map(|one| (Box::pin(one), None)).collect();
    poll_fn(|context| {
        let mut waits = false;
        for (one, answer) in &mut asked {
            if answer.is_none() {
                match one.as_mut().poll(context) {
                    Poll::Ready(value) => *answer = Some(value),
                    Poll::Pending => waits = true,
                }
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    asked.into_iter().filter_map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::task::Waker;

    #[test]
    fn both_are_asked_before_either_is_waited_for() {
        let asked = Cell::new(0);
        let later = |turns: u32| {
            let (asked, mut left) = (&asked, turns);
            poll_fn(move |_| {
                asked.set(asked.get() + u32::from(left == turns));
                left = left.saturating_sub(1);
                if left == 0 { Poll::Ready(turns) } else { Poll::Pending }
            })
        };
        let mut answers = pin!(both(later(3), later(2)));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(answers.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(asked.get(), 2);
        assert_eq!(answers.as_mut().poll(&mut context), Poll::Pending, "one is there");
        assert_eq!(answers.as_mut().poll(&mut context), Poll::Ready((3, 2)));
        asked.set(0);
        let mut answers = pin!(all([later(2), later(1), later(3)]));
        assert_eq!(answers.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(asked.get(), 3);
        assert_eq!(answers.as_mut().poll(&mut context), Poll::Pending);
        assert_eq!(answers.as_mut().poll(&mut context), Poll::Ready(vec![2, 1, 3]));
    }
}
