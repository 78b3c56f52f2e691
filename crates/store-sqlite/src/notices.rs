//! Notices to everybody.

use honnin_store::{Answer, Error, NoticeRow, NoticeRows};
use honnin_terms::{Id, Moment, NoticeId, TenantId};
use rusqlite::{Row, params};

use crate::fault::Fault;
use crate::{Sqlite, rows};

impl NoticeRows for Sqlite {
    fn notices(&self, tenant: TenantId, now: Moment) -> Answer<'_, Result<Vec<NoticeRow>, Error>> {
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select notice, code, published_at, kind, title, body from notice \
                 where tenant = ?1 and published_at <= ?2 order by published_at desc, notice limit 200",
            )?;
            rows::gather(statement.query(params![tenant.number(), now.millis()])?, notice_of)
        }))
    }

    fn notice(
        &self,
        tenant: TenantId,
        notice: NoticeId,
        now: Moment,
    ) -> Answer<'_, Result<Option<NoticeRow>, Error>> {
        Answer::ready(self.readers.with(|connection| {
            let mut statement = connection.prepare_cached(
                "select notice, code, published_at, kind, title, body from notice \
                 where tenant = ?1 and notice = ?2 and published_at <= ?3",
            )?;
            let mut found = statement.query(params![tenant.number(), notice.octets(), now.millis()])?;
            found.next()?.map(notice_of).transpose()
        }))
    }
}

fn notice_of(row: &Row<'_>) -> Result<NoticeRow, Fault> {
    Ok(NoticeRow {
        notice: rows::id(row, 0)?,
        code: row.get(1)?,
        published_at: rows::moment(row, 2)?,
        kind: row.get(3)?,
        title: row.get(4)?,
        body: row.get(5)?,
    })
}
