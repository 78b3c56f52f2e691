//! Whoever keeps something, and what it is told.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use honnin_store::{Changed, Watcher};

/// Writes down what it is told.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<Changed>>);

impl Told {
    pub(crate) fn last(&self) -> Option<Changed> {
        self.0.lock().unwrap().last().cloned()
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

/// Waits for a state, five seconds at most.
pub(crate) fn within_a_while(state: impl Fn() -> bool) -> bool {
    (0..500).any(|_| {
        if state() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
        false
    })
}
