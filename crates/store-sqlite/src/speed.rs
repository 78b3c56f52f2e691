//! Wishes for a speed and the outbox: one row for each line.

use std::sync::Arc;

use honnin_access::{Document, Drive, Permit, Read, SetSpeed, Subject};
use honnin_store::document::Line;
use honnin_store::{
    Answer, Changed, Claim, ClaimedWish, DriveMaterial, Error, NewWish, Outcome, SpeedRow, SpeedRows,
    WishAnswer, WishKey,
};
use honnin_terms::{Id, Moment, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::Fault;
use crate::feed_reads::account_key;
use crate::writer::{Kind, Written};
use crate::{Sqlite, rows, sessions};

/// How many lines wait for their network, and since when.
pub(crate) const BACKLOG: &str = "select count(*), min(asked_at) from speed indexed by speed_due \
     where tenant = ?1 and due_at is not null and (due_at <= ?2 or leased_until > ?2)";

/// Claims the lines that are due. The tenant stands before the `in`: within it, the engine goes through all lines there are.
pub(crate) const CLAIM: &str = "update speed set fence = fence + 1, tries = tries + 1, leased_until = ?3 \
     where tenant = ?1 and (account, holding) in ( \
         select account, holding from speed \
         where tenant = ?1 and due_at <= ?2 and (leased_until is null or leased_until <= ?2) \
         order by due_at, account, holding limit ?4) \
     returning account, holding, revision, blob, fence, tries";

impl SpeedRows for Sqlite {
    fn speed(&self, permit: &Permit<Read>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>> {
        Answer::ready(self.speed_of(permit.subject()))
    }

    fn speed_to_set(&self, permit: &Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>> {
        Answer::ready(self.speed_of(permit.subject()))
    }

    fn wish_of_key(
        &self,
        permit: &Permit<SetSpeed>,
        key: &WishKey,
    ) -> Answer<'_, Result<Option<WishAnswer>, Error>> {
        Answer::ready(self.readers.with(|connection| of_key(connection, permit.subject(), key, permit.at())))
    }

    fn set_wish(&self, permit: &Permit<SetSpeed>, wish: NewWish) -> Answer<'_, Result<WishAnswer, Error>> {
        let line = *permit.subject();
        self.write(Kind::Small, move |connection| {
            // The line may have gone to another account since the permit was given; a wish left behind would be
            // nobody's, and could not be opened.
            if sessions::newest_epoch(connection, &line)? != Some(wish.epoch) {
                return Err(Error::Conflict.into());
            }
            set(connection, &line, &wish)
        })
    }

    fn contract_to_set(&self, permit: &Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>> {
        Answer::ready(self.document(permit.subject(), Line::KIND, &[]))
    }

    fn claim(&self, permit: &Permit<Drive>, claim: Claim) -> Answer<'_, Result<Vec<ClaimedWish>, Error>> {
        let tenant = permit.subject().tenant;
        self.write(Kind::Small, move |connection| take_due(connection, tenant, claim))
    }

    fn drive_material(&self, permit: &Permit<Drive>) -> Answer<'_, Result<Option<DriveMaterial>, Error>> {
        let line = permit.subject();
        let material = || {
            let Some(document) = self.document(line, Line::KIND, &[])? else { return Ok(None) };
            let key = self.readers.with(|connection| account_key(connection, line.tenant, line.account))?;
            Ok(key.map(|key| DriveMaterial { key, line: document }))
        };
        Answer::ready(material())
    }

    fn settle(&self, permit: &Permit<Drive>, outcome: Outcome) -> Answer<'_, Result<(), Error>> {
        let line = *permit.subject();
        self.write(Kind::Small, move |connection| settle(connection, &line, &outcome))
    }

    fn backlog(&self, permit: &Permit<Drive>) -> Answer<'_, Result<(u64, Option<Moment>), Error>> {
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(BACKLOG)?;
            let mut found =
                statement.query(params![permit.subject().tenant.number(), permit.at().millis()])?;
            let row = found.next()?.ok_or(Error::Corrupt)?;
            Ok((rows::count(row, 0)?, rows::moment_or_none(row, 1)?))
        }))
    }
}

impl Sqlite {
    pub(crate) fn speed_of(&self, line: &Subject) -> Result<Option<Arc<SpeedRow>>, Error> {
        Ok(self.readers.with(|connection| find(connection, line))?.map(Arc::new))
    }
}

fn find(connection: &Connection, line: &Subject) -> Result<Option<SpeedRow>, Fault> {
    let Subject { tenant, account, holding } = line;
    let mut statement = connection.prepare_cached(
        "select revision, blob from speed where tenant = ?1 and account = ?2 and holding = ?3",
    )?;
    let mut found = statement.query(params![
        tenant.number(),
        account.octets(),
        rows::holding_octets(holding.as_ref())
    ])?;
    let Some(row) = found.next()? else { return Ok(None) };
    Ok(Some(SpeedRow { revision: rows::count(row, 0)?, blob: row.get(1)? }))
}

/// What a key was used for before; a key past its time is as if it had never been used.
fn of_key(
    connection: &Connection,
    line: &Subject,
    key: &WishKey,
    now: Moment,
) -> Result<Option<WishAnswer>, Fault> {
    let Subject { tenant, account, holding } = line;
    let mut statement = connection.prepare_cached(
        "select request, version from wish_key \
         where tenant = ?1 and account = ?2 and holding = ?3 and key = ?4 and until > ?5",
    )?;
    let holding = rows::holding_octets(holding.as_ref());
    let mut found =
        statement.query(params![tenant.number(), account.octets(), holding, key.key, now.millis()])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let request: [u8; 32] = row.get(0)?;
    let same = request == key.request;
    Ok(Some(if same { WishAnswer::Repeated(rows::count(row, 1)?) } else { WishAnswer::KeyReused }))
}

fn set(connection: &Connection, line: &Subject, wish: &NewWish) -> Result<Written<WishAnswer>, Fault> {
    let Subject { tenant, account, holding } = line;
    let (tenant, account, holding) =
        (tenant.number(), account.octets(), rows::holding_octets(holding.as_ref()));
    if let Some(key) = &wish.key
        && let Some(before) = of_key(connection, line, key, wish.at)?
    {
        return Ok(Written::uncached(before));
    }
    let stored: Option<(i64, i64)> = connection
        .prepare_cached(
            "select revision, asked_at from speed where tenant = ?1 and account = ?2 and holding = ?3",
        )?
        .query_row(params![tenant, account, holding], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((_, asked_at)) = stored {
        let wait_millis =
            asked_at.saturating_add(wish.least_seconds.saturating_mul(1_000)) - wish.at.millis();
        if wait_millis > 0 {
            return Ok(Written::uncached(WishAnswer::TooSoon((wait_millis + 999) / 1_000)));
        }
    }
    let revision = stored.map_or(0, |(revision, _)| revision);
    if revision != rows::stored_count(wish.read_revision)? {
        return Err(Error::Conflict.into());
    }
    // A claim of the wish before ends here: the new one is due at once, and the fence tells the element which is newer.
    connection
        .prepare_cached(
            "insert into speed (tenant, account, holding, revision, blob, asked_at, due_at) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?6) \
             on conflict do update set revision = excluded.revision, blob = excluded.blob, \
                 asked_at = excluded.asked_at, due_at = excluded.due_at, leased_until = null, tries = 0",
        )?
        .execute(params![tenant, account, holding, revision + 1, wish.blob, wish.at.millis()])?;
    if let Some(key) = &wish.key {
        connection
            .prepare_cached(
                "insert or replace into wish_key (tenant, account, holding, key, request, version, until) \
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                tenant,
                account,
                holding,
                key.key,
                key.request,
                rows::stored_count(wish.version)?,
                wish.at.plus_seconds(wish.key_seconds).millis()
            ])?;
    }
    Ok(Written { answer: WishAnswer::Accepted, changed: vec![Changed::Speed(*line)] })
}

fn take_due(
    connection: &Connection,
    tenant: TenantId,
    claim: Claim,
) -> Result<Written<Vec<ClaimedWish>>, Fault> {
    let Claim { now, lease_seconds, most } = claim;
    let mut statement = connection.prepare_cached(CLAIM)?;
    let until = now.plus_seconds(lease_seconds).millis();
    let claimed = statement.query(params![tenant.number(), now.millis(), until, rows::limit(most)])?;
    let claimed = rows::gather(claimed, |row| {
        Ok(ClaimedWish {
            account: rows::id(row, 0)?,
            holding: rows::holding(row, 1)?.ok_or(Error::Corrupt)?,
            row: SpeedRow { revision: rows::count(row, 2)?, blob: row.get(3)? },
            fence: rows::count(row, 4)?,
            tries: rows::count(row, 5)?,
        })
    })?;
    Ok(Written::uncached(claimed))
}

fn settle(connection: &Connection, line: &Subject, outcome: &Outcome) -> Result<Written<()>, Fault> {
    let Subject { tenant, account, holding } = line;
    let Outcome { fence, read_revision, blob, due_at } = outcome;
    let settled = connection
        .prepare_cached(
            "update speed set revision = revision + 1, blob = ?6, due_at = ?7, leased_until = null \
             where tenant = ?1 and account = ?2 and holding = ?3 and fence = ?4 and revision = ?5",
        )?
        .execute(params![
            tenant.number(),
            account.octets(),
            rows::holding_octets(holding.as_ref()),
            rows::stored_count(*fence)?,
            rows::stored_count(*read_revision)?,
            blob,
            due_at.map(Moment::millis)
        ])?;
    if settled != 1 {
        return Err(Error::Conflict.into());
    }
    Ok(Written { answer: (), changed: vec![Changed::Speed(*line)] })
}
