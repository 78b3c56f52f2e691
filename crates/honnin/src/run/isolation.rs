//! `honnin isolation`: the way out of isolation, taken by a person, after the journal was proven.

use std::fs;
use std::io::ErrorKind;

use honnin_journal::verify;

use crate::command::IsolationCommand;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say;

pub(super) fn isolation(installation: &Installation, command: IsolationCommand) -> Result<Exit, Failure> {
    match command {
        IsolationCommand::Lift => lift(installation),
    }
}

fn lift(installation: &Installation) -> Result<Exit, Failure> {
    let marker = installation.isolation_marker();
    let reason = match fs::read_to_string(&marker) {
        Ok(reason) => reason,
        Err(reason) if reason.kind() == ErrorKind::NotFound => {
            say::line("personal pages are not stopped; there is nothing to lift");
            return Ok(Exit::Done);
        }
        Err(reason) => {
            return Err(Failure::from(reason).during(&format!("read {}", marker.display())));
        }
    };
    match verify(&installation.journal(), &installation.journal_key()?, None) {
        Ok(report) => {
            fs::remove_file(&marker)
                .map_err(|reason| Failure::from(reason).during(&format!("remove {}", marker.display())))?;
            let disclosures = report.to_owner.saturating_add(report.on_basis);
            say::line(format_args!(
                "journal    verifies: {disclosures} disclosures, each to the owner or on a valid basis"
            ));
            say::line(format_args!("isolation  lifted (it was: {})", reason.trim()));
            say::line(
                "\nStart `honnin serve` again: one that is running keeps personal pages stopped to its end. Where the \
                 cause is still there,\nthey stop again by the same rule.",
            );
            Ok(Exit::Done)
        }
        Err(violation) => {
            say::error(Failure::from(violation).during(
                "personal pages stay stopped: the journal does NOT verify, so nobody can say what was shown to whom. \
                 Keep all files as they are, look at `honnin journal verify` and `honnin doctor`, and restore the \
                 journal from a copy that verifies",
            ));
            Ok(Exit::Found)
        }
    }
}
