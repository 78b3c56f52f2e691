//! The account's own sessions, listed and ended by itself.

use honnin_access::ports::SessionRow;
use honnin_access::{ManageSessions, Permit};
use honnin_store::{Answer, DeviceRows, Error, with_note};
use honnin_terms::Id;
use rusqlite::params;

use crate::Sqlite;
use crate::{rows, sessions};

impl DeviceRows for Sqlite {
    fn sessions(&self, permit: &Permit<ManageSessions>) -> Answer<'_, Result<Vec<SessionRow>, Error>> {
        const LIST: &str = "select session, account, epoch, sealed, since, last_seen, until, device, ring_version, row_hash \
                            from session where tenant = ?1 and account = ?2 and until > ?3 order by since desc, session";
        let subject = permit.subject();
        let noted = self.noted.all();
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(LIST)?;
            let (tenant, account) = (subject.tenant, subject.account);
            let found = statement.query(params![tenant.number(), account.octets(), permit.at().millis()])?;
            rows::gather(found, |row| {
                let note = noted.get(&(tenant, row.get(9)?)).copied();
                Ok(with_note(sessions::session_of(tenant, row)?, note))
            })
        }))
    }
}
