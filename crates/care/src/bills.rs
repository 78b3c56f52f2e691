//! Bills of the account.

use honnin_access::{Owned, Session};
use honnin_store::document;
use honnin_terms::BillId;

use crate::care::{Care, Error, Visit};
use crate::facts::{Bill, BillBefore, BillLine, BillLines, Bills, Origin, Shown};
use crate::{Disclosed, What, reckon};

/// What a bill to keep is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillForm {
    /// A sheet to read and to file (PDF).
    Sheet,
    /// Rows for a spreadsheet (CSV).
    Rows,
}

impl Care {
    pub(crate) async fn own_bills(&self, session: &Session) -> Result<Option<Owned<document::Bills>>, Error> {
        let permit = self.account_permit(session)?;
        self.open(session, &permit, &[]).await
    }

    /// All bills, newest first.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn bills(&self, visit: Visit<'_>) -> Result<Disclosed<Shown<Bills>>, Error> {
        let facts = match self.own_bills(visit.session).await? {
            Some(document) => document.map((), |document, ()| Bills {
                origin: Some(Origin { as_of: document.as_of, source: document.source }),
                bills: document.bills.iter().map(|(entry, _)| reckon::bill_head(entry)).collect(),
            }),
            None => {
                self.profile(visit.session).await?.map((), |_, ()| Bills { origin: None, bills: Vec::new() })
            }
        };
        self.show(visit, What::Bills, facts).await
    }

    /// One bill.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn bill(&self, visit: Visit<'_>, bill: BillId) -> Result<Disclosed<Shown<Bill>>, Error> {
        let found = self.one_bill(visit, bill).await?;
        self.show(visit, What::Bill, found).await
    }

    /// One bill as a document to keep: whom it is for stands on it, whoever asks.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn bill_document(
        &self,
        visit: Visit<'_>,
        bill: BillId,
        form: BillForm,
    ) -> Result<Disclosed<Shown<Bill>>, Error> {
        let what = match form {
            BillForm::Sheet => What::BillPdf,
            BillForm::Rows => What::BillCsv,
        };
        let found = self.one_bill(visit, bill).await?;
        self.show_with_owner(visit, what, found).await
    }

    async fn one_bill(&self, visit: Visit<'_>, bill: BillId) -> Result<Owned<Bill>, Error> {
        self.not_astray(visit.session)?;
        let Some(document) = self.own_bills(visit.session).await? else {
            return Err(self.strayed(visit.session, bill).await);
        };
        let found = document.map(bill, |document, wanted| {
            let document::Bills { source, bills, as_of: _ } = document;
            let place = bills.iter().position(|(entry, _)| entry.bill == wanted)?;
            let (entry, lines) = bills.get(place)?.clone();
            let of_month = entry.month.plus(-1);
            let before =
                bills.into_iter().find(|(other, _)| other.month == of_month).map(|(entry, lines)| {
                    BillBefore {
                        month: entry.month,
                        amount: entry.amount,
                        lines: lines_of(lines),
                        as_of: entry.as_of,
                    }
                });
            Some(Bill {
                head: reckon::bill_head(&entry),
                lines: lines_of(lines),
                origin: Origin { as_of: entry.as_of, source },
                code: entry.code,
                tax: entry.tax,
                before,
            })
        });
        match found.transpose() {
            Some(found) => Ok(found),
            None => Err(self.strayed(visit.session, bill).await),
        }
    }
}

fn lines_of(items: document::BillItems) -> BillLines {
    let line = |item: document::BillItem| BillLine { item: item.item, amount: item.amount };
    match items {
        document::BillItems::Unsaid => BillLines::Unsaid,
        document::BillItems::Whole(lines, as_of) => {
            BillLines::Whole(lines.into_iter().map(line).collect(), as_of)
        }
        document::BillItems::Incomplete => BillLines::Incomplete,
    }
}
