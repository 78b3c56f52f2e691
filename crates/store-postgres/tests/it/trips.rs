//! How often somebody waits for the server.

use std::sync::Arc;

use honnin_access::ports::{CredentialRows, SessionRows};
use honnin_store::conformance::{Stage, done};
use honnin_store::{DeviceRows, NoticeRows, SpeedRows, ViewRows};
use honnin_store_postgres::Bounds;
use honnin_testkit::{PostgresServer, SeededEntropy};

use crate::opened;
use crate::proxy::Proxy;

#[test]
fn a_read_is_one_round_trip_with_all_that_stands_round_it() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let proxy = Proxy::before(&server);
    // One connection, and nobody looks for others meanwhile.
    let bounds = Bounds { readers: 1, writers: 1, poll_ms: 600_000, ..Bounds::default() };
    let target = proxy.target(&database);
    let store =
        honnin_store_postgres::open(&target, bounds, opened::clock(), &SeededEntropy::new(1)).unwrap();
    let store = Arc::new(store);
    let stage: Stage = opened::stage(&store);
    let one = stage.person();
    let (read, of_account, manage) = (stage.read(&one), stage.read_account(&one), stage.manage(&one, 0));
    let ask = |name: &str| match name {
        "session" => drop(done(store.session(stage.tenant, &one.row_hash)).unwrap().unwrap()),
        "credential" => drop(done(store.credential(stage.tenant, one.account)).unwrap().unwrap()),
        "view" => drop(done(store.view(&read, "line", b"")).unwrap()),
        "home" => drop(done(store.home(&read, &of_account)).unwrap()),
        "speed" => drop(done(store.speed(&read)).unwrap()),
        "sessions" => drop(done(store.sessions(&manage)).unwrap()),
        _ => drop(done(store.notices(stage.tenant, stage.at(0))).unwrap()),
    };
    let names = ["session", "credential", "view", "home", "speed", "sessions", "notices"];
    for _ in 0..2 {
        names.into_iter().for_each(ask);
    }
    // Both connections know every statement by now. The first look of all may still be under way, and adds to what is counted
    // once; one round trip too many would be counted in each row.
    let is_one = |name: &&'static str| {
        proxy.trips();
        ask(name);
        proxy.trips() == 1
    };
    let mut more = Vec::new();
    let all_are_one = (0..8).any(|_| {
        more = names.iter().filter(|name| !is_one(name)).collect();
        more.is_empty()
    });
    assert!(all_are_one, "{more:?}");
}
