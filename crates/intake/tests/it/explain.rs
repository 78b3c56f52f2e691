//! A row that is set aside is explained: what is wrong, and which key of the mapping takes it, tried.

use honnin_intake::explain::Step;
use honnin_intake::{Mapping, explain, preview};
use honnin_testkit::TestDir;

use crate::reading::project;

const HEAD: &str = "line,kind,granted,remaining,expires,as_of\n";

fn mapping() -> Mapping {
    Mapping::load(&project("tests/data/field/mapping.toml")).unwrap()
}

fn told(steps: &[Step]) -> Vec<String> {
    let way = |step: &Step| {
        let way = step.ways.first().map(|way| {
            way.keys.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
        });
        format!("{}: {}", step.fault, way.unwrap_or_else(|| "no key".to_owned()))
    };
    steps.iter().map(way).collect()
}

/// What is told of one row of a file of that name under those headings.
fn of(name: &str, head: &str, row: &str) -> Vec<String> {
    let dir = TestDir::new();
    dir.write(name, format!("{head}{row}\n"));
    let now = "2026-11-28T18:30:00+09:00".parse().unwrap();
    let explained = explain(&mapping(), &[dir.path().to_owned()], &format!("{name}:2"), now).unwrap();
    told(&explained.steps)
}

#[test]
fn the_key_that_would_take_a_row_is_found_by_trying_it() {
    for (row, wanted) in [
        ("l001,basic,20000000,5,2026/12/31,2026/11/28 06:00:00", vec![]),
        (
            "l001,basic,20000000,5,2026/12/31,2026-11-28 06:00:00.123456",
            vec!["bad_time (as_of): shape = \"%Y-%m-%d %H:%M:%S%.f\""],
        ),
        (
            "l001,basic,20000000,5,2026/12/31,2026/11/28 6:00",
            vec!["bad_time (as_of): shape = \"%Y/%-m/%-d %-H:%M\""],
        ),
        (
            "l001,ボーナス,\"20,000\",5 KB,9999-99-99,1795813200",
            vec![
                "unknown_value (kind): values = { \"ボーナス\" = \"carried_over\" or \"basic\" or \"gift\" or \"top_up\" }",
                "bad_amount (granted): group = \",\"",
                "bad_amount (remaining): suffix = \" KB\"",
                "bad_day (expires_on): never = [\"9999-99-99\"]",
                "bad_time (as_of): shape = \"%s%.f\"",
            ],
        ),
        ("l001,basic,20000000,,2026/12/31,2026/11/28 06:00:00", vec!["missing (remaining): no key"]),
        (
            "l001,basic,20000000,5,2026/12/31,2026/11/28 19:00:00",
            vec!["future (as_of): ahead_seconds = 3600"],
        ),
        ("l001,basic,20000000,5,2026/12/31,2062/11/28 06:00:00", vec!["future (as_of): no key"]),
        ("l001,basic,20000000,5,2026/12/31", vec!["columns: no key"]),
    ] {
        assert_eq!(of("buckets.csv", HEAD, row), wanted, "{row}");
    }
    let used =
        |number: &str| of("usage.csv", "rec,number,day,high,low\n", &format!("q,{number},2026/11/03,1,0"));
    assert_eq!(used("817001110001"), ["bad_number (number): form = \"international\""]);
    assert_eq!(used("'07001110001"), ["bad_number (number): replace = { \"'\" = \"\" }"]);
    assert_eq!(used("8.17001E+11"), ["bad_number (number): no key"]);
}

#[test]
fn the_facts_of_some_subscribers_are_told_in_our_own_words() {
    let told = preview(&mapping(), &[project("tests/data/field/F17-first")], 1).unwrap();
    assert_eq!(told.len(), 1);
    let text = told[0].told.join("\n");
    for piece in [
        "u001: 朝比奈 一郎",
        "line l001: 070-****-0001 20ギガ, active from 2024-04-01 to ",
        "bucket basic: 12345678000 of 20000000000 octets left, until 2026-12-31, as of 2026-11-28T06:00:00+09:00",
        "usage 2026-11: 2 records of 2026-11-01 to 2026-11-02, 3000000000 octets at high and 0 at low speed",
        "bill b001 of 2026-10: 5,378 yen, final (基本料金 4,631 yen, 通話料 747 yen), as of when it is imported",
    ] {
        assert!(text.contains(piece), "{piece}\n{text}");
    }
    assert!(!text.contains("u002"), "{text}");
}
