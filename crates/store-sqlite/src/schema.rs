//! The file: how it is made, opened, brought up to date and set.

use std::cmp::Ordering;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::{Bounds, StartError};

/// The name of the file in the data directory.
const FILE: &str = "honnin.sqlite";

/// Marks the file as ours: "Honn".
const APPLICATION: i32 = 0x486f_6e6e;

/// Octets of a page. Two documents fit beside their keys, and a point read touches one page fewer than at 4,096.
pub(crate) const PAGE_OCTETS: u64 = 8_192;

/// All migrations in order; the first has number 1. Never edited once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_merges.sql"),
    include_str!("../migrations/0003_together.sql"),
    include_str!("../migrations/0004_messages.sql"),
];

/// The newest schema this build knows.
pub(crate) fn newest() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Where the file of a data directory is.
pub(crate) fn file_in(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// Where the write-ahead log of a file is.
pub(crate) fn log_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Makes a fresh store. It gets its name only when it is whole; a crash before that leaves a file that the next
/// try removes.
pub(crate) fn create(dir: &Path) -> Result<(), StartError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let file = file_in(dir);
    if file.try_exists()? {
        return Err(StartError::Exists(file));
    }
    let unnamed = dir.join("honnin.sqlite.new");
    for left_over in [unnamed.clone(), log_of(&unnamed)] {
        match fs::remove_file(left_over) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unnamed)?;
    let mut fresh = Connection::open_with_flags(&unnamed, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    fresh.pragma_update(None, "page_size", i64::try_from(PAGE_OCTETS).unwrap_or(8_192))?;
    migrate(&mut fresh)?;
    fresh.close().map_err(|(_, error)| error)?;
    fs::File::open(&unnamed)?.sync_all()?;
    fs::rename(&unnamed, &file)?;
    fs::File::open(dir)?.sync_all()?;
    Ok(())
}

/// Opens a file of ours to write to it, whatever its schema is.
fn open_ours(file: &Path, bounds: &Bounds) -> Result<Connection, StartError> {
    if !file.try_exists()? {
        return Err(StartError::Missing(file.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut writer = Connection::open_with_flags(file, flags)?;
    wait_evenly(&mut writer, bounds.busy_ms)?;
    let application: i32 = writer
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(|error| not_ours(error, file))?;
    if application != APPLICATION {
        return Err(StartError::Foreign(file.to_owned()));
    }
    Ok(writer)
}

/// Whether a file has an older schema than this build needs.
pub(crate) fn is_behind(file: &Path, bounds: &Bounds) -> Result<bool, StartError> {
    let found: u32 = open_ours(file, bounds)?.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(found < newest())
}

/// Brings a file up to date.
pub(crate) fn bring_up(file: &Path, bounds: &Bounds) -> Result<(), StartError> {
    migrate(&mut open_ours(file, bounds)?)
}

/// Opens the one connection that writes.
pub(crate) fn open_writer(file: &Path, bounds: &Bounds) -> Result<Connection, StartError> {
    let writer = open_ours(file, bounds)?;
    let found: u32 = writer.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match found.cmp(&newest()) {
        Ordering::Greater => return Err(StartError::Newer { found, known: newest() }),
        Ordering::Less => return Err(StartError::Older { found, needed: newest() }),
        Ordering::Equal => {}
    }
    writer.pragma_update(None, "journal_mode", "wal")?;
    writer.pragma_update(None, "synchronous", "full")?;
    writer.pragma_update(None, "cache_size", kib(bounds.writer_cache_octets))?;
    // What goes out of a page is overwritten there, which costs no write more: an older ring or key is not left beside the
    // newer one. Whole pages that are let go keep what was in them until they are used again, but for those of an erasure.
    writer.pragma_update(None, "secure_delete", "fast")?;
    writer.pragma_update(None, "wal_autocheckpoint", pages(bounds.log_checkpoint_octets))?;
    writer.pragma_update(None, "journal_size_limit", octets(bounds.log_most_octets))?;
    writer.pragma_update(None, "max_page_count", pages(bounds.store_most_octets))?;
    set_all(&writer)?;
    Ok(writer)
}

/// Opens a connection that only reads.
pub(crate) fn open_reader(file: &Path, bounds: &Bounds) -> Result<Connection, StartError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(file, flags)?;
    reader.busy_timeout(Duration::from_secs(1))?;
    reader.pragma_update(None, "cache_size", kib(bounds.reader_cache_octets))?;
    reader.pragma_update(None, "mmap_size", octets(bounds.reader_map_octets))?;
    set_all(&reader)?;
    Ok(reader)
}

/// Settings of every connection.
fn set_all(connection: &Connection) -> Result<(), rusqlite::Error> {
    // Sorting in memory: nothing is written outside the data directory.
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Waits for another process in steps of a millisecond. The engine's own waiting grows to a tenth of a second and
/// would never meet the short gaps that a busy intake beside us leaves.
pub(crate) fn wait_evenly(connection: &mut Connection, busy_ms: u32) -> Result<(), rusqlite::Error> {
    connection.busy_handler(Some(move |tries: i32| {
        thread::sleep(Duration::from_millis(1));
        u32::try_from(tries).is_ok_and(|tries| tries < busy_ms)
    }))
}

/// Applies what is missing, each migration in a transaction of its own together with its number.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StartError> {
    for (migration, number) in MIGRATIONS.iter().zip(1_u32..) {
        // Asked for again under the write lock, because two processes may start at once.
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: u32 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found > newest() {
            return Err(StartError::Newer { found, known: newest() });
        }
        if found < number {
            tx.execute_batch(migration)?;
            tx.pragma_update(None, "application_id", APPLICATION)?;
            tx.pragma_update(None, "user_version", number)?;
        }
        tx.commit()?;
    }
    Ok(())
}

fn not_ours(error: rusqlite::Error, file: &Path) -> StartError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StartError::Foreign(file.to_owned()),
        _ => StartError::Engine(error),
    }
}

fn octets(octets: u64) -> i64 {
    i64::try_from(octets).unwrap_or(i64::MAX)
}

fn pages(octets: u64) -> i64 {
    // The engine counts pages in 32 bits.
    i64::from(u32::try_from(octets / PAGE_OCTETS).unwrap_or(u32::MAX - 1).max(1))
}

/// The engine takes a cache size in KiB as a negative number.
fn kib(octets: u64) -> i64 {
    i64::try_from(octets / 1024).unwrap_or(i64::MAX).saturating_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_owed_before_the_fourth_schema_is_owed_after_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        for migration in &MIGRATIONS[..3] {
            connection.execute_batch(migration).unwrap();
        }
        connection.pragma_update(None, "user_version", 3).unwrap();
        let owe = "insert into message (tenant, id, account, kind, at) values (1, ?1, ?2, 'a', ?1)";
        for (id, account) in [(1, [7_u8; 16]), (2, [6; 16]), (3, [7; 16])] {
            connection.execute(owe, rusqlite::params![id, account]).unwrap();
        }
        migrate(&mut connection).unwrap();
        let mut asked = connection.prepare("select id, account, kind, at from message order by id").unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, [u8; 16]>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, i64>(3)?,
            ))
        };
        let found: Vec<_> = asked.query_map([], row).unwrap().map(Result::unwrap).collect();
        let owed = |id, account| (id, account, "a".to_owned(), id);
        assert_eq!(found, [owed(1, [7; 16]), owed(2, [6; 16]), owed(3, [7; 16])]);
    }
}
