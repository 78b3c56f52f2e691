//! Credentials: the port of sign-in to what opens an account.

use honnin_access::ports::{CredentialRow, CredentialRows, KeyChange, RingWrite};
use honnin_store::{Answer, Changed, Error, MessageKind};
use honnin_terms::{AccountId, Id, Moment, TenantId};
use rusqlite::{Connection, params};

use crate::Sqlite;
use crate::fault::Fault;
use crate::writer::{Kind, Written};
use crate::{rows, sessions};

impl CredentialRows for Sqlite {
    fn credential(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Answer<'_, Result<Option<CredentialRow>, Error>> {
        Answer::ready(self.readers.with(|connection| find(connection, tenant, account)))
    }

    fn replace_credential(
        &self,
        tenant: TenantId,
        account: AccountId,
        row: CredentialRow,
        keys: Option<KeyChange>,
    ) -> Answer<'_, Result<(), Error>> {
        self.write(Kind::Small, move |connection| replace(connection, tenant, account, &row, keys.as_ref()))
    }
}

fn find(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
) -> Result<Option<CredentialRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "select key_epoch, key_by_keeper, ring, ring_version, password, code, credential_version from account \
         where tenant = ?1 and account = ?2",
    )?;
    let mut found = statement.query(params![tenant.number(), account.octets()])?;
    let Some(row) = found.next()? else { return Ok(None) };
    Ok(Some(CredentialRow {
        epoch: rows::count(row, 0)?,
        account_key: row.get(1)?,
        ring: row.get(2)?,
        ring_version: rows::count(row, 3)?,
        password: row.get(4)?,
        code: row.get(5)?,
        version: rows::count(row, 6)?,
    }))
}

fn replace(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
    row: &CredentialRow,
    keys: Option<&KeyChange>,
) -> Result<Written<()>, Fault> {
    // Keys are replaced by a change of keys alone.
    let CredentialRow { epoch: _, account_key: _, ring: _, ring_version: _, password, code, version } = row;
    let replaced = connection
        .prepare_cached(
            "update account set password = ?4, code = ?5, credential_version = credential_version + 1 \
             where tenant = ?1 and account = ?2 and credential_version = ?3",
        )?
        .execute(params![tenant.number(), account.octets(), rows::stored_count(*version)?, password, code])?;
    if replaced != 1 {
        return Err(Error::Conflict.into());
    }
    let Some(keys) = keys else { return Ok(Written::uncached(())) };
    let changed = change_keys(connection, tenant, account, keys)?;
    if let Some(now) = keys.told {
        owe(connection, tenant, account, MessageKind::PasswordChanged, now)?;
    }
    Ok(Written { answer: (), changed })
}

/// A new account key: all sessions end but the one that is sealed for it.
pub(crate) fn change_keys(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
    keys: &KeyChange,
) -> Result<Vec<Changed>, Fault> {
    let KeyChange { epoch, account_key, ring: RingWrite { read_version, sealed, .. }, keep, told: _ } = keys;
    let (number, read_version) = (tenant.number(), rows::stored_count(*read_version)?);
    let written = connection
        .prepare_cached(
            "update account set key_epoch = ?4, key_by_keeper = ?5, ring = ?6, ring_version = ring_version + 1 \
             where tenant = ?1 and account = ?2 and ring_version = ?3",
        )?
        .execute(params![number, account.octets(), read_version, epoch, account_key, sealed])?;
    if written != 1 {
        return Err(Error::Conflict.into());
    }
    let kept: &[u8] = keep.as_ref().map_or(&[], |(row_hash, _)| row_hash);
    let mut end = connection.prepare_cached(
        "delete from session where tenant = ?1 and account = ?2 and row_hash <> ?3 returning row_hash",
    )?;
    let mut changed = sessions::gone(tenant, end.query(params![number, account.octets(), kept])?)?;
    if let Some((row_hash, sealed)) = keep {
        connection
            .prepare_cached(
                "update session set epoch = ?4, sealed = ?5, ring_version = ?6 + 1 \
                 where tenant = ?1 and account = ?2 and row_hash = ?3",
            )?
            .execute(params![number, account.octets(), row_hash, epoch, sealed, read_version])?;
        changed.push(Changed::Session(tenant, *row_hash));
    }
    changed.push(Changed::Ring(tenant, account));
    Ok(changed)
}

/// Notes a message that is owed to an account.
pub(crate) fn owe(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
    kind: MessageKind,
    now: Moment,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "insert into message (tenant, account, id, kind, at) \
             select ?1, ?2, coalesce(max(id), 0) + 1, ?3, ?4 from message where tenant = ?1 and account = ?2",
        )?
        .execute(params![tenant.number(), account.octets(), kind.word(), now.millis()])?;
    Ok(())
}
