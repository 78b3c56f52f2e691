//! `honnin isolation`: the way out of isolation, taken by a person, after the journal was proven.

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;

use honnin_journal::verify;
use serde::Serialize;

use super::confirm::confirm;
use crate::command::{IsolationCommand, LiftArgs};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::wiring::trust;

/// What became of it.
#[derive(Serialize)]
struct Outcome {
    lifted: bool,
    /// Why personal pages were stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Disclosures in the journal, each proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    disclosures: Option<u64>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(reason), Some(disclosures)) = (&self.reason, self.disclosures) else {
            return f.write_str("personal pages are not stopped; there is nothing to lift");
        };
        write!(
            f,
            "journal    verifies: {disclosures} disclosures, each to the owner or on a valid basis\n\
             isolation  lifted (it was: {reason})\n\n\
             Start `honnin serve` again: a running one keeps personal pages stopped until it ends. If the cause is still\n\
             there, they stop again by the same rule."
        )
    }
}

pub(super) fn isolation(
    say: Say,
    installation: &Installation,
    command: IsolationCommand,
) -> Result<Exit, Failure> {
    match command {
        IsolationCommand::Lift(args) => lift(say, installation, args),
    }
}

fn lift(say: Say, installation: &Installation, args: LiftArgs) -> Result<Exit, Failure> {
    let marker = installation.isolation_marker();
    let reason = match fs::read_to_string(&marker) {
        Ok(reason) => reason.trim().to_owned(),
        Err(reason) if reason.kind() == ErrorKind::NotFound => {
            say.tell(&Outcome { lifted: false, reason: None, disclosures: None })?;
            return Ok(Exit::Done);
        }
        Err(reason) => {
            return Err(Failure::from(reason).during(&format!("read {}", marker.display())));
        }
    };
    confirm(args.confirmed, "lift the isolation", &format!("Personal pages were stopped: {reason}."))?;
    let trust = trust(installation, &installation.keeper(Arc::new(honnin_keeper::Silent))?)?;
    let report = verify(&installation.journal(), &trust, None).map_err(|violation| {
        let cause = Failure::from(violation);
        Failure::with(
            Exit::Refuted,
            format!(
                "cannot lift the isolation: the journal does not verify ({cause}), so it is unknown what was shown to \
                 whom; keep all files as they are, run `honnin journal verify` and `honnin doctor`, and restore the \
                 journal from a copy that verifies"
            ),
        )
    })?;
    fs::remove_file(&marker)
        .map_err(|reason| Failure::from(reason).during(&format!("remove {}", marker.display())))?;
    let disclosures = Some(report.to_owner.saturating_add(report.on_basis));
    say.tell(&Outcome { lifted: true, reason: Some(reason), disclosures })
        .map_err(|failure| failure.but("the isolation was lifted"))?;
    Ok(Exit::Done)
}
