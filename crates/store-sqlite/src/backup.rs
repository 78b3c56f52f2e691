//! A copy of the store, made while it is written and read.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use honnin_access::{Operate, Permit};
use rusqlite::{Connection, OpenFlags};

use crate::{StartError, schema};

/// How long the beginning waits for another process that holds the file for a moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// Steps of the engine between two moments where others may go first: a fraction of a millisecond.
const STEPS: std::ffi::c_int = 200;
/// So much of the copy waits to be written to the disk at most.
const MOST_UNWRITTEN: u64 = 1 << 20;
/// As the write-ahead log has grown by so much, the copy goes on without pauses: it grows until the copy ends.
const MOST_GROWN: u64 = 256 << 20;

/// What a copy calls between two small steps of its work: whoever copies beside others lets them go first there.
pub type Step = Arc<dyn Fn() + Send + Sync>;

/// Writes a copy of the store in `dir`, of one moment, into the directory `to`, which has none. Sessions are not in it.
///
/// The copy is made of rows and not of pages (`VACUUM INTO`, within one read transaction): what was deleted is not in it,
/// keys that were destroyed among them, and no write that comes meanwhile makes it begin anew or has to wait for it.
/// Until it ends the write-ahead log grows by what is written; so `step` is not called any more once that is much. Every few
/// megabytes what is written is synced, so that nobody's sync waits behind a large one of ours. It is an act of the
/// operator, about everybody.
///
/// # Errors
/// [`StartError`]; what was written by then is removed.
pub fn back_up(_permit: &Permit<Operate>, dir: &Path, to: &Path, step: &Step) -> Result<(), StartError> {
    let (file, copy) = (schema::file_in(dir), schema::file_in(to));
    if !file.try_exists()? {
        return Err(StartError::Missing(file));
    }
    DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    if copy.try_exists()? {
        return Err(StartError::Exists(copy));
    }
    // Empty and only ours before anything is in it.
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&copy)?;
    let made = write(&file, &copy, step).and_then(|()| {
        File::open(&copy)?.sync_all()?;
        File::open(to)?.sync_all()?;
        Ok(())
    });
    if made.is_err() {
        fs::remove_file(&copy).unwrap_or_default();
    }
    made
}

fn write(file: &Path, copy: &Path, step: &Step) -> Result<(), StartError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut from = Connection::open_with_flags(file, flags)?;
    from.busy_timeout(PATIENCE)?;
    // The engine takes a name as text; one that is none would be another file.
    let name = copy.to_str().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidFilename))?;
    let between = Between::new(copy, &schema::log_of(file), step);
    between.run(&mut from, |from| from.execute("vacuum into ?1", [name]).map(drop))?;
    from.close().map_err(|(_, error)| error)?;
    let mut copied = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // No log beside it, so that it is one file; what is deleted is overwritten. A copy that is cut off here is removed.
    copied.pragma_update(None, "journal_mode", "memory")?;
    copied.pragma_update(None, "secure_delete", true)?;
    between.run(&mut copied, |copied| {
        while copied.execute(SOME_SESSIONS, [MOST_SESSIONS])? > 0 {}
        Ok(())
    })?;
    copied.pragma_update(None, "journal_mode", "delete")?;
    copied.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Sessions are taken out so many at a time: all of them would be one step of the engine, and one large write.
const SOME_SESSIONS: &str =
    "delete from session where (tenant, row_hash) in (select tenant, row_hash from session limit ?1)";
const MOST_SESSIONS: i64 = 2_000;

type SyncFile = Arc<dyn Fn(&File) -> std::io::Result<()> + Send + Sync>;

/// What is done between two steps of the engine.
struct Between {
    copy: PathBuf,
    log: PathBuf,
    log_at_first: u64,
    sync: SyncFile,
    step: Step,
}

impl Between {
    fn new(copy: &Path, log: &Path, step: &Step) -> Self {
        let (copy, log, log_at_first) = (copy.to_owned(), log.to_owned(), length(log));
        Self { copy, log, log_at_first, sync: Arc::new(File::sync_data), step: Arc::clone(step) }
    }

    /// Runs a statement in steps.
    fn run(
        &self,
        on: &mut Connection,
        run: impl FnOnce(&Connection) -> Result<(), rusqlite::Error>,
    ) -> Result<(), StartError> {
        let failed = Arc::new(Mutex::new(None));
        let each = self.each(Arc::clone(&failed))?;
        on.progress_handler(STEPS, Some(each))?;
        let ran = run(on);
        on.progress_handler(0, None::<fn() -> bool>)?;
        match failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The engine knows only that it was stopped.
            Some(reason) => Err(StartError::System(reason)),
            None => Ok(ran?),
        }
    }

    /// What the engine calls: says whether it is to stop, because what was written does not reach the disk.
    fn each(
        &self,
        failed: Arc<Mutex<Option<std::io::Error>>>,
    ) -> std::io::Result<impl FnMut() -> bool + Send + 'static> {
        let copy = File::open(&self.copy)?;
        let mut written = copy.metadata()?.len();
        let (sync, step, log, log_at_first) =
            (Arc::clone(&self.sync), Arc::clone(&self.step), self.log.clone(), self.log_at_first);
        Ok(move || {
            let now = copy.metadata().map_or(0, |file| file.len());
            if now >= written.saturating_add(MOST_UNWRITTEN) {
                if let Err(reason) = sync(&copy) {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
                    return true;
                }
                written = now;
            }
            if length(&log).saturating_sub(log_at_first) < MOST_GROWN {
                step();
            }
            false
        })
    }
}

/// The length of a file that may not be there.
fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |file| file.len())
}

#[cfg(test)]
mod tests;
