//! How fast a command works that runs beside a server: in small steps, with pauses as long as the steps make them.
//!
//! A lower priority is not enough. Where the system shares the processor among sessions or services (autogroups, control
//! groups) it counts within each of them only; and it says nothing of the disk. With pauses the server has the machine to
//! itself most of the time, whatever the command works at, and the command ends all the same, after a time that is known.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shorter work than this is not paused after: it is added to the next.
const LEAST: Duration = Duration::from_millis(1);
/// Longest pause. A step may have taken long because the disk did, and nobody is served better by a pause of seconds.
const LONGEST: Duration = Duration::from_millis(250);

/// The part of the time a command may work, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share(u32);

impl Share {
    /// That part; at least one and at most a hundred hundredths.
    pub(crate) fn of(hundredths: u8) -> Self {
        Self(u32::from(hundredths).clamp(1, 100))
    }

    /// How long to pause after so much work.
    fn pause_after(self, worked: Duration) -> Duration {
        (worked * (100 - self.0) / self.0).min(LONGEST)
    }
}

/// A command that works at a pace.
pub(crate) struct Pace<N, P> {
    share: Share,
    /// Time since some moment.
    now: N,
    pause: P,
    at: Mutex<At>,
}

/// Where it stands.
#[derive(Debug, Clone, Copy)]
struct At {
    /// When work began that was not paused after yet.
    begun: Duration,
    paused: Duration,
}

/// On the clock of the machine.
pub(crate) type MachinePace = Pace<Box<dyn Fn() -> Duration + Send + Sync>, fn(Duration)>;

impl MachinePace {
    /// Begins now.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a step took is measured here, and decides about nothing but a pause"
    )]
    pub(crate) fn of(share: Share) -> Self {
        let first = Instant::now();
        Self::begin(share, Box::new(move || first.elapsed()), std::thread::sleep)
    }
}

impl<N: Fn() -> Duration, P: Fn(Duration)> Pace<N, P> {
    fn begin(share: Share, now: N, pause: P) -> Self {
        let at = Mutex::new(At { begun: now(), paused: Duration::ZERO });
        Self { share, now, pause, at }
    }

    /// Called between two small steps of work: pauses where enough was done.
    pub(crate) fn step(&self) {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let worked = (self.now)().saturating_sub(at.begun);
        let pause = self.share.pause_after(worked);
        if worked < LEAST || pause.is_zero() {
            return;
        }
        (self.pause)(pause);
        at.paused += pause;
        at.begun = (self.now)();
    }

    /// How long it paused so far.
    pub(crate) fn paused(&self) -> Duration {
        self.at.lock().unwrap_or_else(PoisonError::into_inner).paused
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Works in steps of that length; tells how long it took in all, how long of that it paused, and the longest pause.
    fn worked(share: u8, steps: u32, each: Duration) -> (Duration, Duration, Duration) {
        let (time, longest) = (Cell::new(Duration::ZERO), Cell::new(Duration::ZERO));
        let pause = |pause| {
            time.set(time.get() + pause);
            longest.set(longest.get().max(pause));
        };
        let pace = Pace::begin(Share::of(share), || time.get(), pause);
        for _ in 0..steps {
            time.set(time.get() + each);
            pace.step();
        }
        (time.get(), pace.paused(), longest.get())
    }

    #[test]
    fn work_has_its_share_of_the_time_and_no_more() {
        for share in [1, 20, 50, 80] {
            let each = Duration::from_millis(2);
            let (took, paused, longest) = worked(share, 1_000, each);
            let work = each * 1_000;
            assert_eq!(took, work + paused, "{share}");
            assert_eq!(took, work * 100 / u32::from(share), "{share}: and this is the bound");
            assert_eq!(longest, paused / 1_000, "{share}: in small pauses");
        }
    }

    #[test]
    fn steps_of_microseconds_are_paused_after_together() {
        let (took, paused, longest) = worked(20, 10_000, Duration::from_micros(10));
        assert_eq!(took, Duration::from_millis(500));
        assert_eq!((paused, longest), (Duration::from_millis(400), LEAST * 4));
    }

    #[test]
    fn a_step_that_the_disk_made_long_is_followed_by_a_pause_within_its_bound() {
        let (took, paused, longest) = worked(1, 3, Duration::from_secs(2));
        assert_eq!((took, paused, longest), (Duration::from_millis(6_750), LONGEST * 3, LONGEST));
    }

    #[test]
    fn at_full_speed_there_is_no_pause() {
        assert_eq!(worked(100, 1_000, Duration::from_millis(2)).1, Duration::ZERO);
        assert_eq!((Share::of(0), Share::of(255)), (Share(1), Share(100)));
    }
}
