//! One account: what is stored of it and what the ledger now says become what is stored next.

use std::collections::BTreeMap;

use honnin_access::{Append, Document, Permit};
use honnin_keeper::{AccountKeys, Keeper};
use honnin_store::document::{Bills, Line, LineEntry, LostLine, Profile};
use honnin_store::{AccountUpdate, DirectoryRow, StoredAccount, StoredDocument};
use honnin_terms::{AccountId, HoldingId, Moment, Said};
use serde::Serialize;

use crate::facts::event::{AccountFact, Fact, Lost};
use crate::facts::fault::{Fault, Reason};
use crate::facts::item::Item;
use crate::facts::ledger::{Corrections, Ledger};
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
    /// The feed's position the documents will be committed at.
    pub(crate) position: u64,
    /// Files with a row that was not understood and could be of any set in them, ascending.
    pub(crate) doubtful: &'a [u32],
}

impl Ground<'_> {
    /// When a row was said: its own moment, or where it has none that of being taken in.
    pub(crate) fn said(&self, as_of: Option<Moment>) -> Said {
        as_of.map_or(Said::at_intake(self.permit.at()), Said::by_ledger)
    }

    /// Whether a set of that file may lack a row.
    pub(crate) fn is_doubtful(&self, file: u32) -> bool {
        self.doubtful.binary_search(&file).is_ok()
    }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its content was new.
    Taken,
    /// Its content was known.
    Repeated,
    /// It says what was at an earlier moment than what is known.
    Older,
    /// It was not taken.
    Refused(Fault),
}

/// How a row that replaces another stands to it.
pub(crate) fn compare(same: bool, new: Said, old: Said) -> Verdict {
    if new.at < old.at {
        return Verdict::Older;
    }
    // The same again is news only where the ledger says that it is so at a later moment.
    if same && (new.at == old.at || !new.by_ledger) { Verdict::Repeated } else { Verdict::Taken }
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
    lost_lines: Vec<LostLine>,
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
    for (place, (item, record)) in items.iter().zip(recorded).enumerate() {
        verdicts.push(merge.apply(place, item, *record, records)?);
    }
    merge.settle_snapshots(snapshots, &mut verdicts);
    merge.bills.settle(&ground, &mut verdicts);
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
            lost_lines: profile.as_ref().map(|profile| profile.lost_lines.clone()).unwrap_or_default(),
            profile,
            lines,
            bills,
            directory: Vec::new(),
        })
    }

    fn apply(
        &mut self,
        place: usize,
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
                let rows = match line.contract(fact, &ground) {
                    Ok(rows) => rows,
                    Err(verdict) => return Ok(verdict),
                };
                self.lost_lines.retain(|lost| lost.line_code != fact.line);
                // The directory says what the ledger says, so that it is right again when a merge is undone.
                let account = ground.moves.home(holding).unwrap_or(item.account);
                for (key, held) in rows {
                    self.directory.push(DirectoryRow { key, holding, account, held });
                }
                Ok(Verdict::Taken)
            }
            // Buckets are judged all together when every row of the line is known; notices are nobody's.
            Fact::Bucket(_) | Fact::Notice(_) => Ok(Verdict::Repeated),
            Fact::Lost(lost) => {
                self.lost(lost, item.holding, item.accepted)?;
                Ok(Verdict::Repeated)
            }
            Fact::Usage(fact) => {
                let Some(holding) = item.holding else { return no_line };
                let Some(line) = self.lines.get_mut(&holding) else { return no_line };
                let Some(record) = record else { return no_line };
                let (keys, stored) = (&self.keys, &self.stored);
                let mut open = |row: &[u8]| stored.open(keys, Some(holding), row);
                once(records, record, item, &ground, |again| {
                    line.usage(fact, record, (again, item.accepted), &ground, &mut open)
                })
            }
            Fact::Purchase(fact) => {
                let Some(holding) = item.holding else { return no_line };
                let Some(line) = self.lines.get_mut(&holding) else { return no_line };
                let Some(record) = record else { return no_line };
                let (keys, stored) = (&self.keys, &self.stored);
                once(records, record, item, &ground, |again| {
                    let open = || stored.open(keys, Some(holding), &[]);
                    line.purchase(fact, (again, item.accepted), &ground, open)
                })
            }
            Fact::Bill(fact) => Ok(self.bills.bill(place, item, fact, &ground)),
            Fact::BillLine(fact) => Ok(self.bills.line(place, item, fact, &ground)),
        }
    }

    /// Notes that a row was not understood, as far as it says whose it is; or that it was no word of the ledger.
    fn lost(&mut self, lost: &Lost, holding: Option<HoldingId>, dropped: bool) -> Result<(), FactsError> {
        match lost {
            Lost::Holding { line, .. } if dropped => self.lost_lines.retain(|lost| lost.line_code != *line),
            Lost::Holding { line, share_group, account: _ } => {
                // Of a line that is known what was last said of it stays.
                let known = self.lines.values().any(|known| known.line.line_code == *line);
                if !known && self.lost_lines.iter().all(|lost| lost.line_code != *line) {
                    let (line_code, share_group) = (line.clone(), share_group.clone());
                    self.lost_lines.push(LostLine { line_code, share_group });
                }
            }
            Lost::Usage { record, of: _, at } => {
                if let Some((holding, line)) =
                    holding.and_then(|holding| Some((holding, self.lines.get_mut(&holding)?)))
                {
                    let (keys, stored) = (&self.keys, &self.stored);
                    let mut open = |row: &[u8]| stored.open(keys, Some(holding), row);
                    line.usage_lost(record, *at, dropped, &self.ground, &mut open)?;
                }
            }
            Lost::BillLine { bill } if !dropped => self.bills.lost(bill, &self.ground),
            // Seen by the snapshot of its line.
            Lost::Bucket { .. } | Lost::BillLine { .. } => {}
        }
        Ok(())
    }

    fn account(&mut self, fact: &AccountFact) -> Verdict {
        let AccountFact { account, name, name_kana, mail, born_on, registered_on, as_of } = fact.clone();
        let before = self.profile.take();
        let (lines, standing) =
            before.as_ref().map(|p| (p.lines.clone(), p.standing.clone())).unwrap_or_default();
        let said = self.ground.said(as_of);
        let profile = Profile {
            as_of: said,
            source: self.ground.ledger.source.clone(),
            login: account,
            name,
            reading: name_kana,
            mail,
            born_on,
            registered_on,
            lines,
            lost_lines: before.as_ref().map(|before| before.lost_lines.clone()).unwrap_or_default(),
            standing,
        };
        let verdict = before.as_ref().map_or(Verdict::Taken, |before| {
            let same = Profile { as_of: before.as_of, ..profile.clone() } == *before;
            compare(same, said, before.as_of)
        });
        self.profile = if verdict == Verdict::Taken { Some(profile) } else { before };
        verdict
    }

    fn settle_snapshots(
        &mut self,
        snapshots: BTreeMap<HoldingId, snapshot::Snapshot<'_>>,
        verdicts: &mut [Verdict],
    ) {
        for (holding, snapshot) in snapshots {
            let places: Vec<usize> = snapshot.places();
            let found = match self.lines.get_mut(&holding) {
                Some(line) => line.buckets(holding, &snapshot, &self.ground),
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
        share::join(&mut self.lines, &self.lost_lines, &self.ground);
        let (account_key, subject_keys) = self.keys.take_new();
        let mut sealing = Sealing { keys: &self.keys, position: self.ground.position, documents: Vec::new() };
        if let Some(mut profile) = self.profile {
            profile.lines = self.lines.iter().map(|(holding, line)| line.entry(*holding)).collect();
            self.lost_lines.sort();
            profile.lost_lines = self.lost_lines;
            profile.lines.sort_by_key(|LineEntry { holding, held, .. }| (held.from, *holding));
            profile.standing = self.bills.standing().unwrap_or(profile.standing);
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

/// Takes a record that may be taken once, or again in place of the one before where that is allowed.
fn once(
    records: &mut Records,
    record: Record,
    item: &Item,
    ground: &Ground<'_>,
    take: impl FnOnce(bool) -> Result<Verdict, FactsError>,
) -> Result<Verdict, FactsError> {
    let again = match records.known(record) {
        Known::Same => return Ok(Verdict::Repeated),
        Known::Other => true,
        Known::New => false,
    };
    if again && !item.accepted && ground.ledger.corrections == Corrections::SetAside {
        return Ok(Verdict::Refused(Fault::of_row(Reason::Conflict)));
    }
    let verdict = take(again)?;
    if verdict == Verdict::Taken {
        records.take(record);
    }
    Ok(verdict)
}
