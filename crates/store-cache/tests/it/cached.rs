//! The cache round an engine that answers at once, and round one that answers later.

use std::sync::Arc;

use honnin_access::Document;
use honnin_access::ports::SessionRows;
use honnin_store::conformance::{Slow, Stage, done};
use honnin_store::document::Line;
use honnin_store::{Engine, read_view};
use honnin_store_cache::{Bounds, Cached};
use honnin_store_sqlite::Sqlite;
use honnin_terms::Clock;
use honnin_testkit::{FixedClock, TestDir, soon};

fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock::at("2027-01-15T08:00:00Z"))
}

fn engine(dir: &TestDir) -> Sqlite {
    honnin_store_sqlite::create(dir.path()).unwrap();
    Sqlite::open(dir.path(), honnin_store_sqlite::Bounds::default(), clock()).unwrap()
}

fn on_an_engine_that_answers_at_once(promise: fn(&Stage)) {
    let dir = TestDir::new();
    promise(&Stage::new(Arc::new(Cached::new(engine(&dir), &Bounds::default()))));
}

fn on_an_engine_that_answers_later(promise: fn(&Stage)) {
    let dir = TestDir::new();
    promise(&Stage::new(Arc::new(Cached::new(Slow::new(engine(&dir), 3), &Bounds::default()))));
}

mod at_once {
    honnin_store::every_promise!(super::on_an_engine_that_answers_at_once);
}

mod later {
    honnin_store::every_promise!(super::on_an_engine_that_answers_later);
}

#[test]
fn what_another_process_writes_is_read_soon() {
    let dir = TestDir::new();
    let serving = Arc::new(Cached::new(engine(&dir), &Bounds::default()));
    let stage = Stage::new(Arc::<Cached<Sqlite>>::clone(&serving));
    let one = stage.person();
    let first = stage.noise(Some(one.line), Line::KIND, b"");
    stage.write(one.account, vec![first.clone()]);
    let permit = stage.read(&one);
    let read = || done(read_view::<Line>(&*serving, &permit, b"")).unwrap().unwrap();
    let session = || done(serving.session(stage.tenant, &one.row_hash)).unwrap();
    assert_eq!(read(), first.blob);
    assert!(session().is_some());
    let before = serving.figures().cache;
    assert_eq!((read(), serving.figures().cache.misses), (first.blob, before.misses), "it is kept");

    // A connection of its own is to the engine what another process is.
    let other = Sqlite::open(dir.path(), honnin_store_sqlite::Bounds::default(), clock()).unwrap();
    let beside = stage.on(Arc::new(other));
    let second = stage.noise(Some(one.line), Line::KIND, b"");
    beside.write(one.account, vec![second.clone()]);
    let ring = beside.ring(one.account, vec![one.session.session]);
    done(beside.store.end_sessions(stage.tenant, one.account, ring)).unwrap();
    assert!(soon(|| read() == second.blob), "the document stays old");
    assert!(soon(|| session().is_none()), "the session lives on");
    assert!(serving.figures().cache.drops > before.drops);
}

#[test]
fn our_own_writes_do_not_drop_what_is_kept() {
    let dir = TestDir::new();
    let store = Arc::new(Cached::new(engine(&dir), &Bounds::default()));
    let stage = Stage::new(Arc::<Cached<Sqlite>>::clone(&store));
    for _ in 0..20 {
        stage.person();
    }
    assert_eq!(store.figures().cache.drops, 0);
}
