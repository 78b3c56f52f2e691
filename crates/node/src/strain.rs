//! When less is offered than usual: a rule over what is measured, on a clock that is passed in. It waits for nobody's
//! courage, and does not flap: what is entered within seconds is left after a minute without its cause.

use honnin_terms::{Less, Strain};

/// What is measured of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measures {
    /// Octets free on the volume of the store; `None` where nobody knows.
    pub free_octets: Option<u64>,
    /// For how long entries of the journal wait to be anchored, in milliseconds.
    pub lag_millis: u64,
    /// How long the store takes to answer, in milliseconds.
    pub store_millis: u64,
    /// Requests that waited for their turn as long as a person waits and were told so, since the last look.
    pub told: u64,
    /// Requests that were begun in their turn since the last look.
    pub begun: u64,
}

/// From when on less is offered, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrainBounds {
    /// With fewer octets free nothing is changed any more; with twice as many it is again.
    pub room_octets: u64,
    /// A head that is anchored later than that, in milliseconds, is late.
    pub lag_millis: u64,
    /// A store that takes longer than that, in milliseconds, is slow.
    pub store_millis: u64,
    /// One told among so many, and the queue is too long; one among twice as many or fewer, and it is not any more. A few
    /// who wait too long are what a stranger can bring about.
    pub told_among: u64,
    /// What is late or slow for so long, in milliseconds, takes something away.
    pub enter_millis: u64,
    /// What has been well for so long, in milliseconds, gives it back.
    pub leave_millis: u64,
}

impl Default for StrainBounds {
    fn default() -> Self {
        Self {
            room_octets: 32 << 20,
            lag_millis: 5_000,
            store_millis: 2_000,
            told_among: 10,
            enter_millis: 10_000,
            leave_millis: 60_000,
        }
    }
}

/// One measure with its memory.
#[derive(Debug, Clone, Copy, Default)]
struct Latch {
    bad_since: Option<u64>,
    good_since: Option<u64>,
    is_on: bool,
}

impl Latch {
    /// Follows a measure: bad, good, or between the two, where what was stays.
    fn follow(&mut self, now: u64, (bad, good): (bool, bool), (enter, leave): (u64, u64)) -> bool {
        self.bad_since = if bad { self.bad_since.or(Some(now)) } else { None };
        self.good_since = if good { self.good_since.or(Some(now)) } else { None };
        let for_long = |since: Option<u64>, long: u64| since.is_some_and(|at| now.saturating_sub(at) >= long);
        if !self.is_on && for_long(self.bad_since, enter) {
            self.is_on = true;
        } else if self.is_on && for_long(self.good_since, leave) {
            self.is_on = false;
        }
        self.is_on
    }
}

/// What follows from the measures of one node.
#[derive(Debug, Clone, Copy)]
pub struct Strains {
    bounds: StrainBounds,
    room: Latch,
    lag: Latch,
    store: Latch,
    queue: Latch,
}

impl Strains {
    /// Nothing was measured yet.
    pub fn new(bounds: StrainBounds) -> Self {
        let [room, lag, store, queue] = [Latch::default(); 4];
        Self { bounds, room, lag, store, queue }
    }

    /// How much less is offered from now on, in milliseconds of a clock that only goes on, and why: the gravest.
    pub fn follow(&mut self, now: u64, measures: &Measures) -> Option<(Less, Strain)> {
        let StrainBounds { room_octets, lag_millis, store_millis, told_among, enter_millis, leave_millis } =
            self.bounds;
        let within = (enter_millis, leave_millis);
        let plain = |bad: bool| (bad, !bad);
        let full = measures.free_octets.is_some_and(|free| free < room_octets);
        let wide = measures.free_octets.is_none_or(|free| free >= room_octets.saturating_mul(2));
        // A volume fills while one waits.
        let room = self.room.follow(now, (full, wide), (0, leave_millis));
        let lag = self.lag.follow(now, plain(measures.lag_millis > lag_millis), within);
        let store = self.store.follow(now, plain(measures.store_millis > store_millis), within);
        let all = measures.told.saturating_add(measures.begun);
        let long = measures.told.saturating_mul(told_among) > all;
        let short = measures.told.saturating_mul(told_among.saturating_mul(2)) <= all;
        let queue = self.queue.follow(now, (long, short), within);
        let brownout = |strain| Some((Less::Brownout, strain));
        match (room, lag, store, queue) {
            (true, ..) => Some((Less::ReadOnly, Strain::Room)),
            (_, true, ..) => brownout(Strain::Lag),
            (_, _, true, _) => brownout(Strain::Store),
            (.., true) => brownout(Strain::Queue),
            (false, false, false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn well() -> Measures {
        Measures { free_octets: Some(1_000 * MIB), ..Measures::default() }
    }

    #[test]
    fn what_is_slow_for_seconds_takes_documents_away_for_a_minute() {
        let mut strains = Strains::new(StrainBounds::default());
        let slow = Measures { store_millis: 2_001, ..well() };
        assert_eq!(
            [0, 9_999].map(|now| strains.follow(now, &slow)),
            [None, None],
            "a stall of seconds is borne"
        );
        assert_eq!(strains.follow(10_000, &slow), Some((Less::Brownout, Strain::Store)));
        // Well for less than a minute is not well.
        assert!(strains.follow(11_000, &well()).is_some() && strains.follow(70_999, &well()).is_some());
        assert!(strains.follow(71_000, &slow).is_some() && strains.follow(72_000, &well()).is_some());
        assert!(strains.follow(131_999, &well()).is_some());
        assert_eq!(strains.follow(132_000, &well()), None);
        // A single slow answer between good ones takes nothing away.
        for second in 133..400 {
            let one = if second % 3 == 0 { slow } else { well() };
            assert_eq!(strains.follow(second * 1_000, &one), None);
        }
    }

    #[test]
    fn a_volume_with_hardly_any_room_takes_acts_away_at_once() {
        let mut strains = Strains::new(StrainBounds::default());
        let free = |octets: u64| Measures { free_octets: Some(octets), ..well() };
        assert_eq!(strains.follow(0, &free(32 * MIB)), None);
        assert_eq!(strains.follow(1_000, &free(32 * MIB - 1)), Some((Less::ReadOnly, Strain::Room)));
        // A little more room is not enough: it would fill again at once.
        assert!(strains.follow(200_000, &free(63 * MIB)).is_some());
        assert!(strains.follow(300_000, &free(64 * MIB)).is_some());
        assert_eq!(strains.follow(360_000, &free(64 * MIB)), None);
        assert_eq!(
            strains.follow(361_000, &Measures::default()),
            None,
            "what nobody knows takes nothing away"
        );
    }

    #[test]
    fn the_gravest_cause_is_told_and_each_is_left_by_itself() {
        let mut strains = Strains::new(StrainBounds::default());
        let all =
            Measures { free_octets: Some(0), lag_millis: 9_000, store_millis: 9_000, told: 3, begun: 0 };
        strains.follow(0, &all);
        assert_eq!(strains.follow(10_000, &all), Some((Less::ReadOnly, Strain::Room)));
        let roomy = Measures { free_octets: Some(1_000 * MIB), ..all };
        strains.follow(11_000, &roomy);
        assert_eq!(strains.follow(71_000, &roomy), Some((Less::Brownout, Strain::Lag)));
        let queue = Measures { told: 2, begun: 8, ..well() };
        strains.follow(72_000, &queue);
        assert_eq!(strains.follow(132_000, &queue), Some((Less::Brownout, Strain::Queue)));
    }

    #[test]
    fn a_few_who_wait_too_long_take_nothing_away_and_hold_nothing() {
        let mut strains = Strains::new(StrainBounds::default());
        let queue = |told: u64| Measures { told, begun: 100 - told, ..well() };
        for second in 0..300 {
            assert_eq!(strains.follow(second * 1_000, &queue(10)), None, "one in ten, for minutes");
        }
        for second in 300..310 {
            assert_eq!(strains.follow(second * 1_000, &queue(11)), None);
        }
        assert_eq!(strains.follow(310_000, &queue(11)), Some((Less::Brownout, Strain::Queue)));
        // Between the two what was stays.
        assert!((311..400).all(|second| strains.follow(second * 1_000, &queue(6)).is_some()));
        // One in each look, for ever, holds nothing.
        assert!((400..460).all(|second| strains.follow(second * 1_000, &queue(5)).is_some()));
        assert_eq!(strains.follow(460_000, &queue(1)), None);
    }
}
