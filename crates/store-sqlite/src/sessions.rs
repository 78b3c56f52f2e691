//! Sessions and the keys they open: the port of sign-in.

use std::sync::Arc;

use honnin_access::Subject;
use honnin_access::ports::{FoundSession, RingRow, RingWrite, SeenSession, SessionRow, SessionRows};
use honnin_seal::{Digest, Epoch};
use honnin_store::{Answer, Changed, Error, OnItsWay, with_note};
use honnin_terms::{AccountId, Id, TenantId};
use rusqlite::{Connection, Row, params};

use crate::Sqlite;
use crate::fault::Fault;
use crate::rows;
use crate::writer::{Kind, Written};

impl SessionRows for Sqlite {
    fn session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
    ) -> Answer<'_, Result<Option<FoundSession>, Error>> {
        Answer::ready(self.found(tenant, row_hash))
    }

    fn insert_session(
        &self,
        row_hash: Digest,
        row: SessionRow,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), Error>> {
        self.write(Kind::Small, move |connection| {
            let changed = write_ring(connection, row.tenant, row.account, &ring)?;
            insert(connection, &row_hash, &row)?;
            Ok(Written { answer: (), changed })
        })
    }

    fn touch_session(&self, tenant: TenantId, row_hash: &Digest, seen: SeenSession) {
        let row_hash = *row_hash;
        // Nobody waits for the answer, and a full queue is no reason to refuse the request that was seen: the next
        // request a minute later notes it again.
        let note = self.noted.note((tenant, row_hash), seen.at);
        let write = move |connection: &Connection| touch(connection, tenant, &row_hash, &seen, note);
        drop(self.writer.put(Kind::Lazy, write));
    }

    fn end_sessions(
        &self,
        tenant: TenantId,
        account: AccountId,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), Error>> {
        self.write(Kind::Small, move |connection| {
            let changed = write_ring(connection, tenant, account, &ring)?;
            Ok(Written { answer: (), changed })
        })
    }
}

impl Sqlite {
    /// A session and its ring, as of one moment.
    fn found(&self, tenant: TenantId, row_hash: &Digest) -> Result<Option<FoundSession>, Error> {
        let noted = self.noted.of(&(tenant, *row_hash));
        self.readers.at_once(|connection| {
            let Some(session) = find(connection, tenant, row_hash)? else { return Ok(None) };
            let ring = ring(connection, tenant, session.account)?.map(Arc::new);
            let session = Arc::new(with_note(session, noted));
            // A session without an account is no session.
            Ok(ring.map(|ring| FoundSession { session, ring }))
        })
    }
}

/// A session out of its columns: `session, account, epoch, sealed, since, last_seen, until, device, ring_version`.
pub(crate) fn session_of(tenant: TenantId, row: &Row<'_>) -> Result<SessionRow, Fault> {
    Ok(SessionRow {
        tenant,
        session: rows::id(row, 0)?,
        account: rows::id(row, 1)?,
        epoch: rows::count(row, 2)?,
        sealed: row.get(3)?,
        since: rows::moment(row, 4)?,
        last_seen: rows::moment(row, 5)?,
        until: rows::moment(row, 6)?,
        device: row.get(7)?,
        ring_version: rows::count(row, 8)?,
    })
}

fn find(connection: &Connection, tenant: TenantId, row_hash: &Digest) -> Result<Option<SessionRow>, Fault> {
    const FIND: &str = "select session, account, epoch, sealed, since, last_seen, until, device, ring_version \
                        from session where tenant = ?1 and row_hash = ?2";
    let mut statement = connection.prepare_cached(FIND)?;
    let mut found = statement.query(params![tenant.number(), row_hash])?;
    found.next()?.map(|row| session_of(tenant, row)).transpose()
}

fn ring(connection: &Connection, tenant: TenantId, account: AccountId) -> Result<Option<RingRow>, Fault> {
    let mut statement = connection.prepare_cached(
        "select key_epoch, ring_version, ring from account where tenant = ?1 and account = ?2",
    )?;
    let mut found = statement.query(params![tenant.number(), account.octets()])?;
    found.next()?.map(ring_of).transpose()
}

/// A ring out of its columns: `key_epoch, ring_version, ring`.
fn ring_of(row: &Row<'_>) -> Result<RingRow, Fault> {
    Ok(RingRow { epoch: rows::count(row, 0)?, version: rows::count(row, 1)?, sealed: row.get(2)? })
}

/// The epoch of a subject's newest key.
pub(crate) fn newest_epoch(connection: &Connection, subject: &Subject) -> Result<Option<Epoch>, Fault> {
    let Subject { tenant, account, holding } = subject;
    let mut statement = connection.prepare_cached(
        "select epoch from subject_key where tenant = ?1 and account = ?2 and holding = ?3 order by epoch desc limit 1",
    )?;
    let holding = rows::holding_octets(holding.as_ref());
    let mut found = statement.query(params![tenant.number(), account.octets(), holding])?;
    found.next()?.map(|row| rows::count(row, 0)).transpose()
}

/// Ends one session. Left to itself the engine goes through all sessions of the tenant, along the primary key, and takes no
/// notice of the index.
pub(crate) const END: &str = "delete from session indexed by session_of_account \
                   where tenant = ?1 and account = ?2 and session = ?3 returning row_hash";

/// Writes a ring where the row still is as it was read, and ends the sessions that end with it.
fn write_ring(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
    ring: &RingWrite,
) -> Result<Vec<Changed>, Fault> {
    let RingWrite { read_version, sealed, ended } = ring;
    let written = connection
        .prepare_cached(
            "update account set ring = ?4, ring_version = ring_version + 1 \
             where tenant = ?1 and account = ?2 and ring_version = ?3",
        )?
        .execute(params![tenant.number(), account.octets(), rows::stored_count(*read_version)?, sealed])?;
    if written != 1 {
        return Err(Error::Conflict.into());
    }
    let mut changed = vec![Changed::Ring(tenant, account)];
    let mut end = connection.prepare_cached(END)?;
    for session in ended {
        changed
            .extend(gone(tenant, end.query(params![tenant.number(), account.octets(), session.octets()])?)?);
    }
    Ok(changed)
}

fn insert(connection: &Connection, row_hash: &Digest, row: &SessionRow) -> Result<(), Fault> {
    let SessionRow { tenant, session, account, epoch, sealed, ring_version, since, last_seen, until, device } =
        row;
    connection
        .prepare_cached(
            "insert into session (tenant, row_hash, session, account, epoch, sealed, since, last_seen, until, device, \
                 ring_version) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            tenant.number(),
            row_hash,
            session.octets(),
            account.octets(),
            epoch,
            sealed,
            since.millis(),
            last_seen.millis(),
            until.millis(),
            device,
            rows::stored_count(*ring_version)?
        ])?;
    Ok(())
}

fn touch(
    connection: &Connection,
    tenant: TenantId,
    row_hash: &Digest,
    seen: &SeenSession,
    note: OnItsWay,
) -> Result<Written<OnItsWay>, Fault> {
    let SeenSession { at, epoch, sealed } = seen;
    connection
        .prepare_cached(
            "update session set last_seen = ?3, sealed = ?4 \
             where tenant = ?1 and row_hash = ?2 and epoch = ?5 and last_seen < ?3",
        )?
        .execute(params![tenant.number(), row_hash, at.millis(), sealed, epoch])?;
    // The note ends with the answer: when the row is durable, or will never be.
    Ok(Written::uncached(note))
}

/// The sessions a `delete … returning row_hash` has ended.
pub(crate) fn gone(tenant: TenantId, ended: rusqlite::Rows<'_>) -> Result<Vec<Changed>, Fault> {
    rows::gather(ended, |row| Ok(Changed::Session(tenant, row.get(0)?)))
}
