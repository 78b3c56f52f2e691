//! A store that goes from the embedded engine to this one and back: every row of it as it was.

use std::sync::Arc;

use honnin_store::conformance::{Stage, copy_all, done, everything, fill};
use honnin_store::copying::{Copied, marked, unmark};
use honnin_store_sqlite::{Bounds, Sqlite};
use honnin_testkit::{PostgresServer, TestDir};

use crate::opened;

fn file(dir: &TestDir) -> Arc<Sqlite> {
    honnin_store_sqlite::create(dir.path()).unwrap();
    Arc::new(Sqlite::open(dir.path(), Bounds::default(), opened::clock()).unwrap())
}

/// Copies, killed after every third page; then compares, and takes the mark away.
fn carry(from: &Stage, to: &Stage) {
    assert!((0..99).any(|_| copy_all(from, to, Some(3)).is_ok()));
    let compared = copy_all(from, to, None).unwrap();
    assert!(compared.rows > 300);
    assert_eq!(compared, Copied { differed: 0, ..compared });
    let mark = done(marked(&*to.store, &to.keep(0))).unwrap().unwrap();
    done(unmark(&*to.store, &to.operate(0), &mark)).unwrap();
    assert_eq!(everything(from), everything(to));
}

#[test]
fn a_store_goes_to_the_other_engine_and_back_row_by_row() {
    let Some(server) = PostgresServer::shared() else { return };
    let (dir, again) = (TestDir::new(), TestDir::new());
    let first = Stage::new(file(&dir));
    let people = fill(&first);
    let before = everything(&first);
    assert!(before.iter().filter(|(_, rows)| !rows.is_empty()).count() >= 9, "most tables have rows");
    let database = opened::prepared(&server);
    let second = first.on(opened::open(&server, &database, 1));
    carry(&first, &second);
    let third = first.on(file(&again));
    carry(&second, &third);
    assert_eq!(everything(&third), before);
    // What was sealed opens where it lies now: her session, her ring, and a document sealed before.
    for stage in [&second, &third] {
        let permit = stage.read(&people[0]);
        assert!(done(stage.store.view(&permit, "line", &[7])).unwrap().is_some());
    }
    // And it goes on as a store: a revision given out before is not given out again.
    let kept = honnin_store::ControlName::new("c/1").unwrap();
    let row = done(third.store.control(&third.keep(0), &kept)).unwrap().unwrap();
    let new = honnin_store::NewControl { value: vec![1], until: None };
    let swapped = done(third.store.swap_control(&third.keep(0), &kept, row.revision, Some(new))).unwrap();
    let tick = |rows: &[(&str, Vec<honnin_store::copying::CopiedRow>)]| {
        rows.iter().find(|(name, _)| *name == "tick").unwrap().1[0][0].clone()
    };
    let honnin_store::copying::Cell::Number(last) = tick(&before) else { panic!("no tick") };
    assert_eq!(swapped, honnin_store::Swapped::Done(u64::try_from(last).unwrap() + 1));
}
