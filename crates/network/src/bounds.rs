//! How much the reconciler may do at once, how often and for how long.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bounds of the reconciler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bounds {
    /// How long a claim lasts, in seconds; a wish whose reconciler died is taken up again after that. Default 30.
    pub lease_seconds: i64,
    /// Wishes claimed in one statement. Default 32.
    pub batch: usize,
    /// Wishes driven at the same time. Default 16.
    pub at_once: usize,
    /// Calls to the element in a second, in the mean. Default 50.
    pub calls_a_second: u32,
    /// Calls that may come at one moment after a quiet time. Default 50.
    pub burst: u32,
    /// How long the element may take to answer a call, in milliseconds. Default 5,000.
    pub answer_millis: u64,
    /// How often due wishes are looked for when nobody wakes the reconciler, in milliseconds. Default 1,000.
    pub poll_millis: u64,
    /// The wait after the first unanswered try, in milliseconds; it doubles with each. Default 2,000.
    pub first_wait_millis: i64,
    /// The longest wait between tries, in milliseconds. Default 60,000.
    pub longest_wait_millis: i64,
    /// After so long without the element's word a wish is called unknown, in seconds from the asking. Default 300.
    pub unknown_after_seconds: i64,
    /// The longest wait between checks of a wish that is unknown, in milliseconds. Default 900,000.
    pub longest_unknown_wait_millis: i64,
    /// Unanswered calls in a row after which the element is left alone. Default 5.
    pub breaker_after: u32,
    /// How long it is left alone before one call tries again, in milliseconds. Default 10,000.
    pub breaker_millis: i64,
    /// How long a wish that cannot be read is left alone, in seconds. Default 3,600.
    pub park_seconds: i64,
    /// How long a clean stop waits for calls under way, in milliseconds. Default 10,000.
    pub stop_millis: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            lease_seconds: 30,
            batch: 32,
            at_once: 16,
            calls_a_second: 50,
            burst: 50,
            answer_millis: 5_000,
            poll_millis: 1_000,
            first_wait_millis: 2_000,
            longest_wait_millis: 60_000,
            unknown_after_seconds: 300,
            longest_unknown_wait_millis: 900_000,
            breaker_after: 5,
            breaker_millis: 10_000,
            park_seconds: 3_600,
            stop_millis: 10_000,
        }
    }
}

/// Bounds that cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBounds {
    /// A bound that must be positive is not.
    #[error("check the bounds of the reconciler: {0} must be more than 0")]
    NotPositive(&'static str),
    /// A claim could end while its call is still under way.
    #[error("check the bounds of the reconciler: lease_seconds must be at least twice answer_millis")]
    ShortLease,
    /// The longest wait is shorter than the first.
    #[error("check the bounds of the reconciler: {0} must be at least first_wait_millis")]
    ShortWait(&'static str),
}

impl Bounds {
    /// Checks that they can work together.
    ///
    /// # Errors
    /// [`BadBounds`]: which, and why.
    pub fn check(&self) -> Result<(), BadBounds> {
        let Self { first_wait_millis, longest_wait_millis, longest_unknown_wait_millis, .. } = *self;
        let positive = [
            ("batch", self.batch > 0),
            ("at_once", self.at_once > 0),
            ("calls_a_second", self.calls_a_second > 0),
            ("burst", self.burst > 0),
            ("answer_millis", self.answer_millis > 0),
            ("poll_millis", self.poll_millis > 0),
            ("first_wait_millis", first_wait_millis > 0),
            ("unknown_after_seconds", self.unknown_after_seconds > 0),
            ("breaker_after", self.breaker_after > 0),
            ("breaker_millis", self.breaker_millis > 0),
            ("park_seconds", self.park_seconds > 0),
        ];
        if let Some((name, _)) = positive.iter().find(|(_, holds)| !holds) {
            return Err(BadBounds::NotPositive(name));
        }
        let call = i64::try_from(self.answer_millis).unwrap_or(i64::MAX);
        if self.lease_seconds.saturating_mul(1_000) < call.saturating_mul(2) {
            return Err(BadBounds::ShortLease);
        }
        if longest_wait_millis < first_wait_millis {
            return Err(BadBounds::ShortWait("longest_wait_millis"));
        }
        if longest_unknown_wait_millis < first_wait_millis {
            return Err(BadBounds::ShortWait("longest_unknown_wait_millis"));
        }
        Ok(())
    }

    pub(crate) const fn answer(&self) -> Duration {
        Duration::from_millis(self.answer_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_work_together() {
        assert_eq!(Bounds::default().check(), Ok(()));
    }

    #[test]
    fn bounds_that_cannot_work_are_named() {
        let none_at_once = Bounds { at_once: 0, ..Bounds::default() };
        assert_eq!(none_at_once.check(), Err(BadBounds::NotPositive("at_once")));
        let short_lease = Bounds { lease_seconds: 9, ..Bounds::default() };
        assert_eq!(short_lease.check(), Err(BadBounds::ShortLease));
        let short_wait = Bounds { longest_wait_millis: 1_999, ..Bounds::default() };
        assert_eq!(short_wait.check(), Err(BadBounds::ShortWait("longest_wait_millis")));
    }
}
