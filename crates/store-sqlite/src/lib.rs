//! The embedded engine: SQLite in one file, written by one thread, read on the threads that ask.
//!
//! One of the two rooms with SQL. A write is answered when it is durable; a read is answered at once. What is kept in
//! memory is ciphertext, see `cache`.

mod bounds;
mod cache;
mod claims;
mod control;
mod credentials;
mod devices;
mod fault;
mod feed;
mod feed_reads;
mod merging;
mod moving;
mod noted;
mod notices;
mod operator;
#[cfg(honnin_faults)]
mod planted;
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

use honnin_store::{Answer, Engine, Error, Figures};
use honnin_terms::Clock;
use rusqlite::Connection;

pub use bounds::Bounds;
pub use fault::StartError;

use cache::Cache;
use fault::Fault;
use noted::Noted;
use readers::Readers;
use writer::{Kind, Writer, Written};

/// The store of a data directory.
pub struct Sqlite {
    file: PathBuf,
    cache: Arc<Cache>,
    readers: Readers,
    writer: Writer,
    noted: Noted,
    #[cfg(honnin_faults)]
    reads: planted::Reads,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Sqlite {
    /// Makes a store in a directory that has none, and opens it.
    ///
    /// # Errors
    /// [`StartError::Exists`] where there is one already; the others as [`Self::open`].
    pub fn create(dir: &Path, bounds: Bounds, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        schema::create(dir)?;
        Self::open(dir, bounds, clock)
    }

    /// Opens the store of a directory and brings its schema up to date.
    ///
    /// # Errors
    /// [`StartError::Missing`] where there is none, [`StartError::Newer`] and [`StartError::Foreign`] where this build
    /// must not touch it.
    pub fn open(dir: &Path, bounds: Bounds, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let file = schema::file_in(dir);
        let writing = schema::open_writer(&file, &bounds)?;
        let readers = Readers::open(&file, &bounds)?;
        let cache = Arc::new(Cache::new(&bounds));
        let writer = Writer::start(writing, &file, bounds, clock, Arc::clone(&cache))?;
        Ok(Self {
            file,
            cache,
            readers,
            writer,
            noted: Noted::default(),
            #[cfg(honnin_faults)]
            reads: planted::Reads::default(),
        })
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
        Figures { waiting_writes, cache: self.cache.figures() }
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
