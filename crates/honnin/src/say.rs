//! What commands print: results to standard output, progress and errors to standard error.
//!
//! A reader that has gone (`honnin … | head`) ends the printing, never the command.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// A line of the result.
pub(crate) fn line(text: impl Display) {
    // Nobody reads any more: there is nobody to tell.
    writeln!(io::stdout().lock(), "{text}").unwrap_or_default();
}

/// A text of the result that ends its own lines.
pub(crate) fn text(text: impl Display) {
    let mut out = io::stdout().lock();
    write!(out, "{text}").and_then(|()| out.flush()).unwrap_or_default();
}

/// Why the command could not be done.
pub(crate) fn error(text: impl Display) {
    writeln!(io::stderr().lock(), "honnin: {text}").unwrap_or_default();
}

/// Something about the result that is not part of it.
pub(crate) fn note(text: impl Display) {
    writeln!(io::stderr().lock(), "{text}").unwrap_or_default();
}

/// A step of work that takes a while. On a terminal the next step overwrites it.
#[derive(Debug)]
pub(crate) struct Progress {
    overwrites: bool,
}

impl Progress {
    /// Progress on standard error.
    pub(crate) fn start() -> Self {
        Self { overwrites: io::stderr().is_terminal() }
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
