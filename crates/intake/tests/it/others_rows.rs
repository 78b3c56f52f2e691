//! Rows that say that they are another operator's: nothing of them is looked up, and nothing of ours waits for them.

use std::path::Path;

use honnin_intake::fault::Reason;
use honnin_intake::{Mapping, Summary};
use honnin_store::OTHERS_ROWS;
use honnin_testkit::TestDir;

use crate::reading::project;
use crate::rules::{high, two_holders, usage};
use crate::world::World;

/// The octets of the character ～, in place of which a file gets one with which no character begins.
const SPOILED: [u8; 2] = [0x81, 0x60];

/// A file of ledger-a whose last column says whose its rows are; takes in those of `A` and `A2`.
fn take_of_a(world: &World, name: &str, headings: &[&str], rows: &[(&str, &str)]) -> Summary {
    let headings: Vec<String> =
        headings.iter().chain(&["MVNO"]).map(|heading| format!("\"{heading}\"")).collect();
    let rows = rows.iter().map(|(row, whose)| format!("{},\"{whose}\"", row.trim_end()));
    let lines: Vec<String> = [headings.join(",")].into_iter().chain(rows).collect();
    let dir = TestDir::new();
    let mut octets = encoding_rs::SHIFT_JIS.encode(&(lines.join("\r\n") + "\r\n")).0.into_owned();
    for end in 2..octets.len() {
        if octets[end - 2..end] == SPOILED {
            octets[end - 2] = 0xFF;
        }
    }
    dir.write(name, octets);
    let dirs = [dir.path().to_owned()];
    let mapping = std::fs::read_to_string(project("examples/ledger-a/mapping.toml")).unwrap();
    let tenant = "[[file]]\noptional = true\ntenant = { heading = \"MVNO\", is = [\"A\", \"A2\"] }\n";
    let mapping = Mapping::parse(&mapping.replace("[[file]]\n", tenant), Path::new("test")).unwrap();
    world.with_feed(|feed| feed.take(&mapping, &dirs, &mut |_| {})).unwrap()
}

#[test]
fn rows_of_another_operator_touch_nothing() {
    const USAGE: &[&str] = &["通番", "電話番号", "利用日", "高速KB", "低速KB"];
    let world = two_holders();
    let [first, foreign, none, last] = [("U1", 20), ("U2", 7), ("U3", 8), ("U4", 31)]
        .map(|(record, kb)| usage(record, "070-0000-0001", "11/02", kb));
    let rows = [(&*first, "A"), (&*foreign, "B"), (&*none, ""), (&*last, " A2 ")];
    let take = |rows: &[(&str, &str)]| take_of_a(&world, "利用量_202611.csv", USAGE, rows);
    let summary = take(&rows);
    let counts = summary.in_all();
    assert_eq!((counts.taken, counts.quarantined[&Reason::OtherTenant]), (2, 2));
    assert_eq!(high(&world, "mio2", "hdo1", "2026-11-01"), [51]);
    assert!(!summary.is_clean());
    let told = |world: &World| {
        world.with_feed(|feed| pollster::block_on(feed.store.progress(feed.permit, OTHERS_ROWS)))
    };
    assert_eq!(told(&world).unwrap().unwrap().position, 1);
    // Taken in again it is told again; rows of ours alone tell nothing.
    take(&rows);
    assert_eq!(told(&world).unwrap().unwrap().position, 2);
    take(&rows[..1]);
    assert_eq!(told(&world).unwrap().unwrap().position, 2);
}

#[test]
fn a_bucket_of_another_operator_holds_no_set_back() {
    const BUCKETS: &[&str] =
        &["回線コード", "シェアグループ", "種別", "付与量KB", "残量KB", "有効期限", "購入番号", "時点"];
    let world = two_holders();
    let bucket = |kb: u32| {
        format!("\"hdo1\",\"\",\"基本\",\"{kb}\",\"{kb}\",\"2026/11/30\",\"\",\"2026/11/20 06:00:00\"")
    };
    let rows = [(&*bucket(1_000), "A"), (&*bucket(77), "B")];
    let counts = take_of_a(&world, "データ残量.csv", BUCKETS, &rows).in_all();
    assert_eq!((counts.taken, counts.rows()), (1, 2), "{counts}");
}

#[test]
fn an_octet_of_no_character_makes_no_row_of_another_operator_ours() {
    const BUCKETS: &[&str] =
        &["回線コード", "シェアグループ", "種別", "付与量KB", "残量KB", "有効期限", "購入番号", "時点"];
    let world = two_holders();
    let bucket = |kind: &str| {
        format!("\"hdo1\",\"\",\"{kind}\",\"77\",\"77\",\"2026/11/30\",\"\",\"2026/11/20 06:00:00\"")
    };
    let rows = [(&*bucket("基本"), "A"), (&*bucket("基～本"), "B")];
    let counts = take_of_a(&world, "データ残量.csv", BUCKETS, &rows).in_all();
    assert_eq!((counts.taken, counts.quarantined[&Reason::OtherTenant]), (1, 1), "{counts}");
    // Whose such a row is cannot always be read: then it may be one of ours.
    for (row, whose) in [(bucket("基～本"), "A"), (bucket("基～本"), "～B")] {
        let counts = take_of_a(&world, "データ残量.csv", BUCKETS, &[(&row, whose)]).in_all();
        assert_eq!(counts.quarantined[&Reason::Encoding], 1, "{whose}: {counts}");
    }
}
