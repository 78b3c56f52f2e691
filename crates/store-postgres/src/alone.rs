//! A read that is one statement and a transaction by itself: whom it is about it says in its first step, for itself alone.
//!
//! Nothing begins or ends it, which is most of what a read costs. What a transaction overrules in its first words
//! ([`Reach::begin`]) a statement cannot, and need not: its names are whole, so that a search path means nothing; it says whether
//! a role was left on the connection, and then its answer is thrown away; and whatever the server refuses, for a setting that
//! was left there or for any other reason, is asked once more in a transaction, whose answer counts.

use std::rc::Rc;
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
use crate::statements::ALONE;
use crate::transaction::Tx;
use crate::typed::typed;

/// A value that a statement is asked with.
pub(crate) type Value = Box<dyn ToSql + Sync + Send>;

/// A statement of [`ALONE`], whom it is about, and what else it is asked with.
pub(crate) struct Alone {
    statement: &'static Statement,
    reach: Reach,
    values: Vec<Value>,
}

impl Alone {
    /// Nothing where it is not a statement that can say for itself whom it is about, or is about nobody in particular.
    pub(crate) fn new<const MORE: usize>(
        statement: &'static Statement,
        reach: Reach,
        more: [Value; MORE],
    ) -> Result<Self, Error> {
        let said = reach.said().filter(|_| ALONE.contains(statement)).ok_or(Error::Corrupt)?;
        let said = said.into_iter().map(|said| -> Value { Box::new(said) });
        Ok(Self { statement, reach, values: said.chain(more).collect() })
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
        let limit = Duration::from_millis(self.bounds.small_ms.into());
        let room = timeout(limit, Arc::clone(&self.reads).acquire_owned()).await;
        let _room = room.map_err(|_| Fault::Late)?.map_err(|_| Fault::Lost)?;
        let client: Rc<ClientWrapper> = match self.shared.one().await {
            Ok(client) => client,
            Err(Fault::Late) => return Err(Fault::Late),
            Err(_) => return Ok(None),
        };
        match timeout(limit, asked.ask(&client, self.bounds.prepared)).await {
            Err(_) => {
                self.shared.give_up(&client);
                Err(Fault::Late)
            }
            Ok(Err(Fault::Known(error))) => Err(error.into()),
            Ok(Err(_)) => Ok(None),
            Ok(Ok(row)) if rows::is_so(&row, 0)? => Ok(Some(row)),
            Ok(Ok(_)) => {
                // Somebody has left a role on it.
                self.shared.leave(&client);
                Ok(None)
            }
        }
    }
}
