//! Turns of classes by weight.

/// Turns by weight (stride scheduling): the class with work that is furthest behind is next.
pub(super) struct Strides<const N: usize> {
    weights: [u64; N],
    due: [u64; N],
    now: u64,
}

/// A multiple of all weights.
const STRIDE: u64 = 960;

impl<const N: usize> Strides<N> {
    pub(super) const fn new(weights: [u64; N]) -> Self {
        Self { weights, due: [0; N], now: 0 }
    }

    /// A class that had no work has some: what it did not use meanwhile is not saved up.
    pub(super) fn wake(&mut self, class: usize) {
        if let Some(due) = self.due.get_mut(class) {
            *due = (*due).max(self.now);
        }
    }

    pub(super) fn next(&mut self, has_work: impl Fn(usize) -> bool) -> Option<usize> {
        let due = |class: &usize| self.due.get(*class).copied();
        let class = (0..N).filter(|class| has_work(*class)).min_by_key(due)?;
        let (due, weight) = (self.due.get_mut(class)?, self.weights.get(class)?);
        self.now = *due;
        *due = due.saturating_add(STRIDE / weight);
        Some(class)
    }
}
