//! Three accounts within a minute: personal pages stop, until a person has looked.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Edited, data, personal_values};
use crate::support::{Browser, run_in};

const PUBLIC: [&str; 6] =
    ["/help", "/notices", "/api/v1/notices", "/healthz", "/robots.txt", "/openapi.json"];

/// Exchanges the documents of the first lines of three accounts, all three in a ring; three times it is as it was.
fn turn_the_ring(edited: &Edited) {
    let which = "account = ?1 and holding = ?2 and kind = 'line' and row = x''";
    let place =
        |place: usize| [edited.people[place].account.as_slice(), edited.people[place].lines[0].1.as_slice()];
    edited.swap("document", "blob", which, &place(0), &place(1));
    edited.swap("document", "blob", which, &place(1), &place(2));
}

/// Nobody is shown anything personal, everybody what is for everybody.
fn is_closed(edited: &mut Edited) {
    for person in &mut edited.people {
        let line = &person.lines[0].0;
        for path in ["/lines", &format!("/lines/{line}"), "/bills", "/devices", "/disclosures"] {
            let answer = person.browser.get(path);
            assert_eq!(answer.status, 503, "{path}: {}", answer.body);
            assert!(answer.headers.contains_key("retry-after") && answer.body.contains("<html"), "{path}");
            assert!(personal_values().iter().all(|value| !answer.body.contains(value)), "{path}");
        }
        for path in ["/api/v1/me", &format!("/api/v1/lines/{line}/home"), "/api/v1/bills"] {
            let answer = person.browser.get(path);
            assert_eq!((answer.status, &*answer.headers["content-type"]), (503, "application/problem+json"));
        }
        for path in PUBLIC {
            assert_eq!(person.browser.get(path).status, 200, "{path}");
        }
    }
    let ready = Browser::new(edited.demo.monitor()).get("/readyz");
    assert_eq!(ready.status, 503, "{}", ready.body);
}

/// The files of the journal that are there for others to verify.
fn published(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            published(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

#[test]
fn three_accounts_within_a_minute_stop_personal_pages_until_a_person_lifts_it() {
    let mut edited = Edited::begin();
    let nothing = run_in(&data(&edited.dir), &["isolation", "lift", "--yes"]);
    assert_eq!((nothing.code, nothing.out.contains("nothing to lift")), (Some(0), true), "{}", nothing.err);
    turn_the_ring(&edited);
    let path = format!("/lines/{}", edited.people[0].lines[0].0);
    edited.people[0].until(&path, 500);
    for (place, stopped) in [(1, None), (0, None), (2, Some(1.0))] {
        let path = format!("/lines/{}", edited.people[place].lines[0].0);
        let answer = edited.people[place].browser.get(&path);
        assert_eq!((answer.status, answer.body.as_str()), (500, ""), "{}", edited.people[place].login);
        let told = edited.demo.metric("honnin_isolated").filter(|told| *told > 0.0);
        assert_eq!(told, stopped, "{place}");
    }
    let shown = edited.entries();
    is_closed(&mut edited);
    let looked = run_in(&data(&edited.dir), &["doctor"]);
    assert_eq!(looked.code, Some(4), "{}", looked.err);
    assert!(
        looked.out.contains("many_do_not_open") && looked.out.contains("honnin isolation lift"),
        "{}",
        looked.out
    );
    // The cause is found and mended; that alone lets nobody in, and a new start does not either.
    turn_the_ring(&edited);
    turn_the_ring(&edited);
    is_closed(&mut edited);
    edited = edited.again();
    is_closed(&mut edited);
    assert_eq!(edited.entries(), shown, "nothing was disclosed");
    lifted_only_where_the_journal_verifies(&edited.dir);
    // Beside the running server, and nobody has to start it again.
    drop(edited.people[0].until("/lines", 200));
    for person in &mut edited.people {
        assert_eq!(person.browser.get("/lines").status, 200, "{}", person.login);
        assert_eq!(
            person.browser.get(&format!("/lines/{}", person.lines[0].0)).status,
            200,
            "{}",
            person.login
        );
    }
    let log = edited.log();
    assert!(log.contains("personal pages are stopped"), "{log}");
    assert!(personal_values().iter().all(|value| !log.contains(value)), "a log line has a personal value");
}

fn lifted_only_where_the_journal_verifies(dir: &honnin_testkit::TestDir) {
    let data = data(dir);
    let mut files = Vec::new();
    let logs = fs::read_dir(data.join("journal")).unwrap();
    logs.for_each(|log| published(&log.unwrap().path().join("tile").join("entries"), &mut files));
    assert!(!files.is_empty());
    let spoil = || {
        for file in &files {
            let mut octets = fs::read(file).unwrap();
            *octets.last_mut().unwrap() ^= 1;
            fs::write(file, octets).unwrap();
        }
    };
    spoil();
    let refused = run_in(&data, &["isolation", "lift", "--yes"]);
    assert_eq!(refused.code, Some(6), "{}", refused.out);
    assert!(refused.err.contains("does not verify"), "{}", refused.err);
    spoil();
    let lifted = run_in(&data, &["isolation", "lift", "--yes"]);
    assert_eq!(lifted.code, Some(0), "{}", lifted.err);
    assert!(
        lifted.out.contains("many_do_not_open") && lifted.out.contains("within a second"),
        "{}",
        lifted.out
    );
    assert!(!data.join("isolated").exists(), "it is written down, and no file is needed");
}
