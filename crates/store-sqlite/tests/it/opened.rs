//! A store in a directory of a test's own.

use std::sync::Arc;

use honnin_store::conformance::Stage;
use honnin_store_sqlite::{Bounds, Sqlite};
use honnin_terms::Clock;
use honnin_testkit::{FixedClock, TestDir};

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock::at("2027-01-15T08:00:00Z"))
}

pub(crate) fn create(dir: &TestDir, bounds: Bounds) -> Arc<Sqlite> {
    honnin_store_sqlite::create(dir.path()).unwrap();
    Arc::new(Sqlite::open(dir.path(), bounds, clock()).unwrap())
}

pub(crate) fn open(dir: &TestDir, bounds: Bounds) -> Arc<Sqlite> {
    Arc::new(Sqlite::open(dir.path(), bounds, clock()).unwrap())
}

pub(crate) fn stage(store: &Arc<Sqlite>) -> Stage {
    Stage::new(Arc::<Sqlite>::clone(store))
}
