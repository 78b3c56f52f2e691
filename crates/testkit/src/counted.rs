//! Wrappers that count how often something passed in is asked.

use std::sync::atomic::{AtomicU64, Ordering};

use honnin_terms::{Clock, Entropy, Moment};

/// Passes each call on and counts it.
#[derive(Debug)]
pub struct Counted<T> {
    inner: T,
    calls: AtomicU64,
    octets: AtomicU64,
}

impl<T> Counted<T> {
    /// Wraps; nothing is counted yet.
    pub const fn new(inner: T) -> Self {
        Self { inner, calls: AtomicU64::new(0), octets: AtomicU64::new(0) }
    }

    /// What is wrapped. Calls made on it are not counted.
    pub const fn inner(&self) -> &T {
        &self.inner
    }

    /// How often it was asked.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// How many octets were drawn of it; 0 for a clock.
    pub fn octets(&self) -> u64 {
        self.octets.load(Ordering::SeqCst)
    }
}

impl<T: Clock> Clock for Counted<T> {
    fn now(&self) -> Moment {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.inner.now()
    }
}

impl<T: Entropy> Entropy for Counted<T> {
    fn fill(&self, bytes: &mut [u8]) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.octets.fetch_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX), Ordering::SeqCst);
        self.inner.fill(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FixedClock, SeededEntropy};

    #[test]
    fn every_draw_is_counted_and_passed_on() {
        let counted = Counted::new(SeededEntropy::new(3));
        let (mut wrapped, mut plain) = ([0; 12], [0; 12]);
        counted.fill(&mut wrapped);
        SeededEntropy::new(3).fill(&mut plain);
        assert_eq!(wrapped, plain);
        counted.fill(&mut [0; 4]);
        assert_eq!((counted.calls(), counted.octets()), (2, 16));
    }

    #[test]
    fn every_look_at_the_clock_is_counted() {
        let counted = Counted::new(FixedClock::at("2026-11-20T06:00:00+09:00"));
        assert_eq!(counted.now(), counted.inner().now());
        assert_eq!(counted.calls(), 1);
    }
}
