//! Looking through an extract without taking it in.

use std::path::PathBuf;

use crate::facts::event::Fact;
use crate::facts::fields::RowKind;
use crate::files::mapping::Mapping;
use crate::files::{Extract, FilesError};

/// Hands over what the rows of some kinds say, in the order of reading; rows that are not understood are passed over.
///
/// # Errors
/// [`FilesError`] where a file cannot be read at all or its headings do not fit.
pub fn survey(
    mapping: &Mapping,
    dirs: &[PathBuf],
    kinds: &[RowKind],
    each: &mut dyn FnMut(Fact),
) -> Result<(), FilesError> {
    let Extract { files, .. } = Extract::find(mapping, dirs)?;
    for file in files.iter().filter(|file| kinds.contains(&file.plan.kind)) {
        let mut open = file.open(mapping)?;
        let failed = |cause| FilesError::Read { path: file.path.clone(), cause };
        while let Some(row) = open.rows.next_row().map_err(failed)? {
            if let Ok(fact) = open.translator.read(&row) {
                each(fact);
            }
        }
    }
    Ok(())
}
