//! The sample ledger that ships with the project.

use honnin_intake::check;

use crate::reading::{mapping, project};

#[test]
fn the_sample_ledger_goes_in_with_the_shipped_mapping_and_no_row_is_broken() {
    let report = check(&mapping("ledger-a"), &[project("examples/sample-ledger")]).unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.unknown_files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["README.md"]);
    assert!(report.unknown_files.iter().all(|file| file.suspect.is_none()));
    assert_eq!(report.absent_patterns, [""; 0]);
    assert_eq!(report.newest_as_of, "2026-11-20T06:00:00+09:00".parse().ok());
    let understood: u64 = report.files.iter().map(|file| file.understood).sum();
    assert!(understood > 600, "{report}");
}
