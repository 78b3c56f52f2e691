//! Promises of `OperatorRows`.

use honnin_access::ports::SessionRow;
use honnin_terms::AccountId;

use super::wishes::{set, wish};
use super::{Stage, done};
use crate::{Batch, Committed, NewWish, Progress, QuarantineRow, SeenRow, WishAnswer, WishKey};

fn broken(stage: &Stage, record: u8, seconds: i64) -> QuarantineRow {
    QuarantineRow {
        file: "usage.csv".to_owned(),
        line: 1,
        reason: "bad_date".to_owned(),
        sealed: vec![1; 40],
        record: [record; 16],
        at: stage.at(seconds),
    }
}

pub fn a_report_counts_what_is_there(stage: &Stage) {
    let empty = done(stage.store.report(&stage.operate(0))).unwrap();
    assert_eq!((empty.accounts, empty.holdings, empty.sessions, empty.quarantined), (0, 0, 0, 0));
    assert_eq!(empty.messages, (0, None));
    assert!(empty.schema > 0 && !empty.engine.is_empty());
    let people = [stage.person(), stage.person()];
    let short = SessionRow { until: stage.at(60), ..stage.session_row(people[0].account, 0) };
    stage.insert([1; 32], short).unwrap();
    stage.commit(Batch { quarantine: vec![broken(stage, 1, 0)], ..Batch::default() });
    let report = done(stage.store.report(&stage.operate(0))).unwrap();
    assert_eq!((report.accounts, report.holdings, report.sessions, report.quarantined), (2, 2, 3, 1));
    assert!(report.octets > 0);
    assert_eq!(done(stage.store.report(&stage.operate(60))).unwrap().sessions, 2);
    assert_eq!(done(stage.store.report(&stage.neighbour().operate(0))).unwrap().accounts, 0);
}

pub fn every_feed_says_when_it_last_wrote(stage: &Stage) {
    let feeds = |stage: &Stage| done(stage.store.feeds(&stage.operate(0))).unwrap();
    assert_eq!(feeds(stage), []);
    for (feed, position, seconds) in [("b", 1, 60), ("a", 1, 120), ("b", 2, 180)] {
        let batch = Batch { progress: Progress { position, state: Vec::new() }, ..Batch::default() };
        assert_eq!(done(stage.store.commit(&stage.append(seconds), feed, batch)), Ok(Committed::Done));
    }
    assert_eq!(feeds(stage), [("a".to_owned(), stage.at(120)), ("b".to_owned(), stage.at(180))]);
    assert_eq!(feeds(&stage.neighbour()), []);
}

pub fn accounts_are_listed_page_by_page(stage: &Stage) {
    let mut expected: Vec<AccountId> = (0..5).map(|_| stage.person().account).collect();
    expected.sort_unstable();
    let page = |after, most| done(stage.store.account_ids(&stage.operate(0), after, most)).unwrap();
    assert_eq!(page(None, 10), expected);
    assert_eq!(page(None, 2), expected[..2]);
    assert_eq!(page(Some(expected[1]), 2), expected[2..4]);
    assert_eq!(page(Some(expected[4]), 2), []);
}

pub fn a_sweep_forgets_what_is_past_its_time_and_nothing_else(stage: &Stage) {
    let one = stage.person();
    let key = |filler| WishKey { key: [filler; 32], request: [0; 32] };
    let keyed = |filler, revision, seconds, key_seconds| {
        let wish = NewWish { key: Some(key(filler)), key_seconds, ..wish(stage, revision, seconds) };
        assert_eq!(set(stage, &one, wish), Ok(WishAnswer::Accepted));
    };
    keyed(1, 0, 0, 100);
    keyed(2, 1, 60, 10_000);
    let expired = SessionRow { until: stage.at(999), ..stage.session_row(one.account, 900) };
    let idle = stage.session_row(one.account, 100);
    let living = stage.session_row(one.account, 600);
    for (hash, row) in [([1; 32], expired), ([2; 32], idle), ([3; 32], living)] {
        stage.insert(hash, row).unwrap();
    }
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap().is_some();
    assert_eq!([[1; 32], [2; 32], [3; 32]].map(found), [true; 3]);
    let seen = |record: u8| SeenRow { record: [record; 16], content: [record; 16] };
    stage
        .commit(Batch { quarantine: vec![broken(stage, 1, 100), broken(stage, 2, 800)], ..Batch::default() });
    for (position, seconds) in [(1, 100), (2, 800)] {
        let progress = crate::Progress { position, state: Vec::new() };
        let batch = Batch { seen: vec![seen(u8::try_from(position).unwrap())], progress, ..Batch::default() };
        done(stage.store.commit(&stage.append(seconds), "sweep", batch)).unwrap();
    }
    let sweep = |stage: &Stage| done(stage.store.sweep(&stage.operate(1_000), stage.at(500), stage.at(500)));
    assert_eq!(sweep(&stage.neighbour()), Ok(0));
    // Two sessions idle since before 500 (hers of the start is one), one past its end, one key, one record, one row.
    assert_eq!(sweep(stage), Ok(6));
    assert_eq!([one.row_hash, [1; 32], [2; 32], [3; 32]].map(found), [false, false, false, true]);
    assert_eq!(done(stage.store.seen(&stage.append(0), &[[1; 16], [2; 16]])), Ok(vec![None, Some([2; 16])]));
    let quarantined = done(stage.store.quarantined(&stage.append(0), 0, 10)).unwrap();
    assert_eq!(quarantined.iter().map(|row| row.record).collect::<Vec<_>>(), [[2; 16]]);
    assert_eq!(sweep(stage), Ok(0));
    assert_eq!(done(stage.store.account_ids(&stage.operate(0), None, 10)).unwrap(), [one.account]);
}
