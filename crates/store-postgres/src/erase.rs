//! Taking one account out of the store, with everything that is hers.
//!
//! # Security
//! What was deleted lies in the server's files until it is vacuumed, and in its log and whatever that is archived to. None of
//! it is read by a statement any more; with the key file somebody who reads those files opens it.

use honnin_access::{Operate, Permit};
use honnin_store::{Answer, Changed, Erased, Error};
use honnin_terms::{AccountId, Id, TenantId};

use crate::fault::Fault;
use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::{Asked, Tx};
use crate::watched::Written;
use crate::{Kind, Postgres, Statement, rows};

/// What is hers, table by table. Merged holdings go before the merges that name them.
const HERS: [&Statement; 12] = [
    &sql::ERASE_ACCOUNT,
    &sql::ERASE_SESSIONS,
    &sql::ERASE_SUBJECT_KEYS,
    &sql::ERASE_DOCUMENTS,
    &sql::ERASE_SPEEDS,
    &sql::ERASE_WISH_KEYS,
    &sql::ERASE_CONSENTS,
    &sql::ERASE_WORK,
    &sql::ERASE_MESSAGES,
    &sql::ERASE_DIRECTORY,
    &sql::ERASE_MERGED_HOLDINGS,
    &sql::ERASE_MERGES,
];

pub(crate) fn erase<'a>(
    store: &'a Postgres,
    permit: &Permit<Operate>,
    account: AccountId,
) -> Answer<'a, Result<Erased, Error>> {
    let tenant = permit.subject().tenant;
    store.write(Kind::Large, Reach::House(tenant), async move |tx| {
        // Serializable: who writes anything of hers meanwhile is before it or is refused.
        let answer = all(tx, tenant, account).await?;
        Ok(Written { answer, changed: vec![Changed::Everything] })
    })
}

async fn all(tx: &Tx, tenant: TenantId, account: AccountId) -> Result<Erased, Fault> {
    let (tenant, account) = (rows::tenant(tenant), account.octets().as_slice());
    let hers: Asked<'_> = &[&tenant, &account];
    if tx.number::<u64>(&sql::OPEN_MERGES, hers).await? > 0 {
        return Ok(Erased::Merged);
    }
    let mut gone = 0_u64;
    for delete in HERS {
        gone = gone.saturating_add(tx.execute(delete, hers).await?);
    }
    Ok(if gone == 0 { Erased::Nobody } else { Erased::Rows(gone) })
}
