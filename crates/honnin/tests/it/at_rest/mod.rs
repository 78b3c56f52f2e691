//! The data directory without its key: nothing of the ledger can be read in any file of it.

mod scanner;
mod values;

use std::fs::{self, File};
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Browser, Demo, PASSWORD, Place, command, ledger};
use honnin_testkit::SeededEntropy;
use scanner::{Found, Scanner, is_too_much};

/// The names of the logs of a journal: drawn at random, in hexadecimal, so that they may hold any five digits of an
/// amount; and they stand in many places, so that one such chance would look like many findings.
fn names_of_logs(dir: &Path) -> Vec<Vec<u8>> {
    let logs = fs::read_dir(dir.join("journal")).into_iter().flatten();
    let names = logs.map(|log| log.unwrap().file_name().into_string().unwrap().into_bytes());
    names.filter(|name| name.len() == 32 && name.iter().all(u8::is_ascii_hexdigit)).collect()
}

fn take_out(content: &mut [u8], name: &[u8]) {
    let places = content.windows(name.len()).enumerate().filter(|(_, window)| *window == name);
    for at in places.map(|(at, _)| at).collect::<Vec<_>>() {
        content[at..at + name.len()].fill(b' ');
    }
}

/// Reads every file under a directory and gives what stands in them; how many octets were read.
fn scan(scanner: &Scanner, dir: &Path) -> (Vec<String>, usize) {
    let (mut told, mut octets, mut found) = (Vec::new(), 0, Vec::new());
    let names = names_of_logs(dir);
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            // A file that was there when the directory was read may be gone.
            let mut content = fs::read(&path).unwrap_or_default();
            for name in &names {
                take_out(&mut content, name);
            }
            octets += content.len();
            for one in scanner.find(&content) {
                told.push(format!("{} at {} of {}", one.what, one.at, path.display()));
                found.push(one);
            }
        }
    }
    (if is_too_much(&found) { told } else { Vec::new() }, octets)
}

/// What lines of a log hold: texts anywhere, figures where they stand alone.
fn told_in_log(log: &str, scanner: &Scanner) -> Vec<String> {
    let log = log.as_bytes();
    let is_told = |one: &Found| {
        let end = one.at + one.octets;
        let is_figure = log[one.at..end].iter().all(u8::is_ascii_digit);
        let joined = |place: Option<&u8>| place.is_some_and(u8::is_ascii_alphanumeric);
        let alone = !joined(log[..one.at].last()) && !joined(log.get(end));
        // Names of requests are drawn at random and may hold any digits; ports have five of them.
        !is_figure || (alone && one.octets > 5)
    };
    scanner.find(log).into_iter().filter(is_told).map(|one| one.what).collect()
}

/// People sign in, look around and change their speed, so that every table has rows of it.
fn a_morning(demo: &Demo, sessions: &Path, scanner: &mut Scanner) {
    let text = fs::read_to_string(sessions).unwrap();
    for cookie in text.lines().skip(1).filter_map(|row| row.split_once('=')) {
        scanner.add(cookie.1.as_bytes().to_vec(), "the token of a session");
    }
    let mut toggled = Vec::new();
    for (place, (login, browser)) in demo.browsers(sessions).into_iter().take(40).enumerate() {
        let mut browser: Browser = browser;
        if place < 4 {
            browser = demo.browser();
            let token = browser.sign_in(&login, PASSWORD).body;
            let token: Value = serde_json::from_str(&token).unwrap();
            scanner.add(token["token"].as_str().unwrap().as_bytes().to_vec(), "the token of a session");
        }
        let me: Value = serde_json::from_str(&browser.get("/api/v1/me").body).unwrap();
        let line = &me["lines"][0];
        let path = format!("/api/v1/lines/{}", line["line"].as_str().unwrap());
        for path in
            [format!("{path}/home"), format!("{path}/usage"), "/lines".to_owned(), "/bills".to_owned()]
        {
            assert_eq!(browser.get(&path).status, 200, "{path}");
        }
        let wish = browser.ask(
            "PUT",
            &format!("{path}/speed"),
            &[("content-type", "application/json"), ("idempotency-key", "morning")],
            &format!("{{\"high\":{}}}", place % 2 == 0),
        );
        if wish.status == 202 {
            toggled.push((browser, path));
        }
    }
    assert!(toggled.len() > 30);
    for (browser, path) in &mut toggled {
        // Confirmed, so that the network was driven with addresses; which speed it is does not matter here.
        for _ in 0..200 {
            let home: Value = serde_json::from_str(&browser.get(&format!("{path}/home")).body).unwrap();
            if home["speed"]["state"] == "confirmed" {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn nothing_of_the_ledger_can_be_read_in_the_data_directory_or_in_the_log() {
    let place = Place::for_demo(&[]);
    let (mapping, extract, sessions) = (ledger::mapping(), ledger::directory(), place.beside("sessions.csv"));
    let [data, mapping, extract, file] =
        [&place.data, &mapping, &extract, &sessions].map(|path| path.to_str().unwrap());
    let log = place.beside("log");
    let mut taking = command();
    taking.args(["--data", data, "intake", "files", "--mapping", mapping, extract]);
    taking.env("HONNIN_LOG", "debug").stderr(File::create(&log).unwrap());
    assert_eq!(taking.output().unwrap().status.code(), Some(4));
    let mut scanner = values::all();
    assert!(scanner.count() > 100_000, "{}", scanner.count());
    let sessions_of = ["--sessions", "600", "--sessions-out", file];
    let args = ["--data", data, "--ledger", extract].into_iter().chain(sessions_of);
    let demo = Demo::start_logging(&log, "debug", args);
    a_morning(&demo, &sessions, &mut scanner);
    for running in [true, false] {
        let (told, octets) = scan(&scanner, &place.data);
        assert!(octets > 4 << 20, "{octets} octets were read");
        assert!(told.is_empty(), "running: {running}: {told:?}");
        if running && let Some(login) = demo.logins().first() {
            assert_eq!(place.run(&["account", "invite", login]).code, Some(0));
        }
    }
    assert_eq!(demo.stop(), Some(0));
    let (told, _) = scan(&scanner, &place.data);
    assert!(told.is_empty(), "after its end: {told:?}");
    let log = fs::read_to_string(&log).unwrap();
    assert!(!log.is_empty());
    assert_eq!(told_in_log(&log, &scanner), [""; 0]);
}

#[test]
fn the_scanner_finds_a_value_in_whatever_shape_it_lies() {
    let (scanner, place) = (values::all(), honnin_testkit::TestDir::new());
    let random = SeededEntropy::new(1);
    let noise: Vec<u8> = (0..40_000).flat_map(|_| random.next_u64().to_le_bytes()).collect();
    let account = ledger::rows("契約者.csv").remove(0);
    let line = ledger::rows("回線.csv").remove(0);
    let digits: String = line["電話番号"].chars().filter(char::is_ascii_digit).collect();
    let name = &account["氏名"];
    let amounts = ledger::rows("請求.csv").into_iter().map(|row| row["合計金額"].clone());
    let amounts: Vec<String> = amounts.filter(|amount| amount.len() == 5).take(3).collect();
    for shape in [
        name.as_bytes().to_vec(),
        name.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        encoding_rs::SHIFT_JIS.encode(name).0.into_owned(),
        account["メールアドレス"].as_bytes().to_vec(),
        account["会員ID"].as_bytes().to_vec(),
        line["ICCID"].as_bytes().to_vec(),
        digits.as_bytes().to_vec(),
        format!("+81{}", &digits[1..]).into_bytes(),
        format!("{}-{}-{}", &digits[..3], &digits[3..7], &digits[7..]).into_bytes(),
        format!("{}000", ledger::rows("データ残量.csv")[0]["残量KB"]).into_bytes(),
        amounts.join(" ").into_bytes(),
    ] {
        let (before, after) = noise.split_at(1 << 16);
        place.write("deep/in/it", [before, &shape, after].concat());
        let (told, _) = scan(&scanner, place.path());
        assert!(!told.is_empty(), "{shape:?}");
    }
    let chance = format!("{}f27bfe44e51f57290e95ed28509", amounts[0]);
    for file in ["checkpoint", "history/256"] {
        place.write(format!("journal/{chance}/{file}"), format!("{chance}\n").repeat(20));
    }
    place.write("deep/in/it", noise);
    assert!(scan(&scanner, place.path()).0.is_empty(), "noise alone is nothing");
    for told in
        [name, &account["メールアドレス"], &account["会員ID"], &line["電話番号"], &digits, &line["ICCID"]]
    {
        assert!(!told_in_log(&format!("a line with {told}, among others\n"), &scanner).is_empty(), "{told}");
    }
    let request = format!("request=7f{digits}0a on port {}\n", amounts[0]);
    assert_eq!(told_in_log(&request, &scanner), [""; 0]);
}
