//! Whoever keeps something, and what it is told.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use honnin_store::{Changed, Watcher};

/// Writes down what it is told.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<Changed>>);

impl Told {
    /// How much it was told so far.
    pub(crate) fn length(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// What it was told after so much.
    pub(crate) fn since(&self, length: usize) -> Vec<Changed> {
        self.0.lock().unwrap()[length..].to_vec()
    }

    pub(crate) fn everything(&self) -> usize {
        self.0.lock().unwrap().iter().filter(|change| **change == Changed::Everything).count()
    }
}

impl Watcher for Told {
    fn changed(&self, changed: &[Changed]) {
        self.0.lock().unwrap().extend_from_slice(changed);
    }
}

/// Waits for a state, two minutes at most: how fast the machine is is not what is tried.
pub(crate) fn within_a_while(state: impl Fn() -> bool) -> bool {
    (0..12_000).any(|_| {
        if state() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
        false
    })
}
