//! Merges of accounts: consents, what a merge moves, and the record of every merge and its undoing.
//!
//! A merge moves holdings: their documents, keys and wishes go to another account in one transaction with the record
//! of it. The directory goes on saying what the ledger says; [`MovedHolding`] is laid over it.

use honnin_access::ports::KeyChange;
use honnin_access::{AgreeToMerge, Answer, ConsentRow, Operate, Permit};
use honnin_terms::{AccountId, EntryRef, HoldingId, Moment};

use crate::{Error, MessageKind, SpeedRow, StoredAccount, StoredDocument, SubjectKeyRow};

/// A holding that another account shows than the ledger names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MovedHolding {
    /// The holding.
    pub holding: HoldingId,
    /// The account the ledger names.
    pub home: AccountId,
    /// The account that has it now.
    pub now: AccountId,
}

/// What merges have moved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moved {
    /// How many moves there have been, undoings included; only grows.
    pub moves: u64,
    /// The holdings that another account has now, in their order.
    pub holdings: Vec<MovedHolding>,
}

/// The record of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeRow {
    /// Its number, counted from 1.
    pub merge: u64,
    /// The account whose lines went.
    pub gave: AccountId,
    /// The account they went to.
    pub took: AccountId,
    /// When.
    pub at: Moment,
    /// When it was undone; `None` while it holds.
    pub undone_at: Option<Moment>,
    /// The holdings that went.
    pub holdings: Vec<HoldingId>,
    /// The keeper's own record of it, without which it cannot be undone.
    pub sealed: Vec<u8>,
    /// The journal's entry of the merge; `None` until it is written.
    pub entry: Option<EntryRef>,
    /// The journal's entry of the undoing; `None` until it is written.
    pub undone_entry: Option<EntryRef>,
}

/// What is needed to move the holdings of one account to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeMaterial {
    /// How many steps all feeds together had committed when this was read.
    pub steps: u64,
    /// The account that has the holdings.
    pub from: StoredAccount,
    /// The account they go to.
    pub into: StoredAccount,
    /// The wishes of its lines.
    pub wishes: Vec<(HoldingId, SpeedRow)>,
    /// The number the next merge gets.
    pub next: u64,
    /// The version of the ring of the account that has the holdings.
    pub ring_version: u64,
}

/// A wish that moves with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedWish {
    /// The line.
    pub holding: HoldingId,
    /// The revision that was read.
    pub read_revision: u64,
    /// The wish, sealed for its new account.
    pub blob: Vec<u8>,
}

/// Holdings sealed for another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The account they leave.
    pub from: AccountId,
    /// All its sessions end, with the key they hold: [`Error::Conflict`] where somebody has signed in meanwhile.
    pub ending: KeyChange,
    /// The account they go to.
    pub into: AccountId,
    /// Which.
    pub holdings: Vec<HoldingId>,
    /// Their new keys.
    pub keys: Vec<SubjectKeyRow>,
    /// Documents of `into`: those of the holdings, and its own that name them.
    pub into_documents: Vec<StoredDocument>,
    /// Documents of `from` that named them, made anew.
    pub from_documents: Vec<StoredDocument>,
    /// Their wishes.
    pub wishes: Vec<MovedWish>,
}

/// Why holdings move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A merge that both owners agreed to.
    Merge {
        /// Its number.
        merge: u64,
        /// The keeper's record of it.
        sealed: Vec<u8>,
        /// The two consents, which are used up.
        consents: [(AccountId, Vec<u8>); 2],
    },
    /// A merge is undone.
    Undoing {
        /// Its number.
        merge: u64,
    },
}

impl Reason {
    /// What both owners are told.
    pub const fn message(&self) -> MessageKind {
        match self {
            Self::Merge { .. } => MessageKind::AccountsMerged,
            Self::Undoing { .. } => MessageKind::MergeUndone,
        }
    }
}

/// Merges of accounts.
pub trait MergeRows: Send + Sync {
    /// Keeps the consent of the permit's account; replaces an earlier one.
    fn put_consent(&self, permit: &Permit<AgreeToMerge>, row: ConsentRow) -> Answer<'_, Result<(), Error>>;
    /// The consent of an account.
    fn consent(
        &self,
        permit: &Permit<Operate>,
        account: AccountId,
    ) -> Answer<'_, Result<Option<ConsentRow>, Error>>;
    /// What is needed to move holdings, read at one moment; `None` where one of the accounts is not there.
    fn merge_material(
        &self,
        permit: &Permit<Operate>,
        from: AccountId,
        into: AccountId,
    ) -> Answer<'_, Result<Option<MergeMaterial>, Error>>;
    /// Moves holdings where the feeds together still stand at `steps`. A feed that runs beside it is overtaken, because
    /// what it has read is out of date. [`Error::Conflict`] where anything was written meanwhile that the move was made
    /// without knowing: a step of any feed, a wish, another move, the use of a consent.
    fn commit_move(
        &self,
        permit: &Permit<Operate>,
        steps: u64,
        moving: Move,
        reason: Reason,
    ) -> Answer<'_, Result<(), Error>>;
    /// Merges, newest first: of one account, or of all; at most `most`.
    fn merges(
        &self,
        permit: &Permit<Operate>,
        of: Option<AccountId>,
        most: usize,
    ) -> Answer<'_, Result<Vec<MergeRow>, Error>>;
    /// Merges, oldest first, that the journal does not know yet, or not their undoing.
    fn unjournaled_merges(
        &self,
        permit: &Permit<Operate>,
        most: usize,
    ) -> Answer<'_, Result<Vec<MergeRow>, Error>>;
    /// Notes where the journal has a merge, or its undoing.
    fn note_entry(
        &self,
        permit: &Permit<Operate>,
        merge: u64,
        undone: bool,
        entry: EntryRef,
    ) -> Answer<'_, Result<(), Error>>;
}
