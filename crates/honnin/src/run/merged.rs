//! "Who saw" through merges: what was shown of an account's lines while they were another account's.

use std::sync::Arc;

use honnin_care::{AuditRow, Channel, What};
use honnin_journal::{Basis, Entry, EpochKeys, Kind, Pseudonym};
use honnin_store::MergeRow;
use honnin_terms::{AccountId, HoldingId, Moment};

use super::serve::runtime;
use crate::failure::Failure;
use crate::installation::Installation;
use crate::wiring::Rooms;

/// Merges that are looked through.
const MOST: usize = 100_000;

/// Lines that were another account's for a time.
#[derive(Debug)]
pub(super) struct Merged {
    took: AccountId,
    /// The names of that account, by epoch.
    names: Vec<(u32, Pseudonym)>,
    from: Moment,
    to: Option<Moment>,
    holdings: Vec<HoldingId>,
    entry: Option<u64>,
}

/// Where lines of an account went, and from there on.
///
/// # Errors
/// [`Failure`] where the store cannot be asked: an answer without it could be too short.
pub(super) fn of(
    installation: &Installation,
    account: AccountId,
    epochs: &[Arc<EpochKeys>],
) -> Result<Vec<Merged>, Failure> {
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    let permit = rooms.operate();
    let merges = runtime(1)?.block_on(async { rooms.store.merges(&permit, None, MOST).await })?;
    let mut followed: Vec<Merged> = Vec::new();
    for MergeRow { gave, took, at, undone_at, holdings, entry, .. } in merges.into_iter().rev() {
        let went_on = |before: &Merged| before.took == gave && holdings.iter().any(|one| before.has(one));
        if gave == account || followed.iter().any(went_on) {
            let names = epochs.iter().map(|keys| (keys.epoch, keys.account(took))).collect();
            followed.push(Merged { took, names, from: at, to: undone_at, holdings, entry });
        }
    }
    Ok(followed)
}

impl Merged {
    fn has(&self, holding: &HoldingId) -> bool {
        self.holdings.contains(holding)
    }

    /// The disclosure, where it may have shown these lines while they were the other account's. Pages name the lines
    /// of who looks at them, so each of them counts; an answer of the API counts where it is about these lines.
    pub(super) fn row(&self, index: u64, entry: &Entry, epochs: &[Arc<EpochKeys>]) -> Option<AuditRow> {
        let within = entry.moment >= self.from && self.to.is_none_or(|to| entry.moment <= to);
        let theirs = self.names.contains(&(entry.epoch, entry.owner));
        if entry.kind != Kind::Disclosure || !within || !theirs {
            return None;
        }
        let row = AuditRow::of(index, entry, epochs);
        let about = match (row.holding, row.channel) {
            (Some(holding), Some(Channel::Api)) => self.has(&holding),
            (None, Some(Channel::Api)) => row.what == Some(What::Me),
            (_, Some(Channel::Page | Channel::Operator) | None) => true,
        };
        let basis = self.entry.map_or(row.basis, Basis::Index);
        about.then_some(AuditRow { own: false, basis, ..row })
    }
}
