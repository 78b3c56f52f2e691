//! Work that outlives a request, under leases and fences.

use honnin_access::{Keep, Permit};
use honnin_store::{Answer, ClaimRows, ClaimedWork, Error, NewWork, Queue, Settled, WorkId, WorkRow};
use honnin_terms::{AccountId, Id, Moment, TenantId};
use rusqlite::{Connection, Row, params};

use crate::fault::Fault;
use crate::writer::{Kind, Written};
use crate::{Sqlite, rows, tick};

/// Payloads longer than this have a transaction of their own.
const SMALL: usize = 16 << 10;

impl ClaimRows for Sqlite {
    fn put_work(&self, permit: &Permit<Keep>, work: NewWork) -> Answer<'_, Result<bool, Error>> {
        let (tenant, at) = (permit.subject().tenant, permit.at());
        let kind = if work.payload.len() > SMALL { Kind::Large } else { Kind::Small };
        self.write(kind, move |connection| Ok(Written::uncached(put(connection, tenant, at, &work)?)))
    }

    fn claim_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        lease_seconds: i64,
        most: usize,
    ) -> Answer<'_, Result<Vec<ClaimedWork>, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        self.write(Kind::Small, move |connection| {
            let until = now.plus_seconds(lease_seconds);
            let due = due(connection, tenant, queue, now, most)?;
            let claimed = due.iter().map(|id| claim(connection, tenant, queue, id, until));
            Ok(Written::uncached(claimed.collect::<Result<_, _>>()?))
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
        self.write(Kind::Small, move |connection| {
            let (tenant, queue, fence) = (tenant.number(), queue.word(), rows::stored_count(fence)?);
            let written = match settled {
                Settled::Done => connection
                    .prepare_cached(
                        "delete from work where tenant = ?1 and queue = ?2 and id = ?3 and fence = ?4",
                    )?
                    .execute(params![tenant, queue, id, fence])?,
                Settled::Again { payload, due } => connection
                    .prepare_cached(
                        "update work set payload = coalesce(?5, payload), due_at = ?6, leased_until = null \
                         where tenant = ?1 and queue = ?2 and id = ?3 and fence = ?4",
                    )?
                    .execute(params![tenant, queue, id, fence, payload, due.map(Moment::millis)])?,
                Settled::Longer { lease_seconds } => {
                    let until = now.plus_seconds(lease_seconds).millis();
                    connection
                        .prepare_cached(
                            "update work set leased_until = ?5 where tenant = ?1 and queue = ?2 and id = ?3 \
                             and fence = ?4 and leased_until is not null",
                        )?
                        .execute(params![tenant, queue, id, fence, until])?
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
        let (tenant, id) = (permit.subject().tenant.number(), *id);
        self.write(Kind::Small, move |connection| {
            let gone = connection
                .prepare_cached(
                    "delete from work where tenant = ?1 and queue = ?2 and id = ?3 \
                     and (?4 is null or payload = ?4)",
                )?
                .execute(params![tenant, queue.word(), id, payload])?;
            Ok(Written::uncached(gone == 1))
        })
    }

    fn work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
    ) -> Answer<'_, Result<Option<WorkRow>, Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select id, owner, payload, at, due_at, until, tries from work \
                 where tenant = ?1 and queue = ?2 and id = ?3 and (until is null or until > ?4)",
            )?;
            let mut found = statement.query(params![tenant.number(), queue.word(), id, now.millis()])?;
            found.next()?.map(work_of).transpose()
        }))
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
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select id, owner, payload, at, due_at, until, tries from work \
                 where tenant = ?1 and queue = ?2 and id > ?3 and (?4 is null or owner = ?4) \
                 and (until is null or until > ?5) order by id limit ?6",
            )?;
            let (tenant, owner) = (tenant.number(), owner.as_ref().map(Id::octets));
            // No octets at all stand before every id.
            let after = after.as_ref().map_or(&[][..], <[u8; 16]>::as_slice);
            let most = rows::limit(most);
            let found = statement.query(params![tenant, queue.word(), after, owner, now.millis(), most])?;
            rows::gather(found, work_of)
        }))
    }

    fn waiting(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
    ) -> Answer<'_, Result<(u64, Option<Moment>), Error>> {
        let (tenant, now) = (permit.subject().tenant, permit.at());
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select count(*), min(due_at) from work where tenant = ?1 and queue = ?2 and due_at is not null \
                 and (due_at <= ?3 or leased_until > ?3) and (until is null or until > ?3)",
            )?;
            let mut found = statement.query(params![tenant.number(), queue.word(), now.millis()])?;
            let row = found.next()?.ok_or(Error::Corrupt)?;
            Ok((rows::count(row, 0)?, rows::moment_or_none(row, 1)?))
        }))
    }
}

/// Puts work where none of its id is there, or one whose time is over.
pub(crate) fn put(
    connection: &Connection,
    tenant: TenantId,
    at: Moment,
    work: &NewWork,
) -> Result<bool, Fault> {
    let NewWork { queue, id, owner, payload, due, until } = work;
    let (tenant, at) = (tenant.number(), at.millis());
    connection
        .prepare_cached("delete from work where tenant = ?1 and queue = ?2 and id = ?3 and until <= ?4")?
        .execute(params![tenant, queue.word(), id, at])?;
    let owner = owner.as_ref().map_or(&[][..], |owner| owner.octets());
    let (due, until) = (due.map(Moment::millis), until.map(Moment::millis));
    let put = connection
        .prepare_cached(
            "insert into work (tenant, queue, id, owner, payload, at, due_at, until) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing",
        )?
        .execute(params![tenant, queue.word(), id, owner, payload, at, due, until])?;
    Ok(put == 1)
}

fn due(
    connection: &Connection,
    tenant: TenantId,
    queue: Queue,
    now: Moment,
    most: usize,
) -> Result<Vec<WorkId>, Fault> {
    let mut statement = connection.prepare_cached(
        "select id from work where tenant = ?1 and queue = ?2 and due_at <= ?3 \
         and (leased_until is null or leased_until <= ?3) and (until is null or until > ?3) \
         order by due_at, id limit ?4",
    )?;
    let found = statement.query(params![tenant.number(), queue.word(), now.millis(), rows::limit(most)])?;
    rows::gather(found, |row| Ok(row.get(0)?))
}

fn claim(
    connection: &Connection,
    tenant: TenantId,
    queue: Queue,
    id: &WorkId,
    until: Moment,
) -> Result<ClaimedWork, Fault> {
    let fence = tick::next(connection, tenant)?;
    let mut statement = connection.prepare_cached(
        "update work set fence = ?4, tries = tries + 1, leased_until = ?5 \
         where tenant = ?1 and queue = ?2 and id = ?3 \
         returning id, owner, payload, at, due_at, until, tries",
    )?;
    let claimed = statement.query(params![tenant.number(), queue.word(), id, fence, until.millis()])?;
    let work = rows::gather(claimed, work_of)?.pop().ok_or(Error::Corrupt)?;
    Ok(ClaimedWork { work, fence: u64::try_from(fence).map_err(|_| Error::Corrupt)? })
}

fn work_of(row: &Row<'_>) -> Result<WorkRow, Fault> {
    let owner = match row.get_ref(1)?.as_blob().map_err(|_| Error::Corrupt)? {
        [] => None,
        octets => Some(AccountId::from_octets(octets.try_into().map_err(|_| Error::Corrupt)?)),
    };
    Ok(WorkRow {
        id: row.get(0)?,
        owner,
        payload: row.get(2)?,
        at: rows::moment(row, 3)?,
        due: rows::moment_or_none(row, 4)?,
        until: rows::moment_or_none(row, 5)?,
        tries: rows::count(row, 6)?,
    })
}
