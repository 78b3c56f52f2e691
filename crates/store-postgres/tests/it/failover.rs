//! A server that freezes, is a standby, or is not there yet, and another that takes over.

use std::os::unix::net::UnixListener;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use honnin_access::ports::{CredentialRows, SessionRows};
use honnin_store::conformance::done;
use honnin_store::{Engine as _, Error, FeedRows};
use honnin_store_postgres::{Bounds, Postgres, StartError, Target};
use honnin_testkit::{PostgresServer, SeededEntropy, TestDir, soon};

use crate::opened;
use crate::proxy::Proxy;
use crate::told::Told;

/// Far less than a start or a call may take that waits for a server: [`patient`].
const SOON: Duration = Duration::from_mins(1);

/// With these a start or a call that waits does so for longer than a busy machine can take to answer.
fn patient() -> Bounds {
    Bounds { small_ms: 600_000, start_ms: 600_000, ..Bounds::default() }
}

fn open(target: &Target, bounds: Bounds) -> Result<Arc<Postgres>, StartError> {
    honnin_store_postgres::open(target, bounds, opened::clock(), &SeededEntropy::new(1)).map(Arc::new)
}

#[expect(clippy::disallowed_methods, reason = "how long a start or a call takes is what is measured")]
fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let came = call();
    (came, begun.elapsed())
}

#[test]
fn a_frozen_host_named_first_keeps_nobody_from_the_one_that_leads() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let frozen = TestDir::new();
    // The system takes connections for it, and nobody speaks.
    let _listener = UnixListener::bind(frozen.join(".s.PGSQL.5432")).unwrap();
    let (first, second) = (frozen.path().display(), server.directory().display());
    // One after the other, whoever starts would give up before it came to the second; and whoever calls would wait.
    let target = format!("host={first},{second} user=honnin dbname={database} connect_timeout=600");
    let store = open(&target.parse().unwrap(), patient());
    let stage = opened::stage(&store.unwrap());
    let (_, took) = timed(|| stage.person());
    assert!(took < SOON, "{took:?}");
}

#[test]
fn connections_to_a_server_that_froze_are_left_before_anybody_takes_one() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let proxy = Proxy::before(&server);
    let store = open(&proxy.target(&database), patient()).unwrap();
    let told = Arc::new(Told::default());
    store.watch(Arc::<Told>::clone(&told));
    let stage = opened::stage(&store);
    let one = stage.person();
    let before = proxy.opened();
    // As many at once as there may be, so that many connections lie ready; again where they came one after the other.
    let many_are_ready = || {
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| done(store.session(stage.tenant, &one.row_hash)).unwrap());
                scope.spawn(|| done(store.credential(stage.tenant, one.account)).unwrap());
            }
        });
        proxy.opened() >= before + 3
    };
    assert!(soon(many_are_ready), "{before} connections, then {}", proxy.opened());
    proxy.freeze();
    // Each look that is not answered tells everything. The first of these may have been over before; after two in a row what
    // is open is left.
    let looks = told.everything();
    assert!(soon(|| told.everything() >= looks + 4), "nobody looks");
    proxy.take_over();
    let (found, took) = timed(|| done(store.session(stage.tenant, &one.row_hash)));
    assert!(found.is_ok_and(|found| found.is_some()) && took < SOON, "{took:?}");
    let (found, took) = timed(|| done(store.credential(stage.tenant, one.account)));
    assert!(found.is_ok_and(|found| found.is_some()) && took < SOON, "{took:?}");
}

#[test]
fn a_read_that_ends_on_a_connection_that_froze_keeps_no_place() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let proxy = Proxy::before(&server);
    let store = open(&proxy.target(&database), Bounds { readers: 1, ..Bounds::default() }).unwrap();
    let stage = opened::stage(&store);
    let one = stage.person();
    proxy.freeze_leaving();
    assert_eq!(done(store.accounts(&stage.append(0), &[one.account])).unwrap().len(), 1);
    assert!(soon(|| proxy.has_frozen()), "nothing froze");
    let found = done(store.session(stage.tenant, &one.row_hash));
    assert!(found.as_ref().is_ok_and(Option::is_some), "the only place is kept: {found:?}");
}

#[test]
fn a_first_write_on_a_connection_that_froze_is_given_up() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let stage = opened::stage(&opened::open(&server, &database, 2));
    let one = stage.person();
    let proxy = Proxy::before(&server);
    let bounds = Bounds { small_ms: 500, poll_ms: 600_000, ..Bounds::default() };
    let store = open(&proxy.target(&database), bounds).unwrap();
    // Half a second is short for a call on a busy machine.
    let is_found = || done(store.session(stage.tenant, &one.row_hash)).is_ok_and(|found| found.is_some());
    assert!(soon(is_found), "the session is not found");
    proxy.freeze();
    let ring = stage.ring(one.account, vec![one.session.session]);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(done(store.end_sessions(stage.tenant, one.account, ring))));
    let told = told.recv_timeout(Duration::from_mins(2));
    assert!(matches!(told, Ok(Err(Error::TryAgain))), "{told:?}");
}

#[test]
fn a_start_waits_for_a_server_that_takes_no_writes_yet() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let read_only = |on: &str| {
        server
            .sql("postgres", &format!("alter database {database} set default_transaction_read_only = {on}"));
    };
    let target = opened::target(&server, "honnin", &database);
    read_only("on");
    let (refused, took) = timed(|| open(&target, Bounds { start_ms: 700, ..Bounds::default() }));
    assert!(matches!(refused, Err(StartError::Server(_))) && took >= Duration::from_millis(700), "{took:?}");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| open(&target, patient()));
        thread::sleep(Duration::from_millis(700));
        assert!(!waiting.is_finished(), "it did not wait");
        read_only("off");
        waiting.join().unwrap().unwrap();
    });
}

#[test]
fn a_start_waits_for_a_balancer_that_has_no_server_yet_and_not_for_nobody() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let proxy = Proxy::before(&server);
    let target = proxy.target(&database);
    proxy.deafen();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| open(&target, patient()));
        thread::sleep(Duration::from_millis(700));
        assert!(!waiting.is_finished(), "it did not wait");
        proxy.hear();
        waiting.join().unwrap().unwrap();
    });
    let nobody: Target = format!("postgresql://honnin@/{database}?host=/nowhere").parse().unwrap();
    let (refused, took) = timed(|| open(&nobody, patient()));
    assert!(refused.is_err() && took < SOON, "{took:?}");
}
