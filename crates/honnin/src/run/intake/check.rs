//! `honnin intake check`: what a mapping makes of an extract, and why it does not take a row.

use std::fmt;
use std::io::{IsTerminal as _, stdout};
use std::path::PathBuf;

use honnin_intake::check::{CheckReport, Faulty, FileReport};
use honnin_intake::explain::{Explained, Step, Way};
use honnin_intake::fault::Fault;
use honnin_intake::{Mapping, check, explain, preview};
use honnin_terms::Clock as _;
use serde::Serialize;

use super::{UnknownShape, read};
use crate::command::CheckArgs;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::machine::SystemClock;
use crate::run::quarantine;
use crate::say::{self, Say};
use crate::wiring::Rooms;

/// Of how many subscribers the facts are shown.
pub(super) const TEN: usize = 10;

pub(in crate::run) fn check_mapping(
    say: Say,
    args: &CheckArgs,
    operator: &str,
    installation: impl FnOnce() -> Result<Installation, Failure>,
) -> Result<Exit, Failure> {
    let CheckArgs { mapping, explain: row, preview, directories } = args;
    let mapping = read(mapping)?;
    let Some(row) = row else { return report(say, &mapping, directories, *preview) };
    let (reason, explained) = if directories.is_empty() {
        let installation = installation()?;
        let clock = installation.clock()?;
        let rooms = Rooms::open(installation, clock)?;
        quarantine::written(&rooms, operator, "intake check --explain", std::slice::from_ref(row))?;
        let (about, explained) = rooms.with_feed(|feed| feed.explain(&mapping, row))?;
        (Some(about.reason), explained)
    } else {
        (None, explain(&mapping, directories, row, SystemClock.now())?)
    };
    let clean = reason.is_none() && explained.steps.is_empty();
    say.tell(&Told { reason, explained: &explained, values: stdout().is_terminal() })?;
    Ok(if clean { Exit::Done } else { Exit::Found })
}

/// Tells what is not understood; on a terminal also what is, of some subscribers.
pub(super) fn report(
    say: Say,
    mapping: &Mapping,
    directories: &[PathBuf],
    most: usize,
) -> Result<Exit, Failure> {
    let report = check(mapping, directories)?;
    say.tell(&Checked(&report))?;
    if say == Say::Text && most > 0 {
        // What the ledger says of people is for the eyes of who has it. A file or a pipe would keep it.
        if stdout().is_terminal() {
            for subscriber in preview(mapping, directories, most)? {
                for line in &subscriber.told {
                    say::text(harmless(line))?;
                }
            }
        } else {
            say::note(
                "the facts of subscribers are personal and shown on a terminal only; run this on one to see them",
            );
        }
    }
    Ok(if report.is_clean() { Exit::Done } else { Exit::Found })
}

/// A text that steers no terminal.
pub(in crate::run) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Why a row is set aside, for people and programs. What it says is told on a terminal only.
struct Told<'a> {
    reason: Option<String>,
    explained: &'a Explained,
    values: bool,
}

impl Told<'_> {
    /// A value that may be taken from the row.
    fn value(&self, key: &str, value: &str) -> String {
        let own = matches!(key, "values" | "replace" | "blank" | "never" | "suffix" | "negative");
        if self.values || !own { harmless(value) } else { "(of the cell: shown on a terminal)".to_owned() }
    }

    fn way(&self, Way { place, keys }: &Way) -> String {
        let keys: Vec<String> =
            keys.iter().map(|(key, value)| format!("{key} = {}", self.value(key, value))).collect();
        format!("{place}: {}", keys.join(", "))
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explained { file, line, kind, steps } = self.explained;
        writeln!(f, "{file}:{line} ({kind})")?;
        if let Some(reason) = &self.reason {
            let code = reason.split(' ').next().unwrap_or_default();
            writeln!(f, "  set aside: {reason}")?;
            let known = honnin_intake::fault::Reason::from_code(code);
            if let Some(reason) = known.filter(|_| steps.is_empty()) {
                writeln!(f, "    {}", reason.help())?;
                match reason.rule() {
                    Some(rule) => writeln!(f, "    by the rule `{rule}` of the mapping's head")?,
                    None => writeln!(f, "    no key of the mapping takes it as it stands")?,
                }
            }
        }
        for Step { fault, heading, cell, ways } in steps {
            write!(f, "  {fault}")?;
            if let Some(heading) = heading {
                write!(f, ", under \"{}\"", harmless(heading))?;
            }
            if let Some(cell) = cell.as_ref().filter(|_| self.values) {
                write!(f, ": \"{}\"", harmless(cell))?;
            }
            writeln!(f, "\n    {}", fault.reason.help())?;
            if ways.is_empty() {
                writeln!(f, "    no key of the mapping takes it")?;
            }
            for (place, way) in ways.iter().enumerate() {
                let word = if place == 0 { "taken with" } else { "or with" };
                writeln!(f, "    {word} {}", self.way(way))?;
            }
        }
        if steps.is_empty() && self.reason.is_none() {
            f.write_str(
                "  understood by itself. Whether it is taken is seen when contracts and the rows of its set are read: import, \
                 then `honnin quarantine list`",
            )?;
        }
        Ok(())
    }
}

impl Serialize for Told<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct StepShape<'a> {
            fault: String,
            heading: Option<&'a str>,
            help: &'static str,
            taken_with: Vec<String>,
        }
        #[derive(Serialize)]
        struct Shape<'a> {
            file: &'a str,
            line: u64,
            kind: &'a str,
            set_aside: Option<&'a str>,
            faults: Vec<StepShape<'a>>,
        }
        let Explained { file, line, kind, steps } = self.explained;
        let step = |step: &'_ Step| {
            (
                step.fault.to_string(),
                step.fault.reason.help(),
                step.ways.iter().map(|way| self.way(way)).collect(),
            )
        };
        let faults = steps.iter().map(|one| {
            let (fault, help, taken_with) = step(one);
            StepShape { fault, heading: one.heading.as_deref(), help, taken_with }
        });
        Shape { file, line: *line, kind, set_aside: self.reason.as_deref(), faults: faults.collect() }
            .serialize(serializer)
    }
}

/// What the dry run found, for people and programs.
struct Checked<'a>(&'a CheckReport);

impl fmt::Display for Checked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Checked<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct FaultShape {
            fault: String,
            rows: u64,
            first_line: u64,
        }
        #[derive(Serialize)]
        struct FileShape<'a> {
            file: &'a str,
            kind: &'a str,
            understood: u64,
            faults: Vec<FaultShape>,
            unused_headings: &'a [String],
        }
        #[derive(Serialize)]
        struct Shape<'a> {
            clean: bool,
            files: Vec<FileShape<'a>>,
            unknown_files: Vec<UnknownShape<'a>>,
            absent_patterns: &'a [String],
        }
        let CheckReport { files, unknown_files, absent_patterns, newest_as_of: _ } = self.0;
        let unknown_files = unknown_files.iter().map(UnknownShape::of).collect();
        let file = |report: &'_ FileReport| {
            let faults =
                report.faults.iter().map(|((reason, field), Faulty { rows, first_line })| FaultShape {
                    fault: Fault { reason: *reason, field: *field }.to_string(),
                    rows: *rows,
                    first_line: *first_line,
                });
            faults.collect::<Vec<_>>()
        };
        let files = files.iter().map(|report| FileShape {
            file: &report.name,
            kind: report.kind,
            understood: report.understood,
            faults: file(report),
            unused_headings: &report.unused_headings,
        });
        Shape { clean: self.0.is_clean(), files: files.collect(), unknown_files, absent_patterns }
            .serialize(serializer)
    }
}
