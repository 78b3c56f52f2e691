//! Numbers that grow and never come twice: revisions of control rows, fences of claims.

use honnin_terms::TenantId;
use rusqlite::{Connection, params};

use crate::fault::Fault;

/// The next number; it is given out with the transaction that uses it.
pub(crate) fn next(connection: &Connection, tenant: TenantId) -> Result<i64, Fault> {
    let next = connection
        .prepare_cached(
            "insert into tick (tenant, last) values (?1, 1) on conflict do update set last = last + 1 \
             returning last",
        )?
        .query_row(params![tenant.number()], |row| row.get(0))?;
    Ok(next)
}
