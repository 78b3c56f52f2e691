//! Whoever keeps something, and what it is told.

use std::sync::Mutex;

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
