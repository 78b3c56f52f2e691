//! What can be asked at the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use honnin_terms::{Day, Moment};

use crate::failure::EXIT_CODES;
use crate::machine;
use crate::settings::FILE_NAME;

/// Self-care for mobile subscribers: only yourself, always there, never a guess.
#[derive(Debug, Parser)]
#[command(name = "honnin", version, after_help = EXIT_CODES, max_term_width = 100)]
#[cfg_attr(honnin_faults, command(version = concat!(env!("CARGO_PKG_VERSION"), " with planted faults")))]
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

    /// See it: take in a sample ledger, open its accounts and serve them on this machine. Not for real use
    Demo(DemoArgs),

    /// Take in the operator's ledger
    #[command(subcommand)]
    Intake(IntakeCommand),

    /// Serve subscribers until SIGTERM or Ctrl-C; requests already begun are answered
    Serve,

    /// Look at an installation and say what a person should look at; personal values are not printed
    Doctor,

    /// Accounts: invitations, password hashes made elsewhere, merges
    #[command(subcommand)]
    Account(AccountCommand),

    /// Check key material
    #[command(subcommand)]
    Key(KeyCommand),

    /// Past incidents of other systems, replayed against this program on this machine with invented subscribers
    #[command(subcommand)]
    Drill(DrillCommand),

    /// The record of every disclosure: verify it, ask it who was shown whose data
    #[command(subcommand)]
    Journal(JournalCommand),

    /// Let personal pages go on after they were stopped because something did not fit
    #[command(subcommand)]
    Isolation(IsolationCommand),

    /// Name what this build can be told to do wrong (`HONNIN_FAULTS=name,name`). No other build has this command
    #[cfg(honnin_faults)]
    Faults,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Take in this ledger instead of the sample
    #[arg(long, value_name = "DIR")]
    pub(crate) ledger: Option<PathBuf>,

    /// Mapping file of that ledger [default: the sample's]
    #[arg(long, value_name = "FILE", requires = "ledger")]
    pub(crate) mapping: Option<PathBuf>,

    /// What the clock shows at the beginning, such as 2026-11-20T06:00:00+09:00 [default: the newest moment the
    /// ledger speaks of]
    #[arg(long, value_name = "MOMENT")]
    pub(crate) now: Option<Moment>,

    /// Where to serve; only on this machine, because a demo has no TLS
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Sign in so many sessions, for load tools; every account once before any twice
    #[arg(long, value_name = "N", requires = "sessions_out", default_value_t = 0)]
    pub(crate) sessions: usize,

    /// Where to write them when ready to serve: CSV with the headings account and cookie
    #[arg(long, value_name = "FILE", requires = "sessions")]
    pub(crate) sessions_out: Option<PathBuf>,
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

#[derive(Debug, Subcommand)]
pub(crate) enum DrillCommand {
    /// Name every drill, those too that are not built yet
    List,
    /// Run drills: one line for every check, exit code 4 where one fails
    Run(DrillArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DrillArgs {
    /// Names such as D01, or `all`
    #[arg(value_name = "DRILL", required = true)]
    pub(crate) names: Vec<String>,

    /// Seconds of load for each drill that makes load
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: u64,

    /// The same seed repeats a run: the same subscribers, the same choices
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Subscribers of a drill that makes load; others take as many as they need
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    pub(crate) subjects: u64,

    /// Connections of a drill that makes load
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) connections: u16,

    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Write the report as one HTML page, to be filed
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
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
    /// Who was shown this account's data: CSV, oldest first. Needs the key file; verifies what it answers from
    WhoSaw(Question),
    /// What this account was shown: CSV, oldest first. Needs the key file; verifies what it answers from
    SeenBy(Question),
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum IsolationCommand {
    /// Verify the journal and, where it verifies, let the next start show personal pages again. For the person who
    /// has found the cause
    Lift,
}

#[derive(Debug, Args)]
pub(crate) struct Question {
    /// The account's sign-in name (会員ID)
    #[arg(value_name = "LOGIN")]
    pub(crate) login: String,

    #[command(flatten)]
    pub(crate) period: Period,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IntakeCommand {
    /// Take in an extract: files in directories. Taking the same files again, or being killed and started again,
    /// changes nothing
    Files(IntakeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct IntakeArgs {
    /// Mapping file: what the operator's files, headings and values mean
    #[arg(long, value_name = "FILE")]
    pub(crate) mapping: PathBuf,

    /// Read everything, write nothing, and say what would not be understood
    #[arg(long, conflicts_with = "retry")]
    pub(crate) check: bool,

    /// Try the rows in quarantine again instead of reading files, after the mapping or the ledger was corrected
    #[arg(long, conflicts_with = "directories")]
    pub(crate) retry: bool,

    /// Directories (or files) of the extract
    #[arg(value_name = "DIR", required_unless_present = "retry")]
    pub(crate) directories: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Issue a one-time code, for activation or for a forgotten password: with it the subscriber sets a new
    /// password, and all her sessions end
    Invite {
        /// The account's sign-in name (会員ID)
        #[arg(value_name = "LOGIN")]
        login: String,
    },
    /// Take over password hashes made elsewhere; each is hashed anew when it is first used
    ImportHashes {
        /// CSV with the headings `login` and `phc`: argon2id, argon2i, argon2d, pbkdf2-sha256 or pbkdf2-sha512
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put the lines of one account under another, after both owners have agreed: each signs in, opens /account/merge
    /// and gives you the code she is shown there. May run beside `serve`
    Merge(MergeArgs),
    /// Put the lines of a merge back where they came from
    Unmerge {
        /// Number of the merge, as `merge` said and `merges` lists
        #[arg(value_name = "MERGE")]
        merge: u64,
    },
    /// List merges: CSV, newest first
    Merges {
        /// Only those of this account (会員ID)
        #[arg(value_name = "LOGIN")]
        login: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// The account whose lines go (会員ID)
    #[arg(long, value_name = "LOGIN")]
    pub(crate) from: String,

    /// The code its owner was shown for handing them over
    #[arg(long, value_name = "CODE")]
    pub(crate) from_code: String,

    /// The account they go to (会員ID)
    #[arg(long, value_name = "LOGIN")]
    pub(crate) into: String,

    /// The code its owner was shown for taking them over
    #[arg(long, value_name = "CODE")]
    pub(crate) into_code: String,
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
