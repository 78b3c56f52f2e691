//! Backups of an installation on a database: made while it serves, brought back after everything is lost, and an account
//! that is erased.

use std::fs;
use std::path::Path;

use honnin_testkit::PostgresServer;

use crate::support::{Place, Ran, run_in, soon};

const LOGIN: &str = "mio30617284";
const OTHER: &str = "mio10482913";
const PASSWORD: &str = "umi no mieru ie de";
const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];
/// What holds what was imported and set; the others change by being opened.
const KEPT: [&str; 9] =
    ["account", "subject_key", "document", "speed", "wish_key", "directory", "seen", "notice", "progress"];

fn done(ran: Ran) -> String {
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    ran.out
}

fn refused(ran: &Ran, by: &str) {
    assert!(ran.code == Some(1) && ran.err.contains(by), "{}{}", ran.out, ran.err);
}

/// Every row of those tables.
fn rows(server: &PostgresServer, database: &str) -> Vec<String> {
    let of = |table: &&str| server.sql(database, &format!("select t::text from honnin.{table} t order by 1"));
    KEPT.iter().map(of).collect()
}

fn activate(place: &Place, login: &str) {
    let code = place.invite(login);
    drop(place.serve().activated(login, &code, PASSWORD));
}

fn restore(data: &Path, from: &Path) -> Ran {
    run_in(data, &["--as", "suzuki", "restore", "--from", from.to_str().unwrap()])
}

#[test]
fn a_backup_of_a_database_brings_back_everything_after_total_loss() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let (url, owner) = (server.url("honnin", &database), server.url("owner", &database));
    let place = Place::begin_as(&PORTS, &["--store-url", &url]);
    let prepare = || done(place.run(&["store", "prepare", "--for", &url, "--owner", &owner]));
    prepare();
    place.take_in();
    activate(&place, LOGIN);

    let serving = place.serve();
    let mut hers = serving.browser();
    hers.sign_in(LOGIN, PASSWORD);
    let shown = hers.figures();
    let backup = place.beside("backup");
    done(place.run(&["--as", "suzuki", "backup", "--to", backup.to_str().unwrap()]));
    let before = rows(&server, &database);
    let cookies = hers.cookies.clone();
    drop(serving);
    assert!(backup.join("store/honnin.sqlite").exists() && !backup.join("store.part").exists());
    let of_sessions = "select count(*) from honnin.session";
    assert_ne!(server.sql(&database, of_sessions), "0");

    // Nothing is restored over what there is.
    let lost = place.beside("lost");
    fs::rename(&place.data, &lost).unwrap();
    refused(&restore(&place.data, &backup), "is not empty");
    assert!(!place.data.exists());
    assert_eq!(rows(&server, &database), before, "nor is anything changed");
    // Another machine, another database of the same name.
    server.sql(&database, "drop schema honnin cascade");
    refused(&restore(&place.data, &backup), "store prepare");
    fs::rename(&lost, &place.data).unwrap();
    prepare();
    fs::remove_dir_all(&place.data).unwrap();
    let told = done(restore(&place.data, &backup));
    assert!(told.contains("everybody signs in again"), "{told}");
    assert_eq!(rows(&server, &database), before);
    assert_eq!(server.sql(&database, of_sessions), "0");
    assert!(!place.data.join("store/honnin.sqlite").exists(), "nothing is kept in a file");
    done(place.run(&["journal", "verify"]));
    let serving = place.serve();
    let mut old = serving.browser();
    old.cookies = cookies;
    assert_eq!(old.get("/api/v1/me").status, 401, "her session ended");
    let mut again = serving.browser();
    again.sign_in(LOGIN, PASSWORD);
    assert_eq!(again.figures(), shown);
}

#[test]
fn an_account_is_erased_on_a_database_and_its_server_shows_it_no_more() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let (url, owner) = (server.url("honnin", &database), server.url("owner", &database));
    let place = Place::begin_as(&PORTS, &["--store-url", &url]);
    done(place.run(&["store", "prepare", "--for", &url, "--owner", &owner]));
    place.take_in();
    activate(&place, OTHER);
    let accounts = || server.sql(&database, "select count(*) from honnin.account").parse::<u32>().unwrap();
    let before = accounts();
    let serving = place.serve();
    let mut hers = serving.browser();
    hers.sign_in(OTHER, PASSWORD);
    assert_eq!(hers.get("/api/v1/me").status, 200);
    let told = done(place.run(&["--as", "suzuki", "account", "erase", "--yes", OTHER]));
    assert!(told.contains("vacuum full"), "{told}");
    assert!(soon(|| hers.get("/api/v1/me").status == 401), "the running server does not know");
    assert_eq!(accounts(), before - 1);
    refused(&place.run(&["account", "erase", "--yes", OTHER]), "the store has none of that name");
    assert!(done(place.run(&["journal", "acts"])).contains("account erase"));
}
