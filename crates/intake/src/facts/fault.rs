//! Why a row was not taken: reason codes that people and programs read.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $help:literal;)+) => {
        /// Why a row was not taken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Reason { $($(#[$doc])* $variant,)+ }

        impl Reason {
            /// All of them, in the order in which a row is judged.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code, as lists and summaries show it.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// What it means and what to do, in one sentence.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)+ }
            }

            /// Reads a code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

reasons! {
    /// The row is longer than the bound.
    TooLong = "too_long", "the row is longer than `max_row_octets`: raise it or mend the row";
    /// Octets that are no text of the file's encoding.
    Encoding = "encoding", "the row is no text of the file's `encoding`: mend the row or the mapping";
    /// A quote that is not closed, or text after a closing quote.
    Quotes = "quotes", "a quote is open or stands in the wrong place: mend the row";
    /// More or fewer cells than headings.
    Columns = "columns", "the row has more or fewer cells than the file has headings: mend the row";
    /// A cell that must say something is blank.
    Missing = "missing", "a cell that must say something is blank: mend the row";
    /// Not a day of the calendar in the mapping's shape.
    Day = "bad_day", "not a day of the calendar in the mapping's `shape`: mend the row or the mapping";
    /// Not a time in the mapping's shape.
    Time = "bad_time", "not a time in the mapping's `shape`: mend the row or the mapping";
    /// A local time the clocks of the zone skip or show twice.
    LocalTime = "no_such_time", "the clocks of the zone skip or repeat that time: write an offset (`%:z`) or mend the row";
    /// Not a month in the mapping's shape.
    Month = "bad_month", "not a month in the mapping's `shape`: mend the row or the mapping";
    /// A code of an account that nobody could type to sign in.
    Account = "bad_account", "nobody can sign in by that code: it has control characters or more than 128 letters; mend the ledger";
    /// Not a phone number.
    Number = "bad_number", "not a phone number of a length in `number_digits`: mend the row or the mapping";
    /// Not an amount as the mapping says amounts are written.
    Amount = "bad_amount", "not an amount as the mapping says amounts are written: mend the row or the mapping";
    /// A word that stands in no value table.
    Value = "unknown_value", "the word is not in the field's `values`: add it to the mapping";
    /// A moment, a day or a month that is not there yet.
    Future = "future", "later than the clock and `ahead_seconds`: mend the row, or re-try when it has come";
    /// A holding that ends before it begins.
    Period = "bad_period", "the last day lies before the first: mend the row";
    /// Usage of a number or line nobody held on that day. Counted apart.
    UnknownNumber = "unknown_number", "nobody held the number on that day: take in the contracts, then re-try";
    /// A line code nobody held at that time.
    UnknownLine = "unknown_line", "nobody held the line at that time: take in the contracts, then re-try";
    /// An account code the ledger has not named.
    UnknownAccount = "unknown_account", "no such account: take in the accounts, then re-try";
    /// A line of a bill the ledger has not named.
    UnknownBill = "unknown_bill", "the extract has no such bill: take in bills and their lines together";
    /// Two holdings claim the number or line at that time.
    TwoHolders = "two_holders", "two holdings claim it at that time: mend the contracts, then re-try";
    /// A time of day nearer to a change of holder than clocks can be trusted.
    NearBoundary = "near_boundary", "nearer to a change of holder than `boundary_skew_seconds`: decide by hand";
    /// A set of which a row is missing or was not understood.
    Incomplete = "incomplete", "a row of the same set is missing or set aside: mend that one, then re-try both";
    /// Rows of one set from moments that are too far apart.
    TwoMoments = "two_moments", "rows of one set are more than `snapshot_seconds` apart: mend them or the mapping";
    /// One bucket twice in a set.
    ToldTwice = "told_twice", "one bucket stands twice in its set and nothing says that they are two: number them (`purchase`), count the rows (`set_rows`) or mend them";
    /// The same record number with other content.
    Conflict = "conflict", "a record of this number with other content was taken before: decide by hand, or see `corrections`";
    /// A row about another operator's subscribers. Judged before its cells are read; last here because counts are
    /// stored by place.
    OtherTenant = "other_tenant", "the row says that it is about another operator's subscribers, or does not say whose: find out who sent it, then drop it";
}

impl Reason {
    /// The key of the mapping's head by whose rule a row is set aside that is good by itself.
    pub const fn rule(self) -> Option<&'static str> {
        match self {
            Self::Future => Some("ahead_seconds"),
            Self::NearBoundary => Some("boundary_skew_seconds"),
            Self::TwoMoments => Some("snapshot_seconds"),
            Self::Conflict => Some("corrections"),
            Self::Incomplete => Some("items_add_up"),
            Self::TooLong
            | Self::Encoding
            | Self::Quotes
            | Self::Columns
            | Self::Missing
            | Self::Day
            | Self::Time
            | Self::LocalTime
            | Self::Month
            | Self::Account
            | Self::Number
            | Self::Amount
            | Self::Value
            | Self::Period
            | Self::UnknownNumber
            | Self::UnknownLine
            | Self::UnknownAccount
            | Self::UnknownBill
            | Self::TwoHolders
            | Self::ToldTwice
            | Self::OtherTenant => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A reason and, where one cell is to blame, its field. Never the cell's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Why.
    pub reason: Reason,
    /// The canonical name of the field, where one is to blame.
    pub field: Option<&'static str>,
}

impl Fault {
    /// A fault of the row as a whole.
    pub const fn of_row(reason: Reason) -> Self {
        Self { reason, field: None }
    }

    /// A fault of one field.
    pub const fn of_field(reason: Reason, field: &'static str) -> Self {
        Self { reason, field: Some(field) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{} ({field})", self.reason),
            None => self.reason.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_code() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
    }
}
