//! The ledger that ships, read by the tests themselves: a reading of their own, apart from the product's.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use encoding_rs::SHIFT_JIS;
use serde_json::Value;

/// One row of a file, by heading.
pub(crate) type Row = BTreeMap<String, String>;

/// Where the ledger lies.
pub(crate) fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/ledger-a"))
}

/// The mapping that reads it.
pub(crate) fn mapping() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/ledger-a/mapping.toml"))
}

/// What a right reading shows, as the ledger's author says.
pub(crate) fn expected() -> Value {
    serde_json::from_slice(&fs::read(directory().join("expected.json")).unwrap()).unwrap()
}

/// The files of the ledger, in CP932.
pub(crate) fn files() -> Vec<String> {
    let names =
        fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|name| Path::new(name).extension().is_some_and(|kind| kind == "csv")).collect();
    names.sort();
    names
}

/// The rows of one file. Rows without all their columns are left out: they are broken on purpose.
pub(crate) fn rows(file: &str) -> Vec<Row> {
    rows_in(&directory(), file)
}

/// The same of another ledger in the same layout.
pub(crate) fn rows_in(directory: &Path, file: &str) -> Vec<Row> {
    let octets = fs::read(directory.join(file)).unwrap();
    let (text, _, _) = SHIFT_JIS.decode(&octets);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headings = reader.headers().unwrap().clone();
    let records = reader.records().map(Result::unwrap).filter(|record| record.len() == headings.len());
    let row = |record: csv::StringRecord| {
        headings.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    records.map(row).collect()
}

/// `2026/11/20` or `20261120` as `2026-11-20`; a blank stays blank.
pub(crate) fn day(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 8).then(|| format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}
