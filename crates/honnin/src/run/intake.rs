//! `honnin intake`: the operator's ledger imported.

pub(super) mod check;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use honnin_intake::files::Unknown;
use honnin_intake::summary::{Counts, FileCounts};
use honnin_intake::{Mapping, Phase, Summary, Tick};
use honnin_journal::{Kind, Party};
use serde::Serialize;

use super::Input;
use crate::command::IntakeArgs;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::logs::{self, For};
use crate::say::{Progress, Say};
use crate::wiring::Rooms;
use crate::wiring::acts::Deed;

pub(super) fn files(
    say: Say,
    installation: Installation,
    operator: &str,
    args: &IntakeArgs,
) -> Result<Exit, Failure> {
    let IntakeArgs { mapping, check: dry, retry, as_of, directories } = args;
    logs::start(&installation.settings.logs, &installation.base(), For::Person, None)?;
    let mapping = read(mapping)?;
    if *dry {
        return check::report(say, &mapping, directories, check::TEN);
    }
    let zone = &installation.settings.tenant.zone;
    if mapping.ledger.zone.name() != zone {
        return Err(Failure::cannot(format_args!(
            "import an extract: the mapping's times are in {} and tenant.zone of the settings is {zone}; days and \
             months must be the same on both sides, correct one of them",
            mapping.ledger.zone.name()
        )));
    }
    let clock = installation.clock()?;
    let rooms = Rooms::open(installation, clock)?;
    let acts = rooms.acts(operator)?;
    let note = if *retry { "retry" } else { "files" };
    let run = acts.record(Kind::IntakeRun, Party::Nobody, Deed { note, ..Deed::default() })?;
    let progress = Progress::start();
    let mut alive = |tick: Tick<'_>| show(&progress, tick);
    let taken = rooms.with_feed(|feed| {
        if *retry {
            feed.retry(&mapping, &mut alive)
        } else {
            feed.take_of(&mapping, directories, *as_of, &mut alive)
        }
    });
    progress.clear();
    let summary = taken?;
    let counts = summary.in_all();
    // In this order for good: an entry is read by place.
    let Counts { taken, repeated, older, unknown_number, .. } = &counts;
    let counts = [*taken, *repeated, counts.quarantined_in_all(), *unknown_number, *older];
    let done = Deed { counts: &counts, note: "done", follows: Some(run), ..Deed::default() };
    acts.record(Kind::Operated, Party::Nobody, done)?;
    acts.close()?;
    tell(say, &summary)
}

/// Reads a mapping.
pub(super) fn read(mapping: &Input) -> Result<Mapping, Failure> {
    Ok(match mapping {
        Input::File(file) => Mapping::load(file)?,
        Input::Standard => Mapping::parse(&mapping.text()?, Path::new("standard input"))?,
    })
}

/// Tells what became of rows.
pub(super) fn tell(say: Say, summary: &Summary) -> Result<Exit, Failure> {
    say.tell(&Taken(summary)).map_err(|failure| failure.but("the extract was imported"))?;
    Ok(if summary.is_clean() { Exit::Done } else { Exit::Found })
}

/// A sign of life.
pub(super) fn show(progress: &Progress, tick: Tick<'_>) {
    let Tick { phase, file, rows, steps: (done, all) } = tick;
    match phase {
        Phase::Reading => progress.now(format_args!("reading {file}: {rows} rows")),
        Phase::Applying => progress.now(format_args!("writing: {rows} rows, step {done} of {all}")),
    }
}

/// What became of an extract, for people and programs.
struct Taken<'a>(&'a Summary);

impl fmt::Display for Taken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Serialize)]
struct Numbers {
    taken: u64,
    repeated: u64,
    older: u64,
    unknown_number: u64,
    quarantined: BTreeMap<String, u64>,
}

impl From<&Counts> for Numbers {
    fn from(counts: &Counts) -> Self {
        let Counts { taken, repeated, older, unknown_number, quarantined } = counts;
        let quarantined = quarantined.iter().map(|(reason, count)| (reason.to_string(), *count)).collect();
        Self {
            taken: *taken,
            repeated: *repeated,
            older: *older,
            unknown_number: *unknown_number,
            quarantined,
        }
    }
}

#[derive(Serialize)]
struct FileNumbers {
    file: String,
    kind: &'static str,
    #[serde(flatten)]
    counts: Numbers,
}

impl Serialize for Taken<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'a> {
            in_all: Numbers,
            files: Vec<FileNumbers>,
            unknown_files: Vec<UnknownShape<'a>>,
            absent_patterns: &'a [String],
        }
        let Summary { files, unknown_files, absent_patterns, newest_as_of: _ } = self.0;
        let unknown_files = unknown_files.iter().map(UnknownShape::of).collect();
        let file = |one: &'_ FileCounts| (one.name.clone(), one.kind, Numbers::from(&one.counts));
        let files = files.iter().map(file).map(|(file, kind, counts)| FileNumbers { file, kind, counts });
        Shape { in_all: (&self.0.in_all()).into(), files: files.collect(), unknown_files, absent_patterns }
            .serialize(serializer)
    }
}

/// A file that was not read.
#[derive(Serialize)]
struct UnknownShape<'a> {
    file: &'a str,
    /// Why it may be meant all the same.
    suspect: Option<String>,
}

impl<'a> UnknownShape<'a> {
    fn of(unknown: &'a Unknown) -> Self {
        Self { file: &unknown.name, suspect: unknown.suspect.as_ref().map(ToString::to_string) }
    }
}
