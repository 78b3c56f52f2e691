//! Canonical events: what a row of the ledger says, in our own words, whoever the operator is.
//!
//! Everything here may be personal. The types can be taken apart, but their `Debug` has no content.

use honnin_store::document::Terms;
use honnin_terms::{BillState, BucketKind, Day, Held, LineStatus, Moment, Month, Msisdn, Octets, Yen, Zone};
use serde::{Deserialize, Serialize};

use crate::facts::fields::RowKind;

/// A day, or a moment with its time of day.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    /// A whole day.
    Day(Day),
    /// A moment.
    Moment(Moment),
}

impl When {
    /// The civil day it lies on.
    pub fn day(&self, zone: &Zone) -> Day {
        match self {
            Self::Day(day) => *day,
            Self::Moment(moment) => zone.day(*moment),
        }
    }

    /// The moment itself, of a day its beginning.
    pub fn moment(&self, zone: &Zone) -> Option<Moment> {
        match self {
            Self::Day(day) => zone.start_of(*day).ok(),
            Self::Moment(moment) => Some(*moment),
        }
    }
}

/// Where an event was read: which file (its place in the list of the run) and which line, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// Place of the file in the run's list.
    pub file: u32,
    /// Number of the row's first line.
    pub line: u64,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// An account and its profile.
    Account(AccountFact),
    /// An account holds a line from a first to a last day.
    Holding(Box<HoldingFact>),
    /// A bucket of data as it was at a moment.
    Bucket(BucketFact),
    /// Usage of one number (or line) on one day.
    Usage(UsageFact),
    /// A purchase on one line.
    Purchase(PurchaseFact),
    /// A bill of one account.
    Bill(BillFact),
    /// A line of a bill.
    BillLine(BillLineFact),
    /// A notice to everybody.
    Notice(NoticeFact),
    /// A row that was not understood, as far as it says to which set it belonged: that set is not whole.
    Lost(Lost),
}

/// A row that was not understood, as far as it says to which set it belonged.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lost {
    /// A contract of that account.
    Holding {
        /// The account.
        account: String,
        /// The line.
        line: String,
        /// The group it shares with, where that could be read.
        share_group: Option<String>,
    },
    /// A bucket of that line.
    Bucket {
        /// The line.
        line: String,
        /// The moment it was of, where that could be read.
        as_of: Option<Moment>,
    },
    /// Usage of that day.
    Usage {
        /// The record, where its number could be read; else a number of our own.
        record: String,
        /// Of what.
        of: Used,
        /// When.
        at: When,
    },
    /// A line of that bill.
    BillLine {
        /// The bill.
        bill: String,
    },
}

impl Lost {
    /// What its row is.
    pub const fn kind(&self) -> RowKind {
        match self {
            Self::Holding { .. } => RowKind::Holding,
            Self::Bucket { .. } => RowKind::Bucket,
            Self::Usage { .. } => RowKind::Usage,
            Self::BillLine { .. } => RowKind::BillLine,
        }
    }
}

impl Fact {
    /// The account it names, as the ledger writes it; `None` where it names none.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Account(AccountFact { account, .. }) | Self::Bill(BillFact { account, .. }) => {
                Some(account)
            }
            Self::Holding(fact) => Some(&fact.account),
            Self::Lost(_)
            | Self::Bucket(_)
            | Self::Usage(_)
            | Self::Purchase(_)
            | Self::BillLine(_)
            | Self::Notice(_) => None,
        }
    }

    /// What its row is.
    pub const fn kind(&self) -> RowKind {
        match self {
            Self::Account(_) => RowKind::Account,
            Self::Holding(_) => RowKind::Holding,
            Self::Bucket(_) => RowKind::Bucket,
            Self::Usage(_) => RowKind::Usage,
            Self::Purchase(_) => RowKind::Purchase,
            Self::Bill(_) => RowKind::Bill,
            Self::BillLine(_) => RowKind::BillLine,
            Self::Notice(_) => RowKind::Notice,
            Self::Lost(lost) => lost.kind(),
        }
    }
}

/// An account and its profile.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFact {
    /// The operator's code of the account (会員ID).
    pub account: String,
    /// The name as the ledger writes it.
    pub name: String,
    /// How the name is read.
    pub name_kana: Option<String>,
    /// The mail address.
    pub mail: Option<String>,
    /// The day of birth.
    pub born_on: Option<Day>,
    /// The day of registration.
    pub registered_on: Option<Day>,
    /// When the ledger last changed the row.
    pub as_of: Option<Moment>,
}

/// An account holds a line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldingFact {
    /// The operator's code of the line.
    pub line: String,
    /// The operator's code of the account.
    pub account: String,
    /// The phone number.
    pub number: Msisdn,
    /// The SIM's serial number (ITU-T E.118).
    pub iccid: Option<String>,
    /// What was agreed.
    pub terms: Terms,
    /// First and last day, both within.
    pub held: Held,
    /// In use, suspended or ended.
    pub status: LineStatus,
    /// The group that shares its data.
    pub share_group: Option<String>,
    /// Whether high speed is on.
    pub high_speed: bool,
    /// When the ledger last changed the row.
    pub as_of: Option<Moment>,
}

/// A bucket of data as it was at a moment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketFact {
    /// The operator's code of the line.
    pub line: String,
    /// Where it comes from.
    pub kind: BucketKind,
    /// What was granted.
    pub granted: Octets,
    /// What remains.
    pub remaining: Octets,
    /// The last day it can be used; `None` where it never expires.
    pub expires_on: Option<Day>,
    /// The operator's number of the purchase it came from.
    pub purchase: Option<String>,
    /// How many rows the line's set has, where the ledger says so.
    pub set_rows: Option<u32>,
    /// When the ledger said so.
    pub as_of: Moment,
}

/// Of what usage is counted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Used {
    /// A phone number.
    Number(Msisdn),
    /// The operator's code of a line.
    Line(String),
}

/// Usage on one day.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageFact {
    /// The operator's number of the record: the same number again is the same record.
    pub record: String,
    /// Of what.
    pub of: Used,
    /// When.
    pub at: When,
    /// At high speed.
    pub high: Octets,
    /// At low speed.
    pub low: Octets,
    /// When the ledger said so.
    pub as_of: Option<Moment>,
}

/// A purchase on one line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseFact {
    /// The operator's number of the purchase.
    pub purchase: String,
    /// The operator's code of the line.
    pub line: String,
    /// When.
    pub at: When,
    /// What, as the ledger names it.
    pub item: String,
    /// How much data.
    pub octets: Octets,
    /// The price, tax included.
    pub amount: Yen,
    /// When the ledger said so.
    pub as_of: Option<Moment>,
}

/// A bill of one account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillFact {
    /// The operator's number of the bill.
    pub bill: String,
    /// The operator's code of the account.
    pub account: String,
    /// The month it is billed in.
    pub month: Month,
    /// The month the usage was in.
    pub used_in: Option<Month>,
    /// The amount, tax included.
    pub amount: Yen,
    /// The tax within the amount.
    pub tax: Option<Yen>,
    /// How far it is.
    pub state: BillState,
    /// When it is due.
    pub due_on: Option<Day>,
    /// When the ledger said so.
    pub as_of: Option<Moment>,
}

/// A line of a bill.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillLineFact {
    /// The operator's number of the bill.
    pub bill: String,
    /// Its place in the bill.
    pub position: u32,
    /// What for, as the ledger names it.
    pub item: String,
    /// How much.
    pub amount: Yen,
    /// How many lines the bill has, where the ledger says so.
    pub set_rows: Option<u32>,
    /// When the ledger said so.
    pub as_of: Option<Moment>,
}

/// A notice to everybody.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeFact {
    /// The operator's number of the notice.
    pub notice: String,
    /// From when it is shown.
    pub published_at: Moment,
    /// Kind, as the ledger names it.
    pub kind: String,
    /// Heading.
    pub title: String,
    /// Text.
    pub body: String,
}

without_content! { When Lost AccountFact HoldingFact BucketFact Used UsageFact PurchaseFact BillFact BillLineFact NoticeFact }
