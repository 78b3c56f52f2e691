//! The mapping: what an operator's own files mean. Read once, checked whole, then used for every row.

use std::path::{Path, PathBuf};

use honnin_seal::{Digest, digest};
use honnin_terms::Msisdn;

use crate::facts::Ledger;
use crate::facts::fields::RowKind;
use crate::files::mapping_file::MappingFile;
use crate::files::pattern::Pattern;
use crate::files::plan::{self, FieldPlan, TenantPlan};
use crate::files::rows::RowShape;
use crate::files::shape::TimeShape;

/// A mapping that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be read.
    #[error("read the mapping file {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file is no TOML, or has a key or a type that no mapping has.
    #[error("understand the mapping file {}: {message}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Where and why, with the line.
        message: String,
    },
    /// The file says something that cannot be.
    #[error("use the mapping file {}:\n  {}", path.display(), problems.join("\n  "))]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// Each: the key, what is wrong with it and what to write.
        problems: Vec<String>,
    },
}

/// What an operator's files mean.
#[derive(Debug)]
pub struct Mapping {
    /// The operator's name.
    pub operator: String,
    /// Whose word it is, and by which rules it is taken.
    pub ledger: Ledger,
    /// What each file means.
    pub files: Vec<FilePlan>,
    /// Names of files that are known and not read.
    pub(crate) ignored: Vec<Pattern>,
    pub(crate) numbers: NumberRule,
    /// The file as it is written, for trying what it could say instead.
    pub(crate) written: MappingFile,
    /// Digest of the text: a run with another mapping is another run.
    pub digest: Digest,
}

/// What one kind of file means.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the mapping file by that name")]
pub struct FilePlan {
    /// Which names.
    pub pattern: Pattern,
    /// What a row is.
    pub kind: RowKind,
    pub(crate) rows: RowShape,
    pub(crate) skip_lines: u32,
    /// Whether a file without a line end at its end is whole all the same.
    pub(crate) may_be_cut: bool,
    /// Where the file has no row of headings, what its columns are.
    pub(crate) headings: Option<Vec<String>>,
    /// Whether an extract may lack it.
    pub(crate) optional: bool,
    /// What stands behind the file's name in the name of the file that says it is finished.
    pub(crate) companion: Option<String>,
    /// Where the file's name says of which moment its rows are.
    pub(crate) moment: Option<TimeShape>,
    /// Whether the rows of one set stand one after another.
    pub(crate) grouped: bool,
    /// Whether a row that names nobody holds back every set of its file.
    pub(crate) strict: bool,
    pub(crate) ignore: Vec<String>,
    /// Whose rows are in it, where the rows say so.
    pub(crate) tenant: Option<TenantPlan>,
    pub(crate) fields: Vec<FieldPlan>,
}

impl FilePlan {
    /// How its rows are written.
    pub const fn row_shape(&self) -> RowShape {
        self.rows
    }

    /// The headings its fields are read from, in the order of the fields.
    pub fn headings_named(&self) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter().filter_map(|field| match &field.origin {
            plan::Origin::Heading(heading) => Some(heading.as_str()),
            plan::Origin::Fixed(_) | plan::Origin::MonthsBefore(_) => None,
        });
        fields.chain(self.tenant.as_ref().map(|tenant| tenant.heading.as_str()))
    }
}

/// How phone numbers without a `+` are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NumberForm {
    /// With the trunk prefix 0.
    #[default]
    National,
    /// With the country code first (ITU-T E.164).
    International,
}

impl NumberForm {
    /// What a mapping file may say.
    pub(crate) const KNOWN: &str =
        "must be \"national\" (0 first) or \"international\" (the country code first)";

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "national" => Some(Self::National),
            "international" => Some(Self::International),
            _ => None,
        }
    }
}

/// Which texts are phone numbers of this operator's country.
#[derive(Debug)]
pub(crate) struct NumberRule {
    pub(crate) country_code: String,
    /// How many digits a national number has, the trunk prefix 0 included.
    pub(crate) lengths: Vec<usize>,
}

impl NumberRule {
    pub(crate) fn read(&self, text: &str, form: NumberForm) -> Option<Msisdn> {
        let number = match form {
            NumberForm::International if !text.starts_with('+') => {
                Msisdn::parse(&format!("+{text}"), &self.country_code)
            }
            NumberForm::National | NumberForm::International => Msisdn::parse(text, &self.country_code),
        };
        let number = number.ok()?;
        let national = number.digits().strip_prefix(self.country_code.as_str());
        national.is_none_or(|digits| self.lengths.contains(&(digits.len() + 1))).then_some(number)
    }
}

impl Mapping {
    /// Reads and checks a mapping file.
    ///
    /// # Errors
    /// [`MappingError`]; all problems of the file at once, for the person who writes it.
    pub fn load(path: &Path) -> Result<Self, MappingError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| MappingError::Read { path: path.to_owned(), cause })?;
        Self::parse(&text, path)
    }

    /// Checks the text of a mapping file; `path` is only for messages.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, MappingError> {
        let file: MappingFile = toml::from_str(text).map_err(|error| MappingError::Syntax {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        plan::compile(file, digest(&[b"honnin mapping v1\0", text.as_bytes()]))
            .map_err(|problems| MappingError::Unusable { path: path.to_owned(), problems })
    }

    /// The plan for a file of that name; `Err` names the patterns where more than one fits.
    ///
    /// # Errors
    /// The patterns that fit, where there are several: the file could mean two things.
    pub fn plan_for(&self, name: &str) -> Result<Option<&FilePlan>, Vec<String>> {
        let mut fitting = self.files.iter().filter(|file| file.pattern.matches(name));
        match (fitting.next(), fitting.next()) {
            (first, None) => Ok(first),
            (Some(first), Some(second)) => Err([first, second]
                .into_iter()
                .chain(fitting)
                .map(|file| file.pattern.text().to_owned())
                .collect()),
            (None, Some(_)) => Ok(None),
        }
    }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
