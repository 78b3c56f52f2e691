//! One account: what is stored of it and what the ledger now says become what is stored next.

use std::collections::BTreeMap;

use honnin_access::{Append, Document, Permit};
use honnin_keeper::{AccountKeys, Keeper};
use honnin_store::document::{Bills, Line, LineEntry, Profile};
use honnin_store::{AccountUpdate, DirectoryRow, StoredAccount, StoredDocument};
use honnin_terms::{AccountId, HoldingId, Moment};
use serde::Serialize;

use crate::facts::event::{AccountFact, Fact};
use crate::facts::fault::{Fault, Reason};
use crate::facts::item::Item;
use crate::facts::ledger::Ledger;
use crate::facts::merge_bills::BillsMerge;
use crate::facts::merge_line::LineMerge;
use crate::facts::moves::Moves;
use crate::facts::records::{Known, Record, Records};
use crate::facts::share;
use crate::facts::snapshot;
use crate::facts::take::FactsError;

/// What all accounts of a run share.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) keeper: &'a Keeper,
    pub(crate) permit: &'a Permit<Append>,
    pub(crate) moves: &'a Moves,
    /// When the ledger said what rows without a time of their own say.
    pub(crate) as_of: Moment,
    /// Whether the ledger gave that moment, or it is only the time of the run.
    pub(crate) as_of_said: bool,
    /// The feed's position the documents will be committed at.
    pub(crate) position: u64,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its content was new.
    Taken,
    /// Its content was known.
    Repeated,
    /// It was not taken.
    Refused(Fault),
}

/// How a row that replaces another stands to it.
pub(crate) fn compare(same: bool, new: Moment, old: Moment, ground: &Ground<'_>) -> Verdict {
    // A row of an earlier moment than what is stored was taken before, or is out of date: nothing changes.
    let older = new < old;
    let no_newer = new == old || !ground.as_of_said;
    if older || (same && no_newer) { Verdict::Repeated } else { Verdict::Taken }
}

/// What changes by an account's rows.
pub(crate) struct Merged {
    pub(crate) update: Option<AccountUpdate>,
    pub(crate) directory: Vec<DirectoryRow>,
    /// One for each item, in their order.
    pub(crate) verdicts: Vec<Verdict>,
}

/// The stored documents of an account.
pub(crate) struct Stored<'a>(&'a [StoredDocument]);

impl Stored<'_> {
    /// Opens the document of that place, where there is one.
    pub(crate) fn open<D: Document>(
        &self,
        keys: &AccountKeys<'_>,
        holding: Option<HoldingId>,
        row: &[u8],
    ) -> Result<Option<D>, FactsError> {
        let fits = |key: &honnin_store::DocumentKey| {
            key.holding == holding && key.kind == D::KIND && key.row.as_slice() == row
        };
        let found = self.0.iter().find(|document| fits(&document.key));
        Ok(found.map(|document| keys.open(document)).transpose()?)
    }
}

/// Documents sealed so far.
pub(crate) struct Sealing<'a, 'k> {
    pub(crate) keys: &'a AccountKeys<'k>,
    pub(crate) position: u64,
    pub(crate) documents: Vec<StoredDocument>,
}

impl Sealing<'_, '_> {
    /// Seals a document where it differs from what is stored.
    pub(crate) fn add<D: Document + Serialize + PartialEq>(
        &mut self,
        holding: Option<HoldingId>,
        row: &[u8],
        before: Option<&D>,
        now: &D,
    ) -> Result<(), FactsError> {
        if before != Some(now) {
            self.documents.push(self.keys.seal(holding, row, now, self.position)?);
        }
        Ok(())
    }
}

struct AccountMerge<'a> {
    ground: Ground<'a>,
    keys: AccountKeys<'a>,
    stored: Stored<'a>,
    profile_before: Option<Profile>,
    profile: Option<Profile>,
    lines: BTreeMap<HoldingId, LineMerge>,
    bills: BillsMerge,
    directory: Vec<DirectoryRow>,
}

/// Merges the items of one account, which are in the order of their kinds.
pub(crate) fn merge(
    ground: Ground<'_>,
    account: AccountId,
    stored: Option<&StoredAccount>,
    items: &[Item],
    recorded: &[Option<Record>],
    records: &mut Records,
) -> Result<Merged, FactsError> {
    let named = items.iter().any(|item| matches!(item.fact, Fact::Account(_)));
    if stored.is_none() && !named {
        let refused = Verdict::Refused(Fault::of_row(Reason::UnknownAccount));
        return Ok(Merged { update: None, directory: Vec::new(), verdicts: vec![refused; items.len()] });
    }
    let mut merge = AccountMerge::open(ground, account, stored)?;
    let snapshots = snapshot::newest(items);
    let mut verdicts = Vec::with_capacity(items.len());
    for (item, record) in items.iter().zip(recorded) {
        verdicts.push(merge.apply(item, *record, records)?);
    }
    merge.settle_snapshots(snapshots, &mut verdicts);
    let (update, directory) = merge.finish(account)?;
    Ok(Merged { update, directory, verdicts })
}

impl<'a> AccountMerge<'a> {
    fn open(
        ground: Ground<'a>,
        account: AccountId,
        stored: Option<&'a StoredAccount>,
    ) -> Result<Self, FactsError> {
        let keys = match stored {
            Some(stored) => ground.keeper.open_account(ground.permit, stored)?,
            None => ground.keeper.new_account(ground.permit, account)?,
        };
        let stored = Stored(stored.map_or(&[], |stored| stored.documents.as_slice()));
        let profile: Option<Profile> = stored.open(&keys, None, &[])?;
        let bills: Option<Bills> = stored.open(&keys, None, &[])?;
        let mut lines = BTreeMap::new();
        for entry in profile.iter().flat_map(|profile| &profile.lines) {
            if let Some(line) = stored.open::<Line>(&keys, Some(entry.holding), &[])? {
                lines.insert(entry.holding, LineMerge::of_stored(entry, line));
            }
        }
        let bills = BillsMerge::new(bills);
        Ok(Self {
            ground,
            keys,
            stored,
            profile_before: profile.clone(),
            profile,
            lines,
            bills,
            directory: Vec::new(),
        })
    }

    fn apply(
        &mut self,
        item: &Item,
        record: Option<Record>,
        records: &mut Records,
    ) -> Result<Verdict, FactsError> {
        let ground = self.ground;
        let no_line = Ok(Verdict::Refused(Fault::of_row(Reason::UnknownLine)));
        if let (Some(profile), Some(name)) = (&self.profile, item.fact.account())
            && profile.login != name
        {
            // Width and case do not matter to who signs in; to the ledger these may be two people. Which of them is
            // meant is not guessed.
            return Ok(Verdict::Refused(Fault::of_field(Reason::Conflict, "account")));
        }
        match &item.fact {
            Fact::Account(fact) => Ok(self.account(fact)),
            Fact::Holding(fact) => {
                let Some(holding) = item.holding else { return no_line };
                self.keys.ensure(Some(holding))?;
                let line = self.lines.entry(holding).or_insert_with(|| LineMerge::new(fact, &ground));
                let rows = line.contract(fact, &ground);
                let verdict = if rows.is_some() { Verdict::Taken } else { Verdict::Repeated };
                // The directory says what the ledger says, so that it is right again when a merge is undone.
                let account = ground.moves.home(holding).unwrap_or(item.account);
                for (key, held) in rows.unwrap_or_default() {
                    self.directory.push(DirectoryRow { key, holding, account, held });
                }
                Ok(verdict)
            }
            // Buckets are judged all together when every row of the line is known; notices are nobody's.
            Fact::Bucket(_) | Fact::Notice(_) => Ok(Verdict::Repeated),
            Fact::Usage(fact) => {
                let Some(holding) = item.holding else { return no_line };
                let Some(line) = self.lines.get_mut(&holding) else { return no_line };
                let (keys, stored) = (&self.keys, &self.stored);
                once(records, record, || {
                    line.usage(fact, &ground, |row| stored.open(keys, Some(holding), row))
                })
            }
            Fact::Purchase(fact) => {
                let Some(holding) = item.holding else { return no_line };
                let Some(line) = self.lines.get_mut(&holding) else { return no_line };
                let (keys, stored) = (&self.keys, &self.stored);
                once(records, record, || {
                    line.purchase(fact, &ground, || stored.open(keys, Some(holding), &[]))
                })
            }
            Fact::Bill(fact) => Ok(self.bills.bill(fact, &ground)),
            Fact::BillLine(fact) => Ok(self.bills.line(fact, &ground)),
        }
    }

    fn account(&mut self, fact: &AccountFact) -> Verdict {
        let AccountFact { account, name, name_kana, mail, born_on, registered_on, as_of } = fact.clone();
        let before = self.profile.take();
        let (lines, latest_bill) =
            before.as_ref().map(|p| (p.lines.clone(), p.latest_bill.clone())).unwrap_or_default();
        let profile = Profile {
            as_of: as_of.unwrap_or(self.ground.as_of),
            source: self.ground.ledger.source.clone(),
            login: account,
            name,
            reading: name_kana,
            mail,
            born_on,
            registered_on,
            lines,
            latest_bill,
        };
        let verdict = before.as_ref().map_or(Verdict::Taken, |before| {
            let same = Profile { as_of: before.as_of, ..profile.clone() } == *before;
            compare(same, profile.as_of, before.as_of, &self.ground)
        });
        self.profile = if verdict == Verdict::Taken { Some(profile) } else { before };
        verdict
    }

    fn settle_snapshots(
        &mut self,
        snapshots: BTreeMap<HoldingId, snapshot::Snapshot<'_>>,
        verdicts: &mut [Verdict],
    ) {
        let keeper = self.ground.keeper;
        for (holding, snapshot) in snapshots {
            let places: Vec<usize> = snapshot.places();
            let found = match self.lines.get_mut(&holding) {
                Some(line) => line.buckets(holding, &snapshot, keeper),
                None => vec![Verdict::Refused(Fault::of_row(Reason::UnknownLine)); places.len()],
            };
            for (place, verdict) in places.into_iter().zip(found) {
                if let Some(slot) = verdicts.get_mut(place) {
                    *slot = verdict;
                }
            }
        }
    }

    fn finish(
        mut self,
        account: AccountId,
    ) -> Result<(Option<AccountUpdate>, Vec<DirectoryRow>), FactsError> {
        share::join(&mut self.lines, &self.ground);
        let (account_key, subject_keys) = self.keys.take_new();
        let mut sealing = Sealing { keys: &self.keys, position: self.ground.position, documents: Vec::new() };
        if let Some(mut profile) = self.profile {
            profile.lines = self.lines.iter().map(|(holding, line)| line.entry(*holding)).collect();
            profile.lines.sort_by_key(|LineEntry { holding, held, .. }| (held.from, *holding));
            profile.latest_bill = self.bills.latest().or(profile.latest_bill);
            sealing.add(None, &[], self.profile_before.as_ref(), &profile)?;
        }
        self.bills.seal(&mut sealing)?;
        for (holding, line) in &self.lines {
            line.seal(*holding, &mut sealing)?;
        }
        let documents = sealing.documents;
        let changed = account_key.is_some() || !subject_keys.is_empty() || !documents.is_empty();
        let update = changed.then_some(AccountUpdate { account, account_key, subject_keys, documents });
        Ok((update, self.directory))
    }
}

/// Takes a record that may be taken once.
fn once(
    records: &mut Records,
    record: Option<Record>,
    take: impl FnOnce() -> Result<(), FactsError>,
) -> Result<Verdict, FactsError> {
    let Some(record) = record else { return Ok(Verdict::Repeated) };
    match records.known(record) {
        Known::Same => Ok(Verdict::Repeated),
        Known::Other => Ok(Verdict::Refused(Fault::of_row(Reason::Conflict))),
        Known::New => {
            take()?;
            records.take(record);
            Ok(Verdict::Taken)
        }
    }
}
