//! What a subscriber is shown, as plain values: the answers of the use cases.
//!
//! Pages and the JSON API are two faces of these. Every figure stands beside the moment the ledger said so
//! (`as_of`) and where it comes from (`source`). Unknown is `None` and never zero.

mod factor;
mod line;
mod money;
mod passkey;
mod seen;

pub use honnin_access::{FactorState, MergeSide, NewPasskey, PasskeyState, SessionKind};
pub use honnin_store::document::Terms;
use honnin_terms::{AccountId, Held, HoldingId, LineStatus, Moment, Month, NoticeId, Said};

pub use factor::Factor;
pub use line::{
    Balance, Bucket, Buckets, Contract, Effective, Home, NextExpiry, Purchase, Purchases, Speed, Usage,
    UsageDay, UsageHead, WishReceipt,
};
pub use money::{Bill, BillBefore, BillHead, BillLine, BillLines, Bills};
pub use passkey::Passkeys;
pub use seen::{ActRow, Device, DisclosureRow, Disclosures, Others, Viewer};

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
