//! Feeds reading: what they need to go on where they stopped.

use honnin_access::{Append, Permit};
use honnin_store::{
    AccountKeyRow, Answer, Batch, Committed, DirectoryKey, DirectoryRow, DocumentKey, Error, FeedRows, Moved,
    Progress, QuarantineRow, RecordKey, StoredAccount, StoredDocument, SubjectKeyRow,
};
use honnin_terms::{AccountId, Held, HoldingId, Id, TenantId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::fault::Fault;
use crate::writer::Kind;
use crate::{Sqlite, feed, merging, rows};

impl FeedRows for Sqlite {
    fn progress(&self, permit: &Permit<Append>, feed: &str) -> Answer<'_, Result<Option<Progress>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection
                .prepare_cached("select position, state from progress where tenant = ?1 and feed = ?2")?;
            let mut found = statement.query(params![tenant.number(), feed])?;
            let Some(row) = found.next()? else { return Ok(None) };
            Ok(Some(Progress { position: rows::count(row, 0)?, state: row.get(1)? }))
        }))
    }

    fn holders(
        &self,
        permit: &Permit<Append>,
        keys: &[DirectoryKey],
    ) -> Answer<'_, Result<Vec<DirectoryRow>, Error>> {
        let tenant = permit.subject().tenant;
        // Asked in their order, so that each page is read once.
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        keys.dedup();
        Answer::ready(self.readers.at_once(|connection| {
            let mut statement = connection.prepare_cached(
                "select key, holding, account, held_from, held_to from directory \
                 where tenant = ?1 and key = ?2 order by holding",
            )?;
            let mut found = Vec::new();
            for key in keys {
                found.extend(rows::gather(statement.query(params![tenant.number(), key])?, entry_of)?);
            }
            Ok(found)
        }))
    }

    fn directory(
        &self,
        permit: &Permit<Append>,
        after: Option<(DirectoryKey, HoldingId)>,
        most: usize,
    ) -> Answer<'_, Result<Vec<DirectoryRow>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select key, holding, account, held_from, held_to from directory \
                 where tenant = ?1 and (key, holding) > (?2, ?3) order by key, holding limit ?4",
            )?;
            // No octets at all stand before every key.
            let (key, holding) =
                after.as_ref().map_or((&[][..], &[][..]), |(key, holding)| (&key[..], &holding.octets()[..]));
            let found = statement.query(params![tenant.number(), key, holding, rows::limit(most)])?;
            rows::gather(found, entry_of)
        }))
    }

    fn moved(&self, permit: &Permit<Append>) -> Answer<'_, Result<Moved, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.at_once(|connection| merging::moved(connection, tenant)))
    }

    fn accounts(
        &self,
        permit: &Permit<Append>,
        accounts: &[AccountId],
    ) -> Answer<'_, Result<Vec<StoredAccount>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.at_once(|connection| {
            let stored = accounts.iter().map(|account| stored_account(connection, tenant, *account));
            stored.filter_map(Result::transpose).collect()
        }))
    }

    fn seen(
        &self,
        permit: &Permit<Append>,
        records: &[RecordKey],
    ) -> Answer<'_, Result<Vec<Option<[u8; 16]>>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.at_once(|connection| {
            let mut statement =
                connection.prepare_cached("select content from seen where tenant = ?1 and record = ?2")?;
            // Asked in the order of the keys, so that each page is read once; answered in the order of the caller.
            let mut in_order: Vec<_> = records.iter().zip(0_usize..).collect();
            in_order.sort_unstable();
            let mut found = vec![None; records.len()];
            for (record, place) in in_order {
                let content =
                    statement.query_row(params![tenant.number(), record], |row| row.get(0)).optional()?;
                if let Some(answer) = found.get_mut(place) {
                    *answer = content;
                }
            }
            Ok(found)
        }))
    }

    fn commit(
        &self,
        permit: &Permit<Append>,
        feed: &str,
        mut batch: Batch,
    ) -> Answer<'_, Result<Committed, Error>> {
        let (tenant, at, feed) = (permit.subject().tenant, permit.at(), feed.to_owned());
        feed::in_order(&mut batch);
        self.write(Kind::Large, move |connection| feed::commit(connection, tenant, &feed, &batch, at))
    }

    fn quarantined(
        &self,
        permit: &Permit<Append>,
        skip: u64,
        most: usize,
    ) -> Answer<'_, Result<Vec<QuarantineRow>, Error>> {
        let tenant = permit.subject().tenant;
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select file, line, reason, sealed, record, at from quarantine where tenant = ?1 \
                 order by at, file, line, record limit ?2 offset ?3",
            )?;
            let found =
                statement.query(params![tenant.number(), rows::limit(most), rows::stored_count(skip)?])?;
            rows::gather(found, |row| {
                Ok(QuarantineRow {
                    file: row.get(0)?,
                    line: rows::count(row, 1)?,
                    reason: row.get(2)?,
                    sealed: row.get(3)?,
                    record: row.get(4)?,
                    at: rows::moment(row, 5)?,
                })
            })
        }))
    }
}

/// The keys of an account, for the keeper.
pub(crate) fn account_key(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
) -> Result<Option<AccountKeyRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "select key_epoch, key_by_keeper, ring from account where tenant = ?1 and account = ?2",
    )?;
    let mut found = statement.query(params![tenant.number(), account.octets()])?;
    let Some(row) = found.next()? else { return Ok(None) };
    Ok(Some(AccountKeyRow { epoch: rows::count(row, 0)?, by_keeper: row.get(1)?, ring: row.get(2)? }))
}

fn entry_of(row: &Row<'_>) -> Result<DirectoryRow, Fault> {
    Ok(DirectoryRow {
        key: row.get(0)?,
        holding: rows::id(row, 1)?,
        account: rows::id(row, 2)?,
        held: Held { from: rows::day(row, 3)?, to: rows::day_or_none(row, 4)? },
    })
}

pub(crate) fn stored_account(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
) -> Result<Option<StoredAccount>, Fault> {
    let place = params![tenant.number(), account.octets()];
    let Some(account_key) = account_key(connection, tenant, account)? else { return Ok(None) };

    let mut statement = connection.prepare_cached(
        "select holding, epoch from subject_key where tenant = ?1 and account = ?2 \
         order by holding, epoch desc",
    )?;
    let mut subject_keys = rows::gather(statement.query(place)?, |row| {
        Ok(SubjectKeyRow { holding: rows::holding(row, 0)?, epoch: rows::count(row, 1)? })
    })?;
    // The newest epoch of each stands first and is the one that stays.
    subject_keys.dedup_by_key(|key| key.holding);

    let mut statement = connection.prepare_cached(
        "select holding, kind, row, blob from document where tenant = ?1 and account = ?2 order by holding, kind, row",
    )?;
    let documents = rows::gather(statement.query(place)?, |row| {
        let key =
            DocumentKey { holding: rows::holding(row, 0)?, kind: rows::kind(row, 1)?, row: row.get(2)? };
        Ok(StoredDocument { key, blob: row.get(3)? })
    })?;
    Ok(Some(StoredAccount { account, account_key, subject_keys, documents }))
}
