//! The negative controls of the drills: each drill once more on a program that does wrong. It has to fail there, in the
//! check that is there for what was planted.
//!
//! To add one is a line of the list.

mod list;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use honnin_drill::{Enough, Options, Outcome, Run};
use honnin_testkit::FixedClock;

use self::list::{CONTROLS, Control, IN_THE_GATE};
use crate::layers::{LAYERS, is_as_written, stopped};
use crate::{Failure, faulty, tool};

/// How a control is run: it has to be noticed, not measured.
const SECONDS: u64 = 3;
const SUBJECTS: u64 = 24;
const CONNECTIONS: usize = 8;
/// A control ends within this time, well or not.
const MOST: Duration = Duration::from_mins(5);

/// What stands outside the server and stops something all the same.
const CANARIES: &str = "canaries";

/// `cargo xtask drill-controls`.
pub(crate) fn command(only: Option<&str>) -> Result<(), Failure> {
    let chosen = |control: &&Control| only.is_none_or(|only| only.eq_ignore_ascii_case(control.drill));
    let is_wanted = |drill: &&str| only.is_none_or(|only| only.eq_ignore_ascii_case(drill));
    run(CONTROLS.iter().filter(chosen), built().filter(is_wanted))?.verdict()
}

/// In the gate: the short ones, only where a guarded file has changed since they were run.
pub(crate) fn in_the_gate() -> Result<(), Failure> {
    if is_as_written() {
        println!(
            "skipped: no guarded file has changed since they were run; `cargo xtask deep` runs all of them"
        );
        return Ok(());
    }
    the_short_ones()
}

/// Runs those that are short.
pub(crate) fn the_short_ones() -> Result<(), Failure> {
    let chosen = |control: &&Control| IN_THE_GATE.contains(&(control.drill, control.planted));
    run(CONTROLS.iter().filter(chosen), IN_THE_GATE.into_iter().map(|(drill, _)| drill))?.verdict()
}

/// All of them, and what came of each as rows of a page.
pub(crate) fn all() -> Result<(bool, Vec<String>), Failure> {
    let came = run(CONTROLS.iter(), built())?;
    let mut lines = vec![came.closing(), String::new()];
    lines.extend(
        ["| drill | planted | caught by | the drill failed in |", "|---|---|---|---|"].map(str::to_owned),
    );
    lines.extend(came.rows.iter().cloned());
    Ok((came.verdict().is_ok(), lines))
}

fn built() -> impl Iterator<Item = &'static str> {
    honnin_drill::list().iter().filter(|drill| drill.is_built()).map(|drill| drill.name)
}

/// What came of a run of controls.
#[derive(Debug, Default)]
struct Came {
    tried: u64,
    /// Of those that fail as they must: how many a later layer caught.
    caught: u64,
    wrong: u64,
    skipped: u64,
    /// Drills no control of which failed as it must.
    unproven: Vec<&'static str>,
    seconds: u64,
    /// A row of a table for each.
    rows: Vec<String>,
}

impl Came {
    fn closing(&self) -> String {
        let Self { tried, caught, wrong, skipped, unproven, seconds, .. } = self;
        let failing = tried - wrong;
        let unproven = if unproven.is_empty() {
            "every drill has one that fails".to_owned()
        } else {
            format!("NOT SHOWN that these can fail: {}", unproven.join(", "))
        };
        format!(
            "{tried} controls: {failing} fail as they must ({caught} caught by a later layer, {} by the drill alone), \
             {wrong} wrong, {skipped} skipped; {unproven}; {seconds} s",
            failing - caught
        )
    }

    fn verdict(&self) -> Result<(), Failure> {
        let well = self.tried > 0 && self.wrong == 0 && self.unproven.is_empty();
        if well { Ok(()) } else { Err("a drill did not notice what it is there for".into()) }
    }
}

#[expect(clippy::disallowed_methods, reason = "a chore says how long its steps took")]
fn run<'a>(
    controls: impl Iterator<Item = &'a Control>,
    drills: impl Iterator<Item = &'static str>,
) -> Result<Came, Failure> {
    let binary = faulty::build()?;
    let begun = Instant::now();
    let (mut came, mut proven) = (Came::default(), BTreeSet::new());
    for control in controls {
        let Control { drill, planted, .. } = control;
        let this = Instant::now();
        let ended = one(&binary, control);
        let (caught, said) = match ended {
            Ok(Ended::Noticed { what, caught }) => {
                came.tried += 1;
                came.caught += u64::from(!caught.is_empty());
                proven.insert(*drill);
                let layers = if caught.is_empty() {
                    "nothing after it: the drill itself".to_owned()
                } else {
                    caught.join(", ")
                };
                println!(
                    "{drill}  {planted}: fails as it must, after {} s; caught by {layers}. {what}",
                    this.elapsed().as_secs()
                );
                (layers, what)
            }
            Ok(Ended::Skipped { why }) => {
                came.skipped += 1;
                println!("{drill}  {planted}: SKIPPED: {why}");
                ("–".to_owned(), format!("SKIPPED: {why}"))
            }
            Err(error) => {
                came.tried += 1;
                came.wrong += 1;
                println!("{drill}  {planted}: WRONG, after {} s: {error}", this.elapsed().as_secs());
                ("–".to_owned(), format!("WRONG: {error}"))
            }
        };
        came.rows.push(format!("| {drill} | `{}` | {caught} | {said} |", planted.replace(',', "`, `")));
    }
    came.unproven = drills.filter(|drill| !proven.contains(drill)).collect();
    came.seconds = begun.elapsed().as_secs();
    println!("{}", came.closing());
    Ok(came)
}

/// What came of a control.
enum Ended {
    /// The drill failed: how, and which later layers stopped the fault all the same.
    Noticed { what: String, caught: Vec<&'static str> },
    /// It could not be run on this machine.
    Skipped { why: String },
}

fn one(binary: &Path, control: &Control) -> Result<Ended, Failure> {
    let told = tempfile::NamedTempFile::new()?;
    let environment = vec![
        ("HONNIN_FAULTS".to_owned(), control.planted.to_owned()),
        ("HONNIN_FAULTS_TOLD".to_owned(), told.path().display().to_string()),
    ];
    let options = Options {
        binary: binary.to_owned(),
        other_build: None,
        environment,
        seed: 1,
        seconds: SECONDS,
        subjects: SUBJECTS,
        connections: CONNECTIONS,
        nodes: 1,
        // What is planned for an hour is planned by the clock that the product goes by.
        clock: Arc::new(FixedClock::at(&tool::now()?)),
        digest: |octets| format!("{} octets", octets.len()),
        enough: Some(Enough { check: control.sees.to_owned(), within: MOST }),
        progress: Arc::new(|_| {}),
        verdict: Arc::new(|_| {}),
    };
    let report = honnin_drill::run(&[control.drill.to_owned()], &options)?;
    let outcome = report.drills.first().ok_or("no drill was run")?;
    if let Run::Skipped { why } = &outcome.run {
        return Ok(Ended::Skipped { why: why.clone() });
    }
    let stopped = stopped(told.path())?;
    let layers = LAYERS.into_iter().chain([CANARIES]);
    let caught: Vec<&str> = layers.filter(|layer| stopped.contains(*layer)).collect();
    let failures = failures(outcome);
    let what = failures.iter().find(|failure| failure.contains(control.sees));
    let expected = control.caught_by.map_or(caught.is_empty(), |layer| caught.contains(&layer));
    match what {
        Some(what) if expected => Ok(Ended::Noticed { what: what.clone(), caught }),
        _ => {
            let Control { sees, caught_by, .. } = control;
            let told = if failures.is_empty() { "it passes".to_owned() } else { failures.join(" / ") };
            Err(format!("to fail in {sees:?}, caught by {caught_by:?}; but caught by {caught:?}, and {told}")
                .into())
        }
    }
}

/// Every way in which the drill failed: a check that was tried and found something, or why it could not go on. A check
/// that was never tried says nothing about the fault.
fn failures(outcome: &Outcome) -> Vec<String> {
    match &outcome.run {
        Run::NotYet | Run::Skipped { .. } => Vec::new(),
        Run::Broken { why } => vec![shortened(&format!("could not go on: {why}"))],
        Run::Done { verdicts } => {
            let failed = verdicts.iter().filter(|verdict| !verdict.pass && verdict.times > 0);
            failed
                .map(|verdict| {
                    let found = verdict.found.first().map_or("", String::as_str);
                    shortened(&format!("{}: {found}", verdict.check))
                })
                .collect()
        }
    }
}

/// As much of it as a line of a table takes.
fn shortened(text: &str) -> String {
    const MOST: usize = 220;
    let text = text.replace(['|', '\n'], " ");
    if text.chars().count() <= MOST { text } else { text.chars().take(MOST).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use honnin_drill::Verdict;

    use super::list::WITHHELD;
    use super::*;

    #[test]
    fn every_drill_that_is_built_has_a_control_that_ends_in_one_of_its_checks() {
        let has =
            |drill: &str| CONTROLS.iter().any(|control| control.drill == drill && control.sees != WITHHELD);
        assert_eq!(built().filter(|drill| !has(drill)).collect::<Vec<_>>(), Vec::<&str>::new());
        let known = |(drill, planted)| {
            CONTROLS.iter().any(|control| (control.drill, control.planted) == (drill, planted))
        };
        assert!(IN_THE_GATE.into_iter().all(known));
    }

    #[test]
    fn only_a_check_that_was_tried_and_a_drill_that_broke_tell_of_a_failure() {
        let told = |run| {
            let text = String::new;
            failures(&Outcome { drill: text(), incident: text(), began: text(), ended: text(), run })
        };
        let verdicts = vec![
            Verdict::of("never tried", "b", 0, vec![]),
            Verdict::of("held", "b", 1, vec![]),
            Verdict::of("did not hold", "b", 1, vec!["a|b\nc".into()]),
        ];
        assert_eq!(told(Run::Done { verdicts }), ["did not hold: a b c"]);
        assert_eq!(told(Run::Broken { why: "x".repeat(500) }).concat().chars().count(), 221);
        assert!(told(Run::NotYet).is_empty());
    }

    #[test]
    fn a_drill_without_a_failing_control_is_not_well() {
        let well = Came { tried: 2, caught: 1, ..Came::default() };
        assert!(well.verdict().is_ok());
        assert_eq!(
            well.closing(),
            "2 controls: 2 fail as they must (1 caught by a later layer, 1 by the drill alone), 0 wrong, 0 skipped; \
             every drill has one that fails; 0 s"
        );
        for not in [
            Came::default(),
            Came { tried: 1, wrong: 1, ..Came::default() },
            Came { tried: 1, unproven: vec!["D10"], ..Came::default() },
        ] {
            assert!(not.verdict().is_err(), "{not:?}");
        }
    }
}
