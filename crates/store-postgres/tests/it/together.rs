//! Reads that meet, and one of them that is slow.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use honnin_access::ports::SessionRows;
use honnin_store::ViewRows;
use honnin_store::conformance::done;
use honnin_store_postgres::Bounds;
use honnin_terms::TenantId;
use honnin_testkit::{PostgresServer, soon};

use crate::opened;

/// A table that somebody holds until it is let go.
struct Held<'a> {
    server: &'a PostgresServer,
    database: &'a str,
    table: &'static str,
}

impl Held<'_> {
    fn sql(&self) -> String {
        let table = self.table;
        format!("begin; lock table honnin.{table} in access exclusive mode; select pg_sleep(600)")
    }

    fn of_it(&self, asked: &str) -> String {
        // Databases made of one template have tables of the same number, and locks are the server's.
        let of_lock = "from pg_locks where mode = 'AccessExclusiveLock' and granted \
            and database = (select oid from pg_database where datname = current_database()) and relation = 'honnin.";
        self.server.sql(self.database, &format!("select {asked} {of_lock}{}'::regclass", self.table))
    }

    fn is_held(&self) -> bool {
        self.of_it("count(*)") == "1"
    }

    fn let_go(&self) {
        self.of_it("pg_terminate_backend(pid)");
    }
}

/// How many wait for a table.
fn waiting(server: &PostgresServer, database: &str) -> usize {
    let asked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' \
        and datname = current_database() and usename = 'honnin'";
    server.sql(database, asked).parse().unwrap()
}

#[test]
fn those_who_meet_are_few_statements_and_each_has_an_answer_of_their_own() {
    const PEOPLE: usize = 300;
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let people: Vec<_> = {
        let stage = opened::stage(&opened::open(&server, &database, 1));
        (0..PEOPLE).map(|_| stage.person()).collect()
    };
    // What a connection has ended is told by its own end at the latest.
    let ended = || -> usize {
        let asked =
            "select count(*) from pg_stat_activity where datname = current_database() and usename = 'honnin'";
        assert!(soon(|| server.sql(&database, asked) == "0"), "the store has not left the server");
        let asked = "select xact_commit from pg_stat_database where datname = current_database()";
        server.sql(&database, asked).parse().unwrap()
    };
    let before = ended();
    let bounds = Bounds { small_ms: 600_000, poll_ms: 600_000, ..Bounds::default() };
    let store = opened::open_with(&server, &database, 2, bounds);
    let held = Held { server: &server, database: &database, table: "session" };
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| catch_unwind(|| server.sql(&database, &held.sql())).unwrap_err());
        assert!(soon(|| held.is_held()), "the table is not locked");
        for person in &people {
            scope.spawn(|| {
                let found = done(store.session(TenantId::FIRST, &person.row_hash)).unwrap().unwrap();
                assert_eq!(found.session.account, person.account);
                answered.fetch_add(1, Ordering::SeqCst);
            });
        }
        // Nearly everybody has asked by then; whoever has not goes later.
        thread::sleep(Duration::from_millis(500));
        assert_eq!(answered.load(Ordering::SeqCst), 0);
        held.let_go();
    });
    assert_eq!(answered.into_inner(), PEOPLE);
    drop(store);
    let transactions = ended() - before;
    assert!(transactions < PEOPLE / 2, "{transactions} transactions for {PEOPLE} who met");
}

#[test]
fn one_that_is_slow_keeps_nobody_else() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let bounds = Bounds { small_ms: 600_000, poll_ms: 600_000, ..Bounds::default() };
    let store = opened::open_with(&server, &database, 1, bounds);
    let stage = opened::stage(&store);
    let one = stage.person();
    let read = stage.read(&one);
    let held = Held { server: &server, database: &database, table: "document" };
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| catch_unwind(|| server.sql(&database, &held.sql())).unwrap_err());
        assert!(soon(|| held.is_held()), "the table is not locked");
        scope.spawn(|| {
            drop(done(store.view(&read, "line", b"")));
            answered.fetch_add(1, Ordering::SeqCst);
        });
        assert!(soon(|| waiting(&server, &database) == 1), "nobody waits");
        for _ in 0..20 {
            assert!(done(store.session(stage.tenant, &one.row_hash)).unwrap().is_some());
        }
        let others = answered.load(Ordering::SeqCst);
        held.let_go();
        assert_eq!(others, 0, "the slow one was answered first");
    });
    assert_eq!(answered.into_inner(), 1);
}
