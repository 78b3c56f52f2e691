//! What a subscriber is shown, as plain values: the answers of the use cases.
//!
//! Pages and the JSON API are two faces of these. Every figure stands beside the moment the ledger said so
//! (`as_of`) and where it comes from (`source`). Unknown is `None` and never zero.

pub use honnin_access::{MergeSide, SessionKind};
pub use honnin_store::document::Terms;
use honnin_terms::{
    AccountId, BillId, BillState, BucketKind, Day, EntryRef, Held, HoldingId, Known, LineStatus, Moment,
    Month, NoticeId, Octets, PurchaseId, Said, SessionId, SpeedReason, SpeedState, Yen,
};

/// When the ledger said it, and which ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The moment the ledger gives for the figures, or where it gives none that of being taken in.
    pub as_of: Said,
    /// The feed's name, for people: `ledger`, `ledger (2026-11-20)`.
    pub source: String,
}

impl Origin {
    /// A moment that is not that of the whole: it is said beside what it is of.
    pub fn beside(&self, said: Option<Said>) -> Option<Said> {
        said.filter(|said| *said != self.as_of)
    }
}

/// So many days home counts looks by others.
pub const BADGE_DAYS: i64 = 90;

/// A line as its holder names it: enough to tell whose page it is, and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineHead {
    /// The holding, named `line` outside: two holders of one line have two.
    pub line: HoldingId,
    /// The number with its middle hidden: `070-****-9572`.
    pub number_masked: String,
    /// What the account calls it, where it has named it.
    pub nickname: Option<String>,
    /// The plan's name.
    pub plan: String,
    /// In use, suspended or ended, as of today.
    pub status: LineStatus,
    /// From when to when it is held.
    pub held: Held,
}

impl LineHead {
    /// What the account calls it, else the number with its middle hidden.
    pub fn name(&self) -> &str {
        self.nickname.as_deref().unwrap_or(&self.number_masked)
    }
}

/// The signed-in person and her lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// The account.
    pub account: AccountId,
    /// The name as the ledger writes it.
    pub name: String,
    /// The sign-in name (会員ID).
    pub login: String,
    /// The mail address with all but its first letter and its domain hidden, where the ledger gives one.
    pub mail_masked: Option<String>,
    /// Lines in use first, ended ones last; within these by first day.
    pub lines: Vec<LineHead>,
    /// Where the figures come from.
    pub origin: Origin,
}

/// The lines of the account on one board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// Whose lines they are.
    pub me: Me,
    /// Which month.
    pub month: Month,
    /// The lines, those in use first.
    pub lines: Vec<BoardLine>,
    /// Whether usage was looked up: not where the account has very many lines.
    pub is_whole: bool,
}

/// One line of a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardLine {
    /// The line.
    pub head: LineHead,
    /// What it has used this month; `None` where the account has too many lines to look it up.
    pub usage: Option<UsageHead>,
    /// Whether it draws from shared data.
    pub shared: bool,
}

/// Facts for one answer: for a page also whose it is, so that she can tell at a glance that it is hers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<T> {
    /// The signed-in person; `None` for programs, which do not ask.
    pub me: Option<Me>,
    /// What was asked for.
    pub facts: T,
}

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

/// A bill in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BillHead {
    /// The bill.
    pub bill: BillId,
    /// The month it is billed in (請求月).
    pub month: Month,
    /// The amount, tax included.
    pub amount: Yen,
    /// How far it is.
    pub state: BillState,
    /// When it is due, where known.
    pub due_on: Option<Day>,
    /// The month the usage was in, where the ledger says so.
    pub used_in: Option<Month>,
    /// When the ledger said so.
    pub as_of: Said,
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
    /// The latest days that are known, at most fourteen, ascending; today among them where it is known.
    pub recent: Vec<UsageDay>,
    /// The newest bill and every one that is not paid, newest first.
    pub bills: Vec<BillHead>,
    /// How often somebody else was shown data of this account in [`BADGE_DAYS`]; `None` where that is not known.
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

/// All bills of the account, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bills {
    /// Where the figures come from; `None` where the ledger has none.
    pub origin: Option<Origin>,
    /// All of them.
    pub bills: Vec<BillHead>,
}

/// One line of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    /// What for, as the ledger names it.
    pub item: String,
    /// How much.
    pub amount: Yen,
}

/// The lines of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillLines {
    /// The ledger has said nothing of them.
    Unsaid,
    /// All of them, and when the ledger said so: that may be before it last spoke of the bill.
    Whole(Vec<BillLine>, Said),
    /// Not all have arrived, or they do not come to the amount: none is shown, so that a part is not taken for all.
    Incomplete,
}

impl BillLines {
    /// Those that are shown.
    pub fn shown(&self) -> &[BillLine] {
        match self {
            Self::Whole(lines, _) => lines,
            Self::Unsaid | Self::Incomplete => &[],
        }
    }

    /// When the ledger said so, where they are shown.
    pub const fn as_of(&self) -> Option<Said> {
        match self {
            Self::Whole(_, as_of) => Some(*as_of),
            Self::Unsaid | Self::Incomplete => None,
        }
    }
}

/// The bill of the month before, to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillBefore {
    /// The month it is billed in.
    pub month: Month,
    /// The amount, tax included.
    pub amount: Yen,
    /// Its lines.
    pub lines: BillLines,
    /// When the ledger said so.
    pub as_of: Said,
}

/// One bill in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The bill.
    pub head: BillHead,
    /// The operator's number of it.
    pub code: String,
    /// The tax within the amount, where known.
    pub tax: Option<Yen>,
    /// Its lines, in the ledger's order.
    pub lines: BillLines,
    /// The bill of the month before, where there is one.
    pub before: Option<BillBefore>,
    /// Where the figures come from.
    pub origin: Origin,
}

/// A notice of the operator to everybody. Not personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The notice.
    pub notice: NoticeId,
    /// The operator's number of it.
    pub code: String,
    /// From when it is shown.
    pub published_at: Moment,
    /// Kind, as the ledger names it: 重要, 障害.
    pub kind: String,
    /// Heading.
    pub title: String,
    /// Text.
    pub body: String,
}

/// A consent to a merge of accounts, just given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The code, to be handed to the operator.
    pub code: String,
    /// Which side of the merge.
    pub side: MergeSide,
    /// Until when it can be used.
    pub until: Moment,
}

/// One signed-in device, or a token of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The session.
    pub session: SessionId,
    /// What it is of.
    pub kind: SessionKind,
    /// What the browser called itself, shortened; what she called the token.
    pub name: String,
    /// When it signed in.
    pub since: Moment,
    /// When it was last seen, exact to the minute.
    pub last_seen: Moment,
    /// When it ends at the latest.
    pub until: Moment,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl Device {
    /// Whether it is a program's token, and no browser or program that signed in.
    pub const fn is_token(&self) -> bool {
        matches!(self.kind, SessionKind::Token)
    }
}

/// Who saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// The person herself.
    Myself,
    /// Another account, allowed by that grant.
    Granted(EntryRef),
    /// An agent of the operator, on that support case.
    Agent(EntryRef),
}

impl Viewer {
    /// The word in answers and exports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Myself => "self",
            Self::Granted(_) => "granted",
            Self::Agent(_) => "agent",
        }
    }

    /// The entry that allowed it, where it was not herself.
    pub const fn basis(self) -> Option<EntryRef> {
        match self {
            Self::Myself => None,
            Self::Granted(entry) | Self::Agent(entry) => Some(entry),
        }
    }
}

/// One disclosure out of the journal: who was shown what of this account, when, on what basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisclosureRow {
    /// Its place in the journal.
    pub entry: EntryRef,
    /// When.
    pub at: Moment,
    /// Who.
    pub viewer: Viewer,
    /// What: the word of the route table, such as `home`, `bill`.
    pub what: &'static str,
    /// The line it was about, where it was about one.
    pub line: Option<HoldingId>,
    /// By page, programming interface, mail, export.
    pub channel: &'static str,
    /// Whether it was in a session on a device the account had not been used from before.
    pub new_device: bool,
}

/// An act on the account out of the journal: a sign-in, a new password, what the operator did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRow {
    /// When.
    pub at: Moment,
    /// What, in the journal's word, such as `signed_in`, `invited`.
    pub act: &'static str,
    /// Whether a person of the operator did it, at the command line.
    pub by_operator: bool,
    /// Whether it was on a device the account had not been used from before.
    pub new_device: bool,
    /// How often: more than once only for sign-ins that failed, those of a day together.
    pub times: u64,
    /// Whether there were more than that.
    pub and_more: bool,
}

/// A page of the account's disclosures, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosures {
    /// The rows.
    pub rows: Vec<DisclosureRow>,
    /// The newest acts on the account: for a page, and on the first one only.
    pub acts: Vec<ActRow>,
    /// Where the next (older) page begins, where there is one: rows before this one.
    pub next_before: Option<EntryRef>,
    /// From when on the journal can answer; earlier entries were pruned by the retention rule.
    pub answerable_since: Option<Moment>,
    /// Looks by others in all the time there are records of, newest first; `None` where they are not known, and where
    /// no page is asked for.
    pub others: Option<Others>,
}

/// Looks by others than the owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Others {
    /// The newest of them.
    pub rows: Vec<DisclosureRow>,
    /// How many there are.
    pub count: u64,
}
