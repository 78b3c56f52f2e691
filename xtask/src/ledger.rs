//! Made-up ledger extracts in the layout of `examples/ledger-a`: CP932, CRLF, every field quoted.
//!
//! Phone numbers lie in ranges nobody is given (070-0…, 080-0…, 090-0…); people and figures are invented.

pub(crate) mod bulk;
pub(crate) mod draw;
mod people;
mod plan;
pub(crate) mod sample;
pub(crate) mod watermarks;

use std::path::PathBuf;

use jiff::civil::DateTime;

use crate::Failure;

/// What can be asked of a made-up ledger.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// How many lines (SIMs); with marks accounts are counted instead
    #[arg(long, required_unless_present = "watermarks", conflicts_with = "watermarks")]
    lines: Option<u64>,
    /// Directory to write to
    #[arg(long, default_value = "target/ledger")]
    out: PathBuf,
    /// Another seed, other people
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The moment of the extract
    #[arg(long, default_value = "2026-11-20T06:00:00+09:00")]
    as_of: DateTime,
    /// Rows of usage per line, one a day up to the day before (1; with marks 30)
    #[arg(long)]
    usage_days: Option<u64>,
    /// Make every field of every subject unique, and write marks.json beside: mark and whose it is
    #[arg(long)]
    watermarks: bool,
    /// How many accounts, with marks (2000)
    #[arg(long, requires = "watermarks")]
    accounts: Option<u64>,
    /// Numbers that changed hands, with marks: two accounts more for each (0)
    #[arg(long, requires = "watermarks")]
    recycled: Option<u64>,
}

/// `cargo xtask ledger`.
pub(crate) fn command(asked: Asked) -> Result<(), Failure> {
    if asked.watermarks { watermarks::command(asked) } else { bulk::command(asked) }
}
