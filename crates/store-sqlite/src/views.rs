//! Sealed documents, read by their subject.

use std::sync::Arc;

use honnin_access::{Document, Permit, Read, Subject};
use honnin_store::document::{Line, Profile};
use honnin_store::{Answer, Error, HomeRows, ViewRows};
use honnin_terms::Id;
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::Fault;
use crate::{Sqlite, rows};

impl ViewRows for Sqlite {
    fn view(
        &self,
        permit: &Permit<Read>,
        kind: &'static str,
        row: &[u8],
    ) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>> {
        Answer::ready(self.document(permit.subject(), kind, row))
    }

    fn home(&self, of_line: &Permit<Read>, of_account: &Permit<Read>) -> Answer<'_, Result<HomeRows, Error>> {
        Answer::ready(self.home_of(of_line.subject(), of_account.subject()))
    }
}

impl Sqlite {
    /// A read each: nobody waits for any of them.
    fn home_of(&self, line: &Subject, account: &Subject) -> Result<HomeRows, Error> {
        Ok(HomeRows {
            line: self.document(line, Line::KIND, &[])?,
            wish: self.speed_of(line)?,
            profile: self.document(account, Profile::KIND, &[])?,
        })
    }

    /// A document of a subject that came out of a permit.
    pub(crate) fn document(
        &self,
        subject: &Subject,
        kind: &'static str,
        row: &[u8],
    ) -> Result<Option<Arc<[u8]>>, Error> {
        self.readers.with(|connection| find(connection, subject, kind, row))
    }
}

fn find(
    connection: &Connection,
    subject: &Subject,
    kind: &'static str,
    row: &[u8],
) -> Result<Option<Arc<[u8]>>, Fault> {
    let Subject { tenant, account, holding } = subject;
    let mut statement = connection.prepare_cached(
        "select blob from document where tenant = ?1 and account = ?2 and holding = ?3 and kind = ?4 and row = ?5",
    )?;
    let place = params![tenant.number(), account.octets(), rows::holding_octets(holding.as_ref()), kind, row];
    Ok(statement.query_row(place, |found| found.get(0)).optional()?)
}
