//! Many at once, in two processes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use honnin_access::ports::CredentialRows;
use honnin_store::conformance::done;
use honnin_store::{ControlName, ControlRows, Error, NewControl, Swapped};
use honnin_store_postgres::Bounds;
use honnin_testkit::{PostgresServer, soon};

use crate::opened;

#[test]
fn what_many_write_at_once_is_as_if_they_had_written_in_turn() {
    const EACH: u32 = 12;
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let stores = [1, 2].map(|process| opened::open(&server, &database, process));
    let stage = opened::stage(&stores[0]);
    let name = ControlName::new("counted").unwrap();
    thread::scope(|scope| {
        for store in stores.iter().cycle().take(6) {
            scope.spawn(|| {
                let mut left = EACH;
                while left > 0 {
                    let found = done(store.control(&stage.keep(0), &name)).unwrap();
                    let (revision, count) = found.map_or((0, 0), |row| {
                        (row.revision, u32::from_be_bytes(row.value.try_into().unwrap()))
                    });
                    let write = NewControl { value: (count + 1).to_be_bytes().into(), until: None };
                    match done(store.swap_control(&stage.keep(0), &name, revision, Some(write))) {
                        Ok(Swapped::Done(_)) => left -= 1,
                        Ok(Swapped::Changed(_)) | Err(Error::TryAgain) => {}
                        refused => panic!("{refused:?}"),
                    }
                }
            });
        }
    });
    let found = done(stores[1].control(&stage.keep(0), &name)).unwrap().unwrap();
    assert_eq!(found.value, (EACH * 6).to_be_bytes());
}

#[test]
fn a_crowd_that_reads_keeps_nobody_from_writing() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = opened::prepared(&server);
    let bounds = Bounds { readers: 2, writers: 1, small_ms: 600_000, ..Bounds::default() };
    let store = opened::open_with(&server, &database, 1, bounds);
    let stage = opened::stage(&store);
    let one = stage.person();
    let name = ControlName::new("counted").unwrap();
    let write = |revision| {
        let row = NewControl { value: vec![1], until: None };
        done(store.swap_control(&stage.keep(0), &name, revision, Some(row)))
    };
    let waiting = || {
        let asked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' \
            and datname = current_database()";
        server.sql(&database, asked).parse::<usize>().unwrap()
    };
    let answered = AtomicUsize::new(0);
    thread::scope(|scope| {
        // Held until it is ended below.
        let lock = "begin; lock table honnin.account in access exclusive mode; select pg_sleep(600)";
        scope.spawn(|| std::panic::catch_unwind(|| server.sql(&database, lock)).unwrap_err());
        let held = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted \
            and database = (select oid from pg_database where datname = current_database()) \
            and relation = 'honnin.account'::regclass";
        assert!(soon(|| server.sql(&database, held) == "1"), "the table is not locked");
        for _ in 0..6 {
            scope.spawn(|| {
                drop(done(store.credential(stage.tenant, one.account)));
                answered.fetch_add(1, Ordering::SeqCst);
            });
        }
        assert!(soon(|| waiting() >= 2), "nobody waits");
        let written = write(0);
        let answered = answered.load(Ordering::SeqCst);
        let waiting = waiting();
        server.sql(
            &database,
            "select pg_terminate_backend(pid) from pg_locks where mode = 'AccessExclusiveLock' and granted \
            and database = (select oid from pg_database where datname = current_database()) \
                and relation = 'honnin.account'::regclass",
        );
        assert!(matches!(written, Ok(Swapped::Done(_))), "{written:?}");
        assert_eq!(
            (answered, waiting),
            (0, 2),
            "it was written after the crowd, or the crowd took every connection"
        );
    });
}
