//! A run: read everything once, then apply it partition by partition, each in one transaction with the feed's
//! position.
//!
//! What a crash leaves: before a commit nothing of its step; after it the whole step and the counts so far. The
//! spill file goes with the process. Started again on the same files the run reads them again, finds by their
//! digest that it is the same run, and goes on after the last committed step; the totals come out the same.

use std::path::{Path, PathBuf};

use honnin_access::{Append, Permit};
use honnin_keeper::Keeper;
use honnin_seal::{Digest, OpenError, digest};
use honnin_store::{Batch, Committed, FeedRows, OTHERS_ROWS, Progress};
use honnin_terms::{Entropy, Moment};
use pollster::block_on;
use serde::{Deserialize, Serialize};

use crate::facts::directory::Directory;
use crate::facts::event::{Fact, Lost};
use crate::facts::fault::{Fault, Reason};
use crate::facts::merge::Ground;
use crate::facts::moves::Moves;
use crate::facts::{FactsError, Holders};
use crate::feeds::apply::{Apply, Outset};
use crate::feeds::quarantine::Fate;
use crate::feeds::scan::scan;
use crate::feeds::spill::{Spill, SpillError};
use crate::feeds::spilled::FIRST_OF_ACCOUNTS;
use crate::feeds::summary::{Counts, FileCounts, Summary};
use crate::files::mapping::{FilePlan, Mapping};
use crate::files::rows::Rows;
use crate::files::translate::Translator;
use crate::files::{Extract, ExtractFile, FilesError};

/// The feed's name in the store.
pub const FEED: &str = "ledger";

/// How much of an extract one transaction takes in, about. Unit: octets.
pub const PARTITION_OCTETS: u64 = 8 * 1024 * 1024;

const MOST_PARTITIONS: u64 = 1024;

/// Why a run stopped. What was committed before stays; starting it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The files cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The partitions cannot be written or read back.
    #[error(transparent)]
    Spill(#[from] SpillError),
    /// The store does not do its part.
    #[error("take in the extract: the store failed")]
    Store(#[from] honnin_store::Error),
    /// What is stored and what the ledger says cannot be put together.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// A row in quarantine does not open: an alarm.
    #[error("open a row set aside: its key does not open it; run `honnin doctor`")]
    Key(#[from] OpenError),
    /// Another process takes in an extract or merges accounts at the same time.
    #[error(
        "take in the extract: another intake or a merge of accounts has written meanwhile; let it finish, then start again"
    )]
    Overtaken,
    /// A thread of the run is gone.
    #[error("take in the extract: the writer stopped without an answer")]
    WriterGone,
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading files.
    Reading,
    /// Writing to the store.
    Applying,
}

/// A sign of life, some thousand rows apart.
#[derive(Debug, Clone, Copy)]
pub struct Tick<'a> {
    /// What is being done.
    pub phase: Phase,
    /// Which file is being read; empty while applying.
    pub file: &'a str,
    /// Rows read or applied so far in this phase.
    pub rows: u64,
    /// Steps done and steps in all, while applying.
    pub steps: (u64, u64),
}

/// What a run needs beside mapping and files.
#[derive(Clone, Copy)]
pub struct Feed<'a> {
    /// Allows to append; its moment is the time of the run.
    pub permit: &'a Permit<Append>,
    /// Makes keys and ids, seals.
    pub keeper: &'a Keeper,
    /// Where it goes.
    pub store: &'a dyn FeedRows,
    /// For the key of the spill file.
    pub entropy: &'a dyn Entropy,
    /// Where the nameless spill file may lie: the data directory.
    pub spill_dir: &'a Path,
    /// How much of an extract one transaction takes in, about: [`PARTITION_OCTETS`].
    pub partition_octets: u64,
}

impl std::fmt::Debug for Feed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Feed(..)")
    }
}

/// Rows out of quarantine, to be tried again.
#[derive(Debug)]
pub(crate) struct Kept<'m> {
    pub(crate) name: String,
    pub(crate) plan: &'m FilePlan,
    pub(crate) stood: Stood,
    pub(crate) rows: Vec<KeptRow>,
}

/// What a row set aside stood under: without it the row could not be tried again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Stood {
    pub(crate) headings: Vec<String>,
    /// Of which moment its file was, where that was said.
    pub(crate) moment: Option<Moment>,
}

/// A row out of quarantine.
#[derive(Debug)]
pub(crate) struct KeptRow {
    pub(crate) line: u64,
    pub(crate) raw: Vec<u8>,
    pub(crate) fate: Fate,
}

/// Where rows come from.
#[derive(Debug)]
pub(crate) enum Input<'m> {
    File(ExtractFile<'m>),
    Kept(Kept<'m>),
}

impl<'m> Input<'m> {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::File(file) => &file.name,
            Self::Kept(kept) => &kept.name,
        }
    }

    pub(crate) fn plan(&self) -> &'m FilePlan {
        match self {
            Self::File(file) => file.plan,
            Self::Kept(kept) => kept.plan,
        }
    }

    fn octets(&self) -> u64 {
        match self {
            Self::File(file) => std::fs::metadata(&file.path).map_or(0, |found| found.len()),
            Self::Kept(kept) => kept.rows.iter().map(|row| u64::try_from(row.raw.len()).unwrap_or(0)).sum(),
        }
    }
}

impl Kept<'_> {
    pub(crate) fn translator<'m>(&'m self, mapping: &'m Mapping) -> Result<Translator<'m>, Fault> {
        // Headings that no longer fit the mapping: as many columns as the row has, and none of them known.
        let bound = Translator::bind(mapping, self.plan, &self.stood.headings);
        let moment = self.plan.moment_of(&self.name, mapping).flatten().or(self.stood.moment);
        bound.map(|bound| bound.of_moment(moment)).map_err(|_| Fault::of_row(Reason::Columns))
    }

    /// To which set a row belonged that is not understood.
    pub(crate) fn lost(&self, translator: &Translator<'_>, raw: &[u8]) -> Option<Lost> {
        let mut rows = Rows::new(raw, self.plan.rows);
        let row = rows.next_row().ok().flatten()?;
        translator.lost(row.cells.ok(), raw, None)
    }

    /// Whether a row leaves out what the row above it said.
    pub(crate) fn leaves_out_its_owner(&self, translator: &Translator<'_>, raw: &[u8]) -> bool {
        let mut rows = Rows::new(raw, self.plan.rows);
        let row = rows.next_row().ok().flatten();
        row.and_then(|row| row.cells.ok()).is_some_and(|cells| translator.leaves_out_its_owner(cells))
    }

    pub(crate) fn translate(&self, translator: &Translator<'_>, raw: &[u8]) -> Result<Fact, Fault> {
        let mut rows = Rows::new(raw, self.plan.rows);
        let row = rows.next_row().ok().flatten().ok_or(Fault::of_row(Reason::Columns))?;
        translator.read(&row)
    }
}

/// What the feed remembers of a run, committed with every step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunState {
    pub(crate) run: Digest,
    /// The first step that is not committed.
    pub(crate) next_step: u64,
    pub(crate) done: bool,
    /// Counts so far, per input.
    pub(crate) counts: Vec<Counts>,
}

impl Feed<'_> {
    /// Takes in the files of an extract.
    ///
    /// # Errors
    /// [`RunError`]. Nothing is written before every file was read and its headings were found right.
    pub fn take(
        &self,
        mapping: &Mapping,
        dirs: &[PathBuf],
        progress: &mut dyn FnMut(Tick<'_>),
    ) -> Result<Summary, RunError> {
        self.take_of(mapping, dirs, None, progress)
    }

    /// Takes in the files of an extract that was written at a moment: it is that of rows that say none, in files whose
    /// names say none.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub fn take_of(
        &self,
        mapping: &Mapping,
        dirs: &[PathBuf],
        as_of: Option<Moment>,
        progress: &mut dyn FnMut(Tick<'_>),
    ) -> Result<Summary, RunError> {
        let Extract { files, unknown, absent } = Extract::find(mapping, dirs)?;
        let mut inputs = Vec::with_capacity(files.len());
        for file in files {
            inputs.push(Input::File(ExtractFile { moment: file.moment.or(as_of), ..file }));
        }
        let summary = self.run(mapping, &inputs, progress)?;
        Ok(Summary { unknown_files: unknown, absent_patterns: absent, ..summary })
    }

    /// Has every node hear that an extract has rows of another operator: before anything of it is applied, so that a run
    /// that breaks off has said so too. A feed of its own says when, because an import has no monitor that asks it.
    fn tell_of_others_rows(&self, moves: u64) -> Result<(), RunError> {
        let Self { permit, store, .. } = *self;
        let before = block_on(store.progress(permit, OTHERS_ROWS))?.unwrap_or_default();
        let progress = Progress { position: before.position + 1, state: Vec::new() };
        match block_on(store.commit(permit, OTHERS_ROWS, Batch { moves, progress, ..Batch::default() }))? {
            Committed::Done => Ok(()),
            Committed::Stale { position: _ } | Committed::Overtaken => Err(RunError::Overtaken),
        }
    }

    pub(crate) fn run(
        &self,
        mapping: &Mapping,
        inputs: &[Input<'_>],
        progress: &mut dyn FnMut(Tick<'_>),
    ) -> Result<Summary, RunError> {
        let Self { permit, keeper, store, entropy, spill_dir, partition_octets } = *self;
        let moves = Moves::new(block_on(store.moved(permit))?);
        let directory = Directory::whole(store, permit)?;
        let octets: u64 = inputs.iter().map(Input::octets).sum();
        let partitions = (octets / partition_octets.max(1) + 1).min(MOST_PARTITIONS);
        let partitions = usize::try_from(partitions).unwrap_or(1);
        let spill = Spill::new(spill_dir, FIRST_OF_ACCOUNTS + partitions, entropy)?;
        let holders = Holders::new(&mapping.ledger, keeper, &moves, directory, permit.at());
        let scanned = scan(mapping, holders, inputs, spill, partitions, progress)?;
        let sent = inputs.iter().zip(&scanned.rejected).filter(|(input, _)| matches!(input, Input::File(_)));
        if sent.into_iter().any(|(_, counts)| counts.quarantined.contains_key(&Reason::OtherTenant)) {
            self.tell_of_others_rows(moves.count())?;
        }

        let run = digest(&[&scanned.content, &partitions.to_be_bytes(), &moves.count().to_be_bytes()]);
        let stored = block_on(store.progress(permit, FEED))?.unwrap_or_default();
        let state = resumed(&stored, run).unwrap_or_else(|| RunState {
            run,
            next_step: 0,
            done: false,
            counts: scanned.rejected.clone(),
        });
        let (newest_bucket, doubtful) = (scanned.newest_bucket, scanned.doubtful.clone());
        let ground = Ground {
            ledger: &mapping.ledger,
            keeper,
            permit,
            moves: &moves,
            position: stored.position,
            doubtful: &doubtful,
        };
        let outset = Outset { state, scanned, inputs, partitions };
        let counts = Apply::new(self, ground)?.run(outset, progress)?;
        Ok(summary(inputs, counts, newest_bucket))
    }
}

/// The state of the same run, where one was begun and not finished.
fn resumed(stored: &Progress, run: Digest) -> Option<RunState> {
    let state: RunState = postcard::from_bytes(&stored.state).ok()?;
    (state.run == run && !state.done).then_some(state)
}

fn summary(inputs: &[Input<'_>], counts: Vec<Counts>, newest_as_of: Option<Moment>) -> Summary {
    let of = |(input, counts): (&Input<'_>, Counts)| FileCounts {
        name: input.name().to_owned(),
        kind: input.plan().kind.word(),
        counts,
    };
    let files = inputs.iter().zip(counts).map(of).collect();
    Summary { files, newest_as_of, ..Summary::default() }
}
