//! The engine: chosen here, and named nowhere else in the binary.

use std::path::Path;
use std::sync::Arc;

use honnin_store::Store;
pub(super) use honnin_store_sqlite::Bounds;
use honnin_store_sqlite::{Sqlite, StartError};
use honnin_terms::Clock;

use super::bounds::millis_32;
use crate::settings::Store as Settings;

/// Makes the store of a new installation.
///
/// # Errors
/// [`StartError`] where there is one already, or its directory takes nothing.
pub(crate) fn create(dir: &Path, clock: Arc<dyn Clock>) -> Result<(), StartError> {
    Sqlite::create(dir, Bounds::default(), clock).map(drop)
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
    Ok(Arc::new(Sqlite::open(dir, bounds(settings), clock)?))
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
        session_cache_octets: settings.session_cache.0,
        key_cache_octets: settings.key_cache.0,
        view_cache_octets: settings.document_cache.0,
        speed_cache_octets: settings.wish_cache.0,
    }
}
