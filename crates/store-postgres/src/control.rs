//! Rows that nodes agree by.

use honnin_access::{Keep, Permit};
use honnin_store::{Answer, ControlName, ControlRow, ControlRows, Error, NewControl, Swapped};
use honnin_terms::{Moment, TenantId};
use tokio_postgres::Row;

use crate::fault::Fault;
use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::{Asked, Tx};
use crate::watched::Written;
use crate::{Kind, Postgres, rows};

impl ControlRows for Postgres {
    fn control(
        &self,
        permit: &Permit<Keep>,
        name: &ControlName,
    ) -> Answer<'_, Result<Option<ControlRow>, Error>> {
        let (tenant, now, name) = (permit.subject().tenant, permit.at(), name.clone());
        self.read(Reach::House(tenant), async move |tx| {
            let asked: Asked<'_> = &[&rows::tenant(tenant), &name.as_str(), &now.millis()];
            tx.last_one(&sql::CONTROL, asked).await?.map(|row| row_of(&row)).transpose()
        })
    }

    fn controls(
        &self,
        permit: &Permit<Keep>,
        prefix: &str,
        after: Option<&ControlName>,
        most: usize,
    ) -> Answer<'_, Result<Vec<(ControlName, ControlRow)>, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        // No letters at all stand before every name.
        let (prefix, after) = (prefix.to_owned(), after.map_or("", ControlName::as_str).to_owned());
        self.read(Reach::House(tenant), async move |tx| {
            let (number, now, most) = (rows::tenant(tenant), now.millis(), rows::limit(most));
            let found = tx.last(&sql::CONTROLS, &[&number, &prefix, &after, &now, &most]).await?;
            rows::gather(&found, |row| {
                let name = ControlName::new(&rows::text(row, 4)?).ok_or(Error::Corrupt)?;
                Ok((name, row_of(row)?))
            })
        })
    }

    fn swap_control(
        &self,
        permit: &Permit<Keep>,
        name: &ControlName,
        read_revision: u64,
        write: Option<NewControl>,
    ) -> Answer<'_, Result<Swapped, Error>> {
        let (tenant, now, name) = (permit.subject().tenant, permit.at(), name.clone());
        self.write(Kind::Small, Reach::House(tenant), async move |tx| {
            let (number, called) = (rows::tenant(tenant), name.as_str());
            let stands = tx.one(&sql::CONTROL, &[&number, &called, &now.millis()]).await?;
            let stands = stands.map(|row| row_of(&row)).transpose()?;
            if stands.as_ref().map_or(0, |row| row.revision) != read_revision {
                return Ok(Written::uncached(Swapped::Changed(stands)));
            }
            let Some(NewControl { value, until }) = &write else {
                tx.execute(&sql::DROP_CONTROL, &[&number, &called]).await?;
                return Ok(Written::uncached(Swapped::Done(read_revision)));
            };
            let revision = ticks(tx, tenant, 1).await?;
            let (at, until) = (now.millis(), until.map(Moment::millis));
            tx.execute(&sql::WRITE_CONTROL, &[&number, &called, &revision, value, &at, &until]).await?;
            Ok(Written::uncached(Swapped::Done(u64::try_from(revision).map_err(|_| Error::Corrupt)?)))
        })
    }
}

/// The last of so many numbers that grow and never come twice: revisions of control rows, fences of claims. They are given
/// out with the transaction that uses them.
pub(crate) async fn ticks(tx: &Tx, tenant: TenantId, count: i64) -> Result<i64, Fault> {
    tx.number(&sql::NEXT_TICK, &[&rows::tenant(tenant), &count]).await
}

/// Refuses where a row is another by now. Whoever would change it waits for the end of this transaction; one that changed it
/// since this transaction began has it undone and begun again, and then it is another.
pub(crate) async fn stands(
    tx: &Tx,
    tenant: TenantId,
    name: &ControlName,
    row: &ControlRow,
) -> Result<(), Fault> {
    let found = tx.one(&sql::HOLD_CONTROL, &[&rows::tenant(tenant), &name.as_str()]).await?;
    let found = found.map(|found| row_of(&found)).transpose()?;
    let is_it = |found: ControlRow| found.revision == row.revision && found.value == row.value;
    if found.is_some_and(is_it) { Ok(()) } else { Err(Error::Conflict.into()) }
}

/// Writes a row that stays until it is taken away, in the place of whatever has its name.
pub(crate) async fn put(
    tx: &Tx,
    tenant: TenantId,
    name: &ControlName,
    value: &[u8],
    at: Moment,
) -> Result<ControlRow, Fault> {
    let revision = ticks(tx, tenant, 1).await?;
    let asked: Asked<'_> =
        &[&rows::tenant(tenant), &name.as_str(), &revision, &value, &at.millis(), &None::<i64>];
    tx.execute(&sql::WRITE_CONTROL, asked).await?;
    let revision = u64::try_from(revision).map_err(|_| Error::Corrupt)?;
    Ok(ControlRow { revision, value: value.to_vec(), at, until: None })
}

fn row_of(row: &Row) -> Result<ControlRow, Fault> {
    Ok(ControlRow {
        revision: rows::count(row, 0)?,
        value: rows::blob(row, 1)?,
        at: rows::moment(row, 2)?,
        until: rows::moment_or_none(row, 3)?,
    })
}
