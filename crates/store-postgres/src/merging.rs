//! Merges of accounts: consents, and holdings that move from one account to another.

use std::collections::BTreeMap;

use honnin_access::{AgreeToMerge, ConsentRow, Operate, Permit, Subject};
use honnin_store::{
    Answer, Error, MergeMaterial, MergeRow, MergeRows, Move, MoveReason, Moved, MovedHolding, SpeedRow,
};
use honnin_terms::{AccountId, EntryRef, HoldingId, Id, TenantId};
use tokio_postgres::Row;

use crate::fault::Fault;
use crate::moving::Place;
use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::{Asked, Tx};
use crate::watched::Written;
use crate::{Kind, Postgres, feed_reads, rows};

impl MergeRows for Postgres {
    fn put_consent(&self, permit: &Permit<AgreeToMerge>, row: ConsentRow) -> Answer<'_, Result<(), Error>> {
        let subject = *permit.subject();
        self.write(Kind::Small, Reach::of(&subject), async move |tx| {
            let Subject { tenant, account, .. } = &subject;
            let (tenant, account) = (rows::tenant(*tenant), account.octets().as_slice());
            let asked: Asked<'_> = &[&tenant, &account, &row.sealed, &row.until.millis()];
            tx.execute(&sql::WRITE_CONSENT, asked).await?;
            Ok(Written::uncached(()))
        })
    }

    fn consent(
        &self,
        permit: &Permit<Operate>,
        account: AccountId,
    ) -> Answer<'_, Result<Option<ConsentRow>, Error>> {
        let tenant = permit.subject().tenant;
        self.read(Reach::Account(tenant, account), async move |tx| {
            let asked: Asked<'_> = &[&rows::tenant(tenant), &account.octets().as_slice()];
            let Some(row) = tx.last_one(&sql::CONSENT, asked).await? else { return Ok(None) };
            Ok(Some(ConsentRow { sealed: rows::blob(&row, 0)?, until: rows::moment(&row, 1)? }))
        })
    }

    fn merge_material(
        &self,
        permit: &Permit<Operate>,
        from: AccountId,
        into: AccountId,
    ) -> Answer<'_, Result<Option<MergeMaterial>, Error>> {
        let tenant = permit.subject().tenant;
        self.at_once(Reach::House(tenant), async move |tx| material(tx, tenant, from, into).await)
    }

    fn commit_move(
        &self,
        permit: &Permit<Operate>,
        steps: u64,
        moving: Move,
        reason: MoveReason,
    ) -> Answer<'_, Result<(), Error>> {
        let (tenant, at) = (permit.subject().tenant, permit.at());
        self.write(Kind::Large, Reach::House(tenant), async move |tx| {
            let place = Place { tx, tenant, at };
            let changed = place.commit(steps, &moving, &reason).await?;
            Ok(Written { answer: (), changed })
        })
    }

    fn merges(
        &self,
        permit: &Permit<Operate>,
        of: Option<AccountId>,
        most: usize,
    ) -> Answer<'_, Result<Vec<MergeRow>, Error>> {
        let tenant = permit.subject().tenant;
        self.at_once(Reach::House(tenant), async move |tx| {
            let of = of.as_ref().map(|account| account.octets().as_slice());
            let found = tx.query(&sql::MERGES, &[&rows::tenant(tenant), &of, &rows::limit(most)]).await?;
            with_holdings(tx, tenant, rows::gather(&found, merge_of)?).await
        })
    }

    fn unjournaled_merges(
        &self,
        permit: &Permit<Operate>,
        most: usize,
    ) -> Answer<'_, Result<Vec<MergeRow>, Error>> {
        let tenant = permit.subject().tenant;
        self.at_once(Reach::House(tenant), async move |tx| {
            let asked: Asked<'_> = &[&rows::tenant(tenant), &rows::limit(most)];
            let found = tx.query(&sql::UNJOURNALED_MERGES, asked).await?;
            with_holdings(tx, tenant, rows::gather(&found, merge_of)?).await
        })
    }

    fn note_entry(
        &self,
        permit: &Permit<Operate>,
        merge: u64,
        undone: bool,
        entry: EntryRef,
    ) -> Answer<'_, Result<(), Error>> {
        let tenant = permit.subject().tenant;
        self.write(Kind::Small, Reach::House(tenant), async move |tx| {
            let noted = if undone { &sql::NOTE_UNDONE_ENTRY } else { &sql::NOTE_ENTRY };
            let (merge, entry) = (rows::stored_count(merge)?, entry.octets());
            tx.execute(noted, &[&rows::tenant(tenant), &merge, &entry.as_slice()]).await?;
            Ok(Written::uncached(()))
        })
    }
}

fn merge_of(row: &Row) -> Result<MergeRow, Fault> {
    let entry = |column: usize| -> Result<Option<EntryRef>, Fault> {
        let Some(entry) = rows::blob_or_none(row, column)? else { return Ok(None) };
        let entry: [u8; EntryRef::LENGTH] = entry.try_into().map_err(|_| Error::Corrupt)?;
        Ok(Some(EntryRef::from_octets(entry)))
    };
    Ok(MergeRow {
        merge: rows::count(row, 0)?,
        gave: rows::id(row, 1)?,
        took: rows::id(row, 2)?,
        at: rows::moment(row, 3)?,
        undone_at: rows::moment_or_none(row, 4)?,
        holdings: Vec::new(),
        sealed: rows::blob(row, 5)?,
        entry: entry(6)?,
        undone_entry: entry(7)?,
    })
}

async fn with_holdings(tx: &Tx, tenant: TenantId, mut merges: Vec<MergeRow>) -> Result<Vec<MergeRow>, Fault> {
    let numbers: Vec<i64> =
        merges.iter().map(|merge| rows::stored_count(merge.merge)).collect::<Result<_, _>>()?;
    let mut holdings: BTreeMap<u64, Vec<HoldingId>> = BTreeMap::new();
    for row in tx.query(&sql::MERGED_HOLDINGS, &[&rows::tenant(tenant), &numbers]).await? {
        holdings.entry(rows::count(&row, 0)?).or_default().push(rows::id(&row, 1)?);
    }
    for merge in &mut merges {
        merge.holdings = holdings.remove(&merge.merge).unwrap_or_default();
    }
    Ok(merges)
}

/// Holdings that merges have moved: the first merge that holds says where one came from, the last where it is.
pub(crate) async fn moved(tx: &Tx, tenant: TenantId) -> Result<Moved, Fault> {
    let found = tx.query(&sql::MOVED, &[&rows::tenant(tenant)]).await?;
    let steps = rows::gather(&found, |row| {
        Ok(MovedHolding { holding: rows::id(row, 0)?, home: rows::id(row, 1)?, now: rows::id(row, 2)? })
    })?;
    let of_holding = steps.chunk_by(|a, b| a.holding == b.holding);
    let whole = of_holding.filter_map(|steps| {
        let (first, last) = (steps.first()?, steps.last()?);
        Some(MovedHolding { holding: first.holding, home: first.home, now: last.now })
    });
    Ok(Moved { holdings: whole.collect(), moves: moves(tx, tenant).await? })
}

/// How many moves there have been: each merge is one, and so is its undoing.
pub(crate) async fn moves(tx: &Tx, tenant: TenantId) -> Result<u64, Fault> {
    tx.number(&sql::MOVES, &[&rows::tenant(tenant)]).await
}

/// How many steps all feeds have committed.
pub(crate) async fn steps(tx: &Tx, tenant: TenantId) -> Result<u64, Fault> {
    tx.number(&sql::STEPS, &[&rows::tenant(tenant)]).await
}

async fn material(
    tx: &Tx,
    tenant: TenantId,
    from: AccountId,
    into: AccountId,
) -> Result<Option<MergeMaterial>, Fault> {
    let steps = steps(tx, tenant).await?;
    let mut both = feed_reads::stored(tx, tenant, &[from, into]).await?;
    // Of one account with itself there is one only.
    let stored_into = both.get(&into).cloned();
    let (Some(stored_from), Some(stored_into)) = (both.remove(&from), stored_into) else { return Ok(None) };
    let (number, giver) = (rows::tenant(tenant), from.octets().as_slice());
    let wishes = rows::gather(&tx.query(&sql::SPEEDS, &[&number, &giver]).await?, |row| {
        let wish = SpeedRow { revision: rows::count(row, 1)?, blob: rows::shared(row, 2)? };
        Ok((rows::id(row, 0)?, wish))
    })?;
    let next = tx.number(&sql::NEXT_MERGE, &[&number]).await?;
    let ring_version = tx.number(&sql::RING_VERSION, &[&number, &giver]).await?;
    Ok(Some(MergeMaterial { steps, from: stored_from, into: stored_into, wishes, next, ring_version }))
}
