//! `honnin key escrow`.
//!
//! # Security
//! A share is read from a file, never from the command line, where every user of the machine can read it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum EscrowCommand {
    /// Write shares of the key file of the settings, a text file for each person
    ///
    /// So many of them as you say bring the key file back when it is lost together with the machine; fewer tell nothing of
    /// it. Give each to another person, on paper or on a device of their own, and delete the files: whoever has as many as
    /// are needed and a backup has everything. After a change of the key file make new ones.
    #[command(
        after_help = "Examples:\n  honnin key escrow make --shares 5 --needed 3 --to /media/usb/shares\n  \
        honnin --as sato key escrow make --shares 3 --needed 2 --to shares"
    )]
    Make(EscrowMakeArgs),
    /// Bring a key file back from shares; needs no installation
    ///
    /// What comes back is compared with the fingerprint in the shares before it is written. A share that was typed from paper
    /// needs the lines between BEGIN and END; a mistake is told by its line.
    #[command(
        after_help = "Examples:\n  honnin key escrow restore sato.txt suzuki.txt kato.txt --to /etc/honnin/key"
    )]
    Restore(EscrowRestoreArgs),
}

#[derive(Debug, Args)]
pub(crate) struct EscrowMakeArgs {
    /// Number of shares
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..))]
    pub(crate) shares: u8,

    /// Number of shares that bring the key file back
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(2..))]
    pub(crate) needed: u8,

    /// Directory to write them into, outside the data directory; created where absent, and no file in it is overwritten
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct EscrowRestoreArgs {
    /// Files with a share each
    #[arg(value_name = "SHARE", required = true)]
    pub(crate) shares: Vec<PathBuf>,

    /// Key file to write, outside the data directory; never overwritten
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
}
