//! "Who saw" through merges: what was shown of an account's lines while they were another account's.
//!
//! Where lines went is read out of the journal's own entries. A row of the store can be deleted by whoever has the
//! database; an entry cannot.

use std::path::Path;
use std::sync::Arc;

use honnin_care::{AuditRow, Channel, What};
use honnin_journal::{Breach, Details, Entry, EpochKeys, Kind, Pseudonym, Trust, verify_each};
use honnin_terms::{AccountId, Basis, EntryRef, HoldingId, Moment};

/// Lines that were another account's for a time.
#[derive(Debug)]
pub(super) struct Merged {
    took: AccountId,
    /// The names of that account, by epoch.
    names: Vec<(u32, Pseudonym)>,
    from: Moment,
    to: Option<Moment>,
    /// What went; where there is none, more than an entry can name: then every line counts.
    holdings: Vec<HoldingId>,
    entry: EntryRef,
}

/// Where lines of an account went, and from there on.
///
/// # Errors
/// [`Breach`] where the journal does not verify: an answer without it could be too short.
pub(super) fn of(
    root: &Path,
    trust: &Trust,
    account: AccountId,
    epochs: &[Arc<EpochKeys>],
) -> Result<Vec<Merged>, Breach> {
    let mut merges: Vec<(AccountId, Merged)> = Vec::new();
    let mut ends: Vec<(EntryRef, Moment)> = Vec::new();
    verify_each(root, trust, None, &mut |at, entry| {
        if entry.kind == Kind::Merged {
            merges.extend(begun(at, entry, epochs));
        }
        if entry.kind == Kind::Unmerged {
            ends.extend(entry.about.zip(opened(entry, epochs).and_then(|details| details.at)));
        }
    })?;
    for (_, merged) in &mut merges {
        merged.to = ends.iter().find(|(ends, _)| *ends == merged.entry).map(|(_, at)| *at);
    }
    merges.sort_by_key(|(_, merged)| merged.from);
    let mut followed: Vec<Merged> = Vec::new();
    for (gave, merged) in merges {
        let went_on = |before: &Merged| before.took == gave && before.shares(&merged);
        if gave == account || followed.iter().any(went_on) {
            followed.push(merged);
        }
    }
    Ok(followed)
}

fn opened(entry: &Entry, epochs: &[Arc<EpochKeys>]) -> Option<Details> {
    epochs.iter().find(|keys| keys.epoch == entry.epoch).and_then(|keys| keys.open(entry).ok())
}

/// A merge as its entry has it; the keys of its epoch are there as long as anybody may ask.
fn begun(at: EntryRef, entry: &Entry, epochs: &[Arc<EpochKeys>]) -> Option<(AccountId, Merged)> {
    let Details { at: from, accounts, holdings, .. } = opened(entry, epochs)?;
    let [took, gave] = accounts[..] else { return None };
    let names = epochs.iter().map(|keys| (keys.epoch, keys.account(took))).collect();
    let from = from.unwrap_or(entry.moment);
    Some((gave, Merged { took, names, from, to: None, holdings, entry: at }))
}

impl Merged {
    fn has(&self, holding: &HoldingId) -> bool {
        self.holdings.is_empty() || self.holdings.contains(holding)
    }

    fn shares(&self, other: &Self) -> bool {
        self.holdings.is_empty()
            || other.holdings.is_empty()
            || other.holdings.iter().any(|one| self.has(one))
    }

    /// The disclosure, where it may have shown these lines while they were the other account's. Pages name the lines
    /// of who looks at them, so each of them counts; an answer of the API counts where it is about these lines.
    pub(super) fn row(&self, at: EntryRef, entry: &Entry, epochs: &[Arc<EpochKeys>]) -> Option<AuditRow> {
        let within = entry.moment >= self.from && self.to.is_none_or(|to| entry.moment <= to);
        let theirs = self.names.contains(&(entry.epoch, entry.owner));
        if entry.kind != Kind::Disclosure || !within || !theirs {
            return None;
        }
        let row = AuditRow::of(at, entry, epochs);
        let about = match (row.holding, row.channel) {
            (Some(holding), Some(Channel::Api)) => self.has(&holding),
            (None, Some(Channel::Api)) => row.what == Some(What::Me),
            (_, Some(Channel::Page | Channel::Operator) | None) => true,
        };
        about.then_some(AuditRow { own: false, basis: Basis::Grant(self.entry), ..row })
    }
}
