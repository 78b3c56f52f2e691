//! Everything that is held of an account, as it is held: what an export is made of.

use honnin_access::Document;
use honnin_store::document::{Bills, Line, Profile, Purchases, UsageMonth, Wish};
use honnin_terms::{EntryRef, HoldingId, Moment, Month, SessionId};
use serde::{Deserialize, Serialize};

/// Everything that is held of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// When it was gathered.
    pub made_at: Moment,
    /// Who she is.
    pub profile: Profile,
    /// What she calls her lines.
    pub names: Vec<(HoldingId, String)>,
    /// Her lines, ended ones too, in the order of the profile.
    pub lines: Vec<HeldLine>,
    /// Her bills; `None` where the ledger has said nothing of any.
    pub bills: Option<Bills>,
    /// The devices that are signed in.
    pub devices: Vec<HeldDevice>,
    /// Who was shown what of her, newest first.
    pub disclosures: Vec<HeldDisclosure>,
    /// Looks by others in all the time there are records of, and how many there are; `None` where that is not known.
    pub others: Option<(Vec<HeldDisclosure>, u64)>,
    /// What was done to her account, by herself and by the operator, newest first.
    pub acts: Vec<HeldAct>,
    /// Where older disclosures begin, where there are more than an export takes.
    pub older_before: Option<EntryRef>,
    /// From when on the journal can answer.
    pub answerable_since: Option<Moment>,
}

impl Document for Held {
    const KIND: &'static str = "export";
    const SCHEMA: u16 = 3;
}

/// Everything that is held of one line of hers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldLine {
    /// The holding.
    pub line: HoldingId,
    /// Contract and buckets.
    pub contract: Line,
    /// Her wish for a speed, where there was one.
    pub wish: Option<Wish>,
    /// Usage by month, ascending.
    pub usage: Vec<(Month, UsageMonth)>,
    /// Purchases; `None` where the ledger has said nothing of any.
    pub purchases: Option<Purchases>,
}

/// A device that is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldDevice {
    /// The session.
    pub session: SessionId,
    /// What the browser called itself.
    pub name: String,
    /// When it signed in.
    pub since: Moment,
    /// When it was last seen.
    pub last_seen: Moment,
    /// When it ends at the latest.
    pub until: Moment,
}

/// An act out of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldAct {
    /// When; the last time, where it stands for several.
    pub at: Moment,
    /// What, in the journal's word.
    pub act: String,
    /// Whether a person of the operator did it.
    pub by_operator: bool,
    /// Whether it was on a device the account had not been used from before.
    pub new_device: bool,
    /// How often, as far as it was written down.
    pub times: u64,
    /// Whether there were more than that.
    pub and_more: bool,
}

/// A disclosure out of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldDisclosure {
    /// Its place in the journal.
    pub entry: EntryRef,
    /// When.
    pub at: Moment,
    /// Who it was: `self`, `granted`, `agent`.
    pub viewer: String,
    /// The entry that allowed it; `None` where she asked herself.
    pub basis: Option<EntryRef>,
    /// What, in the word of the route table.
    pub what: String,
    /// The line it was about, where it was about one.
    pub line: Option<HoldingId>,
    /// By which way.
    pub channel: String,
    /// Whether it was on a device the account had not been used from before.
    pub new_device: bool,
}
