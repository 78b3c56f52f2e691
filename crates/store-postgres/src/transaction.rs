//! One transaction on one connection, from its first word to its last.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::Object;
use honnin_access::both;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::Statement;
use crate::fault::Fault;
use crate::rows;
use crate::typed::typed;

/// How long the end of a transaction that only read may take.
const LEAVE: Duration = Duration::from_secs(1);

/// What a statement is asked with.
pub(crate) type Asked<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A transaction. What begins it is sent together with its first statement, so that it costs no round trip.
///
/// A connection whose transaction has not ended by our own word is thrown away: nobody gets one with something open.
pub(crate) struct Tx {
    /// Empty only while it is dropped.
    connection: Option<Object>,
    /// Not sent yet.
    begin: Cell<Option<String>>,
    /// Nothing is open on the connection.
    clean: Cell<bool>,
    /// Whether statements are prepared once for the connection.
    prepared: bool,
}

impl Tx {
    pub(crate) const fn new(connection: Object, begin: String, prepared: bool) -> Self {
        Self { connection: Some(connection), begin: Cell::new(Some(begin)), clean: Cell::new(true), prepared }
    }

    fn connection(&self) -> Result<&Object, Fault> {
        self.connection.as_ref().ok_or(Fault::Lost)
    }

    /// Sends what begins the transaction, if nobody has, ahead of what is asked.
    async fn begun<T>(&self, asked: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let Some(begin) = self.begin.take() else { return asked.await };
        self.clean.set(false);
        let (opened, answer) = both(self.connection()?.batch_execute(&begin), asked).await;
        opened?;
        answer
    }

    /// Asks for rows.
    pub(crate) async fn query(&self, statement: &Statement, asked: Asked<'_>) -> Result<Vec<Row>, Fault> {
        self.query_text(statement.sql, asked).await
    }

    /// Asks for rows by a statement that was made of the list of tables.
    pub(crate) async fn query_text(&self, sql: &str, asked: Asked<'_>) -> Result<Vec<Row>, Fault> {
        self.asked(sql, asked, &Sent::default()).await
    }

    async fn asked(&self, sql: &str, asked: Asked<'_>, sent: &Sent) -> Result<Vec<Row>, Fault> {
        self.begun(async {
            // Whatever comes of it, who waits for it to be sent waits no longer.
            let _sent = sent.once_left();
            let connection = self.connection()?;
            if !self.prepared {
                let typed = typed(asked)?;
                sent.now();
                return Ok(connection.query_typed(sql, &typed).await?);
            }
            let prepared = connection.prepare_cached(sql).await?;
            sent.now();
            Ok(connection.query(&prepared, asked).await?)
        })
        .await
    }

    async fn done(&self, sql: &str, asked: Asked<'_>, sent: &Sent) -> Result<u64, Fault> {
        self.begun(async {
            let _sent = sent.once_left();
            let connection = self.connection()?;
            if !self.prepared {
                let typed = typed(asked)?;
                sent.now();
                return Ok(connection.execute_typed(sql, &typed).await?);
            }
            let prepared = connection.prepare_cached(sql).await?;
            sent.now();
            Ok(connection.execute(&prepared, asked).await?)
        })
        .await
    }

    /// Asks for one row, or none.
    pub(crate) async fn one(&self, statement: &Statement, asked: Asked<'_>) -> Result<Option<Row>, Fault> {
        Ok(self.query(statement, asked).await?.pop())
    }

    /// Asks for a number that is always there.
    pub(crate) async fn number<T: TryFrom<i64>>(
        &self,
        statement: &Statement,
        asked: Asked<'_>,
    ) -> Result<T, Fault> {
        let row = self.one(statement, asked).await?.ok_or(honnin_store::Error::Corrupt)?;
        rows::count(&row, 0)
    }

    /// Writes; how many rows it was.
    pub(crate) async fn execute(&self, statement: &Statement, asked: Asked<'_>) -> Result<u64, Fault> {
        self.execute_text(statement.sql, asked).await
    }

    /// Writes by a statement that was made of the list of tables; how many rows it was.
    pub(crate) async fn execute_text(&self, sql: &str, asked: Asked<'_>) -> Result<u64, Fault> {
        self.done(sql, asked, &Sent::default()).await
    }

    /// Asks for rows and ends the transaction in the same breath: beginning, statement and end are one round trip.
    pub(crate) async fn last(&self, statement: &Statement, asked: Asked<'_>) -> Result<Vec<Row>, Fault> {
        let sent = Sent::default();
        let (rows, ended) = both(self.asked(statement.sql, asked, &sent), self.end_after(&sent)).await;
        let rows = rows?;
        ended?;
        Ok(rows)
    }

    /// As [`Self::last`], for one row or none.
    pub(crate) async fn last_one(
        &self,
        statement: &Statement,
        asked: Asked<'_>,
    ) -> Result<Option<Row>, Fault> {
        Ok(self.last(statement, asked).await?.pop())
    }

    /// Writes the last row of a transaction and commits it in the same breath. The commit of a transaction in which a
    /// statement has failed is answered like any other, so that the statement is asked first.
    pub(crate) async fn commit_with(
        &self,
        statement: &Statement,
        asked: Asked<'_>,
    ) -> (Result<u64, Fault>, Result<(), Fault>) {
        let sent = Sent::default();
        both(self.done(statement.sql, asked, &sent), self.end_after(&sent)).await
    }

    /// Commits.
    pub(crate) async fn commit(&self) -> Result<(), Fault> {
        self.end("commit").await
    }

    /// Ends it as soon as the statement before is sent, and never ahead of it: a statement behind the end would be asked
    /// about nobody.
    async fn end_after(&self, sent: &Sent) -> Result<(), Fault> {
        sent.wait().await;
        self.end("commit").await
    }

    async fn end(&self, word: &str) -> Result<(), Fault> {
        let ended = self.connection()?.batch_execute(word).await;
        self.clean.set(ended.is_ok());
        Ok(ended?)
    }

    /// Ends a transaction that only read. Whoever has the answer does not wait for it.
    pub(crate) async fn leave(&self) {
        if !self.clean.get() {
            // A connection that does not take it is thrown away: a server may have frozen, and a place is not kept for it.
            drop(timeout(LEAVE, self.end("rollback")).await);
        }
    }
}

/// Whether a statement is on its way. Both sides are polled together, the statement first.
#[derive(Default)]
struct Sent(Cell<bool>);

/// Says so when it is left, whatever the reason.
struct OnceLeft<'a>(&'a Sent);

impl Sent {
    fn now(&self) {
        self.0.set(true);
    }

    const fn once_left(&self) -> OnceLeft<'_> {
        OnceLeft(self)
    }

    async fn wait(&self) {
        poll_fn(|_| if self.0.get() { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

impl Drop for OnceLeft<'_> {
    fn drop(&mut self) {
        self.0.now();
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if !self.clean.get()
            && let Some(connection) = self.connection.take()
        {
            drop(Object::take(connection));
        }
    }
}
