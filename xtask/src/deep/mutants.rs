//! Mutation tests of the guard functions that `.cargo/mutants.toml` lists.
//!
//! A change that no test of the same crate notices survives. Survivors are killed with a better test or stand in
//! `docs/evidence/survivors.txt` with a reason.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Found;
use crate::{Failure, tidy, tool};

/// The crates whose functions are listed.
const CRATES: [&str; 4] = ["seal", "access", "care", "store-sqlite"];

/// Survivors that are known, each with its reason: `FILE: CHANGE # REASON`, without the place in the file.
const KNOWN: &str = "docs/evidence/survivors.txt";

pub(super) fn run() -> Found {
    tool::needs("cargo", &["mutants", "--version"], "cargo install --locked cargo-mutants@27.1.0")?;
    let root = tidy::root();
    let known = known(&fs::read_to_string(root.join(KNOWN)).unwrap_or_default());
    let mut well = true;
    let mut lines = vec!["| crate | changes | noticed | survived, with a reason | survived |".to_owned()];
    lines.push("|---|---|---|---|---|".to_owned());
    let mut told = Vec::new();
    for name in CRATES {
        let out = root.join("target/mutants").join(name);
        fs::create_dir_all(&out)?;
        let mut cargo = Command::new("cargo");
        cargo.args(["mutants", "--package", &format!("honnin-{name}"), "--jobs", "1", "--output"]).arg(&out);
        // It ends with 2 where something survived, and says so in its files.
        let status = cargo.current_dir(&root).stdin(Stdio::null()).status()?;
        let survived = list(&out, "missed.txt")?;
        let noticed = list(&out, "caught.txt")?.len() + list(&out, "timeout.txt")?.len();
        let (expected, new): (Vec<_>, Vec<_>) =
            survived.into_iter().partition(|change| known.contains(change));
        well &= new.is_empty() && noticed > 0 && matches!(status.code(), Some(0 | 2));
        let all = noticed + expected.len() + new.len();
        lines.push(format!("| {name} | {all} | {noticed} | {} | {} |", expected.len(), new.len()));
        told.extend(new.into_iter().map(|change| format!("- survived: `{change}`")));
    }
    lines.push(String::new());
    lines.extend(told);
    Ok((well, lines))
}

/// One list of what came of it, without the places, which move with every edit.
fn list(out: &Path, name: &str) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(out.join("mutants.out").join(name))?;
    Ok(text.lines().filter_map(without_place).collect())
}

/// `crates/a.rs:7:3: replace f` becomes `crates/a.rs: replace f`.
fn without_place(line: &str) -> Option<String> {
    let (place, change) = line.split_once(": ")?;
    Some(format!("{}: {change}", place.split(':').next()?))
}

/// The changes of the list of known survivors that have a reason.
fn known(text: &str) -> Vec<String> {
    let entries = text.lines().filter(|line| !line.starts_with('#'));
    let reasoned =
        entries.filter_map(|line| line.split_once(" # ")).filter(|(_, reason)| !reason.trim().is_empty());
    reasoned.map(|(change, _)| change.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survivor_is_known_by_its_change_and_needs_a_reason() {
        let text =
            "# a comment\ncrates/a.rs: replace f -> bool with true # only one role yet\ncrates/a.rs: b\n";
        assert_eq!(known(text), ["crates/a.rs: replace f -> bool with true"]);
        assert_eq!(
            without_place("crates/a.rs:7:3: replace f -> bool with true").as_deref(),
            Some("crates/a.rs: replace f -> bool with true")
        );
    }

    #[test]
    fn at_most_sixty_guard_functions_are_listed() {
        let text = fs::read_to_string(tidy::root().join(".cargo/mutants.toml")).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let listed = table["examine_re"].as_array().unwrap();
        assert!((40..=60).contains(&listed.len()), "{}", listed.len());
    }
}
