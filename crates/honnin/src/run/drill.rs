//! `honnin drill`: past incidents of other systems, replayed against this very program.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use honnin_drill::{Options, harness};
use serde::Serialize;

use crate::command::{DrillArgs, DrillCommand};
use crate::failure::{Exit, Failure};
use crate::machine::{self, SystemClock};
use crate::say::{self, Say};

/// Every drill there is.
#[derive(Serialize)]
struct Drills {
    drills: Vec<Drill>,
}

#[derive(Serialize)]
struct Drill {
    name: &'static str,
    implemented: bool,
    incident: &'static str,
}

impl fmt::Display for Drills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Drill { name, implemented, incident } in &self.drills {
            let state = if *implemented { "built" } else { "not yet" };
            writeln!(f, "{name}  {state:<8} {incident}")?;
        }
        Ok(())
    }
}

pub(super) fn drill(say: Say, command: &DrillCommand) -> Result<Exit, Failure> {
    match command {
        DrillCommand::List => {
            let named = honnin_drill::list().iter().map(|drill| Drill {
                name: drill.name,
                implemented: drill.is_built(),
                incident: drill.incident,
            });
            say.tell(&Drills { drills: named.collect() })?;
            Ok(Exit::Done)
        }
        DrillCommand::Run(args) => run(say, args),
    }
}

fn run(say: Say, args: &DrillArgs) -> Result<Exit, Failure> {
    let DrillArgs { names, seconds, seed, subjects, connections, nodes, other_build, report, page } = args;
    // A run of half an hour is not ended because nobody reads along; what could not be told is told by its exit code.
    let unwritten = Arc::new(std::sync::Mutex::new(None));
    let failed = Arc::clone(&unwritten);
    let options = Options {
        binary: machine::this_program()?,
        other_build: other_build.clone(),
        environment: Vec::new(),
        seed: *seed,
        seconds: *seconds,
        subjects: *subjects,
        connections: usize::from(*connections),
        nodes: usize::from(*nodes),
        clock: Arc::new(SystemClock),
        digest: |octets| HEXLOWER.encode(&honnin_seal::digest(&[octets])),
        enough: None,
        progress: Arc::new(|text| say::note(text)),
        verdict: Arc::new(move |text| {
            if let Err(failure) = say.line(text) {
                *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(failure);
            }
        }),
    };
    let run = honnin_drill::run(names, &options)?;
    if let Some(file) = report {
        write(file, &run.json()?)?;
    }
    if let Some(file) = page {
        let mut html = String::new();
        harness::page(&run, &mut html)?;
        write(file, &html)?;
    }
    if let Some(failure) = unwritten.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
        return Err(failure);
    }
    let count = |word: &str| run.drills.iter().filter(|drill| drill.word() == word).count();
    let (passed, failed, missing) = (count("pass"), count("FAIL"), count("not yet"));
    let skipped = match count("skipped") {
        0 => String::new(),
        skipped => format!("{skipped} skipped, "),
    };
    say.line(format_args!(
        "{passed} passed, {failed} failed, {skipped}{missing} not implemented; seed {seed}"
    ))?;
    if say == Say::Json {
        let report: serde_json::Value = serde_json::from_str(&run.json()?)?;
        say::text(report)?;
    }
    Ok(if run.failed() { Exit::Found } else { Exit::Done })
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text).map_err(|error| Failure::cannot(format_args!("write {}: {error}", file.display())))
}
