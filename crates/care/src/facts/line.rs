//! What is shown of one line.

use honnin_terms::{
    BucketKind, Day, HoldingId, Known, Moment, Month, Octets, PurchaseId, Said, SpeedReason, SpeedState, Yen,
};

use super::{BillHead, LineHead, Origin, Terms};

/// What became of a wish for another speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WishReceipt {
    /// How far it is.
    pub state: SpeedState,
    /// Which wish of the line it is, from 1.
    pub version: u64,
}

/// What is left, summed over the share group at the moment of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// The sum of what remains in buckets that have not expired.
    pub remaining: Octets,
    /// What the gauge is full at: grants of those buckets; of a carried-over bucket what remains of it.
    pub granted: Octets,
    /// Whether other lines draw from it too.
    pub shared: bool,
    /// Whether nothing has expired and no month has begun since the ledger said so: what has come or gone since then
    /// is not in it.
    pub current: bool,
}

/// What is lost next: the earliest expiry with a remainder, summed over the share group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextExpiry {
    /// What expires.
    pub octets: Octets,
    /// The last day it can be used; it is gone at 24:00 of that day in the tenant's zone.
    pub expires_on: Day,
}

/// What a line has now, whatever was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effective {
    /// High speed.
    High,
    /// Low speed: it was chosen, nothing is left, or a rule of the operator holds it down.
    Low,
    /// No data at all: the line is suspended, has ended or has not begun.
    Nothing,
}

impl Effective {
    /// The word of the JSON API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
            Self::Nothing => "none",
        }
    }
}

/// High speed or low: what was asked, what the network has confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    /// What the subscriber asked for: high speed?
    pub desired_high: bool,
    /// What the network has confirmed, `None` where nobody has ever asked it and the ledger does not say.
    pub applied_high: Option<bool>,
    /// How far the wish is.
    pub state: SpeedState,
    /// Why the speed is what it is.
    pub reason: SpeedReason,
    /// What the line has now, `None` where that is not known.
    pub effective: Option<Effective>,
    /// Counts the wishes for this line; 0 where there was none.
    pub version: u64,
    /// When the state last changed, where there was a wish.
    pub changed_at: Option<Moment>,
    /// Whether a wish can be taken now (not for suspended or ended lines).
    pub changeable: bool,
}

/// Usage as home shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageHead {
    /// Today, in the tenant's zone; `None` while the ledger has no row of today.
    pub today: Option<Octets>,
    /// The sum of the known days of this month.
    pub month: Known<Octets>,
    /// How many days of this month are known.
    pub known_days: u32,
    /// How many days of this month before today, within the contract, are not known or only in part.
    pub missing_days: u32,
    /// When the ledger last said something of one of these days.
    pub as_of: Option<Said>,
    /// Which month.
    pub of: Month,
}

/// Everything home shows of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Whose page it is.
    pub head: LineHead,
    /// Where the figures come from.
    pub origin: Origin,
    /// What is left; unknown outside the days of the contract, where the ledger has not said, and where what it said
    /// is over.
    pub balance: Known<Balance>,
    /// What is lost next.
    pub next_expiry: Option<NextExpiry>,
    /// High speed or low.
    pub speed: Speed,
    /// Whether the 5G option is on.
    pub five_g: bool,
    /// How many lines share the data, where more than this one may.
    pub share_lines: Option<u32>,
    /// Usage.
    pub usage: UsageHead,
    /// The latest days that are known, at most fourteen, ascending; today among them where it is known. For pages, which
    /// draw them.
    pub recent: Vec<UsageDay>,
    /// The newest bill and every one that is not paid, newest first.
    pub bills: Vec<BillHead>,
    /// How often somebody else was shown data of this account in [`super::BADGE_DAYS`]; `None` where that is not known.
    pub seen_by_others: Option<u64>,
}

/// One bucket of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Where it comes from.
    pub kind: BucketKind,
    /// What was granted; for carried-over data the original grant.
    pub granted: Octets,
    /// What remains; not counted in the balance once expired.
    pub remaining: Octets,
    /// The last day it can be used; `None` where it never expires.
    pub expires_on: Option<Day>,
    /// The purchase it came from, where it was bought.
    pub purchase: Option<PurchaseId>,
    /// Which line of the share group it belongs to.
    pub line: HoldingId,
    /// Place in the order of use from 1; `None` once expired or empty.
    pub order: Option<u32>,
}

/// The buckets of a line and of all it shares with, in the order of use, expired ones last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    /// Whose page it is.
    pub head: LineHead,
    /// Where the figures come from; `None` where the ledger has said nothing of buckets.
    pub origin: Option<Origin>,
    /// What is left in all of them.
    pub balance: Known<Balance>,
    /// All of them.
    pub buckets: Vec<Bucket>,
    /// How many lines share the data, where more than this one may.
    pub share_lines: Option<u32>,
}

/// What was used on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageDay {
    /// The day, in the tenant's zone.
    pub date: Day,
    /// At high speed.
    pub high: Octets,
    /// At low speed.
    pub low: Octets,
    /// Whether every record of the day was understood.
    pub whole: bool,
    /// When the ledger last said something of the day.
    pub as_of: Said,
}

/// Usage of one line in one month. A day without a row is unknown and stands in no list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Whose page it is.
    pub head: LineHead,
    /// Where the figures come from; `None` where the ledger has no row of this month.
    pub origin: Option<Origin>,
    /// The month.
    pub month: Month,
    /// Today in the tenant's zone.
    pub today: Day,
    /// The known days, ascending.
    pub days: Vec<UsageDay>,
    /// The months there are figures of, ascending.
    pub months: Vec<Month>,
}

/// One purchase of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    /// The purchase.
    pub purchase: PurchaseId,
    /// The operator's number of it, as its receipt shows it.
    pub code: String,
    /// When.
    pub at: Moment,
    /// What, as the ledger names it.
    pub item: String,
    /// How much data.
    pub octets: Octets,
    /// The price, tax included.
    pub amount: Yen,
    /// When the ledger said so.
    pub as_of: Said,
}

/// The purchases of one line, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchases {
    /// Whose page it is.
    pub head: LineHead,
    /// Where the figures come from; `None` where the ledger has none.
    pub origin: Option<Origin>,
    /// All of them.
    pub purchases: Vec<Purchase>,
}

/// The contract of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Whose page it is.
    pub head: LineHead,
    /// Where the figures come from.
    pub origin: Origin,
    /// What was agreed.
    pub terms: Terms,
    /// The operator's code of the line.
    pub line_code: String,
    /// The SIM's serial number (ITU-T E.118), all but the last four digits hidden.
    pub iccid_masked: String,
    /// How many lines share the data, where more than this one may.
    pub share_lines: Option<u32>,
}
