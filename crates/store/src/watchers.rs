//! Whoever keeps something of what is stored, and is told when it is stale.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::{Changed, Watcher};

/// The watchers: few, and all there before the first request.
#[derive(Clone, Default)]
pub struct Watchers(Arc<RwLock<Vec<Arc<dyn Watcher>>>>);

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").finish_non_exhaustive()
    }
}

impl Watchers {
    /// One more, told from now on.
    pub fn add(&self, watcher: Arc<dyn Watcher>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(watcher);
    }

    /// Tells all of them what has changed; nothing where nothing has.
    pub fn tell(&self, changed: &[Changed]) {
        if changed.is_empty() {
            return;
        }
        for watcher in &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            watcher.changed(changed);
        }
    }
}
