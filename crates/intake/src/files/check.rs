//! The dry run: reads every row with the mapping, writes nothing, says what would not be understood.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use honnin_terms::Moment;

use crate::facts::event::Fact;
use crate::facts::fault::{Fault, Reason};
use crate::files::mapping::Mapping;
use crate::files::{Extract, ExtractFile, FilesError, Unknown};

/// Rows that share a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faulty {
    /// How many.
    pub rows: u64,
    /// The line of the first.
    pub first_line: u64,
}

/// What the dry run says of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// The file's name.
    pub name: String,
    /// What its rows are: the word of the mapping.
    pub kind: &'static str,
    /// Rows that are understood.
    pub understood: u64,
    /// Rows that are not, by reason and field.
    pub faults: BTreeMap<(Reason, Option<&'static str>), Faulty>,
    /// Headings of the file that the mapping neither uses nor ignores.
    pub unused_headings: Vec<String>,
}

/// What the dry run says of an extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckReport {
    /// Per file, in the order of reading.
    pub files: Vec<FileReport>,
    /// Files the mapping does not know.
    pub unknown_files: Vec<Unknown>,
    /// Patterns of the mapping that fit no file.
    pub absent_patterns: Vec<String>,
    /// The newest moment the ledger gives for its figures: what "now" is on an extract.
    pub newest_as_of: Option<Moment>,
}

impl CheckReport {
    /// Whether every row of every file is understood, and every file and pattern is accounted for.
    pub fn is_clean(&self) -> bool {
        self.files.iter().all(|file| file.faults.is_empty())
            && self.unknown_files.iter().all(|file| file.suspect.is_none())
            && self.absent_patterns.is_empty()
    }
}

/// Reads the files of an extract with a mapping and writes nothing.
///
/// # Errors
/// [`FilesError`] where a file cannot be read at all or its headings do not fit.
pub fn check(mapping: &Mapping, dirs: &[PathBuf]) -> Result<CheckReport, FilesError> {
    let Extract { files, unknown, absent } = Extract::find(mapping, dirs)?;
    let mut newest = None;
    let reports =
        files.iter().map(|file| check_file(mapping, file, &mut newest)).collect::<Result<_, _>>()?;
    Ok(CheckReport { files: reports, unknown_files: unknown, absent_patterns: absent, newest_as_of: newest })
}

fn check_file(
    mapping: &Mapping,
    file: &ExtractFile<'_>,
    newest: &mut Option<Moment>,
) -> Result<FileReport, FilesError> {
    let mut open = file.open(mapping)?;
    let mut report = FileReport {
        name: file.name.clone(),
        kind: file.plan.kind.word(),
        understood: 0,
        faults: BTreeMap::new(),
        unused_headings: open.translator.unused_headings().to_vec(),
    };
    let failed = |cause| FilesError::Read { path: file.path.clone(), cause };
    while let Some(row) = open.rows.next_row().map_err(failed)? {
        match open.translator.read(&row) {
            Ok(fact) => {
                report.understood += 1;
                if let Fact::Bucket(bucket) = &fact {
                    *newest = (*newest).max(Some(bucket.as_of));
                }
            }
            Err(Fault { reason, field }) => {
                let first = Faulty { rows: 0, first_line: row.line };
                report.faults.entry((reason, field)).or_insert(first).rows += 1;
            }
        }
    }
    file.is_read_to_its_end(&open.rows)?;
    Ok(report)
}

/// Tells which files are not read, and which patterns have none.
pub(crate) fn tell_files(f: &mut fmt::Formatter<'_>, unknown: &[Unknown], absent: &[String]) -> fmt::Result {
    for Unknown { name, suspect } in unknown {
        match suspect {
            Some(why) => writeln!(f, "{name}: not read, though {why}")?,
            None => writeln!(f, "{name}: not read, it is not of the ledger")?,
        }
    }
    for pattern in absent {
        writeln!(f, "no file fits \"{pattern}\"; say `optional = true` if an extract may be without it")?;
    }
    Ok(())
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in &self.files {
            writeln!(f, "{} ({}): {} rows understood", file.name, file.kind, file.understood)?;
            for ((reason, field), faulty) in &file.faults {
                let fault = Fault { reason: *reason, field: *field };
                let Faulty { rows, first_line } = faulty;
                writeln!(f, "  {fault}: {rows} rows, the first in line {first_line}: {}", reason.help())?;
            }
            if !file.unused_headings.is_empty() {
                let names = file.unused_headings.join(", ");
                writeln!(f, "  headings not in the mapping: {names} (name them in `fields` or `ignore`)")?;
            }
        }
        tell_files(f, &self.unknown_files, &self.absent_patterns)
    }
}
