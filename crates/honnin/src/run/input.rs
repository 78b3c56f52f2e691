//! Where a command reads from: a file, or standard input by the name `-`.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// The longest line that is read as a name or a code.
const LINE: u64 = 4_096;

/// A file, or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// `-`.
    Standard,
    /// A file.
    File(PathBuf),
}

impl From<OsString> for Input {
    fn from(word: OsString) -> Self {
        if word == "-" { Self::Standard } else { Self::File(word.into()) }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => f.write_str("standard input"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Input {
    /// Opens it.
    ///
    /// # Errors
    /// [`Failure`] where there is no such file.
    pub(super) fn open(&self) -> Result<Box<dyn Read>, Failure> {
        match self {
            Self::Standard => Ok(Box::new(io::stdin())),
            Self::File(path) => Ok(Box::new(File::open(path).map_err(|reason| self.unread(&reason))?)),
        }
    }

    /// All of it as text.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be read.
    pub(super) fn text(&self) -> Result<Zeroizing<String>, Failure> {
        let mut text = Zeroizing::new(String::new());
        self.open()?.read_to_string(&mut text).map_err(|reason| self.unread(&reason))?;
        Ok(text)
    }

    fn unread(&self, reason: &io::Error) -> Failure {
        Failure::cannot(format_args!("read {self}: {reason}"))
    }
}

/// A sign-in name of the command line; `-` reads one line of standard input.
///
/// # Errors
/// [`Failure`] where there is none.
pub(super) fn login(word: &str) -> Result<String, Failure> {
    if word == "-" { Ok(line("a sign-in name")?.to_string()) } else { Ok(word.to_owned()) }
}

/// One line of standard input, without its end and the spaces around it.
///
/// # Errors
/// [`Failure`] where there is none.
pub(super) fn line(what: &str) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = io::stdin().lock().take(LINE).read_line(&mut text);
    let trimmed = Zeroizing::new(text.trim().to_owned());
    match read {
        Ok(0) => Err(Failure::cannot(format_args!("read {what} from standard input: it has ended"))),
        Ok(_) if trimmed.is_empty() => {
            Err(Failure::cannot(format_args!("read {what} from standard input: the line is empty")))
        }
        Ok(_) => Ok(trimmed),
        Err(reason) => Err(Failure::cannot(format_args!("read {what} from standard input: {reason}"))),
    }
}
