//! The binary on the second engine: begun with an address, made ready by its owner, served by two processes at once.

use std::fs;
use std::time::{Duration, Instant};

use honnin_testkit::PostgresServer;

use crate::support::{Browser, Place, Ran, Running, command, soon};

const LOGIN: &str = "mio30617284";
const PASSWORD: &str = "umi no mieru ie de";
const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];

fn done(ran: Ran) -> String {
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    ran.out
}

/// A second process on the same installation, with a name and addresses of its own.
fn second(place: &Place) -> Running {
    let settings = place.beside("second.toml");
    let text = fs::read_to_string(place.data.join("honnin.toml")).unwrap();
    assert!(text.contains("\nname = \"1\"\n"), "{text}");
    fs::write(&settings, text.replace("\nname = \"1\"\n", "\nname = \"2\"\n")).unwrap();
    let mut serve = command();
    serve.arg("--data").arg(&place.data).arg("--settings").arg(&settings).arg("serve");
    Running::start(serve, "metrics on ")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how soon another process knows is what is measured")]
fn two_processes_on_one_database_serve_her_and_see_her_sign_out() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let place = Place::begin_as(&PORTS, &["--store-url", &server.url("honnin", &database)]);
    let unready = place.run(&["doctor"]);
    assert!(unready.code == Some(1) && unready.err.contains("run `honnin store prepare`"), "{}", unready.err);
    let owner = server.url("owner", &database);
    for _ in 0..2 {
        assert_eq!(
            done(place.run(&["store", "prepare", "--owner", &owner])),
            "the store is ready for role honnin\n"
        );
    }
    assert_eq!(
        done(place.run(&["--json", "store", "prepare", "--owner", &owner])),
        "{\"role\":\"honnin\"}\n"
    );
    place.take_in();
    let code = place.invite(LOGIN);

    let (first, second) = (place.serve(), second(&place));
    drop(first.activated(LOGIN, &code, PASSWORD));
    let mut here = first.browser();
    here.sign_in(LOGIN, PASSWORD);
    let mut there = Browser::new(&format!("http://{}", second.after("serving on ")));
    there.cookies.clone_from(&here.cookies);
    let me: serde_json::Value = serde_json::from_str(&here.get("/api/v1/me").body).unwrap();
    let home = format!("/api/v1/lines/{}/home", me["lines"][0]["line"].as_str().unwrap());
    assert_eq!(here.get(&home).status, 200);
    // Twice, so that the other process has kept what it needs to answer alone.
    for _ in 0..2 {
        assert_eq!(there.get(&home).status, 200);
    }
    // Within a second, where the machine has the time for it: a busy one may be late now and then, and always comes to it.
    let is_known_soon = |_: &u32| {
        assert_eq!(here.send_json("DELETE", "/api/v1/sessions/current", "{}").status, 204);
        let signed_out = Instant::now();
        let is_known = soon(|| there.get(&home).status != 200);
        assert!(is_known, "the other process still shows her page");
        let soon_enough = signed_out.elapsed() < Duration::from_secs(1);
        here.sign_in(LOGIN, PASSWORD);
        there.cookies.clone_from(&here.cookies);
        for _ in 0..2 {
            assert_eq!(there.get(&home).status, 200);
        }
        soon_enough
    };
    let soon = (0..9).filter(is_known_soon).count();
    assert!(soon >= 5, "the other process knew within a second {soon} times of 9");
    let doctor = place.run(&["doctor"]);
    assert!(doctor.out.contains("store      PostgreSQL 1"), "{}{}", doctor.out, doctor.err);
    drop((first, second));
    assert!(!place.data.join("store/honnin.sqlite").exists(), "nothing is kept in a file");
    done(place.run(&["journal", "verify"]));
}

#[test]
fn an_address_that_cannot_be_used_is_told_by_its_key_and_without_itself() {
    for (url, why) in [
        ("postgresql://honnin:geheim@127.0.0.1/honnin", "has a password in it"),
        ("postgresql://honnin@db.example/honnin", "another machine"),
    ] {
        let place = Place::begin(&[("url", &format!("{url:?}"))]);
        let checked = place.run(&["config", "check"]);
        assert_eq!(checked.code, Some(3), "{}", checked.out);
        assert!(checked.err.contains("store.url: ") && checked.err.contains(why), "{}", checked.err);
        assert!(!checked.err.contains("geheim"), "{}", checked.err);
    }
}
