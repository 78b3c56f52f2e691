//! The embedded engine: SQLite in one file, written by one thread, read on the threads that ask.
//!
//! One of the rooms with SQL. A write is answered when it is durable; a read is answered at once. Nothing is kept in
//! memory but pages.

mod backup;
mod bounds;
mod claims;
mod control;
mod copying;
mod credentials;
mod devices;
mod erase;
mod fault;
mod feed;
mod feed_reads;
mod merging;
mod moving;
mod notices;
mod operator;
#[cfg(test)]
mod plans;
mod readers;
mod rows;
mod schema;
mod sessions;
mod speed;
mod sweep;
mod tick;
mod views;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use honnin_store::{Answer, CacheFigures, Engine, Error, Figures, Noted, Watcher, Watchers};
use honnin_terms::Clock;
use rusqlite::Connection;

pub use backup::{Step, back_up};
pub use bounds::Bounds;
pub use fault::StartError;

use fault::Fault;
use readers::Readers;
use writer::{Kind, Writer, Written};

/// Makes an empty store in a directory that has none.
///
/// # Errors
/// [`StartError::Exists`] where there is one already; the others where the system or the engine refuses.
pub fn create(dir: &Path) -> Result<(), StartError> {
    schema::create(dir)
}

/// Whether the store of a directory has an older schema than this build needs. Nothing is changed.
///
/// # Errors
/// [`StartError::Missing`] and [`StartError::Foreign`].
pub fn is_behind(dir: &Path, bounds: &Bounds) -> Result<bool, StartError> {
    schema::is_behind(&schema::file_in(dir), bounds)
}

/// Brings the store of a directory up to date; done again, it changes nothing. For what serves: an older build that serves
/// meanwhile opens it no more once it has ended.
///
/// # Errors
/// [`StartError`], as [`Sqlite::open`].
pub fn bring_up(dir: &Path, bounds: &Bounds) -> Result<(), StartError> {
    schema::bring_up(&schema::file_in(dir), bounds)
}

/// The store of a data directory.
pub struct Sqlite {
    file: PathBuf,
    readers: Readers,
    writer: Writer,
    noted: Noted,
    watchers: Watchers,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Opens the store of a directory.
    ///
    /// # Errors
    /// [`StartError::Missing`] where there is none, [`StartError::Newer`] and [`StartError::Foreign`] where this build
    /// must not touch it, [`StartError::Older`] where [`bring_up`] was not asked for first.
    pub fn open(dir: &Path, bounds: Bounds, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let file = schema::file_in(dir);
        let writing = schema::open_writer(&file, &bounds)?;
        let readers = Readers::open(&file, &bounds)?;
        let watchers = Watchers::default();
        let writer = Writer::start(writing, &file, bounds, clock, watchers.clone())?;
        Ok(Self { file, readers, writer, noted: Noted::default(), watchers })
    }

    /// Hands a write to the writing thread when the answer is first asked for.
    fn write<T: Send + 'static>(
        &self,
        kind: Kind,
        work: impl FnOnce(&Connection) -> Result<Written<T>, Fault> + Send + 'static,
    ) -> Answer<'_, Result<T, Error>> {
        Answer::later(async move { self.writer.put(kind, work)?.await.unwrap_or(Err(Error::Unavailable)) })
    }
}

impl Engine for Sqlite {
    fn figures(&self) -> Figures {
        let waiting_writes = u64::try_from(self.writer.waiting()).unwrap_or(u64::MAX);
        Figures { waiting_writes, cache: CacheFigures::default() }
    }

    fn watch(&self, watcher: Arc<dyn Watcher>) {
        self.watchers.add(watcher);
    }

    fn close(&self) -> Answer<'_, ()> {
        Answer::later(async { self.writer.stop() })
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.writer.stop();
    }
}
