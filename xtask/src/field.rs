//! Takes in what real systems do to files, case by case, looks at every face, and prints one line for each.

use std::process::{Command, Stdio};

use crate::Failure;

/// Plays every case of tests/data/field: cases.toml and own.toml.
pub(crate) fn command() -> Result<(), Failure> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--locked", "--quiet", "--package", "honnin-hostile", "--test", "field"]);
    cargo.args(["--", "--nocapture", "--test-threads", "1", "cases::"]);
    let output = cargo.stdin(Stdio::null()).output().map_err(|error| format!("run {cargo:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let cases = || said.lines().filter_map(|line| line.split_once("field: ")).map(|(_, case)| case);
    cases().for_each(|case| println!("{case}"));
    let wrong = cases().filter(|case| case.starts_with("FAIL")).count();
    println!("{} cases, {wrong} wrong", cases().count());
    if output.status.success() && wrong == 0 && cases().count() > 0 {
        return Ok(());
    }
    Err(format!("the field is shown wrong\n{}", String::from_utf8_lossy(&output.stderr)).into())
}
