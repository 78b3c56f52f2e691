//! The page on adding a field of the ledger, followed to the letter: its patch, on a copy of what is committed.

use std::path::Path;
use std::process::Command;

use super::{Found, verdicts};
use crate::{Failure, tidy, tool};

/// Which rooms a field goes through.
const ROOMS: [&str; 6] =
    ["honnin-store", "honnin-intake", "honnin-care", "honnin-network", "honnin-pages", "honnin-web"];

/// Applies the patch to a copy, compiles it and runs the tests of every room the field goes through.
pub(super) fn followed() -> Found {
    let root = tidy::root();
    let target = root.join("target");
    let copy = target.join("how-to-add");
    let found = copied(&root, &copy).and_then(|()| {
        let mut cargo = Command::new("cargo");
        cargo.args(["test", "--locked", "--release"]).args(ROOMS.iter().flat_map(|room| ["-p", room]));
        // What others wrote is compiled already.
        cargo.arg("--manifest-path").arg(copy.join("Cargo.toml")).env("CARGO_TARGET_DIR", &target);
        verdicts(&mut cargo, |line| line.starts_with("test result: ") && !line.contains(" 0 passed"))
    });
    if copy.exists() {
        std::fs::remove_dir_all(&copy)?;
    }
    let (well, lines) = found?;
    // Two lines are the fence: a run of no test says nothing.
    Ok((well && lines.len() > 2, lines))
}

fn copied(root: &Path, copy: &Path) -> Result<(), Failure> {
    if copy.exists() {
        std::fs::remove_dir_all(copy)?;
    }
    tool::said(Command::new("git").args(["clone", "--quiet", "--shared"]).arg(root).arg(copy))?;
    tool::said(Command::new("git").arg("-C").arg(copy).args(["apply", tidy::LEDGER_FIELD]))?;
    Ok(())
}
