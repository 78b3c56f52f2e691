//! Merges of accounts, and their undoing, into the journal: written by whoever has it open, the running server or the
//! command itself.
//!
//! The store holds a merge and that the journal does not know it yet in one transaction; what is written twice because
//! of a crash in between is the same entry twice, never none.

use honnin_access::{Operate, Permit};
use honnin_care::{Channel, What};
use honnin_journal::{Act, Details, EpochKeys, Journal, Kind, MOST_LISTED, Party};
use honnin_keeper::Keeper;
use honnin_store::{MergeRow, Store};
use honnin_terms::{Entropy, EntryRef, Moment};

use crate::{Fault, kept};

/// Merges looked at in one pass.
const MOST: usize = 100;

/// Writes what the journal does not know yet; how many entries.
///
/// # Errors
/// [`Fault`]; what was written is noted, the rest is tried again.
pub async fn journal_merges(
    journal: &Journal,
    keeper: &Keeper,
    store: &dyn Store,
    entropy: &dyn Entropy,
    permit: &Permit<Operate>,
) -> Result<u64, Fault> {
    let waiting = store.unjournaled_merges(permit, MOST).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let epochs = kept(keeper)?;
    let mut written = 0;
    for merge in waiting {
        let entry = if let Some(entry) = merge.entry {
            entry
        } else {
            let entry = append((journal, entropy), &epochs, &merge, None, permit.at()).await?;
            store.note_entry(permit, merge.merge, false, entry).await?;
            written += 1;
            entry
        };
        if merge.undone_at.is_some() && merge.undone_entry.is_none() {
            let undone = append((journal, entropy), &epochs, &merge, Some(entry), permit.at()).await?;
            store.note_entry(permit, merge.merge, true, undone).await?;
            written += 1;
        }
    }
    Ok(written)
}

async fn append(
    (journal, entropy): (&Journal, &dyn Entropy),
    epochs: &[EpochKeys],
    merge: &MergeRow,
    undoes: Option<EntryRef>,
    now: Moment,
) -> Result<EntryRef, Fault> {
    // The end of a merge bears the names of its beginning, so that both can be compared without any key.
    let of_merge = undoes.and_then(|entry| journal.read(entry).ok()).map(|entry| entry.epoch);
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
    Ok(journal.append(&entry).await?)
}
