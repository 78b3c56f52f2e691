//! The sealed documents: what the ledger said, shaped for one read.
//!
//! Written by `intake` (and a wish by `care`), read by `care`; nothing else opens them. A change of shape is a new
//! `SCHEMA`. Sums are made when reading, because a bucket expires at midnight without the ledger saying so.

use honnin_access::Document;
use honnin_terms::{
    BillId, BillState, BucketKind, Day, Held, HoldingId, LineStatus, Moment, Month, Msisdn, Octets,
    PurchaseId, SpeedReason, SpeedState, Yen,
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
    Profile "profile" 1;
    Bills "bills" 1;
    Line "line" 1;
    UsageMonth "usage" 1;
    Purchases "purchases" 1;
    Wish "wish" 1;
}

/// Of an account: who she is and which lines she holds or has held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// When the ledger said so.
    pub as_of: Moment,
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
    /// The newest bill.
    pub latest_bill: Option<BillEntry>,
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
    /// The month it is billed in.
    pub month: Month,
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
    /// When the ledger said so.
    pub as_of: Moment,
    /// The feed's name.
    pub source: String,
    /// The bills.
    pub bills: Vec<(BillEntry, Vec<BillItem>)>,
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
    pub as_of: Moment,
    /// The feed's name.
    pub source: String,
    /// The operator's code of the line.
    pub line_code: String,
    /// The operator's code of the service, where given.
    pub service_code: Option<String>,
    /// Number.
    pub number: Msisdn,
    /// Serial number of the SIM (ITU-T E.118), where given.
    pub iccid: Option<String>,
    /// Kind of SIM, where given.
    pub sim_kind: Option<String>,
    /// Plan.
    pub plan: String,
    /// Monthly price, where given.
    pub monthly: Option<Yen>,
    /// When it was applied for, where given.
    pub applied_on: Option<Day>,
    /// From when to when it is held.
    pub held: Held,
    /// What the ledger says of the contract.
    pub status: LineStatus,
    /// Whether the 5G option is on.
    pub five_g: bool,
    /// What the ledger says of high speed.
    pub high_speed: bool,
    /// The share group and how many lines are in it, where it shares.
    pub share: Option<Share>,
    /// When the ledger said so of the buckets; `None` where it has not.
    pub buckets_as_of: Option<Moment>,
    /// Buckets of the line and of all it shares with.
    pub buckets: Vec<BucketEntry>,
    /// When the ledger last said something of usage.
    pub usage_as_of: Option<Moment>,
    /// The months there is usage of, ascending.
    pub usage_months: Vec<Month>,
    /// The days of the newest of these months, ascending.
    pub newest_days: Vec<DayEntry>,
}

/// A share group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The ledger's code of the group.
    pub group: String,
    /// How many lines draw from it.
    pub lines: u32,
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
    /// Last day of use.
    pub expires_on: Day,
    /// The purchase it came from.
    pub purchase: Option<PurchaseId>,
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
}

/// Of a holding: one month of usage. The row is the month's number, see [`month_row`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageMonth {
    /// When the ledger last said something of it.
    pub as_of: Moment,
    /// The feed's name.
    pub source: String,
    /// The known days, ascending.
    pub days: Vec<DayEntry>,
}

/// The row key of a month.
pub fn month_row(month: Month) -> [u8; 4] {
    month.number().to_be_bytes()
}

/// Of a holding: its purchases, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchases {
    /// When the ledger said so.
    pub as_of: Moment,
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
}
