//! The negative controls of the drills: each drill once more on a program that does wrong. It has to fail.
//!
//! To add one is a line of the table.

use std::path::Path;
use std::sync::Arc;

use honnin_drill::{Options, Outcome, Run};
use honnin_testkit::FixedClock;

use crate::layers::{LAYERS, stopped};
use crate::{Args, Failure, faulty};

/// A drill, what is planted in the program it runs on, and the layer that stops it all the same.
struct Control {
    drill: &'static str,
    /// Faults, and layers left out, with commas between.
    planted: &'static str,
    /// What stopped it; nothing where somebody is shown what is not hers, or the fault is of another kind.
    caught_by: Option<&'static str>,
}

const fn control(drill: &'static str, planted: &'static str, caught_by: Option<&'static str>) -> Control {
    Control { drill, planted, caught_by }
}

const CONTROLS: &[Control] = &[
    control("D01", "reused-read", Some("keys")),
    control("D01", "swapped-session-row,without-keys,without-owner", None),
    control("D02", "believed-header", Some("keys")),
    control("D02", "believed-header,without-keys,without-owner", None),
    control("D03", "anothers-cookie", Some("request")),
    control("D03", "anothers-cookie,without-request,without-asker", None),
    control("D04", "reused-buffer", Some("request")),
    control("D05", "late-answer", Some("request")),
    control("D08", "reused-read", Some("keys")),
    control("D09", "wrongly-keyed-cache", Some("keys")),
    control("D09", "wrongly-keyed-cache,without-keys,without-owner", None),
    control("D10", "blind-canaries", None),
    control("D10", "missing-no-store,without-headers", None),
    control("D11", "blind-canaries", None),
    control("D12", "anothers-permit", Some("owner")),
    control("D13", "reused-buffer", Some("request")),
    control("D14", "reused-buffer,without-request,without-asker", None),
    control("D16", "holder-of-today", None),
    control("D17", "unasked-owner", None),
    control("D20", "unrecorded", None),
    control("D21", "forgotten-owner", Some("keys")),
    control("D21", "forgotten-owner,without-keys,without-rows,without-owner", None),
    control("D24", "left-unsealed", None),
];

/// Those that the gate runs: they are short.
const IN_THE_GATE: [(&str, &str); 2] = [("D16", "holder-of-today"), ("D24", "left-unsealed")];

/// How a control is run: it has to be noticed, not measured.
const SECONDS: u64 = 3;
const SUBJECTS: u64 = 24;
const CONNECTIONS: usize = 8;

/// `cargo xtask drill-controls`.
pub(crate) fn command(mut args: Args) -> Result<(), Failure> {
    let only: Option<String> = args.take("only")?;
    args.finish()?;
    let chosen =
        |control: &&Control| only.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(control.drill));
    run(CONTROLS.iter().filter(chosen))
}

/// The controls of the gate.
pub(crate) fn in_the_gate() -> Result<(), Failure> {
    run(CONTROLS.iter().filter(|control| IN_THE_GATE.contains(&(control.drill, control.planted))))
}

fn run<'a>(controls: impl Iterator<Item = &'a Control>) -> Result<(), Failure> {
    let binary = faulty::build()?;
    let (mut tried, mut wrong) = (0, 0);
    for control in controls {
        let Control { drill, planted, caught_by } = control;
        tried += 1;
        match one(&binary, control) {
            Ok(Came::Noticed { what, caught }) => {
                println!("{drill}  {planted}: fails as it must; {caught}. {what}");
            }
            Ok(Came::Skipped { why }) => {
                tried -= 1;
                println!("{drill}  {planted}: SKIPPED: {why}");
            }
            Err(error) => {
                wrong += 1;
                println!(
                    "{drill}  {planted}: WRONG, to be caught by {}: {error}",
                    caught_by.unwrap_or("nothing")
                );
            }
        }
    }
    println!("{tried} controls, {wrong} wrong");
    if wrong == 0 && tried > 0 { Ok(()) } else { Err("a drill did not notice what it is there for".into()) }
}

/// What came of a control.
enum Came {
    /// The drill failed: the first check that did, and which later layers stopped the fault all the same.
    Noticed { what: String, caught: String },
    /// It could not be run on this machine.
    Skipped { why: String },
}

fn one(binary: &Path, control: &Control) -> Result<Came, Failure> {
    let told = tempfile::NamedTempFile::new()?;
    let environment = vec![
        ("HONNIN_FAULTS".to_owned(), control.planted.to_owned()),
        ("HONNIN_FAULTS_TOLD".to_owned(), told.path().display().to_string()),
    ];
    let options = Options {
        binary: binary.to_owned(),
        environment,
        seed: 1,
        seconds: SECONDS,
        subjects: SUBJECTS,
        connections: CONNECTIONS,
        // Nobody reads when a control was run.
        clock: Arc::new(FixedClock::at("2026-11-20T06:00:00+09:00")),
        digest: |octets| format!("{} octets", octets.len()),
        progress: Arc::new(|_| {}),
        verdict: Arc::new(|_| {}),
    };
    let report = honnin_drill::run(&[control.drill.to_owned()], &options)?;
    let outcome = report.drills.first().ok_or("no drill was run")?;
    if let Run::Skipped { why } = &outcome.run {
        return Ok(Came::Skipped { why: why.clone() });
    }
    if matches!(outcome.run, Run::NotYet) {
        return Ok(Came::Skipped { why: "the drill is not built".to_owned() });
    }
    let what = noticed(outcome).ok_or("the drill passes")?;
    let stopped = stopped(told.path())?;
    let caught: Vec<&str> = LAYERS.into_iter().filter(|layer| stopped.contains(*layer)).collect();
    let expected = control.caught_by.map_or(caught.is_empty(), |layer| caught.contains(&layer));
    if !expected {
        return Err(format!("caught by {caught:?}; {what}").into());
    }
    let caught = if caught.is_empty() {
        "no later layer caught it".to_owned()
    } else {
        format!("caught by {}", caught.join(", "))
    };
    Ok(Came::Noticed { what, caught })
}

fn noticed(outcome: &Outcome) -> Option<String> {
    match &outcome.run {
        Run::NotYet | Run::Skipped { .. } => None,
        Run::Broken { why } => Some(format!("could not go on: {why}")),
        Run::Done { verdicts } => verdicts.iter().find(|verdict| !verdict.pass).map(|verdict| {
            let found = verdict.found.first().map_or("", String::as_str);
            format!("{}: {found}", verdict.check)
        }),
    }
}
