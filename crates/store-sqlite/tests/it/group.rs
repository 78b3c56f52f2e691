//! The writing thread: many at once, one refused among them, its bounds, its end.

use std::sync::Arc;
use std::thread;

use honnin_access::ports::{SeenSession, SessionRows};
use honnin_store::conformance::done;
use honnin_store::{Engine, Error, NewWish, SpeedRows, WishAnswer};
use honnin_store_sqlite::Bounds;
use honnin_terms::Moment;
use honnin_testkit::TestDir;

use crate::opened;

fn wish(revision: u64, at: Moment) -> NewWish {
    let blob = vec![u8::try_from(revision).unwrap(); 100];
    NewWish {
        epoch: 1,
        read_revision: revision,
        blob,
        version: revision + 1,
        at,
        least_seconds: 0,
        key: None,
        key_seconds: 0,
    }
}

#[test]
fn writes_that_share_a_transaction_fail_one_by_one() {
    let dir = TestDir::new();
    let store = opened::create(&dir, Bounds::default());
    let stage = opened::stage(&store);
    let people: Vec<_> = (0..16).map(|_| stage.person()).collect();
    thread::scope(|scope| {
        for (place, person) in people.iter().enumerate() {
            let (store, stage) = (&store, &stage);
            scope.spawn(move || {
                let permit = stage.set_speed(person, 0);
                for revision in 0..40 {
                    let written = done(store.set_wish(&permit, wish(revision, stage.at(0))));
                    assert_eq!(written, Ok(WishAnswer::Accepted));
                    let read = done(store.speed_to_set(&permit)).unwrap().unwrap();
                    assert_eq!(
                        (read.revision, read.blob[0]),
                        (revision + 1, u8::try_from(revision).unwrap())
                    );
                    // Every other person also writes what must be refused, in the same transactions.
                    if place % 2 == 0 {
                        let late = done(store.set_wish(&permit, wish(revision, stage.at(0))));
                        assert_eq!(late, Err(Error::Conflict));
                    }
                }
            });
        }
    });
    drop((stage, store));
    let store = opened::open(&dir, Bounds::default());
    let stage = opened::stage(&store);
    assert_eq!(done(store.backlog(&stage.drive(0))).unwrap().0, 16);
    for claimed in done(
        store.claim(&stage.drive(0), honnin_store::Claim { now: stage.at(0), lease_seconds: 1, most: 100 }),
    )
    .unwrap()
    {
        assert_eq!((claimed.row.revision, claimed.row.blob[0]), (40, 39));
    }
}

#[test]
fn a_full_queue_refuses_at_once_and_loses_nothing_it_took() {
    let dir = TestDir::new();
    let bounds = Bounds { queue: 2, group: 1, ..Bounds::default() };
    let store = opened::create(&dir, bounds);
    let stage = opened::stage(&store);
    // Each of an account of its own, so that none waits for another's ring.
    let accounts: Vec<_> = (0..20).map(|_| stage.person().account).collect();
    // Somebody else writes for a while, so that the queue stands.
    let other = rusqlite::Connection::open(dir.join("honnin.sqlite")).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let outcomes: Vec<_> = thread::scope(|scope| {
        let put = |number: u8| {
            let account = accounts[usize::from(number) - 1];
            let (store, row) = (Arc::clone(&store), stage.session_row(account, i64::from(number)));
            let ring = stage.ring(account, Vec::new());
            scope.spawn(move || (number, done(store.insert_session([number; 32], row, ring))))
        };
        let waiting: Vec<_> = (1..=20).map(put).collect();
        // All but the ones that fit are refused while the others still wait.
        while waiting.iter().filter(|thread| thread.is_finished()).count() < 17 {
            thread::yield_now();
        }
        assert!(store.figures().waiting_writes <= 3);
        other.execute_batch("rollback").unwrap();
        waiting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let taken = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    assert!((2..=3).contains(&taken), "{taken} of 20");
    for (number, outcome) in outcomes {
        assert!(matches!(outcome, Ok(()) | Err(Error::TryAgain)));
        let found = done(store.session(stage.tenant, &[number; 32])).unwrap();
        assert_eq!(found.is_some(), outcome.is_ok());
    }
    assert_eq!(store.figures().waiting_writes, 0);
}

#[test]
fn a_closed_store_keeps_what_it_took_and_takes_no_more() {
    let dir = TestDir::new();
    let store = opened::create(&dir, Bounds::default());
    let stage = opened::stage(&store);
    let one = stage.person();
    let ring = stage.ring(one.account, vec![one.session.session]);
    let seen = SeenSession { at: stage.at(60), epoch: one.session.epoch, sealed: vec![7; 90] };
    store.touch_session(stage.tenant, &one.row_hash, seen);
    done(store.close());
    done(store.close());
    let refused = done(store.end_sessions(stage.tenant, one.account, ring));
    assert_eq!(refused, Err(Error::Unavailable));
    assert!(done(store.session(stage.tenant, &one.row_hash)).unwrap().is_some(), "reads go on");
    drop((stage, store));
    let log = std::fs::metadata(dir.join("honnin.sqlite-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "all of it is in the file");
    let store = opened::open(&dir, Bounds::default());
    let found = done(store.session(one.session.tenant, &one.row_hash)).unwrap().unwrap().session;
    assert_eq!((found.last_seen, &found.sealed), (one.session.last_seen.plus_seconds(60), &vec![7; 90]));
}
