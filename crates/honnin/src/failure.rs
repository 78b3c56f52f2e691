//! How a command ends: its exit code, and the one place where a chain of reasons becomes a text.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// Exit codes; 2 is a wrong command line, as clap ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Could not be done.
    Failed,
    /// The command line is wrong, or a confirmation is missing.
    Usage,
    /// Settings or key material cannot be used.
    Settings,
    /// Done, and something needs attention.
    Found,
    /// There is no journal yet.
    NoJournal,
    /// The journal does not verify.
    Refuted,
}

/// The end of `honnin --help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; standard error says what, why and what to do. Output that cannot be written is a failure
  2  the command line is wrong, or a confirmation is missing
  3  settings, key material or permissions of files cannot be used
  4  done, and something needs attention
  5  there is no journal yet
  6  the journal does not verify";

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Settings => 3,
            Self::Found => 4,
            Self::NoJournal => 5,
            Self::Refuted => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command could not be done, for the person who gave it: `cannot <verb> <object>: <cause>; <remedy>`.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    text: String,
    /// Whether the person is told: not where whoever read the output has left.
    told: bool,
}

impl Failure {
    /// A reason in our own words, beginning with the verb of what could not be done.
    pub(crate) fn cannot(text: impl fmt::Display) -> Self {
        Self::with(Exit::Failed, format!("cannot {text}"))
    }

    /// A reason that ends with another exit code.
    pub(crate) const fn with(exit: Exit, text: String) -> Self {
        Self { exit, text, told: true }
    }

    /// Settings, key material or files that cannot be used.
    pub(crate) fn settings(reason: &dyn Error) -> Self {
        Self::with(Exit::Settings, chain(reason))
    }

    /// A result that could not be written.
    pub(crate) fn unwritten(reason: &io::Error) -> Self {
        let told = reason.kind() != io::ErrorKind::BrokenPipe;
        Self { told, ..Self::cannot(format_args!("write the result to standard output: {reason}")) }
    }

    /// Puts what was being done before the reason, beginning with its verb.
    #[must_use]
    pub(crate) fn during(self, what: &str) -> Self {
        Self { text: format!("cannot {what}: {}", self.text), ..self }
    }

    /// Adds what the person has to know all the same.
    #[must_use]
    pub(crate) fn but(self, what: &str) -> Self {
        Self { text: format!("{}; {what}", self.text), told: true, ..self }
    }

    /// The exit code.
    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether the person is told.
    pub(crate) const fn is_told(&self) -> bool {
        self.told
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::with(Exit::Failed, chain(&error))
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
        let outer = crate::settings::SettingsError::Unreadable("a.toml".into(), io::Error::other(inner));
        let text = Failure::settings(&outer).during("start").to_string();
        assert!(text.starts_with("cannot start: cannot read the settings file a.toml"), "{text}");
        assert_eq!(text.matches("invalid digit").count(), 1, "{text}");
    }

    #[test]
    fn the_help_names_every_exit_code() {
        let exits = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::Settings,
            Exit::Found,
            Exit::NoJournal,
            Exit::Refuted,
        ];
        for exit in exits {
            assert!(EXIT_CODES.contains(&format!("\n  {}  ", exit.code())), "{exit:?}");
        }
    }
}
