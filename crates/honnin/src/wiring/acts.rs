//! What the operator does at the command line, written into the journal before it is done.
//!
//! Commands have a log of their own beside the server's, so that they work while it serves and while it does not. What
//! cannot be written down is not done.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use honnin_care::Channel;
use honnin_journal::{Act, Details, EpochKeys, Journal, Kind, Party, StartError};
use honnin_keeper::Keeper;
use honnin_terms::{Clock, EntryRef};

use super::epochs::{self, Epochs};
use super::rooms::{SharedClock, entropy};
use super::service::{COMMANDS, open_log};
use crate::failure::Failure;
use crate::installation::Installation;

/// How often a log that another command has is asked for, and how long in between.
const TRIES: u32 = 100;
const AGAIN: Duration = Duration::from_millis(100);

/// The log of commands, open for one of them.
#[derive(Debug)]
pub(crate) struct Acts {
    journal: Journal,
    keys: EpochKeys,
    clock: SharedClock,
    operator: String,
}

impl Acts {
    /// Opens the log of commands under the name of whoever acts.
    ///
    /// # Errors
    /// [`Failure`] where it does not open: nothing may be done then.
    pub(crate) fn open(
        installation: &Installation,
        keeper: &Keeper,
        clock: Arc<dyn Clock>,
        operator: &str,
    ) -> Result<Self, Failure> {
        let mut tries = 0;
        let journal = loop {
            match open_log(installation, keeper, COMMANDS) {
                Err(StartError::Locked) if tries < TRIES => {
                    tries += 1;
                    thread::sleep(AGAIN);
                }
                opened => {
                    break opened
                        .map_err(|reason| Failure::from(reason).during("record the act in the journal"))?;
                }
            }
        };
        // The server begins epochs; a command begins the first one only, where there is no server yet.
        let mut known = epochs::kept(keeper)?;
        if known.is_empty() {
            let longest = installation.settings.journal.epoch.whole_seconds();
            known = Epochs::at(keeper, clock.now(), longest)?.keys;
        }
        let keys =
            known.pop().ok_or_else(|| Failure::cannot("record the act in the journal: it has no epoch"))?;
        Ok(Self { journal, keys, clock: SharedClock(clock), operator: operator.to_owned() })
    }

    /// Writes an act down; it may be done once this has returned.
    ///
    /// # Errors
    /// [`Failure`] where the journal takes no entry: it may not be done.
    pub(crate) fn record(&self, kind: Kind, owner: Party<'_>, about: Deed<'_>) -> Result<EntryRef, Failure> {
        let Deed { what, counts, note, follows } = about;
        let details = Details {
            operator: self.operator.clone(),
            counts: counts.to_vec(),
            note: note.to_owned(),
            ..Details::default()
        };
        let act = Act::new(kind, self.clock.0.now(), Party::Operator(&self.operator), owner, &details);
        let act = Act { what, channel: Channel::Operator.code(), about: follows, ..act };
        let entry = self.keys.seal(&act, &*entropy())?;
        let written = self.journal.append_blocking(&entry);
        written.map_err(|reason| Failure::from(reason).during("record the act in the journal"))
    }

    /// Publishes what was written; it is durable already.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be published now; the next command does.
    pub(crate) fn close(self) -> Result<(), Failure> {
        Ok(self.journal.close()?)
    }
}

/// What an act is about, beside whom.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Deed<'a> {
    /// The code of what it is.
    pub(crate) what: u16,
    /// Numbers: of a merge, of rows.
    pub(crate) counts: &'a [u64],
    /// In words, never a personal value.
    pub(crate) note: &'a str,
    /// The act it belongs to.
    pub(crate) follows: Option<EntryRef>,
}
