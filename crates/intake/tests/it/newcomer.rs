//! A ledger nobody had seen goes in by a mapping written after the guide alone.

use honnin_intake::{Mapping, check};
use honnin_store::document::BillEntry;
use honnin_terms::{LineStatus, Said};
use honnin_testkit::TestDir;

use crate::reading::project;
use crate::world::World;

#[test]
fn a_ledger_nobody_had_seen_goes_in_by_its_mapping() {
    let dir = project("tests/data/newcomer");
    let mut world = World::new("ledger-a");
    world.mapping = Mapping::load(&dir.join("mapping.toml")).unwrap();
    let report = check(&world.mapping, std::slice::from_ref(&dir)).unwrap();
    assert!(report.is_clean(), "{report}");
    let summary = world.take(&[dir]).unwrap();
    assert!(summary.is_clean(), "{summary}");
    assert_eq!(summary.in_all().taken, 8);
    let first = world.line("K-1001", "C-1", "2024-04-01").line;
    let left: Vec<_> =
        first.buckets.iter().map(|bucket| (bucket.remaining.get(), bucket.expires_on.is_none())).collect();
    assert_eq!(left, [(7_516_717_056, false), (536_870_912, true)]);
    assert_eq!(first.number.digits(), "491701234567");
    assert_eq!(first.terms.monthly.map(honnin_terms::Yen::get), Some(1_299));
    assert_eq!(first.as_of, Said::by_ledger("2026-11-20T00:00:00+01:00".parse().unwrap()));
    assert_eq!(first.buckets_as_of, "2026-11-20T06:00:00+01:00".parse().ok());
    let second = world.line("K-1002", "C-2", "2025-01-15").line;
    assert_eq!((second.status, second.held.to, second.terms.five_g), (LineStatus::Suspended, None, false));
    let bill = world.shown("K-1001").bills.unwrap().bills.remove(0).0;
    assert_eq!((bill.amount.get(), bill.used_in.unwrap().to_string()), (1_299, "2026-11".to_owned()));
}

/// What a spreadsheet in Japanese writes: CP932, semicolons, headings with full-width marks, amounts with their unit,
/// numbers led by an apostrophe, days without zeros.
const SPREADSHEET: &str = r#"
operator = "山ノ手通信"
source = "ledger"
zone = "Asia/Tokyo"
country_code = "81"
number_digits = [11, 11]

[rows]
encoding = "cp932"
delimiter = ";"
skip_lines = 1

[shapes]
day = "%Y/%-m/%-d"
time = "%Y/%-m/%-d %-H:%M"
month = "%Y年%-m月"
unit = "MB"
group = ","
decimal = "."

[[file]]
name = "会員一覧*.csv"
row = "account"
[file.fields]
account = "会員番号"
name = "氏名（漢字）"

[[file]]
name = "契約一覧*.csv"
row = "holding"
ignore = ["備考"]
[file.fields]
line = "契約番号"
account = "会員番号"
number = { heading = "電話番号", replace = { "'" = "", "－" = "-" } }
plan = "コース"
monthly = { heading = "月額", suffix = "円" }
from = "開始日"
to = { heading = "終了日", blank = ["－"] }
status = { heading = "状態", values = { "開通" = "active", "休止中" = "suspended", "解約" = "ended" } }
five_g = { heading = "5G", values = { "○" = "true", "×" = "false" } }
high_speed = { fixed = "true" }
as_of = "更新"

[[file]]
name = "請求一覧*.csv"
row = "bill"
[file.fields]
bill = "請求No."
account = "会員番号"
month = "請求月"
used_in = { months_before = 1 }
amount = { heading = "請求額", suffix = "円", negative = "▲" }
state = { heading = "入金", values = { "済" = "paid", "未" = "final" } }
"#;

#[test]
fn a_ledger_kept_in_a_japanese_spreadsheet_goes_in_by_the_guide() {
    let dir = TestDir::new();
    for (name, text) in [
        ("会員一覧_11月.csv", "出力 2026/11/20;\r\n会員番号;氏名（漢字）\r\nY-01;\"髙橋 花\"\r\n"),
        (
            "契約一覧_11月.csv",
            "出力 2026/11/20;;;;;;;;;;\r\n契約番号;会員番号;電話番号;コース;月額;開始日;終了日;状態;5G;備考;更新\r\n\
             K1;Y-01;'090－1234－5678;のびのび;2,980円;2025/4/1;－;開通;○;;2026/11/20 5:30\r\n\
             K2;Y-01;'09012345679;\"半角;も可\";0円;2025/12/24;2026/3/31;解約;×;旧;2026/11/20 5:30\r\n",
        ),
        (
            "請求一覧_11月.csv",
            "出力 2026/11/20;;;;\r\n請求No.;会員番号;請求月;請求額;入金\r\nB-1;Y-01;2026年10月;2,980円;済\r\nB-2;Y-01;2026年11月;▲120円;未\r\n",
        ),
    ] {
        dir.write(name, encoding_rs::SHIFT_JIS.encode(text).0);
    }
    let dirs = [dir.path().to_owned()];
    let mut world = World::new("ledger-a");
    world.mapping = Mapping::parse(SPREADSHEET, "mapping.toml".as_ref()).unwrap();
    let report = check(&world.mapping, &dirs).unwrap();
    assert!(report.is_clean(), "{report}");
    let summary = world.take(&dirs).unwrap();
    assert!(summary.is_clean(), "{summary}");
    let line = world.line("Y-01", "K1", "2025-04-01").line;
    assert_eq!(
        (line.number.digits(), line.terms.monthly.map(honnin_terms::Yen::get)),
        ("819012345678", Some(2_980))
    );
    assert_eq!(line.as_of, Said::by_ledger("2026-11-20T05:30:00+09:00".parse().unwrap()));
    let old = world.line("Y-01", "K2", "2025-12-24").line;
    assert_eq!(
        (old.terms.plan.as_str(), old.status, old.terms.five_g),
        ("半角;も可", LineStatus::Ended, false)
    );
    let shown = world.shown("Y-01");
    assert_eq!(shown.profile.name, "髙橋 花");
    let told = |(bill, _): &(BillEntry, _)| {
        (bill.code.clone(), bill.amount.get(), bill.used_in.unwrap().to_string())
    };
    let bills = shown.bills.unwrap().bills;
    let wanted = [("B-2", -120, "2026-10"), ("B-1", 2_980, "2026-09")];
    assert_eq!(
        bills.iter().map(told).collect::<Vec<_>>(),
        wanted.map(|(code, yen, used)| (code.to_owned(), yen, used.to_owned()))
    );
    assert!(!bills[0].0.as_of.by_ledger, "no moment of a bill is said, and that is known");
}
