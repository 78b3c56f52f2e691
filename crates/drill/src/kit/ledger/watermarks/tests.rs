use encoding_rs::SHIFT_JIS;
use honnin_testkit::TestDir;

use super::*;
use crate::scan::{Piece, Scanner, Vocabulary};

fn written(watermarks: Watermarks) -> (TestDir, Watermarked) {
    let dir = TestDir::new();
    let written = watermarks.write(dir.path()).unwrap();
    (dir, written)
}

fn text(dir: &TestDir, name: &str) -> String {
    let octets = fs::read(dir.join(name)).unwrap();
    let (text, _, broken) = SHIFT_JIS.decode(&octets);
    assert!(!broken);
    text.into_owned()
}

/// Headings whose kind of value cannot be unique: days, times, words with a few meanings, a place in a bill.
const NOT_UNIQUE: [&str; 19] = [
    "生年月日",
    "登録日",
    "状態",
    "更新日時",
    "申込日",
    "利用開始日",
    "解約日",
    "5Gオプション",
    "高速通信",
    "種別",
    "有効期限",
    "時点",
    "利用日",
    "購入日時",
    "請求月",
    "支払期日",
    "行",
    "データシェア",
    "シェアグループ",
];

#[test]
fn every_field_of_every_subject_is_a_mark() {
    let (dir, written) = written(Watermarks { usage_days: 5, ..Watermarks::of(9, 3) });
    let vocabulary = Vocabulary::new(&written.marks.marked).unwrap();
    let scanner = Scanner::new(&vocabulary);
    let mut fields = 0;
    for name in [
        "契約者.csv",
        "回線.csv",
        "データ残量.csv",
        "購入履歴.csv",
        "請求.csv",
        "請求明細.csv",
        "利用量_202611.csv",
    ] {
        let text = text(&dir, name);
        let mut rows = text
            .split_terminator("\r\n")
            .map(|row| row.trim_matches('"').split("\",\"").map(str::to_owned).collect::<Vec<_>>());
        let headings = rows.next().unwrap();
        for row in rows {
            for (heading, field) in headings.iter().zip(&row) {
                // A capacity is a mark in octets only; its six digits are too few.
                let field = if heading == "容量MB" { &format!("{field}000000") } else { field };
                let piece = Piece { place: heading, octets: field.as_bytes(), coding: "" };
                let scan = scanner.scan(None, &[piece]);
                // An empty purchase of a bucket that was not bought, a shared group only where there is one.
                if NOT_UNIQUE.contains(&heading.as_str()) || field.is_empty() {
                    continue;
                }
                assert_eq!(scan.foreign_count, 1, "{name} {heading} {field}");
                fields += 1;
            }
        }
    }
    let lines = usize::try_from(written.lines).unwrap();
    // Fields that are marks: of an account, a line, its three buckets, its purchase, its usage, and two bills of two lines.
    let buckets = 3 * 3 + 1;
    assert_eq!(fields, 9 * (4 + 2 * (4 + 2 * 3)) + lines * (8 + buckets + 5 + 5 * 4));
}

#[test]
fn sums_of_ones_own_figures_are_nobodys_mark() {
    let (_dir, written) = written(Watermarks { usage_days: 62, ..Watermarks::of(60, 11) });
    let vocabulary = Vocabulary::new(&written.marks.marked).unwrap();
    let scanner = Scanner::new(&vocabulary);
    for marked in written.marks.marked.iter().filter(|marked| marked.line.is_some()) {
        let kind = |kind: u64| -> Vec<u64> {
            let octets = marked.numbers.iter().map(|number| number.parse::<u64>().unwrap_or(0));
            octets
                .filter(|octets| {
                    (1_000_000_000_000..10_000_000_000_000).contains(octets)
                        && octets % 1_000_000 == kind * 1000
                })
                .collect()
        };
        let (granted, remaining, high, low) = (kind(GRANTED), kind(REMAINING), kind(HIGH), kind(LOW));
        assert_eq!([granted.len(), remaining.len(), high.len(), low.len()], [3, 3, 62, 62]);
        let sum = |figures: &[u64]| figures.iter().sum::<u64>();
        let mut shown =
            vec![sum(&granted), sum(&remaining), sum(&granted) - sum(&remaining), sum(&high), sum(&low)];
        for days in 2..=62 {
            shown.push(sum(&high[..days]));
            shown.push(sum(&low[..days]));
            shown.push(sum(&high[..days]) + sum(&low[..days]));
        }
        shown.extend(high.iter().zip(&low).map(|(high, low)| high + low));
        shown.extend(granted.iter().zip(&remaining).map(|(granted, remaining)| granted - remaining));
        let page = shown.iter().map(u64::to_string).collect::<Vec<_>>().join("\n");
        let piece = Piece { place: "page", octets: page.as_bytes(), coding: "" };
        assert_eq!(scanner.scan(None, &[piece]).foreign, []);
    }
}

#[test]
fn no_two_subjects_share_a_mark_in_a_large_ledger() {
    let (_dir, written) = written(Watermarks { usage_days: 1, ..Watermarks::of(4000, 5) });
    let vocabulary = Vocabulary::new(&written.marks.marked).unwrap();
    assert_eq!(vocabulary.subjects(), 4000);
    assert_eq!(written.accounts.len(), 4000);
}

#[test]
fn the_seed_alone_decides_and_marks_are_read_back() {
    let of = |seed| written(Watermarks { usage_days: 1, ..Watermarks::of(5, seed) });
    let ((first, told), (second, _), (third, _)) = (of(1), of(1), of(2));
    assert_eq!(text(&first, "回線.csv"), text(&second, "回線.csv"));
    assert_ne!(text(&first, "回線.csv"), text(&third, "回線.csv"));
    let read: MarkFile = serde_json::from_slice(&fs::read(first.join(MARKS_FILE)).unwrap()).unwrap();
    assert_eq!(read, told.marks);
}

#[test]
fn more_than_the_figures_last_for_is_refused() {
    let dir = TestDir::new();
    for asked in [
        Watermarks::of(0, 1),
        Watermarks::of(MOST_ACCOUNTS + 1, 1),
        Watermarks { usage_days: MOST_USAGE_DAYS + 1, ..Watermarks::of(1, 1) },
    ] {
        assert!(matches!(asked.write(dir.path()), Err(Failure::TooMany(_))), "{asked:?}");
    }
}

#[test]
fn a_recycled_number_has_late_usage_and_days_that_are_nobodys() {
    let (dir, written) = written(Watermarks { recycled: 3, ..Watermarks::of(2, 1) });
    Vocabulary::new(&written.marks.marked).unwrap();
    assert_eq!((written.accounts.len(), written.recycled.len()), (8, 3));
    let (former, next) = written.recycled.first().unwrap();
    let rows = |name: &str| text(&dir, name);
    let days = |account: &str| -> Vec<&Marked> {
        written.marks.marked.iter().filter(|m| m.account == account && m.line.is_some()).collect()
    };
    // Usage in octets: two figures a day.
    let used = |account: &str| {
        let octets = days(account).into_iter().flat_map(|marked| &marked.numbers);
        octets.filter(|n| n.len() == 13 && (n.ends_with("011000") || n.ends_with("017000"))).count()
    };
    assert_eq!((used(former), used(next)), (2 * 11, 2 * 8));
    let nobodys = written.marks.marked.iter().find(|m| m.account == super::recycled::NOBODY).unwrap();
    assert_eq!(nobodys.text.len(), 11);
    let late = rows("利用量_202611.csv");
    assert_eq!(
        late.lines().filter(|row| row.contains("\"2026/10/30\"")).count(),
        3,
        "three late days of October 30"
    );
}

#[test]
fn no_figure_is_a_day_or_a_time_in_seconds() {
    let (_dir, written) = written(Watermarks { usage_days: 1, ..Watermarks::of(2000, 1) });
    let figures = written.marks.marked.iter().flat_map(|marked| &marked.numbers);
    let short: Vec<u64> =
        figures.filter(|figure| figure.len() <= 8).map(|figure| figure.parse().unwrap()).collect();
    assert!(short.len() > 1000, "taxes have eight digits");
    assert_eq!(short.iter().filter(|figure| super::says_a_time(**figure)).count(), 0);
    assert!(super::says_a_time(34_560_000) && super::says_a_time(20_261_120));
}

#[test]
fn whenever_an_extract_is_asked_for_it_is_of_lately_and_its_newest_month_has_days() {
    let lately = |now: Moment| Watermarks::of(1, 1).lately(now).unwrap();
    let of = |now: &str| lately(now.parse().unwrap()).as_of.to_string();
    assert_eq!(of("2026-11-20T05:59:59+09:00"), "2026-10-20T06:00:00");
    assert_eq!(of("2026-11-20T06:00:00+09:00"), "2026-11-20T06:00:00");
    assert_eq!(of("2026-11-30T23:59:59+09:00"), "2026-11-20T06:00:00");
    assert_eq!(of("2027-01-01T00:00:00+09:00"), "2026-12-20T06:00:00");
    let hour = 60 * 60 * 1000;
    let first: Moment = "2026-11-28T00:00:00+09:00".parse().unwrap();
    for hours in 0..24 * 800 {
        let now = Moment::from_millis(first.millis() + hours * hour).unwrap();
        let asked = lately(now);
        let [newest, before] = asked.months().unwrap();
        let as_of = asked.as_of.date();
        assert_eq!(newest, as_of.first_of_month(), "{now}");
        assert_eq!(before, newest.yesterday().unwrap().first_of_month(), "{now}");
        let at = asked.as_of.in_tz("Asia/Tokyo").unwrap().timestamp().as_millisecond();
        assert!((0..31 * 24 * hour).contains(&(now.millis() - at)), "{now} {as_of}");
    }
}
