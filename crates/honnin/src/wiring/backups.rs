//! When the last backup was made: a row of the store, so that it is known whoever asks and wherever backups lie.

use honnin_store::{ControlName, NewControl};
use honnin_terms::Moment;
use pollster::block_on;

use super::Rooms;
use crate::failure::Failure;

fn name() -> ControlName {
    ControlName::of("backup", &[])
}

/// Notes a backup of that moment.
///
/// # Errors
/// [`Failure`] where the store takes nothing.
pub(crate) fn note_backup(rooms: &Rooms, made_at: Moment) -> Result<(), Failure> {
    let (name, value) = (name(), made_at.millis().to_be_bytes().to_vec());
    let read = block_on(rooms.store.control(&rooms.keep(), &name))?.map_or(0, |row| row.revision);
    // Whoever wrote it in between has made one as well.
    block_on(rooms.store.swap_control(&rooms.keep(), &name, read, Some(NewControl { value, until: None })))?;
    Ok(())
}

/// The moment of the last backup, where one was made.
///
/// # Errors
/// [`Failure`] where the store does not answer.
pub(crate) fn last_backup(rooms: &Rooms) -> Result<Option<Moment>, Failure> {
    let row = block_on(rooms.store.control(&rooms.keep(), &name()))?;
    let millis = row.and_then(|row| row.value.as_slice().try_into().ok()).map(i64::from_be_bytes);
    Ok(millis.and_then(|millis| Moment::from_millis(millis).ok()))
}
