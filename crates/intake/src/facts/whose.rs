//! Whose an event is: who held the number or the line when it happened, or whom the ledger names.

use std::collections::HashMap;

use honnin_keeper::Keeper;
use honnin_store::{DirectoryKey, DirectoryRow};
use honnin_terms::{AccountId, BillId, HoldingId, Moment};

use crate::facts::directory::{Directory, Holder, NoHolder};
use crate::facts::event::{
    BillFact, BucketFact, Fact, HoldingFact, Lost, PurchaseFact, UsageFact, Used, When,
};
use crate::facts::fault::{Fault, Reason};
use crate::facts::ledger::Ledger;
use crate::facts::moves::Moves;

/// An account and, where it is about a line, which of its holdings.
pub(crate) type Whose = (AccountId, Option<HoldingId>);

/// Who held which number and line when, and whose which bill is, as the store and the facts before say.
pub(crate) struct Holders<'a> {
    ledger: &'a Ledger,
    keeper: &'a Keeper,
    moves: &'a Moves,
    directory: Directory,
    /// The latest moment the ledger can speak of.
    latest: Moment,
    bills: HashMap<BillId, AccountId>,
}

/// The keys under which the directory is asked for what that fact is about.
pub(crate) fn keys_of(keeper: &Keeper, fact: &Fact) -> Vec<DirectoryKey> {
    match fact {
        Fact::Holding(holding) => vec![keeper.number_key(&holding.number), keeper.line_key(&holding.line)],
        Fact::Bucket(BucketFact { line, .. })
        | Fact::Purchase(PurchaseFact { line, .. })
        | Fact::Lost(Lost::Bucket { line, .. }) => vec![keeper.line_key(line)],
        Fact::Usage(UsageFact { of, .. }) | Fact::Lost(Lost::Usage { of, .. }) => vec![used_key(keeper, of)],
        Fact::Account(_)
        | Fact::Bill(_)
        | Fact::BillLine(_)
        | Fact::Notice(_)
        | Fact::Lost(Lost::Holding { .. } | Lost::BillLine { .. }) => Vec::new(),
    }
}

fn used_key(keeper: &Keeper, of: &Used) -> DirectoryKey {
    match of {
        Used::Number(number) => keeper.number_key(number),
        Used::Line(line) => keeper.line_key(line),
    }
}

/// Of a fact that was refused for what it says beside: to which set it belonged.
pub(crate) fn lost_of(fact: &Fact) -> Option<Lost> {
    match fact {
        Fact::Bucket(fact) => Some(Lost::Bucket { line: fact.line.clone(), as_of: Some(fact.as_of) }),
        Fact::BillLine(fact) => Some(Lost::BillLine { bill: fact.bill.clone() }),
        Fact::Usage(fact) => {
            Some(Lost::Usage { record: fact.record.clone(), of: fact.of.clone(), at: fact.at })
        }
        Fact::Account(_)
        | Fact::Holding(_)
        | Fact::Purchase(_)
        | Fact::Bill(_)
        | Fact::Notice(_)
        | Fact::Lost(_) => None,
    }
}

/// Refuses what is not there yet: newest wins, so one row from the future would stand for good.
pub(crate) fn is_there(ledger: &Ledger, latest: Moment, fact: &Fact) -> Result<(), Fault> {
    let today = ledger.zone.day(latest);
    let said = |as_of: Option<Moment>| as_of.is_none_or(|as_of| as_of <= latest);
    let future = |field, there: bool| {
        if there { Ok(()) } else { Err(Fault::of_field(Reason::Future, field)) }
    };
    match fact {
        Fact::Account(fact) => future("as_of", said(fact.as_of)),
        Fact::Holding(fact) => future("as_of", said(fact.as_of)),
        Fact::Bucket(fact) => future("as_of", said(Some(fact.as_of))),
        Fact::Usage(fact) => {
            future("at", came(ledger, latest, fact.at)).and(future("as_of", said(fact.as_of)))
        }
        Fact::Purchase(fact) => {
            future("at", came(ledger, latest, fact.at)).and(future("as_of", said(fact.as_of)))
        }
        // A bill may be made out before its month begins.
        Fact::Bill(fact) => future("month", fact.month <= today.month().plus(1))
            .and(future("used_in", fact.used_in.is_none_or(|month| month <= today.month())))
            .and(future("as_of", said(fact.as_of))),
        Fact::BillLine(fact) => future("as_of", said(fact.as_of)),
        // A notice may be written before the day from which it is shown.
        Fact::Notice(_) | Fact::Lost(_) => Ok(()),
    }
}

/// Whether a day or moment has come.
fn came(ledger: &Ledger, latest: Moment, at: When) -> bool {
    match at {
        When::Day(day) => day <= ledger.zone.day(latest),
        When::Moment(moment) => moment <= latest,
    }
}

impl<'a> Holders<'a> {
    /// Those the store knows.
    pub(crate) fn new(
        ledger: &'a Ledger,
        keeper: &'a Keeper,
        moves: &'a Moves,
        directory: Directory,
        now: Moment,
    ) -> Self {
        let latest = now.plus_seconds(ledger.ahead_seconds.into());
        Self { ledger, keeper, moves, directory, latest, bills: HashMap::new() }
    }

    /// Whose the event is; of notices to everybody nobody's.
    ///
    /// Contracts and bills are noted, so that what comes after them finds them.
    pub(crate) fn whose(&mut self, fact: &Fact, accepted: bool) -> Result<Option<Whose>, Fault> {
        is_there(self.ledger, self.latest, fact)?;
        let skew = if accepted { 0 } else { self.ledger.boundary_skew_seconds };
        let (account, holding) = match fact {
            Fact::Notice(_) => return Ok(None),
            Fact::Account(account) => (self.keeper.account_id(&account.account), None),
            Fact::Holding(holding) => self.holding(holding),
            Fact::Bucket(bucket) => {
                let key = self.keeper.line_key(&bucket.line);
                self.holder(&key, When::Moment(bucket.as_of), skew, Reason::UnknownLine)?
            }
            Fact::Usage(usage) => {
                self.holder(&used_key(self.keeper, &usage.of), usage.at, skew, Reason::UnknownNumber)?
            }
            Fact::Purchase(purchase) => {
                self.holder(&self.keeper.line_key(&purchase.line), purchase.at, skew, Reason::UnknownLine)?
            }
            Fact::Bill(bill) => self.bill(bill)?,
            Fact::BillLine(line) => self.bill_line(&line.bill)?,
            Fact::Lost(lost) => self.lost(lost)?,
        };
        // The time of the event has named the holding; who has that holding now is a question of its own.
        let account = holding.and_then(|holding| self.moves.now(holding)).unwrap_or(account);
        Ok(Some((account, holding)))
    }

    /// Whose set a row belonged to that was not understood: for saying that it is not whole the bound of changes of
    /// holder does not count.
    fn lost(&self, lost: &Lost) -> Result<Whose, Fault> {
        match lost {
            Lost::Holding { account, .. } => Ok((self.keeper.account_id(account), None)),
            Lost::Bucket { line, as_of } => {
                let at = as_of.filter(|as_of| *as_of <= self.latest).unwrap_or(self.latest);
                self.holder(&self.keeper.line_key(line), When::Moment(at), 0, Reason::UnknownLine)
            }
            // Of a day to come no page tells, and none is to be kept for it.
            Lost::Usage { at, .. } if !came(self.ledger, self.latest, *at) => {
                Err(Fault::of_field(Reason::Future, "at"))
            }
            Lost::Usage { of, at, .. } => {
                self.holder(&used_key(self.keeper, of), *at, 0, Reason::UnknownNumber)
            }
            Lost::BillLine { bill } => self.bill_line(bill),
        }
    }

    fn holding(&mut self, fact: &HoldingFact) -> Whose {
        let account = self.keeper.account_id(&fact.account);
        let holding = self.keeper.holding_id(account, &fact.line, fact.held.from);
        for key in [self.keeper.number_key(&fact.number), self.keeper.line_key(&fact.line)] {
            self.directory.add(&DirectoryRow { key, holding, account, held: fact.held });
        }
        (account, Some(holding))
    }

    fn holder(&self, key: &[u8; 16], at: When, skew: u32, nobody: Reason) -> Result<Whose, Fault> {
        match self.directory.holder(key, at, &self.ledger.zone, skew) {
            Ok(Holder { account, holding }) => Ok((account, Some(holding))),
            Err(NoHolder::Nobody) => Err(Fault::of_row(nobody)),
            Err(NoHolder::Because(reason)) => Err(Fault::of_row(reason)),
        }
    }

    fn bill(&mut self, fact: &BillFact) -> Result<Whose, Fault> {
        let account = self.keeper.account_id(&fact.account);
        let known = *self.bills.entry(self.keeper.bill_id(&fact.bill)).or_insert(account);
        if known == account { Ok((account, None)) } else { Err(Fault::of_field(Reason::Conflict, "account")) }
    }

    fn bill_line(&self, bill: &str) -> Result<Whose, Fault> {
        let account = self.bills.get(&self.keeper.bill_id(bill));
        account.map(|account| (*account, None)).ok_or(Fault::of_field(Reason::UnknownBill, "bill"))
    }
}
