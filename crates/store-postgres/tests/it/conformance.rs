//! Every promise of `store`, on this engine.

use honnin_store::conformance::Stage;
use honnin_testkit::PostgresServer;

use crate::opened;

fn on_a_fresh_store(promise: fn(&Stage)) {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    promise(&opened::stage(&opened::open(&server, &database, 1)));
}

honnin_store::every_promise!(on_a_fresh_store);
