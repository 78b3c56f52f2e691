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
    assert_eq!(used("tel:07001110001"), ["bad_number (number): replace = { \"tel:\" = \"\" }"]);
    assert_eq!(
        used("0700111OO01x"),
        ["bad_number (number): no key"],
        "a letter is no digit that may be left out"
    );
    assert_eq!(used("8.17001E+11"), ["bad_number (number): no key"]);
}

#[test]
fn a_number_that_has_lost_digits_is_taken_by_no_key() {
    let told = |number: &str, lengths: &str| {
        let text = std::fs::read_to_string(project("tests/data/field/mapping.toml")).unwrap();
        let text = text.replace("number_digits = [10, 11]", &format!("number_digits = {lengths}"));
        let mapping = Mapping::parse(&text, "mapping.toml".as_ref()).unwrap();
        let dir = TestDir::new();
        dir.write("usage.csv", format!("rec,number,day,high,low\nq,{number},2026/11/03,1,0\n"));
        let now = "2026-11-28T18:30:00+09:00".parse().unwrap();
        let explained = explain(&mapping, &[dir.path().to_owned()], "usage.csv:2", now).unwrap();
        self::told(&explained.steps)
    };
    let none = ["bad_number (number): no key"];
    assert_eq!(told("070011100", "[10, 11]"), none, "two digits are gone");
    assert_eq!(told("0700111000", "[9, 11]"), none, "one digit is gone, or one too many is there");
    assert_eq!(told("7001110001", "[11]"), none, "the 0 is gone; Russia has no such number");
    assert_eq!(told("7001110001", "[10, 11]"), none, "nor here");
    assert_eq!(told("07001110001", "[10]"), ["bad_number (number): number_digits = [10, 11]"]);
}

#[test]
fn a_row_of_a_file_in_utf_16_is_explained() {
    let text = std::fs::read_to_string(project("tests/data/field/mapping.toml")).unwrap();
    let mapping = Mapping::parse(
        &text.replace("encoding = \"utf-8\"", "encoding = \"utf-16\""),
        "mapping.toml".as_ref(),
    );
    let dir = TestDir::new();
    let rows = format!("{HEAD}l001,basic,20000000,5,2026/12/31,2026/11/28 6:00\n");
    let octets: Vec<u8> =
        std::iter::once(0xFEFF).chain(rows.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    dir.write("buckets.csv", octets);
    let now = "2026-11-28T18:30:00+09:00".parse().unwrap();
    let explained = explain(&mapping.unwrap(), &[dir.path().to_owned()], "buckets.csv:2", now).unwrap();
    assert_eq!(told(&explained.steps), ["bad_time (as_of): shape = \"%Y/%-m/%-d %-H:%M\""]);
}

#[test]
fn the_serial_number_of_a_day_in_a_spreadsheet_is_not_taken_for_seconds() {
    for serial in ["46354", "46354.25"] {
        let row = format!("l001,basic,20000000,5,2026/12/31,{serial}");
        assert_eq!(of("buckets.csv", HEAD, &row), ["bad_time (as_of): no key"]);
    }
}

#[test]
fn what_is_advised_is_measured_on_the_row_alone() {
    let dir = TestDir::new();
    let long = format!("l001,basic,20000000,5,2026/12/31,{}", "x".repeat(70_000));
    let behind = "l002,basic,20000000,5,2026/12/31,2026/11/28 06:00:00\n".repeat(3_000);
    dir.write("buckets.csv", format!("{HEAD}{long}\n{behind}"));
    let now = "2026-11-28T18:30:00+09:00".parse().unwrap();
    let explained = explain(&mapping(), &[dir.path().to_owned()], "buckets.csv:2", now).unwrap();
    let steps = told(&explained.steps);
    assert_eq!(steps[0], "too_long: max_row_octets = 131072");
}

#[test]
fn a_row_that_another_row_swallows_is_not_said_to_be_taken() {
    let row = "\"l001,basic,20000000,5,2026/12/31,2026/11/28 06:00:00";
    let steps = of("buckets.csv", HEAD, row);
    assert_eq!(steps.len(), 1, "{steps:?}");
    assert!(!steps[0].contains("multiline"), "{steps:?}");
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

#[test]
fn what_a_later_holder_of_a_number_used_is_not_told_of_the_former_one() {
    let dir = TestDir::new();
    dir.write(
        "lines.csv",
        "line,account,number,plan,monthly,from,to,status,hs\n\
         l001,u001,07001110001,20ギガ,2000,2024/04/01,2026/11/10,active,ON\n\
         l002,u009,07001110001,10ギガ,1500,2026/11/15,,active,ON\n\
         l001,u001,07001110009,5ギガ,900,2026/11/20,,active,ON\n",
    );
    dir.write(
        "usage202611.csv",
        "rec,number,day,high,low\nr1,07001110001,2026/11/03,1000,0\nr2,07001110001,2026/11/16,7000,0\n\
         r3,07001110009,2026/11/21,3000,0\nr4,07001110001,2026/11/12,9000,0\n",
    );
    dir.write("buckets.csv", format!("{HEAD}l001,basic,20000000,5,2026/12/31,2026/11/28 06:00:00\n"));
    let told = preview(&mapping(), &[dir.path().to_owned()], 1).unwrap();
    let lines: Vec<&str> = told[0].told.iter().map(|line| line.trim()).collect();
    let place = |piece: &str| lines.iter().position(|line| line.contains(piece));
    assert_eq!(place("7000000"), None, "the later holder's: {lines:?}");
    assert_eq!(place("9000000"), None, "nobody's: {lines:?}");
    let (first, second) = (place("07001110001").or(place("0001 20ギガ")).unwrap(), place("5ギガ").unwrap());
    assert!(
        first < place("1000000 octets at high").unwrap() && place("1000000 octets at high").unwrap() < second
    );
    assert!(
        second < place("bucket basic").unwrap() && second < place("3000000 octets at high").unwrap(),
        "{lines:?}"
    );
}
