//! How many calls an element gets in a second: tokens that come back with time.

use honnin_terms::Moment;

/// A token bucket on passed-in time. Counts in thousandths, so that a millisecond brings `calls_a_second` of them.
#[derive(Debug)]
pub(crate) struct Rate {
    calls_a_second: i64,
    full: i64,
    tokens: i64,
    counted_at: Moment,
}

const TOKEN: i64 = 1_000;

impl Rate {
    pub(crate) fn new(calls_a_second: u32, burst: u32, now: Moment) -> Self {
        let full = i64::from(burst) * TOKEN;
        Self { calls_a_second: i64::from(calls_a_second), full, tokens: full, counted_at: now }
    }

    /// How many calls may begin now.
    pub(crate) fn allowed(&mut self, now: Moment) -> usize {
        let passed = now.millis().saturating_sub(self.counted_at.millis()).max(0);
        self.counted_at = now;
        self.tokens = self.tokens.saturating_add(passed.saturating_mul(self.calls_a_second)).min(self.full);
        usize::try_from(self.tokens / TOKEN).unwrap_or(0)
    }

    /// Counts a call. A second call for a line that was claimed may borrow; nothing is claimed until it is paid back.
    pub(crate) fn count(&mut self) {
        self.tokens = self.tokens.saturating_sub(TOKEN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_bounded_and_calls_come_back_with_time() {
        let mut rate = Rate::new(2, 3, Moment::EPOCH);
        assert_eq!(rate.allowed(Moment::EPOCH), 3);
        (0..3).for_each(|_| rate.count());
        assert_eq!(rate.allowed(Moment::EPOCH), 0);
        assert_eq!(rate.allowed(Moment::EPOCH.plus_seconds(1)), 2);
        assert_eq!(rate.allowed(Moment::EPOCH.plus_seconds(90)), 3, "no more than the burst is saved up");
    }

    #[test]
    fn what_was_borrowed_is_paid_back() {
        let mut rate = Rate::new(1, 1, Moment::EPOCH);
        (0..3).for_each(|_| rate.count());
        assert_eq!(rate.allowed(Moment::EPOCH.plus_seconds(2)), 0);
        assert_eq!(rate.allowed(Moment::EPOCH.plus_seconds(3)), 1);
    }
}
