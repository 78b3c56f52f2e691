//! The bills of one account.

use honnin_store::document::{BillEntry, BillItem, Bills};

use crate::facts::event::{BillFact, BillLineFact};
use crate::facts::fault::{Fault, Reason};
use crate::facts::merge::{Ground, Sealing, Verdict, compare};
use crate::facts::take::FactsError;

/// Bills while their account is merged.
pub(crate) struct BillsMerge {
    before: Option<Bills>,
    now: Option<Bills>,
}

impl BillsMerge {
    /// What is stored.
    pub(crate) fn new(before: Option<Bills>) -> Self {
        Self { now: before.clone(), before }
    }

    /// Takes a bill: a new one, or a known one as it is now.
    pub(crate) fn bill(&mut self, fact: &BillFact, ground: &Ground<'_>) -> Verdict {
        let BillFact { bill, account: _, month, amount, tax, state, due_on } = fact.clone();
        let entry =
            BillEntry { bill: ground.keeper.bill_id(&bill), code: bill, month, amount, tax, state, due_on };
        let stored = self.before.as_ref().map(|bills| bills.as_of);
        let empty = || Bills { as_of: ground.as_of, source: ground.ledger.source.clone(), bills: Vec::new() };
        let bills = self.now.get_or_insert_with(empty);
        match bills.bills.iter_mut().find(|(known, _)| known.bill == entry.bill) {
            Some((known, _)) => {
                let verdict = compare(*known == entry, ground.as_of, stored.unwrap_or(ground.as_of), ground);
                if verdict == Verdict::Repeated {
                    return verdict;
                }
                *known = entry;
            }
            None => bills.bills.push((entry, Vec::new())),
        }
        bills.as_of = bills.as_of.max(ground.as_of);
        bills.bills.sort_by(|(a, _), (b, _)| (b.month, &b.code).cmp(&(a.month, &a.code)));
        Verdict::Taken
    }

    /// Takes a line of a bill.
    pub(crate) fn line(&mut self, fact: &BillLineFact, ground: &Ground<'_>) -> Verdict {
        let BillLineFact { bill, position, item, amount } = fact.clone();
        let unknown = Verdict::Refused(Fault::of_field(Reason::UnknownBill, "bill"));
        let stored = self.before.as_ref().map(|bills| bills.as_of);
        let bill = ground.keeper.bill_id(&bill);
        let Some(bills) = &mut self.now else { return unknown };
        let Some((_, items)) = bills.bills.iter_mut().find(|(known, _)| known.bill == bill) else {
            return unknown;
        };
        let new = BillItem { place: position, item, amount };
        let place = items.partition_point(|item| item.place < position);
        match items.get_mut(place) {
            Some(known) if known.place == position => {
                let verdict = compare(*known == new, ground.as_of, stored.unwrap_or(ground.as_of), ground);
                if verdict == Verdict::Repeated {
                    return verdict;
                }
                *known = new;
            }
            _ => items.insert(place, new),
        }
        bills.as_of = bills.as_of.max(ground.as_of);
        Verdict::Taken
    }

    /// The newest bill.
    pub(crate) fn latest(&self) -> Option<BillEntry> {
        self.now.as_ref().and_then(|bills| bills.bills.first()).map(|(entry, _)| entry.clone())
    }

    /// Seals them where they have changed.
    pub(crate) fn seal(&self, sealing: &mut Sealing<'_, '_>) -> Result<(), FactsError> {
        match &self.now {
            Some(now) => sealing.add(None, &[], self.before.as_ref(), now),
            None => Ok(()),
        }
    }
}
