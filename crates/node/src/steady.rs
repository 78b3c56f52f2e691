//! A clock that only goes on: how long ago something was, whatever the time of day is set to.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

/// Passed in, so that nodes can be paused and run ahead of each other in a test. What a node knows is as old as this
/// says; the time of day, which can be set, decides nothing between nodes.
pub trait Steady: Send + Sync {
    /// Milliseconds since some moment; never fewer than before.
    fn millis(&self) -> u64;
    /// Ends after so many milliseconds.
    fn sleep(&self, millis: u64) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The machine's.
#[derive(Debug)]
pub struct Machine(Instant);

impl Machine {
    /// Counts from now on.
    #[expect(clippy::new_without_default, reason = "it reads a clock")]
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Steady for Machine {
    fn millis(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep(&self, millis: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(Duration::from_millis(millis)))
    }
}
