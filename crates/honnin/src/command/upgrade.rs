//! `honnin upgrade`: a look before a program is replaced.

use clap::Subcommand;

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum UpgradeCommand {
    /// Say what this program would find and change if it served from here on; change nothing
    ///
    /// Run by the new program, with the settings and the data directory of the old one, while that serves: whether the settings
    /// can be used, whether the store has to be brought up to date, whether the nodes that serve let it in, whether a mode is
    /// forced, and when the last backup was made. Only `serve` and `restore` bring a file up to date; `store prepare` does it
    /// for a database.
    #[command(
        after_help = "Examples:\n  /opt/honnin-new/honnin --data /var/lib/honnin upgrade check\n  honnin upgrade check --json | jq .attention"
    )]
    Check,
}
