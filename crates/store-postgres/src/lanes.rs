//! Lanes: one write at a time goes through each, and each counts what it has committed.
//!
//! A lane's row is written with every transaction, so that others see by one small table that something has changed, and
//! so that a commit whose answer was lost is not guessed about: the row says whether it stands. No two transactions write
//! one row at a time, so that they do not wait for each other.

use std::cell::RefCell;

use honnin_store::Error;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A lane, as this process knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lane {
    pub(crate) number: i64,
    pub(crate) writes: i64,
}

/// All lanes of this process.
#[derive(Debug)]
pub(crate) struct Lanes {
    free: RefCell<Vec<Lane>>,
    room: Semaphore,
}

/// A lane in use; free again once dropped.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    lanes: &'a Lanes,
    pub(crate) lane: Lane,
    _room: SemaphorePermit<'a>,
}

impl Lanes {
    pub(crate) fn new(count: usize) -> Self {
        let count = count.max(1);
        let numbers = (0_i64..).take(count);
        let free = numbers.map(|number| Lane { number, writes: 0 }).collect();
        Self { free: RefCell::new(free), room: Semaphore::new(count) }
    }

    /// Waits for a lane.
    pub(crate) async fn take(&self) -> Result<Taken<'_>, Error> {
        let room = self.room.acquire().await.map_err(|_| Error::Unavailable)?;
        let lane = self.free.borrow_mut().pop().ok_or(Error::Unavailable)?;
        Ok(Taken { lanes: self, lane, _room: room })
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.lanes.free.borrow_mut().push(self.lane);
    }
}
