//! Every promise of `store`, on this engine.

use std::sync::Arc;

use honnin_store::conformance::{Slow, Stage};
use honnin_store_sqlite::{Bounds, Sqlite};
use honnin_testkit::TestDir;

use crate::opened;

fn on_a_fresh_store(promise: fn(&Stage)) {
    let dir = TestDir::new();
    let store = opened::create(&dir, Bounds::default());
    promise(&opened::stage(&store));
}

/// The same engine, on which every answer comes later and in another order: what a promise may not rest on.
fn on_a_slow_store(promise: fn(&Stage)) {
    let dir = TestDir::new();
    honnin_store_sqlite::create(dir.path()).unwrap();
    let store = Sqlite::open(dir.path(), Bounds::default(), opened::clock()).unwrap();
    promise(&Stage::new(Arc::new(Slow::new(store, 1))));
}

mod at_once {
    honnin_store::every_promise!(super::on_a_fresh_store);
}

mod slowly {
    honnin_store::every_promise!(super::on_a_slow_store);
}
