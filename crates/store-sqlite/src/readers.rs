//! Reading connections: a fixed set, used on the calling thread.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use honnin_store::Error;
use rusqlite::Connection;

use crate::fault::Fault;
use crate::{Bounds, StartError, schema};

pub(crate) struct Readers {
    connections: Box<[Mutex<Connection>]>,
    next: AtomicUsize,
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("connections", &self.connections.len()).finish_non_exhaustive()
    }
}

impl Readers {
    pub(crate) fn open(file: &Path, bounds: &Bounds) -> Result<Self, StartError> {
        let open = |_| schema::open_reader(file, bounds).map(Mutex::new);
        let connections = (0..bounds.readers.max(1)).map(open).collect::<Result<_, _>>()?;
        Ok(Self { connections, next: AtomicUsize::new(0) })
    }

    /// Reads with a connection of our own. `read` ends every statement it begins.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Error> {
        let connection = self.take().ok_or(Error::Unavailable)?;
        read(&connection).map_err(Fault::told)
    }

    /// Reads several times as of one moment.
    pub(crate) fn at_once<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Error> {
        self.with(|connection| {
            let tx = connection.unchecked_transaction()?;
            let found = read(&tx)?;
            tx.commit()?;
            Ok(found)
        })
    }

    /// The first that is free, so that few readers share few warm page caches; where none is, waits for one.
    fn take(&self) -> Option<MutexGuard<'_, Connection>> {
        if let Some(free) = self.connections.iter().find_map(|connection| connection.try_lock().ok()) {
            return Some(free);
        }
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let waiting_for = self.connections.get(turn.checked_rem(self.connections.len())?)?;
        // A panic while reading leaves no half-done state: the next statement starts anew.
        Some(waiting_for.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
