//! The sealed documents: what the ledger said, shaped for one read.
//!
//! Written by `intake` (and a wish by `care`), read by `care`; nothing else opens them. A change of shape is a new
//! `SCHEMA`. Sums are made when reading, because a bucket expires at midnight without the ledger saying so.

use honnin_access::Document;
use honnin_terms::{
    BillId, BillState, BucketKind, Day, ElementSession, Held, HoldingId, LineStatus, Moment, Month, Msisdn,
    Octets, PurchaseId, Said, SpeedReason, SpeedState, Yen,
};
use serde::{Deserialize, Serialize};

macro_rules! documents {
    ($($name:ident $kind:literal $schema:literal;)+) => {$(
        impl Document for $name {
            const KIND: &'static str = $kind;
            const SCHEMA: u16 = $schema;
        }
    )+};
}

documents! {
    Profile "profile" 3;
    Bills "bills" 3;
    Line "line" 5;
    UsageMonth "usage" 3;
    Purchases "purchases" 2;
    Wish "wish" 2;
}

/// Of an account: who she is and which lines she holds or has held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// When the ledger said so.
    pub as_of: Said,
    /// The feed's name.
    pub source: String,
    /// Sign-in name (会員ID).
    pub login: String,
    /// Name as the ledger writes it.
    pub name: String,
    /// Reading of the name, where given.
    pub reading: Option<String>,
    /// Mail address, where given.
    pub mail: Option<String>,
    /// Date of birth, where given.
    pub born_on: Option<Day>,
    /// First day of the contract, where given.
    pub registered_on: Option<Day>,
    /// Every holding, in the order lines are shown: by first day.
    pub lines: Vec<LineEntry>,
    /// Contracts that were not understood so far, ascending.
    pub lost_lines: Vec<LostLine>,
    /// The newest bill and every one that is not paid, newest first.
    pub standing: Vec<BillEntry>,
}

/// A contract the ledger has named and that was not understood: the line is not known yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LostLine {
    /// The ledger's code of the line.
    pub line_code: String,
    /// The share group, where that could be read: what it has together is not known without this line.
    pub share_group: Option<String>,
}

/// A holding as the profile lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineEntry {
    /// The holding.
    pub holding: HoldingId,
    /// The number bound to it.
    pub number: Msisdn,
    /// Plan.
    pub plan: String,
    /// What the ledger says of the contract; ended is decided by `held` and the day of reading.
    pub status: LineStatus,
    /// From when to when.
    pub held: Held,
    /// The share group, where it shares: the ledger's code.
    pub share_group: Option<String>,
}

/// A bill in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillEntry {
    /// The bill.
    pub bill: BillId,
    /// The operator's number of it.
    pub code: String,
    /// When the ledger said so.
    pub as_of: Said,
    /// The month it is billed in.
    pub month: Month,
    /// The month the usage was in, where given.
    pub used_in: Option<Month>,
    /// Amount, tax included.
    pub amount: Yen,
    /// Tax within it, where given.
    pub tax: Option<Yen>,
    /// How far it is.
    pub state: BillState,
    /// When it is due, where given.
    pub due_on: Option<Day>,
}

/// Of an account: its bills, newest first, with their lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bills {
    /// When the ledger last said something of one of them.
    pub as_of: Said,
    /// The feed's name.
    pub source: String,
    /// The bills.
    pub bills: Vec<(BillEntry, BillItems)>,
}

/// The lines of a bill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BillItems {
    /// The ledger has said nothing of them.
    #[default]
    Unsaid,
    /// All of them, in its order, and when it said so: that may be before it last spoke of the bill.
    Whole(Vec<BillItem>, Said),
    /// Some are missing, were not understood, or do not come to the amount.
    Incomplete,
}

impl BillItems {
    /// Those that may be shown: all or none.
    pub fn shown(&self) -> &[BillItem] {
        match self {
            Self::Whole(items, _) => items,
            Self::Unsaid | Self::Incomplete => &[],
        }
    }

    /// When the ledger said so, where they may be shown.
    pub const fn as_of(&self) -> Option<Said> {
        match self {
            Self::Whole(_, as_of) => Some(*as_of),
            Self::Unsaid | Self::Incomplete => None,
        }
    }

    /// Whether they are known, and all of them.
    pub const fn are_complete(&self) -> bool {
        matches!(self, Self::Whole(..))
    }
}

impl Bills {
    /// What home needs of them: the newest bill and every one that is not paid, newest first.
    pub fn standing(&self) -> Vec<BillEntry> {
        let entries = self.bills.iter().map(|(entry, _)| entry).enumerate();
        let standing = entries.filter(|(place, entry)| *place == 0 || entry.state != BillState::Paid);
        standing.map(|(_, entry)| entry.clone()).collect()
    }
}

/// One line of a bill, in the ledger's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillItem {
    /// The ledger's number of the line.
    pub place: u32,
    /// What for.
    pub item: String,
    /// How much.
    pub amount: Yen,
}

/// Of a holding: contract, buckets, the newest month of usage. What home needs, in one read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When the ledger said so of the contract.
    pub as_of: Said,
    /// The feed's name.
    pub source: String,
    /// The operator's code of the line.
    pub line_code: String,
    /// Number.
    pub number: Msisdn,
    /// Serial number of the SIM (ITU-T E.118), where given.
    pub iccid: Option<String>,
    /// What was agreed.
    pub terms: Terms,
    /// From when to when it is held.
    pub held: Held,
    /// What the ledger says of the contract.
    pub status: LineStatus,
    /// What the ledger says of high speed.
    pub high_speed: bool,
    /// The share group and how many lines are in it, where it shares.
    pub share: Option<Share>,
    /// When the ledger said so of the buckets, of a group the oldest moment of any; `None` where it has not.
    pub buckets_as_of: Option<Moment>,
    /// The day of that moment in the ledger's zone.
    pub buckets_on: Option<Day>,
    /// Buckets of the line and of all it shares with.
    pub buckets: Vec<BucketEntry>,
    /// When the ledger said so of the line's own buckets.
    pub own_buckets_as_of: Option<Moment>,
    /// Whether the ledger has spoken of its own buckets and never yet in a way that was understood whole.
    pub own_buckets_lost: bool,
    /// The months there is usage of, ascending.
    pub usage_months: Vec<Month>,
    /// The days of the newest of these months and of the month before it, ascending.
    #[serde(with = "crate::days")]
    pub recent_days: Vec<DayEntry>,
}

/// What was agreed for a line, shown as the ledger says it.
///
/// Nothing is reckoned from it. How each is read of a row stands in `intake`, how it is shown in `web` and `pages`; all
/// between hands on the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The operator's code of the service, where given.
    pub service_code: Option<String>,
    /// Kind of SIM, where given.
    pub sim_kind: Option<String>,
    /// Plan.
    pub plan: String,
    /// Monthly price, where given.
    pub monthly: Option<Yen>,
    /// When it was applied for, where given.
    pub applied_on: Option<Day>,
    /// Whether the 5G option is on.
    pub five_g: bool,
}

/// A share group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The ledger's code of the group.
    pub group: String,
    /// How many lines draw from it.
    pub lines: u32,
    /// Whether what each of them has is known.
    pub whole: bool,
}

/// One bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketEntry {
    /// The holding it belongs to.
    pub holding: HoldingId,
    /// Where it comes from.
    pub kind: BucketKind,
    /// What was granted.
    pub granted: Octets,
    /// What remained at `buckets_as_of`.
    pub remaining: Octets,
    /// Last day of use; `None` where it never expires.
    pub expires_on: Option<Day>,
    /// The purchase it came from.
    pub purchase: Option<PurchaseId>,
}

impl BucketEntry {
    /// Whether it can still be drawn from on that day.
    pub fn lives_on(&self, day: Day) -> bool {
        self.expires_on.is_none_or(|last| day <= last)
    }

    /// Orders by the last day; what never expires comes last.
    pub const fn end(&self) -> (bool, Option<Day>) {
        (self.expires_on.is_none(), self.expires_on)
    }
}

/// One day of usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayEntry {
    /// The day.
    pub day: Day,
    /// At high speed.
    pub high: Octets,
    /// At low speed.
    pub low: Octets,
    /// Whether every record of the day was understood.
    pub whole: bool,
    /// When the ledger last said something of the day that was understood.
    pub as_of: Said,
}

/// Of a holding: one month of usage, record by record, so that one can be corrected. The row is the month's number, see
/// [`month_row`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageMonth {
    /// The feed's name.
    pub source: String,
    /// The records, by day.
    pub records: Vec<UsageRecord>,
}

/// One record of usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRecord {
    /// The day.
    pub day: Day,
    /// Beginning of the keyed hash of its number.
    pub record: [u8; 8],
    /// When the ledger said so.
    pub as_of: Said,
    /// At high and at low speed; `None` where it was not understood.
    pub used: Option<(Octets, Octets)>,
}

impl UsageMonth {
    /// When the ledger last said something of it that was understood.
    pub fn as_of(&self) -> Option<Said> {
        latest(&self.records)
    }

    /// The days the ledger has said something of, ascending.
    pub fn days(&self) -> Vec<DayEntry> {
        let day = |records: &[UsageRecord]| {
            let known = || records.iter().filter_map(|record| record.used);
            // Of a day of which nothing was understood nothing is known: it is no day of zero.
            let (day, as_of) = (records.first()?.day, latest(records)?);
            let (high, low) = known()
                .fold((Octets::ZERO, Octets::ZERO), |sum, used| (sum.0.plus(used.0), sum.1.plus(used.1)));
            let whole = records.iter().all(|record| record.used.is_some());
            Some(DayEntry { day, high, low, whole, as_of })
        };
        self.records.chunk_by(|a, b| a.day == b.day).filter_map(day).collect()
    }
}

/// The newest moment of records that were understood.
fn latest(records: &[UsageRecord]) -> Option<Said> {
    records.iter().filter(|record| record.used.is_some()).map(|record| record.as_of).max()
}

/// The row key of a month.
pub fn month_row(month: Month) -> [u8; 4] {
    month.number().to_be_bytes()
}

/// Of a holding: its purchases, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchases {
    /// When the ledger last said something of one of them.
    pub as_of: Said,
    /// The feed's name.
    pub source: String,
    /// The purchases.
    pub purchases: Vec<PurchaseEntry>,
}

/// One purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseEntry {
    /// The purchase.
    pub purchase: PurchaseId,
    /// When the ledger said so.
    pub as_of: Said,
    /// The operator's number of it.
    pub code: String,
    /// When.
    pub at: Moment,
    /// What.
    pub item: String,
    /// How much data.
    pub octets: Octets,
    /// Price, tax included.
    pub amount: Yen,
}

/// Of a holding: the subscriber's wish for a speed and how far the network is. Lies in the speed row, not among views.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// What was asked for.
    pub high: bool,
    /// What the network has last confirmed.
    pub applied_high: Option<bool>,
    /// How far it is.
    pub state: SpeedState,
    /// Why the speed is what it is.
    pub reason: SpeedReason,
    /// Counts the wishes of this line, from 1.
    pub version: u64,
    /// When it was asked for.
    pub asked_at: Moment,
    /// When the state last changed.
    pub changed_at: Moment,
    /// By what the element names what it has set up for the line, where it has said so: also from wish to wish.
    pub session: Option<ElementSession>,
}
