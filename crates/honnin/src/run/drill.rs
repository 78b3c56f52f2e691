//! `honnin drill`: past incidents of other systems, replayed against this very program.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use honnin_drill::{Options, harness};

use crate::command::{DrillArgs, DrillCommand};
use crate::failure::{Exit, Failure};
use crate::machine::{self, SystemClock};
use crate::say;

pub(super) fn drill(command: &DrillCommand) -> Result<Exit, Failure> {
    match command {
        DrillCommand::List => {
            list();
            Ok(Exit::Done)
        }
        DrillCommand::Run(args) => run(args),
    }
}

fn list() {
    for drill in honnin_drill::list() {
        let state = if drill.is_built() { "built" } else { "not yet" };
        say::line(format_args!("{}  {state:<8} {}", drill.name, drill.incident));
    }
}

fn run(args: &DrillArgs) -> Result<Exit, Failure> {
    let DrillArgs { names, seconds, seed, subjects, connections, report, page } = args;
    let options = Options {
        binary: machine::this_program()?,
        environment: Vec::new(),
        seed: *seed,
        seconds: *seconds,
        subjects: *subjects,
        connections: usize::from(*connections),
        clock: Arc::new(SystemClock),
        digest: |octets| HEXLOWER.encode(&honnin_seal::digest(&[octets])),
        progress: Arc::new(|text| say::note(text)),
        verdict: Arc::new(|text| say::line(text)),
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
    let count = |word: &str| run.drills.iter().filter(|drill| drill.word() == word).count();
    let (passed, failed, missing) = (count("pass"), count("FAIL"), count("not yet"));
    let skipped = match count("skipped") {
        0 => String::new(),
        skipped => format!("{skipped} skipped, "),
    };
    say::line(format_args!(
        "{passed} passed, {failed} failed, {skipped}{missing} not built yet; seed {seed}"
    ));
    Ok(if run.failed() { Exit::Found } else { Exit::Done })
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text).map_err(|error| Failure::new(format!("write {}: {error}", file.display())))
}
