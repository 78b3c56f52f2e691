//! How a command ends: its exit code, and the one place where a chain of reasons becomes a text.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// Exit codes; 2 is a wrong command line, as clap ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Could not be done.
    Failed,
    /// Settings or key material cannot be used.
    Settings,
    /// Done, and something was found that a person should look at.
    Found,
}

/// The end of `honnin --help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  could not be done; standard error says what, where and what to do
  2  the command line is wrong
  3  settings or key material cannot be used
  4  done, and something was found that a person should look at";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Settings => 3,
            Exit::Found => 4,
        })
    }
}

/// Why a command could not be done, for the person who gave it.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    text: String,
}

impl Failure {
    /// A reason of our own words.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, text: text.into() }
    }

    /// Settings or key material that cannot be used.
    pub(crate) fn settings(reason: &dyn Error) -> Self {
        Self { exit: Exit::Settings, text: chain(reason) }
    }

    /// Puts what was being done before the reason.
    #[must_use]
    pub(crate) fn during(self, what: &str) -> Self {
        Self { text: format!("{what}: {}", self.text), ..self }
    }

    /// The exit code.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(chain(&error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The reason and what it came from, outermost first.
fn chain(reason: &dyn Error) -> String {
    let mut text = reason.to_string();
    let mut cause = reason.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(inner.to_string().trim_end());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_reasons_is_told_once_from_the_outside_in() {
        let inner = "x".parse::<u8>().unwrap_err();
        let outer = crate::settings::SettingsError::Unreadable("a.toml".into(), std::io::Error::other(inner));
        let text = Failure::settings(&outer).during("start").to_string();
        assert!(text.starts_with("start: read the settings file a.toml"), "{text}");
        assert_eq!(text.matches("invalid digit").count(), 1, "{text}");
    }
}
