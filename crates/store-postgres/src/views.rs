//! Sealed documents, read by their subject.

use std::sync::Arc;

use honnin_access::{Permit, Read, Subject};
use honnin_store::{Answer, Error, ViewRows};

use crate::alone::Alone;
use crate::reach::Reach;
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
        let asked = Alone::new(
            &sql::DOCUMENT,
            Reach::of(subject),
            [Box::new(holding), Box::new(kind), Box::new(row)],
        );
        self.alone(asked, |row| rows::shared_or_none(row, 1))
    }
}
