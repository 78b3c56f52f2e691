//! Sessions edited by SQL: what has ended is not put back, and what lasts is not made to last.

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::Edited;

/// All there is of the sessions of an account.
fn sessions(rows: &Connection, account: &[u8]) -> Vec<Vec<Value>> {
    let mut statement = rows.prepare("select * from session where account = ?1").unwrap();
    let width = statement.column_count();
    let found = statement.query_map([account], |row| (0..width).map(|place| row.get(place)).collect());
    found.unwrap().map(Result::unwrap).collect()
}

fn put_back(rows: &Connection, session: &[Value]) {
    let places = vec!["?"; session.len()].join(", ");
    rows.execute(&format!("insert or replace into session values ({places})"), params_from_iter(session))
        .unwrap();
}

#[test]
fn what_sql_puts_back_or_prolongs_signs_nobody_in() {
    let mut edited = Edited::begin();
    let account = edited.people[0].account.clone();
    let before = sessions(&edited.rows, &account);
    assert!(!before.is_empty());
    // Until and last seen in the year 2100 are taken for nothing, so that she is signed in as before.
    let far = 4_102_444_800_000_i64;
    let prolong = "update session set until = ?1, last_seen = ?1 where account = ?2";
    edited.rows.execute(prolong, params![far, account]).unwrap();
    edited.people[0].until("/api/v1/me", 200);
    // The same cookie later, whatever the browser is told to forget.
    let mut kept = edited.people[0].browser.clone();
    let out = edited.people[0].browser.post_form("/sign-out", &[]);
    assert!(out.status < 400, "{}", out.status);
    assert!(sessions(&edited.rows, &account).len() < before.len());
    for session in &before {
        put_back(&edited.rows, session);
    }
    edited.rows.execute(prolong, params![far, account]).unwrap();
    // For as long as a change by another process takes to be noticed, and longer.
    for round in 0..40 {
        let answer = kept.get("/api/v1/me");
        assert_eq!(answer.status, 401, "round {round}: {}", answer.body);
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
}
