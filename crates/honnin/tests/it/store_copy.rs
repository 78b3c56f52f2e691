//! A whole installation's store from the file to a database and back, by the binary.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use honnin_testkit::PostgresServer;

use crate::support::{Browser, Place, Ran, command, soon};

const LOGIN: &str = "mio30617284";
const PASSWORD: &str = "umi no mieru ie de";
const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];

fn done(ran: Ran) -> String {
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    ran.out
}

/// Sets the address of the store in the settings of a place.
fn point(place: &Place, url: &str) {
    let file = place.data.join("honnin.toml");
    let text = fs::read_to_string(&file).unwrap();
    let old = text.lines().find(|line| line.starts_with("url = ")).unwrap().to_owned();
    fs::write(&file, text.replace(&format!("\n{old}\n"), &format!("\nurl = {url:?}\n"))).unwrap();
}

fn line_of(browser: &mut Browser) -> String {
    let me: serde_json::Value = serde_json::from_str(&browser.get("/api/v1/me").body).unwrap();
    me["lines"][0]["line"].as_str().unwrap().to_owned()
}

fn set_speed(browser: &mut Browser, key: &str) -> (u16, String) {
    let path = format!("/api/v1/lines/{}/speed", line_of(browser));
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    let answer = browser.ask("PUT", &path, &headers, "{\"high\":false}");
    (answer.status, answer.body)
}

/// Kills copies at eight moments of the time one takes: before it has begun, in its middle, about its end.
fn kill_often(place: &Place, to: &str, whole: Duration) {
    for step in 3..=10 {
        let mut copy = command();
        copy.arg("--data").arg(&place.data).args(["store", "copy", "--to", to]);
        let mut copy = copy.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(whole * step / 10);
        copy.kill().unwrap();
        copy.wait().unwrap();
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how long a copy takes says when to kill one")]
fn a_store_goes_to_a_database_beside_its_server_and_comes_back() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let (to, owner) = (server.url("honnin", &database), server.url("owner", &database));
    let place = Place::begin_as(&PORTS, &[]);
    place.take_in();
    let code = place.invite(LOGIN);
    let unprepared = place.run(&["store", "copy", "--to", &to]);
    assert!(unprepared.code == Some(1) && unprepared.err.contains("store prepare"), "{}", unprepared.err);
    done(place.run(&["store", "prepare", "--for", &to, "--owner", &owner]));
    let itself = place.run(&["store", "copy", "--to", "file"]);
    assert!(itself.code == Some(1) && itself.err.contains("store of the settings"), "{}", itself.err);

    // Beside the server: nothing is changed any more, and who is signed in reads.
    let serving = place.serve();
    let form = [("login", LOGIN), ("code", code.as_str()), ("password", PASSWORD)];
    assert_eq!(serving.browser().post_form("/activate", &form).status, 303);
    let mut browser = serving.browser();
    browser.sign_in(LOGIN, PASSWORD);
    assert_eq!(set_speed(&mut browser, "a-wish-of-before").0, 202);
    // Killed again and again, and given once more.
    let begun = Instant::now();
    let nothing = place.run(&["store", "copy", "--check", "--to", &to]);
    assert!(nothing.code == Some(4) && nothing.out.contains(" differ"), "{}{}", nothing.out, nothing.err);
    kill_often(&place, &to, begun.elapsed());
    let beside = place.run(&["--json", "store", "copy", "--to", &to]);
    assert_eq!(beside.code, Some(4), "{}{}", beside.out, beside.err);
    let told: serde_json::Value = serde_json::from_str(&beside.out).unwrap();
    assert!(told["rows"].as_u64().unwrap() > 100, "{told}");
    assert!(told["whole"] == false && told["serving"] == true, "{told}");
    // Done again by its key it is answered as before, until the server knows of the mode.
    let (mut status, mut body) = (0, String::new());
    let is_paused = soon(|| {
        (status, body) = set_speed(&mut browser, "a-wish-of-before");
        status == 503 && body.contains("\"paused\"")
    });
    assert!(is_paused, "{status} {body}");
    assert_eq!(browser.get("/api/v1/me").status, 200);
    // What is not whole serves nobody.
    point(&place, &to);
    let early = place.run(&["doctor"]);
    assert!(early.code == Some(1) && early.err.contains("not finished"), "{}{}", early.out, early.err);
    point(&place, "");
    drop(serving);

    let other = Place::begin_as(&PORTS, &[]);
    let foreign = other.run(&["store", "copy", "--to", &to]);
    assert!(foreign.code == Some(1) && foreign.err.contains("another installation"), "{}", foreign.err);

    // With nobody at work the rest is copied, and it is whole.
    let ended = done(place.run(&["store", "copy", "--to", &to]));
    assert!(ended.contains("every row was read back"), "{ended}");
    let compared = done(place.run(&["--json", "store", "copy", "--check", "--to", &to]));
    let told: serde_json::Value = serde_json::from_str(&compared).unwrap();
    assert_eq!(told["differed"], 0, "{told}");
    let again = place.run(&["store", "copy", "--to", &to]);
    assert!(again.code == Some(1) && again.err.contains("is not empty"), "{}", again.err);

    // One bit of one row, written as the owner: the same one both times, wherever an update has put it.
    let flip = "update honnin.document set blob = set_byte(blob, 9, get_byte(blob, 9) # 1) \
        where (account, holding, kind, row) = \
        (select account, holding, kind, row from honnin.document order by account, holding, kind, row limit 1)";
    server.sql(&database, flip);
    let altered = place.run(&["store", "copy", "--check", "--to", &to]);
    assert!(altered.code == Some(4) && altered.out.contains(": 1 differ"), "{}{}", altered.out, altered.err);
    server.sql(&database, flip);

    served_from(&place, &to, "PostgreSQL 1");
    // And back, into a file that is made anew.
    let old = place.data.join("store/honnin.sqlite");
    let filled = place.run(&["store", "copy", "--to", "file"]);
    assert!(filled.code == Some(1) && filled.err.contains("is not empty"), "{}", filled.err);
    for name in ["honnin.sqlite", "honnin.sqlite-wal", "honnin.sqlite-shm"] {
        fs::rename(old.with_file_name(name), place.beside(name)).unwrap_or_default();
    }
    done(place.run(&["store", "copy", "--to", "file"]));
    served_from(&place, "", "SQLite 3");
    let acts = done(place.run(&["journal", "acts"]));
    assert!(acts.contains("store copy to the database") && acts.contains("store copy to the file"), "{acts}");
}

/// The copy is a store like any other: looked at, served, and left.
fn served_from(place: &Place, url: &str, engine: &str) {
    point(place, url);
    let doctor = place.run(&["doctor"]);
    assert!(doctor.out.contains(&format!("store      {engine}")), "{}{}", doctor.out, doctor.err);
    assert!(!doctor.err.contains("cannot"), "{}", doctor.err);
    done(place.run(&["journal", "verify"]));
    done(place.run(&["mode", "release"]));
    let serving = place.serve();
    let mut browser = serving.browser();
    browser.sign_in(LOGIN, PASSWORD);
    let line = line_of(&mut browser);
    assert_eq!(browser.get(&format!("/api/v1/lines/{line}/home")).status, 200);
    drop(serving);
    done(place.run(&["journal", "verify"]));
}

#[test]
fn a_copy_is_not_begun_where_the_mode_cannot_be_held() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let (to, owner) = (server.url("honnin", &database), server.url("owner", &database));
    let place = Place::begin_as(&PORTS, &[]);
    done(place.run(&["store", "prepare", "--for", &to, "--owner", &owner]));
    done(place.run(&["mode", "force", "brownout"]));
    let file = rusqlite::Connection::open(place.data.join("store/honnin.sqlite")).unwrap();
    let altered = file.execute("update control set value = x'00' where name = 'mode/'", []).unwrap();
    assert_eq!(altered, 1);
    drop(file);
    let refused = place.run(&["store", "copy", "--to", &to]);
    assert!(refused.code == Some(1) && refused.err.contains("read_only cannot be forced"), "{}", refused.err);
    assert_eq!(server.sql(&database, "select count(*) from honnin.control"), "0", "nothing was written");
}

#[test]
fn two_copies_do_not_run_at_once() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let (to, owner) = (server.url("honnin", &database), server.url("owner", &database));
    let place = Place::begin_as(&PORTS, &[]);
    done(place.run(&["store", "prepare", "--for", &to, "--owner", &owner]));
    // The other one: it holds what a copy holds, and does nothing meanwhile.
    let mut options = fs::OpenOptions::new();
    let other = options.create(true).write(true).truncate(false).mode(0o600);
    let other = other.open(place.data.join("store-copy.lock")).unwrap();
    other.lock().unwrap();
    let second = place.run(&["store", "copy", "--to", &to]);
    assert!(second.code == Some(1) && second.err.contains("another copy is running"), "{}", second.err);
    assert_eq!(server.sql(&database, "select count(*) from honnin.control"), "0", "nothing was written");
    assert_eq!(place.run(&["journal", "acts"]).code, Some(5), "nor was anything done");
    assert!(!done(place.run(&["mode", "show"])).contains("read_only"));
    drop(other);
    assert!(done(place.run(&["store", "copy", "--to", &to])).contains("every row was read back"));
}
