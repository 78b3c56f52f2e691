//! A page of evidence: what, of which commit, on what machine, how long, and what came of it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::{Failure, tidy, tool};

/// Where the pages are, from the root.
const DIRECTORY: &str = "docs/evidence";

/// A page whose step is under way.
#[derive(Debug)]
pub(super) struct Page {
    step: &'static str,
    what: &'static str,
    commit: String,
    day: String,
    machine: String,
    begun: Instant,
}

impl Page {
    /// Begins; refuses while something that would be tried is not committed.
    #[expect(clippy::disallowed_methods, reason = "a chore says how long its steps took")]
    pub(super) fn begin(step: &'static str, what: &'static str) -> Result<Self, Failure> {
        let git = |words: &[&str]| tool::said(Command::new("git").args(words).current_dir(tidy::root()));
        let changed = git(&["status", "--porcelain"])?;
        if let Some(line) = changed.lines().find(|line| !line.contains(DIRECTORY)) {
            return Err(format!("commit first, a page of evidence names a commit: {}", line.trim()).into());
        }
        Ok(Self {
            step,
            what,
            commit: git(&["rev-parse", "HEAD"])?.trim().to_owned(),
            day: tool::today()?,
            machine: super::machine()?,
            begun: Instant::now(),
        })
    }

    /// Writes it and says where.
    pub(super) fn write(self, well: bool, lines: &[String]) -> Result<PathBuf, Failure> {
        let Self { step, what, commit, day, machine, begun } = self;
        let minutes = begun.elapsed().as_secs().div_ceil(60);
        let verdict = if well { "well" } else { "NOT WELL" };
        let text = format!(
            "# {step}, {day}: {verdict}\n\n{what}.\n\n- Commit: {commit}\n- Machine: {machine}\n- Took: {minutes} min\n\
             - Repeated by: `cargo xtask deep --only {step}`\n\n{}\n",
            lines.join("\n")
        );
        let directory = tidy::root().join(DIRECTORY);
        fs::create_dir_all(&directory)?;
        let path = directory.join(format!("{day}-{step}.md"));
        fs::write(&path, text)?;
        Ok(path)
    }
}
