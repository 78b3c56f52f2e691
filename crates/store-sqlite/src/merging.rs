//! Merges of accounts: consents, and holdings that move from one account to another.

use honnin_access::ports::SubjectKeyRow;
use honnin_access::{AgreeToMerge, ConsentRow, Operate, Permit, Subject};
use honnin_store::{
    Answer, DocumentKey, Error, MergeMaterial, MergeRow, MergeRows, Move, MoveReason, MovedHolding,
    MovedWish, SpeedRow, StoredDocument,
};
use honnin_terms::{AccountId, HoldingId, Id, Moment, TenantId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::cache::{Changed, ViewKey};
use crate::fault::Fault;
use crate::writer::{Kind, Written};
use crate::{Sqlite, credentials, feed_reads, rows, sessions};

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
        feed: &str,
        from: AccountId,
        into: AccountId,
    ) -> Answer<'_, Result<Option<MergeMaterial>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.at_once(|connection| material(connection, tenant, feed, from, into)))
    }

    fn commit_move(
        &self,
        permit: &Permit<Operate>,
        feed: &str,
        position: u64,
        moving: Move,
        reason: MoveReason,
    ) -> Answer<'_, Result<(), Error>> {
        let (tenant, at, feed) = (permit.subject().tenant, permit.at(), feed.to_owned());
        self.write(Kind::Large, move |connection| {
            let place = Place { connection, tenant, at };
            let changed = place.commit(&feed, position, &moving, &reason)?;
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
        entry: u64,
    ) -> Answer<'_, Result<(), Error>> {
        let tenant = permit.subject().tenant;
        self.write(Kind::Small, move |connection| {
            let sql = if undone {
                "update account_merge set undone_entry = ?3 where tenant = ?1 and merge = ?2"
            } else {
                "update account_merge set entry = ?3 where tenant = ?1 and merge = ?2"
            };
            let (merge, entry) = (rows::stored_count(merge)?, rows::stored_count(entry)?);
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
    let entry = |column: usize| -> Result<Option<u64>, Fault> {
        let entry: Option<i64> = row.get(column)?;
        entry.map(u64::try_from).transpose().map_err(|_| Error::Corrupt.into())
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
pub(crate) fn moved(connection: &Connection, tenant: TenantId) -> Result<Vec<MovedHolding>, Fault> {
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
    Ok(whole.collect())
}

fn feed_position(connection: &Connection, tenant: TenantId, feed: &str) -> Result<u64, Fault> {
    let position: Option<i64> = connection
        .prepare_cached("select position from progress where tenant = ?1 and feed = ?2")?
        .query_row(params![tenant.number(), feed], |row| row.get(0))
        .optional()?;
    u64::try_from(position.unwrap_or(0)).map_err(|_| Error::Corrupt.into())
}

fn material(
    connection: &Connection,
    tenant: TenantId,
    feed: &str,
    from: AccountId,
    into: AccountId,
) -> Result<Option<MergeMaterial>, Fault> {
    let position = feed_position(connection, tenant, feed)?;
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
    Ok(Some(MergeMaterial { position, from: stored_from, into: stored_into, wishes, next }))
}

/// Where and when a move is written.
#[derive(Clone, Copy)]
struct Place<'a> {
    connection: &'a Connection,
    tenant: TenantId,
    at: Moment,
}

impl Place<'_> {
    /// Everything of a move. Whatever refuses it takes the whole transaction back.
    fn commit(
        self,
        feed: &str,
        position: u64,
        moving: &Move,
        reason: &MoveReason,
    ) -> Result<Vec<Changed>, Fault> {
        let mut changed = Vec::new();
        self.pass_feed(feed, position)?;
        self.record(moving, reason)?;
        for holding in &moving.holdings {
            self.leave(moving, *holding, &mut changed)?;
        }
        for wish in &moving.wishes {
            self.carry_wish(moving, wish)?;
        }
        self.leaves_no_wish(moving)?;
        for key in &moving.keys {
            self.key(moving.into, key, &mut changed)?;
        }
        for (account, documents) in
            [(moving.from, &moving.from_documents), (moving.into, &moving.into_documents)]
        {
            for document in documents {
                self.document(account, document, &mut changed)?;
            }
        }
        changed.extend(sessions::end_all(self.connection, self.tenant, moving.from)?);
        for account in [moving.from, moving.into] {
            credentials::owe(self.connection, self.tenant, account, reason.message(), self.at)?;
        }
        Ok(changed)
    }

    /// A feed that has read what is about to move must not write it back.
    fn pass_feed(self, feed: &str, position: u64) -> Result<(), Fault> {
        let passed = self
            .connection
            .prepare_cached(
                "update progress set position = position + 1 where tenant = ?1 and feed = ?2 and position = ?3",
            )?
            .execute(params![self.tenant.number(), feed, rows::stored_count(position)?])?;
        if passed == 1 { Ok(()) } else { Err(Error::Conflict.into()) }
    }

    fn record(self, moving: &Move, reason: &MoveReason) -> Result<(), Fault> {
        match reason {
            MoveReason::Merge { merge, sealed, consents } => {
                for (account, consent) in consents {
                    let used = self
                        .connection
                        .prepare_cached(
                            "delete from consent where tenant = ?1 and account = ?2 and sealed = ?3 and until > ?4",
                        )?
                        .execute(params![
                            self.tenant.number(),
                            account.octets(),
                            consent,
                            self.at.millis()
                        ])?;
                    if used != 1 {
                        return Err(Error::Conflict.into());
                    }
                }
                self.begin(*merge, moving, sealed)
            }
            MoveReason::Undoing { merge } => {
                let undone = self
                    .connection
                    .prepare_cached(
                        "update account_merge set undone_at = ?3 \
                         where tenant = ?1 and merge = ?2 and undone_at is null",
                    )?
                    .execute(params![self.tenant.number(), rows::stored_count(*merge)?, self.at.millis()])?;
                if undone == 1 { Ok(()) } else { Err(Error::Conflict.into()) }
            }
        }
    }

    fn begin(self, merge: u64, moving: &Move, sealed: &[u8]) -> Result<(), Fault> {
        let Move { from, into, holdings, .. } = moving;
        let merge = rows::stored_count(merge)?;
        let begun = self
            .connection
            .prepare_cached(
                "insert into account_merge (tenant, merge, gave, took, at, sealed) \
                 values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing",
            )?
            .execute(params![
                self.tenant.number(),
                merge,
                from.octets(),
                into.octets(),
                self.at.millis(),
                sealed
            ])?;
        if begun != 1 {
            return Err(Error::Conflict.into());
        }
        let mut moved = self
            .connection
            .prepare_cached("insert into merged_holding (tenant, merge, holding) values (?1, ?2, ?3)")?;
        for holding in holdings {
            moved.execute(params![self.tenant.number(), merge, holding.octets()])?;
        }
        Ok(())
    }

    /// Takes what the account had of a holding away; keys too, so that nothing of it opens for it any more.
    fn leave(self, moving: &Move, holding: HoldingId, changed: &mut Vec<Changed>) -> Result<(), Fault> {
        let subject = |account| Subject { tenant: self.tenant, account, holding: Some(holding) };
        let from = params![self.tenant.number(), moving.from.octets(), holding.octets()];
        let mut gone = self.connection.prepare_cached(
            "delete from document where tenant = ?1 and account = ?2 and holding = ?3 returning kind, row",
        )?;
        changed.extend(
            rows::gather(gone.query(from)?, |row| {
                let (kind, row): (_, Vec<u8>) = (rows::kind(row, 0)?, row.get(1)?);
                Ok(ViewKey::new(subject(moving.from), kind, &row).map(Changed::View))
            })?
            .into_iter()
            .flatten(),
        );
        self.connection
            .prepare_cached("delete from subject_key where tenant = ?1 and account = ?2 and holding = ?3")?
            .execute(from)?;
        self.connection
            .prepare_cached(
                "update wish_key set account = ?4 where tenant = ?1 and account = ?2 and holding = ?3",
            )?
            .execute(params![
                self.tenant.number(),
                moving.from.octets(),
                holding.octets(),
                moving.into.octets()
            ])?;
        for account in [moving.from, moving.into] {
            changed.push(Changed::SubjectKey(subject(account)));
            changed.push(Changed::Speed(subject(account)));
        }
        Ok(())
    }

    fn carry_wish(self, moving: &Move, wish: &MovedWish) -> Result<(), Fault> {
        let MovedWish { holding, read_revision, blob } = wish;
        let carried = self
            .connection
            .prepare_cached(
                "update speed set account = ?4, blob = ?5, revision = revision + 1 \
                 where tenant = ?1 and account = ?2 and holding = ?3 and revision = ?6",
            )?
            .execute(params![
                self.tenant.number(),
                moving.from.octets(),
                holding.octets(),
                moving.into.octets(),
                blob,
                rows::stored_count(*read_revision)?
            ])?;
        if carried == 1 { Ok(()) } else { Err(Error::Conflict.into()) }
    }

    /// A wish that was written since the account was read stays with nobody: then all is read again.
    fn leaves_no_wish(self, moving: &Move) -> Result<(), Fault> {
        let mut left = self
            .connection
            .prepare_cached("select 1 from speed where tenant = ?1 and account = ?2 and holding = ?3")?;
        for holding in &moving.holdings {
            if left.exists(params![self.tenant.number(), moving.from.octets(), holding.octets()])? {
                return Err(Error::Conflict.into());
            }
        }
        Ok(())
    }

    fn key(self, account: AccountId, key: &SubjectKeyRow, changed: &mut Vec<Changed>) -> Result<(), Fault> {
        let SubjectKeyRow { holding, epoch, by_keeper, by_account } = key;
        self.connection
            .prepare_cached(
                "insert into subject_key (tenant, account, holding, epoch, by_keeper, by_account) \
                 values (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                self.tenant.number(),
                account.octets(),
                rows::holding_octets(holding.as_ref()),
                epoch,
                by_keeper,
                by_account
            ])?;
        changed.push(Changed::SubjectKey(Subject { tenant: self.tenant, account, holding: *holding }));
        Ok(())
    }

    fn document(
        self,
        account: AccountId,
        document: &StoredDocument,
        changed: &mut Vec<Changed>,
    ) -> Result<(), Fault> {
        let StoredDocument { key: DocumentKey { holding, kind, row }, blob } = document;
        self.connection
            .prepare_cached(
                "insert or replace into document (tenant, account, holding, kind, row, blob) \
                 values (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                self.tenant.number(),
                account.octets(),
                rows::holding_octets(holding.as_ref()),
                kind,
                row,
                blob
            ])?;
        let subject = Subject { tenant: self.tenant, account, holding: *holding };
        changed.extend(ViewKey::new(subject, kind, row).map(Changed::View));
        Ok(())
    }
}
