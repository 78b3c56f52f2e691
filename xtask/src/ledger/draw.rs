//! Drawing from a seed.

use honnin_testkit::SeededEntropy;

/// Draws that depend on a seed alone.
#[derive(Debug)]
pub(crate) struct Draw(SeededEntropy);

impl Draw {
    /// The draws of that seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    /// A number below the bound; 0 where the bound is 0.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// One of them.
    pub(crate) fn of<T: Copy>(&self, choices: &[T]) -> Option<T> {
        let bound = u64::try_from(choices.len()).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound)).ok().and_then(|place| choices.get(place)).copied()
    }
}
