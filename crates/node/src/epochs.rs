//! Epochs of the journal: when a new one begins, under which keys entries are written, when old keys go.

use honnin_journal::{AppendError, Entry, EpochKeys, Journal, Kind};
use honnin_keeper::{EpochKey, Keeper};
use honnin_terms::Moment;

use crate::Fault;

/// The epochs whose keys were not destroyed.
#[derive(Debug)]
pub struct Epochs {
    /// Their keys, oldest first; entries are written under the last.
    pub keys: Vec<EpochKeys>,
    /// The number of the last, where it began just now.
    began: Option<u32>,
}

/// The keys of every epoch that was not destroyed, oldest first.
///
/// # Errors
/// [`Fault`]; an alarm.
pub fn kept(keeper: &Keeper) -> Result<Vec<EpochKeys>, Fault> {
    let tenant = keeper.tenant();
    let keys = |epoch: EpochKey| {
        let EpochKey { number, pseudonyms, bodies } = epoch;
        EpochKeys { tenant, epoch: number, pseudonym: pseudonyms, body: bodies }
    };
    Ok(keeper.journal_epochs()?.into_iter().map(keys).collect())
}

impl Epochs {
    /// The epochs as they are to be used now: a new one is begun where the last is older than `longest_seconds`.
    ///
    /// # Errors
    /// [`Fault`] where the keyring cannot be read or written.
    pub fn at(keeper: &Keeper, now: Moment, longest_seconds: i64) -> Result<Self, Fault> {
        let before = keeper.journal_epochs()?.last().map(|epoch| epoch.number);
        let present = keeper.journal_epoch(now, longest_seconds)?.number;
        Ok(Self { keys: kept(keeper)?, began: (before != Some(present)).then_some(present) })
    }

    /// Whether one began.
    pub const fn has_begun(&self) -> bool {
        self.began.is_some()
    }

    /// Marks in the journal where the new epoch begins. A crash before it leaves an epoch without its mark, which
    /// nothing needs: every entry names its own epoch.
    ///
    /// # Errors
    /// [`AppendError`] where the journal takes no entry.
    pub fn mark(&self, journal: &Journal, now: Moment) -> Result<(), AppendError> {
        let Some(epoch) = self.began else { return Ok(()) };
        let marker = Entry::blank(Kind::EpochMarker, now, epoch);
        journal.append_blocking(&marker).map(|_| ())
    }
}
