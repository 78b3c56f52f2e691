//! A read that is one statement and a transaction by itself: whom it is about it says in its first step, for itself alone.
//!
//! Nothing begins or ends it, which is most of what a read costs, and those that meet go together as one
//! ([`crate::together`]): for each of them the statement says anew whom it is about before it reads, so that row-level
//! security holds for each by itself.
//!
//! What a transaction overrules in its first words ([`Reach::begin`]) a statement cannot, and need not: its names are whole, so
//! that a search path means nothing; it says whether a role was left on the connection, and then its answer is thrown away;
//! and whatever the server refuses, for a setting that was left there or for any other reason, is asked once more in a
//! transaction, whose answer counts.

use std::rc::Rc;

use deadpool_postgres::ClientWrapper;
use honnin_store::Error;
use honnin_terms::TenantId;
use tokio_postgres::Row;

use crate::Statement;
use crate::desk::Desk;
use crate::fault::Fault;
use crate::reach::Reach;
use crate::rows;
use crate::statements::alone::ByItself;
use crate::transaction::{Asked, Tx};
use crate::typed::typed;

/// The first column of what was asked for. Before it stand whether the role is the one that signed in, the tenant, the account
/// or the session, whose turn it was, and whom the server took it to be about once all was read.
pub(crate) const FIRST: usize = 5;

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

/// A statement that is a transaction by itself, whom it is about, and what else it is asked with.
#[derive(Debug)]
pub(crate) struct Alone {
    statement: &'static Statement,
    reach: Reach,
    tenant: String,
    /// In hexadecimal digits.
    whom: String,
    /// Of its own: a holding, a row.
    own: Vec<Vec<u8>>,
    /// Kinds of documents.
    kinds: Vec<&'static str>,
}

impl Alone {
    /// Nothing where it is about nobody in particular.
    pub(crate) fn new(
        statement: &'static ByItself,
        reach: Reach,
        own: Vec<Vec<u8>>,
        kinds: Vec<&'static str>,
    ) -> Result<Self, Error> {
        let [tenant, whom] = reach.said().ok_or(Error::Corrupt)?;
        Ok(Self { statement: statement.statement(), reach, tenant, whom, own, kinds })
    }

    /// Who have this in common may go together.
    pub(crate) fn key(&self) -> (&'static str, Option<TenantId>, &[&'static str]) {
        (self.statement.name, self.reach.whom().map(|(tenant, _)| tenant), &self.kinds)
    }

    /// The row, where it is an answer to this.
    fn answered_by(&self, row: Row) -> Result<Row, Doubt> {
        let (tenant, octets) = self.reach.whom().ok_or(Doubt::Other)?;
        if !rows::is_so(&row, 0).map_err(Doubt::Refused)? {
            return Err(Doubt::Role);
        }
        let is_of_tenant = rows::count::<i64>(&row, 1).map_err(Doubt::Refused)? == rows::tenant(tenant);
        let is_of_whom = rows::octets_are(&row, 2, octets).map_err(Doubt::Refused)?;
        // What is not there would else be what the server hid while it took it to be about another.
        let was_of_whom = rows::text_is(&row, FIRST - 1, &self.whom).map_err(Doubt::Refused)?;
        if is_of_tenant && is_of_whom && was_of_whom { Ok(row) } else { Err(Doubt::Other) }
    }
}

/// Some that go together: all have the same key.
pub(crate) struct Group(pub(crate) Vec<Rc<Alone>>);

impl Group {
    /// Asks with what all of them are asked with.
    async fn asked<T>(
        &self,
        ask: impl AsyncFnOnce(&'static Statement, Asked<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let first = self.0.first().ok_or(Error::Corrupt)?;
        let whom: Vec<&str> = self.0.iter().map(|asked| &*asked.whom).collect();
        let own: Vec<Vec<&[u8]>> = (0..first.own.len())
            .map(|place| self.0.iter().filter_map(|asked| asked.own.get(place)).map(Vec::as_slice).collect())
            .collect();
        let mut values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = vec![&first.tenant, &whom];
        values.extend(own.iter().map(|own| -> &(dyn tokio_postgres::types::ToSql + Sync) { own }));
        values.extend(first.kinds.iter().map(|kind| -> &(dyn tokio_postgres::types::ToSql + Sync) { kind }));
        ask(first.statement, &values).await
    }

    /// The rows, on a connection that others share.
    pub(crate) async fn ask(&self, client: &ClientWrapper, prepared: bool) -> Result<Vec<Row>, Fault> {
        self.asked(async |statement, asked| {
            if prepared {
                let prepared = client.prepare_cached(statement.sql).await?;
                Ok(client.query(&prepared, asked).await?)
            } else {
                Ok(client.query_typed(statement.sql, &typed(asked)?).await?)
            }
        })
        .await
    }

    /// The row of each, where there is one that answers it: such a statement has one for each who asked, whether or not
    /// there is what was asked for.
    pub(crate) fn answers(&self, rows: Vec<Row>) -> Vec<Result<Row, Doubt>> {
        let mut answers: Vec<Result<Row, Doubt>> = self.0.iter().map(|_| Err(Doubt::Other)).collect();
        for row in rows {
            let turn = rows::count::<usize>(&row, 3).ok().and_then(|turn| turn.checked_sub(1));
            if let Some((answer, asked)) = turn.and_then(|turn| answers.get_mut(turn).zip(self.0.get(turn))) {
                *answer = asked.answered_by(row);
            }
        }
        answers
    }
}

impl Desk {
    /// Reads by one statement, together with others; in a transaction where that was not to be had.
    pub(crate) async fn read_alone<T>(
        self: &Rc<Self>,
        asked: Alone,
        found: &impl Fn(&Row) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let asked = Rc::new(asked);
        if let Some(row) = self.together(&asked).await.map_err(Fault::told)? {
            return found(&row).map_err(Fault::told);
        }
        let group = Group(vec![Rc::clone(&asked)]);
        let work = async |tx: &Tx| {
            let rows = group.asked(async |statement, asked| tx.last(statement, asked).await).await?;
            found(rows.first().ok_or(Error::Corrupt)?)
        };
        // Seldom, and large: whoever needs none of it carries none of it about.
        Box::pin(self.read(&asked.reach, false, &work)).await
    }
}
