//! `honnin journal accept`: going on after store or journal were put back by hand.

use std::fmt;

use serde::Serialize;

use super::confirm::confirm;
use super::journal::is_there;
use crate::command::Confirmed;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::wiring::Rooms;
use crate::wiring::course::{Ended, go_on, looked_at};

/// Takes the journal's files as what there is, after store or journal were put back. Everything in them is proven before;
/// what was cut off is not there any more, and the entries say who went on without it.
pub(super) fn accept(
    say: Say,
    installation: &Installation,
    operator: &str,
    confirmed: Confirmed,
) -> Result<Exit, Failure> {
    is_there(installation)?;
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    // What is anchored is what was put back, or is not of these files: it is believed of nothing.
    let looked = looked_at(&rooms, Vec::new())?;
    let entries = looked.report.entries();
    confirm(
        confirmed,
        &format!("go on with the journal as it is ({entries} entries)"),
        "What was written after that is given up: nobody can tell any more what was shown then.",
    )?;
    let ended = go_on(&rooms, operator, &looked, "journal accept")?;
    say.tell(&Accepted { entries, logs: ended.iter().map(EndedLog::of).collect() })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Accepted {
    entries: u64,
    logs: Vec<EndedLog>,
}

/// A log that gets no entry more.
#[derive(Serialize)]
pub(super) struct EndedLog {
    log: String,
    entries: u64,
    /// Entries that were seen elsewhere and are not here.
    missing: u64,
}

impl EndedLog {
    pub(super) fn of(ended: &Ended) -> Self {
        let log = ended.last.log.to_string();
        Self { log, entries: ended.last.index.saturating_add(1), missing: ended.missing() }
    }
}

impl fmt::Display for EndedLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log, entries, missing } = self;
        write!(f, "log      {log} ended after {entries} entries; a new one goes on from it")?;
        if *missing > 0 {
            write!(
                f,
                "\nmissing  {missing} entries of it had left this machine and are not here: what was shown then cannot be told"
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "journal  {} entries, accepted as they are; the journal names who said so", self.entries)?;
        self.logs.iter().try_for_each(|log| write!(f, "\n{log}"))
    }
}
