//! How many a node may call: as many as it has been seen to sign in, and a little more while nobody waits long.

use std::time::Duration;

use super::Ahead;

/// What was seen since the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Second {
    /// How long ago that was.
    pub(super) elapsed: Duration,
    /// How many signed in meanwhile.
    pub(super) done: u32,
    /// Whether they waited too long.
    pub(super) late: bool,
    /// How long whoever comes now would wait.
    pub(super) ahead: Ahead,
    /// Whether sign-ins are under way.
    pub(super) stands: bool,
    /// How many of a thousand who were called have come.
    pub(super) shows: u64,
}

/// How many to call, in thousandths of a person a second.
#[derive(Debug)]
pub(super) struct Pace {
    /// The least: with it everything begins.
    first: u64,
    /// Beyond this wait nobody is called.
    holds: Duration,
    rate: u64,
    /// The most that were signed in a second, of late.
    best: u64,
    /// What the hashers do a second, in thousandths; nothing where they have done nothing yet.
    can: u64,
    /// How many thousandths of a person have not been called yet.
    rest: u64,
    /// Looks one after the other in which sign-ins were under way and none ended.
    still: u32,
}

/// After so many looks without an end something stands still.
const STILL: u32 = 2;

impl Pace {
    pub(super) fn new(first: u32, holds: Duration) -> Self {
        let first = u64::from(first.max(1)).saturating_mul(1_000);
        Self { first, holds, rate: first, best: 0, can: 0, rest: 0, still: 0 }
    }

    /// The line begins by itself: as fast as people were signed in until now, or as the hashers work. Where whoever
    /// had her turn had left by then, nobody was.
    pub(super) fn opens(&mut self) {
        (self.best, self.still) = (self.best.max(self.can), 0);
        self.rate = self.best.max(self.first);
    }

    /// How many it stands at, in thousandths of a person a second.
    pub(super) const fn rate(&self) -> u64 {
        self.rate
    }

    /// As many as the hashers do, and as many more or less as bring the wait to three eighths of what holds: long enough that they
    /// always have work, and short enough that nobody leaves. In four times what holds: who is called comes seconds later,
    /// and what is made up for at once would be made up for several times. By a crowd's wait: first tries of a few sites make
    /// nobody's line slower. Nothing where they have done nothing yet.
    fn due(&mut self, ahead: Ahead) -> Option<u64> {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let (holds, wait) = (micros(self.holds).max(1), micros(ahead.crowd));
        self.can = 1_000_000_000_u64.checked_div(micros(ahead.each)).unwrap_or(0);
        if self.can == 0 {
            return None;
        }
        let (whole, target) = (holds.saturating_mul(4), holds.saturating_mul(3) / 8);
        Some(self.can.saturating_mul(whole.saturating_add(target).saturating_sub(wait)) / whole)
    }

    /// How many may be called now.
    pub(super) fn call(&mut self, second: &Second) -> u32 {
        let millis = u64::try_from(second.elapsed.as_millis()).unwrap_or(u64::MAX).clamp(1, 5_000);
        let done = u64::from(second.done).saturating_mul(1_000_000) / millis;
        // What was once reached is forgotten by a thirtieth with each look.
        self.best = (self.best - self.best / 30).max(done);
        let due = self.due(second.ahead);
        self.still = if second.stands && second.done == 0 { self.still.saturating_add(1) } else { 0 };
        // Of those who are called only so many come.
        let comes = second.shows.clamp(250, 1_000);
        let most = (self.best.saturating_mul(3) / 2).saturating_mul(1_000) / comes;
        let most = most.saturating_add(self.first);
        if self.still >= STILL {
            // Nobody gets in, whoever is called: from the beginning again.
            self.rate = self.first;
            self.best = 0;
        } else if second.late {
            // Who is on the way is enough for now.
            self.rate = self.rate.min(done.max(self.first));
            self.rest = 0;
            if due.is_none() || second.ahead.crowd > self.holds {
                return 0;
            }
            // The hashers say that nobody waits so long for them: whoever did may have been held back for her own wrong
            // guesses.
            let least = self.first.saturating_mul(millis) / 1_000_000;
            return u32::try_from(least).unwrap_or(u32::MAX);
        } else {
            let more = self.rate.saturating_add(self.rate / 8);
            // Nobody is late: those who wait are not the ones who sign in.
            let due = due.map_or(most, |due| due.max(done).saturating_mul(1_000) / comes);
            self.rate = more.min(due).clamp(self.first, most);
        }
        let all = self.rest.saturating_add(self.rate.saturating_mul(millis) / 1_000);
        self.rest = all % 1_000;
        u32::try_from(all / 1_000).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(done: u32) -> Second {
        Second {
            elapsed: Duration::from_secs(1),
            done,
            late: false,
            ahead: Ahead::default(),
            stands: true,
            shows: 1_000,
        }
    }

    #[test]
    fn no_more_are_called_than_half_as_many_again_as_got_in() {
        let mut pace = Pace::new(5, Duration::from_secs(1));
        let called: Vec<u32> = (0..60).map(|_| pace.call(&second(40))).collect();
        assert!(called.iter().all(|called| *called <= 65), "{called:?}");
        assert!(called[59] >= 60, "{called:?}");
        // A standstill begins anew, however fast it went before.
        for _ in 0..STILL {
            pace.call(&second(0));
        }
        assert!((0..5).all(|_| pace.call(&second(0)) <= 5));
    }

    #[test]
    fn while_those_who_sign_in_wait_nobody_is_called() {
        let mut pace = Pace::new(5, Duration::from_secs(1));
        (0..30).for_each(|_| assert!(pace.call(&second(40)) > 0));
        assert_eq!(pace.call(&Second { late: true, ..second(30) }), 0);
        assert!(pace.call(&second(30)) <= 34, "and goes on from what was reached");
    }

    #[test]
    fn where_half_of_them_have_left_twice_as_many_are_called() {
        let mut pace = Pace::new(5, Duration::from_secs(1));
        let shows = Second { shows: 500, ..second(40) };
        let called = (0..60).map(|_| pace.call(&shows)).max().unwrap();
        assert!((100..=125).contains(&called), "{called}");
    }
}
