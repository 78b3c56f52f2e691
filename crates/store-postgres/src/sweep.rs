//! Forgetting what is past its time, in small steps so that nobody waits for it.

use honnin_store::{Changed, Error};
use honnin_terms::{Moment, TenantId};

use crate::fault::Fault;
use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::{Asked, Tx};
use crate::watched::Written;
use crate::{Kind, Postgres, Statement, rows};

/// Rows looked at in one transaction.
const ROWS: usize = 10_000;

/// The lanes of a process that has not written for so long are forgotten.
const LANE_SECONDS: i64 = 7 * 86_400;

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
    last: &'static Statement,
    /// Deletes what is past its time up to that key and gives back the keys; `$4` and `$5` are two moments.
    delete: &'static Statement,
    is_session: bool,
}

const SESSIONS: Walk = Walk { last: &sql::SESSIONS_STEP, delete: &sql::SESSIONS_FORGET, is_session: true };
const SEEN: Walk = Walk { last: &sql::SEEN_STEP, delete: &sql::SEEN_FORGET, is_session: false };
const QUARANTINE: Walk =
    Walk { last: &sql::QUARANTINE_STEP, delete: &sql::QUARANTINE_FORGET, is_session: false };

/// Greater than every key.
const END: [u8; 33] = [0xff; 33];

/// Goes through everything that has a time; how many rows went.
pub(crate) async fn all(store: &Postgres, tenant: TenantId, limits: Limits) -> Result<u64, Error> {
    let Limits { now, idle_before, forget_before } = limits;
    let mut gone = keys(store, tenant, now).await? + past_their_until(store, tenant, now).await?;
    for (walk, second) in [(SESSIONS, idle_before), (SEEN, forget_before), (QUARANTINE, forget_before)] {
        let mut from = Vec::new();
        loop {
            let (count, next) = store
                .write(Kind::Large, Reach::House(tenant), async move |tx| {
                    step(tx, tenant, walk, &from, now, second).await
                })
                .await?;
            gone += count;
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
    }
    lanes(store, now).await?;
    Ok(gone)
}

async fn keys(store: &Postgres, tenant: TenantId, now: Moment) -> Result<u64, Error> {
    let mut gone = 0;
    loop {
        let count = store.write(Kind::Large, Reach::House(tenant), async move |tx| {
            let asked: Asked<'_> = &[&rows::tenant(tenant), &now.millis(), &rows::limit(ROWS)];
            Ok(Written::uncached(tx.execute(&sql::FORGET_WISH_KEYS, asked).await?))
        });
        let count = count.await?;
        gone += count;
        if usize::try_from(count).unwrap_or(usize::MAX) < ROWS {
            return Ok(gone);
        }
    }
}

/// Few rows each: as many as people who think of a merge, nodes, guesses and exports of late.
async fn past_their_until(store: &Postgres, tenant: TenantId, now: Moment) -> Result<u64, Error> {
    let mut gone = 0;
    for forget in [&sql::FORGET_CONSENTS, &sql::FORGET_CONTROLS, &sql::FORGET_WORK] {
        let count = store.write(Kind::Large, Reach::House(tenant), async move |tx| {
            let asked: Asked<'_> = &[&rows::tenant(tenant), &now.millis()];
            Ok(Written::uncached(tx.execute(forget, asked).await?))
        });
        gone += count.await?;
    }
    Ok(gone)
}

/// Lanes are the engine's own and no row of anybody: they are not counted.
async fn lanes(store: &Postgres, now: Moment) -> Result<(), Error> {
    let forgotten = store.write(Kind::Small, Reach::Nobody, async move |tx| {
        let before = now.plus_seconds(-LANE_SECONDS).millis();
        tx.execute(&sql::FORGET_LANES, &[&before]).await?;
        Ok(Written::uncached(()))
    });
    forgotten.await
}

/// How many rows went, and from where the next step goes on.
type Step = (u64, Option<Vec<u8>>);

async fn step(
    tx: &Tx,
    tenant: TenantId,
    walk: Walk,
    from: &[u8],
    first: Moment,
    second: Moment,
) -> Result<Written<Step>, Fault> {
    let number = rows::tenant(tenant);
    let next = tx.one(walk.last, &[&number, &from, &rows::limit(ROWS - 1)]).await?;
    let next = next.map(|row| rows::blob(&row, 0)).transpose()?;
    let last = next.as_deref().unwrap_or(&END);
    let asked: Asked<'_> = &[&number, &from, &last, &first.millis(), &second.millis()];
    let deleted = tx.query(walk.delete, asked).await?;
    let mut changed = Vec::new();
    if walk.is_session {
        for row in &deleted {
            changed.push(Changed::Session(tenant, rows::octets(row, 0)?));
        }
    }
    let count = u64::try_from(deleted.len()).unwrap_or(u64::MAX);
    Ok(Written { answer: (count, next), changed })
}
