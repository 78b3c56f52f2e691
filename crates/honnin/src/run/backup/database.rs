//! A restore into a database: looked at before anything is copied, filled from the file once that was proven, and usable last.
//!
//! The mark of an unfinished copy stands in the database from before its first row until after everything else is done, so that
//! whenever a restore is cut off nothing serves what is not whole. A run that was stopped in the middle writes nothing once
//! another goes on: each page is written by the word of a mark of its own run (`CopyRows::replace_rows`).

use honnin_access::ControlRow;
use pollster::block_on;

use super::ground::Ground;
use crate::failure::Failure;
use crate::installation::Installation;
use crate::run::store_copy::Both;
use crate::say::Progress;
use crate::wiring::copying::{Copy, as_copy, open_database};
use crate::wiring::{Rooms, engine};

const DOING: &str = "restore the store";

/// Whether these settings name a database.
pub(super) const fn is_named(installation: &Installation) -> bool {
    !installation.settings.store.url.is_empty()
}

/// Refuses where the database of the settings cannot be filled: nothing was touched yet. The keyring is the one of the backup.
pub(super) fn look(there: &Installation) -> Result<(), Failure> {
    if !is_named(there) {
        return Ok(());
    }
    let password = engine::password_file(&there.base(), &there.settings.store);
    if let Some(file) = password.filter(|file| !file.exists()) {
        return Err(Failure::cannot(format_args!(
            "restore into the database of store.url: the password file {} is missing, and nothing was copied; put it there, or, \
             where that is in the data directory, restore with a settings file outside it that names the whole path (--settings)",
            file.display()
        )));
    }
    let rooms = Rooms::open_marked(there.clone(), there.clock()?, |store| store)?;
    let both = Both { rooms: &rooms, copy: &as_copy(&rooms), doing: DOING };
    both.refuse_other_schema()?;
    both.own_mark()?;
    block_on(rooms.store.close());
    Ok(())
}

/// The same installation on the file.
pub(super) fn on_file(installation: &Installation) -> Installation {
    let mut of_file = installation.clone();
    of_file.settings.store.url.clear();
    of_file
}

/// A database that has every row, and nothing opens yet.
pub(super) struct Filled {
    /// The file's, whose permits it is ended by.
    rooms: Rooms,
    copy: Copy,
    own: ControlRow,
}

/// Has the database of the settings hold what the file holds; every row is read back and compared, and the file goes.
pub(super) fn fill(
    rooms: Rooms,
    (installation, ground): (&Installation, &Ground),
    progress: &Progress,
) -> Result<Filled, Failure> {
    let copy = open_database(&rooms, installation)?;
    let both = Both { rooms: &rooms, copy: &copy, doing: DOING };
    both.refuse_other_schema()?;
    let own = both.marked(both.own_mark()?.as_ref())?;
    both.copied(progress, "restoring", &own)?;
    let differed = both.differing(progress, &own)?;
    if differed > 0 {
        let failure = Failure::cannot(format_args!(
            "restore the store: {differed} rows of the database differ when they are read back; stop whatever else writes into it, \
             and restore again"
        ));
        return Err(both.unless_over(failure, &own));
    }
    block_on(rooms.store.close());
    ground.clear_of(&installation.store())?;
    Ok(Filled { rooms, copy, own })
}

impl Filled {
    /// Lets others open it.
    pub(super) fn end(self) -> Result<(), Failure> {
        let Self { rooms, copy, own } = self;
        let both = Both { rooms: &rooms, copy: &copy, doing: DOING };
        both.unmarked(&own).map_err(|failure| {
            failure.but(
                "everything else is in place; where `honnin doctor` says that the restore is not finished, move the data directory \
                 away and restore again",
            )
        })?;
        block_on(copy.store.close());
        Ok(())
    }
}
