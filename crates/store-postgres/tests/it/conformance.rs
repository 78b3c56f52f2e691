//! Every promise of `store`, on this engine.

use std::sync::Arc;

use honnin_store::conformance::Stage;
use honnin_store_postgres::{Bounds, Postgres};
use honnin_terms::TenantId;
use honnin_testkit::PostgresServer;

use crate::opened;

/// All promises at once on one database, each as a process of its own for a tenant of its own and that tenant's neighbour.
fn on_one_database(promise: fn(&Stage)) {
    let Some(server) = PostgresServer::shared() else { return };
    let number = server.shared_database("promises", |database| opened::prepare(&server, database));
    let store = opened::open(&server, "promises", u64::from(number));
    promise(&Stage::of_tenant(Arc::<Postgres>::clone(&store), TenantId::new(number * 4)));
}

honnin_store::every_promise!(on_one_database);

/// The same without prepared statements, as behind a pooler that does not carry them.
mod unprepared {
    use super::*;

    fn on_one_database(promise: fn(&Stage)) {
        let Some(server) = PostgresServer::shared() else { return };
        let number = server.shared_database("promises", |database| opened::prepare(&server, database));
        let bounds = Bounds { prepared: false, ..Bounds::default() };
        let store = opened::open_with(&server, "promises", u64::from(number), bounds);
        promise(&Stage::of_tenant(Arc::<Postgres>::clone(&store), TenantId::new(number * 4)));
    }

    honnin_store::every_promise!(on_one_database);
}
