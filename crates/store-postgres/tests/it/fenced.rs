//! A run of a copy that stands still in the middle of a page, while another takes its mark over: whichever comes first, the
//! other waits for it, and nothing is written by the word of a mark that is another by then.

use std::sync::Arc;
use std::thread;

use honnin_access::ControlRow;
use honnin_store::Error;
use honnin_store::conformance::{Stage, done, everything};
use honnin_store::copying::{CopiedRow, Stretch, TABLES, mark, marked};
use honnin_store_postgres::Postgres;
use honnin_testkit::{PostgresServer, soon};

use crate::opened;

const COPIED_BY: &[u8] = b"an installation";

fn marked_by(stage: &Stage, run: u8, found: Option<&ControlRow>) -> Result<ControlRow, Error> {
    done(mark(&*stage.store, &stage.operate(0), (COPIED_BY, [run; 16]), found))
}

/// Puts another row in the place of the one of a table, by the word of that mark.
fn put(stage: &Stage, mark: &ControlRow) -> Result<(), Error> {
    let table = TABLES.iter().find(|table| table.name == "tick").unwrap();
    let row: CopiedRow = vec![honnin_store::copying::Cell::Number(7_000)];
    done(stage.store.replace_rows(&stage.operate(0), &Stretch::whole(table), vec![row], Some(mark.clone())))
}

/// Does that as the owner, and holds what it has locked until [`let_go`].
fn hold(server: &Arc<PostgresServer>, database: &str, sql: &str) -> thread::JoinHandle<String> {
    server.sql(database, "create table public.go ()");
    let held = format!(
        "begin; {sql}; do $$ begin while not exists (select 1 from public.go) loop perform pg_sleep(0.02); end loop; \
         end $$; commit"
    );
    let (server, database) = (Arc::clone(server), database.to_owned());
    let held = {
        let (server, database) = (Arc::clone(&server), database.clone());
        thread::spawn(move || server.sql(&database, &held))
    };
    // It looks whether it may go on only once it has its locks.
    let is_held = soon(|| {
        let looks = "select count(*) from pg_stat_activity \
            where datname = current_database() and usename = 'owner' and wait_event = 'PgSleep'";
        server.sql(&database, looks) == "1"
    });
    assert!(is_held, "nothing is locked");
    held
}

fn let_go(server: &PostgresServer, database: &str) {
    server.sql(database, "insert into public.go default values");
}

/// How many of ours wait for a lock.
fn waiting(server: &PostgresServer, database: &str) -> String {
    let asked = "select count(*) from pg_stat_activity \
        where datname = current_database() and usename = 'honnin' and wait_event_type = 'Lock'";
    server.sql(database, asked)
}

fn begun(server: &PostgresServer) -> (String, Arc<Postgres>, Stage, ControlRow) {
    let database = opened::prepared(server);
    let store = opened::open(server, &database, 1);
    let stage = opened::stage(&store);
    let first = marked_by(&stage, 1, None).unwrap();
    (database, store, stage, first)
}

#[test]
fn a_page_waits_for_who_takes_its_mark_over_and_is_then_refused() {
    let Some(server) = PostgresServer::shared() else { return };
    let (database, store, stage, first) = begun(&server);
    let taken = hold(
        &server,
        &database,
        r"update honnin.control set value = '\x09', revision = revision + 1 where name = 'copy/'",
    );
    let before = everything(&stage);
    let stage = Arc::new(stage);
    let page = {
        let stage = Arc::clone(&stage);
        thread::spawn(move || put(&stage, &first))
    };
    assert!(soon(|| page.is_finished() || waiting(&server, &database) == "1"), "nobody waits for it");
    let_go(&server, &database);
    taken.join().unwrap();
    assert_eq!(page.join().unwrap(), Err(Error::Conflict));
    let after = everything(&stage);
    assert_eq!(after[..after.len() - 1], before[..before.len() - 1], "nothing of the page was written");
    drop(store);
}

#[test]
fn who_takes_a_mark_over_waits_for_the_page_that_is_written() {
    let Some(server) = PostgresServer::shared() else { return };
    let (database, store, stage, first) = begun(&server);
    // The page stands still behind its question for the mark: its own table is held.
    let held = hold(&server, &database, "lock table honnin.tick in exclusive mode");
    let stage = Arc::new(stage);
    let page = {
        let (stage, first) = (Arc::clone(&stage), first.clone());
        thread::spawn(move || put(&stage, &first))
    };
    assert!(soon(|| page.is_finished() || waiting(&server, &database) == "1"), "nobody waits for it");
    // Takes it away, as the end of another run does: that needs no row of the held table.
    let over = {
        let (server, database) = (Arc::clone(&server), database.clone());
        thread::spawn(move || server.sql(&database, "delete from honnin.control where name = 'copy/'"))
    };
    let waits = soon(|| {
        over.is_finished()
            || server.sql(
                &database,
                "select count(*) from pg_stat_activity \
                where datname = current_database() and usename = 'owner' and wait_event_type = 'Lock'",
            ) == "1"
    });
    assert!(waits, "nobody waits for the page");
    assert!(!over.is_finished(), "the mark went from under a page that is not written yet");
    let_go(&server, &database);
    held.join().unwrap();
    assert_eq!(page.join().unwrap(), Ok(()), "it was first");
    over.join().unwrap();
    assert_eq!(done(marked(&*stage.store, &stage.keep(0))), Ok(None));
    assert_eq!(put(&stage, &first), Err(Error::Conflict), "and then it is over");
    drop(store);
}
