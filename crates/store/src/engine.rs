//! What the binary asks of an engine beside its rows: how it does, what has changed, and that it ends.

use std::fmt;
use std::sync::Arc;

use honnin_access::Answer;

use crate::Watcher;

/// How an engine does: counts and states, of nobody in particular.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Writes that wait now.
    pub waiting_writes: u64,
    /// What is kept in memory of it; all nought where nothing is.
    pub cache: CacheFigures,
}

/// Counts of a cache since it was made, and what it holds now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Reads that had to ask the engine. Hits are not counted: the hottest path writes nothing that all share.
    pub misses: u64,
    /// Values that were read but not kept, because something changed meanwhile.
    pub not_kept: u64,
    /// How often everything was dropped, because somebody else had written.
    pub drops: u64,
    /// Values cached.
    pub entries: u64,
    /// Their weight in octets.
    pub octets: u64,
}

/// An engine as the binary sees it.
pub trait Engine: fmt::Debug + Send + Sync {
    /// How it does.
    fn figures(&self) -> Figures;
    /// Has that watcher told of every change from now on.
    fn watch(&self, watcher: Arc<dyn Watcher>);
    /// Carries out the writes that wait and refuses later ones. Reads may go on. Dropping the engine does the same.
    fn close(&self) -> Answer<'_, ()>;
}
