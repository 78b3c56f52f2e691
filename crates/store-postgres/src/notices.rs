//! Notices to everybody.

use honnin_store::{Answer, Error, NoticeRow, NoticeRows};
use honnin_terms::{Id, Moment, NoticeId, TenantId};
use tokio_postgres::Row;

use crate::fault::Fault;
use crate::reach::Reach;
use crate::statements as sql;
use crate::{Postgres, rows};

impl NoticeRows for Postgres {
    fn notices(&self, tenant: TenantId, now: Moment) -> Answer<'_, Result<Vec<NoticeRow>, Error>> {
        self.read(Reach::Everybody(tenant), async move |tx| {
            let found = tx.last(&sql::NOTICES, &[&rows::tenant(tenant), &now.millis()]).await?;
            rows::gather(&found, notice_of)
        })
    }

    fn notice(
        &self,
        tenant: TenantId,
        notice: NoticeId,
        now: Moment,
    ) -> Answer<'_, Result<Option<NoticeRow>, Error>> {
        self.read(Reach::Everybody(tenant), async move |tx| {
            let (tenant, notice) = (rows::tenant(tenant), notice.octets().as_slice());
            let found = tx.last_one(&sql::NOTICE, &[&tenant, &notice, &now.millis()]).await?;
            found.map(|row| notice_of(&row)).transpose()
        })
    }
}

fn notice_of(row: &Row) -> Result<NoticeRow, Fault> {
    Ok(NoticeRow {
        notice: rows::id(row, 0)?,
        code: rows::text(row, 1)?,
        published_at: rows::moment(row, 2)?,
        kind: rows::text(row, 3)?,
        title: rows::text(row, 4)?,
        body: rows::text(row, 5)?,
    })
}
