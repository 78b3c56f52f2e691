//! What can be asked at the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use honnin_terms::Day;

use crate::failure::EXIT_CODES;
use crate::machine;
use crate::settings::FILE_NAME;

/// Self-care for mobile subscribers: only yourself, always there, never a guess.
#[derive(Debug, Parser)]
#[command(name = "honnin", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Honnin {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where an installation is.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Data directory [default: where the settings file is, `$HONNIN_DATA`, or here]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Settings file [default: honnin.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
}

/// Where an installation is, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The data directory.
    pub(crate) data: PathBuf,
    /// The settings file.
    pub(crate) settings: PathBuf,
}

impl PlaceArgs {
    /// Decides what was left open.
    pub(crate) fn decide(&self) -> Place {
        let beside = || self.settings.as_deref().and_then(std::path::Path::parent).map(PathBuf::from);
        let data = self.data.clone().or_else(beside).or_else(machine::data_directory);
        let data = data.filter(|data| !data.as_os_str().is_empty()).unwrap_or_else(|| PathBuf::from("."));
        let settings = self.settings.clone().unwrap_or_else(|| data.join(FILE_NAME));
        Place { data, settings }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Begin an installation: settings file with every bound, key material
    Init(InitArgs),

    /// Check or print settings
    #[command(subcommand)]
    Config(ConfigCommand),

    /// Check key material
    #[command(subcommand)]
    Key(KeyCommand),

    /// Verify the record of every disclosure
    #[command(subcommand)]
    Journal(JournalCommand),
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Data directory to begin; it must be empty or not there
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,

    /// Key file, outside the data directory: made where it is not there, never written over.
    /// Without it nothing in the data directory can be read, so keep a copy apart
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: PathBuf,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the settings file; says everything that is wrong in it
    Check,
    /// Print the values that hold, defaults included
    Print,
    /// Print the settings file an installation starts from
    Default,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum KeyCommand {
    /// Open the keyring with the key file, and every key in it
    Check,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// Prove from the files alone, without the key file: nothing was changed, and every viewer was the owner or had
    /// a basis valid at that moment. May run beside `serve`
    Verify {
        #[command(flatten)]
        period: Period,
    },
}

/// Days of the operator's zone, both within.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Period {
    /// First day, such as 2026-11-01
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<Day>,

    /// Last day
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<Day>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        Honnin::command().debug_assert();
    }

    #[test]
    fn data_and_settings_lie_together_unless_told_otherwise() {
        let place = |data: Option<&str>, settings: Option<&str>| {
            let args = PlaceArgs { data: data.map(PathBuf::from), settings: settings.map(PathBuf::from) };
            let Place { data, settings } = args.decide();
            (data.display().to_string(), settings.display().to_string())
        };
        assert_eq!(place(Some("/data"), None), ("/data".into(), "/data/honnin.toml".into()));
        assert_eq!(place(None, Some("/etc/h.toml")), ("/etc".into(), "/etc/h.toml".into()));
        assert_eq!(place(Some("/data"), Some("/etc/h.toml")), ("/data".into(), "/etc/h.toml".into()));
        assert_eq!(place(None, Some("h.toml")), (".".into(), "h.toml".into()));
    }
}
