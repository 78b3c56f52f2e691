//! `honnin isolation`: the way out of isolation, taken by a person, after the journal was proven.

use std::fmt;
use std::fs;

use honnin_journal::{Kind, Party};
use honnin_node::{lift_mode, read_mode};
use honnin_terms::Stop;
use serde::Serialize;

use super::confirm::confirm;
use super::serve::runtime;
use crate::command::{IsolationCommand, LiftArgs};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::wiring::acts::Deed;
use crate::wiring::{Rooms, proven};

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
             Every running node shows personal pages again within a second. If the cause is still there, they stop again\n\
             by the same rule."
        )
    }
}

pub(super) fn isolation(
    say: Say,
    installation: &Installation,
    operator: &str,
    command: IsolationCommand,
) -> Result<Exit, Failure> {
    match command {
        IsolationCommand::Lift(args) => lift(say, installation, operator, args),
    }
}

fn lift(say: Say, installation: &Installation, operator: &str, args: LiftArgs) -> Result<Exit, Failure> {
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    let runtime = runtime(1)?;
    let seen = runtime.block_on(read_mode(&*rooms.store, &rooms.keep(), &*rooms.keeper))?;
    // What a node has seen and could not write down stands in a file of its own.
    let marker = installation.isolation_marker();
    let owed = fs::read_to_string(&marker).ok();
    let reason = match (seen.written, &owed) {
        (Some(written), None) if written.stop.is_none() => {
            say.tell(&Outcome { lifted: false, reason: None, disclosures: None })?;
            return Ok(Exit::Done);
        }
        (None, _) => Stop::ForeignMode.word().to_owned(),
        (Some(written), owed) => {
            let word = written.stop.map(|stop| stop.word().to_owned());
            word.or_else(|| owed.as_ref().map(|owed| owed.trim().to_owned())).unwrap_or_default()
        }
    };
    confirm(args.confirmed, "lift the isolation", &format!("Personal pages were stopped: {reason}."))?;
    let report = proven(&rooms, None, &mut |_, _| {})?.map_err(|violation| {
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
    rooms.act(operator, Kind::IsolationLifted, Party::Nobody, Deed { note: &reason, ..Deed::default() })?;
    if owed.is_some() {
        fs::remove_file(&marker)
            .map_err(|reason| Failure::from(reason).during(&format!("remove {}", marker.display())))?;
    }
    if !runtime.block_on(lift_mode(&*rooms.store, &rooms.keep(), &*rooms.keeper, seen))? {
        return Err(Failure::cannot(
            "lift the isolation: something else was seen meanwhile; look at `honnin doctor` and lift it again",
        ));
    }
    let disclosures = Some(report.to_owner.saturating_add(report.on_basis));
    say.tell(&Outcome { lifted: true, reason: Some(reason), disclosures })
        .map_err(|failure| failure.but("the isolation was lifted"))?;
    Ok(Exit::Done)
}
