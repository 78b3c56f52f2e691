//! The bills of one account. The items of a bill are taken whole or not at all.

use std::collections::BTreeMap;

use honnin_store::document::{BillEntry, BillItem, BillItems, Bills};
use honnin_terms::{BillId, Moment, Yen};

use crate::facts::event::{BillFact, BillLineFact};
use crate::facts::fault::{Fault, Reason};
use crate::facts::item::Item;
use crate::facts::merge::{Ground, Sealing, Verdict, compare};
use crate::facts::take::FactsError;

/// A row of the items of a bill.
struct Row {
    /// Its place among the account's items.
    place: usize,
    file: u32,
    accepted: bool,
    set_rows: Option<u32>,
    as_of: Option<Moment>,
    item: BillItem,
}

/// What an extract says of the items of one bill.
#[derive(Default)]
struct Set {
    rows: Vec<Row>,
    /// Whether one of them was not understood.
    lost: bool,
}

/// What the rows of an extract say of one bill.
struct Told {
    /// The row, and its place among the account's items.
    entry: BillEntry,
    place: usize,
    accepted: bool,
    /// The bill before this extract.
    before: Option<BillEntry>,
    /// Places of rows that say at one moment otherwise than another one: which of them is right is not guessed.
    at_odds: Vec<usize>,
}

/// Bills while their account is merged.
pub(crate) struct BillsMerge {
    before: Option<Bills>,
    now: Option<Bills>,
    told: BTreeMap<BillId, Told>,
    sets: BTreeMap<BillId, Set>,
}

impl BillsMerge {
    /// What is stored.
    pub(crate) fn new(before: Option<Bills>) -> Self {
        Self { now: before.clone(), before, told: BTreeMap::new(), sets: BTreeMap::new() }
    }

    /// Takes a bill: a new one, or a known one as it is now.
    pub(crate) fn bill(&mut self, place: usize, of: &Item, fact: &BillFact, ground: &Ground<'_>) -> Verdict {
        let BillFact { bill, account: _, month, used_in, amount, tax, state, due_on, as_of } = fact.clone();
        let said = ground.said(as_of);
        let entry = BillEntry {
            bill: ground.keeper.bill_id(&bill),
            code: bill,
            as_of: said,
            month,
            used_in,
            amount,
            tax,
            state,
            due_on,
        };
        let empty = || Bills { as_of: said, source: ground.ledger.source.clone(), bills: Vec::new() };
        let bills = self.now.get_or_insert_with(empty);
        if self.told.get(&entry.bill).is_none_or(|told| told.entry.as_of < said) {
            let before = bills.bills.iter().map(|(known, _)| known).find(|known| known.bill == entry.bill);
            let (entry, before) = (entry.clone(), before.cloned());
            let told = Told { entry, place, accepted: of.accepted, before, at_odds: Vec::new() };
            self.told.insert(told.entry.bill, told);
        }
        if let Some(told) = self.told.get_mut(&entry.bill)
            && said == told.entry.as_of
            && (entry != told.entry || !told.at_odds.is_empty())
            && !of.accepted
        {
            told.at_odds.push(place);
            if !told.accepted {
                told.at_odds.push(told.place);
                match &told.before {
                    Some(before) => {
                        let same = bills.bills.iter_mut().filter(|(known, _)| known.bill == before.bill);
                        same.for_each(|(known, _)| known.clone_from(before));
                    }
                    None => bills.bills.retain(|(known, _)| known.bill != entry.bill),
                }
            }
            return Verdict::Refused(Fault::of_row(Reason::Conflict));
        }
        match bills.bills.iter_mut().find(|(known, _)| known.bill == entry.bill) {
            Some((known, _)) => {
                let same = BillEntry { as_of: known.as_of, ..entry.clone() } == *known;
                let verdict = compare(same, said, known.as_of);
                if verdict != Verdict::Taken {
                    return verdict;
                }
                *known = entry;
            }
            None => bills.bills.push((entry, BillItems::Unsaid)),
        }
        bills.as_of = bills.as_of.max(said);
        bills.bills.sort_by(|(a, _), (b, _)| (b.month, &b.code).cmp(&(a.month, &a.code)));
        Verdict::Taken
    }

    /// Notes a line of a bill; what becomes of it is decided when all are known.
    pub(crate) fn line(
        &mut self,
        place: usize,
        of: &Item,
        fact: &BillLineFact,
        ground: &Ground<'_>,
    ) -> Verdict {
        let BillLineFact { bill, position, item, amount, set_rows, as_of } = fact.clone();
        let bill = ground.keeper.bill_id(&bill);
        if !self.now.iter().flat_map(|bills| &bills.bills).any(|(known, _)| known.bill == bill) {
            return Verdict::Refused(Fault::of_field(Reason::UnknownBill, "bill"));
        }
        let item = BillItem { place: position, item, amount };
        let row = Row { place, file: of.source.file, accepted: of.accepted, set_rows, as_of, item };
        self.sets.entry(bill).or_default().rows.push(row);
        Verdict::Repeated
    }

    /// Notes that a line of a bill was not understood.
    pub(crate) fn lost(&mut self, bill: &str, ground: &Ground<'_>) {
        self.sets.entry(ground.keeper.bill_id(bill)).or_default().lost = true;
    }

    /// Decides of the items of every bill that was spoken of.
    pub(crate) fn settle(&mut self, ground: &Ground<'_>, verdicts: &mut [Verdict]) {
        for place in self.told.values().flat_map(|told| &told.at_odds) {
            if let Some(slot) = verdicts.get_mut(*place) {
                *slot = Verdict::Refused(Fault::of_row(Reason::Conflict));
            }
        }
        let Some(bills) = &mut self.now else { return };
        for (entry, items) in &mut bills.bills {
            let set = self.sets.get(&entry.bill);
            if let Some(set) = set {
                let found = set.settle(entry, items, ground);
                for (row, verdict) in set.rows.iter().zip(found) {
                    if let Some(slot) = verdicts.get_mut(row.place) {
                        *slot = verdict;
                    }
                }
            }
            // Items that come to another amount than the bill now has are those of an earlier bill.
            if let BillItems::Whole(whole, _) = items
                && ground.ledger.items_add_up
                && !add_up(whole, entry.amount)
                && !set.is_some_and(|set| set.is_counted(whole.len()))
            {
                *items = BillItems::Incomplete;
            }
        }
    }

    /// The newest bill and every one that is not paid, newest first; `None` where the ledger has said nothing of bills.
    pub(crate) fn standing(&self) -> Option<Vec<BillEntry>> {
        self.now.as_ref().map(Bills::standing)
    }

    /// Seals them where they have changed.
    pub(crate) fn seal(&self, sealing: &mut Sealing<'_, '_>) -> Result<(), FactsError> {
        match &self.now {
            Some(now) => sealing.add(None, &[], self.before.as_ref(), now),
            None => Ok(()),
        }
    }
}

impl Set {
    /// Whether the ledger says that there are so many items.
    fn is_counted(&self, items: usize) -> bool {
        let mut said = self.rows.iter().map(|row| row.set_rows);
        self.rows.iter().any(|row| row.accepted)
            || said.all(|said| said.is_some_and(|said| usize::try_from(said) == Ok(items)))
                && !self.rows.is_empty()
    }

    /// Puts the items of a bill in the place of those before; what became of each row.
    fn settle(&self, entry: &BillEntry, items: &mut BillItems, ground: &Ground<'_>) -> Vec<Verdict> {
        let (known, known_at) = match items {
            BillItems::Whole(known, at) => (known.clone(), Some(*at)),
            BillItems::Unsaid | BillItems::Incomplete => (Vec::new(), None),
        };
        let older = |row: &Row| row.as_of.zip(known_at).is_some_and(|(as_of, known)| as_of < known.at);
        if !known.is_empty() && !self.rows.is_empty() && self.rows.iter().all(older) {
            let repeated = |row: &Row| known.contains(&row.item);
            return self
                .rows
                .iter()
                .map(|row| if repeated(row) { Verdict::Repeated } else { Verdict::Older })
                .collect();
        }
        let mut own: Vec<BillItem> = Vec::with_capacity(self.rows.len());
        let mut twice = false;
        for Row { item, .. } in &self.rows {
            match own.iter().find(|other| other.place == item.place) {
                Some(other) => twice |= other != item,
                None => own.push(item.clone()),
            }
        }
        own.sort_by_key(|item| item.place);
        let counted = self.is_counted(own.len());
        let said_otherwise = !counted && self.rows.iter().any(|row| row.set_rows.is_some());
        let doubtful = self.rows.iter().any(|row| ground.is_doubtful(row.file));
        // No figure is said to be younger than it is: of several moments the oldest.
        let said = self.rows.iter().map(|row| ground.said(row.as_of)).min();
        let whole = if twice || self.lost || own.is_empty() || said_otherwise {
            None
        } else if counted || add_up(&own, entry.amount) {
            Some((own, said))
        } else if ground.ledger.items_add_up {
            // Some ledgers only send what is new in a bill.
            let kept = known.iter().filter(|item| own.iter().all(|new| new.place != item.place));
            let mut all: Vec<BillItem> = kept.chain(&own).cloned().collect();
            all.sort_by_key(|item| item.place);
            add_up(&all, entry.amount).then_some((all, said.min(known_at).or(said)))
        } else {
            Some((own, said)).filter(|_| !doubtful)
        };
        let Some((whole, Some(said))) = whole else {
            if known.is_empty() {
                *items = BillItems::Incomplete;
            }
            let reason = if twice { Reason::Conflict } else { Reason::Incomplete };
            return self.rows.iter().map(|_| Verdict::Refused(Fault::of_row(reason))).collect();
        };
        // The same again is news only where the ledger says that it is so at a later moment.
        let at = known_at.filter(|before| whole == known && compare(true, said, *before) != Verdict::Taken);
        *items = BillItems::Whole(whole, at.unwrap_or(said));
        let mut fresh = Vec::new();
        let verdict = |row: &Row| {
            let new = !known.contains(&row.item) && !fresh.contains(&row.item.place);
            fresh.push(row.item.place);
            if new { Verdict::Taken } else { Verdict::Repeated }
        };
        self.rows.iter().map(verdict).collect()
    }
}

/// Whether items come to that amount.
fn add_up(items: &[BillItem], amount: Yen) -> bool {
    items.iter().map(|item| i128::from(item.amount.get())).sum::<i128>() == i128::from(amount.get())
}
