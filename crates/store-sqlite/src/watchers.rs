//! Whoever keeps something of what is stored, and is told when it is stale.

use std::sync::{Arc, PoisonError, RwLock};

use honnin_store::{Changed, Watcher};

/// The watchers: few, and all there before the first request.
#[derive(Clone, Default)]
pub(crate) struct Watchers(Arc<RwLock<Vec<Arc<dyn Watcher>>>>);

impl Watchers {
    pub(crate) fn add(&self, watcher: Arc<dyn Watcher>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(watcher);
    }

    pub(crate) fn tell(&self, changed: &[Changed]) {
        if changed.is_empty() {
            return;
        }
        for watcher in &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            watcher.changed(changed);
        }
    }
}
