//! Taking one account out of the store, with everything that is hers.

use honnin_access::{Operate, Permit};
use honnin_store::{Answer, Changed, Erased, Error};
use honnin_terms::{AccountId, Id, TenantId};
use rusqlite::{Connection, params};

use crate::Sqlite;
use crate::fault::Fault;
use crate::writer::{Kind, Written};

/// What is hers, table by table; keys first, so that what is cut short by a full disk is worth nothing any more.
const HERS: [&str; 12] = [
    "delete from session where tenant = ?1 and account = ?2",
    "delete from account where tenant = ?1 and account = ?2",
    "delete from subject_key where tenant = ?1 and account = ?2",
    "delete from document where tenant = ?1 and account = ?2",
    "delete from speed where tenant = ?1 and account = ?2",
    "delete from wish_key where tenant = ?1 and account = ?2",
    "delete from consent where tenant = ?1 and account = ?2",
    "delete from work where tenant = ?1 and owner = ?2",
    "delete from message where tenant = ?1 and account = ?2",
    "delete from directory where tenant = ?1 and account = ?2",
    "delete from merged_holding where tenant = ?1 and merge in \
     (select merge from account_merge where tenant = ?1 and (gave = ?2 or took = ?2))",
    "delete from account_merge where tenant = ?1 and (gave = ?2 or took = ?2)",
];

/// A merge that holds, or that the journal does not know yet: somebody else's lines hang on it.
const MERGED: &str = "select exists (select 1 from account_merge where tenant = ?1 and (gave = ?2 or took = ?2) \
                      and (undone_at is null or entry is null or undone_entry is null))";

pub(crate) fn erase<'a>(
    store: &'a Sqlite,
    permit: &Permit<Operate>,
    account: AccountId,
) -> Answer<'a, Result<Erased, Error>> {
    let tenant = permit.subject().tenant;
    store.write(Kind::Large, move |connection| {
        // What goes is overwritten in the file, for a key that lies in a free page is none that was destroyed.
        connection.pragma_update(None, "secure_delete", true)?;
        let erased = all(connection, tenant, account);
        connection.pragma_update(None, "secure_delete", "fast")?;
        Ok(Written { answer: erased?, changed: vec![Changed::Everything] })
    })
}

fn all(connection: &Connection, tenant: TenantId, account: AccountId) -> Result<Erased, Fault> {
    let hers = params![tenant.number(), account.octets()];
    if connection.query_row(MERGED, hers, |row| row.get(0))? {
        return Ok(Erased::Merged);
    }
    let mut rows = 0;
    for delete in HERS {
        rows += connection.execute(delete, hers)?;
    }
    Ok(if rows == 0 { Erased::Nobody } else { Erased::Rows(u64::try_from(rows).unwrap_or(u64::MAX)) })
}
