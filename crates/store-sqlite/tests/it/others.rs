//! Another process beside this one: an intake beside a running server.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, thread};

use honnin_access::Document;
use honnin_access::Subject;
use honnin_access::ports::SessionRows;
use honnin_store::conformance::done;
use honnin_store::document::Line;
use honnin_store::{Changed, Engine, Watcher};
use honnin_store_sqlite::Bounds;
use honnin_testkit::{TestDir, soon};

use crate::opened;

/// Writes down what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<Changed>>);

impl Watcher for Told {
    fn changed(&self, changed: &[Changed]) {
        self.0.lock().unwrap().extend_from_slice(changed);
    }
}

#[test]
fn what_another_process_writes_is_told_soon() {
    let dir = TestDir::new();
    let serving = opened::create(&dir, Bounds::default());
    let stage = opened::stage(&serving);
    let one = stage.person();
    let told = Arc::new(Told::default());
    serving.watch(Arc::<Told>::clone(&told));
    // A connection of its own is to the engine what another process is.
    let other = opened::open(&dir, Bounds::default());
    let ring = stage.ring(one.account, vec![one.session.session]);
    done(other.end_sessions(stage.tenant, one.account, ring)).unwrap();
    let everything = || told.0.lock().unwrap().contains(&Changed::Everything);
    assert!(soon(everything), "nobody is told");
}

#[test]
fn of_our_own_writes_what_has_changed_is_told_before_their_answer() {
    let dir = TestDir::new();
    let store = opened::create(&dir, Bounds { poll_ms: 1, ..Bounds::default() });
    let told = Arc::new(Told::default());
    store.watch(Arc::<Told>::clone(&told));
    let stage = opened::stage(&store);
    let one = stage.person();
    for row in 0..20_u8 {
        stage.write(one.account, vec![stage.noise(Some(one.line), Line::KIND, &[row])]);
        let last = told.0.lock().unwrap().last().cloned();
        let subject = Subject { tenant: stage.tenant, account: one.account, holding: Some(one.line) };
        assert_eq!(last, Some(Changed::View { subject, kind: Line::KIND, row: vec![row] }));
        thread::sleep(Duration::from_millis(2));
    }
    assert!(!told.0.lock().unwrap().contains(&Changed::Everything));
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
    assert!(soon(|| log() <= bounds.log_most_octets), "{} octets", log());
    (0..200).for_each(|_| fill());
    assert!(soon(|| log() <= bounds.log_most_octets), "{} octets", log());
}
