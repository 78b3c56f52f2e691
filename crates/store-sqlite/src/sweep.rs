//! Forgetting what is past its time, in small steps so that nobody waits for it.

use honnin_store::{Changed, Error};
use honnin_terms::{Moment, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::Fault;
use crate::writer::{Kind, Written};
use crate::{Sqlite, rows};

/// Rows looked at in one transaction.
const ROWS: usize = 10_000;

/// What is past its time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Sessions and idempotency keys carry their own end.
    pub(crate) now: Moment,
    /// Sessions not seen since.
    pub(crate) idle_before: Moment,
    /// Records taken or put into quarantine before.
    pub(crate) forget_before: Moment,
}

/// A table that is gone through by its key.
#[derive(Debug, Clone, Copy)]
struct Walk {
    /// The last key of the next step.
    last: &'static str,
    /// Deletes what is past its time up to that key and gives back the keys; `?4` and `?5` are two moments.
    delete: &'static str,
    is_session: bool,
}

const SESSIONS: Walk = Walk {
    last: "select row_hash from session where tenant = ?1 and row_hash > ?2 order by row_hash limit 1 offset ?3",
    delete: "delete from session where tenant = ?1 and row_hash > ?2 and row_hash <= ?3 \
             and (until <= ?4 or last_seen < ?5) returning row_hash",
    is_session: true,
};

const SEEN: Walk = Walk {
    last: "select record from seen where tenant = ?1 and record > ?2 order by record limit 1 offset ?3",
    delete: "delete from seen where tenant = ?1 and record > ?2 and record <= ?3 \
             and taken_at < min(?4, ?5) returning record",
    is_session: false,
};

const QUARANTINE: Walk = Walk {
    last: "select record from quarantine where tenant = ?1 and record > ?2 order by record limit 1 offset ?3",
    delete: "delete from quarantine where tenant = ?1 and record > ?2 and record <= ?3 \
             and at < min(?4, ?5) returning record",
    is_session: false,
};

/// Greater than every key.
const END: [u8; 33] = [0xff; 33];

/// The tenant stands before the `in`: within it, the engine goes through all keys there are.
pub(crate) const KEYS: &str = "delete from wish_key where tenant = ?1 and (account, holding, key) in ( \
     select account, holding, key from wish_key where tenant = ?1 and until <= ?2 limit ?3)";

/// Goes through everything that has a time; how many rows went.
pub(crate) async fn all(store: &Sqlite, tenant: TenantId, limits: Limits) -> Result<u64, Error> {
    let Limits { now, idle_before, forget_before } = limits;
    let mut gone = keys(store, tenant, now).await? + past_their_until(store, tenant, now).await?;
    for (walk, second) in [(SESSIONS, idle_before), (SEEN, forget_before), (QUARANTINE, forget_before)] {
        let mut from = Vec::new();
        loop {
            let step = store
                .write(Kind::Large, move |connection| step(connection, tenant, walk, &from, now, second));
            let (count, next) = step.await?;
            gone += count;
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
    }
    Ok(gone)
}

async fn keys(store: &Sqlite, tenant: TenantId, now: Moment) -> Result<u64, Error> {
    let mut gone = 0;
    loop {
        let count = store.write(Kind::Large, move |connection| {
            let count = connection.prepare_cached(KEYS)?.execute(params![
                tenant.number(),
                now.millis(),
                rows::limit(ROWS)
            ])?;
            Ok(Written::uncached(count))
        });
        let count = count.await?;
        gone += u64::try_from(count).unwrap_or(u64::MAX);
        if count < ROWS {
            return Ok(gone);
        }
    }
}

/// Few rows each: as many as people who think of a merge, nodes, guesses and exports of late.
async fn past_their_until(store: &Sqlite, tenant: TenantId, now: Moment) -> Result<u64, Error> {
    let mut gone = 0;
    for delete in [
        "delete from consent where tenant = ?1 and until <= ?2",
        "delete from control where tenant = ?1 and until <= ?2",
        "delete from work where tenant = ?1 and until <= ?2",
    ] {
        let count = store.write(Kind::Large, move |connection| {
            let count = connection.prepare_cached(delete)?.execute(params![tenant.number(), now.millis()])?;
            Ok(Written::uncached(count))
        });
        gone += u64::try_from(count.await?).unwrap_or(u64::MAX);
    }
    Ok(gone)
}

/// How many rows went, and from where the next step goes on.
type Step = (u64, Option<Vec<u8>>);

fn step(
    connection: &Connection,
    tenant: TenantId,
    walk: Walk,
    from: &[u8],
    first: Moment,
    second: Moment,
) -> Result<Written<Step>, Fault> {
    let tenant_number = tenant.number();
    let next: Option<Vec<u8>> = connection
        .prepare_cached(walk.last)?
        .query_row(params![tenant_number, from, rows::limit(ROWS - 1)], |row| row.get(0))
        .optional()?;
    let last = next.as_deref().unwrap_or(&END);
    let mut delete = connection.prepare_cached(walk.delete)?;
    let deleted = delete.query(params![tenant_number, from, last, first.millis(), second.millis()])?;
    let mut count = 0;
    let changed = rows::gather(deleted, |row| {
        count += 1;
        if !walk.is_session {
            return Ok(None);
        }
        Ok(Some(Changed::Session(tenant, row.get(0)?)))
    })?;
    Ok(Written { answer: (count, next), changed: changed.into_iter().flatten().collect() })
}
