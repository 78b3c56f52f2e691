//! How many answers reach somebody who is still there, whatever comes.

use std::time::Duration;

use honnin_overload::{Admission, Bounds};

use crate::house::{Door, Outcome, PEAK, Storm, left_by_waits};

const IMPATIENT: Duration = Duration::from_secs(1);
const PATIENT: Duration = Duration::from_secs(30);

fn admission() -> Admission {
    Admission::new(Bounds::default())
}

/// What became of those who came in the middle of four seconds of so many times the peak.
fn storm(admission: Option<Admission>, stays: Duration, times: f64) -> Outcome {
    let mut storm = Storm::new(admission, stays, Door::None);
    storm.come(PEAK * times, 0.0, 4.0);
    storm.run();
    storm.outcome(1.7, 2.7)
}

#[test]
fn who_begins_whatever_comes_answers_nobody_in_time() {
    let outcome = storm(None, IMPATIENT, 3.0);
    assert!(outcome.of_peak() < 0.05, "{outcome:?}");
}

#[test]
fn in_the_order_they_came_nobody_is_answered_in_time_either() {
    let never = Duration::from_hours(1);
    let bounds = Bounds { calm: never, patience: never, ..Bounds::default() };
    let outcome = storm(Some(Admission::new(bounds)), IMPATIENT, 3.0);
    assert!(outcome.of_peak() < 0.05, "{outcome:?}");
}

#[test]
fn at_three_times_the_load_all_that_can_be_done_reaches_somebody() {
    let outcome = storm(Some(admission()), IMPATIENT, 3.0);
    assert!(outcome.of_peak() > 0.97 * left_by_waits(3.0), "{outcome:?}");
    assert!(outcome.slow < Duration::from_millis(100), "{outcome:?}");
}

#[test]
fn at_ten_times_the_load_what_letting_wait_leaves_reaches_somebody() {
    let outcome = storm(Some(admission()), IMPATIENT, 10.0);
    assert!(outcome.of_peak() > 0.95 * left_by_waits(10.0), "{outcome:?}");
}

#[test]
fn who_stays_is_answered_or_told() {
    let mut storm = Storm::new(Some(admission()), PATIENT, Door::None);
    storm.come(PEAK * 3.0, 0.0, 3.0);
    storm.run();
    let outcome = storm.outcome(0.0, 3.0);
    assert_eq!(outcome.left, 0, "{outcome:?}");
    assert!(outcome.told > 0 && outcome.of_peak() > 0.6, "{outcome:?}");
}

#[test]
fn a_calm_house_lets_nobody_wait() {
    let outcome = storm(Some(admission()), IMPATIENT, 0.5);
    assert_eq!((outcome.told, outcome.left), (0, 0), "{outcome:?}");
    assert!(outcome.slow < Duration::from_millis(10), "{outcome:?}");
}

#[test]
fn after_the_storm_it_is_as_before() {
    let mut storm = Storm::new(Some(admission()), IMPATIENT, Door::None);
    storm.come(PEAK * 10.0, 0.0, 2.0);
    storm.come(PEAK * 0.8, 2.0, 5.0);
    storm.run();
    let after = storm.outcome(4.0, 5.0);
    assert_eq!((after.told, after.left), (0, 0), "{after:?}");
    assert!(after.slow < Duration::from_millis(50), "{after:?}");
}

/// A machine that is so slow that as many as the system holds outside are more than a second's work.
const SLOW: u32 = 30;

/// The same on a small machine, where whoever finds no idle connection opens one and takes it along when she leaves.
fn crowd(door: Door, times: f64) -> Outcome {
    let mut storm = Storm::new(Some(admission()), IMPATIENT, door).slow(SLOW);
    storm.come(PEAK * times, 0.0, 13.0);
    storm.run();
    storm.outcome(5.0, 11.0)
}

#[test]
fn letting_everybody_in_leaves_nothing_for_answers() {
    for times in [1.0, 3.0, 10.0] {
        let outcome = crowd(Door::Open, times);
        assert!(outcome.of_peak() < 0.5, "{times}: {outcome:?}");
    }
}

#[test]
fn while_others_wait_long_inside_newcomers_wait_outside() {
    for times in [1.0, 1.5, 3.0, 10.0] {
        let outcome = crowd(Door::Watched, times);
        assert!(outcome.of_peak() > 0.95, "{times}: {outcome:?}");
        assert!(outcome.slow < Duration::from_millis(200), "{times}: {outcome:?}");
    }
}

/// A launch: each comes with a connection of her own, and letting in is most of the work.
fn newcomers(door: Door, times: f64) -> Outcome {
    let mut storm = Storm::new(Some(admission()), IMPATIENT, door).slow(SLOW).each_her_own();
    storm.come(PEAK * times, 0.0, 13.0);
    storm.run();
    storm.outcome(5.0, 11.0)
}

/// What is left for answers where each needs to be let in.
const OF_NEWCOMERS: f64 = 0.3;

#[test]
fn from_a_long_queue_outside_only_those_are_let_in_who_leave() {
    for times in [1.0, 3.0, 10.0] {
        let outcome = newcomers(Door::Held, times);
        assert!(outcome.of_peak() < 0.2 * OF_NEWCOMERS, "{times}: {outcome:?}");
    }
}

#[test]
fn a_queue_as_long_as_it_stays_fresh_holds_those_who_are_there_still() {
    for times in [0.5, 1.0, 3.0, 10.0] {
        let outcome = newcomers(Door::Watched, times);
        assert!(outcome.of_peak() > OF_NEWCOMERS, "{times}: {outcome:?}");
        assert!(outcome.slow < Duration::from_millis(300), "{times}: {outcome:?}");
    }
    let calm = newcomers(Door::Watched, 0.2);
    assert_eq!((calm.left, calm.told), (0, 0), "{calm:?}");
}

#[test]
fn a_small_machine_is_as_before_after_the_storm() {
    for door in [Door::Open, Door::Watched] {
        let mut storm = Storm::new(Some(admission()), IMPATIENT, door).slow(SLOW);
        storm.come(PEAK * 10.0, 0.0, 5.0);
        storm.come(PEAK * 0.8, 5.0, 12.0);
        storm.run();
        let after = storm.outcome(8.0, 11.0);
        assert_eq!(after.of_peak() > 0.75, door == Door::Watched, "{door:?}: {after:?}");
    }
}
