//! Made-up ledger extracts in the layout of `examples/ledger-a`: CP932, CRLF, every field quoted.
//!
//! Phone numbers lie in ranges nobody is given (070-0…, 080-0…, 090-0…); people and figures are invented.

mod day;
mod files;
mod sheet;
mod unique;
mod watermarks;

use std::io;
use std::path::{Path, PathBuf};

pub use day::{Joined, Slashed, Stamp, days_before, month_from};
pub use files::Files;
pub use sheet::Sheet;
pub use unique::{NUMBERS, Number, Shuffle};
pub use watermarks::{MARKS_FILE, MOST_ACCOUNTS, MOST_USAGE_DAYS, Watermarked, Watermarks};

/// Why a ledger was not written.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or directory.
    #[error("{what} {path}: {cause}")]
    File {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What came of it.
        cause: io::Error,
    },
    /// A row.
    #[error("write a row: {0}")]
    Row(#[from] io::Error),
    /// A day no calendar has.
    #[error("name a time within the years 1 to 9999")]
    BeyondTime,
    /// More than the numbers last for.
    #[error("ask for {0}")]
    TooMany(String),
}

impl Failure {
    fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::File { what, path: path.to_owned(), cause }
    }
}

/// The consumption tax within an amount that includes it: a tenth of the rest, rounded to the nearest yen.
pub const fn tax_within(total_yen: u64) -> u64 {
    (total_yen * 10 + 55) / 110
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_is_a_tenth_of_the_rest() {
        // Three bills of ledger-a.
        assert_eq!([5378, 75_193, 11_718].map(tax_within), [489, 6836, 1065]);
    }
}
