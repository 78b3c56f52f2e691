//! What the command line asks: a report, the accounts, the sweep.

use std::fs;

use honnin_access::{Operate, Permit};
use honnin_store::{Answer, Erased, Error, OperatorRows, StoreReport};
use honnin_terms::{AccountId, Id, Moment, TenantId};
use rusqlite::{Connection, params};

use crate::fault::Fault;
use crate::{Sqlite, erase, rows, schema, sweep};

impl OperatorRows for Sqlite {
    fn report(&self, permit: &Permit<Operate>) -> Answer<'_, Result<StoreReport, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        Answer::ready(self.readers.at_once(|connection| {
            check(connection)?;
            let files = [self.file.clone(), schema::log_of(&self.file)];
            let octets = files.iter().map(|file| fs::metadata(file).map_or(0, |file| file.len())).sum();
            report(connection, tenant, now, octets)
        }))
    }

    fn feeds(&self, permit: &Permit<Operate>) -> Answer<'_, Result<Vec<(String, Moment)>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.with(|connection| {
            let mut statement =
                connection.prepare_cached("select feed, at from progress where tenant = ?1 order by feed")?;
            let found = statement.query(params![tenant.number()])?;
            rows::gather(found, |row| Ok((row.get(0)?, rows::moment(row, 1)?)))
        }))
    }

    fn account_ids(
        &self,
        permit: &Permit<Operate>,
        after: Option<AccountId>,
        most: usize,
    ) -> Answer<'_, Result<Vec<AccountId>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select account from account where tenant = ?1 and account > ?2 order by account limit ?3",
            )?;
            // No octets at all stand before every id.
            let after = after.as_ref().map_or(&[][..], |account| account.octets());
            let found = statement.query(params![tenant.number(), after, rows::limit(most)])?;
            rows::gather(found, |row| rows::id(row, 0))
        }))
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

/// Reads the whole file for damage, and looks for keys of accounts that are not there.
fn check(connection: &Connection) -> Result<(), Fault> {
    let verdict: String = connection.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    let orphans: bool = connection.query_row(
        "select exists (select 1 from subject_key k where not exists \
             (select 1 from account a where a.tenant = k.tenant and a.account = k.account))",
        [],
        |row| row.get(0),
    )?;
    if verdict != "ok" || orphans {
        return Err(Error::Corrupt.into());
    }
    Ok(())
}

fn report(connection: &Connection, tenant: TenantId, now: Moment, octets: u64) -> Result<StoreReport, Fault> {
    let mut statement = connection.prepare_cached(
        "select \
             (select count(*) from account where tenant = ?1), \
             (select count(*) from (select distinct account, holding from subject_key \
                  where tenant = ?1 and length(holding) > 0)), \
             (select count(*) from session where tenant = ?1 and until > ?2), \
             (select count(*) from quarantine where tenant = ?1), \
             (select count(*) from message where tenant = ?1), \
             (select min(at) from message where tenant = ?1)",
    )?;
    let mut found = statement.query(params![tenant.number(), now.millis()])?;
    let row = found.next()?.ok_or(Error::Corrupt)?;
    Ok(StoreReport {
        engine: format!("SQLite {}", rusqlite::version()),
        schema: connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
        accounts: rows::count(row, 0)?,
        holdings: rows::count(row, 1)?,
        sessions: rows::count(row, 2)?,
        quarantined: rows::count(row, 3)?,
        messages: (rows::count(row, 4)?, rows::moment_or_none(row, 5)?),
        octets,
    })
}
