//! A clock that stands ahead or is set back stops nothing that is shown to its owner, is said, and is judged.

use std::sync::atomic::AtomicU64;

use super::*;

const DAYS: i64 = 400 * 86_400;

fn on(seconds: i64) -> Entry {
    entry(at(seconds), 2, 1, Basis::Grant(place(0)), Kind::Disclosure)
}

fn accepted(seconds: i64) -> Entry {
    let details = details();
    let act = Act::new(Kind::ClockAccepted, at(seconds), Party::Operator("suzuki"), Party::Nobody, &details);
    keys(1).seal(&act, &Counting::default()).unwrap()
}

#[test]
fn one_look_by_a_clock_400_days_ahead_stops_nobody_for_400_days() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let grant = beginning(at(0), 2, 1, Kind::Grant, at(1000));
    assert_eq!(put(&journal, &grant), Ok(0));
    assert_eq!(put(&journal, &own(DAYS, 1)), Ok(1));
    assert_eq!(put(&journal, &own(DAYS - 59, 1)), Ok(2), "requests overtake each other");
    assert!(!journal.is_clock_unsettled());
    // Back again: a marker first, then what was to be written.
    assert_eq!(put(&journal, &own(10, 1)), Ok(4));
    let marker = journal.read_at(3).unwrap();
    assert_eq!((marker.kind, marker.moment, marker.until), (Kind::ClockSet, at(10), Some(at(DAYS))));
    assert_eq!(journal.read_at(4).unwrap().order, at(DAYS), "the order never goes back");
    assert!(journal.is_clock_unsettled());
    // Whether a grant has expired cannot be told until somebody has looked at the clock.
    assert_eq!(put(&journal, &on(11)), Err(AppendError::Clock));
    assert_eq!(put(&journal, &own(12, 1)), Ok(5), "one marker is enough");
    drop(journal);
    let journal = open(dir.path());
    assert!(journal.is_clock_unsettled(), "also after opening");
    assert_eq!(put(&journal, &on(13)), Err(AppendError::Clock));
    assert_eq!(put(&journal, &accepted(14)), Ok(6));
    assert!(!journal.is_clock_unsettled());
    assert_eq!(put(&journal, &on(15)), Ok(7));
    journal.close().unwrap();
    let report = check(dir.path()).unwrap();
    assert_eq!((report.clock_sets, report.unsettled, report.on_basis, report.to_owner), (1, false, 1, 4));
}

#[test]
fn a_clock_that_jumps_ahead_is_noticed_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let ticks = Arc::new(AtomicU64::new(5_000));
    let ticking = Arc::clone(&ticks);
    let steady: Steady = Arc::new(move || ticking.load(Ordering::Relaxed));
    let journal = Journal::open(Opening { steady: Some(steady), ..opening(dir.path(), small()) }).unwrap();
    assert_eq!(put(&journal, &own(0, 1)), Ok(0));
    ticks.fetch_add(3_600_000, Ordering::Relaxed);
    assert_eq!(put(&journal, &own(3_600, 1)), Ok(1), "an hour without anybody is no jump");
    assert!(!journal.is_clock_unsettled());
    assert_eq!(put(&journal, &own(3 * 3_600, 1)), Ok(3), "two hours in no time are one");
    assert!(journal.is_clock_unsettled());
    let marker = journal.read_at(2).unwrap();
    assert_eq!((marker.kind, marker.until), (Kind::ClockSet, Some(at(3_600))));
    journal.close().unwrap();
    assert_eq!(check(dir.path()).unwrap().clock_sets, 1);
}

#[test]
fn a_start_by_a_clock_400_days_ahead_is_noticed_and_one_after_a_month_away_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let begin = |seconds| {
        let steady: Steady = Arc::new(|| 0);
        let journal =
            Journal::open(Opening { steady: Some(steady), ..opening(dir.path(), small()) }).unwrap();
        put(&journal, &Entry::blank(Kind::Started, at(seconds), 1)).unwrap();
        let found = (journal.clock_sets(), journal.is_clock_unsettled());
        journal.close().unwrap();
        found
    };
    assert_eq!(begin(0), (0, false), "of an empty log nothing is known");
    assert_eq!(begin(31 * 86_400), (0, false), "a node may be away for a month");
    assert_eq!(begin(31 * 86_400 + DAYS), (1, true));
    assert_eq!(begin(32 * 86_400), (1, true), "and back again");
    assert_eq!(check(dir.path()).unwrap().clock_sets, 2);
}

#[test]
fn entries_of_a_moment_that_has_not_come_do_not_keep_what_was_before_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let entries = (0..300).map(|n| own(n, 1)).chain([own(DAYS, 1)]).chain((300..1200).map(|n| own(n, 1)));
    assert!(append_all(&journal, entries).iter().all(Result::is_ok));
    journal.publish().unwrap();
    assert_eq!(journal.prune(at(1000)).unwrap(), 768);
    assert!(journal.answerable_since().unwrap() < at(1000));
    journal.close().unwrap();
    assert_eq!(check(dir.path()).unwrap().minimum, 768);
}
