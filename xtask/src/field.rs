//! Takes in what real systems do to files, case by case, and prints one line for each.

use std::process::{Command, Stdio};

use crate::Failure;

/// Runs every case of tests/data/field.
pub(crate) fn command() -> Result<(), Failure> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--locked", "--quiet", "--package", "honnin-intake", "--test", "it"]);
    cargo.args(["--", "--nocapture", "--exact", "field::every_case_of_the_field_is_seen_right"]);
    let output = cargo.stdin(Stdio::null()).output().map_err(|error| format!("run {cargo:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let cases = || said.lines().filter_map(|line| line.split_once("field: ")).map(|(_, case)| case);
    cases().for_each(|case| println!("{case}"));
    let wrong = cases().filter(|case| case.starts_with("FAIL")).count();
    println!("{} cases, {wrong} wrong", cases().count());
    if output.status.success() && wrong == 0 && cases().count() > 0 {
        return Ok(());
    }
    Err(format!("the field is seen wrong\n{}", String::from_utf8_lossy(&output.stderr)).into())
}
