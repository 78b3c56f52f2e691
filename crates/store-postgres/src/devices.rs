//! The account's own sessions, listed and ended by itself.

use honnin_access::ports::SessionRow;
use honnin_access::{ManageSessions, Permit};
use honnin_store::{Answer, DeviceRows, Error, with_note};
use honnin_terms::Id;

use crate::reach::Reach;
use crate::statements as sql;
use crate::{Postgres, rows, sessions};

impl DeviceRows for Postgres {
    fn sessions(&self, permit: &Permit<ManageSessions>) -> Answer<'_, Result<Vec<SessionRow>, Error>> {
        let (subject, at) = (*permit.subject(), permit.at());
        let noted = self.noted.all();
        self.read(Reach::of(&subject), async move |tx| {
            let (tenant, account) = (rows::tenant(subject.tenant), subject.account.octets().as_slice());
            let found = tx.last(&sql::SESSIONS, &[&tenant, &account, &at.millis()]).await?;
            rows::gather(&found, |row| {
                let note = noted.get(&(subject.tenant, rows::octets(row, 9)?)).copied();
                Ok(with_note(sessions::session_of(subject.tenant, row)?, note))
            })
        })
    }
}
