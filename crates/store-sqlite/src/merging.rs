//! Merges of accounts: consents, and holdings that move from one account to another.

use honnin_access::{AgreeToMerge, ConsentRow, Operate, Permit, Subject};
use honnin_store::{
    Answer, Error, MergeMaterial, MergeRow, MergeRows, Move, MoveReason, Moved, MovedHolding, SpeedRow,
};
use honnin_terms::{AccountId, EntryRef, Id, TenantId};
use rusqlite::{Connection, Row, params};

use crate::fault::Fault;
use crate::moving::Place;
use crate::writer::{Kind, Written};
use crate::{Sqlite, feed_reads, rows};

impl MergeRows for Sqlite {
    fn put_consent(&self, permit: &Permit<AgreeToMerge>, row: ConsentRow) -> Answer<'_, Result<(), Error>> {
        let Subject { tenant, account, .. } = *permit.subject();
        self.write(Kind::Small, move |connection| {
            connection
                .prepare_cached(
                    "insert or replace into consent (tenant, account, sealed, until) values (?1, ?2, ?3, ?4)",
                )?
                .execute(params![tenant.number(), account.octets(), row.sealed, row.until.millis()])?;
            Ok(Written::uncached(()))
        })
    }

    fn consent(
        &self,
        permit: &Permit<Operate>,
        account: AccountId,
    ) -> Answer<'_, Result<Option<ConsentRow>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection
                .prepare_cached("select sealed, until from consent where tenant = ?1 and account = ?2")?;
            let mut found = statement.query(params![tenant.number(), account.octets()])?;
            let Some(row) = found.next()? else { return Ok(None) };
            Ok(Some(ConsentRow { sealed: row.get(0)?, until: rows::moment(row, 1)? }))
        }))
    }

    fn merge_material(
        &self,
        permit: &Permit<Operate>,
        from: AccountId,
        into: AccountId,
    ) -> Answer<'_, Result<Option<MergeMaterial>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.at_once(|connection| material(connection, tenant, from, into)))
    }

    fn commit_move(
        &self,
        permit: &Permit<Operate>,
        steps: u64,
        moving: Move,
        reason: MoveReason,
    ) -> Answer<'_, Result<(), Error>> {
        let (tenant, at) = (permit.subject().tenant, permit.at());
        self.write(Kind::Large, move |connection| {
            let place = Place { connection, tenant, at };
            let changed = place.commit(steps, &moving, &reason)?;
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
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(LISTED)?;
            let of = of.as_ref().map(Id::octets);
            let found = statement.query(params![tenant.number(), of, rows::limit(most)])?;
            with_holdings(connection, tenant, rows::gather(found, merge_of)?)
        }))
    }

    fn unjournaled_merges(
        &self,
        permit: &Permit<Operate>,
        most: usize,
    ) -> Answer<'_, Result<Vec<MergeRow>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(UNJOURNALED)?;
            let found = statement.query(params![tenant.number(), rows::limit(most)])?;
            with_holdings(connection, tenant, rows::gather(found, merge_of)?)
        }))
    }

    fn note_entry(
        &self,
        permit: &Permit<Operate>,
        merge: u64,
        undone: bool,
        entry: EntryRef,
    ) -> Answer<'_, Result<(), Error>> {
        let tenant = permit.subject().tenant;
        self.write(Kind::Small, move |connection| {
            let sql = if undone {
                "update account_merge set undone_entry = ?3 where tenant = ?1 and merge = ?2"
            } else {
                "update account_merge set entry = ?3 where tenant = ?1 and merge = ?2"
            };
            let (merge, entry) = (rows::stored_count(merge)?, entry.octets());
            connection.prepare_cached(sql)?.execute(params![tenant.number(), merge, entry])?;
            Ok(Written::uncached(()))
        })
    }
}

const LISTED: &str = "select merge, gave, took, at, undone_at, sealed, entry, undone_entry from account_merge \
                      where tenant = ?1 and (?2 is null or gave = ?2 or took = ?2) order by merge desc limit ?3";

const UNJOURNALED: &str = "select merge, gave, took, at, undone_at, sealed, entry, undone_entry \
                           from account_merge where tenant = ?1 \
                           and (entry is null or (undone_at is not null and undone_entry is null)) \
                           order by merge limit ?2";

fn merge_of(row: &Row<'_>) -> Result<MergeRow, Fault> {
    let entry = |column: usize| -> Result<Option<EntryRef>, Fault> {
        let entry: Option<[u8; EntryRef::LENGTH]> = row.get(column)?;
        Ok(entry.map(EntryRef::from_octets))
    };
    Ok(MergeRow {
        merge: rows::count(row, 0)?,
        gave: rows::id(row, 1)?,
        took: rows::id(row, 2)?,
        at: rows::moment(row, 3)?,
        undone_at: rows::moment_or_none(row, 4)?,
        holdings: Vec::new(),
        sealed: row.get(5)?,
        entry: entry(6)?,
        undone_entry: entry(7)?,
    })
}

fn with_holdings(
    connection: &Connection,
    tenant: TenantId,
    mut merges: Vec<MergeRow>,
) -> Result<Vec<MergeRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "select holding from merged_holding where tenant = ?1 and merge = ?2 order by holding",
    )?;
    for merge in &mut merges {
        let found = statement.query(params![tenant.number(), rows::stored_count(merge.merge)?])?;
        merge.holdings = rows::gather(found, |row| rows::id(row, 0))?;
    }
    Ok(merges)
}

/// Holdings that merges have moved: the first merge that holds says where one came from, the last where it is.
pub(crate) fn moved(connection: &Connection, tenant: TenantId) -> Result<Moved, Fault> {
    let mut statement = connection.prepare_cached(
        "select h.holding, m.gave, m.took from merged_holding h \
         join account_merge m on m.tenant = h.tenant and m.merge = h.merge \
         where h.tenant = ?1 and m.undone_at is null order by h.holding, h.merge",
    )?;
    let steps = rows::gather(statement.query(params![tenant.number()])?, |row| {
        Ok(MovedHolding { holding: rows::id(row, 0)?, home: rows::id(row, 1)?, now: rows::id(row, 2)? })
    })?;
    let of_holding = steps.chunk_by(|a, b| a.holding == b.holding);
    let whole = of_holding.filter_map(|steps| {
        let (first, last) = (steps.first()?, steps.last()?);
        Some(MovedHolding { holding: first.holding, home: first.home, now: last.now })
    });
    Ok(Moved { moves: moves(connection, tenant)?, holdings: whole.collect() })
}

/// How many moves there have been: each merge is one, and so is its undoing.
pub(crate) fn moves(connection: &Connection, tenant: TenantId) -> Result<u64, Fault> {
    counted(connection, tenant, "select count(*) + count(undone_at) from account_merge where tenant = ?1")
}

/// How many steps all feeds have committed.
pub(crate) fn steps(connection: &Connection, tenant: TenantId) -> Result<u64, Fault> {
    counted(connection, tenant, "select coalesce(sum(position), 0) from progress where tenant = ?1")
}

fn counted(connection: &Connection, tenant: TenantId, query: &str) -> Result<u64, Fault> {
    let count: i64 =
        connection.prepare_cached(query)?.query_row(params![tenant.number()], |row| row.get(0))?;
    u64::try_from(count).map_err(|_| Error::Corrupt.into())
}

fn material(
    connection: &Connection,
    tenant: TenantId,
    from: AccountId,
    into: AccountId,
) -> Result<Option<MergeMaterial>, Fault> {
    let steps = steps(connection, tenant)?;
    let both = (
        feed_reads::stored_account(connection, tenant, from)?,
        feed_reads::stored_account(connection, tenant, into)?,
    );
    let (Some(stored_from), Some(stored_into)) = both else { return Ok(None) };
    let mut statement = connection
        .prepare_cached("select holding, revision, blob from speed where tenant = ?1 and account = ?2")?;
    let wishes = rows::gather(statement.query(params![tenant.number(), from.octets()])?, |row| {
        let holding = rows::holding(row, 0)?.ok_or(Error::Corrupt)?;
        Ok((holding, SpeedRow { revision: rows::count(row, 1)?, blob: row.get(2)? }))
    })?;
    let next: i64 = connection
        .prepare_cached("select coalesce(max(merge), 0) + 1 from account_merge where tenant = ?1")?
        .query_row(params![tenant.number()], |row| row.get(0))?;
    let next = u64::try_from(next).map_err(|_| Error::Corrupt)?;
    let ring_version = connection
        .prepare_cached("select ring_version from account where tenant = ?1 and account = ?2")?
        .query_row(params![tenant.number(), from.octets()], |row| Ok(rows::count(row, 0)))??;
    Ok(Some(MergeMaterial { steps, from: stored_from, into: stored_into, wishes, next, ring_version }))
}
