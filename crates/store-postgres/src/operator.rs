//! What the command line asks: a report, the accounts, the sweep.

use honnin_access::{Operate, Permit};
use honnin_store::{Answer, Erased, Error, OperatorRows, StoreReport};
use honnin_terms::{AccountId, Id, Moment};

use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::Asked;
use crate::{Postgres, erase, rows, sweep};

impl OperatorRows for Postgres {
    fn report(&self, permit: &Permit<Operate>) -> Answer<'_, Result<StoreReport, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        self.at_once(Reach::House(tenant), async move |tx| {
            // Keys of accounts that are not there. Whether its files are whole the server knows itself.
            let orphans: u64 = tx.number(&sql::ORPHANS, &[&rows::tenant(tenant)]).await?;
            if orphans > 0 {
                return Err(Error::Corrupt.into());
            }
            let server = tx.one(&sql::SERVER, &[]).await?.ok_or(Error::Corrupt)?;
            let asked: Asked<'_> = &[&rows::tenant(tenant), &now.millis()];
            let row = tx.one(&sql::REPORT, asked).await?.ok_or(Error::Corrupt)?;
            Ok(StoreReport {
                engine: format!("PostgreSQL {}", rows::text(&server, 0)?),
                schema: rows::count(&server, 1)?,
                accounts: rows::count(&row, 0)?,
                holdings: rows::count(&row, 1)?,
                sessions: rows::count(&row, 2)?,
                quarantined: rows::count(&row, 3)?,
                messages: (rows::count(&row, 4)?, rows::moment_or_none(&row, 5)?),
                octets: rows::count(&server, 2)?,
            })
        })
    }

    fn feeds(&self, permit: &Permit<Operate>) -> Answer<'_, Result<Vec<(String, Moment)>, Error>> {
        let tenant = permit.subject().tenant;
        self.read(Reach::House(tenant), async move |tx| {
            let found = tx.last(&sql::FEEDS, &[&rows::tenant(tenant)]).await?;
            rows::gather(&found, |row| Ok((rows::text(row, 0)?, rows::moment(row, 1)?)))
        })
    }

    fn account_ids(
        &self,
        permit: &Permit<Operate>,
        after: Option<AccountId>,
        most: usize,
    ) -> Answer<'_, Result<Vec<AccountId>, Error>> {
        let tenant = permit.subject().tenant;
        self.read(Reach::House(tenant), async move |tx| {
            // No octets at all stand before every id.
            let after = after.as_ref().map_or(&[][..], |account| account.octets());
            let asked: Asked<'_> = &[&rows::tenant(tenant), &after, &rows::limit(most)];
            rows::gather(&tx.last(&sql::ACCOUNT_IDS, asked).await?, |row| rows::id(row, 0))
        })
    }

    fn sweep(
        &self,
        permit: &Permit<Operate>,
        idle_before: Moment,
        forget_before: Moment,
    ) -> Answer<'_, Result<u64, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        Answer::later(sweep::all(self, tenant, sweep::Limits { now, idle_before, forget_before }))
    }

    fn erase(&self, permit: &Permit<Operate>, account: AccountId) -> Answer<'_, Result<Erased, Error>> {
        erase::erase(self, permit, account)
    }
}
