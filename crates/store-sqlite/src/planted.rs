//! Queries and reads that go wrong, in a build that can be told to.

use std::sync::Arc;

use honnin_access::Subject;
use honnin_access::ports::{RingRow, SessionRow};
use honnin_seal::Digest;
use honnin_store::Error;
use honnin_terms::faults::{self, Kept};
use honnin_terms::{AccountId, HoldingId, Id, TenantId};
use rusqlite::{Connection, OptionalExtension, Params, params};

use crate::fault::Fault;
use crate::rows;
use crate::sessions::{ring_of, session_of};

type Blob = Option<Arc<[u8]>>;

/// What reads leave behind, by kind and row of the document.
pub(crate) type Reads = Kept<(&'static str, Vec<u8>), Blob>;

/// What the read before this one was sent, where that fault is planted.
pub(crate) fn after_the_one_before(
    reads: &Reads,
    kind: &'static str,
    row: &[u8],
    found: Result<Blob, Error>,
) -> Result<Blob, Error> {
    let found = found?;
    if !faults::REUSED_READ.is_on() {
        return Ok(found);
    }
    Ok(reads.exchange((kind, row.to_vec()), found.clone()).unwrap_or(found))
}

/// A document in place of the one that was found.
pub(crate) fn document(
    connection: &Connection,
    subject: &Subject,
    kind: &str,
    row: &[u8],
    found: Blob,
) -> Result<Blob, Fault> {
    let (tenant, account) = (subject.tenant.number(), subject.account.octets());
    if faults::WRONG_WHERE.is_on() {
        let any = "select blob from document where tenant = ?1 and kind = ?2 and row = ?3 limit 1";
        return blob(connection, any, params![tenant, kind, row]);
    }
    if faults::SWAPPED_VIEW_ROW.is_on() || faults::SWAPPED_KEY_ROW.is_on() {
        let another = "select blob from document where tenant = ?1 and kind = ?2 and row = ?3 and account <> ?4 \
                       order by account, holding limit 1";
        return blob(connection, another, params![tenant, kind, row, account]);
    }
    let forgotten = subject.holding.is_some() && faults::FORGOTTEN_OWNER.is_on();
    if found.is_none() && (forgotten || faults::WITHOUT_ROWS.is_on()) {
        let anywhere =
            "select blob from document where tenant = ?1 and kind = ?2 and row = ?3 and holding = ?4";
        let holding = rows::holding_octets(subject.holding.as_ref());
        return blob(connection, anywhere, params![tenant, kind, row, holding]);
    }
    Ok(found)
}

fn blob(connection: &Connection, query: &str, place: impl Params) -> Result<Blob, Fault> {
    Ok(connection.prepare_cached(query)?.query_row(place, |row| row.get(0)).optional()?)
}

/// A ring in place of the one that was found.
pub(crate) fn ring(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
    found: Option<RingRow>,
) -> Result<Option<RingRow>, Fault> {
    if !faults::SWAPPED_KEY_ROW.is_on() {
        return Ok(found);
    }
    let mut statement = connection.prepare(
        "select key_epoch, ring_version, ring from account where tenant = ?1 and account <> ?2 \
         order by account limit 1",
    )?;
    let mut another = statement.query(params![tenant.number(), account.octets()])?;
    another.next()?.map(|row| ring_of(row)).transpose()
}

/// A session in place of the one that was found.
pub(crate) fn session(
    connection: &Connection,
    tenant: TenantId,
    row_hash: &Digest,
    found: Option<SessionRow>,
) -> Result<Option<SessionRow>, Fault> {
    let (Some(own), true) = (&found, faults::SWAPPED_SESSION_ROW.is_on()) else { return Ok(found) };
    let mut statement = connection.prepare(
        "select session, account, epoch, sealed, since, last_seen, until, device, ring_version \
         from session where tenant = ?1 and row_hash <> ?2 and account <> ?3 order by account, row_hash limit 1",
    )?;
    let mut another = statement.query(params![tenant.number(), row_hash, own.account.octets()])?;
    another.next()?.map(|row| session_of(tenant, row)).transpose()
}

/// Whose line it is.
pub(crate) fn holder(
    connection: &Connection,
    tenant: TenantId,
    holding: HoldingId,
) -> Result<Option<AccountId>, Fault> {
    let mut statement =
        connection.prepare("select account from subject_key where tenant = ?1 and holding = ?2")?;
    let mut found = statement.query(params![tenant.number(), holding.octets()])?;
    found.next()?.map(|row| rows::id(row, 0)).transpose()
}
