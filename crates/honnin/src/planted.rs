//! A build that can be told to do wrong: what it is told, what it may not be used for, and what stopped it.

use std::fs::OpenOptions;
use std::io::Write;

use honnin_terms::Mode;
use honnin_terms::faults::{self, FAULTS, LAYERS, OUTSIDE};

use crate::command::Command;
use crate::failure::{Exit, Failure};
use crate::{machine, say};

/// Plants what the environment names. Real subscribers are never served by such a build.
///
/// # Errors
/// [`Failure`] for a name that is no fault, and for `serve` where nobody asked for faults.
pub(crate) fn begin(command: &Command) -> Result<(), Failure> {
    let names = machine::faults();
    if matches!(command, Command::Serve) && names.is_none() {
        return Err(Failure::cannot(
            "serve: this build can be told to do wrong and is for drills only; build another one",
        ));
    }
    if let Some(names) = names {
        say::note(format_args!("planted faults: {names}"));
        faults::plant(&names, tell)?;
    }
    Ok(())
}

/// How the house stands, as what speaks to the public is told.
pub(crate) fn told(mode: Mode) -> Mode {
    if faults::UNTOLD_MODES.is_on() { Mode::Open } else { mode }
}

/// Writes down that a layer stopped something, where somebody wants to know.
fn tell(layer: &'static str) {
    let Some(file) = machine::faults_told() else { return };
    let told = OpenOptions::new().create(true).append(true).open(&file);
    if let Err(error) = told.and_then(|mut told| told.write_all(format!("{layer}\n").as_bytes())) {
        say::error(format_args!("write {}: {error}", file.display()));
    }
}

/// Names everything that can be planted, and the layers that can be left out: name, tab, what goes wrong.
///
/// # Errors
/// [`Failure`] where the list cannot be written.
pub(crate) fn list() -> Result<Exit, Failure> {
    let switches = FAULTS.iter().chain(OUTSIDE).chain(LAYERS);
    let lines: Vec<String> = switches.map(|switch| format!("{}\t{}", switch.name, switch.what)).collect();
    say::text(lines.join("\n"))?;
    Ok(Exit::Done)
}
