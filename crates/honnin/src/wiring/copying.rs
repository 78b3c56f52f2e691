//! The other store of a copy: opened, told apart from any other, and its mark.

use std::path::Path;
use std::sync::Arc;

use honnin_access::{ControlRow, Keep, Permit};
use honnin_keeper::Keeper;
use honnin_store::Store;
use honnin_store::copying::{Run, marked};
use honnin_terms::Entropy as _;
use pollster::block_on;

use super::{Rooms, engine};
use crate::failure::Failure;
use crate::installation::Installation;
use crate::machine::SystemEntropy;
use crate::settings::Store as Settings;

/// The word for the file in the data directory.
pub(crate) const FILE: &str = "file";

/// The store that is copied to.
pub(crate) struct Copy {
    /// Its rows.
    pub(crate) store: Arc<dyn Store>,
    /// What `store.url` is set to once it is whole.
    pub(crate) url: String,
}

/// Opens the store that is copied to: a database by its address, or the file, which is made where it may and there is none.
///
/// # Errors
/// [`Failure`] where it is the store of the settings itself, or does not open.
pub(crate) fn open_copy(
    rooms: &Rooms,
    (to, password): (&str, Option<&Path>),
    make: bool,
) -> Result<Copy, Failure> {
    let own = &rooms.installation.settings.store;
    let url = if to == FILE { "" } else { to };
    if url == own.url {
        return Err(Failure::cannot(
            "copy the store: --to names the store of the settings; name the other one",
        ));
    }
    let settings = Settings { url: url.to_owned(), ..own.clone() };
    let dir = rooms.installation.store();
    if make {
        engine::create_where_absent(&dir, &settings)?;
    }
    let store = engine::open_by(&dir, &settings, password, Arc::clone(&rooms.clock.0))?;
    Ok(Copy { store, url: url.to_owned() })
}

/// Opens the database of the settings, to be filled from a file of the rooms.
///
/// # Errors
/// [`Failure`] where it does not open.
pub(crate) fn open_database(rooms: &Rooms, installation: &Installation) -> Result<Copy, Failure> {
    let settings = &installation.settings.store;
    let password = engine::password_file(&installation.base(), settings);
    let clock = Arc::clone(&rooms.clock.0);
    let store = engine::open_by(&installation.store(), settings, password.as_deref(), clock)?;
    Ok(Copy { store, url: settings.url.clone() })
}

/// What tells the copies of this installation from those of others.
///
/// # Errors
/// [`Failure`] where the keyring does not give it.
pub(crate) fn copier(keeper: &Keeper) -> Result<[u8; 32], Failure> {
    Ok(keeper.journal_signing_key()?.verifying_key()?.0)
}

/// The store of the settings, as one that is looked at before it is filled.
pub(crate) fn as_copy(rooms: &Rooms) -> Copy {
    Copy { store: Arc::clone(&rooms.store), url: rooms.installation.settings.store.url.clone() }
}

/// Another name for each run of a copy.
pub(crate) fn run() -> Run {
    let mut run = Run::default();
    SystemEntropy.fill(&mut run);
    run
}

/// The mark of a store that is an unfinished copy.
///
/// # Errors
/// [`Failure`] where the store does not answer.
pub(crate) fn mark_of(store: &dyn Store, permit: &Permit<Keep>) -> Result<Option<ControlRow>, Failure> {
    Ok(block_on(marked(store, permit))?)
}

/// Refuses a store that is an unfinished copy: nothing serves it, and nothing is written into it but the rest of it.
///
/// # Errors
/// [`Failure`] where it is one, or does not answer.
pub(super) fn refuse_unfinished(store: &dyn Store, permit: &Permit<Keep>) -> Result<(), Failure> {
    match mark_of(store, permit)? {
        None => Ok(()),
        Some(_) => Err(Failure::cannot(
            "open the store: it is a copy or a restore that is not finished; for a copy set store.url back and give `honnin store \
             copy` again, or delete the copy; for a restore move the data directory away and give `honnin restore` again",
        )),
    }
}
