//! Feeds writing: a batch and the feed's position in one transaction.

use honnin_access::Subject;
use honnin_store::{
    AccountKeyRow, AccountUpdate, Batch, Changed, Committed, DirectoryRow, DocumentKey, Error, NoticeRow,
    Progress, QuarantineRow, RecordKey, SeenRow, StoredDocument, SubjectKeyRow,
};
use honnin_terms::{AccountId, Day, Id, Moment, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::fault::Fault;
use crate::writer::Written;
use crate::{merging, rows};

/// Puts the rows with scattered keys in the order of their keys, so that the engine goes through its pages once.
pub(crate) fn in_order(batch: &mut Batch) {
    batch.directory.sort_unstable_by_key(|row| (row.key, row.holding));
    batch.seen.sort_unstable_by_key(|row| row.record);
}

/// Writes a batch where the feed stands just before it.
pub(crate) fn commit(
    connection: &Connection,
    tenant: TenantId,
    feed: &str,
    batch: &Batch,
    at: Moment,
) -> Result<Written<Committed>, Fault> {
    let Batch { accounts, directory, seen, notices, quarantine, released, moves, progress } = batch;
    let stored: Option<i64> = connection
        .prepare_cached("select position from progress where tenant = ?1 and feed = ?2")?
        .query_row(params![tenant.number(), feed], |row| row.get(0))
        .optional()?;
    let stored = u64::try_from(stored.unwrap_or(0)).map_err(|_| Error::Corrupt)?;
    if stored.checked_add(1) != Some(progress.position) {
        return Ok(Written::uncached(Committed::Stale { position: stored }));
    }
    if merging::moves(connection, tenant)? != *moves {
        return Ok(Written::uncached(Committed::Overtaken));
    }
    let mut changed = Vec::new();
    write_accounts(connection, tenant, accounts, &mut changed)?;
    write_directory(connection, tenant, directory)?;
    write_seen(connection, tenant, seen, at)?;
    write_notices(connection, tenant, notices)?;
    write_quarantine(connection, tenant, quarantine)?;
    release(connection, tenant, released)?;
    write_progress(connection, tenant, feed, progress, at)?;
    Ok(Written { answer: Committed::Done, changed })
}

fn write_accounts(
    connection: &Connection,
    tenant: TenantId,
    accounts: &[AccountUpdate],
    changed: &mut Vec<Changed>,
) -> Result<(), Fault> {
    let mut new_account = connection.prepare_cached(
        "insert into account (tenant, account, key_epoch, key_by_keeper, ring) values (?1, ?2, ?3, ?4, ?5) \
         on conflict do nothing",
    )?;
    let mut new_key = connection.prepare_cached(
        "insert into subject_key (tenant, account, holding, epoch) values (?1, ?2, ?3, ?4) on conflict do nothing",
    )?;
    let mut document = connection.prepare_cached(
        "insert or replace into document (tenant, account, holding, kind, row, blob) values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let number = tenant.number();
    for AccountUpdate { account, account_key, subject_keys, documents } in accounts {
        let subject = |holding| Subject { tenant, account: *account, holding };
        if let Some(AccountKeyRow { epoch, by_keeper, ring }) = account_key {
            new_account.execute(params![number, account.octets(), epoch, by_keeper, ring])?;
        }
        for SubjectKeyRow { holding, epoch } in subject_keys {
            let octets = rows::holding_octets(holding.as_ref());
            new_key.execute(params![number, account.octets(), octets, epoch])?;
        }
        for StoredDocument { key: DocumentKey { holding, kind, row }, blob } in documents {
            let octets = rows::holding_octets(holding.as_ref());
            document.execute(params![number, account.octets(), octets, kind, row, blob])?;
            changed.push(Changed::View { subject: subject(*holding), kind, row: row.clone() });
        }
    }
    Ok(())
}

fn write_directory(connection: &Connection, tenant: TenantId, entries: &[DirectoryRow]) -> Result<(), Fault> {
    let mut entry = connection.prepare_cached(
        "insert or replace into directory (tenant, key, holding, account, held_from, held_to) \
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for DirectoryRow { key, holding, account, held } in entries {
        let (from, to) = (held.from.number(), held.to.map(Day::number));
        entry.execute(params![
            tenant.number(),
            key,
            holding.octets(),
            AccountId::octets(account),
            from,
            to
        ])?;
    }
    Ok(())
}

fn write_seen(connection: &Connection, tenant: TenantId, seen: &[SeenRow], at: Moment) -> Result<(), Fault> {
    // What was taken first stays what a repeat is compared with.
    let mut taken = connection.prepare_cached(
        "insert into seen (tenant, record, content, taken_at) values (?1, ?2, ?3, ?4) \
         on conflict (tenant, record) do update set content = excluded.content, taken_at = excluded.taken_at",
    )?;
    for SeenRow { record, content } in seen {
        taken.execute(params![tenant.number(), record, content, at.millis()])?;
    }
    Ok(())
}

fn write_notices(connection: &Connection, tenant: TenantId, notices: &[NoticeRow]) -> Result<(), Fault> {
    let mut write = connection.prepare_cached(
        "insert or replace into notice (tenant, notice, code, published_at, kind, title, body) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for NoticeRow { notice, code, published_at, kind, title, body } in notices {
        let published_at = published_at.millis();
        write.execute(params![tenant.number(), notice.octets(), code, published_at, kind, title, body])?;
    }
    Ok(())
}

fn write_quarantine(
    connection: &Connection,
    tenant: TenantId,
    broken: &[QuarantineRow],
) -> Result<(), Fault> {
    let mut write = connection.prepare_cached(
        "insert into quarantine (tenant, record, file, line, reason, sealed, at) \
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict do nothing",
    )?;
    for QuarantineRow { file, line, reason, sealed, record, at } in broken {
        let line = rows::stored_count(*line)?;
        write.execute(params![tenant.number(), record, file, line, reason, sealed, at.millis()])?;
    }
    Ok(())
}

fn release(connection: &Connection, tenant: TenantId, released: &[RecordKey]) -> Result<(), Fault> {
    let mut release =
        connection.prepare_cached("delete from quarantine where tenant = ?1 and record = ?2")?;
    for record in released {
        release.execute(params![tenant.number(), record])?;
    }
    Ok(())
}

fn write_progress(
    connection: &Connection,
    tenant: TenantId,
    feed: &str,
    progress: &Progress,
    at: Moment,
) -> Result<(), Fault> {
    let Progress { position, state } = progress;
    connection
        .prepare_cached(
            "insert or replace into progress (tenant, feed, position, state, at) values (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![tenant.number(), feed, rows::stored_count(*position)?, state, at.millis()])?;
    Ok(())
}
