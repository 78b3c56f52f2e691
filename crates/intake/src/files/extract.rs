//! The files of an extract: which there are, what each means, in which order they are read.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::files::mapping::{FilePlan, Mapping};
use crate::files::rows::Rows;
use crate::files::translate::{HeadingProblems, Translator};

/// An extract that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A directory or file cannot be read.
    #[error("read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Two patterns of the mapping fit one file.
    #[error("decide what {} means: the patterns {} fit it; make them narrower", path.display(), patterns.join(", "))]
    Ambiguous {
        /// Which file.
        path: PathBuf,
        /// The patterns.
        patterns: Vec<String>,
    },
    /// The file's headings are not those of the mapping.
    #[error("find the headings of the mapping in {}: {}", path.display(), list(.problems))]
    Headings {
        /// Which file.
        path: PathBuf,
        /// Which headings.
        problems: HeadingProblems,
    },
    /// The row of headings itself cannot be read.
    #[error("read the row of headings of {}: {reason}; is `encoding` right?", path.display())]
    BadHeadings {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: crate::facts::fault::Reason,
    },
    /// Nothing fits the mapping.
    #[error("find files to take in: no file in {} has a name the mapping knows", dirs.join(", "))]
    Nothing {
        /// Where we looked.
        dirs: Vec<String>,
    },
}

fn list(problems: &HeadingProblems) -> String {
    let quoted =
        |headings: &[String]| headings.iter().map(|h| format!("\"{h}\"")).collect::<Vec<_>>().join(", ");
    let HeadingProblems { missing, doubled } = problems;
    match (missing.is_empty(), doubled.is_empty()) {
        (false, true) => format!("it has no {}", quoted(missing)),
        (true, _) => format!("it has twice {}", quoted(doubled)),
        (false, false) => format!("it has no {} and twice {}", quoted(missing), quoted(doubled)),
    }
}

/// One file of an extract.
#[derive(Debug, Clone)]
pub struct ExtractFile<'m> {
    /// Its name without the directory, as summaries show it.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// What it means.
    pub plan: &'m FilePlan,
}

/// The files of an extract.
#[derive(Debug)]
pub struct Extract<'m> {
    /// Those the mapping knows: who holds what first, then by name.
    pub files: Vec<ExtractFile<'m>>,
    /// Those it does not know, by name.
    pub unknown: Vec<String>,
    /// Patterns that fit no file.
    pub absent: Vec<String>,
}

impl<'m> Extract<'m> {
    /// Looks through directories (not into those below them); a path to a file stands for itself.
    ///
    /// # Errors
    /// [`FilesError`] where a directory cannot be read, a file could mean two things, or none means any.
    pub fn find(mapping: &'m Mapping, dirs: &[PathBuf]) -> Result<Self, FilesError> {
        let mut files = Vec::new();
        let mut unknown = Vec::new();
        for path in listed(dirs)? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            match mapping.plan_for(&name) {
                Ok(Some(plan)) => files.push(ExtractFile { name, path, plan }),
                Ok(None) => unknown.push(name),
                Err(patterns) => return Err(FilesError::Ambiguous { path, patterns }),
            }
        }
        if files.is_empty() {
            return Err(FilesError::Nothing {
                dirs: dirs.iter().map(|dir| dir.display().to_string()).collect(),
            });
        }
        let fits = |plan: &FilePlan| files.iter().any(|file| plan.pattern.matches(&file.name));
        let absent = mapping.files.iter().filter(|plan| !fits(plan));
        let absent = absent.map(|plan| plan.pattern.text().to_owned()).collect();
        files.sort_by(|a, b| (a.plan.kind, &a.name, &a.path).cmp(&(b.plan.kind, &b.name, &b.path)));
        unknown.sort();
        Ok(Self { files, unknown, absent })
    }
}

fn listed(dirs: &[PathBuf]) -> Result<Vec<PathBuf>, FilesError> {
    let mut paths = Vec::new();
    for dir in dirs {
        let failed = |cause| FilesError::Read { path: dir.clone(), cause };
        if !fs::metadata(dir).map_err(failed)?.is_dir() {
            paths.push(dir.clone());
            continue;
        }
        for entry in fs::read_dir(dir).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_file() {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// A file with its headings read and tied to its plan: what follows are rows.
pub(crate) struct OpenFile<'m, R> {
    pub(crate) rows: Rows<R>,
    pub(crate) translator: Translator<'m>,
    pub(crate) headings: Vec<String>,
}

impl<'m> ExtractFile<'m> {
    /// Opens the file and ties its headings to the plan.
    pub(crate) fn open(&self, mapping: &'m Mapping) -> Result<OpenFile<'m, BufReader<File>>, FilesError> {
        self.open_with(mapping, |file| (file, ())).map(|(opened, ())| opened)
    }

    /// The same, with something between the file and its reader.
    pub(crate) fn open_with<R: Read, D>(
        &self,
        mapping: &'m Mapping,
        wrap: impl FnOnce(File) -> (R, D),
    ) -> Result<(OpenFile<'m, BufReader<R>>, D), FilesError> {
        let failed = |cause| FilesError::Read { path: self.path.clone(), cause };
        let (reader, beside) = wrap(File::open(&self.path).map_err(failed)?);
        let mut rows = Rows::new(BufReader::with_capacity(1 << 16, reader), self.plan.rows);
        for _ in 0..self.plan.skip_lines {
            rows.skip_line().map_err(failed)?;
        }
        let headings = match &self.plan.headings {
            Some(headings) => headings.clone(),
            None => read_headings(&mut rows, &self.path)?,
        };
        let translator = Translator::bind(mapping, self.plan, &headings)
            .map_err(|problems| FilesError::Headings { path: self.path.clone(), problems })?;
        Ok((OpenFile { rows, translator, headings }, beside))
    }
}

fn read_headings(rows: &mut Rows<impl BufRead>, path: &Path) -> Result<Vec<String>, FilesError> {
    let failed = |cause| FilesError::Read { path: path.to_owned(), cause };
    let Some(row) = rows.next_row().map_err(failed)? else { return Ok(Vec::new()) };
    let bad = |fault: crate::facts::fault::Fault| FilesError::BadHeadings {
        path: path.to_owned(),
        reason: fault.reason,
    };
    Ok(row.cells.map_err(bad)?.iter().map(|heading| heading.trim().to_owned()).collect())
}
