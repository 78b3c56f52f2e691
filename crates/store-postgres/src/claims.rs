//! Work that outlives a request, under leases and fences.

use std::collections::BTreeMap;

use honnin_access::{Keep, Permit};
use honnin_store::{Answer, ClaimRows, ClaimedWork, Error, NewWork, Queue, Settled, WorkId, WorkRow};
use honnin_terms::{AccountId, Id, Moment, TenantId};
use tokio_postgres::Row;

use crate::control::ticks;
use crate::fault::Fault;
use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::{Asked, Tx};
use crate::watched::Written;
use crate::{Kind, Postgres, rows};

/// Payloads longer than this may take longer.
const SMALL: usize = 16 << 10;

impl ClaimRows for Postgres {
    fn put_work(&self, permit: &Permit<Keep>, work: NewWork) -> Answer<'_, Result<bool, Error>> {
        let (tenant, at) = (permit.subject().tenant, permit.at());
        let kind = if work.payload.len() > SMALL { Kind::Large } else { Kind::Small };
        self.write(kind, Reach::House(tenant), async move |tx| {
            Ok(Written::uncached(put(tx, tenant, at, &work).await?))
        })
    }

    fn claim_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        lease_seconds: i64,
        most: usize,
    ) -> Answer<'_, Result<Vec<ClaimedWork>, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        self.write(Kind::Small, Reach::House(tenant), async move |tx| {
            let (number, queue, most) = (rows::tenant(tenant), queue.word(), rows::limit(most));
            let due = tx.query(&sql::DUE_WORK, &[&number, &queue, &now.millis(), &most]).await?;
            let due = rows::gather(&due, |row| rows::octets::<16>(row, 0))?;
            let Ok(count @ 1..) = i64::try_from(due.len()) else { return Ok(Written::uncached(Vec::new())) };
            let last = ticks(tx, tenant, count).await?;
            let fences: Vec<i64> = (last - count + 1..=last).collect();
            let ids: Vec<&[u8]> = due.iter().map(<[u8; 16]>::as_slice).collect();
            let until = now.plus_seconds(lease_seconds).millis();
            let asked: Asked<'_> = &[&number, &queue, &ids, &fences, &until];
            let mut claimed = BTreeMap::new();
            for row in tx.query(&sql::CLAIM_WORK, asked).await? {
                let (work, fence) = (work_of(&row)?, rows::count(&row, 7)?);
                claimed.insert(fence, ClaimedWork { work, fence });
            }
            Ok(Written::uncached(claimed.into_values().collect()))
        })
    }

    fn settle_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
        fence: u64,
        settled: Settled,
    ) -> Answer<'_, Result<(), Error>> {
        let (tenant, now, id) = (permit.subject().tenant, permit.at(), *id);
        self.write(Kind::Small, Reach::House(tenant), async move |tx| {
            let (tenant, queue, fence) = (rows::tenant(tenant), queue.word(), rows::stored_count(fence)?);
            let id = id.as_slice();
            let written = match &settled {
                Settled::Done => tx.execute(&sql::WORK_DONE, &[&tenant, &queue, &id, &fence]).await?,
                Settled::Again { payload, due } => {
                    let due = due.map(Moment::millis);
                    tx.execute(&sql::WORK_AGAIN, &[&tenant, &queue, &id, &fence, payload, &due]).await?
                }
                Settled::Longer { lease_seconds } => {
                    let until = now.plus_seconds(*lease_seconds).millis();
                    tx.execute(&sql::WORK_LONGER, &[&tenant, &queue, &id, &fence, &until]).await?
                }
            };
            if written == 1 { Ok(Written::uncached(())) } else { Err(Error::Conflict.into()) }
        })
    }

    fn drop_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
        payload: Option<Vec<u8>>,
    ) -> Answer<'_, Result<bool, Error>> {
        let (tenant, id) = (permit.subject().tenant, *id);
        self.write(Kind::Small, Reach::House(tenant), async move |tx| {
            let (tenant, queue, id) = (rows::tenant(tenant), queue.word(), id.as_slice());
            let gone = tx.execute(&sql::DROP_WORK, &[&tenant, &queue, &id, &payload]).await?;
            Ok(Written::uncached(gone == 1))
        })
    }

    fn work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
    ) -> Answer<'_, Result<Option<WorkRow>, Error>> {
        let (tenant, now, id) = (permit.subject().tenant, permit.at(), *id);
        self.read(Reach::House(tenant), async move |tx| {
            let (tenant, queue, id, now) = (rows::tenant(tenant), queue.word(), id.as_slice(), now.millis());
            let found = tx.last_one(&sql::WORK, &[&tenant, &queue, &id, &now]).await?;
            found.map(|row| work_of(&row)).transpose()
        })
    }

    fn works(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        owner: Option<AccountId>,
        after: Option<WorkId>,
        most: usize,
    ) -> Answer<'_, Result<Vec<WorkRow>, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        self.read(Reach::House(tenant), async move |tx| {
            let (tenant, queue, most) = (rows::tenant(tenant), queue.word(), rows::limit(most));
            let owner = owner.as_ref().map(|owner| owner.octets().as_slice());
            // No octets at all stand before every id.
            let after = after.as_ref().map_or(&[][..], <[u8; 16]>::as_slice);
            let asked: Asked<'_> = &[&tenant, &queue, &after, &owner, &now.millis(), &most];
            rows::gather(&tx.last(&sql::WORKS, asked).await?, work_of)
        })
    }

    fn waiting(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
    ) -> Answer<'_, Result<(u64, Option<Moment>), Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        self.read(Reach::House(tenant), async move |tx| {
            let asked: Asked<'_> = &[&rows::tenant(tenant), &queue.word(), &now.millis()];
            let row = tx.last_one(&sql::WAITING_WORK, asked).await?.ok_or(Error::Corrupt)?;
            Ok((rows::count(&row, 0)?, rows::moment_or_none(&row, 1)?))
        })
    }
}

/// Puts work where none of its id is there, or one whose time is over.
async fn put(tx: &Tx, tenant: TenantId, at: Moment, work: &NewWork) -> Result<bool, Fault> {
    let NewWork { queue, id, owner, payload, due, until } = work;
    let (tenant, at, queue, id) = (rows::tenant(tenant), at.millis(), queue.word(), id.as_slice());
    tx.execute(&sql::DROP_ENDED_WORK, &[&tenant, &queue, &id, &at]).await?;
    let owner = owner.as_ref().map_or(&[][..], |owner| owner.octets());
    let (due, until) = (due.map(Moment::millis), until.map(Moment::millis));
    let asked: Asked<'_> = &[&tenant, &queue, &id, &owner, payload, &at, &due, &until];
    Ok(tx.execute(&sql::PUT_WORK, asked).await? == 1)
}

/// Work out of its columns: `id, owner, payload, at, due_at, until, tries`.
fn work_of(row: &Row) -> Result<WorkRow, Fault> {
    Ok(WorkRow {
        id: rows::octets(row, 0)?,
        owner: rows::id_or_none(row, 1)?,
        payload: rows::blob(row, 2)?,
        at: rows::moment(row, 3)?,
        due: rows::moment_or_none(row, 4)?,
        until: rows::moment_or_none(row, 5)?,
        tries: rows::count(row, 6)?,
    })
}
