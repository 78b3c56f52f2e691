//! Growing delay after wrong passwords: slows a guesser down, locks nobody out.
//!
//! Three counters stand for each account: known devices (each mark its own), strangers from one address prefix, and
//! all strangers together with a low cap. A person on a device she has signed in from before is never slowed by
//! strangers, and a stranger can at most make another stranger wait for the low cap.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use honnin_terms::{AccountId, Moment};

/// Bounds of the growing delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DelayBounds {
    /// Wrong answers without any delay. Default 4.
    pub free: u32,
    /// The longest delay for one source, in seconds. Default 60.
    pub longest_seconds: i64,
    /// The longest delay for all strangers of an account together, in seconds. Default 4.
    pub longest_for_all_seconds: i64,
    /// A counter is forgotten so long after its last wrong answer, in seconds. Default 1,800.
    pub forget_seconds: i64,
    /// Counters kept in memory; beyond that the one that ends soonest is forgotten. Default 262,144.
    pub most: usize,
}

impl Default for DelayBounds {
    fn default() -> Self {
        Self {
            free: 4,
            longest_seconds: 60,
            longest_for_all_seconds: 4,
            forget_seconds: 1_800,
            most: 262_144,
        }
    }
}

/// Where a sign-in comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A device this account has signed in from before, as its mark proves.
    KnownDevice,
    /// Any other, by the prefix of its address (/24 or /48) as an opaque number.
    Stranger(u64),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Counter {
    One(AccountId, Source),
    AllStrangers(AccountId),
}

#[derive(Clone, Copy)]
struct Wrong {
    count: u32,
    not_before: Moment,
    forget_at: Moment,
}

pub(crate) struct Delays {
    bounds: DelayBounds,
    wrong: Mutex<HashMap<Counter, Wrong>>,
}

impl fmt::Debug for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delays").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl Delays {
    pub(crate) fn new(bounds: DelayBounds) -> Self {
        Self { bounds, wrong: Mutex::new(HashMap::new()) }
    }

    /// How many seconds that source must still wait; 0 for none.
    pub(crate) fn wait_seconds(&self, account: AccountId, source: Source, now: Moment) -> i64 {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |counter: &Counter| {
            let seen = wrong.get(counter).filter(|seen| seen.forget_at > now);
            seen.map_or(0, |seen| (seen.not_before.millis().saturating_sub(now.millis()) + 999).max(0) / 1000)
        };
        counters(account, source).iter().map(left).max().unwrap_or(0)
    }

    /// Counts a wrong answer.
    pub(crate) fn count(&self, account: AccountId, source: Source, now: Moment) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        for counter in counters(account, source) {
            self.make_room(&mut wrong, now);
            let longest = match counter {
                Counter::One(..) => self.bounds.longest_seconds,
                Counter::AllStrangers(_) => self.bounds.longest_for_all_seconds,
            };
            let entry = wrong.entry(counter).or_insert(Wrong { count: 0, not_before: now, forget_at: now });
            if entry.forget_at <= now {
                entry.count = 0;
            }
            entry.count = entry.count.saturating_add(1);
            let doublings = entry.count.saturating_sub(self.bounds.free).min(30);
            let delay = if doublings == 0 { 0 } else { (1_i64 << (doublings - 1)).min(longest) };
            entry.not_before = now.plus_seconds(delay);
            entry.forget_at = now.plus_seconds(self.bounds.forget_seconds);
        }
    }

    /// Forgets the wrong answers of a source that has now answered right.
    pub(crate) fn clear(&self, account: AccountId, source: Source) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.remove(&Counter::One(account, source));
    }

    fn make_room(&self, wrong: &mut HashMap<Counter, Wrong>, now: Moment) {
        if wrong.len() < self.bounds.most {
            return;
        }
        wrong.retain(|_, seen| seen.forget_at > now);
        if wrong.len() >= self.bounds.most
            && let Some(soonest) =
                wrong.iter().min_by_key(|(_, seen)| seen.forget_at).map(|(counter, _)| *counter)
        {
            wrong.remove(&soonest);
        }
    }
}

fn counters(account: AccountId, source: Source) -> Vec<Counter> {
    match source {
        Source::KnownDevice => vec![Counter::One(account, source)],
        Source::Stranger(_) => vec![Counter::One(account, source), Counter::AllStrangers(account)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_terms::Id;

    fn her() -> AccountId {
        AccountId::from_octets([1; 16])
    }

    fn after_wrong_answers(count: u32, source: Source) -> Delays {
        let delays = Delays::new(DelayBounds::default());
        (0..count).for_each(|_| delays.count(her(), source, Moment::EPOCH));
        delays
    }

    #[test]
    fn the_delay_grows_and_stops_growing() {
        let waits: Vec<i64> = (0..14)
            .map(|wrong| {
                after_wrong_answers(wrong, Source::KnownDevice).wait_seconds(
                    her(),
                    Source::KnownDevice,
                    Moment::EPOCH,
                )
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn a_stranger_can_never_lock_somebody_out() {
        let delays = after_wrong_answers(10_000, Source::Stranger(7));
        assert_eq!(delays.wait_seconds(her(), Source::KnownDevice, Moment::EPOCH), 0);
        assert_eq!(delays.wait_seconds(her(), Source::Stranger(8), Moment::EPOCH), 4);
        assert_eq!(delays.wait_seconds(her(), Source::Stranger(7), Moment::EPOCH), 60);
        assert_eq!(
            delays.wait_seconds(AccountId::from_octets([2; 16]), Source::Stranger(7), Moment::EPOCH),
            0
        );
    }

    #[test]
    fn a_right_answer_and_time_are_both_forgiving() {
        let delays = after_wrong_answers(9, Source::KnownDevice);
        delays.clear(her(), Source::KnownDevice);
        assert_eq!(delays.wait_seconds(her(), Source::KnownDevice, Moment::EPOCH), 0);
        let delays = after_wrong_answers(9, Source::Stranger(7));
        assert_eq!(delays.wait_seconds(her(), Source::Stranger(7), Moment::EPOCH.plus_seconds(1_800)), 0);
    }

    #[test]
    fn counters_stay_within_their_bound() {
        let delays = Delays::new(DelayBounds { most: 8, ..DelayBounds::default() });
        for n in 0..100u64 {
            delays.count(
                AccountId::from_octets(u128::from(n).to_be_bytes()),
                Source::Stranger(n),
                Moment::EPOCH,
            );
        }
        assert!(delays.wrong.lock().unwrap().len() <= 8);
    }
}
