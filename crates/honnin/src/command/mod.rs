//! What can be asked at the command line.

mod account;
mod backup;
mod data;
mod escrow;
mod local;
mod mode;
mod notice;
mod reference;
mod rollout;
mod tenant;
mod upgrade;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use honnin_journal::MOST_TEXT;

pub(crate) use account::{
    AccountCommand, EraseArgs, ExportArgs, ImportArgs, InviteArgs, MergeArgs, UnmergeArgs,
};
pub(crate) use backup::{BackupArgs, RestoreArgs};
pub(crate) use data::{
    CheckArgs, ClockCommand, CopyArgs, IntakeArgs, IntakeCommand, IsolationCommand, JournalCommand,
    KeyCommand, LiftArgs, OpenRoomArgs, Period, PrepareArgs, QuarantineCommand, Question, RotateArgs,
    StoreCommand, WaitingRoomCommand,
};
pub(crate) use escrow::{EscrowCommand, EscrowMakeArgs, EscrowRestoreArgs};
pub(crate) use local::{ConfigCommand, DemoArgs, DrillArgs, DrillCommand, InitArgs, ManualArgs};
pub(crate) use mode::ModeCommand;
pub(crate) use notice::{
    NoticeCommand, OpenArgs, Promised, ResolveArgs, ServeArgs, StatusCommand, UpdateArgs, VerifyArgs, Words,
    WriteArgs,
};
pub(crate) use reference::markdown;
pub(crate) use rollout::{AllowArgs, RolloutCommand};
pub(crate) use tenant::{DoorArgs, DoorCommand, MakeArgs, RemoveArgs, TenantCommand};
pub(crate) use upgrade::UpgradeCommand;

use crate::failure::EXIT_CODES;
use crate::machine;
use crate::settings::FILE_NAME;

/// Self-care for mobile subscribers: only yourself, always there, never a guess.
#[derive(Debug, Parser)]
#[command(name = "honnin", version, after_help = EXIT_CODES, max_term_width = 100)]
#[cfg_attr(honnin_faults, command(version = concat!(env!("CARGO_PKG_VERSION"), " with planted faults")))]
pub(crate) struct Honnin {
    #[command(flatten)]
    pub(crate) common: Common,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Data directory [default: where the settings file is, `$HONNIN_DATA`, or here]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Settings file [default: honnin.toml in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,

    /// Name under which an act is recorded in the journal [default: `$SUDO_USER`, or the signed-in user]
    #[arg(long = "as", global = true, value_name = "NAME")]
    pub(crate) operator: Option<String>,

    /// Print the result as JSON: one object on one line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Where an installation is, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The data directory.
    pub(crate) data: PathBuf,
    /// The settings file.
    pub(crate) settings: PathBuf,
}

impl Common {
    /// Decides what was left open.
    pub(crate) fn place(&self) -> Place {
        let beside = || self.settings.as_deref().and_then(std::path::Path::parent).map(PathBuf::from);
        let data = self.data.clone().or_else(beside).or_else(machine::data_directory);
        let data = data.filter(|data| !data.as_os_str().is_empty()).unwrap_or_else(|| PathBuf::from("."));
        let settings = self.settings.clone().unwrap_or_else(|| data.join(FILE_NAME));
        Place { data, settings }
    }
}

impl Common {
    /// Who acts.
    pub(crate) fn operator(&self) -> String {
        let name = self.operator.clone().unwrap_or_else(machine::operator);
        // It stands in lines that are read again: it breaks none.
        let mut name: String = name.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
        while name.len() > MOST_TEXT {
            name.pop();
        }
        name
    }
}

/// A confirmation given on the command line.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Confirmed {
    /// Do not ask for confirmation; required where standard input is not a terminal
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create an installation: a settings file with every bound, and key material
    Init(InitArgs),

    /// Check or print settings
    #[command(subcommand)]
    Config(ConfigCommand),

    /// Serve a sample ledger with invented subscribers on this machine; not for production
    Demo(DemoArgs),

    /// Import the operator's ledger
    #[command(subcommand)]
    Intake(IntakeCommand),

    /// List, show, accept or drop rows of the ledger that were set aside
    #[command(subcommand)]
    Quarantine(QuarantineCommand),

    /// Serve subscribers until SIGTERM or Ctrl-C; requests in progress are completed
    ///
    /// SIGHUP reopens log files and reads the certificate again; a renewed certificate is also taken within a minute.
    #[command(after_help = "Examples:\n  honnin --data /var/lib/honnin serve\n  systemctl reload honnin")]
    Serve,

    /// Report the state of an installation and what needs attention, without personal values
    #[command(
        after_help = "Examples:\n  honnin doctor\n  honnin doctor --json | jq -r '.checks[] | select(.state == \"attention\") | .text'"
    )]
    Doctor,

    /// Copy an installation while it serves: store, journal, keyring and settings, never the key file
    ///
    /// What is in a backup opens with the key file only, which is kept apart. Sessions are not in it. The journal of the
    /// copy is verified before the command ends.
    Backup(BackupArgs),

    /// Make an installation of a backup, in an empty or absent data directory
    ///
    /// Its key file must be where the settings say. Settings that are there already stay; otherwise those of the backup are
    /// written. Everybody signs in again. The logs of the journal end as they are, and new ones go on from them: whoever
    /// the backup was made of may have gone on with the old.
    Restore(RestoreArgs),

    /// Manage accounts: invitations, imported password hashes, merges, requests for disclosure and erasure
    #[command(subcommand)]
    Account(AccountCommand),

    /// Make a database ready for the store, or copy the store to the other engine
    #[command(subcommand)]
    Store(StoreCommand),

    /// Verify or change key material, or have people keep shares of it
    #[command(subcommand)]
    Key(KeyCommand),

    /// Replay past incidents of other systems against this program, on this machine, with invented subscribers
    #[command(subcommand)]
    Drill(DrillCommand),

    /// Verify the record of disclosures, and ask it who was shown whose data
    #[command(subcommand)]
    Journal(JournalCommand),

    /// Show or force how much of the service is offered
    #[command(subcommand)]
    Mode(ModeCommand),

    /// Show what the nodes run, or let another build or other settings join them
    #[command(subcommand)]
    Rollout(RolloutCommand),

    /// Look before this program replaces an older one
    #[command(subcommand)]
    Upgrade(UpgradeCommand),

    /// Make, list or remove tenants: brands on one machine, each in a house of its own behind one door
    #[command(subcommand)]
    Tenant(TenantCommand),

    /// Accept connections for all tenants of a machine and hand each to its house
    #[command(subcommand)]
    Door(DoorCommand),

    /// Tell the public about incidents and planned work: open, update, resolve, list
    #[command(subcommand)]
    Notice(NoticeCommand),

    /// Serve, write or verify the status page
    #[command(subcommand)]
    Status(StatusCommand),

    /// Resume personal pages after an integrity alarm
    #[command(subcommand)]
    Isolation(IsolationCommand),

    /// Say that the clock is right, after it has jumped
    #[command(subcommand)]
    Clock(ClockCommand),

    /// Have people wait in line to sign in, on a schedule, and see how many do
    #[command(subcommand)]
    WaitingRoom(WaitingRoomCommand),

    /// Print a completion script for a shell
    #[command(after_help = "Examples:\n  honnin completions bash > /etc/bash_completion.d/honnin\n  \
        honnin completions zsh > \"${fpath[1]}/_honnin\"")]
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },

    /// Write manual pages, one for each command
    Man(ManualArgs),

    /// List the faults that can be planted in this build (`HONNIN_FAULTS=name,name`); no other build has this command
    #[cfg(honnin_faults)]
    #[command(hide = true)]
    Faults,
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
            let (data, settings) = (data.map(PathBuf::from), settings.map(PathBuf::from));
            let Place { data, settings } = Common { data, settings, operator: None, json: false }.place();
            (data.display().to_string(), settings.display().to_string())
        };
        assert_eq!(place(Some("/data"), None), ("/data".into(), "/data/honnin.toml".into()));
        assert_eq!(place(None, Some("/etc/h.toml")), ("/etc".into(), "/etc/h.toml".into()));
        assert_eq!(place(Some("/data"), Some("/etc/h.toml")), ("/data".into(), "/etc/h.toml".into()));
        assert_eq!(place(None, Some("h.toml")), (".".into(), "h.toml".into()));
    }
}
