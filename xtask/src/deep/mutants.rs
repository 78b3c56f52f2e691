//! Mutation tests of the guard functions that `guards.txt` lists.
//!
//! A change that no test of the same crate notices survives. Survivors are killed with a better test or stand in
//! `docs/evidence/survivors.txt` with a reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Found;
use crate::{Failure, tidy, tool};

/// The guard functions: `FILE: FUNCTION`, one a line.
const GUARDS: &str = include_str!("guards.txt");

/// The crates whose functions are listed.
const CRATES: [&str; 6] = ["seal", "access", "care", "store-sqlite", "node", "terms"];

/// Longest run of one crate.
const LONGEST: Duration = Duration::from_mins(20);

/// Survivors that are known, each with its reason: `FILE: CHANGE # REASON`, without the place in the file.
const KNOWN: &str = "docs/evidence/survivors.txt";

/// A function whose changes count, as the tool names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Guard<'a> {
    file: &'a str,
    function: &'a str,
}

pub(super) fn run() -> Found {
    tool::needs("cargo", &["mutants", "--version"], "cargo install --locked cargo-mutants@27.1.0")?;
    let root = tidy::root();
    let guards = guards(GUARDS);
    let mut known = known(&fs::read_to_string(root.join(KNOWN)).unwrap_or_default());
    let mut lines = vec![
        format!("{} functions (`xtask/src/deep/guards.txt`); reasons in `survivors.txt`.", guards.len()),
        String::new(),
    ];
    lines.push("| crate | functions | changes | noticed | do not compile | survived, with a reason | survived | took |".to_owned());
    lines.push("|---|---|---|---|---|---|---|---|".to_owned());
    let mut wrong = Vec::new();
    for name in CRATES {
        let under = format!("crates/{name}/");
        let guards: Vec<Guard<'_>> =
            guards.iter().copied().filter(|guard| guard.file.starts_with(&under)).collect();
        let out = root.join("target/mutants").join(name);
        let (code, took) = change(&root, name, &guards, &out)?;
        let outcome = Outcome::read(&out, &guards, &mut known)?;
        if !matches!(code, Some(0 | 2 | 3)) || took > LONGEST {
            wrong.push(format!("- {name}: ended with {code:?} after {} s", took.as_secs()));
        }
        lines.push(outcome.row(name, guards.len(), took));
        wrong.extend(outcome.wrong(&guards));
    }
    wrong.extend(known.into_iter().map(|change| format!("- listed as a survivor, and is none: `{change}`")));
    lines.push(String::new());
    lines.extend(wrong.iter().cloned());
    Ok((wrong.is_empty(), lines))
}

/// Changes the functions of one crate, one after another, and runs its own tests each time.
#[expect(clippy::disallowed_methods, reason = "a chore says how long its steps took")]
fn change(
    root: &Path,
    name: &str,
    guards: &[Guard<'_>],
    out: &Path,
) -> Result<(Option<i32>, Duration), Failure> {
    fs::create_dir_all(out)?;
    let mut cargo = Command::new("cargo");
    cargo.args(["mutants", "--package", &format!("honnin-{name}"), "--jobs", "1", "--output"]).arg(out);
    let files: BTreeSet<&str> = guards.iter().map(|guard| guard.file).collect();
    for file in files {
        cargo.args(["--file", file]);
    }
    for guard in guards {
        cargo.args(["--re", &guard.pattern()]);
    }
    let begun = Instant::now();
    // It ends with 2 where something survived and with 3 where a limit of time ran out, and says so in its files.
    let status = cargo.current_dir(root).stdin(Stdio::null()).status()?;
    Ok((status.code(), begun.elapsed()))
}

impl Guard<'_> {
    /// What the tool is to look for. It leaves out some kinds of change whatever is asked for, see [`Self::is_of`].
    fn pattern(&self) -> String {
        let Self { file, function } = self;
        format!("^{}:.* {}( |$)", file.replace('.', r"\."), function)
    }

    /// Whether a change is one of this function: fields left out of a struct are tried all over a file.
    fn is_of(&self, change: &str) -> bool {
        let Self { file, function } = self;
        let Some(change) = change.strip_prefix(file).and_then(|rest| rest.strip_prefix(": ")) else {
            return false;
        };
        let whole = change.strip_prefix("replace ").and_then(|rest| rest.strip_prefix(function));
        let part = change.strip_suffix(function).is_some_and(|rest| rest.ends_with(" in "));
        part || whole.is_some_and(|rest| rest.starts_with(" -> ") || rest.starts_with(" with "))
    }
}

/// What became of the changes of one crate's listed functions.
struct Outcome {
    noticed: Vec<String>,
    not_compiled: Vec<String>,
    expected: Vec<String>,
    survived: Vec<String>,
}

impl Outcome {
    fn read(out: &Path, guards: &[Guard<'_>], known: &mut Vec<String>) -> Result<Self, Failure> {
        let list = |name| {
            let text = fs::read_to_string(out.join("mutants.out").join(name))?;
            let changes = text.lines().filter_map(without_place);
            Ok::<_, Failure>(
                changes.filter(|change| guards.iter().any(|guard| guard.is_of(change))).collect(),
            )
        };
        let mut noticed: Vec<String> = list("caught.txt")?;
        noticed.extend::<Vec<String>>(list("timeout.txt")?);
        let missed: Vec<String> = list("missed.txt")?;
        // A reason is for one change: two that read alike need two.
        let (expected, survived) = missed.into_iter().partition(|change| {
            let found = known.iter().position(|listed| listed == change);
            found.map(|place| known.swap_remove(place)).is_some()
        });
        Ok(Self { noticed, not_compiled: list("unviable.txt")?, expected, survived })
    }

    fn row(&self, name: &str, functions: usize, took: Duration) -> String {
        let [noticed, not_compiled, expected, survived] =
            [&self.noticed, &self.not_compiled, &self.expected, &self.survived].map(Vec::len);
        let all = noticed + not_compiled + expected + survived;
        let (minutes, seconds) = (took.as_secs() / 60, took.as_secs() % 60);
        format!(
            "| {name} | {functions} | {all} | {noticed} | {not_compiled} | {expected} | {survived} | {minutes} min {seconds:02} s |"
        )
    }

    /// What must not be: survivors, and functions of which nothing was tried.
    fn wrong(&self, guards: &[Guard<'_>]) -> Vec<String> {
        let Self { noticed, expected, survived, .. } = self;
        let tried: Vec<&String> = noticed.iter().chain(expected).chain(survived).collect();
        let untried = guards.iter().filter(|guard| !tried.iter().any(|change| guard.is_of(change)));
        let untried =
            untried.map(|Guard { file, function }| format!("- nothing was tried of `{file}: {function}`"));
        survived.iter().map(|change| format!("- survived: `{change}`")).chain(untried).collect()
    }
}

/// `crates/a.rs:7:3: replace f` becomes `crates/a.rs: replace f`.
fn without_place(line: &str) -> Option<String> {
    let (place, change) = line.split_once(": ")?;
    Some(format!("{}: {change}", place.split(':').next()?))
}

/// The lines of a list, without its comments.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty())
}

fn guards(text: &str) -> Vec<Guard<'_>> {
    entries(text)
        .filter_map(|line| line.split_once(": "))
        .map(|(file, function)| Guard { file, function })
        .collect()
}

/// The changes of the list of known survivors that have a reason.
fn known(text: &str) -> Vec<String> {
    let reasoned = entries(text)
        .filter_map(|line| line.split_once(" # "))
        .filter(|(_, reason)| !reason.trim().is_empty());
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
    fn a_change_counts_for_the_function_that_is_listed_and_for_no_other() {
        let guard = Guard { file: "crates/a.rs", function: "Tag::is_of" };
        for own in [
            "replace Tag::is_of -> bool with true",
            "replace Tag::is_of with ()",
            "replace == with != in Tag::is_of",
            "delete field account from struct Self expression in Tag::is_of",
        ] {
            assert!(guard.is_of(&format!("crates/a.rs: {own}")), "{own}");
            assert!(!guard.is_of(&format!("crates/b.rs: {own}")), "{own}");
        }
        for other in [
            "replace Tag::is_of_account -> bool with true",
            "replace Other::Tag::is_of -> bool with true",
            "replace == with != in Tag::is_of_account",
            "replace == with != in OwnerTag::is_of",
        ] {
            assert!(!guard.is_of(&format!("crates/a.rs: {other}")), "{other}");
        }
    }

    #[test]
    fn a_reason_is_for_one_change_and_a_function_of_which_nothing_was_tried_is_told() {
        let dir = honnin_testkit::TestDir::new();
        let change = "crates/a.rs:1:1: replace f -> bool with true\n";
        dir.write("mutants.out/missed.txt", format!("{change}{change}crates/a.rs:2:1: replace h with ()\n"));
        for name in ["caught.txt", "timeout.txt", "unviable.txt"] {
            dir.write(Path::new("mutants.out").join(name), "");
        }
        let guards = guards("crates/a.rs: f\ncrates/a.rs: g\n");
        let mut known = vec!["crates/a.rs: replace f -> bool with true".to_owned()];
        let outcome = Outcome::read(dir.path(), &guards, &mut known).unwrap();
        assert!(known.is_empty());
        assert_eq!((outcome.expected.len(), outcome.survived.len()), (1, 1));
        let wrong = outcome.wrong(&guards);
        assert_eq!(
            wrong,
            [
                "- survived: `crates/a.rs: replace f -> bool with true`",
                "- nothing was tried of `crates/a.rs: g`"
            ]
        );
    }

    #[test]
    fn at_most_sixty_guard_functions_are_listed_each_in_a_crate_that_is_tried() {
        let guards = guards(GUARDS);
        assert!((40..=60).contains(&guards.len()), "{}", guards.len());
        for Guard { file, .. } in &guards {
            let room = file.strip_prefix("crates/").and_then(|rest| rest.split('/').next()).unwrap();
            assert!(CRATES.contains(&room) && tidy::root().join(file).is_file(), "{file}");
        }
        assert_eq!(entries(GUARDS).count(), guards.len());
    }
}
