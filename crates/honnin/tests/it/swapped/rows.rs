//! One row at a time.

use super::{ALARMS, Edited, personal_values};

const ACCOUNT: &str = "account = ?1 and ?2 is not null";

/// The newest of a line's documents and of the account's own.
fn document(kind: &str) -> String {
    format!("account = ?1 and holding = ?2 and kind = '{kind}' and row = x''")
}

/// Asks for everything of a person after something of hers was exchanged with another's, and again when it was put
/// back: nothing comes out in between, not an octet, and each refusal is an alarm.
fn is_refused(edited: &mut Edited, what: &str, paths: &[&str], exchange: impl Fn(&Edited)) {
    let line = edited.people[0].lines[0].0.clone();
    let filled = |path: &str| path.replace("{}", &line);
    let shown = edited.entries();
    let alarms = edited.alarms();
    exchange(edited);
    edited.people[0].until(&filled(paths[0]), 500);
    let before = edited.alarms();
    assert!(before > alarms, "{what} is an alarm");
    for path in paths {
        let answer = edited.people[0].browser.get(&filled(path));
        assert_eq!((answer.status, answer.body.as_str()), (500, ""), "{what}: {path}");
        assert_eq!(answer.headers.get("content-type"), None, "{what}: {path}");
        assert_eq!(answer.headers["cache-control"], "private, no-store");
    }
    let refused = u32::try_from(paths.len()).unwrap();
    assert_eq!(edited.demo.metric(ALARMS), Some(before + f64::from(refused)), "{what}");
    exchange(edited);
    edited.people[0].until(&filled(paths[0]), 200);
    // The one answer that told us it was put back, and those that came before the change was noticed.
    let after = edited.entries();
    assert!(after > shown, "{what}");
    for path in paths {
        assert_eq!(edited.people[0].browser.get(&filled(path)).status, 200, "{what}: {path}");
    }
    assert_eq!(edited.entries(), after + u64::from(refused), "{what}: what is shown is in the journal");
}

const OF_LINE: &[&str] =
    &["/api/v1/lines/{}/home", "/lines/{}", "/lines/{}/buckets", "/api/v1/lines/{}/usage", "/lines/{}/speed"];
const OF_ALL: &[&str] =
    &["/api/v1/me", "/lines", "/bills", "/api/v1/lines/{}/home", "/lines/{}/contract", "/devices"];

#[test]
fn a_row_of_somebody_else_is_answered_without_an_octet_and_raises_an_alarm() {
    let mut edited = Edited::begin();
    // Somebody with several lines comes first.
    let most = (0..edited.people.len()).max_by_key(|place| edited.people[*place].lines.len()).unwrap();
    edited.people.swap(0, most);
    let names = |edited: &Edited, place: usize, line: usize| {
        let person = &edited.people[place];
        (person.account.clone(), person.lines[line].1.clone())
    };
    let (her, hers) = names(&edited, 0, 0);
    let (_, her_other) = names(&edited, 0, 1);
    let (his, line_of_his) = names(&edited, 1, 0);
    is_refused(&mut edited, "what is sealed in another's session", OF_ALL, |edited| {
        edited.swap("session", "sealed", ACCOUNT, &[&her, &[]], &[&his, &[]]);
    });
    is_refused(&mut edited, "another line's document", OF_LINE, |edited| {
        edited.swap("document", "blob", &document("line"), &[&her, &hers], &[&his, &line_of_his]);
    });
    is_refused(&mut edited, "a document of her own other line", OF_LINE, |edited| {
        edited.swap("document", "blob", &document("line"), &[&her, &hers], &[&her, &her_other]);
    });
    is_refused(&mut edited, "another account's profile", &["/api/v1/me", "/lines", "/lines/{}"], |edited| {
        edited.swap("document", "blob", &document("profile"), &[&her, &[]], &[&his, &[]]);
    });
    is_refused(&mut edited, "another account's ring", OF_ALL, |edited| {
        edited.swap("account", "ring", ACCOUNT, &[&her, &[]], &[&his, &[]]);
    });
    another_account_in_her_session(&mut edited, &her, &his);
    assert_eq!(edited.demo.metric("honnin_isolated"), Some(0.0), "she is one account");
    let log = edited.log();
    let alarms = log.lines().filter(|line| line.contains("does_not_open"));
    assert!(alarms.count() >= 30, "{log}");
    for value in personal_values() {
        assert!(!log.contains(&value), "a log line has a personal value");
    }
}

/// The column that says whose a session is names somebody else.
fn another_account_in_her_session(edited: &mut Edited, her: &[u8], his: &[u8]) {
    let write = |edited: &Edited, from: &[u8], to: &[u8], session: &[u8]| {
        let update = "update session set account = ?2 where account = ?1 and session = ?3";
        assert_eq!(edited.rows.execute(update, rusqlite::params![from, to, session]).unwrap(), 1);
    };
    let query = "select session from session where account = ?1";
    let session: Vec<u8> = edited.rows.query_row(query, [her], |row| row.get(0)).unwrap();
    let turn = std::cell::Cell::new(false);
    is_refused(edited, "another account in her session", OF_ALL, |edited| {
        let (from, to) = if turn.replace(!turn.get()) { (his, her) } else { (her, his) };
        write(edited, from, to, &session);
    });
}
