//! Merges of accounts, and their undoing, into the journal: written by whoever has a log open and is first to claim it, one
//! of the nodes or the command itself.
//!
//! The store holds a merge and that the journal does not know it yet in one transaction; what is written twice because
//! of a crash in between is the same entry twice, never none.

use std::fmt;

use honnin_access::{NodeAuthority, Operate, Permit};
use honnin_care::{Channel, What};
use honnin_journal::{Act, Details, EpochKeys, Kind, Logs, MOST_LISTED, Party};
use honnin_keeper::Keeper;
use honnin_store::{MergeRow, Store};
use honnin_terms::{Clock, Entropy, EntryRef, Moment};

use crate::duty::{Duties, Duty};
use crate::{Fault, kept, request};

/// Merges looked at in one pass.
const MOST: usize = 100;

/// With what it is done.
#[derive(Clone, Copy)]
pub struct Owed<'a> {
    /// The log it is written into, and those in which the beginning of a merge may stand.
    pub logs: &'a Logs,
    /// The keys.
    pub keeper: &'a Keeper,
    /// Where merges stand.
    pub store: &'a dyn Store,
    /// Permits for what nodes agree by.
    pub node: &'a NodeAuthority,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Randomness.
    pub entropy: &'a dyn Entropy,
}

impl fmt::Debug for Owed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owed(..)")
    }
}

/// Writes what the journal does not know yet, unless somebody else is at it; how many entries.
///
/// # Errors
/// [`Fault`]; what was written is noted, the rest is tried again.
pub async fn journal_merges(owed: Owed<'_>, permit: &Permit<Operate>) -> Result<u64, Fault> {
    let Owed { store, node, clock, entropy, .. } = owed;
    if store.unjournaled_merges(permit, 1).await?.is_empty() {
        return Ok(0);
    }
    let duties = Duties { rows: store, authority: node, clock, entropy };
    let Some(on) = duties.claim(Duty::ENTRIES).await? else { return Ok(0) };
    let written = write(owed, permit).await;
    // Also where it failed: whoever comes next need not wait for the claim to lapse.
    duties.done(Duty::ENTRIES, on, 0).await?;
    written
}

async fn write(owed: Owed<'_>, permit: &Permit<Operate>) -> Result<u64, Fault> {
    let Owed { logs, keeper, store, node, entropy, .. } = owed;
    let waiting = store.unjournaled_merges(permit, MOST).await?;
    let epochs = kept(store, &node.keep(permit.at(), request(entropy)), keeper).await?;
    let mut written = 0;
    for merge in waiting {
        let entry = if let Some(entry) = merge.entry {
            entry
        } else {
            let entry = append((logs, entropy), &epochs, &merge, None, permit.at()).await?;
            store.note_entry(permit, merge.merge, false, entry).await?;
            written += 1;
            entry
        };
        if merge.undone_at.is_some() && merge.undone_entry.is_none() {
            let undone = append((logs, entropy), &epochs, &merge, Some(entry), permit.at()).await?;
            store.note_entry(permit, merge.merge, true, undone).await?;
            written += 1;
        }
    }
    Ok(written)
}

async fn append(
    (logs, entropy): (&Logs, &dyn Entropy),
    epochs: &[EpochKeys],
    merge: &MergeRow,
    undoes: Option<EntryRef>,
    now: Moment,
) -> Result<EntryRef, Fault> {
    // The end of a merge bears the names of its beginning, so that both can be compared without any key.
    let of_merge = undoes.and_then(|entry| logs.read(entry).ok()).map(|entry| entry.epoch);
    let epoch = epochs.iter().find(|keys| Some(keys.epoch) == of_merge).or_else(|| epochs.last());
    let epoch = epoch.ok_or(Fault::NoEpoch)?;
    let at = if undoes.is_some() { merge.undone_at.unwrap_or(merge.at) } else { merge.at };
    // Who asks the journal later follows the lines by what stands here, not by rows of the store. Where there are more
    // than an entry holds none is named, and every look of the other account counts.
    let holdings = if merge.holdings.len() <= MOST_LISTED { merge.holdings.clone() } else { Vec::new() };
    let details = Details {
        at: Some(at),
        accounts: vec![merge.took, merge.gave],
        holdings,
        counts: vec![merge.merge],
        ..Details::default()
    };
    let kind = if undoes.is_some() { Kind::Unmerged } else { Kind::Merged };
    let act = Act::new(kind, now, Party::Account(merge.took), Party::Account(merge.gave), &details);
    let (what, channel) = (What::Merge.code(), Channel::Operator.code());
    let entry = epoch.seal(&Act { about: undoes, what, channel, ..act }, entropy)?;
    Ok(logs.own().append(&entry).await?)
}
