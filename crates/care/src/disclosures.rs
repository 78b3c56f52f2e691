//! Who was shown what: to the person herself, and to the operator's auditor.

use std::sync::Arc;

use honnin_access::{Owned, Session};
use honnin_journal::{Entry, EpochKeys, Journal, Kind, Pseudonym, Query, ReadError};
use honnin_terms::{AccountId, Basis, EntryRef, HoldingId, Moment};

use crate::care::{Care, Error, Visit};
use crate::facts::{DisclosureRow, Disclosures, Shown, Viewer};
use crate::{Channel, Disclosed, What};

/// Rows on one page.
const PAGE: usize = 50;

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotAnswerable { .. } => Self::Pruned,
            ReadError::NotWritten => Self::NotThere,
            ReadError::Busy => Self::Closed(honnin_terms::Mode::JournalFull),
            ReadError::NotPublished | ReadError::Io(_) => Self::Closed(honnin_terms::Mode::JournalFailed),
        }
    }
}

/// Which side of the disclosures an auditor asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditSide {
    /// Who saw this account's data.
    WhoSaw,
    /// What this account saw.
    SeenBy,
}

/// A disclosure as the auditor reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place in the journal.
    pub entry: EntryRef,
    /// When.
    pub at: Moment,
    /// Whether viewer and owner are the same account.
    pub own: bool,
    /// On what basis.
    pub basis: Basis,
    /// The viewer's pseudonym in its epoch.
    pub viewer: Pseudonym,
    /// The owner's pseudonym in its epoch.
    pub owner: Pseudonym,
    /// What; `None` for a code this build does not know.
    pub what: Option<What>,
    /// By which way; `None` for a code this build does not know.
    pub channel: Option<Channel>,
    /// The holding, where it was about one.
    pub holding: Option<HoldingId>,
}

/// Disclosures of one account in a period, newest first: at most `limit` before the entry `before`.
///
/// A page ends where the journal has no more, never because of what else stands between: entries of other kinds are
/// passed over by their place.
///
/// # Errors
/// [`ReadError::NotAnswerable`] where the period reaches into what was pruned: the answer is never "nobody".
pub fn audit(
    journal: &Journal,
    epochs: &[Arc<EpochKeys>],
    account: AccountId,
    side: AuditSide,
    period: (Moment, Moment),
    page: (Option<EntryRef>, usize),
) -> Result<Vec<AuditRow>, ReadError> {
    let pseudonyms: Vec<Pseudonym> = epochs.iter().map(|epoch| epoch.account(account)).collect();
    let ((from, to), (before, limit)) = (period, page);
    let mut before = before.map(|entry| entry.index);
    let mut rows = Vec::new();
    while rows.len() < limit {
        let query = Query { pseudonyms: &pseudonyms, from, to, before, limit };
        let found = match side {
            AuditSide::WhoSaw => journal.by_owner(&query)?,
            AuditSide::SeenBy => journal.by_viewer(&query)?,
        };
        for index in &found {
            let entry = journal.read_at(*index)?;
            if entry.kind == Kind::Disclosure && rows.len() < limit {
                rows.push(AuditRow::of(EntryRef { log: journal.log(), index: *index }, &entry, epochs));
            }
        }
        match found.last() {
            Some(last) if found.len() == limit => before = Some(*last),
            _ => break,
        }
    }
    Ok(rows)
}

impl AuditRow {
    /// A disclosure of the journal; its details are opened where its epoch's keys are among those given.
    pub fn of(at: EntryRef, entry: &Entry, epochs: &[Arc<EpochKeys>]) -> Self {
        let epoch = epochs.iter().find(|epoch| epoch.epoch == entry.epoch);
        let details = epoch.and_then(|epoch| epoch.open(entry).ok());
        Self {
            entry: at,
            at: entry.moment,
            own: entry.viewer == entry.owner,
            basis: entry.basis,
            viewer: entry.viewer,
            owner: entry.owner,
            what: What::from_code(entry.what),
            channel: Channel::from_code(entry.channel),
            holding: details.and_then(|details| details.holding),
        }
    }
}

impl Care {
    /// The account's disclosures, newest first; `before` is where an earlier page ended.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn disclosures(
        &self,
        visit: Visit<'_>,
        before: Option<EntryRef>,
    ) -> Result<Disclosed<Shown<Disclosures>>, Error> {
        let facts = self.own_disclosures(visit.session, before, PAGE).await?;
        self.show(visit, What::Disclosures, facts).await
    }

    /// At most so many of the account's disclosures below an index.
    pub(crate) async fn own_disclosures(
        &self,
        session: &Session,
        before: Option<EntryRef>,
        most: usize,
    ) -> Result<Owned<Disclosures>, Error> {
        let permit = self.account_permit(session)?;
        let (journal, epochs) = (self.parts.gate.journal(), self.parts.gate.epochs());
        let (since, account) = (journal.answerable_since(), session.account());
        let period = (since.unwrap_or(Moment::EPOCH), session.at().plus_seconds(1));
        let page = (before, most.saturating_add(1));
        // It reads files: on a thread that answers requests everybody else would wait for the disk.
        let question = move || audit(&journal, &epochs, account, AuditSide::WhoSaw, period, page);
        let rows = self.parts.gate.desk().ask(question).await??;
        let last = most.checked_sub(1).and_then(|last| rows.get(last));
        let next_before = last.filter(|_| rows.len() > most).map(|row| row.entry);
        let rows = rows.iter().take(most).map(disclosure).collect();
        Ok(Owned::of_permit(&permit, Disclosures { rows, next_before, answerable_since: since }))
    }
}

fn disclosure(row: &AuditRow) -> DisclosureRow {
    DisclosureRow {
        entry: row.entry,
        at: row.at,
        viewer: match row.basis {
            Basis::Own => Viewer::Myself,
            Basis::Grant(entry) => Viewer::Granted(entry),
            Basis::Case(entry) => Viewer::Agent(entry),
        },
        what: row.what.map_or("other", What::word),
        line: row.holding,
        channel: row.channel.map_or("other", Channel::word),
    }
}
