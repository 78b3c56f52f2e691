//! Connections that many reads share: each of them is a statement and a transaction by itself, so that they are sent one after
//! the other without waiting, and neither side wakes up for each.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio::sync::Semaphore;
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use crate::alone::Doubt;
use crate::desk::connection;
use crate::fault::Fault;

/// How many there are. The fewer, the more goes together; with one alone, whatever is slow would keep everybody.
const MOST: usize = 4;

/// How long it may take to tell the server that nobody waits any more.
const CANCEL: Duration = Duration::from_secs(1);

/// How long it is waited for what a cancel ends, before the next.
const ENDS: Duration = Duration::from_millis(200);

/// How long none is opened after one was not to be had.
const PAUSE: Duration = Duration::from_secs(1);

/// How long reads are transactions where no connection can be shared.
const REST: Duration = Duration::from_mins(1);

/// A connection that is shared.
pub(crate) struct Way {
    pub(crate) client: ClientWrapper,
    /// It has answered as it should.
    trusted: Cell<bool>,
    /// How often somebody gave up on it.
    given_up: Cell<u32>,
    /// How much goes on there that is slow.
    slow: Cell<usize>,
}

/// Something slow goes on there until this is dropped.
pub(crate) struct Slow(Rc<Way>);

impl Slow {
    pub(crate) fn at(way: &Rc<Way>) -> Self {
        way.slow.set(way.slow.get() + 1);
        Self(Rc::clone(way))
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.0.slow.set(self.0.slow.get().saturating_sub(1));
    }
}

/// Connections that are shared.
pub(crate) struct Shared {
    open: RefCell<Vec<Rc<Way>>>,
    opens: Pool,
    /// Who has it opens one.
    opening: Semaphore,
    /// None was to be had just now.
    pauses: Cell<bool>,
    /// What is opened is not fit to be shared.
    rests: Cell<bool>,
    /// And that was said.
    told: Cell<bool>,
}

impl Shared {
    /// `opens` has room for one.
    pub(crate) const fn new(opens: Pool) -> Self {
        Self {
            open: RefCell::new(Vec::new()),
            opens,
            opening: Semaphore::const_new(1),
            pauses: Cell::new(false),
            rests: Cell::new(false),
            told: Cell::new(false),
        }
    }

    /// The one that has least to do. Where all have something to do a further one is opened beside, and nobody waits for it;
    /// but nobody waits either for what is slow, while there is room for another.
    pub(crate) async fn one(self: &Rc<Self>, limit: Duration) -> Result<Rc<Way>, Fault> {
        if let Some(least) = self.least() {
            if least.slow.get() > 0 && self.has_room() {
                // Where none is to be had, that one has to do.
                drop(timeout(limit, self.opened(Self::has_room)).await);
                return self.least().ok_or(Fault::Lost);
            }
            // One is the list's.
            if Rc::strong_count(&least) > 2 {
                self.open_beside();
            }
            return Ok(least);
        }
        timeout(limit, self.opened(|all| all.open.borrow().is_empty())).await.map_err(|_| Fault::Late)??;
        self.least().ok_or(Fault::Lost)
    }

    /// Opens a further one that nobody waits for.
    pub(crate) fn open_beside(self: &Rc<Self>) {
        if self.has_room() && self.opening.available_permits() > 0 {
            let beside = Rc::clone(self);
            drop(spawn_local(async move { drop(beside.opened(Self::has_room).await) }));
        }
    }

    /// Opens one where that is still wanted once it is one's turn.
    async fn opened(self: &Rc<Self>, wanted: impl Fn(&Self) -> bool) -> Result<(), Fault> {
        let _turn = self.opening.acquire().await.map_err(|_| Fault::Lost)?;
        if !wanted(self) {
            return Ok(());
        }
        if self.pauses.get() {
            return Err(Fault::Lost);
        }
        match connection(&self.opens).await {
            Ok(opened) => {
                let client = Object::take(opened);
                let way = Way {
                    client,
                    trusted: Cell::default(),
                    given_up: Cell::default(),
                    slow: Cell::default(),
                };
                self.open.borrow_mut().push(Rc::new(way));
                Ok(())
            }
            Err(fault) => {
                self.keep(PAUSE, |all| &all.pauses);
                Err(fault)
            }
        }
    }

    fn has_room(&self) -> bool {
        self.open.borrow().len() < MOST
    }

    fn least(&self) -> Option<Rc<Way>> {
        self.open.borrow_mut().retain(|way| !way.client.is_closed());
        self.open.borrow().iter().min_by_key(|way| (way.slow.get(), Rc::strong_count(way))).map(Rc::clone)
    }

    /// Lets something be so for so long.
    fn keep(self: &Rc<Self>, long: Duration, what: impl Fn(&Self) -> &Cell<bool> + 'static) {
        if !what(self).replace(true) {
            let all = Rc::downgrade(self);
            drop(spawn_local(async move {
                sleep(long).await;
                if let Some(all) = all.upgrade() {
                    what(&all).set(false);
                }
            }));
        }
    }

    /// Whether none is to be asked for: what was opened last was not fit to be shared, and the next would not be either.
    pub(crate) const fn rests(&self) -> bool {
        self.rests.get()
    }

    /// It has answered as it should.
    pub(crate) fn trust(&self, way: &Way) {
        way.trusted.set(true);
        self.told.set(false);
    }

    /// It has not. Nobody takes it any more, and where it never did, it is the server's or a pooler's own way to be so.
    pub(crate) fn doubt(self: &Rc<Self>, left: &Rc<Way>, doubt: &Doubt) {
        // Undone for the sake of others, as it may be where the server's default is serializable: it may be the next time too.
        if matches!(doubt, Doubt::Refused(fault) if fault.was_undone()) {
            return;
        }
        let was_open = self.leave(left);
        let (code, why) = match doubt {
            Doubt::Role => ("", "a role was left on it"),
            Doubt::Other => ("", "an answer was that of another question"),
            Doubt::Refused(fault) => (fault.state().map_or("", SqlState::code), "a statement was refused"),
        };
        let passes = matches!(doubt, Doubt::Refused(fault) if fault.was_cut_off());
        if !left.trusted.get() && !passes {
            self.keep(REST, |all| &all.rests);
            if !self.told.replace(true) {
                tracing::warn!(
                    code,
                    why,
                    "connections cannot be shared: look at what the role and the database begin with; every read is a \
                     transaction for a minute at a time"
                );
            }
        } else if was_open {
            tracing::warn!(code, why, "a connection is not shared any more");
        }
    }

    /// Nobody is to take that one any more; whether somebody could. Those who wait on it still do.
    fn leave(&self, left: &Rc<Way>) -> bool {
        let before = self.open.borrow().len();
        self.open.borrow_mut().retain(|way| !Rc::ptr_eq(way, left));
        self.open.borrow().len() < before
    }

    /// Nor any other.
    pub(crate) fn leave_all(&self) {
        self.open.borrow_mut().clear();
    }

    /// The same where it does not answer; the server is told that nobody waits for what it does, until it does nothing any
    /// more. Once is not enough: a server takes two cancels that meet as one, and one that comes between two statements is
    /// lost. Whoever else waited on it asks again in a transaction.
    pub(crate) fn give_up(&self, left: &Rc<Way>, limit: Duration) {
        self.leave(left);
        let before = left.given_up.replace(left.given_up.get() + 1);
        // Who is at it sees that there is more.
        if before == 0 {
            drop(spawn_local(end(Rc::clone(left), limit)));
        }
    }
}

/// Ends what goes on there. What is asked last is answered once everything before it is.
async fn end(left: Rc<Way>, limit: Duration) {
    loop {
        let given_up = left.given_up.get();
        let ended = timeout(limit, async {
            loop {
                let cancel = left.client.cancel_token();
                drop(timeout(CANCEL, cancel.cancel_query(NoTls)).await);
                if timeout(ENDS, left.client.simple_query("")).await.is_ok() {
                    break;
                }
            }
        });
        if ended.await.is_err() {
            tracing::warn!("what was given up may go on at the server: it takes no cancel");
        }
        if left.given_up.get() == given_up {
            left.given_up.set(0);
            return;
        }
    }
}
