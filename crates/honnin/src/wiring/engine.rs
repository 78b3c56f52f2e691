//! The engine, and what stands round it: chosen here, and named nowhere else in the binary.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use honnin_access::{Operate, Permit};
use honnin_store::{CopyRows as _, Engine as _, Store};
pub(super) use honnin_store_cache::Bounds as CacheBounds;
use honnin_store_cache::Cached;
#[cfg(honnin_faults)]
use honnin_store_cache::Faulty;
pub(super) use honnin_store_postgres::Bounds as ServerBounds;
use honnin_store_postgres::{Target, is_one_database, is_one_role, role_of, with_password};
pub(super) use honnin_store_sqlite::Bounds;
use honnin_store_sqlite::Sqlite;
pub(crate) use honnin_store_sqlite::Step;
use honnin_terms::Clock;
use pollster::block_on;
use zeroize::Zeroizing;

use super::bounds::millis_32;
use crate::installation::Installation;
use crate::machine::SystemEntropy;
use crate::settings::Store as Settings;

/// Why the store cannot be made, prepared or opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The file.
    #[error(transparent)]
    File(#[from] honnin_store_sqlite::StartError),
    /// The database.
    #[error(transparent)]
    Database(#[from] honnin_store_postgres::StartError),
    /// The file with a password.
    #[error("cannot read the password file {0}")]
    Password(PathBuf, #[source] io::Error),
    /// A half-made copy.
    #[error("cannot remove the half-made copy {0}; remove it and back up again")]
    Left(PathBuf, #[source] io::Error),
    /// The file with a password is open to others.
    #[error(
        "cannot use the password file {0}: other users can read it; chmod 600 it, and consider it disclosed if others have had access"
    )]
    OpenToOthers(PathBuf),
    /// There is nothing to prepare.
    #[error(
        "cannot prepare the store: store.url is \"\", and the file needs no preparing; name the database with --for, or set store.url \
         first"
    )]
    NoDatabase,
}

/// Whether these settings name a database.
const fn is_database(settings: &Settings) -> bool {
    !settings.url.is_empty()
}

/// What another store has of the one at that address: the database, or the role. Nothing where it has neither.
///
/// # Errors
/// [`StartError`] where it is no address.
pub(crate) fn has_of(other: &Settings, url: &str) -> Result<Option<&'static str>, StartError> {
    let own: Target = url.parse()?;
    // One that cannot be read leads nowhere.
    let Ok(theirs) = other.url.parse::<Target>() else { return Ok(None) };
    let role = || is_one_role(&own, &theirs).then_some("role");
    Ok(is_one_database(&own, &theirs).then_some("database").or_else(role))
}

/// What is wrong with the address of the database, where one is named.
pub(super) fn problem(settings: &Settings) -> Option<String> {
    let refused = settings.url.parse::<Target>().err().filter(|_| is_database(settings))?;
    Some(refused.to_string().trim_start_matches("use store.url: ").to_owned())
}

/// Makes the store of a new installation in that directory. A database is made ready by its owner.
///
/// # Errors
/// [`StartError`] where there is one already, or its directory takes nothing.
pub(crate) fn create(dir: &Path, settings: &Settings) -> Result<(), StartError> {
    if is_database(settings) {
        settings.url.parse::<Target>()?;
        return Ok(());
    }
    Ok(honnin_store_sqlite::create(dir)?)
}

/// The same where there may be one already, which is left as it is.
///
/// # Errors
/// As [`create`].
pub(super) fn create_where_absent(dir: &Path, settings: &Settings) -> Result<(), StartError> {
    match create(dir, settings) {
        Err(StartError::File(honnin_store_sqlite::StartError::Exists(_))) => Ok(()),
        made => made,
    }
}

/// Whether the file of that directory has to be brought up to date before it is opened.
///
/// # Errors
/// [`StartError`] where there is none.
pub(super) fn is_behind(dir: &Path, settings: &Settings) -> Result<bool, StartError> {
    Ok(!is_database(settings) && honnin_store_sqlite::is_behind(dir, &bounds(settings))?)
}

/// Brings the file of that directory up to date, before it is opened to serve. A database is brought up by its owner
/// ([`prepare`]).
///
/// # Errors
/// [`StartError`] where there is none, or this build must not touch it.
pub(super) fn bring_up(dir: &Path, settings: &Settings) -> Result<(), StartError> {
    if is_database(settings) {
        return Ok(());
    }
    Ok(honnin_store_sqlite::bring_up(dir, &bounds(settings))?)
}

/// Whether this build opens the store as it is: nothing where it does, and the schemas found and needed where it has to be
/// brought up to date. Nothing is changed.
///
/// # Errors
/// [`StartError`] where there is none, or this build must not touch it.
pub(crate) fn behind(
    dir: &Path,
    base: &Path,
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> Result<Option<(i64, i64)>, StartError> {
    match open(dir, base, settings, clock) {
        Ok(_) => Ok(None),
        Err(StartError::File(honnin_store_sqlite::StartError::Older { found, needed })) => {
            Ok(Some((found.into(), needed.into())))
        }
        Err(StartError::Database(honnin_store_postgres::StartError::Older { found, needed })) => {
            Ok(Some((found, needed)))
        }
        Err(reason) => Err(reason),
    }
}

/// Writes a copy of the store, of one moment and without sessions, into another directory: a file of the embedded engine,
/// whichever engine it is of. `step` is called between two small steps of it.
///
/// # Errors
/// [`StartError`]: there is none, or one is there already, or the disk takes no more, or the database does not answer.
pub(crate) fn back_up(
    permit: &Permit<Operate>,
    installation: &Installation,
    to: &Path,
    (clock, step): (&Arc<dyn Clock>, &Step),
) -> Result<(), StartError> {
    let settings = &installation.settings.store;
    if !is_database(settings) {
        return Ok(honnin_store_sqlite::back_up(permit, &installation.store(), to, step)?);
    }
    let password = password_file(&installation.base(), settings);
    let target = with(settings.url.parse()?, password.as_deref())?;
    // Filled as a store that is written, and then copied as one is: into one file without a log beside it.
    let part = to.with_extension("part");
    let made = fill_file(permit, &target, &part, (settings, clock, step))
        .and_then(|()| Ok(honnin_store_sqlite::back_up(permit, &part, to, step)?));
    let gone = fs::remove_dir_all(&part);
    made?;
    // What stays of it would be in the backup beside the file.
    gone.map_err(|reason| StartError::Left(part, reason))
}

/// Has a new file hold what the database holds at one moment.
fn fill_file(
    permit: &Permit<Operate>,
    target: &Target,
    dir: &Path,
    (settings, clock, step): (&Settings, &Arc<dyn Clock>, &Step),
) -> Result<(), StartError> {
    honnin_store_sqlite::create(dir)?;
    // A bound of what the file may take is none of a database's.
    let bounds = Bounds { store_most_octets: Bounds::default().store_most_octets, ..bounds(settings) };
    let file = Sqlite::open(dir, bounds, Arc::clone(clock))?;
    honnin_store_postgres::each_page(permit, target, &mut |stretch, rows| {
        let written = block_on(file.replace_rows(permit, stretch, rows, None));
        step();
        written
    })?;
    block_on(file.close());
    Ok(())
}

/// Makes a database ready, as its owner, for the role of an address; that of the settings where none is given. Says for
/// which role.
///
/// # Errors
/// [`StartError`] where there is no database, or the owner may not do it.
pub(crate) fn prepare(
    settings: &Settings,
    serves: Option<&str>,
    owner: &str,
    owner_password: Option<&Path>,
) -> Result<String, StartError> {
    if serves.is_none() && !is_database(settings) {
        return Err(StartError::NoDatabase);
    }
    let serves: Target = serves.unwrap_or(&settings.url).parse()?;
    honnin_store_postgres::prepare(&with(owner.parse()?, owner_password)?, role_of(&serves))?;
    Ok(role_of(&serves).to_owned())
}

/// Opens the store of an installation; paths in the settings start from `base`.
///
/// # Errors
/// [`StartError`] where there is none, or this build must not touch it.
pub(super) fn open(
    dir: &Path,
    base: &Path,
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Store>, StartError> {
    open_by(dir, settings, password_file(base, settings).as_deref(), clock)
}

/// The file with the password of the settings; paths in them start from `base`.
pub(crate) fn password_file(base: &Path, settings: &Settings) -> Option<PathBuf> {
    settings.password_file.path().map(|file| base.join(file))
}

/// Opens the store of those settings, with the password in that file.
///
/// # Errors
/// As [`open`].
pub(super) fn open_by(
    dir: &Path,
    settings: &Settings,
    password: Option<&Path>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Store>, StartError> {
    if is_database(settings) {
        let target = with(settings.url.parse()?, password)?;
        let engine = honnin_store_postgres::open(&target, server_bounds(settings), clock, &SystemEntropy)?;
        return Ok(within(engine, settings));
    }
    Ok(within(Sqlite::open(dir, bounds(settings), clock)?, settings))
}

/// The engine with what stands round it.
fn within(engine: impl Store + 'static, settings: &Settings) -> Arc<dyn Store> {
    #[cfg(honnin_faults)]
    let engine = Faulty::new(engine);
    Arc::new(Cached::new(engine, &cache_bounds(settings)))
}

/// The address with the password that stands in that file.
fn with(target: Target, file: Option<&Path>) -> Result<Target, StartError> {
    let Some(file) = file else { return Ok(target) };
    let unreadable = |reason| StartError::Password(file.to_owned(), reason);
    if fs::metadata(file).map_err(unreadable)?.mode() & 0o077 != 0 {
        return Err(StartError::OpenToOthers(file.to_owned()));
    }
    let password = Zeroizing::new(fs::read_to_string(file).map_err(unreadable)?);
    Ok(with_password(target, password.trim_end_matches(['\r', '\n'])))
}

/// What the settings allow the file.
pub(super) fn bounds(settings: &Settings) -> Bounds {
    Bounds {
        readers: settings.readers,
        reader_cache_octets: settings.reader_cache.0,
        reader_map_octets: settings.reader_map.0,
        writer_cache_octets: settings.writer_cache.0,
        queue: settings.write_queue,
        group: settings.write_group,
        busy_ms: millis_32(settings.busy),
        poll_ms: millis_32(settings.poll),
        log_checkpoint_octets: settings.log_checkpoint.0,
        log_most_octets: settings.log_most.0,
        store_most_octets: settings.most.0,
    }
}

/// What the settings allow the database.
pub(super) fn server_bounds(settings: &Settings) -> ServerBounds {
    let writers = settings.connections / 2;
    ServerBounds {
        readers: settings.connections - writers,
        writers,
        queue: settings.write_queue,
        poll_ms: millis_32(settings.poll),
        prepared: settings.prepared,
        ..ServerBounds::default()
    }
}

/// What the settings allow its cache.
pub(super) const fn cache_bounds(settings: &Settings) -> CacheBounds {
    CacheBounds {
        sessions: settings.session_cache.0,
        rings: settings.key_cache.0,
        documents: settings.document_cache.0,
        wishes: settings.wish_cache.0,
    }
}
