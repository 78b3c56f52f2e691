//! Feeds reading: what they need to go on where they stopped.

use std::collections::{BTreeMap, HashMap};

use honnin_access::{Append, Permit};
use honnin_store::{
    AccountKeyRow, Answer, Batch, Committed, DirectoryKey, DirectoryRow, DocumentKey, Error, FeedRows, Moved,
    Progress, QuarantineRow, RecordKey, StoredAccount, StoredDocument, SubjectKeyRow,
};
use honnin_terms::{AccountId, Held, HoldingId, Id, TenantId};
use tokio_postgres::Row;

use crate::fault::Fault;
use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::{Asked, Tx};
use crate::{Kind, Postgres, feed, merging, rows};

impl FeedRows for Postgres {
    fn progress(&self, permit: &Permit<Append>, feed: &str) -> Answer<'_, Result<Option<Progress>, Error>> {
        let (tenant, feed) = (permit.subject().tenant, feed.to_owned());
        self.read(Reach::House(tenant), async move |tx| {
            let found = tx.last_one(&sql::PROGRESS, &[&rows::tenant(tenant), &feed]).await?;
            let Some(row) = found else { return Ok(None) };
            Ok(Some(Progress { position: rows::count(&row, 0)?, state: rows::blob(&row, 1)? }))
        })
    }

    fn holders(
        &self,
        permit: &Permit<Append>,
        keys: &[DirectoryKey],
    ) -> Answer<'_, Result<Vec<DirectoryRow>, Error>> {
        let (tenant, keys) = (permit.subject().tenant, keys.to_vec());
        self.read(Reach::House(tenant), async move |tx| {
            let keys: Vec<&[u8]> = keys.iter().map(<[u8; 16]>::as_slice).collect();
            rows::gather(&tx.last(&sql::HOLDERS, &[&rows::tenant(tenant), &keys]).await?, entry_of)
        })
    }

    fn directory(
        &self,
        permit: &Permit<Append>,
        after: Option<(DirectoryKey, HoldingId)>,
        most: usize,
    ) -> Answer<'_, Result<Vec<DirectoryRow>, Error>> {
        let tenant = permit.subject().tenant;
        self.read(Reach::House(tenant), async move |tx| {
            // No octets at all stand before every key.
            let (key, holding) =
                after.as_ref().map_or((&[][..], &[][..]), |(key, holding)| (&key[..], &holding.octets()[..]));
            let asked: Asked<'_> = &[&rows::tenant(tenant), &key, &holding, &rows::limit(most)];
            rows::gather(&tx.last(&sql::DIRECTORY, asked).await?, entry_of)
        })
    }

    fn moved(&self, permit: &Permit<Append>) -> Answer<'_, Result<Moved, Error>> {
        let tenant = permit.subject().tenant;
        self.at_once(Reach::House(tenant), async move |tx| merging::moved(tx, tenant).await)
    }

    fn accounts(
        &self,
        permit: &Permit<Append>,
        accounts: &[AccountId],
    ) -> Answer<'_, Result<Vec<StoredAccount>, Error>> {
        let (tenant, accounts) = (permit.subject().tenant, accounts.to_vec());
        self.at_once(Reach::House(tenant), async move |tx| {
            Ok(stored(tx, tenant, &accounts).await?.into_values().collect())
        })
    }

    fn seen(
        &self,
        permit: &Permit<Append>,
        records: &[RecordKey],
    ) -> Answer<'_, Result<Vec<Option<[u8; 16]>>, Error>> {
        let (tenant, records) = (permit.subject().tenant, records.to_vec());
        self.read(Reach::House(tenant), async move |tx| {
            let keys: Vec<&[u8]> = records.iter().map(<[u8; 16]>::as_slice).collect();
            let mut found: HashMap<RecordKey, [u8; 16]> = HashMap::with_capacity(keys.len());
            for row in tx.last(&sql::SEEN, &[&rows::tenant(tenant), &keys]).await? {
                found.insert(rows::octets(&row, 0)?, rows::octets(&row, 1)?);
            }
            Ok(records.iter().map(|record| found.get(record).copied()).collect())
        })
    }

    fn commit(
        &self,
        permit: &Permit<Append>,
        feed: &str,
        batch: Batch,
    ) -> Answer<'_, Result<Committed, Error>> {
        let (tenant, at, feed) = (permit.subject().tenant, permit.at(), feed.to_owned());
        self.write(Kind::Large, Reach::House(tenant), async move |tx| {
            feed::commit(tx, tenant, &feed, &batch, at).await
        })
    }

    fn quarantined(
        &self,
        permit: &Permit<Append>,
        skip: u64,
        most: usize,
    ) -> Answer<'_, Result<Vec<QuarantineRow>, Error>> {
        let tenant = permit.subject().tenant;
        self.read(Reach::House(tenant), async move |tx| {
            let asked: Asked<'_> = &[&rows::tenant(tenant), &rows::limit(most), &rows::stored_count(skip)?];
            rows::gather(&tx.last(&sql::QUARANTINED, asked).await?, |row| {
                Ok(QuarantineRow {
                    file: rows::text(row, 0)?,
                    line: rows::count(row, 1)?,
                    reason: rows::text(row, 2)?,
                    sealed: rows::blob(row, 3)?,
                    record: rows::octets(row, 4)?,
                    at: rows::moment(row, 5)?,
                })
            })
        })
    }
}

fn entry_of(row: &Row) -> Result<DirectoryRow, Fault> {
    Ok(DirectoryRow {
        key: rows::octets(row, 0)?,
        holding: rows::id(row, 1)?,
        account: rows::id(row, 2)?,
        held: Held { from: rows::day(row, 3)?, to: rows::day_or_none(row, 4)? },
    })
}

/// What is stored of accounts, ascending; unknown ones are absent.
pub(crate) async fn stored(
    tx: &Tx,
    tenant: TenantId,
    accounts: &[AccountId],
) -> Result<BTreeMap<AccountId, StoredAccount>, Fault> {
    let number = rows::tenant(tenant);
    let asked: Vec<&[u8]> = accounts.iter().map(|account| account.octets().as_slice()).collect();
    let mut stored = BTreeMap::new();
    for row in tx.query(&sql::ACCOUNT_KEYS, &[&number, &asked]).await? {
        let account: AccountId = rows::id(&row, 0)?;
        let account_key = AccountKeyRow {
            epoch: rows::count(&row, 1)?,
            by_keeper: rows::blob(&row, 2)?,
            ring: rows::blob(&row, 3)?,
        };
        let (subject_keys, documents) = (Vec::new(), Vec::new());
        stored.insert(account, StoredAccount { account, account_key, subject_keys, documents });
    }
    for row in tx.query(&sql::SUBJECT_KEYS, &[&number, &asked]).await? {
        let key = SubjectKeyRow { holding: rows::id_or_none(&row, 1)?, epoch: rows::count(&row, 2)? };
        if let Some(account) = stored.get_mut(&rows::id::<AccountId>(&row, 0)?) {
            account.subject_keys.push(key);
        }
    }
    for row in tx.query(&sql::DOCUMENTS, &[&number, &asked]).await? {
        let key = DocumentKey {
            holding: rows::id_or_none(&row, 1)?,
            kind: rows::kind(&row, 2)?,
            row: rows::blob(&row, 3)?,
        };
        if let Some(account) = stored.get_mut(&rows::id::<AccountId>(&row, 0)?) {
            account.documents.push(StoredDocument { key, blob: rows::shared(&row, 4)? });
        }
    }
    Ok(stored)
}
