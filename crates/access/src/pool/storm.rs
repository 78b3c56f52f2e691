//! A storm of people who leave after a second, each from a network of their own, on time that is passed in: how many of
//! them the hasher reaches while they are there.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use proptest::prelude::*;

use super::turns::{Place, Pushed, Rank, Share, Turns, Who};
use crate::Source;

const SECOND: u64 = 1_000_000;

/// What a storm came to.
struct Seen {
    /// Hashes that were done while whoever asked was there, and all.
    in_time: u64,
    done: u64,
    /// The longest that somebody waited who stays, in microseconds.
    longest: u64,
}

/// Somebody comes each `every` microseconds; a hash takes `hash`. One of `stays` has all the patience there is.
fn storm(rank: Rank, (every, hash): (u64, u64), patience: u64, stays: u64, until: u64) -> Seen {
    let mut turns = Turns::new(2_048);
    let mut waiting: BTreeMap<u64, (Place, u64)> = BTreeMap::new();
    let mut leaves: VecDeque<(u64, u64)> = VecDeque::new();
    let mut seen = Seen { in_time: 0, done: 0, longest: 0 };
    let (mut next, mut free) = (0, 0);
    while free < until {
        // Everybody who comes and goes before the hasher is free.
        while next * every <= free {
            let came = next * every;
            while let Some((_, number)) = leaves.pop_front_if(|(at, _)| *at <= came) {
                if let Some((place, _)) = waiting.remove(&number) {
                    assert_eq!(turns.take_out(place), Some(number));
                }
            }
            let source = Source { site: next, prefix: next, address: next };
            let who = Who { share: Share::SignIn, rank, is_fresh: true, source };
            match turns.push(who, Duration::from_micros(came), next) {
                Pushed::Waits(place) => {
                    waiting.insert(next, (place, came));
                }
                Pushed::Instead(place, gone) => {
                    waiting.remove(&gone);
                    waiting.insert(next, (place, came));
                }
                Pushed::Refused(_) => {}
            }
            if stays == 0 || next % stays != 0 {
                leaves.push_back((came + patience, next));
            }
            next += 1;
        }
        while let Some((_, number)) = leaves.pop_front_if(|(at, _)| *at <= free) {
            if let Some((place, _)) = waiting.remove(&number) {
                turns.take_out(place);
            }
        }
        let Some(number) = turns.pop(Duration::from_micros(free)) else {
            free = next * every;
            continue;
        };
        let (_, came) = waiting.remove(&number).unwrap();
        free += hash;
        seen.done += 1;
        let waited = free - came;
        let is_patient = stays > 0 && number % stays == 0;
        seen.in_time += u64::from(waited <= patience || is_patient);
        if is_patient {
            seen.longest = seen.longest.max(waited);
        }
    }
    seen
}

#[test]
fn ten_times_too_many_who_leave_soon_are_hashed_for_in_time() {
    for times in [2, 10] {
        let hash = 16_000;
        let seen = storm(Rank::First, (hash / times, hash), SECOND, 0, 8 * SECOND);
        assert!(seen.in_time * 100 >= seen.done * 95, "{times} ×: {} of {}", seen.in_time, seen.done);
        assert!(seen.done * hash >= 7 * SECOND, "the hasher has always work");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn however_many_come_hashes_are_for_people_who_are_there(
        hash in 5_000..40_000u64, percent in 150..800u64, patience in 700_000..2_000_000u64,
        rank in prop::sample::select(vec![Rank::Device, Rank::First]),
    ) {
        let seen = storm(rank, ((hash * 100 / percent).max(1), hash), patience, 0, 6 * SECOND);
        prop_assert!(seen.in_time * 100 >= seen.done * 94, "{} of {}", seen.in_time, seen.done);
    }

    #[test]
    fn a_calm_house_keeps_the_order_of_coming(
        prefixes in prop::collection::vec(0..400u64, 1..60), late in 0..500u64,
    ) {
        let mut turns = Turns::new(2_048);
        let mut order = Vec::new();
        for prefix in prefixes {
            if !order.contains(&prefix) {
                let source = Source { site: prefix, prefix, address: prefix };
                let who = Who { share: Share::SignIn, rank: Rank::First, is_fresh: true, source };
                prop_assert!(matches!(turns.push(who, Duration::ZERO, prefix), Pushed::Waits(_)));
                order.push(prefix);
            }
        }
        for prefix in order {
            prop_assert_eq!(turns.pop(Duration::from_millis(late)), Some(prefix));
        }
    }
}

#[test]
fn whoever_stays_is_reached_even_while_the_newest_are_first() {
    // The queue is short and one of 200 stays: the turns in order reach each of them.
    let hash = 16_000;
    let seen = storm(Rank::First, (hash * 10 / 11, hash), SECOND, 200, 60 * SECOND);
    assert!(seen.longest > 0 && seen.longest < 30 * SECOND, "{} s", seen.longest / SECOND);
}

#[test]
fn a_flood_from_one_prefix_gains_nothing_by_its_newest() {
    let mut turns = Turns::new(2_048);
    let at = Duration::from_secs(10);
    let who = |prefix, address| {
        let source = Source { site: prefix, prefix, address };
        Who { share: Share::SignIn, rank: Rank::First, is_fresh: true, source }
    };
    for address in 0..500 {
        turns.push(who(1, address), Duration::ZERO, "flood");
    }
    assert_eq!(turns.pop(at), Some("flood"));
    for prefix in 2..22 {
        turns.push(who(prefix, 0), at, "hers");
        turns.push(who(1, 1_000 + prefix), at, "flood");
    }
    let taken: Vec<_> = (0..21).filter_map(|_| turns.pop(at)).collect();
    assert_eq!(taken.iter().filter(|job| **job == "hers").count(), 20, "{taken:?}");
}
