//! What the operator does at the command line, written into the journal before it is done.
//!
//! Commands have a log of their own beside the server's, so that they work while it serves and while it does not. What
//! cannot be written down is not done.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use honnin_care::{Channel, Recorder};
use honnin_journal::{Act, AppendError, Details, Journal, Kind, Party, Pseudonym, Query, StartError};
use honnin_terms::{AccountId, Clock, EntryRef, Moment};

use super::Rooms;
use super::logs::{COMMANDS, epochs, followed, open_log};
use super::rooms::{SharedClock, entropy};
use super::witness::Written;
use crate::failure::Failure;

/// How often a log that another command has is asked for, and how long in between.
const TRIES: u32 = 100;
const AGAIN: Duration = Duration::from_millis(100);

/// The log of commands, open for one of them.
#[derive(Debug)]
pub(crate) struct Acts {
    journal: Arc<Journal>,
    recorder: Arc<Recorder>,
    witness: Arc<Written>,
    clock: SharedClock,
    operator: String,
}

/// Acts of operators that are about one account, in a day. Whoever needs more than that looks at what is going on.
pub(crate) const ACTS_A_DAY: usize = 50;
const DAY: i64 = 86_400;

/// How long a support case stands open at most, where nobody ends it: a command that is killed.
const CASE_SECONDS: i64 = 900;

impl Acts {
    /// Opens the log of commands under the name of whoever acts.
    ///
    /// # Errors
    /// [`Failure`] where it does not open: nothing may be done then.
    pub(crate) fn open(rooms: &Rooms, clock: Arc<dyn Clock>, operator: &str) -> Result<Self, Failure> {
        let Rooms { witness, .. } = rooms;
        let mut tries = 0;
        let journal = loop {
            match open_log(rooms, COMMANDS) {
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
        // Servers begin epochs; a command begins the first one only, where there is no server yet.
        let mut known = rooms.epochs()?;
        if known.is_empty() {
            known = epochs(rooms, &journal)?.keys;
        }
        let journal = Arc::new(journal);
        let recorder = Arc::new(Recorder::new(Arc::clone(&journal), known));
        witness.commands(Arc::clone(&recorder), operator);
        let witness = Arc::clone(witness);
        Ok(Self { journal, recorder, witness, clock: SharedClock(clock), operator: operator.to_owned() })
    }

    /// Writes an act down; it may be done once this has returned.
    ///
    /// # Errors
    /// [`Failure`] where the journal takes no entry: it may not be done.
    pub(crate) fn record(&self, kind: Kind, owner: Party<'_>, about: Deed<'_>) -> Result<EntryRef, Failure> {
        let Deed { what, counts, note, follows } = about;
        let details = Details { counts: counts.to_vec(), ..self.details(note) };
        let act = Act::new(kind, self.clock.0.now(), Party::Operator(&self.operator), owner, &details);
        self.within_bounds(owner, act.moment)?;
        self.write(Act { what, about: follows, ..act })
    }

    /// Opens a support case of whoever acts about that account: what is shown on it may be from then on, and until it ends.
    ///
    /// # Errors
    /// As [`Self::record`].
    pub(crate) fn open_case(&self, account: AccountId, note: &str) -> Result<EntryRef, Failure> {
        let details = self.details(note);
        let (now, viewer) = (self.clock.0.now(), Party::Agent(&self.operator));
        let act = Act::new(Kind::CaseOpened, now, viewer, Party::Account(account), &details);
        self.within_bounds(act.owner, now)?;
        self.write(Act { until: Some(now.plus_seconds(CASE_SECONDS)), ..act })
    }

    /// Ends a case: nothing more is shown on it. However many acts there were: none is to stand open for that.
    ///
    /// # Errors
    /// [`Failure`] where the journal takes no entry: the case ends by itself then.
    pub(crate) fn close_case(&self, account: AccountId, opened: EntryRef, note: &str) -> Result<(), Failure> {
        let details = self.details(note);
        let (now, viewer) = (self.clock.0.now(), Party::Agent(&self.operator));
        let act = Act::new(Kind::CaseClosed, now, viewer, Party::Account(account), &details);
        self.write(Act { about: Some(opened), ..act }).map(drop)
    }

    fn details(&self, note: &str) -> Details {
        Details { operator: self.operator.clone(), note: note.to_owned(), ..Details::default() }
    }

    /// This log with all others beside it, for the gate of a command that shows something. Under the keys the acts are
    /// written under, so that a look and its case name people alike.
    ///
    /// # Errors
    /// [`Failure`] where the keys or the other logs cannot be read.
    pub(crate) fn among_all(&self, rooms: &Rooms) -> Result<Recorder, Failure> {
        let newest = self.recorder.newest_epoch();
        let mut keys = rooms.epochs()?;
        keys.retain(|keys| keys.epoch <= newest);
        Ok(Recorder::among(followed(rooms, Arc::clone(&self.journal), newest)?, keys))
    }

    /// The log, for whoever has to know whether it takes entries.
    pub(crate) const fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    fn write(&self, act: Act<'_>) -> Result<EntryRef, Failure> {
        let act = Act { channel: Channel::Operator.code(), ..act };
        #[cfg(honnin_faults)]
        if honnin_terms::faults::UNWRITTEN_ACTS.is_on() {
            self.witness.wrote();
            return Ok(EntryRef { log: self.journal.log(), index: 0 });
        }
        let during = |reason: AppendError| Failure::from(reason).during("record the act in the journal");
        let entry = pollster::block_on(self.recorder.write(&act, &*entropy())).map_err(during)?;
        self.witness.wrote();
        Ok(entry)
    }

    /// Whether one more act may be about that account today, by what this log itself says of the day.
    fn within_bounds(&self, owner: Party<'_>, now: Moment) -> Result<(), Failure> {
        let Party::Account(account) = owner else { return Ok(()) };
        // An account is found in this log by its names of all epochs.
        let epochs = self.recorder.epochs();
        let names: Vec<Pseudonym> = epochs.iter().map(|keys| keys.account(account)).collect();
        let (from, to) = (now.plus_seconds(-DAY), now.plus_seconds(DAY));
        let query = Query { pseudonyms: &names, from, to, before: None, limit: ACTS_A_DAY };
        if self.journal.by_owner(&query)?.len() < ACTS_A_DAY {
            return Ok(());
        }
        Err(Failure::cannot(format_args!(
            "do this: {ACTS_A_DAY} acts of operators were about this account within a day, and no more are done; look \
             at `honnin journal acts`, or wait"
        )))
    }

    /// Publishes what was written; it is durable already.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be published now; the next command does.
    pub(crate) fn close(self) -> Result<(), Failure> {
        let Self { journal, recorder, witness, .. } = self;
        witness.closes();
        drop(recorder);
        match Arc::into_inner(journal) {
            Some(journal) => Ok(journal.close()?),
            None => Ok(()),
        }
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
