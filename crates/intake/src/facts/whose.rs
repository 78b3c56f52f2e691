//! Whose an event is: who held the number or the line when it happened, or whom the ledger names.

use std::collections::HashMap;

use honnin_keeper::Keeper;
use honnin_store::DirectoryRow;
use honnin_terms::{AccountId, BillId, HoldingId};

use crate::facts::directory::{Directory, Holder, NoHolder};
use crate::facts::event::{BillFact, BillLineFact, Fact, HoldingFact, Used, When};
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
    bills: HashMap<BillId, AccountId>,
}

impl<'a> Holders<'a> {
    /// Those the store knows.
    pub(crate) fn new(
        ledger: &'a Ledger,
        keeper: &'a Keeper,
        moves: &'a Moves,
        directory: Directory,
    ) -> Self {
        Self { ledger, keeper, moves, directory, bills: HashMap::new() }
    }

    /// Whose the event is; of notices to everybody nobody's.
    ///
    /// Contracts and bills are noted, so that what comes after them finds them.
    pub(crate) fn whose(&mut self, fact: &Fact) -> Result<Option<Whose>, Fault> {
        let (account, holding) = match fact {
            Fact::Notice(_) => return Ok(None),
            Fact::Account(account) => (self.keeper.account_id(&account.account), None),
            Fact::Holding(holding) => self.holding(holding),
            Fact::Bucket(bucket) => {
                let key = self.keeper.line_key(&bucket.line);
                self.holder(&key, When::Moment(bucket.as_of), Reason::UnknownLine)?
            }
            Fact::Usage(usage) => {
                let key = match &usage.of {
                    Used::Number(number) => self.keeper.number_key(number),
                    Used::Line(line) => self.keeper.line_key(line),
                };
                self.holder(&key, usage.at, Reason::UnknownNumber)?
            }
            Fact::Purchase(purchase) => {
                self.holder(&self.keeper.line_key(&purchase.line), purchase.at, Reason::UnknownLine)?
            }
            Fact::Bill(bill) => self.bill(bill)?,
            Fact::BillLine(line) => self.bill_line(line)?,
        };
        // The time of the event has named the holding; who has that holding now is a question of its own.
        let account = holding.and_then(|holding| self.moves.now(holding)).unwrap_or(account);
        Ok(Some((account, holding)))
    }

    fn holding(&mut self, fact: &HoldingFact) -> Whose {
        let account = self.keeper.account_id(&fact.account);
        let holding = self.keeper.holding_id(account, &fact.line, fact.held.from);
        for key in [self.keeper.number_key(&fact.number), self.keeper.line_key(&fact.line)] {
            self.directory.add(&DirectoryRow { key, holding, account, held: fact.held });
        }
        (account, Some(holding))
    }

    fn holder(&self, key: &[u8; 16], at: When, nobody: Reason) -> Result<Whose, Fault> {
        let Ledger { zone, boundary_skew_seconds, .. } = self.ledger;
        match self.directory.holder(key, at, zone, *boundary_skew_seconds) {
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

    fn bill_line(&self, fact: &BillLineFact) -> Result<Whose, Fault> {
        let account = self.bills.get(&self.keeper.bill_id(&fact.bill));
        account.map(|account| (*account, None)).ok_or(Fault::of_field(Reason::UnknownBill, "bill"))
    }
}
