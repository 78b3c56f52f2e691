//! Sealed documents, read by their subject.

use std::sync::Arc;

use honnin_access::{Permit, Read, Subject};
use honnin_store::{Answer, Error, ViewRows};
use honnin_terms::Id;

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
        let (subject, row) = (*subject, row.to_owned());
        self.read(Reach::of(&subject), async move |tx| {
            let Subject { tenant, account, holding } = &subject;
            let (tenant, account) = (rows::tenant(*tenant), account.octets().as_slice());
            let holding = rows::holding_octets(holding.as_ref());
            let found = tx.last_one(&sql::DOCUMENT, &[&tenant, &account, &holding, &kind, &row]).await?;
            found.map(|row| rows::shared(&row, 0)).transpose()
        })
    }
}
