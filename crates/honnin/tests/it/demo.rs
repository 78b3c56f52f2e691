//! `honnin demo`: one command from nothing to her page.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use honnin_testkit::TestDir;
use serde_json::Value;

use crate::support::{Browser, Demo, PASSWORD, honnin};

#[test]
fn it_serves_the_three_subscribers_it_names() {
    let demo = Demo::start::<&str>([]);
    assert_eq!(demo.logins().len(), 3, "{}", demo.said());
    for login in demo.logins() {
        let mut browser = demo.browser();
        browser.sign_in(&login, PASSWORD);
        let me = browser.get("/api/v1/me");
        assert_eq!(me.status, 200, "{}", me.body);
        assert!(me.body.contains("number_masked"), "{}", me.body);
        assert_eq!(me.headers["cache-control"], "private, no-store");
    }
    let data = demo.after("data ").to_owned();
    assert!(Path::new(&data).exists());
    assert_eq!(demo.stop(), Some(0));
    assert!(!Path::new(&data).exists(), "what was made for the demo is gone with it");
}

#[test]
fn a_wrong_password_and_a_name_nobody_has_get_the_same_answer() {
    let demo = Demo::start::<&str>([]);
    let login = demo.logins().remove(0);
    let ask = |login: &str| {
        let body = format!(r#"{{"login":"{login}","password":"not the password"}}"#);
        let answer = demo.browser().send_json("POST", "/api/v1/sessions", &body);
        let told: Value = serde_json::from_str(&answer.body).unwrap();
        // The request's own name differs from answer to answer.
        (answer.status, told["type"].clone(), told["title"].clone(), told["code"].clone())
    };
    let (known, unknown) = (ask(&login), ask("mio00000000"));
    assert_eq!(known, unknown);
    assert_eq!(known.0, 401);
}

#[test]
fn every_account_gets_a_session_before_any_gets_two() {
    let dir = TestDir::new();
    let file = dir.join("sessions.csv");
    let demo = Demo::start(["--sessions", "200", "--sessions-out", file.to_str().unwrap()]);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("account,cookie\n"));
    let rows: Vec<(&str, &str)> = text.lines().skip(1).map(|line| line.split_once(',').unwrap()).collect();
    assert_eq!(rows.len(), 200);
    let first: BTreeSet<&str> = rows.iter().take(8).map(|(account, _)| *account).collect();
    assert_eq!(first.len(), 8, "the sample has eight accounts");
    // 25 for each account are more than the default bound: none of them may have ended.
    for (_, cookie) in rows {
        assert_eq!(demo.browser().with_cookie(cookie).get("/api/v1/me").status, 200);
    }
}

#[test]
fn kept_data_is_served_again_and_the_journal_goes_on() {
    let dir = TestDir::new();
    let data = dir.join("data");
    let args = ["--data", data.to_str().unwrap()];
    for _ in 0..2 {
        let demo = Demo::start(args);
        let login = demo.logins().remove(0);
        let mut browser = demo.browser();
        browser.sign_in(&login, PASSWORD);
        assert_eq!(browser.get("/api/v1/me").status, 200);
        assert_eq!(demo.stop(), Some(0));
    }
    assert!(dir.join("data.key").exists(), "the key lies beside the data, not in it");
    let verified = honnin(args.into_iter().chain(["journal", "verify"]));
    assert_eq!(verified.code, Some(0), "{}", verified.err);
    assert!(verified.out.contains("to owner    2 disclosures"), "{}", verified.out);
    let doctor = honnin(args.into_iter().chain(["doctor"]));
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.out, doctor.err);
    assert!(doctor.out.contains("8 accounts") && doctor.out.contains("simulated"), "{}", doctor.out);
}

#[test]
fn a_power_cut_leaves_data_that_is_served_again_and_a_journal_that_verifies() {
    let dir = TestDir::new();
    let data = dir.join("data");
    let args = ["--data", data.to_str().unwrap()];
    let mut seen = 0;
    for _ in 0..3 {
        let demo = Demo::start(args);
        let mut browser = demo.browser();
        browser.sign_in(&demo.logins()[0], PASSWORD);
        for _ in 0..5 {
            assert_eq!(browser.get("/api/v1/me").status, 200);
            seen += 1;
        }
        demo.kill();
        let verified = honnin(args.into_iter().chain(["journal", "verify"]));
        assert_eq!(verified.code, Some(0), "{}", verified.err);
        assert!(verified.out.contains(&format!("to owner    {seen} disclosures")), "{}", verified.out);
    }
}

#[test]
fn who_saw_names_each_disclosure_while_the_demo_goes_on() {
    let dir = TestDir::new();
    let data = dir.join("data");
    let args = ["--data", data.to_str().unwrap()];
    let demo = Demo::start(args);
    let logins = demo.logins();
    let mut browser = demo.browser();
    browser.sign_in(&logins[0], PASSWORD);
    for _ in 0..3 {
        assert_eq!(browser.get("/api/v1/me").status, 200);
    }
    let ask = |question: &str, login: &str| {
        let told = honnin(args.into_iter().chain(["journal", question, login]));
        assert_eq!(told.code, Some(0), "{}", told.err);
        let rows = told.out.lines().skip(1);
        rows.map(|row| row.split(',').nth(4).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ask("who-saw", &logins[0]), ["me"; 3]);
    assert_eq!(ask("seen-by", &logins[0]), ["me"; 3]);
    assert_eq!(ask("who-saw", &logins[1]), [""; 0]);
}

#[test]
fn an_invitation_is_issued_while_the_demo_goes_on() {
    let dir = TestDir::new();
    let data = dir.join("data");
    let args = ["--data", data.to_str().unwrap()];
    let demo = Demo::start(args);
    let login = demo.logins().remove(0);
    let invited = honnin(args.into_iter().chain(["account", "invite", &login]));
    assert_eq!(invited.code, Some(0), "{}", invited.err);
    assert!(invited.out.starts_with("code   "), "{}", invited.out);
    let nobody = honnin(args.into_iter().chain(["account", "invite", "mio00000000"]));
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.err.contains("knows no account"), "{}", nobody.err);
}

#[test]
fn a_port_that_is_taken_is_told_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = honnin(["demo", "--listen", &address]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains(&address) && ran.err.contains("choose another port"), "{}", ran.err);
}

#[test]
fn sign_in_names_the_address_it_is_found_at() {
    let demo = Demo::start::<&str>([]);
    let host = demo.address.trim_start_matches("http://").to_owned();
    let page = demo.browser().get("/sign-in").body;
    assert!(!host.ends_with(":0") && page.contains(&host) && !page.contains(":0 "), "{host}: {page}");
}

#[test]
fn it_is_refused_beyond_this_machine() {
    let ran = honnin(["demo", "--listen", "0.0.0.0:0"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("loopback only"), "{}", ran.err);
}

#[test]
fn monitors_have_a_listener_of_their_own() {
    let demo = Demo::start::<&str>([]);
    demo.browser().sign_in(&demo.logins()[0], PASSWORD);
    assert_eq!(demo.metric("honnin_keeper_deeds_total{deed=\"release_account_key\"}"), Some(1.0));
    assert_eq!(Browser::new(demo.monitor()).get("/readyz").body, "ready\n");
}
