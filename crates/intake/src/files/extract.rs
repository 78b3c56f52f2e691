//! The files of an extract: which there are, what each means, in which order they are read.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use honnin_terms::Moment;

use crate::files::decode::{Decoded, LONGEST_MARK};
use crate::files::mapping::{FilePlan, Mapping};
use crate::files::pattern::{Pattern, composed};
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
    /// The file is still being written, or was cut off.
    #[error("read {} to its end: {reason}; nothing was taken in, try again when it is whole", path.display())]
    Unfinished {
        /// Which file.
        path: PathBuf,
        /// What says so.
        reason: &'static str,
    },
    /// The file begins as one of another encoding than the mapping says.
    #[error(
        "read {} as {encoding}: it begins with {found}; correct `encoding`, or have it written as the mapping \
         says",
        path.display()
    )]
    Mark {
        /// Which file.
        path: PathBuf,
        /// The encoding of the mapping.
        encoding: &'static str,
        /// What it begins with.
        found: &'static str,
    },
    /// The file's name does not say the moment the mapping reads there.
    #[error("read the moment of {} in its name: it is not written as `moment` of the mapping says", path.display())]
    Moment {
        /// Which file.
        path: PathBuf,
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
    /// Of which moment its rows are, where its name says so.
    pub moment: Option<Moment>,
}

/// A file of a directory that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Its name.
    pub name: String,
    /// Why it may be meant all the same; nothing for what is plainly something else, such as a README.
    pub suspect: Option<Suspect>,
}

/// Why a file that fits no pattern may be meant all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suspect {
    /// It fits that pattern but for capital and small letters.
    Case(String),
    /// It ends as files of the mapping do.
    Ending,
    /// Without its last ending it fits that pattern: packed, or still being written.
    Behind(String),
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Case(pattern) => write!(f, "it fits \"{pattern}\" but for capital and small letters"),
            Self::Ending => {
                f.write_str("no [[file]] of the mapping fits it; write one, or name it in `ignore_files`")
            }
            Self::Behind(pattern) => {
                write!(
                    f,
                    "without its last ending it fits \"{pattern}\": unpack it, or wait until it is whole"
                )
            }
        }
    }
}

/// The files of an extract.
#[derive(Debug)]
pub struct Extract<'m> {
    /// Those the mapping knows: who holds what first, then by name.
    pub files: Vec<ExtractFile<'m>>,
    /// Those it does not know, by name.
    pub unknown: Vec<Unknown>,
    /// Patterns that fit no file though they should.
    pub absent: Vec<String>,
}

impl<'m> Extract<'m> {
    /// Looks through directories (not into those below them); a path to a file stands for itself.
    ///
    /// # Errors
    /// [`FilesError`] where a directory cannot be read, a file could mean two things, is not finished, or none means
    /// any.
    pub fn find(mapping: &'m Mapping, dirs: &[PathBuf]) -> Result<Self, FilesError> {
        let mut files: Vec<ExtractFile<'m>> = Vec::new();
        let mut rest = Vec::new();
        for path in listed(dirs)? {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            match mapping.plan_for(&name) {
                Ok(Some(plan)) => {
                    let moment = plan
                        .moment_of(&name, mapping)
                        .ok_or_else(|| FilesError::Moment { path: path.clone() })?;
                    files.push(ExtractFile { name, path, plan, moment });
                }
                Ok(None) => rest.push(name),
                Err(patterns) => return Err(FilesError::Ambiguous { path, patterns }),
            }
        }
        if files.is_empty() {
            return Err(FilesError::Nothing {
                dirs: dirs.iter().map(|dir| dir.display().to_string()).collect(),
            });
        }
        for file in &files {
            file.is_finished()?;
        }
        let fits =
            |plan: &FilePlan| plan.optional || files.iter().any(|file| plan.pattern.matches(&file.name));
        let absent = mapping.files.iter().filter(|plan| !fits(plan));
        let absent = absent.map(|plan| plan.pattern.text().to_owned()).collect();
        let companions: Vec<String> = files.iter().filter_map(ExtractFile::companion).collect();
        rest.retain(|name| !companions.contains(name));
        let known = |name: &String| mapping.ignored.iter().any(|pattern| pattern.matches(name));
        let unknown = |name: String| {
            let suspect = if known(&name) { None } else { mapping.suspect(&name) };
            Unknown { name, suspect }
        };
        let mut unknown: Vec<Unknown> = rest.into_iter().map(unknown).collect();
        files.sort_by(|a, b| (a.plan.kind, &a.name, &a.path).cmp(&(b.plan.kind, &b.name, &b.path)));
        unknown.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { files, unknown, absent })
    }
}

impl Mapping {
    /// Why a file of that name, which fits no pattern, may be meant all the same.
    fn suspect(&self, name: &str) -> Option<Suspect> {
        let patterns = || self.files.iter().map(|plan| &plan.pattern);
        let text = |pattern: &Pattern| pattern.text().to_owned();
        if let Some(pattern) = patterns().find(|pattern| pattern.matches_but_for_case(name)) {
            return Some(Suspect::Case(text(pattern)));
        }
        let ending = name.rfind('.').and_then(|at| name.get(at..)).map(str::to_lowercase);
        if ending.is_some() && patterns().any(|pattern| pattern.ending() == ending) {
            return Some(Suspect::Ending);
        }
        let (before, _) = name.rsplit_once('.')?;
        let fits = |pattern: &&Pattern| pattern.matches(before) || pattern.matches_but_for_case(before);
        patterns().find(fits).map(|pattern| Suspect::Behind(text(pattern)))
    }
}

impl FilePlan {
    /// The moment of a file of that name; `None` where its name should say it and does not.
    #[expect(clippy::option_option, reason = "that there is none to say, and that it is not said")]
    pub(crate) fn moment_of(&self, name: &str, mapping: &Mapping) -> Option<Option<Moment>> {
        let Some(shape) = &self.moment else { return Some(None) };
        let zone = &mapping.ledger.zone;
        let when = shape.read_when(&composed(name), zone).ok()?;
        when.moment(zone).map(Some)
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

/// A file on its way into rows.
pub(crate) type Input<R> = BufReader<Decoded<R>>;

/// How many octets at a file's end say whether it is finished: a line end and the mark of older systems behind it.
const END: u64 = 4;

impl<'m> ExtractFile<'m> {
    /// The name of the file that says this one is finished.
    fn companion(&self) -> Option<String> {
        self.plan.companion.as_ref().map(|ending| format!("{}{ending}", self.name))
    }

    /// Whether the file is whole, as far as it or its companion says.
    fn is_finished(&self) -> Result<(), FilesError> {
        let failed = |cause| FilesError::Read { path: self.path.clone(), cause };
        let unfinished = |reason| Err(FilesError::Unfinished { path: self.path.clone(), reason });
        let mut file = File::open(&self.path).map_err(failed)?;
        let octets = file.metadata().map_err(failed)?.len();
        // Its encoding first: in another one the end of a line is written otherwise.
        let mut beginning = Vec::new();
        (&file).take(LONGEST_MARK).read_to_end(&mut beginning).map_err(failed)?;
        let encoding = self.plan.rows.encoding;
        encoding.unlike(&beginning).map_or(Ok(()), |found| Err(self.marked(found)))?;
        if let Some(companion) = self.companion() {
            let told = match fs::read_to_string(self.path.with_file_name(companion)) {
                Ok(told) => told,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return unfinished("its companion file is not there yet");
                }
                Err(cause) => return Err(failed(cause)),
            };
            let told = told.trim();
            if !told.is_empty() && told.parse() != Ok(octets) {
                return unfinished("it has not the size its companion file says");
            }
        }
        if self.plan.may_be_cut {
            return Ok(());
        }
        let mut end = Vec::new();
        file.seek(SeekFrom::Start(octets.saturating_sub(END))).map_err(failed)?;
        file.take(END).read_to_end(&mut end).map_err(failed)?;
        let line_end = encoding.line_end(&beginning);
        let mark: Vec<u8> = line_end.iter().map(|octet| if *octet == b'\n' { 0x1A } else { 0 }).collect();
        let end = end.strip_suffix(mark.as_slice()).unwrap_or(&end);
        match end {
            [] => unfinished("it is empty"),
            // A character of UTF-16 that ends so is no line end where the octets before it are odd in number.
            _ if end.ends_with(line_end) && (line_end.len() == 1 || octets.is_multiple_of(2)) => Ok(()),
            _ => unfinished("its last line has no end"),
        }
    }

    fn marked(&self, found: &'static str) -> FilesError {
        FilesError::Mark { path: self.path.clone(), encoding: self.plan.rows.encoding.word(), found }
    }

    /// Whether it ended where a row ends, once all its rows are read.
    pub(crate) fn is_read_to_its_end<R: BufRead>(&self, rows: &Rows<R>) -> Result<(), FilesError> {
        if rows.ended_within_a_cell() && !self.plan.may_be_cut {
            let reason = "its last row ends within a cell";
            return Err(FilesError::Unfinished { path: self.path.clone(), reason });
        }
        Ok(())
    }

    /// What stands in the file, as octets that are cut into rows.
    pub(crate) fn decoded<R: Read>(&self, file: R) -> Result<Input<R>, FilesError> {
        let failed = |cause| FilesError::Read { path: self.path.clone(), cause };
        let decoded = Decoded::new(file, self.plan.rows.encoding).map_err(failed)?;
        Ok(BufReader::with_capacity(1 << 16, decoded.map_err(|found| self.marked(found))?))
    }

    /// Opens the file and ties its headings to the plan.
    pub(crate) fn open(&self, mapping: &'m Mapping) -> Result<OpenFile<'m, Input<File>>, FilesError> {
        self.open_with(mapping, |file| (file, ())).map(|(opened, ())| opened)
    }

    /// The same, with something between the file and its reader.
    pub(crate) fn open_with<R: Read, D>(
        &self,
        mapping: &'m Mapping,
        wrap: impl FnOnce(File) -> (R, D),
    ) -> Result<(OpenFile<'m, Input<R>>, D), FilesError> {
        let failed = |cause| FilesError::Read { path: self.path.clone(), cause };
        let (reader, beside) = wrap(File::open(&self.path).map_err(failed)?);
        let mut rows = Rows::new(self.decoded(reader)?, self.plan.rows);
        for _ in 0..self.plan.skip_lines {
            rows.skip_line().map_err(failed)?;
        }
        let headings = match &self.plan.headings {
            Some(headings) => headings.clone(),
            None => read_headings(&mut rows, &self.path)?,
        };
        let translator = Translator::bind(mapping, self.plan, &headings)
            .map_err(|problems| FilesError::Headings { path: self.path.clone(), problems })?
            .of_moment(self.moment);
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
    Ok(row.cells.map_err(bad)?.iter().map(|heading| composed(heading.trim())).collect())
}
