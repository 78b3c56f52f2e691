//! The engine for more than one machine: PostgreSQL that somebody already keeps running.
//!
//! One of the rooms with SQL. One thread of its own speaks with the server; a call is carried out there to its end
//! whether or not its caller still waits, so that nothing stops half-way. Every transaction says for itself whom it is
//! about, and rests on nothing that a connection may have left over.

#![expect(
    clippy::future_not_send,
    reason = "what is asked runs on the one thread that speaks with the server, and is never sent to another"
)]

#[macro_use]
mod saying;

mod alone;
mod bounds;
mod claims;
mod control;
mod copying;
mod credentials;
mod desk;
mod devices;
mod erase;
mod fault;
mod feed;
mod feed_reads;
mod hosts;
mod lanes;
mod merging;
mod moving;
mod notices;
mod operator;
mod others;
mod prepare;
mod reach;
mod rows;
mod sessions;
mod shared;
mod snapshot;
mod speed;
mod standing;
mod statements;
mod sweep;
mod thread;
mod together;
mod transaction;
mod typed;
mod views;
mod watched;

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use honnin_store::{Answer, CacheFigures, Engine, Error, Figures, Noted, Watcher, Watchers};
use honnin_terms::{Clock, Entropy};
use tokio::sync::oneshot;
use tokio_postgres::Row;

pub use bounds::Bounds;
pub use copying::copying_statements;
pub use fault::StartError;
pub use prepare::prepare;
pub use reach::{Target, is_one_database, is_one_role, role_of, with_password};
pub use snapshot::{Take, each_page};
pub use statements::{Statement, statements};

use alone::Alone;
use desk::Desk;
use fault::Fault;
use reach::Reach;
use thread::Thread;
use transaction::Tx;
use watched::Written;

/// The store on a PostgreSQL server.
pub struct Postgres {
    thread: Thread,
    noted: Noted,
    watchers: Watchers,
    /// Where it is, without a password.
    place: String,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("place", &self.place).finish_non_exhaustive()
    }
}

/// Opens a store that [`prepare()`] has made.
///
/// # Errors
/// [`StartError`] where there is none, this build must not touch it, or the role it is reached by may do too much.
pub fn open(
    target: &Target,
    bounds: Bounds,
    clock: Arc<dyn Clock>,
    entropy: &dyn Entropy,
) -> Result<Postgres, StartError> {
    let watchers = Watchers::default();
    let mut node = [0; 16];
    entropy.fill(&mut node);
    let thread = Thread::start(target, bounds, clock, watchers.clone(), node)?;
    Ok(Postgres { thread, noted: Noted::default(), watchers, place: target.to_string() })
}

/// How a write is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Few rows.
    Small,
    /// Many: it may take longer.
    Large,
}

impl Postgres {
    /// Asks one statement: its transaction is one round trip.
    fn read<T: Send + 'static>(
        &self,
        reach: Reach,
        work: impl AsyncFn(&Tx) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<'_, Result<T, Error>> {
        self.later(false, move |desk, caller| {
            Box::pin(async move { drop(caller.send(desk.read(&reach, false, &work).await)) })
        })
    }

    /// Asks one statement that is a transaction by itself, and has one row.
    fn alone<T: Send + 'static>(
        &self,
        asked: Result<Alone, Error>,
        found: impl Fn(&Row) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<'_, Result<T, Error>> {
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => return Answer::ready(Err(error)),
        };
        self.later(false, move |desk, caller| {
            Box::pin(async move { drop(caller.send(desk.read_alone(asked, &found).await)) })
        })
    }

    /// Asks several statements as of one moment.
    fn at_once<T: Send + 'static>(
        &self,
        reach: Reach,
        work: impl AsyncFn(&Tx) -> Result<T, Fault> + Send + 'static,
    ) -> Answer<'_, Result<T, Error>> {
        self.later(false, move |desk, caller| {
            Box::pin(async move { drop(caller.send(desk.read(&reach, true, &work).await)) })
        })
    }

    /// Writes in one transaction, done again where it was undone for the sake of others.
    fn write<T: Send + 'static>(
        &self,
        kind: Kind,
        reach: Reach,
        work: impl AsyncFn(&Tx) -> Result<Written<T>, Fault> + Send + 'static,
    ) -> Answer<'_, Result<T, Error>> {
        self.later(true, move |desk, caller| {
            Box::pin(async move { drop(caller.send(desk.write(kind, &reach, &work).await)) })
        })
    }

    /// Hands a call to the thread when its answer is first asked for.
    fn later<T: Send + 'static>(
        &self,
        writes: bool,
        job: impl FnOnce(Rc<Desk>, oneshot::Sender<Result<T, Error>>) -> thread::Work + Send + 'static,
    ) -> Answer<'_, Result<T, Error>> {
        Answer::later(async move {
            let (caller, answer) = oneshot::channel();
            self.thread.put(writes, Box::new(move |desk| job(desk, caller)))?;
            answer.await.unwrap_or(Err(Error::Unavailable))
        })
    }
}

impl Engine for Postgres {
    fn figures(&self) -> Figures {
        let waiting_writes = u64::try_from(self.thread.waiting()).unwrap_or(u64::MAX);
        Figures { waiting_writes, cache: CacheFigures::default() }
    }

    fn watch(&self, watcher: Arc<dyn Watcher>) {
        self.watchers.add(watcher);
    }

    fn close(&self) -> Answer<'_, ()> {
        Answer::later(self.thread.close())
    }
}
