//! How long each step of the gate took: a page that the run writes, and the budget of each step.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Failure, tidy, tool};

/// The page.
const PAGE: &str = "docs/evidence/gate-times.md";

/// The times of one run.
#[derive(Debug)]
pub(super) struct Times {
    /// Whether nothing was compiled when it began.
    cold: bool,
    rows: Vec<(&'static str, u64, u64)>,
}

impl Times {
    /// Begins.
    pub(super) fn begin() -> Self {
        let target = std::env::current_exe().ok();
        let directory = target.as_deref().and_then(Path::parent);
        // This program alone lies there where nothing else was built: no room with SQL in it, that is.
        let compiled =
            directory.map(|directory| directory.join("deps")).and_then(|deps| fs::read_dir(deps).ok());
        let names = compiled.into_iter().flatten().flatten().map(|entry| entry.file_name());
        let cold =
            !names.into_iter().any(|name| name.to_string_lossy().starts_with("libhonnin_store_sqlite"));
        Self { cold, rows: Vec::new() }
    }

    /// Notes a step, and says whether it stayed within its budget and a fifth.
    pub(super) fn note(&mut self, name: &'static str, taken: u64, budget: u64) -> bool {
        self.rows.push((name, taken, budget));
        is_within(taken, budget)
    }

    /// Writes the page and says the sum.
    pub(super) fn write(&self) -> Result<String, Failure> {
        let git = |words: &[&str]| tool::said(Command::new("git").args(words).current_dir(tidy::root()));
        let commit = git(&["rev-parse", "HEAD"]).unwrap_or_default();
        fs::write(tidy::root().join(PAGE), self.text(commit.trim()))?;
        let kind = if self.cold { "nothing compiled before" } else { "dependencies compiled before" };
        Ok(format!("{} s in all, {kind}; {PAGE}", self.sum()))
    }

    fn sum(&self) -> u64 {
        self.rows.iter().map(|(_, taken, _)| taken).sum()
    }

    fn text(&self, commit: &str) -> String {
        let cold =
            if self.cold { "nothing was compiled before" } else { "the dependencies were compiled before" };
        let rows = self.rows.iter().map(|(name, taken, budget)| format!("| {name} | {taken} | {budget} |\n"));
        format!(
            "# Times of the gate\n\nWritten by `cargo xtask test`; {cold}. Seconds by the wall clock. A step that takes more than a fifth\n\
             longer than its budget fails by its name. The aim on two cores: 25 minutes in a fresh clone, 8 where dependencies\n\
             are compiled.\n\n- Commit: {commit}\n\n| step | seconds | budget |\n|---|---|---|\n{}| all | {} | |\n",
            rows.collect::<String>(),
            self.sum()
        )
    }
}

const fn is_within(taken: u64, budget: u64) -> bool {
    taken.saturating_mul(5) <= budget.saturating_mul(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_more_than_the_budget_is_allowed_and_no_second_beyond() {
        assert!(is_within(120, 100) && !is_within(121, 100));
        assert!(is_within(0, 0) && !is_within(1, 0));
    }

    #[test]
    fn the_page_has_a_row_for_each_step_and_their_sum() {
        let mut times = Times { cold: true, rows: Vec::new() };
        assert!(times.note("format", 2, 20) && !times.note("tests", 100, 80));
        let text = times.text("abc");
        assert!(text.contains("| format | 2 | 20 |\n| tests | 100 | 80 |\n| all | 102 | |\n"), "{text}");
        assert!(text.contains("nothing was compiled before") && text.contains("- Commit: abc\n"));
    }
}
