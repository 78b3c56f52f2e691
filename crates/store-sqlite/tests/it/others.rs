//! Another process beside this one: an intake beside a running server.

use std::time::Duration;
use std::{fs, thread};

use honnin_access::Document;
use honnin_access::ports::SessionRows;
use honnin_store::conformance::done;
use honnin_store::document::Line;
use honnin_store::{Engine, read_view};
use honnin_store_sqlite::Bounds;
use honnin_testkit::TestDir;

use crate::opened;

/// Waits for a state, five seconds at most.
fn within_a_while(state: impl Fn() -> bool) -> bool {
    (0..500).any(|_| {
        if state() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
        false
    })
}

#[test]
fn what_another_process_writes_is_read_soon() {
    let dir = TestDir::new();
    let serving = opened::create(&dir, Bounds::default());
    let stage = opened::stage(&serving);
    let one = stage.person();
    let first = stage.noise(Some(one.line), Line::KIND, b"");
    stage.write(one.account, vec![first.clone()]);
    let permit = stage.read(&one);
    let read = || done(read_view::<Line>(&*serving, &permit, b"")).unwrap().unwrap();
    assert_eq!(read(), first.blob);

    let second = stage.noise(Some(one.line), Line::KIND, b"");
    let drops = serving.figures().cache.drops;
    // A connection of its own is to the engine what another process is.
    let other = opened::open(&dir, Bounds::default());
    let ring = stage.ring(one.account, vec![one.session.session]);
    done(other.end_sessions(stage.tenant, one.account, ring)).unwrap();
    let beside = rusqlite::Connection::open(dir.join("honnin.sqlite")).unwrap();
    beside.execute("update document set blob = ?1", [&second.blob]).unwrap();
    assert!(within_a_while(|| read() == second.blob), "the document stays old");
    let ended = || done(serving.session(stage.tenant, &one.row_hash)).unwrap().is_none();
    assert!(within_a_while(ended), "the session lives on");
    assert!(serving.figures().cache.drops > drops);
}

#[test]
fn our_own_writes_do_not_drop_the_cache() {
    let dir = TestDir::new();
    let store = opened::create(&dir, Bounds { poll_ms: 1, ..Bounds::default() });
    let stage = opened::stage(&store);
    for _ in 0..20 {
        stage.person();
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(store.figures().cache.drops, 0);
}

#[test]
fn the_log_is_cut_once_a_long_reader_has_gone() {
    let dir = TestDir::new();
    let bounds =
        Bounds { log_checkpoint_octets: 256 * 1024, log_most_octets: 1024 * 1024, ..Bounds::default() };
    let store = opened::create(&dir, bounds);
    let stage = opened::stage(&store);
    let one = stage.person();
    let log = || fs::metadata(dir.join("honnin.sqlite-wal")).unwrap().len();
    let fill = || {
        let documents = (0..50_u8).map(|row| stage.noise(Some(one.line), Line::KIND, &[row])).collect();
        stage.write(one.account, documents);
    };
    let reader = rusqlite::Connection::open(dir.join("honnin.sqlite")).unwrap();
    reader.execute_batch("begin; select count(*) from document").unwrap();
    while log() <= 2 * bounds.log_most_octets {
        fill();
    }
    drop(reader);
    fill();
    assert!(within_a_while(|| log() <= bounds.log_most_octets), "{} octets", log());
    (0..200).for_each(|_| fill());
    assert!(within_a_while(|| log() <= bounds.log_most_octets), "{} octets", log());
}
