//! Numbers that were reissued and lines that were handed over: whose a record is follows from its day.

use std::collections::{BTreeMap, BTreeSet};

use honnin_testkit::TestDir;
use serde_json::Value;

use crate::support::{Browser, Demo, Place, ledger};

/// A holding as the contracts tell it.
struct Held {
    account: String,
    line: String,
    number: String,
    from: String,
    to: Option<String>,
}

impl Held {
    fn has(&self, day: &str) -> bool {
        self.from.as_str() <= day && self.to.as_deref().is_none_or(|to| day <= to)
    }
}

/// High and low octets by day.
type Days = BTreeMap<String, (u64, u64)>;

/// The ledger read once more, by the day of each record.
struct Reading {
    held: Vec<Held>,
    /// Number, day, octets, and whether the record lies in a later month's file.
    usage: Vec<(String, String, (u64, u64), bool)>,
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

fn read() -> Reading {
    let held = |row: ledger::Row| Held {
        account: row["会員ID"].clone(),
        line: row["回線コード"].clone(),
        number: digits(&row["電話番号"]),
        from: ledger::day(&row["利用開始日"]).unwrap(),
        to: ledger::day(&row["解約日"]),
    };
    let mut records = BTreeSet::new();
    let mut usage = Vec::new();
    for file in ledger::files().iter().filter(|file| file.starts_with("利用量_")) {
        for row in ledger::rows(file).iter().filter(|row| records.insert(row["通番"].clone())) {
            let octets = |heading: &str| row[heading].parse::<u64>().map(|kb| kb * 1_000);
            // What cannot be read was broken on purpose.
            if let (Some(day), Ok(high), Ok(low)) =
                (ledger::day(&row["利用日"]), octets("高速KB"), octets("低速KB"))
            {
                let late = !file.contains(&day[..7].replace('-', ""));
                usage.push((digits(&row["電話番号"]), day, (high, low), late));
            }
        }
    }
    Reading { held: ledger::rows("回線.csv").into_iter().map(held).collect(), usage }
}

impl Reading {
    fn days_of(&self, held: &Held) -> Days {
        let mut days = Days::new();
        for (number, day, (high, low), _) in &self.usage {
            if *number == held.number && held.has(day) {
                let sum = days.entry(day.clone()).or_default();
                *sum = (sum.0 + high, sum.1 + low);
            }
        }
        days
    }

    /// The holdings of an account for which that holds.
    fn held_by(&self, account: &str, which: impl Fn(&Held) -> bool) -> &Held {
        let mut all = self.held.iter().filter(|held| held.account == account && which(held));
        let (one, none) = (all.next().unwrap(), all.next());
        assert!(none.is_none(), "{account} holds it once");
        one
    }
}

fn json(browser: &mut Browser, path: &str) -> Value {
    let answer = browser.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// What a holder is shown of one holding: its days, its purchases, and the page of usage.
fn shown(browser: &mut Browser, held: &Held) -> (Days, Vec<String>, String) {
    let me = json(browser, "/api/v1/me");
    let ids = me["lines"].as_array().unwrap().iter().map(|line| line["line"].as_str().unwrap().to_owned());
    let id = ids.into_iter().find(|id| {
        let contract = json(browser, &format!("/api/v1/lines/{id}/contract"));
        contract["line_code"] == held.line && contract["from"] == held.from
    });
    let id = id.unwrap_or_else(|| panic!("{} of {}", held.line, held.account));
    let mut days = Days::new();
    // Far enough back to see what nobody may see.
    for month in (1..=12).map(|month| format!("2026-{month:02}")).chain(["2025-12".to_owned()]) {
        let usage = json(browser, &format!("/api/v1/lines/{id}/usage?month={month}"));
        for day in usage["days"].as_array().unwrap() {
            let octets = |key: &str| day[key].as_u64().unwrap();
            days.insert(
                day["date"].as_str().unwrap().to_owned(),
                (octets("high_octets"), octets("low_octets")),
            );
        }
    }
    let bought = json(browser, &format!("/api/v1/lines/{id}/purchases"));
    let bought = bought["purchases"].as_array().unwrap().iter();
    let bought = bought.map(|one| one["at"].as_str().unwrap()[..10].to_owned()).collect();
    (days, bought, browser.get(&format!("/lines/{id}/usage?month=2026-10")).body)
}

#[test]
fn a_new_holder_sees_nothing_from_before_and_the_former_still_sees_his_own() {
    let (dir, expected, reading) = (TestDir::new(), ledger::expected(), read());
    let sessions = dir.join("sessions.csv");
    let extract = ledger::directory();
    let demo = Demo::start([
        "--ledger",
        extract.to_str().unwrap(),
        "--sessions",
        "600",
        "--sessions-out",
        sessions.to_str().unwrap(),
    ]);
    let mut browsers = demo.browsers(&sessions);
    let pairs = |key: &str| -> Vec<[String; 3]> {
        let text = |pair: &Value, place: usize| pair[place].as_str().unwrap().to_owned();
        expected[key]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| [0, 1, 2].map(|place| text(pair, place)))
            .collect()
    };
    let (recycled, moved) = (pairs("recycled"), pairs("moved"));
    assert_eq!((recycled.len(), moved.len()), (12, 2));
    let mut late = 0;
    for ([what, former, new], is_number) in
        recycled.iter().map(|pair| (pair, true)).chain(moved.iter().map(|pair| (pair, false)))
    {
        let it = |held: &Held| if is_number { held.number == *what } else { held.line == *what };
        let (old, fresh) = (reading.held_by(former, it), reading.held_by(new, it));
        let ended = old.to.clone().unwrap();
        assert!(ended < fresh.from, "{what}");
        let (days, bought, page) = shown(browsers.get_mut(new).unwrap(), fresh);
        assert!(days.keys().all(|day| *day >= fresh.from), "{what}: {:?}", days.keys());
        assert!(bought.iter().all(|day| *day >= fresh.from), "{what}: {bought:?}");
        assert_eq!(days, reading.days_of(fresh), "{what} of its new holder");
        assert!(!days.is_empty());
        for day in reading.days_of(old).values().filter(|used| !days.values().any(|other| other == *used)) {
            assert!(!page.contains(&format!("\"{}\"", day.0)), "{what}: a figure of the former holder");
        }
        let (days, bought, _) = shown(browsers.get_mut(former).unwrap(), old);
        assert_eq!(days, reading.days_of(old), "{what} of its former holder");
        assert!(!days.is_empty() && days.keys().all(|day| *day <= ended), "{what}");
        assert!(bought.iter().all(|day| *day <= ended), "{what}: {bought:?}");
        late += reading
            .usage
            .iter()
            .filter(|(number, day, _, late)| *late && *number == old.number && old.has(day))
            .count();
    }
    assert!(late >= 12, "each of the numbers has usage that was told a month later: {late}");
}

#[test]
fn orphans_are_told_as_unknown_number_and_broken_rows_by_their_reason() {
    let (place, counts) = (Place::for_demo(&[]), ledger::expected());
    let count = |key: &str| counts["counts"][key].as_u64().unwrap();
    let (mapping, extract) = (ledger::mapping(), ledger::directory());
    let [mapping, extract] = [&mapping, &extract].map(|path| path.to_str().unwrap());
    let take = || place.run(&["intake", "files", "--mapping", mapping, extract]);
    let first = take();
    assert_eq!(first.code, Some(4), "rows were set aside: {}{}", first.out, first.err);
    let usage = |out: &str, what: &str| -> u64 {
        let lines = out.lines().filter(|line| line.contains("(usage)"));
        let told = lines.filter_map(|line| {
            line.split_once(&format!("{what} "))?.1.split([',', ' ', ')']).next()?.parse::<u64>().ok()
        });
        told.sum()
    };
    let told = |what: &str| usage(&first.out, what);
    assert_eq!(
        told("taken") + told("repeated") + told("unknown number"),
        count("usage_rows"),
        "{}",
        first.out
    );
    assert_eq!(told("repeated"), count("usage_duplicates"));
    assert_eq!(told("unknown number"), count("usage_orphans"));
    assert_eq!(told("quarantined"), count("usage_broken"));
    // A day that is none, a number too short, a negative amount, a cell too many, a quote that is never closed.
    let reasons = ["bad_time 1", "bad_number 1", "bad_amount 1", "columns 1", "quotes 1"];
    assert!(reasons.iter().all(|reason| first.out.contains(reason)), "{}", first.out);
    let looked = place.run(&["doctor"]);
    assert!(looked.out.contains("7 rows; correct"), "{}", looked.out);
    let again = take();
    let told = |what: &str| usage(&again.out, what);
    assert_eq!((told("taken"), told("unknown number"), told("quarantined")), (0, 2, 5), "{}", again.out);
    assert_eq!(told("repeated"), count("usage_rows") - 2, "{}", again.out);
}
