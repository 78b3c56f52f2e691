//! Connections that many reads share, when something is wrong with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use data_encoding::HEXLOWER;
use honnin_access::ports::SessionRows;
use honnin_store::conformance::{SignedIn, Stage, done};
use honnin_store::{Error, ViewRows};
use honnin_store_postgres::{Bounds, Postgres};
use honnin_terms::Id;
use honnin_testkit::{PostgresServer, SeededEntropy, soon};

use crate::opened;
use crate::proxy::Proxy;

/// A store behind something that can be wrong.
struct Behind {
    proxy: Proxy,
    store: Arc<Postgres>,
    stage: Stage,
}

impl Behind {
    fn new(server: &PostgresServer, database: &str, bounds: Bounds) -> Self {
        let proxy = Proxy::before(server);
        let entropy = SeededEntropy::new(1);
        let store = honnin_store_postgres::open(&proxy.target(database), bounds, opened::clock(), &entropy);
        let store = Arc::new(store.unwrap());
        let stage = opened::stage(&store);
        Self { proxy, store, stage }
    }

    fn finds(&self, one: &SignedIn) {
        let found = done(self.store.session(self.stage.tenant, &one.row_hash)).unwrap().unwrap();
        assert_eq!(found.session.account, one.account);
    }
}

/// One connection is shared, and nobody looks for others meanwhile.
fn one_reader() -> Bounds {
    Bounds { readers: 1, writers: 1, poll_ms: 600_000, ..Bounds::default() }
}

/// The server's side of connections that were shared last.
fn shared(server: &PostgresServer, database: &str) -> String {
    server.sql(
        database,
        "select string_agg(pid::text, ' ') from pg_stat_activity where datname = current_database() \
            and usename = 'honnin' and query like 'select c.plain%'",
    )
}

/// It leaves that connection to nobody, and takes another.
fn is_left(server: &PostgresServer, database: &str, here: &Behind, one: &SignedIn, before: &str) {
    here.finds(one);
    let after = || shared(server, database);
    let is_another = || !after().is_empty() && after().split(' ').all(|pid| pid != before);
    assert!(soon(is_another), "{before} and {}", after());
}

#[test]
fn an_answer_about_somebody_else_is_not_given_out() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let here = Behind::new(&server, &database, one_reader());
    let line = here.stage.id();
    let (one, other) = (here.stage.person_with_line(line), here.stage.person_with_line(line));
    let written = here.stage.noise(Some(line), "line", b"");
    here.stage.write(one.account, vec![written.clone()]);
    here.stage.write(other.account, vec![here.stage.noise(Some(line), "line", b"")]);
    let read = here.stage.read(&one);
    let view = || assert_eq!(done(here.store.view(&read, "line", b"")), Ok(Some(Arc::clone(&written.blob))));
    here.finds(&one);
    view();
    let before = shared(&server, &database);
    here.proxy.mistake(&HEXLOWER.encode(&one.row_hash), &HEXLOWER.encode(&other.row_hash));
    here.finds(&one);
    assert!(here.proxy.has_mistaken(), "nothing was mistaken");
    is_left(&server, &database, &here, &one, &before);
    view();
    here.proxy.mistake(&HEXLOWER.encode(one.account.octets()), &HEXLOWER.encode(other.account.octets()));
    view();
    assert!(here.proxy.has_mistaken(), "nothing was mistaken");
}

#[test]
fn a_connection_on_which_a_statement_was_refused_is_left() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let here = Behind::new(&server, &database, one_reader());
    let one = here.stage.person();
    here.finds(&one);
    here.finds(&one);
    let before = shared(&server, &database);
    // No hexadecimal digits: the server refuses it.
    let hash = HEXLOWER.encode(&one.row_hash);
    here.proxy.mistake(&hash, &"z".repeat(hash.len()));
    here.finds(&one);
    assert!(here.proxy.has_mistaken(), "nothing was mistaken");
    is_left(&server, &database, &here, &one, &before);
}

#[test]
fn a_server_whose_every_connection_has_a_role_is_not_asked_for_one_at_each_read() {
    // Roles are the server's: this one is nobody else's.
    let Some(server) = PostgresServer::start() else { return };
    let database = opened::prepared(&server);
    let one = opened::stage(&opened::open(&server, &database, 1)).person();
    server.sql(
        &database,
        "create role neighbour; grant neighbour to honnin; grant usage on schema honnin to neighbour; \
         grant select on all tables in schema honnin to neighbour; alter role honnin set role = 'neighbour'",
    );
    let here = Behind::new(&server, &database, one_reader());
    (0..3).for_each(|_| here.finds(&one));
    let before = here.proxy.opened();
    (0..20).for_each(|_| here.finds(&one));
    // Two for transactions may still be opened.
    let opened = here.proxy.opened() - before;
    assert!(opened <= 2, "{opened} were opened");
}

#[test]
fn what_was_given_up_is_ended_at_the_server() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    // Long enough to take a cancel on a busy machine.
    let bounds = Bounds { readers: 8, small_ms: 5_000, ..Bounds::default() };
    let here = Behind::new(&server, &database, bounds);
    let (store, stage) = (&here.store, &here.stage);
    let one = stage.person();
    // One for each who gives up.
    here.proxy.lose_cancels(8);
    let read = stage.read(&one);
    // Databases made of one template have tables of the same number, and locks are the server's.
    let of_lock = "from pg_locks where mode = 'AccessExclusiveLock' and granted \
        and database = (select oid from pg_database where datname = current_database()) \
        and relation = 'honnin.document'::regclass";
    let waiting = || {
        let asked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' \
            and datname = current_database() and usename = 'honnin'";
        server.sql(&database, asked).parse::<usize>().unwrap()
    };
    thread::scope(|scope| {
        // Held until it is ended below.
        let lock = "begin; lock table honnin.document in access exclusive mode; select pg_sleep(600)";
        scope.spawn(|| std::panic::catch_unwind(|| server.sql(&database, lock)).unwrap_err());
        let held = || server.sql(&database, &format!("select count(*) {of_lock}")) == "1";
        let is_locked = soon(held);
        let (answered, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let is_late = done(store.view(&read, "line", b"")) == Err(Error::TryAgain);
                    refused.fetch_add(usize::from(is_late), Ordering::SeqCst);
                    answered.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        let answered = (answered.into_inner(), refused.into_inner());
        let none_waits = soon(|| waiting() == 0);
        let session = done(store.session(stage.tenant, &one.row_hash));
        let is_still_locked = held();
        server.sql(&database, &format!("select pg_terminate_backend(pid) {of_lock}"));
        assert!(is_locked && is_still_locked, "the table is not locked");
        assert_eq!(answered, (8, 8));
        assert!(none_waits, "the server still waits for what nobody waits for");
        assert!(session.unwrap().is_some());
    });
}

#[test]
fn nobody_waits_for_a_second_connection_while_there_is_one() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let bounds = Bounds { readers: 8, small_ms: 600_000, poll_ms: 600_000, ..Bounds::default() };
    let here = Behind::new(&server, &database, bounds);
    let one = here.stage.person();
    here.finds(&one);
    here.proxy.hold(true);
    let before = here.proxy.opened();
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100 {
                    here.finds(&one);
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let are_answered = soon(|| answered.load(Ordering::SeqCst) == 400);
        let opened = here.proxy.opened() - before;
        here.proxy.hold(false);
        assert!(are_answered, "they wait for a connection");
        assert_eq!(opened, 1, "one was opened beside");
    });
}
