//! A store in a database of a test's own.

use std::sync::Arc;

use honnin_store::conformance::Stage;
use honnin_store_postgres::{Bounds, Postgres, Target};
use honnin_terms::Clock;
use honnin_testkit::{FixedClock, PostgresServer, SeededEntropy};

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock::at("2027-01-15T08:00:00Z"))
}

pub(crate) fn target(server: &PostgresServer, role: &str, database: &str) -> Target {
    server.url(role, database).parse().unwrap()
}

/// A database with an empty store.
pub(crate) fn prepared(server: &PostgresServer) -> String {
    server.copy_of("prepared", |database| prepare(server, database))
}

/// Makes an empty store in a database.
pub(crate) fn prepare(server: &PostgresServer, database: &str) {
    honnin_store_postgres::prepare(&target(server, "owner", database), "honnin").unwrap();
}

/// Opens the store of a database, as the process of that number.
pub(crate) fn open(server: &PostgresServer, database: &str, process: u64) -> Arc<Postgres> {
    open_with(server, database, process, Bounds::default())
}

pub(crate) fn open_with(
    server: &PostgresServer,
    database: &str,
    process: u64,
    bounds: Bounds,
) -> Arc<Postgres> {
    let entropy = SeededEntropy::new(process);
    let opened = honnin_store_postgres::open(&target(server, "honnin", database), bounds, clock(), &entropy);
    Arc::new(opened.unwrap())
}

pub(crate) fn stage(store: &Arc<Postgres>) -> Stage {
    Stage::new(Arc::<Postgres>::clone(store))
}
