//! The engine, and what stands round it: chosen here, and named nowhere else in the binary.

use std::path::Path;
use std::sync::Arc;

use honnin_access::{Operate, Permit};
use honnin_store::Store;
pub(super) use honnin_store_cache::Bounds as CacheBounds;
use honnin_store_cache::Cached;
#[cfg(honnin_faults)]
use honnin_store_cache::Faulty;
pub(super) use honnin_store_sqlite::Bounds;
use honnin_store_sqlite::{Sqlite, StartError};
use honnin_terms::Clock;

use super::bounds::millis_32;
use crate::settings::Store as Settings;

/// Makes the store of a new installation.
///
/// # Errors
/// [`StartError`] where there is one already, or its directory takes nothing.
pub(crate) fn create(dir: &Path) -> Result<(), StartError> {
    honnin_store_sqlite::create(dir)
}

/// Writes a copy of the store of that directory, of one moment and without sessions, into another directory.
///
/// # Errors
/// [`StartError`]: there is none, or one is there already, or the disk takes no more.
pub(crate) fn back_up(permit: &Permit<Operate>, dir: &Path, to: &Path) -> Result<(), StartError> {
    honnin_store_sqlite::back_up(permit, dir, to)
}

/// Opens the store of an installation.
///
/// # Errors
/// [`StartError`] where there is none, or this build must not touch it.
pub(super) fn open(
    dir: &Path,
    settings: &Settings,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Store>, StartError> {
    let engine = Sqlite::open(dir, bounds(settings), clock)?;
    #[cfg(honnin_faults)]
    let engine = Faulty::new(engine);
    Ok(Arc::new(Cached::new(engine, &cache_bounds(settings))))
}

/// What the settings allow it.
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

/// What the settings allow its cache.
pub(super) const fn cache_bounds(settings: &Settings) -> CacheBounds {
    CacheBounds {
        sessions: settings.session_cache.0,
        rings: settings.key_cache.0,
        documents: settings.document_cache.0,
        wishes: settings.wish_cache.0,
    }
}
