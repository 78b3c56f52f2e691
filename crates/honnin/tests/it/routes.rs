//! Every route of the reference, asked over the wire by everybody who may not.

use std::collections::{BTreeMap, BTreeSet};

use honnin_testkit::TestDir;
use serde_json::Value;

use crate::support::{Answer, Browser, Demo};

const REFERENCE: &str = include_str!("../../../../docs/reference/routes.md");
/// All methods a client may think of; the last is none of HTTP's.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"];
const SIGNED_IN: &str = "signed in";

/// A row of the reference.
struct Row {
    method: &'static str,
    path: &'static str,
    who: &'static str,
}

fn rows() -> Vec<Row> {
    let rows = REFERENCE.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        Row { method: cells[1], path: cells[2].trim_matches('`'), who: cells[3] }
    };
    rows.map(row).collect()
}

/// What stands for the parameters of a path.
#[derive(Clone)]
struct Names {
    line: String,
    bill: String,
}

impl Names {
    fn of(browser: &mut Browser) -> Self {
        let mut json = |path: &str| -> Value { serde_json::from_str(&browser.get(path).body).unwrap() };
        let line = json("/api/v1/me")["lines"][0]["line"].as_str().unwrap().to_owned();
        let bill = json("/api/v1/bills")["bills"][0]["bill"].as_str().unwrap().to_owned();
        Self { line, bill }
    }

    fn both(text: &str) -> Self {
        Self { line: text.to_owned(), bill: text.to_owned() }
    }

    fn fill(&self, path: &str) -> String {
        let absent = "0".repeat(32);
        let path = path.replace("{line}", &self.line).replace("{bill}", &self.bill);
        path.replace("{session}", &absent)
            .replace("{notice}", &absent)
            .replace("{*file}", "0000000000/none.css")
    }
}

/// Asks with a body the route would take.
fn ask(browser: &mut Browser, method: &str, path: &str) -> Answer {
    let json = ("content-type", "application/json");
    match method {
        "PUT" => browser.ask(method, path, &[json, ("idempotency-key", "k")], "{\"high\":false}"),
        "POST" if path.starts_with("/api/") => {
            browser.ask(method, path, &[json], "{\"login\":\"x\",\"password\":\"y\"}")
        }
        "POST" => browser.post_form(path, &[("high", "false"), ("key", "k"), ("name", "own")]),
        _ => browser.ask(method, path, &[], ""),
    }
}

/// Everything of an answer but the hour, and the request's name, which is drawn before anything is known of it.
fn octets(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    (answer.status, headers.map(|(name, value)| (name.clone(), value.clone())).collect(), answer.body.clone())
}

fn start(dir: &TestDir, more: &[&str]) -> Demo {
    let data = dir.join("data");
    Demo::start(["--data", data.to_str().unwrap()].iter().chain(more))
}

/// Who is not signed in is told so on each route for people who are, in the same words whatever she names.
fn is_sent_away(browser: &Browser, names: &[Names], why: &str) {
    for row in rows().iter().filter(|row| row.who == SIGNED_IN) {
        let mut told = BTreeSet::new();
        for names in names {
            let path = names.fill(row.path);
            let answer = ask(&mut browser.clone(), row.method, &path);
            assert_eq!(answer.status, 401, "{why}: {} {path}: {}", row.method, answer.body);
            assert_eq!(answer.headers["cache-control"], "private, no-store", "{why}: {path}");
            assert!(!answer.body.contains("-****-"), "{why}: {path} shows a number");
            // The page to sign in on knows where to go back to.
            told.insert(answer.body.replace(&path, "").replace(&path.replace('/', "%2F"), ""));
        }
        assert_eq!(told.len(), 1, "{why}: {} {}: {told:?}", row.method, row.path);
    }
}

#[test]
fn what_is_not_yours_and_what_is_not_there_are_the_same_and_strangers_get_nothing() {
    let dir = TestDir::new();
    let file = dir.join("sessions.csv");
    let demo = start(&dir, &["--sessions", "16", "--sessions-out", file.to_str().unwrap()]);
    // Two sessions each: the file names every account twice, and the later one is kept.
    let mut people = demo.browsers(&file).into_values();
    let (mut hana, mut ken) = (people.next().unwrap(), people.next().unwrap());
    let (her, him) = (Names::of(&mut hana), Names::of(&mut ken));
    let absent = Names::both(&"5".repeat(32));
    let elsewhere = [
        him.clone(),
        absent.clone(),
        Names::both("no-id"),
        Names { line: him.line.to_uppercase(), bill: him.bill.to_uppercase() },
        Names::both("%00"),
        Names { line: him.bill.clone(), bill: him.line.clone() },
    ];
    let named = |row: &&Row| row.path.contains("{line}") || row.path.contains("{bill}");
    let all = rows();
    assert!(all.len() > 40 && all.iter().filter(named).count() > 12, "{}", all.len());
    for row in all.iter().filter(named) {
        let path = him.fill(row.path);
        assert_eq!(
            ask(&mut ken.clone(), row.method, &path).status / 100,
            2 + u16::from(row.method == "POST"),
            "{path} is his"
        );
        let mut told = Vec::new();
        for names in &elsewhere {
            let answer = ask(&mut hana.clone(), row.method, &names.fill(row.path));
            assert_eq!(answer.status, 404, "{} {}", row.method, names.fill(row.path));
            told.push(octets(&answer));
        }
        assert!(told.iter().all(|answer| *answer == told[0]), "{} {}: {told:?}", row.method, row.path);
    }
    let places = [her, him, absent];
    is_sent_away(&demo.browser(), &places, "anonymous");
    let made_up = demo.browser().with_cookie(&format!("session={}", "A".repeat(43)));
    is_sent_away(&made_up, &places, "a cookie nobody has");
    let left = hana.clone();
    assert_eq!(hana.ask("DELETE", "/api/v1/sessions/current", &[], "").status, 204);
    is_sent_away(&left, &places, "signed out");
    assert_eq!(ken.get("/api/v1/me").status, 200, "he still is");
    assert_eq!(demo.stop(), Some(0));
    let demo = start(&dir, &["--now", "2027-06-01T06:00:00+09:00"]);
    ken.moved_to(&demo.address);
    is_sent_away(&ken, &places, "half a year later");
}

#[test]
fn every_path_has_the_methods_of_the_reference_and_no_other() {
    let demo = Demo::start::<&str>([]);
    let mut methods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Row { method, path, .. } in rows() {
        methods.entry(path).or_default().insert(method);
    }
    let names = Names::both(&"0".repeat(32));
    for (path, methods) in &methods {
        for method in METHODS {
            let there = methods.contains(method) || (method == "HEAD" && methods.contains("GET"));
            let answer = ask(&mut demo.browser(), method, &names.fill(path));
            assert_eq!(answer.status == 405, !there, "{method} {path}: {}", answer.status);
            let allow = answer.headers.get("allow").map(|allow| allow.split(", ").collect::<BTreeSet<_>>());
            let mut wanted = methods.clone();
            if methods.contains("GET") {
                wanted.insert("HEAD");
            }
            assert_eq!(allow, (!there).then_some(wanted), "{method} {path}");
        }
    }
    for method in METHODS {
        for path in ["/admin", "/api/v1/lines", "/api/v2/me", "/lines/", "//", "/.git/config"] {
            assert_eq!(ask(&mut demo.browser(), method, path).status, 404, "{method} {path}");
        }
    }
    let described: Value = serde_json::from_str(&demo.browser().get("/openapi.json").body).unwrap();
    for (path, methods_there) in described["paths"].as_object().unwrap() {
        let told: BTreeSet<String> =
            methods_there.as_object().unwrap().keys().map(|verb| verb.to_uppercase()).collect();
        let known = methods.get(path.as_str()).unwrap_or_else(|| panic!("{path} is not in the reference"));
        let known: BTreeSet<String> = known.iter().map(|&verb| verb.to_owned()).collect();
        assert_eq!(told, known, "{path}");
    }
    let programs = methods.keys().filter(|path| path.starts_with("/api/"));
    assert!(
        programs.clone().count() > 10
            && programs.into_iter().all(|path| described["paths"][*path].is_object())
    );
}
