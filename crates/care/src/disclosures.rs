//! Who was shown what: to the person herself, and to the operator's auditor.

use std::sync::Arc;

use honnin_access::{Owned, Session, Source};
use honnin_journal::{Asking, Entry, EpochKeys, Kind, Logs, Pseudonym, ReadError};
use honnin_terms::{AccountId, Basis, EntryRef, HoldingId, Moment, Zone};

use crate::care::{Care, Error, Visit};
use crate::facts::{ActRow, BADGE_DAYS, DisclosureRow, Disclosures, Others, Shown, Viewer};
use crate::strays::{STOPPED, STRAYED};
use crate::{Channel, Disclosed, Share, What};

/// How much is gathered beside an account's looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gathers {
    /// Acts.
    acts: usize,
    /// Sign-ins that failed.
    failures: usize,
    /// Looks by others, one by one; of more than these the number is said.
    others: usize,
}

impl Gathers {
    /// What a page shows.
    pub(crate) const PAGE: Self = Self { acts: 20, failures: 500, others: 100 };
    /// What an export holds.
    pub(crate) const EXPORT: Self = Self { acts: 10_000, failures: 10_000, others: 10_000 };
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotAnswerable { .. } => Self::Pruned,
            ReadError::NotWritten => Self::NotThere,
            ReadError::Busy => Self::Busy,
            ReadError::NotPublished | ReadError::Io(_) => Self::Closed(honnin_terms::Mode::JournalFailed),
        }
    }
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
    /// Whether it was in a session on a device the account had not been used from before.
    pub new_device: bool,
}

/// Disclosures of whoever has these names, in a period, newest first: at most `limit` before the entry `before`.
///
/// A page ends where the journal has no more, never because of what else stands between: entries of other kinds are
/// passed over by their place.
///
/// # Errors
/// [`ReadError::NotAnswerable`] where the period reaches into what was pruned: the answer is never "nobody".
fn looks(
    logs: &Logs,
    epochs: &[Arc<EpochKeys>],
    names: &[Pseudonym],
    (from, to): (Moment, Moment),
    (mut before, limit): (Option<EntryRef>, usize),
) -> Result<Vec<AuditRow>, ReadError> {
    let mut rows = Vec::new();
    while rows.len() < limit {
        let found = logs.by_owner(&Asking { names, from, to, before, limit })?;
        for at in &found {
            let entry = logs.read(*at)?;
            if entry.kind == Kind::Disclosure && rows.len() < limit {
                rows.push(AuditRow::of(*at, &entry, epochs));
            }
        }
        match found.last() {
            Some(last) if found.len() == limit => before = Some(*last),
            _ => break,
        }
    }
    Ok(rows)
}

/// What the account is called in each epoch.
fn pseudonyms(epochs: &[Arc<EpochKeys>], account: AccountId) -> Vec<Pseudonym> {
    epochs.iter().map(|epoch| epoch.account(account)).collect()
}

/// Looks by others than the account itself.
fn looks_by_others(
    logs: &Logs,
    epochs: &[Arc<EpochKeys>],
    names: &[Pseudonym],
    from: Moment,
    most: usize,
) -> Result<Option<Others>, ReadError> {
    let Some((newest, count)) = logs.looks_by_others(names, from, most) else { return Ok(None) };
    let mut others = Others { rows: Vec::new(), count };
    for at in newest {
        others.rows.push(disclosure(&AuditRow::of(at, &logs.read(at)?, epochs)));
    }
    Ok(Some(others))
}

/// The newest acts on an account, in all logs. Sign-ins that failed stand among them, those of a day as one row that
/// names neither source nor way.
///
/// # Errors
/// [`ReadError`] where one of them cannot be read: the answer is never "nothing was done".
fn acts(
    logs: &Logs,
    epochs: &[Arc<EpochKeys>],
    names: &[Pseudonym],
    (from, to): (Moment, Moment),
    (gathers, zone): (Gathers, &Zone),
) -> Result<Vec<ActRow>, ReadError> {
    let asking = |limit: usize| Asking { names, from, to, before: None, limit };
    let mut rows = Vec::new();
    for at in logs.acts_on(&asking(gathers.acts))? {
        rows.push(act_of(&logs.read(at)?, epochs));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.at));
    rows.truncate(gathers.acts);
    let failed = logs.failures_on(&asking(gathers.failures.saturating_add(1)))?;
    rows.extend(failed_by_day(&failed, gathers.failures, zone));
    rows.sort_by_key(|row| std::cmp::Reverse(row.at));
    Ok(rows)
}

/// The newest of the sign-ins that failed, as a row for each day. Where there were more, that is said of the oldest day.
fn failed_by_day(failed: &[Moment], most: usize, zone: &Zone) -> Vec<ActRow> {
    let shown = failed.get(..most).unwrap_or(failed);
    let days = shown.chunk_by(|one, next| zone.day(*one) == zone.day(*next));
    let mut rows: Vec<ActRow> = days
        .filter_map(|day| {
            Some(ActRow {
                at: *day.first()?,
                act: Kind::SignInFailed.row().word,
                by_operator: false,
                new_device: false,
                times: u64::try_from(day.len()).unwrap_or(u64::MAX),
                and_more: false,
            })
        })
        .collect();
    if let Some(oldest) = rows.last_mut() {
        oldest.and_more = failed.len() > most;
    }
    rows
}

fn act_of(entry: &Entry, epochs: &[Arc<EpochKeys>]) -> ActRow {
    let keys = epochs.iter().find(|keys| keys.epoch == entry.epoch);
    let details = keys.and_then(|keys| keys.open(entry).ok()).unwrap_or_default();
    let is_stopped = entry.kind == Kind::SessionEnded && details.note == STRAYED;
    ActRow {
        at: entry.moment,
        act: if is_stopped { STOPPED } else { entry.kind.row().word },
        by_operator: entry.channel == Channel::Operator.code(),
        new_device: details.new_device && entry.kind == Kind::SignedIn,
        times: 1,
        and_more: false,
    }
}

impl AuditRow {
    /// A disclosure of the journal; its details are opened where its epoch's keys are among those given.
    pub fn of(at: EntryRef, entry: &Entry, epochs: &[Arc<EpochKeys>]) -> Self {
        let epoch = epochs.iter().find(|epoch| epoch.epoch == entry.epoch);
        let details = epoch.and_then(|epoch| epoch.open(entry).ok()).unwrap_or_default();
        Self {
            entry: at,
            at: entry.moment,
            own: entry.viewer == entry.owner,
            basis: entry.basis,
            viewer: entry.viewer,
            owner: entry.owner,
            what: What::from_code(entry.what),
            channel: Channel::from_code(entry.channel),
            holding: details.holding,
            new_device: details.new_device,
        }
    }
}

impl Care {
    /// At most so many of the account's disclosures, newest first; `before` is where an earlier page ended.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn disclosures(
        &self,
        visit: Visit<'_>,
        source: Source,
        before: Option<EntryRef>,
        most: usize,
    ) -> Result<Disclosed<Shown<Disclosures>>, Error> {
        let gathers = (visit.channel == Channel::Page).then_some(Gathers::PAGE);
        let share = self.parts.gate.share(visit.session.account(), source)?;
        let facts = self.own_disclosures(visit.session, before, most, (gathers, Some(share))).await?;
        self.show(visit, What::Disclosures, facts).await
    }

    /// At most so many of the account's disclosures below an index. Acts and looks by others are gathered
    /// where they are asked for. The share goes with the question, also where nobody waits for the answer any more.
    pub(crate) async fn own_disclosures(
        &self,
        session: &Session,
        before: Option<EntryRef>,
        most: usize,
        (gathers, share): (Option<Gathers>, Option<Share>),
    ) -> Result<Owned<Disclosures>, Error> {
        let permit = self.account_permit(session)?;
        let (logs, epochs) = (Arc::clone(self.parts.gate.logs()), self.parts.gate.epochs());
        let (since, account) = (logs.answerable_since(), session.account());
        let period = (since.unwrap_or(Moment::EPOCH), session.at().plus_seconds(1));
        let page = (before, most.saturating_add(1));
        // It reads files: on a thread that answers requests everybody else would wait for the disk.
        let zone = self.zone().clone();
        let question = move || {
            let _share = share;
            logs.refresh(epochs.last().map_or(0, |keys| keys.epoch))?;
            let names = pseudonyms(&epochs, account);
            let rows = looks(&logs, &epochs, &names, period, page)?;
            let Some(gathers) = gathers else { return Ok((rows, Vec::new(), None)) };
            let acts = match before {
                None => acts(&logs, &epochs, &names, period, (gathers, &zone))?,
                Some(_) => Vec::new(),
            };
            let others = looks_by_others(&logs, &epochs, &names, period.0, gathers.others)?;
            Ok::<_, ReadError>((rows, acts, others))
        };
        let (rows, acts, others) = self.parts.gate.desk().ask(question).await??;
        let last = most.checked_sub(1).and_then(|last| rows.get(last));
        let next_before = last.filter(|_| rows.len() > most).map(|row| row.entry);
        let rows = rows.iter().take(most).map(disclosure).collect();
        let facts = Disclosures { rows, acts, next_before, answerable_since: since, others };
        Ok(Owned::of_permit(&permit, facts))
    }

    /// How often somebody else was shown data of the account in the last days; `None` where that is not known. It is
    /// counted in memory and reads nothing.
    pub(crate) fn seen_by_others(&self, session: &Session) -> Option<u64> {
        let (logs, from) = (self.parts.gate.logs(), session.at().plus_seconds(-BADGE_DAYS * 86_400));
        // Of a time whose records are gone it is not said that nobody looked.
        if logs.answerable_since().is_some_and(|since| from < since) {
            return None;
        }
        let names = pseudonyms(&self.parts.gate.epochs(), session.account());
        logs.by_others(&names, from)
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
        new_device: row.new_device,
    }
}
