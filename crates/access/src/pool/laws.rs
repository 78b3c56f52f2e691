//! Laws of the turns, tried on random histories.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::turns::{Place, Pushed, Rank, Share, Turns, Who};
use crate::Source;

#[derive(Debug, Clone)]
enum Step {
    Push(Who),
    Pop,
    Leave(prop::sample::Index),
}

fn who() -> impl Strategy<Value = Who> {
    let share = prop::sample::select(vec![Share::SignIn, Share::Code, Share::Confirm]);
    let rank = prop::sample::select(vec![Rank::Device, Rank::First, Rank::Crowd, Rank::Again]);
    (share, rank, 0..6u64, 0..3u64, any::<bool>()).prop_map(|(share, rank, prefix, address, is_fresh)| Who {
        share,
        rank,
        source: Source { site: prefix, prefix, address },
        is_fresh,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => who().prop_map(Step::Push),
        3 => Just(Step::Pop),
        1 => any::<prop::sample::Index>().prop_map(Step::Leave),
    ];
    prop::collection::vec(step, 0..400)
}

fn stranger(rank: Rank, prefix: u64, address: u64) -> Who {
    Who { share: Share::SignIn, rank, is_fresh: false, source: Source { site: prefix, prefix, address } }
}

proptest! {
    #[test]
    fn what_is_brought_comes_once_or_is_refused_and_the_bound_holds(
        steps in steps(), bound in 1..24usize,
    ) {
        let mut turns = Turns::new(bound);
        let most = bound + 2 * bound.div_ceil(8);
        let mut waiting: BTreeMap<u64, Place> = BTreeMap::new();
        let mut next = 0;
        for step in steps {
            match step {
                Step::Push(who) => {
                    next += 1;
                    match turns.push(who, next) {
                        Pushed::Waits(place) => prop_assert!(waiting.insert(next, place).is_none()),
                        Pushed::Instead(place, gone) => {
                            prop_assert!(waiting.remove(&gone).is_some(), "{gone} did not wait");
                            waiting.insert(next, place);
                        }
                        Pushed::Refused(job) => prop_assert_eq!(job, next),
                    }
                }
                Step::Pop => match turns.pop() {
                    Some(job) => prop_assert!(waiting.remove(&job).is_some(), "{job} came twice"),
                    None => prop_assert!(waiting.is_empty(), "work waits and none comes"),
                },
                Step::Leave(index) => {
                    if !waiting.is_empty() {
                        let job = *waiting.keys().nth(index.index(waiting.len())).unwrap();
                        let place = waiting.remove(&job).unwrap();
                        prop_assert_eq!(turns.take_out(place), Some(job));
                        prop_assert_eq!(turns.take_out(place), None, "once only");
                    }
                }
            }
            prop_assert_eq!(turns.len(), waiting.len());
            prop_assert!(turns.len() <= most);
        }
        while let Some(job) = turns.pop() {
            prop_assert!(waiting.remove(&job).is_some());
        }
        prop_assert!(waiting.is_empty(), "{waiting:?} never comes");
    }

    #[test]
    fn prefixes_that_always_have_work_get_the_same_number_of_turns(
        amounts in prop::collection::vec(1..40u64, 2..12), turns_taken in 1..200usize,
    ) {
        let mut turns = Turns::new(4_096);
        // Each prefix comes back with as much as it has places, as one that floods does.
        let bring = |turns: &mut Turns<u64>, prefix: u64, address: u64| {
            assert!(matches!(turns.push(stranger(Rank::Again, prefix, address), prefix), Pushed::Waits(_)));
        };
        for (prefix, amount) in (0..).zip(&amounts) {
            (0..*amount).for_each(|address| bring(&mut turns, prefix, address));
        }
        let mut had = vec![0usize; amounts.len()];
        for address in (1_000..).take(turns_taken) {
            let prefix = turns.pop().unwrap();
            had[usize::try_from(prefix).unwrap()] += 1;
            bring(&mut turns, prefix, address);
        }
        let (most, least) = (had.iter().max().unwrap(), had.iter().min().unwrap());
        prop_assert!(most - least <= 1, "{had:?}");
    }

    #[test]
    fn nobody_waits_for_ever_whatever_floods_the_ranks_above(flood in 1..4u64, others in 0..20u64) {
        let mut turns = Turns::new(1 << 20);
        for other in 0..others {
            turns.push(stranger(Rank::Again, 10 + other, 0), "other");
        }
        turns.push(stranger(Rank::Again, 1, 0), "hers");
        let weights = 64 + 32 + 8 + 1;
        let turn = (1..=weights * (others + 1) + 1).find(|number| {
            for rank in [Rank::Device, Rank::First, Rank::Crowd] {
                for n in 0..flood {
                    turns.push(stranger(rank, 1_000 + n, *number), "flood");
                }
            }
            turns.pop() == Some("hers")
        });
        prop_assert!(turn.is_some());
    }

    #[test]
    fn a_first_try_is_served_before_all_repeats_of_others(repeats in 1..500u64) {
        let mut turns = Turns::new(4_096);
        for repeat in 0..repeats {
            turns.push(stranger(Rank::Again, repeat % 50, repeat), "repeat");
        }
        turns.pop();
        turns.push(stranger(Rank::First, 99, 0), "first");
        prop_assert!((0..2).any(|_| turns.pop() == Some("first")));
    }
}

#[test]
fn a_fresh_address_is_next_in_its_prefix() {
    let mut turns = Turns::new(4_096);
    for job in 0..1_000 {
        turns.push(stranger(Rank::Again, job % 50, job), job);
    }
    turns.push(Who { is_fresh: true, ..stranger(Rank::Again, 49, 5_000) }, 7_777);
    let turn = (1..2_000).find(|_| turns.pop() == Some(7_777)).unwrap();
    assert!(turn <= 50, "{turn}");
}

#[test]
fn codes_and_confirmations_have_turns_of_their_own() {
    let mut turns = Turns::new(2_048);
    for number in 0..2_048 {
        turns.push(stranger(Rank::First, number, 0), "sign-in");
    }
    for share in [Share::Code, Share::Confirm] {
        let who = Who { share, ..stranger(Rank::First, 1, 1) };
        assert!(matches!(turns.push(who, "own"), Pushed::Waits(_)), "{share:?}");
    }
    let taken: Vec<_> = (0..6).filter_map(|_| turns.pop()).collect();
    assert_eq!(taken.iter().filter(|job| **job == "own").count(), 2, "{taken:?}");
}
