//! Wishes for a speed and the outbox: one row for each line.

use std::sync::Arc;

use honnin_access::{Document, Drive, Permit, Read, SetSpeed, Subject};
use honnin_store::document::Line;
use honnin_store::{
    AccountKeyRow, Answer, Changed, Claim, ClaimedWish, DriveMaterial, Error, NewWish, Outcome, SpeedRow,
    SpeedRows, WishAnswer, WishKey,
};
use honnin_terms::{Id, Moment, TenantId};
use tokio_postgres::Row;

use crate::alone::{Alone, FIRST};
use crate::fault::Fault;
use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::{Asked, Tx};
use crate::watched::Written;
use crate::{Kind, Postgres, rows};

impl SpeedRows for Postgres {
    fn speed(&self, permit: &Permit<Read>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>> {
        self.speed_of(permit.subject())
    }

    fn speed_to_set(&self, permit: &Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>> {
        self.speed_of(permit.subject())
    }

    fn wish_of_key(
        &self,
        permit: &Permit<SetSpeed>,
        key: &WishKey,
    ) -> Answer<'_, Result<Option<WishAnswer>, Error>> {
        let (line, key, now) = (*permit.subject(), *key, permit.at());
        self.read(Reach::of(&line), async move |tx| {
            let (tenant, account, holding) = place(&line);
            let (name, now) = (key.key.as_slice(), now.millis());
            let found = tx.last_one(&sql::WISH_OF_KEY, &[&tenant, &account, &holding, &name, &now]).await?;
            found.map(|row| of_key(&row, &key)).transpose()
        })
    }

    fn set_wish(&self, permit: &Permit<SetSpeed>, wish: NewWish) -> Answer<'_, Result<WishAnswer, Error>> {
        let line = *permit.subject();
        self.write(Kind::Small, Reach::of(&line), async move |tx| {
            let (tenant, account, holding) = place(&line);
            let newest = tx.one(&sql::NEWEST_EPOCH, &[&tenant, &account, &holding]).await?;
            let newest: Option<u32> = newest.map(|row| rows::count(&row, 0)).transpose()?;
            // The line may have gone to another account since the permit was given; a wish left behind would be
            // nobody's, and could not be opened.
            if newest != Some(wish.epoch) {
                return Err(Error::Conflict.into());
            }
            set(tx, &line, &wish).await
        })
    }

    fn contract_to_set(&self, permit: &Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>> {
        self.document(permit.subject(), Line::KIND, &[])
    }

    fn claim(&self, permit: &Permit<Drive>, claim: Claim) -> Answer<'_, Result<Vec<ClaimedWish>, Error>> {
        let tenant = permit.subject().tenant;
        self.write(Kind::Small, Reach::House(tenant), async move |tx| take_due(tx, tenant, claim).await)
    }

    fn drive_material(&self, permit: &Permit<Drive>) -> Answer<'_, Result<Option<DriveMaterial>, Error>> {
        let line = *permit.subject();
        self.read(Reach::of(&line), async move |tx| {
            let (tenant, account, holding) = place(&line);
            let row: &[u8] = &[];
            let asked: Asked<'_> = &[&tenant, &account, &holding, &Line::KIND, &row];
            let Some(row) = tx.last_one(&sql::DRIVE_MATERIAL, asked).await? else { return Ok(None) };
            let key = AccountKeyRow {
                epoch: rows::count(&row, 0)?,
                by_keeper: rows::blob(&row, 1)?,
                ring: rows::blob(&row, 2)?,
            };
            Ok(Some(DriveMaterial { key, line: rows::shared(&row, 3)? }))
        })
    }

    fn settle(&self, permit: &Permit<Drive>, outcome: Outcome) -> Answer<'_, Result<(), Error>> {
        let line = *permit.subject();
        self.write(Kind::Small, Reach::of(&line), async move |tx| settle(tx, &line, &outcome).await)
    }

    fn backlog(&self, permit: &Permit<Drive>) -> Answer<'_, Result<(u64, Option<Moment>), Error>> {
        let (subject, at) = (*permit.subject(), permit.at());
        self.read(Reach::house(&subject), async move |tx| {
            let asked: Asked<'_> = &[&rows::tenant(subject.tenant), &at.millis()];
            let row = tx.last_one(&sql::SPEED_BACKLOG, asked).await?.ok_or(Error::Corrupt)?;
            Ok((rows::count(&row, 0)?, rows::moment_or_none(&row, 1)?))
        })
    }
}

impl Postgres {
    fn speed_of(&self, line: &Subject) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>> {
        let holding = rows::holding_octets(line.holding.as_ref()).to_owned();
        let asked = Alone::new(&sql::alone::SPEED, Reach::of(line), vec![holding], vec![]);
        self.alone(asked, |row| wish_of(row, FIRST))
    }
}

/// A wish out of its columns, `revision, blob`, where there is one.
pub(crate) fn wish_of(row: &Row, first: usize) -> Result<Option<Arc<SpeedRow>>, Fault> {
    let Some(blob) = rows::shared_or_none(row, first + 1)? else { return Ok(None) };
    Ok(Some(Arc::new(SpeedRow { revision: rows::count(row, first)?, blob })))
}

fn place(line: &Subject) -> (i64, &[u8], &[u8]) {
    let Subject { tenant, account, holding } = line;
    (rows::tenant(*tenant), account.octets(), rows::holding_octets(holding.as_ref()))
}

/// What a key was used for before; a key past its time is as if it had never been used.
fn of_key(row: &Row, key: &WishKey) -> Result<WishAnswer, Fault> {
    let request: [u8; 32] = rows::octets(row, 0)?;
    Ok(if request == key.request {
        WishAnswer::Repeated(rows::count(row, 1)?)
    } else {
        WishAnswer::KeyReused
    })
}

async fn set(tx: &Tx, line: &Subject, wish: &NewWish) -> Result<Written<WishAnswer>, Fault> {
    let (tenant, account, holding) = place(line);
    let now = wish.at.millis();
    if let Some(key) = &wish.key {
        let name = key.key.as_slice();
        let before = tx.one(&sql::WISH_OF_KEY, &[&tenant, &account, &holding, &name, &now]).await?;
        if let Some(row) = before {
            return Ok(Written::uncached(of_key(&row, key)?));
        }
    }
    let stored = tx.one(&sql::SPEED_ASKED, &[&tenant, &account, &holding]).await?;
    let stored: Option<(i64, i64)> =
        stored.map(|row| Ok::<_, Fault>((rows::count(&row, 0)?, rows::count(&row, 1)?))).transpose()?;
    if let Some((_, asked_at)) = stored {
        let wait_millis = asked_at.saturating_add(wish.least_seconds.saturating_mul(1_000)) - now;
        if wait_millis > 0 {
            return Ok(Written::uncached(WishAnswer::TooSoon((wait_millis + 999) / 1_000)));
        }
    }
    let revision = stored.map_or(0, |(revision, _)| revision);
    if revision != rows::stored_count(wish.read_revision)? {
        return Err(Error::Conflict.into());
    }
    // A claim of the wish before ends here: the new one is due at once, and the fence tells the element which is newer.
    let next = revision + 1;
    tx.execute(&sql::WRITE_SPEED, &[&tenant, &account, &holding, &next, &wish.blob, &now]).await?;
    if let Some(key) = &wish.key {
        let (name, request) = (key.key.as_slice(), key.request.as_slice());
        let version = rows::stored_count(wish.version)?;
        let until = wish.at.plus_seconds(wish.key_seconds).millis();
        let asked: Asked<'_> = &[&tenant, &account, &holding, &name, &request, &version, &until];
        tx.execute(&sql::WRITE_WISH_KEY, asked).await?;
    }
    Ok(Written { answer: WishAnswer::Accepted, changed: vec![Changed::Speed(*line)] })
}

async fn take_due(tx: &Tx, tenant: TenantId, claim: Claim) -> Result<Written<Vec<ClaimedWish>>, Fault> {
    let Claim { now, lease_seconds, most } = claim;
    let until = now.plus_seconds(lease_seconds).millis();
    let asked: Asked<'_> = &[&rows::tenant(tenant), &now.millis(), &until, &rows::limit(most)];
    let claimed = rows::gather(&tx.query(&sql::CLAIM_SPEEDS, asked).await?, |row| {
        Ok(ClaimedWish {
            account: rows::id(row, 0)?,
            holding: rows::id(row, 1)?,
            row: SpeedRow { revision: rows::count(row, 2)?, blob: rows::shared(row, 3)? },
            fence: rows::count(row, 4)?,
            tries: rows::count(row, 5)?,
        })
    })?;
    Ok(Written::uncached(claimed))
}

async fn settle(tx: &Tx, line: &Subject, outcome: &Outcome) -> Result<Written<()>, Fault> {
    let (tenant, account, holding) = place(line);
    let Outcome { fence, read_revision, blob, due_at } = outcome;
    let (fence, revision) = (rows::stored_count(*fence)?, rows::stored_count(*read_revision)?);
    let due_at = due_at.map(Moment::millis);
    let asked: Asked<'_> = &[&tenant, &account, &holding, &fence, &revision, blob, &due_at];
    if tx.execute(&sql::SETTLE_SPEED, asked).await? != 1 {
        return Err(Error::Conflict.into());
    }
    Ok(Written { answer: (), changed: vec![Changed::Speed(*line)] })
}
