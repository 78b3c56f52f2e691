//! Days and times as the ledger writes them.

use std::fmt;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};

use super::Failure;

/// A day as `2026/11/20`.
#[derive(Debug, Clone, Copy)]
pub struct Slashed(pub Date);

impl fmt::Display for Slashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}/{:02}/{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

/// A moment as `2026/11/20 06:00:00`.
#[derive(Debug, Clone, Copy)]
pub struct Stamp(pub DateTime);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Slashed(self.0.date()), self.0.time())
    }
}

/// A month as `202611`.
#[derive(Debug, Clone, Copy)]
pub struct Joined(pub Date);

impl fmt::Display for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.0.year(), self.0.month())
    }
}

/// The day so many days earlier.
///
/// # Errors
/// [`Failure`] beyond the years that can be counted.
pub fn days_before(day: Date, days: u64) -> Result<Date, Failure> {
    let days = i64::try_from(days).map_err(|_| Failure::BeyondTime)?;
    day.checked_sub(days.days()).map_err(|_| Failure::BeyondTime)
}

/// The first day of the month so many months later (earlier, where negative).
///
/// # Errors
/// [`Failure`] beyond the years that can be counted.
pub fn month_from(day: Date, months: i64) -> Result<Date, Failure> {
    day.first_of_month().checked_add(months.months()).map_err(|_| Failure::BeyondTime)
}
