//! A read that is one statement and a transaction by itself: whom it is about it says in its first step, for itself alone.
//!
//! Nothing begins or ends it, which is most of what a read costs. What a transaction overrules in its first words
//! ([`Reach::begin`]) a statement cannot, and need not: its names are whole, so that a search path means nothing; it says whether
//! a role was left on the connection, and then its answer is thrown away; and whatever the server refuses, for a setting that
//! was left there or for any other reason, is asked once more in a transaction, whose answer counts.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use honnin_store::Error;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::Statement;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::reach::Reach;
use crate::rows;
use crate::statements::alone::ByItself;
use crate::transaction::Tx;
use crate::typed::typed;

/// The first column of what was asked for. Before it stand whether the role is the one that signed in, the tenant, and the account
/// or the session.
pub(crate) const FIRST: usize = 3;

/// Why an answer does not count.
#[derive(Debug)]
pub(crate) enum Doubt {
    /// Somebody has left a role on the connection.
    Role,
    /// It is about somebody else: only the order on a connection tells whose an answer is, and something between may lose step.
    Other,
    /// There is none.
    Refused(Fault),
}

/// A value that a statement is asked with.
pub(crate) type Value = Box<dyn ToSql + Sync + Send>;

/// A statement that is a transaction by itself, whom it is about, and what else it is asked with.
pub(crate) struct Alone {
    statement: &'static Statement,
    reach: Reach,
    values: Vec<Value>,
}

impl Alone {
    /// Nothing where it is about nobody in particular.
    pub(crate) fn new<const MORE: usize>(
        statement: &'static ByItself,
        reach: Reach,
        more: [Value; MORE],
    ) -> Result<Self, Error> {
        let said = reach.said().ok_or(Error::Corrupt)?;
        let said = said.into_iter().map(|said| -> Value { Box::new(said) });
        Ok(Self { statement: statement.statement(), reach, values: said.chain(more).collect() })
    }

    fn lent(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| -> &(dyn ToSql + Sync) { &**value }).collect()
    }

    async fn ask(&self, client: &ClientWrapper, prepared: bool) -> Result<Row, Fault> {
        let lent = self.lent();
        let found = if prepared {
            let statement = client.prepare_cached(self.statement.sql).await?;
            client.query(&statement, &lent).await?
        } else {
            client.query_typed(self.statement.sql, &typed(&lent)?).await?
        };
        one(found)
    }

    /// The row, where it is an answer to this.
    fn answered_by(&self, row: Row) -> Result<Row, Doubt> {
        let (tenant, octets) = self.reach.whom().ok_or(Doubt::Other)?;
        if !rows::is_so(&row, 0).map_err(Doubt::Refused)? {
            return Err(Doubt::Role);
        }
        let is_of_tenant = rows::count::<i64>(&row, 1).map_err(Doubt::Refused)? == rows::tenant(tenant);
        let is_of_whom = rows::octets_are(&row, 2, octets).map_err(Doubt::Refused)?;
        if is_of_tenant && is_of_whom { Ok(row) } else { Err(Doubt::Other) }
    }
}

/// Such a statement has one row, whether or not there is what was asked for.
fn one(mut found: Vec<Row>) -> Result<Row, Fault> {
    found.pop().ok_or_else(|| Error::Corrupt.into())
}

impl Desk {
    /// Reads by one statement; in a transaction where that was not to be had.
    pub(crate) async fn read_alone<T>(
        &self,
        asked: &Alone,
        found: &impl Fn(&Row) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        if let Some(row) = self.alone(asked).await.map_err(Fault::told)? {
            return found(&row).map_err(Fault::told);
        }
        let work = async |tx: &Tx| found(&one(tx.last(asked.statement, &asked.lent()).await?)?);
        self.read(&asked.reach, false, &work).await
    }

    async fn alone(&self, asked: &Alone) -> Result<Option<Row>, Fault> {
        if self.shared.rests() {
            return Ok(None);
        }
        let limit = Duration::from_millis(self.bounds.small_ms.into());
        let room = timeout(limit, Arc::clone(&self.reads).acquire_owned()).await;
        let _room = room.map_err(|_| Fault::Late)?.map_err(|_| Fault::Lost)?;
        let way = match self.shared.one(limit).await {
            Ok(way) => way,
            Err(Fault::Late) => return Err(Fault::Late),
            Err(_) => return Ok(None),
        };
        let Ok(answer) = timeout(limit, asked.ask(&way.client, self.bounds.prepared)).await else {
            self.shared.give_up(&way, limit);
            return Err(Fault::Late);
        };
        match answer.map_err(Doubt::Refused).and_then(|row| asked.answered_by(row)) {
            Ok(row) => {
                self.shared.trust(&way);
                Ok(Some(row))
            }
            Err(doubt) => {
                self.shared.doubt(&way, &doubt);
                Ok(None)
            }
        }
    }
}
