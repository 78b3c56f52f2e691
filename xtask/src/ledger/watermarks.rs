//! `cargo xtask ledger --watermarks`: a ledger for drills, made by the room that also reads its marks.

use honnin_drill::ledger::{MARKS_FILE, Watermarks};

use super::Asked;
use crate::Failure;

/// `cargo xtask ledger --watermarks`.
pub(crate) fn command(asked: Asked) -> Result<(), Failure> {
    let Asked { out, seed, as_of, usage_days, accounts, recycled, .. } = asked;
    let usual = Watermarks::of(2000, seed);
    let marked = Watermarks {
        accounts: accounts.unwrap_or(usual.accounts),
        as_of,
        usage_days: usage_days.unwrap_or(usual.usage_days),
        recycled: recycled.unwrap_or(usual.recycled),
        ..usual
    };
    let written = marked.write(&out)?;
    println!(
        "wrote {} accounts with {} lines, {} rows of usage, to {}; whose mark is whose stands in {MARKS_FILE}",
        written.accounts.len(),
        written.lines,
        written.usage_rows,
        out.display()
    );
    Ok(())
}
