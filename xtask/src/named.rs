//! Tests by their names: what a page gives as its proof is run.

use std::collections::BTreeSet;
use std::process::Command;

use crate::{Failure, tidy};

/// Runs those tests, of those packages or where none is named of all; gives the ones that did not run and pass, and says
/// so of each.
pub(crate) fn unproven<'a>(
    tests: &BTreeSet<&'a str>,
    packages: &[&str],
) -> Result<BTreeSet<&'a str>, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--locked", "--no-fail-fast"]);
    cargo.args(packages.is_empty().then_some("--workspace"));
    cargo.args(packages.iter().flat_map(|package| ["--package", *package]));
    // In the profile the chore itself was built in, so that nothing is built twice.
    cargo.args((!cfg!(debug_assertions)).then_some("--release")).arg("--").args(tests);
    let output = cargo.current_dir(tidy::root()).output().map_err(|error| format!("run cargo: {error}"))?;
    let (passed, failed) = ran(&String::from_utf8_lossy(&output.stdout));
    let is_shown = |test: &str| passed.contains(test) && !failed.contains(test);
    let unproven: BTreeSet<&str> = tests.iter().copied().filter(|test| !is_shown(test)).collect();
    for test in &unproven {
        println!("error: {test} did not run and pass");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_its_name_and_verdict() {
        let (passed, failed) = ran("test a::b::one ... ok\ntest two ... FAILED\ntest result: ok. 1 passed\n");
        assert!(passed.contains("one") && failed.contains("two") && passed.len() + failed.len() == 2);
    }
}
