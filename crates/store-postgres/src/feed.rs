//! Feeds writing: a batch and the feed's position in one transaction.
//!
//! Each table is written by one statement with all its rows. Where a batch names a row twice, the later one stands, as
//! where they are written one after another.

use std::collections::BTreeMap;

use honnin_access::Subject;
use honnin_store::{
    AccountKeyRow, AccountUpdate, Batch, Changed, Committed, DirectoryRow, DocumentKey, NoticeRow, Progress,
    QuarantineRow, RecordKey, SeenRow, StoredDocument, SubjectKeyRow,
};
use honnin_terms::{AccountId, Day, HoldingId, Id, Moment, TenantId};

use crate::fault::Fault;
use crate::statements as sql;
use crate::transaction::{Asked, Tx};
use crate::watched::Written;
use crate::{merging, rows};

/// Writes a batch where the feed stands just before it.
pub(crate) async fn commit(
    tx: &Tx,
    tenant: TenantId,
    feed: &str,
    batch: &Batch,
    at: Moment,
) -> Result<Written<Committed>, Fault> {
    let Batch { accounts, directory, seen, notices, quarantine, released, moves, progress } = batch;
    let number = rows::tenant(tenant);
    let stored = tx.one(&sql::PROGRESS, &[&number, &feed]).await?;
    let stored: u64 = stored.map_or(Ok(0), |row| rows::count(&row, 0))?;
    if stored.checked_add(1) != Some(progress.position) {
        return Ok(Written::uncached(Committed::Stale { position: stored }));
    }
    if merging::moves(tx, tenant).await? != *moves {
        return Ok(Written::uncached(Committed::Overtaken));
    }
    write_keys(tx, number, accounts).await?;
    let documents = accounts.iter().map(|update| (update.account, update.documents.as_slice()));
    let mut changed = Vec::new();
    write_documents(tx, tenant, documents, &mut changed).await?;
    write_directory(tx, number, directory).await?;
    write_seen(tx, number, seen, at).await?;
    write_notices(tx, number, notices).await?;
    write_quarantine(tx, number, quarantine).await?;
    release(tx, number, released).await?;
    let Progress { position, state } = progress;
    let asked: Asked<'_> = &[&number, &feed, &rows::stored_count(*position)?, state, &at.millis()];
    tx.execute(&sql::WRITE_PROGRESS, asked).await?;
    Ok(Written { answer: Committed::Done, changed })
}

async fn write_keys(tx: &Tx, tenant: i64, updates: &[AccountUpdate]) -> Result<(), Fault> {
    let (mut accounts, mut epochs, mut keys, mut rings) = (vec![], vec![], vec![], vec![]);
    let (mut holders, mut holdings, mut subject_epochs) = (vec![], vec![], vec![]);
    for AccountUpdate { account, account_key, subject_keys, documents: _ } in updates {
        let holder = account.octets().as_slice();
        if let Some(AccountKeyRow { epoch, by_keeper, ring }) = account_key {
            accounts.push(holder);
            epochs.push(i64::from(*epoch));
            keys.push(by_keeper.as_slice());
            rings.push(ring.as_slice());
        }
        for SubjectKeyRow { holding, epoch } in subject_keys {
            holders.push(holder);
            holdings.push(rows::holding_octets(holding.as_ref()));
            subject_epochs.push(i64::from(*epoch));
        }
    }
    if !accounts.is_empty() {
        tx.execute(&sql::NEW_ACCOUNTS, &[&tenant, &accounts, &epochs, &keys, &rings]).await?;
    }
    if !holders.is_empty() {
        tx.execute(&sql::NEW_SUBJECT_KEYS, &[&tenant, &holders, &holdings, &subject_epochs]).await?;
    }
    Ok(())
}

/// Writes documents of accounts and says which.
pub(crate) async fn write_documents<'a>(
    tx: &Tx,
    tenant: TenantId,
    documents: impl Iterator<Item = (AccountId, &'a [StoredDocument])>,
    changed: &mut Vec<Changed>,
) -> Result<(), Fault> {
    let mut latest: BTreeMap<(AccountId, &DocumentKey), &[u8]> = BTreeMap::new();
    for (account, documents) in documents {
        for StoredDocument { key, blob } in documents {
            latest.insert((account, key), blob);
            let DocumentKey { holding, kind, row } = key;
            let subject = Subject { tenant, account, holding: *holding };
            changed.push(Changed::View { subject, kind, row: row.clone() });
        }
    }
    if latest.is_empty() {
        return Ok(());
    }
    let (mut accounts, mut holdings, mut kinds, mut which, mut blobs) =
        (vec![], vec![], vec![], vec![], vec![]);
    for ((account, DocumentKey { holding, kind, row }), blob) in &latest {
        accounts.push(account.octets().as_slice());
        holdings.push(rows::holding_octets(holding.as_ref()));
        kinds.push(*kind);
        which.push(row.as_slice());
        blobs.push(*blob);
    }
    let asked: Asked<'_> = &[&rows::tenant(tenant), &accounts, &holdings, &kinds, &which, &blobs];
    tx.execute(&sql::WRITE_DOCUMENTS, asked).await?;
    Ok(())
}

async fn write_directory(tx: &Tx, tenant: i64, entries: &[DirectoryRow]) -> Result<(), Fault> {
    if entries.is_empty() {
        return Ok(());
    }
    let latest: BTreeMap<_, &DirectoryRow> =
        entries.iter().map(|entry| ((entry.key, entry.holding), entry)).collect();
    let (mut keys, mut holdings, mut accounts, mut from, mut to) = (vec![], vec![], vec![], vec![], vec![]);
    for DirectoryRow { key, holding, account, held } in latest.into_values() {
        keys.push(key.as_slice());
        holdings.push(HoldingId::octets(holding).as_slice());
        accounts.push(AccountId::octets(account).as_slice());
        from.push(i64::from(held.from.number()));
        to.push(held.to.map(|day| i64::from(Day::number(day))));
    }
    tx.execute(&sql::WRITE_DIRECTORY, &[&tenant, &keys, &holdings, &accounts, &from, &to]).await?;
    Ok(())
}

async fn write_seen(tx: &Tx, tenant: i64, seen: &[SeenRow], at: Moment) -> Result<(), Fault> {
    if seen.is_empty() {
        return Ok(());
    }
    let latest: BTreeMap<&RecordKey, &[u8; 16]> =
        seen.iter().map(|SeenRow { record, content }| (record, content)).collect();
    let records: Vec<&[u8]> = latest.keys().map(|record| record.as_slice()).collect();
    let contents: Vec<&[u8]> = latest.values().map(|content| content.as_slice()).collect();
    tx.execute(&sql::WRITE_SEEN, &[&tenant, &records, &contents, &at.millis()]).await?;
    Ok(())
}

async fn write_notices(tx: &Tx, tenant: i64, notices: &[NoticeRow]) -> Result<(), Fault> {
    if notices.is_empty() {
        return Ok(());
    }
    let latest: BTreeMap<_, &NoticeRow> = notices.iter().map(|row| (row.notice, row)).collect();
    let (mut ids, mut codes, mut moments) = (vec![], vec![], vec![]);
    let (mut kinds, mut titles, mut bodies) = (vec![], vec![], vec![]);
    for NoticeRow { notice, code, published_at, kind, title, body } in latest.into_values() {
        ids.push(notice.octets().as_slice());
        codes.push(code.as_str());
        moments.push(published_at.millis());
        kinds.push(kind.as_str());
        titles.push(title.as_str());
        bodies.push(body.as_str());
    }
    let asked: Asked<'_> = &[&tenant, &ids, &codes, &moments, &kinds, &titles, &bodies];
    tx.execute(&sql::WRITE_NOTICES, asked).await?;
    Ok(())
}

async fn write_quarantine(tx: &Tx, tenant: i64, broken: &[QuarantineRow]) -> Result<(), Fault> {
    if broken.is_empty() {
        return Ok(());
    }
    let (mut records, mut files, mut lines) = (vec![], vec![], vec![]);
    let (mut reasons, mut sealeds, mut moments) = (vec![], vec![], vec![]);
    for QuarantineRow { file, line, reason, sealed, record, at } in broken {
        records.push(record.as_slice());
        files.push(file.as_str());
        lines.push(rows::stored_count(*line)?);
        reasons.push(reason.as_str());
        sealeds.push(sealed.as_slice());
        moments.push(at.millis());
    }
    let asked: Asked<'_> = &[&tenant, &records, &files, &lines, &reasons, &sealeds, &moments];
    tx.execute(&sql::WRITE_QUARANTINE, asked).await?;
    Ok(())
}

async fn release(tx: &Tx, tenant: i64, released: &[RecordKey]) -> Result<(), Fault> {
    if !released.is_empty() {
        let released: Vec<&[u8]> = released.iter().map(<[u8; 16]>::as_slice).collect();
        tx.execute(&sql::RELEASE, &[&tenant, &released]).await?;
    }
    Ok(())
}
