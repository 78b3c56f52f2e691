//! Credentials: the port of sign-in to what opens an account.

use honnin_access::ports::{CredentialRow, CredentialRows, KeyChange, RingWrite};
use honnin_store::{Answer, Changed, Error, MessageKind};
use honnin_terms::{AccountId, Id, Moment, TenantId};

use crate::fault::Fault;
use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::{Asked, Tx};
use crate::watched::Written;
use crate::{Kind, Postgres, rows, sessions};

impl CredentialRows for Postgres {
    fn credential(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Answer<'_, Result<Option<CredentialRow>, Error>> {
        self.read(Reach::Account(tenant, account), async move |tx| {
            let (number, account) = (rows::tenant(tenant), account.octets().as_slice());
            let found = tx.last_one(&sql::CREDENTIAL, &[&number, &account]).await?;
            let Some(row) = found else { return Ok(None) };
            Ok(Some(CredentialRow {
                epoch: rows::count(&row, 0)?,
                account_key: rows::blob(&row, 1)?,
                ring: rows::blob(&row, 2)?,
                ring_version: rows::count(&row, 3)?,
                password: rows::blob_or_none(&row, 4)?,
                code: rows::blob_or_none(&row, 5)?,
                version: rows::count(&row, 6)?,
            }))
        })
    }

    fn replace_credential(
        &self,
        tenant: TenantId,
        account: AccountId,
        row: CredentialRow,
        keys: Option<KeyChange>,
    ) -> Answer<'_, Result<(), Error>> {
        self.write(Kind::Small, Reach::Account(tenant, account), async move |tx| {
            replace(tx, tenant, account, &row, keys.as_ref()).await
        })
    }
}

async fn replace(
    tx: &Tx,
    tenant: TenantId,
    account: AccountId,
    row: &CredentialRow,
    keys: Option<&KeyChange>,
) -> Result<Written<()>, Fault> {
    // Keys are replaced by a change of keys alone.
    let CredentialRow { epoch: _, account_key: _, ring: _, ring_version: _, password, code, version } = row;
    let (number, holder) = (rows::tenant(tenant), account.octets().as_slice());
    let version = rows::stored_count(*version)?;
    if tx.execute(&sql::NEW_CREDENTIAL, &[&number, &holder, &version, password, code]).await? != 1 {
        return Err(Error::Conflict.into());
    }
    let Some(keys) = keys else { return Ok(Written::uncached(())) };
    let changed = change_keys(tx, tenant, account, keys).await?;
    if let Some(now) = keys.told {
        owe(tx, tenant, account, MessageKind::PasswordChanged, now).await?;
    }
    Ok(Written { answer: (), changed })
}

/// A new account key: all sessions end but the one that is sealed for it.
pub(crate) async fn change_keys(
    tx: &Tx,
    tenant: TenantId,
    account: AccountId,
    keys: &KeyChange,
) -> Result<Vec<Changed>, Fault> {
    let KeyChange { epoch, account_key, ring: RingWrite { read_version, sealed, .. }, keep, told: _ } = keys;
    let (number, holder) = (rows::tenant(tenant), account.octets().as_slice());
    let (read_version, epoch) = (rows::stored_count(*read_version)?, i64::from(*epoch));
    let asked: Asked<'_> = &[&number, &holder, &read_version, &epoch, account_key, sealed];
    if tx.execute(&sql::NEW_ACCOUNT_KEY, asked).await? != 1 {
        return Err(Error::Conflict.into());
    }
    let kept: &[u8] = keep.as_ref().map_or(&[], |(row_hash, _)| row_hash);
    let ended = tx.query(&sql::END_OTHER_SESSIONS, &[&number, &holder, &kept]).await?;
    let mut changed = sessions::gone(tenant, &ended)?;
    if let Some((row_hash, sealed)) = keep {
        let (hash, version) = (row_hash.as_slice(), read_version + 1);
        tx.execute(&sql::KEEP_SESSION, &[&number, &holder, &hash, &epoch, sealed, &version]).await?;
        changed.push(Changed::Session(tenant, *row_hash));
    }
    changed.push(Changed::Ring(tenant, account));
    Ok(changed)
}

/// Notes a message that is owed to an account.
pub(crate) async fn owe(
    tx: &Tx,
    tenant: TenantId,
    account: AccountId,
    kind: MessageKind,
    now: Moment,
) -> Result<(), Fault> {
    let (number, account) = (rows::tenant(tenant), account.octets().as_slice());
    tx.execute(&sql::OWE_MESSAGE, &[&number, &account, &kind.word(), &now.millis()]).await?;
    Ok(())
}
