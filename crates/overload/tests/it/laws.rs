//! What holds whatever comes in whatever order.

use std::collections::HashMap;
use std::time::Duration;

use honnin_overload::{Admission, Bounds, Call, Class, LimitBounds, Outside, Place};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Comes,
    Leaves(usize),
    Ends(usize),
    GivesBack(usize),
    Passes(u16),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Comes),
        1 => any::<usize>().prop_map(Step::Leaves),
        3 => any::<usize>().prop_map(Step::Ends),
        1 => any::<usize>().prop_map(Step::GivesBack),
        1 => (0_u16..900).prop_map(Step::Passes),
    ];
    prop::collection::vec(step, 1..300)
}

proptest! {
    #[test]
    fn each_is_called_once_and_no_more_are_in_work_than_may(steps in steps(), most in 1_usize..12) {
        let limit = LimitBounds { least: 1, most, ..LimitBounds::default() };
        let mut admission = Admission::new(Bounds { limit, ..Bounds::default() });
        let mut now = Duration::ZERO;
        let mut waiting: HashMap<Place, Duration> = HashMap::new();
        let mut working: Vec<(Call, Duration)> = Vec::new();
        for step in steps {
            match step {
                Step::Comes => match admission.arrive(now) {
                    None => {
                        prop_assert!(waiting.is_empty(), "nobody overtakes who waits");
                        working.push((Call::Begin, now));
                    }
                    Some(place) => prop_assert!(waiting.insert(place, now).is_none(), "a place of her own"),
                },
                Step::Leaves(which) => {
                    let place = waiting.keys().min().copied().filter(|_| which % 3 > 0).or(waiting.keys().max().copied());
                    if let Some(place) = place {
                        waiting.remove(&place);
                        admission.leave(place);
                    }
                }
                Step::Ends(which) if !working.is_empty() => {
                    let (call, begun) = working.swap_remove(which % working.len());
                    admission.end(call, now, begun);
                }
                Step::GivesBack(which) if !working.is_empty() => {
                    let (call, _) = working.swap_remove(which % working.len());
                    admission.give_back(call);
                }
                Step::Ends(_) | Step::GivesBack(_) => {}
                Step::Passes(millis) => now += Duration::from_millis(millis.into()),
            }
            while let Some((place, call)) = admission.call(now) {
                let since = waiting.remove(&place);
                prop_assert!(since.is_some(), "only who waits is called, and once");
                if call == Call::Tell {
                    prop_assert!(now.saturating_sub(since.unwrap()) >= Bounds::default().patience);
                }
                admission.begun(now, now);
                working.push((call, now));
            }
            prop_assert_eq!(admission.waiting(), waiting.len());
            let begun = working.iter().filter(|(call, _)| *call == Call::Begin).count();
            let told = working.len() - begun;
            prop_assert!(begun <= most && told <= (most / 4).max(1));
            prop_assert_eq!(admission.in_work().0, begun);
            prop_assert!(waiting.is_empty() || begun >= admission.in_work().1, "nobody waits for nothing");
        }
        // All who are left are called once the others end.
        while !waiting.is_empty() {
            for (call, begun) in std::mem::take(&mut working) {
                admission.end(call, now, begun);
            }
            now += Duration::from_secs(1);
            while let Some((place, call)) = admission.call(now) {
                prop_assert!(waiting.remove(&place).is_some());
                working.push((call, now));
            }
        }
    }
}

#[test]
fn documents_are_given_up_first_then_sign_in_and_acts_never() {
    let limit = LimitBounds { least: 1, most: 1, ..LimitBounds::default() };
    let mut admission = Admission::new(Bounds { limit, ..Bounds::default() });
    let millis = Duration::from_millis;
    assert_eq!(admission.arrive(millis(0)), None);
    assert_eq!(admission.given_up(millis(9_000)), None, "nobody waits");
    let place = admission.arrive(millis(100)).unwrap();
    for (now, given_up) in [
        (100, None),
        (599, None),
        (600, Some(Class::Document)),
        (1_099, Some(Class::Document)),
        (1_100, Some(Class::SignIn)),
        (9_000, Some(Class::SignIn)),
    ] {
        assert_eq!(admission.given_up(millis(now)), given_up, "after {now} ms");
    }
    admission.leave(place);
    assert_eq!(admission.given_up(millis(9_000)), None);
    let order = [Class::Static, Class::Begun, Class::Read, Class::SignIn, Class::Document];
    let patience = order.map(|class| Bounds::default().patience_of(class).unwrap_or(Duration::MAX));
    assert!(patience.is_sorted_by(|one, next| one >= next) && order.is_sorted());
}

#[test]
fn while_somebody_waits_long_one_newcomer_is_let_in_for_some_turns_or_after_a_while() {
    let millis = Duration::from_millis;
    let limit = LimitBounds { least: 8, most: 8, ..LimitBounds::default() };
    let bounds =
        Bounds { limit, calm: millis(10), turns_for_a_newcomer: 2, knock: millis(500), ..Bounds::default() };
    let mut admission = Admission::new(bounds.clone());
    assert!((0..1_000).all(|_| admission.let_in(millis(0))), "nobody waits");
    assert!((0..8).all(|_| admission.arrive(millis(0)).is_none()));
    let places: Vec<Place> = (0..5).filter_map(|_| admission.arrive(millis(0))).collect();
    assert!(admission.let_in(millis(9)), "nobody waits long");
    assert!(!admission.let_in(millis(10)));
    let ends = |admission: &mut Admission, now| {
        admission.end(Call::Begin, now, now);
        assert!(admission.call(now).is_some());
    };
    ends(&mut admission, millis(20));
    assert!(!admission.let_in(millis(20)), "one turn");
    ends(&mut admission, millis(21));
    assert!(admission.lets_in(millis(21)) && admission.let_in(millis(21)), "two turns");
    assert!(!admission.let_in(millis(21)), "and one newcomer");
    assert!(!admission.let_in(millis(520)) && admission.let_in(millis(521)), "nothing ends");
    for place in places {
        admission.leave(place);
    }
    assert!(admission.let_in(millis(521)) && admission.let_in(millis(521)), "nobody waits any more");
    for (waiting, many) in [(3, 3), (1_000, 8)] {
        let mut admission = Admission::new(Bounds { calm: Duration::MAX, waiting, ..bounds.clone() });
        assert!((0..many + 7).filter_map(|_| admission.arrive(millis(0))).count() < many);
        assert!(admission.let_in(millis(1)), "few wait");
        assert!(admission.arrive(millis(1)).is_some() && !admission.let_in(millis(1)), "many wait");
    }
}

#[test]
fn as_many_may_wait_outside_as_are_let_in_while_it_stays_fresh() {
    let millis = Duration::from_millis;
    let mut outside = Outside::new(256, millis(250));
    let let_in = |outside: &mut Outside, count, empty: bool, now| {
        (0..count).for_each(|_| outside.took_one());
        if empty {
            outside.is_empty();
        }
        outside.changed(millis(now))
    };
    assert_eq!(let_in(&mut outside, 900, true, 249), None, "it is not looked yet");
    assert_eq!(let_in(&mut outside, 0, false, 250), None, "the queue was empty once: nobody has waited long");
    assert_eq!(let_in(&mut outside, 40, false, 500), Some(40));
    assert!(outside.is_short());
    assert_eq!(let_in(&mut outside, 0, false, 750), Some(8), "a few may always wait");
    assert_eq!(let_in(&mut outside, 900, false, 1_000), None, "who is let in comes in bursts");
    assert_eq!(let_in(&mut outside, 900, false, 1_250), Some(256), "and never more than at first");
    assert_eq!(let_in(&mut outside, 50, false, 1_500), Some(50));
    assert_eq!(let_in(&mut outside, 70, true, 1_750), Some(100), "longer again step by step");
    assert_eq!(let_in(&mut outside, 0, true, 2_000), Some(200));
    assert_eq!(let_in(&mut outside, 0, true, 2_250), Some(256));
    assert_eq!(let_in(&mut outside, 5, true, 2_500), None);
    assert_eq!(let_in(&mut outside, 400, false, 2_750), None, "the first rush after a calm time");
}
