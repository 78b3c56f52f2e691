//! A connection that is cut off, and a server that goes and comes back.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use honnin_access::ports::{CredentialRows, SessionRows};
use honnin_store::conformance::done;
use honnin_store_postgres::Bounds;
use honnin_testkit::{PostgresServer, SeededEntropy};

use crate::opened;
use crate::proxy::{Cut, Proxy};

/// A write that would be a conflict if it were done twice, and would be missing if it were not done at all.
fn is_done_once(cut: Cut) {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let proxy = Proxy::before(&server);
    let target = proxy.target(&database);
    let store =
        honnin_store_postgres::open(&target, Bounds::default(), opened::clock(), &SeededEntropy::new(1));
    let store = Arc::new(store.unwrap());
    let stage = opened::stage(&store);
    let one = stage.person();
    let version = || done(store.credential(stage.tenant, one.account)).unwrap().unwrap().ring_version;
    let (before, ring) = (version(), stage.ring(one.account, vec![one.session.session]));
    proxy.cut(cut);
    assert_eq!(done(store.end_sessions(stage.tenant, one.account, ring)), Ok(()));
    assert!(proxy.has_cut(), "nothing was cut off");
    assert_eq!(version(), before + 1);
    assert_eq!(done(store.session(stage.tenant, &one.row_hash)), Ok(None));
}

#[test]
fn a_commit_that_did_not_reach_the_server_is_done_again() {
    is_done_once(Cut::Commit);
}

#[test]
fn a_commit_whose_answer_was_lost_is_not_done_twice() {
    is_done_once(Cut::Answer);
}

#[test]
fn a_server_that_was_down_is_used_again_when_it_is_back() {
    let Some(server) = PostgresServer::start() else { return };
    let database = opened::prepared(&server);
    let store = opened::open(&server, &database, 1);
    let stage = opened::stage(&store);
    let one = stage.person();
    server.crash();
    let found = (0..100).any(|_| {
        let found = done(store.session(stage.tenant, &one.row_hash));
        thread::sleep(Duration::from_millis(50));
        found.is_ok_and(|found| found.is_some())
    });
    assert!(found, "it is not found again within five seconds");
    let ring = stage.ring(one.account, vec![one.session.session]);
    assert_eq!(done(store.end_sessions(stage.tenant, one.account, ring)), Ok(()));
}
