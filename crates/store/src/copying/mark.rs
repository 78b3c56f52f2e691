//! What says that a store is a copy that is not finished, and whose: a control row of the copy, and of nothing else.

use honnin_access::{ControlName, ControlRow, ControlRows, Keep, NewControl, Permit, Swapped};

use super::{Cell, CopiedRow};
use crate::Error;

pub(super) fn name() -> ControlName {
    ControlName::of("copy", &[])
}

/// The mark of a store that is an unfinished copy; `None` where it is none. Who opens a store for anything but going on
/// with its copy asks first.
///
/// # Errors
/// [`Error`] where the store does not answer.
pub async fn marked(rows: &dyn ControlRows, permit: &Permit<Keep>) -> Result<Option<ControlRow>, Error> {
    rows.control(permit, &name()).await
}

/// Whether that mark was made by the installation of that name.
pub fn is_copied_by(mark: &ControlRow, installation: &[u8]) -> bool {
    mark.value == installation
}

/// Marks an empty store as the copy that the installation of that name makes.
///
/// # Errors
/// [`Error::Conflict`] where it has a mark by now; others where the store does not take it.
pub async fn mark(
    rows: &dyn ControlRows,
    permit: &Permit<Keep>,
    installation: &[u8],
) -> Result<ControlRow, Error> {
    let new = NewControl { value: installation.to_vec(), until: None };
    match rows.swap_control(permit, &name(), 0, Some(new)).await? {
        Swapped::Done(_) => marked(rows, permit).await?.ok_or(Error::Corrupt),
        Swapped::Changed(_) => Err(Error::Conflict),
    }
}

/// Takes the mark away: the copy is whole and is a store like any other.
///
/// # Errors
/// [`Error::Conflict`] where it is another by now; others where the store does not take it.
pub async fn unmark(rows: &dyn ControlRows, permit: &Permit<Keep>, mark: &ControlRow) -> Result<(), Error> {
    match rows.swap_control(permit, &name(), mark.revision, None).await? {
        Swapped::Done(_) => Ok(()),
        Swapped::Changed(_) => Err(Error::Conflict),
    }
}

/// The mark as a row of its table.
pub(super) fn row(mark: &ControlRow) -> Result<CopiedRow, Error> {
    Ok(vec![
        Cell::Text(name().to_string()),
        Cell::Number(i64::try_from(mark.revision).map_err(|_| Error::Corrupt)?),
        Cell::Octets(mark.value.clone()),
        Cell::Number(mark.at.millis()),
        mark.until.map_or(Cell::Nothing, |until| Cell::Number(until.millis())),
    ])
}
