//! A copy of the store, made while it is written and read.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use honnin_access::{Operate, Permit};
use rusqlite::{Connection, OpenFlags};

use crate::{StartError, schema};

/// How long the beginning waits for another process that holds the file for a moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes a copy of the store in `dir`, of one moment, into the directory `to`, which has none. Sessions are not in it.
///
/// The copy is made of rows and not of pages (`VACUUM INTO`, within one read transaction): what was deleted is not in it,
/// keys that were destroyed among them, and no write that comes meanwhile makes it begin anew or has to wait for it.
/// Until it ends the write-ahead log grows by what is written. It is an act of the operator, about everybody.
///
/// # Errors
/// [`StartError`]; what was written by then is removed.
pub fn back_up(_permit: &Permit<Operate>, dir: &Path, to: &Path) -> Result<(), StartError> {
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
    let made = write(&file, &copy).and_then(|()| {
        File::open(&copy)?.sync_all()?;
        File::open(to)?.sync_all()?;
        Ok(())
    });
    if made.is_err() {
        fs::remove_file(&copy).unwrap_or_default();
    }
    made
}

fn write(file: &Path, copy: &Path) -> Result<(), StartError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(file, flags)?;
    from.busy_timeout(PATIENCE)?;
    // The engine takes a name as text; one that is none would be another file.
    let name = copy.to_str().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidFilename))?;
    from.execute("vacuum into ?1", [name])?;
    from.close().map_err(|(_, error)| error)?;
    let copy = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // No log beside it, so that it is one file; what is deleted is overwritten.
    copy.pragma_update(None, "journal_mode", "delete")?;
    copy.pragma_update(None, "secure_delete", true)?;
    copy.execute("delete from session", [])?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}
