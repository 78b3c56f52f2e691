//! The canonical fields: what a row of each kind can say, and in which words. The mapping is checked against it.

use honnin_store::document::Terms;
use honnin_terms::{BillState, BucketKind, Day as CivilDay, LineStatus, Yen as Amount};

use crate::facts::fault::{Fault, Reason};

/// What a row of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// An account and its profile.
    Account,
    /// An account holds a line.
    Holding,
    /// A bucket of data at a moment.
    Bucket,
    /// Usage of one number or line on one day.
    Usage,
    /// A purchase.
    Purchase,
    /// A bill.
    Bill,
    /// A line of a bill.
    BillLine,
    /// A notice to everybody.
    Notice,
}

/// How a cell is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A code or a text, taken as it stands.
    Text,
    /// A phone number.
    Number,
    /// A civil day.
    Day,
    /// A civil day, or one of the texts that mean that there is none: `never`.
    DayOrNever,
    /// A moment, or a whole day where the shape has no time of day.
    Time,
    /// A month.
    Month,
    /// An amount of data.
    Octets,
    /// An amount of money.
    Yen,
    /// A small whole number.
    Count,
    /// One of a closed list of words, by way of `values`.
    Word(&'static [&'static str]),
}

/// One canonical field.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// Its name in mapping files.
    pub name: &'static str,
    /// How its cell is read.
    pub kind: FieldKind,
    /// Whether the mapping must say where it comes from, and a blank cell is a fault.
    pub required: bool,
}

const FLAG: FieldKind = FieldKind::Word(&["true", "false"]);
const STATUS: FieldKind = FieldKind::Word(&status_words());
const BUCKET: FieldKind = FieldKind::Word(&bucket_words());
const BILL: FieldKind = FieldKind::Word(&bill_words());

const fn status_words() -> [&'static str; 3] {
    [LineStatus::Active.word(), LineStatus::Suspended.word(), LineStatus::Ended.word()]
}

const fn bucket_words() -> [&'static str; 4] {
    [
        BucketKind::CarriedOver.word(),
        BucketKind::Basic.word(),
        BucketKind::Gift.word(),
        BucketKind::TopUp.word(),
    ]
}

const fn bill_words() -> [&'static str; 4] {
    [BillState::Open.word(), BillState::Final.word(), BillState::Paid.word(), BillState::Overdue.word()]
}

const fn must(name: &'static str, kind: FieldKind) -> FieldSpec {
    FieldSpec { name, kind, required: true }
}

const fn may(name: &'static str, kind: FieldKind) -> FieldSpec {
    FieldSpec { name, kind, required: false }
}

use FieldKind::{Count, Day, DayOrNever, Month, Number, Octets, Text, Time, Yen};

const ACCOUNT: &[FieldSpec] = &[
    must("account", Text),
    must("name", Text),
    may("name_kana", Text),
    may("mail", Text),
    may("born_on", Day),
    may("registered_on", Day),
    may("as_of", Time),
];

const HOLDING: &[FieldSpec] = &[
    must("line", Text),
    must("account", Text),
    must("number", Number),
    may("iccid", Text),
    must("from", Day),
    may("to", Day),
    must("status", STATUS),
    may("share_group", Text),
    must("high_speed", FLAG),
    may("as_of", Time),
];

/// A row that is asked for its cells by the names of their fields; `None` where a cell says nothing.
pub(crate) trait Told {
    fn text(&self, name: &'static str) -> Result<Option<String>, Fault>;
    fn day(&self, name: &'static str) -> Result<Option<CivilDay>, Fault>;
    fn yen(&self, name: &'static str) -> Result<Option<Amount>, Fault>;
    fn flag(&self, name: &'static str) -> Result<Option<bool>, Fault>;
}

macro_rules! terms {
    (@text) => { Text };
    (@day) => { Day };
    (@yen) => { Yen };
    (@flag) => { FLAG };
    (@must $told:expr, $name:literal) => { $told.ok_or(Fault::of_field(Reason::Missing, $name))? };
    (@may $told:expr, $name:literal) => { $told };
    ($($field:ident: $need:ident $kind:ident $name:literal,)+) => {
        const TERMS: &[FieldSpec] = &[$($need($name, terms!(@$kind))),+];

        /// What was agreed, as a row says it.
        pub(crate) fn terms_of(told: &impl Told) -> Result<Terms, Fault> {
            Ok(Terms { $($field: terms!(@$need told.$kind($name)?, $name)),+ })
        }
    };
}

// Each field of a document's `Terms`: whether a row must say it, how its cell is read, and its name in mapping files.
terms! {
    service_code: may text "service",
    sim_kind: may text "sim_kind",
    plan: must text "plan",
    monthly: may yen "monthly",
    applied_on: may day "applied_on",
    five_g: must flag "five_g",
}

const BUCKET_FIELDS: &[FieldSpec] = &[
    must("line", Text),
    must("kind", BUCKET),
    must("granted", Octets),
    must("remaining", Octets),
    must("expires_on", DayOrNever),
    may("purchase", Text),
    may("set_rows", Count),
    // Here or in the file's name; the check of the mapping says so.
    may("as_of", Time),
];

// One of `number` and `line` must be there; the check of the mapping says so.
const USAGE: &[FieldSpec] = &[
    must("record", Text),
    may("number", Number),
    may("line", Text),
    must("at", Time),
    must("high", Octets),
    must("low", Octets),
    may("as_of", Time),
];

const PURCHASE: &[FieldSpec] = &[
    must("purchase", Text),
    must("line", Text),
    must("at", Time),
    must("item", Text),
    must("octets", Octets),
    must("amount", Yen),
    may("as_of", Time),
];

const BILL_FIELDS: &[FieldSpec] = &[
    must("bill", Text),
    must("account", Text),
    must("month", Month),
    may("used_in", Month),
    must("amount", Yen),
    may("tax", Yen),
    must("state", BILL),
    may("due_on", Day),
    may("as_of", Time),
];

const BILL_LINE: &[FieldSpec] = &[
    must("bill", Text),
    must("position", Count),
    must("item", Text),
    must("amount", Yen),
    may("set_rows", Count),
    may("as_of", Time),
];

const NOTICE: &[FieldSpec] = &[
    must("notice", Text),
    must("published_at", Time),
    must("kind", Text),
    must("title", Text),
    must("body", Text),
];

impl RowKind {
    /// All of them, in the order in which files are read: who holds what first.
    pub const ALL: [Self; 8] = [
        Self::Account,
        Self::Holding,
        Self::Bucket,
        Self::Usage,
        Self::Purchase,
        Self::Bill,
        Self::BillLine,
        Self::Notice,
    ];

    /// The word of mapping files and summaries.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Holding => "holding",
            Self::Bucket => "bucket",
            Self::Usage => "usage",
            Self::Purchase => "purchase",
            Self::Bill => "bill",
            Self::BillLine => "bill_line",
            Self::Notice => "notice",
        }
    }

    /// Reads the word of a mapping file.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Its fields.
    pub fn fields(self) -> impl Iterator<Item = &'static FieldSpec> {
        let (own, agreed): (&[FieldSpec], &[FieldSpec]) = match self {
            Self::Account => (ACCOUNT, &[]),
            Self::Holding => (HOLDING, TERMS),
            Self::Bucket => (BUCKET_FIELDS, &[]),
            Self::Usage => (USAGE, &[]),
            Self::Purchase => (PURCHASE, &[]),
            Self::Bill => (BILL_FIELDS, &[]),
            Self::BillLine => (BILL_LINE, &[]),
            Self::Notice => (NOTICE, &[]),
        };
        own.iter().chain(agreed)
    }
}
