//! Who saw what, and by which devices one is signed in.

use honnin_terms::{EntryRef, HoldingId, Moment, SessionId};

use super::SessionKind;

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
    /// When it was last seen, as it was noted: used since for 15 minutes at most.
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
