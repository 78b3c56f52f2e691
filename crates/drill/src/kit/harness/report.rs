//! What a run says: for each check what was tried, how often, and what was found.

use serde::{Deserialize, Serialize};

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What has to hold, as a sentence.
    pub check: String,
    /// Whether it held.
    pub pass: bool,
    /// What was tried.
    pub tried: String,
    /// How often.
    pub times: u64,
    /// What was found that may not be; why a check that was never tried fails.
    pub found: Vec<String>,
    /// What is worth knowing beside it.
    pub noted: Vec<String>,
}

/// How many findings of one check a report names; how many there were is always said.
const MOST_FOUND: usize = 20;

impl Verdict {
    /// A check that passes where it was tried at least once and nothing was found.
    ///
    /// A check that was never tried fails: it proves nothing.
    pub fn of(check: &str, tried: &str, times: u64, found: Vec<String>) -> Self {
        let pass = times > 0 && found.is_empty();
        let mut found = found;
        let more = found.len().saturating_sub(MOST_FOUND);
        found.truncate(MOST_FOUND);
        if more > 0 {
            found.push(format!("and {more} more"));
        }
        if times == 0 {
            found.push("was never tried, so it proves nothing".to_owned());
        }
        Self { check: check.to_owned(), pass, tried: tried.to_owned(), times, found, noted: Vec::new() }
    }

    /// The same with something worth knowing.
    #[must_use]
    pub fn noting(mut self, note: String) -> Self {
        self.noted.push(note);
        self
    }
}

/// How a drill ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Run {
    /// It ran to its end.
    Done {
        /// Its checks.
        verdicts: Vec<Verdict>,
    },
    /// It could not be run to its end. That is no pass.
    Broken {
        /// Why.
        why: String,
    },
    /// A program it needs is not on this machine. That is no finding, and no pass.
    Skipped {
        /// What is missing, and where it is to be had.
        why: String,
    },
    /// It is listed and not built.
    NotYet,
}

/// What came of one drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its name: `D01`.
    pub drill: String,
    /// What happened once.
    pub incident: String,
    /// When it began, RFC 3339.
    pub began: String,
    /// When it ended.
    pub ended: String,
    /// How it ended.
    #[serde(flatten)]
    pub run: Run,
}

impl Outcome {
    /// Whether it failed: a check did not hold, or it could not be run.
    pub fn failed(&self) -> bool {
        match &self.run {
            Run::Done { verdicts } => verdicts.is_empty() || verdicts.iter().any(|verdict| !verdict.pass),
            Run::Broken { .. } => true,
            Run::Skipped { .. } | Run::NotYet => false,
        }
    }

    /// One word for it.
    pub fn word(&self) -> &'static str {
        match &self.run {
            Run::NotYet => "not yet",
            Run::Skipped { .. } => "skipped",
            Run::Done { .. } | Run::Broken { .. } if self.failed() => "FAIL",
            Run::Done { .. } | Run::Broken { .. } => "pass",
        }
    }
}

/// What came of a run of drills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What was run, as the product says it: `honnin 0.1.0`.
    pub product: String,
    /// The hash of the binary that was run.
    pub build: String,
    /// The hash of the settings the product starts from.
    pub configuration: String,
    /// The same seed repeats the run.
    pub seed: u64,
    /// How many seconds of load each drill was given.
    pub seconds: u64,
    /// When it began, RFC 3339.
    pub began: String,
    /// When it ended.
    pub ended: String,
    /// The drills, in the order they ran.
    pub drills: Vec<Outcome>,
}

impl Report {
    /// Whether any drill failed.
    pub fn failed(&self) -> bool {
        self.drills.iter().any(Outcome::failed)
    }

    /// As JSON, for programs.
    ///
    /// # Errors
    /// None that a report of this type can have.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(run: Run) -> Outcome {
        let text = String::new;
        Outcome { drill: text(), incident: text(), began: text(), ended: text(), run }
    }

    #[test]
    fn a_check_that_was_never_tried_fails() {
        assert!(!Verdict::of("a", "b", 0, vec![]).pass);
        assert!(Verdict::of("a", "b", 1, vec![]).pass);
        assert!(!Verdict::of("a", "b", 1, vec!["c".into()]).pass);
        let many = Verdict::of("a", "b", 1, vec!["c".into(); 100]);
        assert_eq!(many.found.last().map(String::as_str), Some("and 80 more"));
    }

    #[test]
    fn only_a_drill_whose_checks_all_hold_passes() {
        let (good, bad) = (Verdict::of("a", "b", 1, vec![]), Verdict::of("a", "b", 0, vec![]));
        let done = |verdicts| Run::Done { verdicts };
        let cases = [
            (done(vec![good.clone()]), "pass"),
            (done(vec![good, bad]), "FAIL"),
            (done(vec![]), "FAIL"),
            (Run::Broken { why: "a".into() }, "FAIL"),
            (Run::Skipped { why: "a".into() }, "skipped"),
            (Run::NotYet, "not yet"),
        ];
        for (run, word) in cases {
            assert_eq!(outcome(run).word(), word);
        }
    }
}
