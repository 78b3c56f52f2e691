//! Rows set aside: sealed, so that nothing of them can be read in the data directory; listed by file, line and
//! reason; tried again after the mapping or the contracts were corrected.

use std::collections::BTreeMap;

use honnin_access::{Append, Permit};
use honnin_keeper::Keeper;
use honnin_seal::OpenError;
use honnin_store::{QuarantineRow, RecordKey};
use honnin_terms::Moment;

use crate::facts::fault::Reason;
use crate::feeds::run::{Feed, Input, Kept, RunError, Tick};
use crate::feeds::summary::Summary;
use crate::files::mapping::Mapping;
use crate::wait::wait;

/// How many rows are loaded at a time.
const PAGE: usize = 1_000;

/// A row in quarantine as people see it: where it is and why, nothing of what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The file's name.
    pub file: String,
    /// The row's first line, from 1.
    pub line: u64,
    /// The reason code, and the field where one is to blame: `bad_number (number)`.
    pub reason: String,
    /// When it was set aside.
    pub at: Moment,
}

/// Identifies a row: the same row of a file of the same name is kept once, wherever it stands.
pub(crate) fn record(keeper: &Keeper, file: &str, raw: &[u8]) -> RecordKey {
    keeper.content_key(&[b"quarantined row", file.as_bytes(), raw])
}

/// Seals a row with the headings it stood under.
pub(crate) fn seal(
    permit: &Permit<Append>,
    keeper: &Keeper,
    record: &RecordKey,
    headings: &[String],
    raw: &[u8],
) -> Result<Vec<u8>, OpenError> {
    let plain = postcard::to_allocvec(&(headings, raw)).map_err(|_| OpenError)?;
    keeper.seal_quarantined(permit, record, &plain)
}

/// Hands every row in quarantine, oldest first, to `take`.
pub(crate) fn each(
    feed: &Feed<'_>,
    take: &mut dyn FnMut(QuarantineRow) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let mut skip = 0;
    loop {
        let rows = wait(feed.store.quarantined(feed.permit, skip, PAGE))?;
        let found = rows.len();
        rows.into_iter().try_for_each(&mut *take)?;
        if found < PAGE {
            return Ok(());
        }
        skip += u64::try_from(found).unwrap_or(0);
    }
}

impl Feed<'_> {
    /// Lists rows in quarantine, oldest first.
    ///
    /// # Errors
    /// [`RunError::Store`].
    pub fn quarantined(&self, skip: u64, most: usize) -> Result<Vec<Quarantined>, RunError> {
        let rows = wait(self.store.quarantined(self.permit, skip, most))?;
        let shown = |QuarantineRow { file, line, reason, at, sealed: _, record: _ }: QuarantineRow| {
            Quarantined { file, line, reason, at }
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// Tries every row in quarantine again, with the mapping as it is now. Rows that are taken leave it.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn retry(&self, mapping: &Mapping, progress: &mut dyn FnMut(Tick<'_>)) -> Result<Summary, RunError> {
        let mut files = BTreeMap::<String, Vec<(u64, Vec<String>, Vec<u8>)>>::new();
        each(self, &mut |row| {
            // Of a row that was too long only the beginning is here.
            if !row.reason.starts_with(Reason::TooLong.code()) {
                let plain = self.keeper.open_quarantined(self.permit, &row.record, &row.sealed)?;
                let (headings, raw) = postcard::from_bytes(&plain).map_err(|_| OpenError)?;
                files.entry(row.file).or_default().push((row.line, headings, raw));
            }
            Ok(())
        })?;
        let mut inputs = Vec::new();
        let mut unknown_files = Vec::new();
        for (name, rows) in files {
            match mapping.plan_for(&name) {
                Ok(Some(plan)) => {
                    inputs.extend(by_headings(rows).into_iter().map(|(headings, rows)| {
                        Input::Kept(Kept { name: name.clone(), plan, headings, rows })
                    }));
                }
                Ok(None) | Err(_) => unknown_files.push(name),
            }
        }
        inputs.sort_by_key(|input| input.plan().kind);
        let summary = self.run(mapping, &inputs, progress)?;
        Ok(Summary { unknown_files, ..summary })
    }
}

type Rows = Vec<(u64, Vec<u8>)>;

fn by_headings(rows: Vec<(u64, Vec<String>, Vec<u8>)>) -> BTreeMap<Vec<String>, Rows> {
    let mut groups = BTreeMap::<Vec<String>, Rows>::new();
    for (line, headings, raw) in rows {
        groups.entry(headings).or_default().push((line, raw));
    }
    groups
}
