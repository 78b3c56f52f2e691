//! `honnin backup` and `honnin restore`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  honnin --data /var/lib/honnin backup --to /backup/honnin/$(date +%F)\n  \
    honnin backup --to /backup/honnin/today --json | jq .journal_entries"
)]
pub(crate) struct BackupArgs {
    /// Directory to write it into; it must be empty or absent, and outside the data directory
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,

    /// Share of the time it works, in percent; it pauses in between, so that a server on the machine keeps its response
    /// times. 100 is full speed; with 20 it takes up to five times as long
    #[arg(long, value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) share: u8,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  honnin --data /var/lib/honnin restore --from /backup/honnin/2026-11-29\n  \
    honnin --data /var/lib/honnin restore --from /backup/honnin/2026-11-29 --journal /var/lib/honnin.lost/journal"
)]
pub(crate) struct RestoreArgs {
    /// Directory of the backup. Nothing of it is used before every file of it was found to be as it was written
    #[arg(long, value_name = "DIR")]
    pub(crate) from: PathBuf,

    /// Journal that outlived the store, in place of the older one in the backup; it must go on from that
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
}
