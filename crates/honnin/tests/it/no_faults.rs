//! What this binary must not have: the faults that another build can be told to make.

use std::fs;
use std::path::Path;

use crate::support::honnin;

/// The names of all faults and of all layers that can be left out, as the source of the list has them.
fn names() -> Vec<String> {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../terms/src/faults.rs");
    let text = fs::read_to_string(list).unwrap();
    let lists = text.split("switches! {").skip(1).filter_map(|list| list.split("\n}").next());
    let lines = lists.flat_map(str::lines).filter_map(|line| line.split_once(" = \""));
    lines.filter_map(|(_, rest)| rest.split('"').next()).map(str::to_owned).collect()
}

#[test]
fn no_fault_is_in_a_binary_that_was_not_built_for_it() {
    let names = names();
    assert!(names.len() > 15 && names.iter().all(|name| name.len() > 8), "{names:?}");
    let binary = fs::read(env!("CARGO_BIN_EXE_honnin")).unwrap();
    let has = |text: &str| binary.windows(text.len()).any(|octets| octets == text.as_bytes());
    assert!(has("HONNIN_DATA"), "texts are found where they are");
    for text in names.iter().map(String::as_str).chain(["HONNIN_FAULTS", "with planted faults"]) {
        assert!(!has(text), "{text:?} is in it");
    }
    assert_eq!(honnin(["faults"]).code, Some(2), "and it has no command for them");
    assert!(!honnin(["--version"]).out.contains("fault"));
}
