//! `cargo xtask ledger --watermarks`: a ledger for drills, made by the room that also reads its marks.

use std::path::PathBuf;

use honnin_drill::ledger::{MARKS_FILE, Watermarks};

use crate::{Args, Failure};

/// `cargo xtask ledger --watermarks`.
pub(crate) fn command(mut args: Args) -> Result<(), Failure> {
    let usual = Watermarks::of(2000, 1);
    let asked = Watermarks {
        accounts: args.take("accounts")?.unwrap_or(usual.accounts),
        seed: args.take("seed")?.unwrap_or(usual.seed),
        as_of: args.take("as-of")?.unwrap_or(usual.as_of),
        usage_days: args.take("usage-days")?.unwrap_or(usual.usage_days),
        recycled: args.take("recycled")?.unwrap_or(usual.recycled),
    };
    let out: PathBuf = args.take("out")?.unwrap_or_else(|| "target/ledger".into());
    args.finish()?;
    let written = asked.write(&out)?;
    println!(
        "wrote {} accounts with {} lines, {} rows of usage, to {}; whose mark is whose stands in {MARKS_FILE}",
        written.accounts.len(),
        written.lines,
        written.usage_rows,
        out.display()
    );
    Ok(())
}
