//! Every promise of `store`, on this engine.

use honnin_store::conformance::Stage;
use honnin_store_sqlite::Bounds;
use honnin_testkit::TestDir;

use crate::opened;

fn on_a_fresh_store(promise: fn(&Stage)) {
    let dir = TestDir::new();
    let store = opened::create(&dir, Bounds::default());
    promise(&opened::stage(&store));
}

honnin_store::every_promise!(on_a_fresh_store);
