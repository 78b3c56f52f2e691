//! Both layouts are read by the same code: only the mapping differs.

use std::path::PathBuf;

use honnin_intake::fault::Reason;
use honnin_intake::split::{Cells, Marks};
use honnin_intake::translate::Translator;
use honnin_intake::{CheckReport, Mapping, check};
use honnin_testkit::TestDir;
use proptest::prelude::*;

pub(crate) fn project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

pub(crate) fn mapping(ledger: &str) -> Mapping {
    Mapping::load(&project(&format!("examples/{ledger}/mapping.toml"))).unwrap()
}

fn checked(ledger: &str) -> CheckReport {
    check(&mapping(ledger), &[project(&format!("tests/data/{ledger}"))]).unwrap()
}

fn understood(report: &CheckReport, kind: &str) -> u64 {
    report.files.iter().filter(|file| file.kind == kind).map(|file| file.understood).sum()
}

#[test]
fn the_shipped_mapping_understands_all_but_the_five_broken_rows() {
    let report = checked("ledger-a");
    let faults: Vec<_> = report.files.iter().flat_map(|file| file.faults.iter()).collect();
    let faults: Vec<_> = faults.into_iter().map(|((reason, field), at)| (*reason, *field, at.rows)).collect();
    let broken = [
        (Reason::Quotes, None, 1),
        (Reason::Columns, None, 1),
        (Reason::Time, Some("at"), 1),
        (Reason::Number, Some("number"), 1),
        (Reason::Amount, Some("high"), 1),
    ];
    assert_eq!(faults, broken);
    let expected = std::fs::read_to_string(project("tests/data/ledger-a/expected.json")).unwrap();
    for (kind, key) in [
        ("account", "accounts"),
        ("holding", "holdings"),
        ("bucket", "buckets"),
        ("usage", "usage_rows"),
        ("purchase", "purchases"),
        ("bill", "bills"),
    ] {
        let count = format!("\"{key}\": {}", understood(&report, kind));
        assert!(
            expected.contains(&format!("{count},")) || expected.contains(&format!("{count}\n")),
            "{count}"
        );
    }
    assert_eq!(report.newest_as_of, "2026-11-20T06:00:00+09:00".parse().ok());
    assert_eq!(
        report.unknown_files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(),
        ["README.md", "expected.json"]
    );
    assert!(report.unknown_files.iter().all(|file| file.suspect.is_none()));
    assert_eq!(report.absent_patterns, [""; 0]);
}

#[test]
fn a_different_layout_needs_a_new_mapping_and_no_new_code() {
    let report = checked("ledger-b");
    let counts =
        ["account", "holding", "bucket", "usage", "bill", "notice"].map(|kind| understood(&report, kind));
    assert_eq!(counts, [2, 3, 3, 5, 2, 1]);
    let text = report.to_string();
    assert!(text.contains("bad_time (at): 1 rows, the first in line 7"), "{text}");
    assert!(!text.contains("yesterday"), "no cell of the ledger stands in a report: {text}");
}

#[test]
fn a_heading_the_file_lacks_is_told_by_name() {
    let wrong = std::fs::read_to_string(project("examples/ledger-b/mapping.toml")).unwrap();
    let wrong = Mapping::parse(&wrong.replace("\"full name\"", "\"name\""), "m.toml".as_ref()).unwrap();
    let told = check(&wrong, &[project("tests/data/ledger-b")]).unwrap_err().to_string();
    assert!(told.contains("customers.tsv: it has no \"name\""), "{told}");
}

#[test]
fn a_heading_the_mapping_lacks_is_told_by_name() {
    let text = std::fs::read_to_string(project("examples/ledger-b/mapping.toml")).unwrap();
    let text = text.replace("ignore = [\"shop\"]", "");
    let report = check(&Mapping::parse(&text, "m.toml".as_ref()).unwrap(), &[project("tests/data/ledger-b")]);
    let told = report.unwrap().to_string();
    assert!(told.contains("headings not in the mapping: shop"), "{told}");
}

proptest! {
    #[test]
    fn cells_of_any_content_are_taken_or_refused_and_nothing_else(
        cells in prop::collection::vec("\\PC{0,6}|[0-9/: -]{0,12}|[0-9,.]{0,9}", 0..18),
    ) {
        let mapping = mapping("ledger-a");
        let row = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",");
        let mut split = Cells::default();
        split.split(&row, Marks { delimiter: b',', quote: Some(b'"') }).unwrap();
        for plan in &mapping.files {
            let headings: Vec<String> = plan.headings_named().map(str::to_owned).collect();
            let translator = Translator::bind(&mapping, plan, &headings).unwrap();
            let fact = translator.translate(&split);
            prop_assert!(fact.is_ok() || split.len() != headings.len() || fact.unwrap_err().field.is_some());
        }
    }

    #[test]
    fn a_file_of_any_octets_is_read_to_its_end(octets in prop::collection::vec(any::<u8>(), 0..600)) {
        let dir = TestDir::new();
        let heading = std::fs::read(project("tests/data/ledger-a/利用量_202610.csv")).unwrap();
        let mut content = heading.split_inclusive(|octet| *octet == b'\n').next().unwrap().to_vec();
        content.extend(&octets);
        content.extend(b"\r\n\"U1\",\"07000000001\",\"2026/11/01\",\"1\",\"0\"\r\n");
        dir.write("利用量_1.csv", content);
        let report = check(&mapping("ledger-a"), &[dir.path().to_owned()]).unwrap();
        prop_assert!(report.files[0].understood >= 1, "the good row after it is read");
    }
}
