//! What says that a store is a copy that is not finished, and whose: a control row of the copy, and of nothing else.

use honnin_access::{ControlName, ControlRow, ControlRows, Keep, Operate, Permit};

use super::{Cell, CopiedRow, CopyRows, Stretch, TABLES};
use crate::Error;

/// The name of the row.
pub fn name() -> ControlName {
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

/// What tells one run of a copy from every other: random octets.
pub type Run = [u8; 16];

/// Whether that mark was made by the installation of that name, in whichever run.
pub fn is_copied_by(mark: &ControlRow, installation: &[u8]) -> bool {
    // Builds from before runs were told apart wrote none.
    mark.value.strip_prefix(installation).is_some_and(|run| run.is_empty() || run.len() == size_of::<Run>())
}

/// Marks a store as the copy that the installation of that name makes in this run: an empty one, or one whose mark was
/// found. An earlier run of it writes nothing more from here on, whenever it goes on.
///
/// That it is empty is asked where the mark is written, and not believed of who looked before: since then another run may have
/// marked it, filled it and ended, and it may serve.
///
/// # Errors
/// [`Error::Conflict`] where it is not empty or has another mark by now; others where the store does not take it.
pub async fn mark(
    rows: &dyn CopyRows,
    permit: &Permit<Operate>,
    (installation, run): (&[u8], Run),
    found: Option<&ControlRow>,
) -> Result<ControlRow, Error> {
    rows.put_mark(permit, [installation, &run].concat(), found.cloned()).await
}

/// Takes the mark away: the copy is whole and is a store like any other.
///
/// By its value and not by its revision alone: what revisions are counted by is copied too, so that one can come twice.
///
/// # Errors
/// [`Error::Conflict`] where it is another by now; others where the store does not take it.
pub async fn unmark(rows: &dyn CopyRows, permit: &Permit<Operate>, mark: &ControlRow) -> Result<(), Error> {
    let table = TABLES.iter().find(|table| table.name == "control").ok_or(Error::Corrupt)?;
    let key = |name: &str| Some(vec![Cell::Text(name.to_owned())]);
    // The word alone is before it, and no other name is in between.
    let name = name();
    let word = name.as_str().trim_end_matches('/');
    let stretch = Stretch { table, after: key(word), through: key(name.as_str()) };
    rows.replace_rows(permit, &stretch, Vec::new(), Some(mark.clone())).await
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
