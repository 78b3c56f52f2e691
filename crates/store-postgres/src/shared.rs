//! Connections that many reads share: each of them is a statement and a transaction by itself, so that they are sent one after
//! the other without waiting, and neither side wakes up for each.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio::task::spawn_local;
use tokio::time::timeout;
use tokio_postgres::NoTls;

use crate::desk::connection;
use crate::fault::Fault;

/// How many there are. The fewer, the more goes together; with one alone, whatever is slow would keep everybody.
const MOST: usize = 2;

/// How long it may take to tell the server that nobody waits any more.
const CANCEL: Duration = Duration::from_secs(1);

/// Connections that are shared.
pub(crate) struct Shared {
    open: RefCell<Vec<Rc<ClientWrapper>>>,
    /// Opens one at a time.
    opens: Pool,
}

impl Shared {
    /// `opens` has room for one.
    pub(crate) const fn new(opens: Pool) -> Self {
        Self { open: RefCell::new(Vec::new()), opens }
    }

    /// The one that has least to do; a further one is opened where all have something to do.
    pub(crate) async fn one(&self) -> Result<Rc<ClientWrapper>, Fault> {
        if let Some(idle) = self.idle() {
            return Ok(idle);
        }
        let opened = connection(&self.opens).await;
        // Somebody else may have opened one meanwhile.
        if let Some(idle) = self.idle() {
            return Ok(idle);
        }
        match opened {
            Ok(opened) => {
                let opened = Rc::new(Object::take(opened));
                self.open.borrow_mut().push(Rc::clone(&opened));
                Ok(opened)
            }
            Err(fault) => self.least().ok_or(fault),
        }
    }

    /// One with nothing to do, or any once there are as many as there may be.
    fn idle(&self) -> Option<Rc<ClientWrapper>> {
        self.open.borrow_mut().retain(|client| !client.is_closed());
        let full = self.open.borrow().len() >= MOST;
        self.least().filter(|client| full || Rc::strong_count(client) <= 2)
    }

    fn least(&self) -> Option<Rc<ClientWrapper>> {
        self.open.borrow().iter().min_by_key(|client| Rc::strong_count(client)).map(Rc::clone)
    }

    /// Nobody is to take that one any more. Those who wait on it still do.
    pub(crate) fn leave(&self, left: &Rc<ClientWrapper>) {
        self.open.borrow_mut().retain(|client| !Rc::ptr_eq(client, left));
    }

    /// Nor any other, nor one that lies ready.
    pub(crate) fn leave_all(&self) {
        self.open.borrow_mut().clear();
        drop(self.opens.retain(|_, _| false));
    }

    /// The same where it does not answer; the server is told that nobody waits for what it does.
    pub(crate) fn give_up(&self, left: &Rc<ClientWrapper>) {
        self.leave(left);
        let cancel = left.cancel_token();
        drop(spawn_local(async move { drop(timeout(CANCEL, cancel.cancel_query(NoTls)).await) }));
    }
}
