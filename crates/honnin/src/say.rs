//! What commands print: results to standard output, progress and errors to standard error.
//!
//! A result that cannot be written is a failure of the command: whoever reads the exit code must not believe that
//! somebody has read the result.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use crate::failure::Failure;
use crate::machine;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Say {
    /// For people.
    Text,
    /// For programs: one JSON object on one line.
    Json,
}

impl Say {
    /// As the command line asks for it.
    pub(crate) const fn new(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }

    /// Prints a result in either form.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be written.
    pub(crate) fn tell<T: Serialize + Display>(self, told: &T) -> Result<(), Failure> {
        match self {
            Self::Text => text(told),
            Self::Json => text(serde_json::to_string(told)?),
        }
    }

    /// A line of a result that is told while it comes about. In JSON it stands in the result at the end, so that a
    /// person still sees it, on standard error.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be written.
    pub(crate) fn line(self, line: impl Display) -> Result<(), Failure> {
        match self {
            Self::Text => text(line),
            Self::Json => {
                note(line);
                Ok(())
            }
        }
    }
}

/// Prints a text to its last octet; a line end is added where there is none.
///
/// # Errors
/// [`Failure`] where it cannot be written.
pub(crate) fn text(text: impl Display) -> Result<(), Failure> {
    let mut text = text.to_string();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|reason| Failure::unwritten(&reason))
}

/// Has what was printed reach the disk, where it goes to a file: for what is shown once.
///
/// # Errors
/// [`Failure`] where the disk does not take it.
pub(crate) fn durable() -> Result<(), Failure> {
    machine::sync_output().map_err(|reason| Failure::unwritten(&reason))
}

/// Why the command could not be done.
pub(crate) fn error(text: impl Display) {
    // Where nobody can be told the exit code still tells it.
    writeln!(io::stderr().lock(), "honnin: {text}").unwrap_or_default();
}

/// Something about the result that is not part of it.
pub(crate) fn note(text: impl Display) {
    writeln!(io::stderr().lock(), "{text}").unwrap_or_default();
}

/// A question on standard error; the answer is read by whoever asks.
pub(crate) fn ask(text: impl Display) {
    let mut out = io::stderr().lock();
    write!(out, "{text} ").and_then(|()| out.flush()).unwrap_or_default();
}

/// A step of work that takes a while. On a terminal the next step overwrites it.
#[derive(Debug)]
pub(crate) struct Progress {
    overwrites: bool,
}

impl Progress {
    /// Progress on standard error.
    pub(crate) fn start() -> Self {
        Self { overwrites: io::stderr().is_terminal() && !machine::is_dumb_terminal() }
    }

    /// Says what is being done now, where that changes often.
    pub(crate) fn now(&self, text: impl Display) {
        if self.overwrites {
            let mut out = io::stderr().lock();
            write!(out, "\r\x1b[K{text}").and_then(|()| out.flush()).unwrap_or_default();
        }
    }

    /// Makes room for what is printed next.
    pub(crate) fn clear(&self) {
        self.now("");
    }

    /// Says what has been done.
    pub(crate) fn done(&self, text: impl Display) {
        let begin = if self.overwrites { "\r\x1b[K" } else { "" };
        writeln!(io::stderr().lock(), "{begin}{text}").unwrap_or_default();
    }
}
