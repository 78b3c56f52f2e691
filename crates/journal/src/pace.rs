//! How whoever works beside the writer stands back for those who wait.
//!
//! The publisher shares its core with those who answer, and its disk with the writer. A round, a run of the index or a spare
//! segment made at one go has both for as long as it takes, and everybody who comes meanwhile waits for it. So the work is cut
//! into short steps, and after each the publisher sleeps for some times as long as the step took.

use std::time::Duration;

/// After a step it stands back so many times as long: it has a quarter of a core at most.
const TIMES: u32 = 3;
/// The longest it stands back after one step. A step that waited for the disk, or for a core that others had, says nothing of
/// what the next one costs.
const LONGEST: Duration = Duration::from_millis(5);

/// The arithmetic: how long to stand back, within what may be lost in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    left: Duration,
    /// Whether it stands back at all.
    rests: bool,
}

impl Pace {
    /// One that may lose so much time in all; nothing for work that somebody waits for.
    pub(crate) const fn of(left: Duration) -> Self {
        Self { left, rests: !left.is_zero() }
    }

    /// How long to stand back after a step that took so long.
    pub(crate) fn rest(&mut self, took: Duration) -> Duration {
        let rest = took.saturating_mul(TIMES).min(LONGEST).min(self.left);
        self.left = self.left.saturating_sub(rest);
        rest
    }

    /// Work that takes longer than most may lose so much more; work at one go stays so.
    pub(crate) fn add(&mut self, more: Duration) {
        if self.rests {
            self.left = self.left.saturating_add(more);
        }
    }
}

/// Work in steps, by a clock and a way to sleep that are passed in.
pub(crate) struct Steps<'a> {
    pace: Pace,
    clock: &'a dyn Fn() -> Duration,
    sleep: &'a dyn Fn(Duration),
    /// When this step began.
    since: Duration,
}

impl<'a> Steps<'a> {
    /// Work that stands back after each step.
    pub(crate) fn of(pace: Pace, clock: &'a dyn Fn() -> Duration, sleep: &'a dyn Fn(Duration)) -> Self {
        Self { pace, clock, sleep, since: clock() }
    }

    /// Work at one go.
    pub(crate) fn at_once() -> Self {
        Self::of(Pace::of(Duration::ZERO), &|| Duration::ZERO, &|_| ())
    }

    /// Ends a step. No lock may be held that the writer or a question needs.
    pub(crate) fn done(&mut self) {
        let rest = self.pace.rest((self.clock)().saturating_sub(self.since));
        if !rest.is_zero() {
            (self.sleep)(rest);
        }
        self.since = (self.clock)();
    }

    /// The same work, with so much more to lose.
    pub(crate) fn with_more(&mut self, more: Duration) {
        self.pace.add(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn it_stands_back_some_times_as_long_as_a_step_took() {
        let mut pace = Pace::of(Duration::from_secs(1));
        assert_eq!(pace.rest(micros(250)), micros(750));
        assert_eq!(pace.rest(Duration::ZERO), Duration::ZERO);
        assert_eq!(pace.rest(Duration::from_secs(7)), LONGEST, "one that waited for a disk");
        assert_eq!(pace.rest(Duration::MAX), LONGEST);
    }

    #[test]
    fn it_never_loses_more_than_it_may_in_all() {
        for most in [0, 1, 999, 7_000, 250_000] {
            let mut pace = Pace::of(micros(most));
            let lost: Duration = (0..10_000).map(|step| pace.rest(micros(step % 90))).sum();
            assert_eq!(lost, micros(most));
        }
    }

    #[test]
    fn longer_work_may_lose_more_and_work_at_one_go_nothing() {
        for (most, after) in [(900, 500), (0, 0)] {
            let mut pace = Pace::of(micros(most));
            for _ in 0..10 {
                pace.rest(micros(100));
            }
            assert_eq!(pace.rest(micros(100)), Duration::ZERO);
            pace.add(micros(500));
            assert_eq!(pace.rest(micros(1_000)), micros(after));
        }
    }
}
