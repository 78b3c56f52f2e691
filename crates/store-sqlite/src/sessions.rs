//! Sessions and the keys they open: the port of sign-in.

use std::sync::Arc;

use honnin_access::Subject;
use honnin_access::ports::{SessionRow, SessionRows, SubjectKeyRow};
use honnin_seal::Digest;
use honnin_store::{Answer, Error};
use honnin_terms::{AccountId, HoldingId, Id, Moment, TenantId};
use rusqlite::{Connection, Row, params};

use crate::Sqlite;
use crate::cache::Changed;
use crate::fault::Fault;
use crate::noted::{OnItsWay, with_note};
#[cfg(honnin_faults)]
use crate::planted;
use crate::rows;
use crate::writer::{Kind, Written};

impl SessionRows for Sqlite {
    fn session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
    ) -> Answer<'_, Result<Option<Arc<SessionRow>>, Error>> {
        let key = (tenant, *row_hash);
        let load = || {
            let noted = self.noted.of(&key);
            let found = self.readers.with(|connection| find(connection, tenant, row_hash))?;
            Ok(found.map(|row| with_note(row, noted)))
        };
        Answer::ready(self.cache.session(&key, load))
    }

    fn subject_key(
        &self,
        tenant: TenantId,
        account: AccountId,
        holding: Option<HoldingId>,
    ) -> Answer<'_, Result<Option<Arc<SubjectKeyRow>>, Error>> {
        Answer::ready(self.key_of(&Subject { tenant, account, holding }))
    }

    #[cfg(honnin_faults)]
    fn holder(&self, tenant: TenantId, holding: HoldingId) -> Option<AccountId> {
        self.readers.with(|connection| planted::holder(connection, tenant, holding)).ok().flatten()
    }

    fn insert_session(
        &self,
        row_hash: Digest,
        row: SessionRow,
        most: usize,
    ) -> Answer<'_, Result<(), Error>> {
        self.write(Kind::Small, move |connection| insert(connection, &row_hash, &row, most))
    }

    fn touch_session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
        seen: Moment,
    ) -> Answer<'_, Result<(), Error>> {
        let row_hash = *row_hash;
        self.cache.note_seen(&(tenant, row_hash), seen);
        // Nobody waits for the answer, and a full queue is no reason to refuse the request that was seen: the next
        // request a minute later notes it again.
        let note = self.noted.note((tenant, row_hash), seen);
        let write = move |connection: &Connection| touch(connection, tenant, &row_hash, seen, note);
        drop(self.writer.put(Kind::Lazy, write));
        Answer::ready(Ok(()))
    }

    fn end_session(&self, tenant: TenantId, row_hash: &Digest) -> Answer<'_, Result<(), Error>> {
        let row_hash = *row_hash;
        self.write(Kind::Small, move |connection| {
            connection
                .prepare_cached("delete from session where tenant = ?1 and row_hash = ?2")?
                .execute(params![tenant.number(), row_hash])?;
            Ok(Written { answer: (), changed: vec![Changed::Session((tenant, row_hash))] })
        })
    }
}

impl Sqlite {
    /// The newest key of a subject.
    pub(crate) fn key_of(&self, subject: &Subject) -> Result<Option<Arc<SubjectKeyRow>>, Error> {
        self.cache.subject_key(subject, || self.readers.with(|connection| newest_key(connection, subject)))
    }
}

/// A session out of its columns: `session, account, epoch, wrapped_key, since, last_seen, until, device`.
pub(crate) fn session_of(tenant: TenantId, row: &Row<'_>) -> Result<SessionRow, Fault> {
    Ok(SessionRow {
        tenant,
        session: rows::id(row, 0)?,
        account: rows::id(row, 1)?,
        epoch: rows::count(row, 2)?,
        wrapped_key: row.get(3)?,
        since: rows::moment(row, 4)?,
        last_seen: rows::moment(row, 5)?,
        until: rows::moment(row, 6)?,
        device: row.get(7)?,
    })
}

fn find(connection: &Connection, tenant: TenantId, row_hash: &Digest) -> Result<Option<SessionRow>, Fault> {
    const FIND: &str = "select session, account, epoch, wrapped_key, since, last_seen, until, device \
                        from session where tenant = ?1 and row_hash = ?2";
    let mut statement = connection.prepare_cached(FIND)?;
    let mut found = statement.query(params![tenant.number(), row_hash])?;
    let found = found.next()?.map(|row| session_of(tenant, row)).transpose()?;
    #[cfg(honnin_faults)]
    let found = planted::session(connection, tenant, row_hash, found)?;
    Ok(found)
}

pub(crate) fn newest_key(connection: &Connection, subject: &Subject) -> Result<Option<SubjectKeyRow>, Fault> {
    let Subject { tenant, account, holding } = subject;
    let mut statement = connection.prepare_cached(
        "select epoch, by_keeper, by_account from subject_key \
         where tenant = ?1 and account = ?2 and holding = ?3 order by epoch desc limit 1",
    )?;
    let mut found = statement.query(params![
        tenant.number(),
        account.octets(),
        rows::holding_octets(holding.as_ref())
    ])?;
    let found = found.next()?.map(|row| key_row(holding.as_ref(), row)).transpose()?;
    #[cfg(honnin_faults)]
    let found = planted::key(connection, subject, found)?;
    Ok(found)
}

/// A key out of its columns: `epoch, by_keeper, by_account`.
pub(crate) fn key_row(holding: Option<&HoldingId>, row: &Row<'_>) -> Result<SubjectKeyRow, Fault> {
    Ok(SubjectKeyRow {
        holding: holding.copied(),
        epoch: rows::count(row, 0)?,
        by_keeper: row.get(1)?,
        by_account: row.get(2)?,
    })
}

fn insert(
    connection: &Connection,
    row_hash: &Digest,
    row: &SessionRow,
    most: usize,
) -> Result<Written<()>, Fault> {
    let SessionRow { tenant, session, account, epoch, wrapped_key, since, last_seen, until, device } = row;
    connection
        .prepare_cached(
            "insert into session (tenant, row_hash, session, account, epoch, wrapped_key, since, last_seen, until, device) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            tenant.number(),
            row_hash,
            session.octets(),
            account.octets(),
            epoch,
            wrapped_key,
            since.millis(),
            last_seen.millis(),
            until.millis(),
            device
        ])?;
    // The new one stays whatever the clock said when the others were made.
    let mut ended = connection.prepare_cached(
        "delete from session where tenant = ?1 and row_hash in ( \
             select row_hash from session where tenant = ?1 and account = ?2 and row_hash <> ?3 \
             order by since desc, row_hash limit -1 offset ?4) \
         returning row_hash",
    )?;
    let others = rows::limit(most.saturating_sub(1));
    let ended = ended.query(params![tenant.number(), account.octets(), row_hash, others])?;
    Ok(Written { answer: (), changed: gone(*tenant, ended)? })
}

fn touch(
    connection: &Connection,
    tenant: TenantId,
    row_hash: &Digest,
    seen: Moment,
    note: OnItsWay,
) -> Result<Written<OnItsWay>, Fault> {
    connection
        .prepare_cached(
            "update session set last_seen = max(last_seen, ?3) where tenant = ?1 and row_hash = ?2",
        )?
        .execute(params![tenant.number(), row_hash, seen.millis()])?;
    // The note ends with the answer: when the row is durable, or will never be.
    Ok(Written::uncached(note))
}

/// The sessions a `delete … returning row_hash` has ended.
pub(crate) fn gone(tenant: TenantId, ended: rusqlite::Rows<'_>) -> Result<Vec<Changed>, Fault> {
    rows::gather(ended, |row| Ok(Changed::Session((tenant, row.get(0)?))))
}

/// Ends all sessions of an account.
pub(crate) fn end_all(
    connection: &Connection,
    tenant: TenantId,
    account: AccountId,
) -> Result<Vec<Changed>, Fault> {
    let mut ended = connection
        .prepare_cached("delete from session where tenant = ?1 and account = ?2 returning row_hash")?;
    gone(tenant, ended.query(params![tenant.number(), account.octets()])?)
}
