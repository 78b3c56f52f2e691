//! Rows that nodes agree by.

use honnin_access::{Keep, Permit};
use honnin_store::{Answer, ControlName, ControlRow, ControlRows, Error, NewControl, Swapped};
use honnin_terms::{Moment, TenantId};
use rusqlite::{Connection, Row, params};

use crate::fault::Fault;
use crate::writer::{Kind, Written};
use crate::{Sqlite, rows, tick};

impl ControlRows for Sqlite {
    fn control(
        &self,
        permit: &Permit<Keep>,
        name: &ControlName,
    ) -> Answer<'_, Result<Option<ControlRow>, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        Answer::ready(self.readers.with(|connection| find(connection, tenant, name, now)))
    }

    fn controls(
        &self,
        permit: &Permit<Keep>,
        prefix: &str,
        after: Option<&ControlName>,
        most: usize,
    ) -> Answer<'_, Result<Vec<(ControlName, ControlRow)>, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select revision, value, at, until, name from control \
                 where tenant = ?1 and name >= ?2 and name > ?3 and substr(name, 1, length(?2)) = ?2 \
                 and (until is null or until > ?4) order by name limit ?5",
            )?;
            // No letters at all stand before every name.
            let after = after.map_or("", ControlName::as_str);
            let found =
                statement.query(params![tenant.number(), prefix, after, now.millis(), rows::limit(most)])?;
            rows::gather(found, |row| {
                let name: String = row.get(4)?;
                Ok((ControlName::new(&name).ok_or(Error::Corrupt)?, row_of(row)?))
            })
        }))
    }

    fn swap_control(
        &self,
        permit: &Permit<Keep>,
        name: &ControlName,
        read_revision: u64,
        write: Option<NewControl>,
    ) -> Answer<'_, Result<Swapped, Error>> {
        let (tenant, now, name) = (permit.subject().tenant, permit.at(), name.clone());
        self.write(Kind::Small, move |connection| {
            let stands = find(connection, tenant, &name, now)?;
            if stands.as_ref().map_or(0, |row| row.revision) != read_revision {
                return Ok(Written::uncached(Swapped::Changed(stands)));
            }
            let revision = match write {
                Some(write) => replace(connection, tenant, &name, &write, now)?,
                None => take_away(connection, tenant, &name, read_revision)?,
            };
            Ok(Written::uncached(Swapped::Done(revision)))
        })
    }
}

fn find(
    connection: &Connection,
    tenant: TenantId,
    name: &ControlName,
    now: Moment,
) -> Result<Option<ControlRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "select revision, value, at, until from control \
         where tenant = ?1 and name = ?2 and (until is null or until > ?3)",
    )?;
    let mut found = statement.query(params![tenant.number(), name.as_str(), now.millis()])?;
    found.next()?.map(row_of).transpose()
}

fn row_of(row: &Row<'_>) -> Result<ControlRow, Fault> {
    Ok(ControlRow {
        revision: rows::count(row, 0)?,
        value: row.get(1)?,
        at: rows::moment(row, 2)?,
        until: rows::moment_or_none(row, 3)?,
    })
}

/// Writes a row in the place of whatever has its name; its revision.
pub(crate) fn replace(
    connection: &Connection,
    tenant: TenantId,
    name: &ControlName,
    write: &NewControl,
    now: Moment,
) -> Result<u64, Fault> {
    let NewControl { value, until } = write;
    let revision = tick::next(connection, tenant)?;
    connection
        .prepare_cached(
            "insert or replace into control (tenant, name, revision, value, at, until) \
             values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            tenant.number(),
            name.as_str(),
            revision,
            value,
            now.millis(),
            until.map(Moment::millis)
        ])?;
    u64::try_from(revision).map_err(|_| Error::Corrupt.into())
}

fn take_away(
    connection: &Connection,
    tenant: TenantId,
    name: &ControlName,
    read_revision: u64,
) -> Result<u64, Fault> {
    connection
        .prepare_cached("delete from control where tenant = ?1 and name = ?2")?
        .execute(params![tenant.number(), name.as_str()])?;
    Ok(read_revision)
}
