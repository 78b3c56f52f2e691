//! Credentials: the port of sign-in to what opens an account.

use honnin_access::ports::{CredentialRow, CredentialRows};
use honnin_store::{Answer, Error, MessageKind};
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
        end_sessions: Option<Moment>,
    ) -> Answer<'_, Result<(), Error>> {
        self.write(Kind::Small, move |connection| replace(connection, tenant, account, &row, end_sessions))
    }
}

fn find(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
) -> Result<Option<CredentialRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "select key_epoch, key_by_keeper, password, code, credential_version from account \
         where tenant = ?1 and account = ?2",
    )?;
    let mut found = statement.query(params![tenant.number(), account.octets()])?;
    let Some(row) = found.next()? else { return Ok(None) };
    Ok(Some(CredentialRow {
        epoch: rows::count(row, 0)?,
        account_key: row.get(1)?,
        password: row.get(2)?,
        code: row.get(3)?,
        version: rows::count(row, 4)?,
    }))
}

fn replace(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
    row: &CredentialRow,
    end_sessions: Option<Moment>,
) -> Result<Written<()>, Fault> {
    // The account key is not replaced: changing a password re-wraps nothing.
    let CredentialRow { epoch: _, account_key: _, password, code, version } = row;
    let replaced = connection
        .prepare_cached(
            "update account set password = ?4, code = ?5, credential_version = credential_version + 1 \
             where tenant = ?1 and account = ?2 and credential_version = ?3",
        )?
        .execute(params![tenant.number(), account.octets(), rows::stored_count(*version)?, password, code])?;
    if replaced != 1 {
        return Err(Error::Conflict.into());
    }
    let Some(now) = end_sessions else { return Ok(Written::uncached(())) };
    let changed = sessions::end_all(connection, tenant, account)?;
    owe(connection, tenant, account, MessageKind::PasswordChanged, now)?;
    Ok(Written { answer: (), changed })
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
            "insert into message (tenant, id, account, kind, at) \
             select ?1, coalesce(max(id), 0) + 1, ?2, ?3, ?4 from message where tenant = ?1",
        )?
        .execute(params![tenant.number(), account.octets(), kind.word(), now.millis()])?;
    Ok(())
}
