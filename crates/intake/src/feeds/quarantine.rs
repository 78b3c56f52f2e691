//! Rows set aside: sealed, so that nothing of them can be read in the data directory; listed by file, line and
//! reason; tried again after the mapping or the contracts were corrected.

use std::collections::{BTreeMap, HashSet};

use honnin_access::{Append, Permit};
use honnin_keeper::Keeper;
use honnin_seal::OpenError;
use honnin_store::{Batch, Committed, Progress, QuarantineRow, RecordKey};
use honnin_terms::Moment;
use pollster::block_on;

use crate::facts::fault::Reason;
use crate::feeds::run::{FEED, Feed, Input, Kept, KeptRow, RunError, Stood, Tick};
use crate::feeds::summary::Summary;
use crate::files::explain::{Explained, Specimen, steps};
use crate::files::mapping::Mapping;
use crate::files::rows::Rows;
use crate::files::{Suspect, Unknown};

/// How many rows are loaded at a time.
const PAGE: usize = 1_000;

/// How many octets of its key name a row.
const ID_OCTETS: usize = 5;

/// A row in quarantine as people see it: where it is and why, nothing of what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its name for `show`, `accept` and `drop`.
    pub id: String,
    /// The file's name.
    pub file: String,
    /// The row's first line, from 1.
    pub line: u64,
    /// The reason code, and the field where one is to blame: `bad_number (number)`.
    pub reason: String,
    /// When it was set aside.
    pub at: Moment,
}

/// What a person has decided of a row that was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is tried again by the same rules.
    Again,
    /// It is taken although it contradicts what was taken before, stands near a change of holder, or seems not to be
    /// the whole of its set.
    Accepted,
    /// It is no word of the ledger.
    Dropped,
}

/// Rows that cannot be named.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// No row has that name.
    #[error("find the row {0} among those set aside: there is none; list them with `honnin quarantine list`")]
    Nobody(String),
    /// Several have it.
    #[error("find the row {0} among those set aside: several begin so; write more of its name")]
    Several(String),
    /// The feed does not do its part.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A row set aside, opened for a person who decides of it. Personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// Where it is and why.
    pub about: Quarantined,
    /// Headings and cells, or the row as one cell where it cannot be cut into cells.
    pub cells: Vec<(String, String)>,
}

without_content! { Opened }

/// How a row is named to people: the beginning of its key.
fn id_of(record: &RecordKey) -> String {
    record.iter().take(ID_OCTETS).fold(String::new(), |text, octet| text + &format!("{octet:02x}"))
}

/// Identifies a row: the same row of a file of the same name is kept once, wherever it stands; two that are alike in
/// one file are two.
pub(crate) fn record(keeper: &Keeper, file: &str, raw: &[u8], alike_before: u32) -> RecordKey {
    let count = alike_before.to_be_bytes();
    let parts: [&[u8]; 4] = [b"quarantined row", file.as_bytes(), raw, &count];
    keeper.content_key(if alike_before == 0 { &parts[..3] } else { &parts })
}

/// Seals a row with what it stood under.
pub(crate) fn seal(
    permit: &Permit<Append>,
    keeper: &Keeper,
    record: &RecordKey,
    stood: &Stood,
    raw: &[u8],
) -> Result<Vec<u8>, OpenError> {
    let plain = postcard::to_allocvec(&(stood, raw)).map_err(|_| OpenError)?;
    keeper.seal_quarantined(permit, record, &plain)
}

/// Hands every row in quarantine, oldest first, to `take`.
pub(crate) fn each(
    feed: &Feed<'_>,
    take: &mut dyn FnMut(QuarantineRow) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let mut skip = 0;
    loop {
        let rows = block_on(feed.store.quarantined(feed.permit, skip, PAGE))?;
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
        let rows = block_on(self.store.quarantined(self.permit, skip, most))?;
        Ok(rows.iter().map(told).collect())
    }

    /// Opens a row in quarantine for a person who decides of it.
    ///
    /// # Errors
    /// [`ChoiceError`].
    pub fn open_quarantined(&self, mapping: &Mapping, id: &str) -> Result<Opened, ChoiceError> {
        let row = self.chosen(id)?;
        let (Stood { headings, moment: _ }, raw) = self.opened(&row)?;
        let cells = mapping.plan_for(&row.file).ok().flatten().and_then(|plan| {
            let mut rows = Rows::new(raw.as_slice(), plan.row_shape());
            let cells = rows.next_row().ok().flatten()?.cells.ok()?;
            (cells.len() == headings.len())
                .then(|| headings.iter().cloned().zip(cells.iter().map(str::to_owned)).collect::<Vec<_>>())
        });
        let whole = || vec![(String::new(), String::from_utf8_lossy(&raw).into_owned())];
        Ok(Opened { about: told(&row), cells: cells.unwrap_or_else(whole) })
    }

    /// Explains a row in quarantine: why it was set aside, and which key of the mapping would take it.
    ///
    /// # Errors
    /// [`ChoiceError`].
    pub fn explain(&self, mapping: &Mapping, id: &str) -> Result<(Quarantined, Explained), ChoiceError> {
        let row = self.chosen(id)?;
        let (Stood { headings, moment }, raw) = self.opened(&row)?;
        let place = mapping.files.iter().position(|plan| plan.pattern.matches(&row.file));
        let (kind, steps) = match place.and_then(|place| Some((place, mapping.files.get(place)?))) {
            None => ("", Vec::new()),
            Some((place, plan)) => {
                let specimen = Specimen { before: Vec::new(), headings: Some(headings), row: raw, moment };
                (plan.kind.word(), steps(mapping, place, &specimen, self.permit.at()))
            }
        };
        Ok((told(&row), Explained { file: row.file.clone(), line: row.line, kind, steps }))
    }

    /// Takes rows in quarantine although they were set aside: a person says that they are right.
    ///
    /// # Errors
    /// [`ChoiceError`].
    pub fn accept(
        &self,
        mapping: &Mapping,
        ids: &[String],
        progress: &mut dyn FnMut(Tick<'_>),
    ) -> Result<Summary, ChoiceError> {
        let chosen = self.all_chosen(ids)?;
        let fate = |record: &RecordKey| if chosen.contains(record) { Fate::Accepted } else { Fate::Again };
        // A set needs all its rows: those that stand beside in quarantine are tried along.
        Ok(self.again(mapping, &fate, progress)?)
    }

    /// Throws rows in quarantine away: a person says that they are no word of the ledger.
    ///
    /// # Errors
    /// [`ChoiceError`].
    pub fn drop_quarantined(
        &self,
        mapping: &Mapping,
        ids: &[String],
        progress: &mut dyn FnMut(Tick<'_>),
    ) -> Result<u64, ChoiceError> {
        let chosen = self.all_chosen(ids)?;
        let fate = |record: &RecordKey| if chosen.contains(record) { Fate::Dropped } else { Fate::Again };
        // First what says of a set that it lacks the row, so that a crash in between loses nothing.
        self.again(mapping, &fate, progress)?;
        let stored =
            block_on(self.store.progress(self.permit, FEED)).map_err(RunError::from)?.unwrap_or_default();
        let count = u64::try_from(chosen.len()).unwrap_or(0);
        let progress = Progress { position: stored.position + 1, state: stored.state };
        // Nothing of it is anybody's, so that no move can put it out of date.
        let moves = block_on(self.store.moved(self.permit)).map_err(RunError::from)?.moves;
        let batch = Batch { released: chosen.into_iter().collect(), moves, progress, ..Batch::default() };
        match block_on(self.store.commit(self.permit, FEED, batch)).map_err(RunError::from)? {
            Committed::Done => Ok(count),
            Committed::Stale { .. } | Committed::Overtaken => Err(RunError::Overtaken.into()),
        }
    }

    fn all_chosen(&self, ids: &[String]) -> Result<HashSet<RecordKey>, ChoiceError> {
        ids.iter().map(|id| self.chosen(id).map(|row| row.record)).collect()
    }

    fn chosen(&self, id: &str) -> Result<QuarantineRow, ChoiceError> {
        let mut found = None;
        let mut several = false;
        each(self, &mut |row| {
            if !id.is_empty() && id_of(&row.record).starts_with(&id.to_lowercase()) {
                several |= found.is_some();
                found = Some(row);
            }
            Ok(())
        })?;
        match found {
            Some(row) if !several => Ok(row),
            Some(_) => Err(ChoiceError::Several(id.to_owned())),
            None => Err(ChoiceError::Nobody(id.to_owned())),
        }
    }

    fn opened(&self, row: &QuarantineRow) -> Result<(Stood, Vec<u8>), RunError> {
        let plain = self.keeper.open_quarantined(self.permit, &row.record, &row.sealed)?;
        Ok(postcard::from_bytes(&plain).map_err(|_| OpenError)?)
    }

    /// Tries every row in quarantine again, with the mapping as it is now. Rows that are taken leave it.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn retry(&self, mapping: &Mapping, progress: &mut dyn FnMut(Tick<'_>)) -> Result<Summary, RunError> {
        self.again(mapping, &|_| Fate::Again, progress)
    }

    fn again(
        &self,
        mapping: &Mapping,
        fate: &dyn Fn(&RecordKey) -> Fate,
        progress: &mut dyn FnMut(Tick<'_>),
    ) -> Result<Summary, RunError> {
        let mut files = BTreeMap::<String, BTreeMap<Stood, Vec<KeptRow>>>::new();
        each(self, &mut |row| {
            // Of a row that was too long only the beginning is here.
            if !row.reason.starts_with(Reason::TooLong.code()) {
                let (mut stood, raw) = self.opened(&row)?;
                // A word that says no moment is of when it came, however late it is understood.
                stood.moment = stood.moment.or(Some(row.at));
                let kept = KeptRow { line: row.line, raw, fate: fate(&row.record) };
                files.entry(row.file).or_default().entry(stood).or_default().push(kept);
            }
            Ok(())
        })?;
        let mut inputs = Vec::new();
        let mut unknown_files = Vec::new();
        for (name, rows) in files {
            match mapping.plan_for(&name) {
                Ok(Some(plan)) => {
                    inputs
                        .extend(rows.into_iter().map(|(stood, rows)| {
                            Input::Kept(Kept { name: name.clone(), plan, stood, rows })
                        }));
                }
                Ok(None) | Err(_) => {
                    unknown_files.push(Unknown { name, suspect: Some(Suspect::Ending) });
                }
            }
        }
        inputs.sort_by_key(|input| input.plan().kind);
        let summary = self.run(mapping, &inputs, progress)?;
        Ok(Summary { unknown_files, ..summary })
    }
}

fn told(row: &QuarantineRow) -> Quarantined {
    let QuarantineRow { file, line, reason, at, record, sealed: _ } = row;
    Quarantined { id: id_of(record), file: file.clone(), line: *line, reason: reason.clone(), at: *at }
}
