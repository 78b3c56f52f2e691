//! Rows edited in the database: what does not belong does not open, and what does not open is not shown.

mod ended;
mod isolated;
mod rows;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use honnin_testkit::TestDir;
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::support::{Answer, Browser, Demo, ledger, soon};

/// Counts what did not open.
const ALARMS: &str = "honnin_alarm_total{kind=\"does_not_open\"}";

/// A demo whose database can be edited.
struct Edited {
    dir: TestDir,
    demo: Demo,
    people: Vec<Person>,
    rows: Connection,
}

/// A subscriber and the names of her rows.
struct Person {
    login: String,
    browser: Browser,
    account: Vec<u8>,
    /// Her lines, as the API names them and as the rows do.
    lines: Vec<(String, Vec<u8>)>,
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|place| u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).unwrap()).collect()
}

fn data(dir: &TestDir) -> PathBuf {
    dir.join("data")
}

fn log(dir: &TestDir) -> PathBuf {
    dir.join("log")
}

fn start(dir: &TestDir, more: &[&str]) -> Demo {
    let data = data(dir);
    Demo::start_logging(&log(dir), "info", ["--data", data.to_str().unwrap()].iter().chain(more))
}

impl Edited {
    /// The sample's subscribers, each signed in.
    fn begin() -> Self {
        let dir = TestDir::new();
        let sessions = dir.join("sessions.csv");
        let demo = start(&dir, &["--sessions", "8", "--sessions-out", sessions.to_str().unwrap()]);
        let rows = Connection::open(data(&dir).join("store").join("honnin.sqlite")).unwrap();
        rows.busy_timeout(Duration::from_secs(10)).unwrap();
        let people = demo.browsers(&sessions).into_iter();
        let people = people.map(|(login, browser)| Person::of(login, browser, &rows)).collect();
        Self { dir, demo, people, rows }
    }

    /// Starts it again on the same data.
    fn again(self) -> Self {
        let Self { dir, demo, mut people, rows } = self;
        assert_eq!(demo.stop(), Some(0));
        let demo = start(&dir, &[]);
        for person in &mut people {
            person.browser.moved_to(&demo.address);
        }
        Self { dir, demo, people, rows }
    }

    /// Exchanges one column of two rows of a table.
    fn swap(&self, table: &str, column: &str, which: &str, one: &[&[u8]; 2], other: &[&[u8]; 2]) {
        let read = |place: &[&[u8]; 2]| -> Vec<u8> {
            let query = format!("select {column} from {table} where {which}");
            self.rows.query_row(&query, params![place[0], place[1]], |row| row.get(0)).unwrap()
        };
        let (here, there) = (read(one), read(other));
        assert_ne!(here, there);
        let write = format!("update {table} set {column} = ?3 where {which}");
        for (place, value) in [(one, there), (other, here)] {
            assert_eq!(self.rows.execute(&write, params![place[0], place[1], value]).unwrap(), 1);
        }
    }

    fn alarms(&self) -> f64 {
        self.demo.metric(ALARMS).unwrap_or_default()
    }

    fn entries(&self) -> u64 {
        let verified = crate::support::run_in(&data(&self.dir), &["journal", "verify"]);
        assert_eq!(verified.code, Some(0), "{}", verified.err);
        let told = verified.out.lines().find_map(|line| line.strip_prefix("to owner"));
        told.unwrap().split_whitespace().next().unwrap().parse().unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(log(&self.dir)).unwrap()
    }
}

impl Person {
    fn of(login: String, mut browser: Browser, rows: &Connection) -> Self {
        let me: Value = serde_json::from_str(&browser.get("/api/v1/me").body).unwrap();
        let ids = me["lines"].as_array().unwrap().iter().map(|line| line["line"].as_str().unwrap());
        let lines: Vec<(String, Vec<u8>)> = ids.map(|id| (id.to_owned(), octets(id))).collect();
        let query = "select account from subject_key where holding = ?1";
        let account = rows.query_row(query, [&lines[0].1], |row| row.get(0)).unwrap();
        Self { login, browser, account, lines }
    }

    /// Waits until a page is answered so; a change by another process is noticed in a moment.
    fn until(&mut self, path: &str, status: u16) -> Answer {
        let mut answer = self.browser.get(path);
        let is_so = soon(|| {
            if answer.status != status {
                answer = self.browser.get(path);
            }
            answer.status == status
        });
        assert!(is_so, "{path}: {} instead of {status}: {}", answer.status, answer.body);
        answer
    }
}

/// Everything the sample ledger says of people and their lines.
fn personal_values() -> Vec<String> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/sample-ledger");
    let rows = ["契約者.csv", "回線.csv", "請求.csv"].map(|file| ledger::rows_in(&sample, file));
    let cells = rows.into_iter().flatten().flat_map(|row| row.into_iter().collect::<Vec<_>>());
    let told = [
        "会員ID",
        "氏名",
        "フリガナ",
        "メールアドレス",
        "回線コード",
        "サービスコード",
        "電話番号",
        "ICCID",
        "請求番号",
    ];
    cells.filter(|(heading, _)| told.contains(&heading.as_str())).map(|(_, value)| value).collect()
}
