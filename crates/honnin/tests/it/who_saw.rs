//! A scripted hour of fifty subscribers, and the journal asked what happened.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use honnin_testkit::SeededEntropy;
use serde_json::Value;

use crate::support::{Browser, Demo, Place, ledger, run_in};

/// What was shown, by which way, of which line.
type Seen = (String, String, String);

/// One subscriber and what her script had her see.
struct Person {
    login: String,
    browser: Browser,
    lines: Vec<String>,
    bills: Vec<String>,
    saw: Vec<Seen>,
}

/// What each path shows, and whether to a page.
const LINE_READS: [(&str, &str); 13] = [
    ("/api/v1/lines/{}/home", "home"),
    ("/api/v1/lines/{}/buckets", "buckets"),
    ("/api/v1/lines/{}/usage?month=2026-10", "usage"),
    ("/api/v1/lines/{}/purchases", "purchases"),
    ("/api/v1/lines/{}/contract", "contract"),
    ("/lines/{}", "home"),
    ("/lines/{}/buckets", "buckets"),
    ("/lines/{}/usage", "usage"),
    ("/lines/{}/usage?month=2026-11", "usage"),
    ("/lines/{}/purchases", "purchases"),
    ("/lines/{}/contract", "contract"),
    ("/lines/{}/speed", "speed"),
    ("/lines/{}/speed/state", "speed"),
];
const ACCOUNT_READS: [(&str, &str); 8] = [
    ("/api/v1/me", "me"),
    ("/api/v1/bills", "bills"),
    ("/lines", "board"),
    ("/bills", "bills"),
    ("/devices", "devices"),
    ("/settings", "me"),
    ("/disclosures", "disclosures"),
    ("/api/v1/disclosures", "disclosures"),
];
/// Nothing personal is on these.
const OPEN_READS: [&str; 4] = ["/notices", "/api/v1/notices", "/openapi.json", "/robots.txt"];

fn channel(path: &str) -> String {
    if path.starts_with("/api/") { "api" } else { "page" }.to_owned()
}

impl Person {
    fn see(&mut self, path: &str, what: &str, line: &str) -> Value {
        let answer = self.browser.get(path);
        assert_eq!(answer.status, 200, "{} {path}: {}", self.login, answer.body);
        self.saw.push((what.to_owned(), channel(path), line.to_owned()));
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    fn arrive(&mut self) {
        let me = self.see("/api/v1/me", "me", "");
        let text = |value: &Value, key: &str| value[key].as_str().unwrap().to_owned();
        self.lines = me["lines"].as_array().unwrap().iter().map(|line| text(line, "line")).collect();
        let bills = self.see("/api/v1/bills", "bills", "");
        self.bills = bills["bills"].as_array().unwrap().iter().map(|bill| text(bill, "bill")).collect();
    }

    /// One step of the script.
    fn step(&mut self, draw: u64, stranger: &str) {
        let pick = |most: usize, shift: u32| usize::try_from((draw >> shift) & 0xffff).unwrap() % most;
        let line = self.lines[pick(self.lines.len(), 16)].clone();
        match draw % 10 {
            0..=4 => {
                let (path, what) = LINE_READS[pick(LINE_READS.len(), 32)];
                self.see(&path.replace("{}", &line), what, &line);
            }
            5 | 6 => {
                let (path, what) = ACCOUNT_READS[pick(ACCOUNT_READS.len(), 32)];
                self.see(path, what, "");
            }
            7 => {
                let bill = self.bills[pick(self.bills.len(), 16)].clone();
                let path = ["/bills/", "/api/v1/bills/"][pick(2, 32)];
                self.see(&format!("{path}{bill}"), "bill", "");
            }
            8 => {
                let answer = self.browser.get(OPEN_READS[pick(OPEN_READS.len(), 32)]);
                assert_eq!(answer.status, 200);
            }
            // Another's line, and doors without a key: nothing is shown and nothing may be in the journal.
            _ => {
                let (path, _) = LINE_READS[pick(LINE_READS.len(), 32)];
                let answer = self.browser.get(&path.replace("{}", stranger));
                assert_eq!(answer.status, 404, "{}", self.login);
                let mut nobody = self.browser.clone();
                nobody.cookies.clear();
                assert_eq!(nobody.get(&path.replace("{}", &line)).status, 401);
            }
        }
    }

    /// What the journal shows her of herself, oldest first, through the JSON API.
    fn asks_who_saw_her(&mut self) -> Vec<(String, Seen)> {
        let mut all = Vec::new();
        let mut path = "/api/v1/disclosures".to_owned();
        loop {
            let page = self.see(&path, "disclosures", "");
            for row in page["disclosures"].as_array().unwrap() {
                assert_eq!((&row["viewer"], &row["basis"]), (&Value::from("self"), &Value::Null));
                let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
                all.push((
                    row["entry"].as_str().unwrap().to_owned(),
                    (text("what"), text("channel"), text("line")),
                ));
            }
            let Some(before) = page["next"].as_str() else { break };
            path = format!("/api/v1/disclosures?cursor={before}");
        }
        all.reverse();
        all
    }
}

/// The answer of the command, row by row: index, and what was seen; all of it by the owner herself.
fn asked(data: &Path, question: &str, login: &str, period: &[&str]) -> Vec<(String, Seen)> {
    let told = run_in(data, &[&["journal", question, login], period].concat());
    assert_eq!(told.code, Some(0), "{}", told.err);
    let mut rows = told.out.lines();
    assert_eq!(rows.next(), Some("entry,at,viewer,owner,what,channel,line,basis"));
    let rows: Vec<_> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split(',').collect();
            let [entry, at, viewer, _, what, channel, line, basis] = cells[..] else { panic!("{row}") };
            assert_eq!((viewer, basis), ("owner", "self"), "{row}");
            assert!(at.starts_with("2026-11-20T06:") && at.ends_with("+09:00"), "{row}");
            (entry.to_owned(), (what.to_owned(), channel.to_owned(), line.to_owned()))
        })
        .collect();
    assert!(told.err.contains(&format!("{} disclosures", rows.len())), "{}", told.err);
    rows
}

/// Fifty subscribers go through their scripts, ten at a time.
fn scripted_hour(demo: &Demo, sessions: &Path) -> (Vec<Person>, Vec<String>) {
    let mut browsers: Vec<(String, Browser)> = demo.browsers(sessions).into_iter().collect();
    let absent = browsers.split_off(50).into_iter().map(|(login, _)| login).take(5).collect();
    let person = |(login, browser)| Person { login, browser, lines: vec![], bills: vec![], saw: vec![] };
    let mut people: Vec<Person> = browsers.into_iter().map(person).collect();
    people.iter_mut().for_each(Person::arrive);
    let strangers: Vec<String> = people.iter().rev().map(|person| person.lines[0].clone()).collect();
    thread::scope(|scope| {
        for (place, part) in people.chunks_mut(5).enumerate() {
            let strangers = &strangers;
            scope.spawn(move || {
                let random = SeededEntropy::new(place.try_into().unwrap());
                for turn in 0..16 {
                    for person in &mut *part {
                        let other = strangers.iter().filter(|line| !person.lines.contains(line)).nth(turn);
                        person.step(random.next_u64(), &other.unwrap().clone());
                    }
                }
            });
        }
    });
    (people, absent)
}

#[test]
fn the_journal_answers_exactly_what_fifty_subscribers_did() {
    let place = Place::for_demo(&[]);
    let (data, sessions, extract) = (&place.data, place.beside("sessions.csv"), ledger::directory());
    let [given, extract, file] = [data, &extract, &sessions].map(|path| path.to_str().unwrap());
    let demo =
        Demo::start(["--data", given, "--ledger", extract, "--sessions", "600", "--sessions-out", file]);
    let (mut people, absent) = scripted_hour(&demo, &sessions);
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for person in &mut people {
        let own = person.asks_who_saw_her();
        // What she asked for last is written after the answer to it was made.
        assert!(own.len() < person.saw.len());
        let told: Vec<&Seen> = own.iter().map(|(_, seen)| seen).collect();
        let script: Vec<&Seen> = person.saw[..told.len()].iter().collect();
        assert_eq!(told, script, "{} asks herself", person.login);
        let by_command = asked(data, "who-saw", &person.login, &[]);
        assert_eq!(by_command[..own.len()], own, "{}", person.login);
        let seen: Vec<&Seen> = by_command.iter().map(|(_, seen)| seen).collect();
        assert_eq!(seen, person.saw.iter().collect::<Vec<_>>(), "who saw {}", person.login);
        for (entry, _) in by_command {
            assert!(
                all.insert(entry.clone(), person.login.clone()).is_none(),
                "entry {entry} is of one person"
            );
        }
    }
    for person in people.iter().take(10) {
        let who_saw = asked(data, "who-saw", &person.login, &[]);
        assert_eq!(asked(data, "seen-by", &person.login, &[]), who_saw);
        assert_eq!(
            asked(data, "who-saw", &person.login, &["--from", "2026-11-20", "--to", "2026-11-20"]),
            who_saw
        );
        assert_eq!(asked(data, "who-saw", &person.login, &["--to", "2026-11-19"]), []);
        assert_eq!(asked(data, "seen-by", &person.login, &["--from", "2026-11-21"]), []);
    }
    for login in &absent {
        assert_eq!(asked(data, "who-saw", login, &[]), []);
        assert_eq!(asked(data, "seen-by", login, &[]), []);
    }
    let done: usize = people.iter().map(|person| person.saw.len()).sum();
    assert!(done > 500 && all.len() == done, "{done} disclosures, {} entries", all.len());
    let verifies = || {
        let verified = place.run(&["journal", "verify"]);
        assert_eq!(verified.code, Some(0), "{}", verified.err);
        let told = format!("to owner    {done} disclosures\non a basis  0 disclosures");
        assert!(verified.out.contains(&told), "{}", verified.out);
    };
    verifies();
    assert_eq!(demo.stop(), Some(0));
    verifies();
}
