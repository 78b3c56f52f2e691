//! Sealed documents, read by their subject.

use std::sync::Arc;

use honnin_access::{Document, Permit, Read, Subject};
use honnin_store::document::{Line, Profile};
use honnin_store::{Answer, Error, HomeRows, ViewRows};

use crate::alone::{Alone, FIRST};
use crate::reach::Reach;
use crate::speed::wish_of;
use crate::statements as sql;
use crate::{Postgres, rows};

impl ViewRows for Postgres {
    fn view(
        &self,
        permit: &Permit<Read>,
        kind: &'static str,
        row: &[u8],
    ) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>> {
        self.document(permit.subject(), kind, row)
    }

    fn home(&self, of_line: &Permit<Read>, of_account: &Permit<Read>) -> Answer<'_, Result<HomeRows, Error>> {
        let (line, account) = (of_line.subject(), of_account.subject());
        // The statement is about one account, and the profile lies under no holding.
        let of_one = (line.tenant, line.account) == (account.tenant, account.account);
        if !of_one || account.holding.is_some() {
            return Answer::ready(Err(Error::Corrupt));
        }
        let holding = rows::holding_octets(line.holding.as_ref()).to_owned();
        let asked =
            Alone::new(&sql::alone::HOME, Reach::of(line), vec![holding], vec![Line::KIND, Profile::KIND]);
        self.alone(asked, |row| {
            Ok(HomeRows {
                line: rows::shared_or_none(row, FIRST)?,
                wish: wish_of(row, FIRST + 1)?,
                profile: rows::shared_or_none(row, FIRST + 3)?,
            })
        })
    }
}

impl Postgres {
    /// A document of a subject that came out of a permit.
    pub(crate) fn document(
        &self,
        subject: &Subject,
        kind: &'static str,
        row: &[u8],
    ) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>> {
        let holding = rows::holding_octets(subject.holding.as_ref()).to_owned();
        let row = row.to_owned();
        let asked = Alone::new(&sql::alone::DOCUMENT, Reach::of(subject), vec![holding, row], vec![kind]);
        self.alone(asked, |row| rows::shared_or_none(row, FIRST))
    }
}
