//! Sessions and the keys they open: the port of sign-in.

use std::sync::Arc;

use honnin_access::ports::{FoundSession, RingRow, RingWrite, SeenSession, SessionRow, SessionRows};
use honnin_seal::Digest;
use honnin_store::{Answer, Changed, Error, with_note};
use honnin_terms::{AccountId, Id, TenantId};
use tokio_postgres::Row;

use crate::alone::{Alone, FIRST};
use crate::fault::Fault;
use crate::reach::Reach;
use crate::statements as sql;
use crate::transaction::Tx;
use crate::watched::Written;
use crate::{Kind, Postgres, rows};

impl SessionRows for Postgres {
    fn session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
    ) -> Answer<'_, Result<Option<FoundSession>, Error>> {
        let row_hash = *row_hash;
        // Taken before the row is read: a note that is written in between is in the row.
        let noted = self.noted.of(&(tenant, row_hash));
        self.alone(
            Alone::new(&sql::alone::SESSION, Reach::Session(tenant, row_hash), vec![], vec![]),
            move |row| {
                // Both or neither.
                if !(rows::is_there(row, FIRST)? && rows::is_there(row, FIRST + 11)?) {
                    return Ok(None);
                }
                let ring = RingRow {
                    epoch: rows::count(row, FIRST + 9)?,
                    version: rows::count(row, FIRST + 10)?,
                    sealed: rows::blob(row, FIRST + 11)?,
                };
                let session = with_note(session_from(tenant, row, FIRST)?, noted);
                Ok(Some(FoundSession { session: Arc::new(session), ring: Arc::new(ring) }))
            },
        )
    }

    fn insert_session(
        &self,
        row_hash: Digest,
        row: SessionRow,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), Error>> {
        self.write(Kind::Small, Reach::Account(row.tenant, row.account), async move |tx| {
            let changed = write_ring(tx, row.tenant, row.account, &ring).await?;
            insert(tx, &row_hash, &row).await?;
            Ok(Written { answer: (), changed })
        })
    }

    fn touch_session(&self, tenant: TenantId, row_hash: &Digest, seen: SeenSession) {
        let row_hash = *row_hash;
        // Nobody waits for the answer, and a full queue is no reason to refuse the request that was seen: the next
        // request a minute later notes it again. The note ends with the call: when the row is durable, or will never be.
        let note = self.noted.note((tenant, row_hash), seen.at);
        let touch = async move |tx: &Tx| {
            let SeenSession { at, epoch, sealed } = &seen;
            let (number, hash, epoch) = (rows::tenant(tenant), row_hash.as_slice(), i64::from(*epoch));
            tx.execute(&sql::TOUCH_SESSION, &[&number, &hash, &at.millis(), sealed, &epoch]).await?;
            Ok(Written::uncached(()))
        };
        let reach = Reach::Session(tenant, row_hash);
        let job: crate::thread::Job = Box::new(move |desk| {
            Box::pin(async move {
                // Told in the log where it failed.
                _ = desk.write(Kind::Small, &reach, &touch).await;
                drop(note);
            })
        });
        _ = self.thread.put(true, job);
    }

    fn end_sessions(
        &self,
        tenant: TenantId,
        account: AccountId,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), Error>> {
        self.write(Kind::Small, Reach::Account(tenant, account), async move |tx| {
            let changed = write_ring(tx, tenant, account, &ring).await?;
            Ok(Written { answer: (), changed })
        })
    }
}

/// A session out of its columns: `session, account, epoch, sealed, since, last_seen, until, device, ring_version`.
pub(crate) fn session_of(tenant: TenantId, row: &Row) -> Result<SessionRow, Fault> {
    session_from(tenant, row, 0)
}

/// The same where other columns stand before them.
fn session_from(tenant: TenantId, row: &Row, first: usize) -> Result<SessionRow, Fault> {
    Ok(SessionRow {
        tenant,
        session: rows::id(row, first)?,
        account: rows::id(row, first + 1)?,
        epoch: rows::count(row, first + 2)?,
        sealed: rows::blob(row, first + 3)?,
        since: rows::moment(row, first + 4)?,
        last_seen: rows::moment(row, first + 5)?,
        until: rows::moment(row, first + 6)?,
        device: rows::blob(row, first + 7)?,
        ring_version: rows::count(row, first + 8)?,
    })
}

/// Writes a ring where the row still is as it was read, and ends the sessions that end with it.
async fn write_ring(
    tx: &Tx,
    tenant: TenantId,
    account: AccountId,
    ring: &RingWrite,
) -> Result<Vec<Changed>, Fault> {
    let RingWrite { read_version, sealed, ended } = ring;
    let (number, holder) = (rows::tenant(tenant), account.octets().as_slice());
    let read_version = rows::stored_count(*read_version)?;
    if tx.execute(&sql::NEW_RING, &[&number, &holder, &read_version, sealed]).await? != 1 {
        return Err(Error::Conflict.into());
    }
    let mut changed = vec![Changed::Ring(tenant, account)];
    if !ended.is_empty() {
        let ended: Vec<&[u8]> = ended.iter().map(|session| session.octets().as_slice()).collect();
        changed.extend(gone(tenant, &tx.query(&sql::END_SESSIONS, &[&number, &holder, &ended]).await?)?);
    }
    Ok(changed)
}

async fn insert(tx: &Tx, row_hash: &Digest, row: &SessionRow) -> Result<(), Fault> {
    let SessionRow { tenant, session, account, epoch, sealed, ring_version, since, last_seen, until, device } =
        row;
    tx.execute(
        &sql::NEW_SESSION,
        &[
            &rows::tenant(*tenant),
            &row_hash.as_slice(),
            &session.octets().as_slice(),
            &account.octets().as_slice(),
            &i64::from(*epoch),
            sealed,
            &since.millis(),
            &last_seen.millis(),
            &until.millis(),
            device,
            &rows::stored_count(*ring_version)?,
        ],
    )
    .await?;
    Ok(())
}

/// The sessions a `delete … returning row_hash` has ended.
pub(crate) fn gone(tenant: TenantId, ended: &[Row]) -> Result<Vec<Changed>, Fault> {
    rows::gather(ended, |row| Ok(Changed::Session(tenant, rows::octets(row, 0)?)))
}
