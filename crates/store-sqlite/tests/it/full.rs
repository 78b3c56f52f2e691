//! A store that is full: what is refused, what stays, and that it goes on by itself.

use honnin_access::Document;
use honnin_access::ports::SessionRows;
use honnin_store::conformance::{Stage, done};
use honnin_store::document::Line;
use honnin_store::{AccountUpdate, Batch, Committed, Error, FeedRows, Progress, SeenRow};
use honnin_store_sqlite::Bounds;
use honnin_terms::HoldingId;
use honnin_testkit::TestDir;

use crate::opened;

const FEED: &str = "filling";

/// A step that writes a hundred documents and a record.
fn step(stage: &Stage, position: u64) -> Batch {
    let holding: HoldingId = stage.id();
    let documents = (0..100_u8).map(|row| stage.noise(Some(holding), Line::KIND, &[row])).collect();
    let update =
        AccountUpdate { account: stage.id(), account_key: None, subject_keys: Vec::new(), documents };
    let record = u128::from(position).to_be_bytes();
    Batch {
        accounts: vec![update],
        seen: vec![SeenRow { record, content: record }],
        progress: Progress { position, state: Vec::new() },
        ..Batch::default()
    }
}

#[test]
fn a_full_store_refuses_keeps_what_it_acknowledged_and_goes_on_with_space() {
    let dir = TestDir::new();
    let bounds = Bounds { store_most_octets: 3 * 1024 * 1024, ..Bounds::default() };
    let store = opened::create(&dir, bounds);
    let stage = opened::stage(&store);
    let person = stage.person();
    let mut position = 0;
    let refused = loop {
        match done(store.commit(&stage.append(0), FEED, step(&stage, position + 1))) {
            Ok(Committed::Done) => position += 1,
            other => break other,
        }
        assert!(position < 1_000, "the bound does not hold");
    };
    assert_eq!(refused, Err(Error::Unavailable));
    let stands_at = |position| {
        let progress = done(store.progress(&stage.append(0), FEED)).unwrap().unwrap();
        assert_eq!(progress.position, position);
        let records: Vec<_> = (1..=position + 1).map(|position| u128::from(position).to_be_bytes()).collect();
        let mut taken: Vec<_> = records.iter().copied().map(Some).collect();
        *taken.last_mut().unwrap() = None;
        assert_eq!(done(store.seen(&stage.append(0), &records)), Ok(taken));
    };
    stands_at(position);
    // Reads go on, and so does what needs no more space.
    assert!(done(store.session(stage.tenant, &person.row_hash)).unwrap().is_some());
    let ring = stage.ring(person.account, vec![person.session.session]);
    assert_eq!(done(store.end_sessions(stage.tenant, person.account, ring)), Ok(()));
    assert_eq!(done(store.session(stage.tenant, &person.row_hash)), Ok(None));
    stands_at(position);

    // Somebody makes space; nobody restarts anything.
    let other = rusqlite::Connection::open(dir.join("honnin.sqlite")).unwrap();
    other.execute("delete from document", []).unwrap();
    drop(other);
    assert_eq!(done(store.commit(&stage.append(0), FEED, step(&stage, position + 1))), Ok(Committed::Done));
    stands_at(position + 1);
}
