//! Tests by their names: what a page gives as its proof is run.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::{Failure, tidy};

/// Runs those tests, of those packages or where none is named of all; gives the ones that did not run and pass, and says
/// so of each. A test that found what it needs not on this machine, and said so, has not passed.
pub(crate) fn unproven<'a>(
    tests: &BTreeSet<&'a str>,
    packages: &[&str],
) -> Result<BTreeSet<&'a str>, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--locked", "--no-fail-fast"]);
    cargo.args(packages.is_empty().then_some("--workspace"));
    cargo.args(packages.iter().flat_map(|package| ["--package", *package]));
    // In the profile the chore itself was built in, so that nothing is built twice.
    cargo.args((!cfg!(debug_assertions)).then_some("--release"));
    // What a test that passed has printed is shown too.
    cargo.args(["--", "--show-output"]).args(tests);
    let output = cargo.current_dir(tidy::root()).output().map_err(|error| format!("run cargo: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let ((passed, failed), left_out) = (ran(&said), left_out(&said));
    let is_shown =
        |test: &str| passed.contains(test) && !failed.contains(test) && !left_out.contains_key(test);
    let unproven: BTreeSet<&str> = tests.iter().copied().filter(|test| !is_shown(test)).collect();
    for test in &unproven {
        match left_out.get(*test) {
            Some(why) => println!("error: {test} was left out: {why}"),
            None => println!("error: {test} did not run and pass"),
        }
    }
    Ok(unproven)
}

/// The names of tests that passed, and of those that failed.
fn ran(said: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let name = |line: &str, verdict: &str| {
        let path = line.strip_prefix("test ")?.strip_suffix(verdict)?;
        path.rsplit("::").next().map(str::to_owned)
    };
    let all = |verdict: &str| said.lines().filter_map(|line| name(line, verdict)).collect();
    (all(" ... ok"), all(" ... FAILED"))
}

/// The tests that passed because they did nothing, and what each said was missing.
fn left_out(said: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut by = None;
    for line in said.lines() {
        if let Some(path) = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" stdout ----")) {
            by = path.rsplit("::").next();
        }
        let mark = line.split_once(": ").filter(|(mark, _)| mark.eq_ignore_ascii_case("skipped"));
        if let (Some((_, why)), Some(test)) = (mark, by) {
            found.insert(test.to_owned(), why.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_its_name_and_verdict() {
        let (passed, failed) = ran("test a::b::one ... ok\ntest two ... FAILED\ntest result: ok. 1 passed\n");
        assert!(passed.contains("one") && failed.contains("two") && passed.len() + failed.len() == 2);
    }

    #[test]
    fn a_test_that_was_left_out_is_not_one_that_passed() {
        let said = "test it::one ... ok\ntest it::two ... ok\n\nsuccesses:\n\n---- it::one stdout ----\n\
             skipped: a witness is not on this machine\n\n---- it::two stdout ----\nall is well\n";
        let left_out = left_out(said);
        assert_eq!(left_out.get("one").map(String::as_str), Some("a witness is not on this machine"));
        assert_eq!((left_out.len(), ran(said).0.len()), (1, 2));
        assert_eq!(super::left_out("SKIPPED: by nobody in particular\n").len(), 0);
    }
}
