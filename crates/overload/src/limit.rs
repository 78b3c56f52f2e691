//! How many may be in work at once, found while running: as many as keep the queues behind them short.

use std::time::Duration;

/// How many may be in work, and what that is judged by.
///
/// Source: ours; the reason stands at each default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitBounds {
    /// The fewest. Enough that the threads have work while some wait for the disk.
    pub least: usize,
    /// The most: where it starts as well, so that a calm server never waits.
    pub most: usize,
    /// How long somebody who was called may lie in the queue of the threads, on average.
    pub lying: Duration,
    /// How long work may take, on average: where it takes longer something behind us is its bound, and more in work
    /// only makes that queue longer.
    pub taking: Duration,
    /// How long it is watched before it is judged.
    pub window: Duration,
}

impl Default for LimitBounds {
    fn default() -> Self {
        Self {
            least: 16,
            most: 512,
            lying: Duration::from_millis(5),
            taking: Duration::from_millis(100),
            window: Duration::from_millis(100),
        }
    }
}

/// So many times the bound are far too many.
const FAR: f64 = 4.0;

/// A sum of durations and of how many they are.
#[derive(Debug, Default)]
struct Mean {
    sum: Duration,
    count: u32,
}

impl Mean {
    fn add(&mut self, one: Duration) {
        self.sum = self.sum.saturating_add(one);
        self.count = self.count.saturating_add(1);
    }

    /// How many times the bound it is.
    fn times(&self, bound: Duration) -> f64 {
        self.sum.checked_div(self.count).map_or(0.0, |mean| mean.div_duration_f64(bound))
    }
}

/// The limit, and what was seen since it was last judged.
#[derive(Debug)]
pub(crate) struct Limit {
    bounds: LimitBounds,
    now: usize,
    since: Duration,
    lay: Mean,
    took: Mean,
    reached: bool,
}

impl Limit {
    pub(crate) fn new(bounds: LimitBounds) -> Self {
        let now = bounds.most.max(1);
        Self {
            bounds,
            now,
            since: Duration::ZERO,
            lay: Mean::default(),
            took: Mean::default(),
            reached: false,
        }
    }

    pub(crate) const fn now(&self) -> usize {
        self.now
    }

    /// Somebody had to wait for it.
    pub(crate) const fn was_reached(&mut self) {
        self.reached = true;
    }

    /// Somebody who was called lay in the queue of the threads so long.
    pub(crate) fn lay(&mut self, now: Duration, so_long: Duration) {
        self.lay.add(so_long);
        self.judge(now);
    }

    /// Somebody's work took so long.
    pub(crate) fn took(&mut self, now: Duration, so_long: Duration) {
        self.took.add(so_long);
        self.judge(now);
    }

    /// Less where queues are long, and more where somebody waited though they are short.
    fn judge(&mut self, now: Duration) {
        if now.saturating_sub(self.since) < self.bounds.window {
            return;
        }
        let long = self.lay.times(self.bounds.lying).max(self.took.times(self.bounds.taking));
        let step = (self.now / 8).max(1);
        if long <= 1.0 {
            self.now = self.now.saturating_add(step).min(self.bounds.most.max(1));
        } else if self.reached {
            // Far too many were begun: step by step it would take as long as people are patient.
            let step = if long > FAR { self.now / 2 } else { step };
            self.now = self.now.saturating_sub(step).max(self.bounds.least.max(1));
        }
        (self.since, self.reached) = (now, false);
        (self.lay, self.took) = (Mean::default(), Mean::default());
    }
}
