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

use crate::duty::{Duties, Duty, OnDuty};
use crate::{Fault, kept, request};

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

/// What the journal is owed, one after the other.
pub(crate) trait Owing: Sync {
    /// What one entry is about.
    type Item: Send;
    /// What is owed next, as the store has it now.
    fn next(&self) -> impl Future<Output = Result<Option<Self::Item>, Fault>> + Send;
    /// Writes it into this node's log, then notes in the store that it is written; how many entries.
    fn write(&self, item: Self::Item) -> impl Future<Output = Result<u64, Fault>> + Send;
}

/// Writes what is owed, unless somebody else is at it; how many entries.
///
/// Before each entry the claim is taken anew and the store is asked what is owed: whoever stood still in between goes on
/// by what is so now.
pub(crate) async fn pay(duties: Duties<'_>, duty: Duty, owing: &impl Owing) -> Result<u64, Fault> {
    if owing.next().await?.is_none() {
        return Ok(0);
    }
    let Some(on) = duties.claim(duty).await? else { return Ok(0) };
    let written = under(duties, duty, &on, owing).await;
    // Also where it failed: whoever comes next need not wait for the claim to lapse.
    duties.done(duty, on, 0).await?;
    written
}

async fn under(duties: Duties<'_>, duty: Duty, on: &OnDuty, owing: &impl Owing) -> Result<u64, Fault> {
    let mut written = 0;
    while owing.next().await?.is_some() && duties.still(duty, on).await? {
        // While it was not known whether the claim stands, whoever had it before may have written.
        let Some(item) = owing.next().await? else { break };
        written += owing.write(item).await?;
    }
    Ok(written)
}

/// Writes what the journal does not know yet, unless somebody else is at it; how many entries.
///
/// # Errors
/// [`Fault`]; what was written is noted, the rest is tried again.
pub async fn journal_merges(owed: Owed<'_>, permit: &Permit<Operate>) -> Result<u64, Fault> {
    let Owed { store, node, clock, entropy, .. } = owed;
    let duties = Duties { rows: store, authority: node, clock, entropy };
    pay(duties, Duty::ENTRIES, &Merges { owed, permit }).await
}

struct Merges<'a> {
    owed: Owed<'a>,
    permit: &'a Permit<Operate>,
}

impl Owing for Merges<'_> {
    type Item = MergeRow;

    async fn next(&self) -> Result<Option<MergeRow>, Fault> {
        Ok(self.owed.store.unjournaled_merges(self.permit, 1).await?.pop())
    }

    async fn write(&self, merge: MergeRow) -> Result<u64, Fault> {
        let (Owed { logs, keeper, store, node, entropy, .. }, permit) = (self.owed, self.permit);
        let epochs = kept(store, &node.keep(permit.at(), request(entropy)), keeper).await?;
        let undoes = merge.entry;
        let entry = append((logs, entropy), &epochs, &merge, undoes, permit.at()).await?;
        // A merge that was undone since is owed another entry, and comes next.
        store.note_entry(permit, merge.merge, undoes.is_some(), entry).await?;
        Ok(1)
    }
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
