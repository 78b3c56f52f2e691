//! What a write gives back.

use honnin_store::Changed;

/// What a write gives back, and what it has changed of what may be cached.
pub(crate) struct Written<T> {
    pub(crate) answer: T,
    pub(crate) changed: Vec<Changed>,
}

impl<T> Written<T> {
    /// A write that changed nothing that anybody keeps.
    pub(crate) const fn uncached(answer: T) -> Self {
        Self { answer, changed: Vec::new() }
    }
}
