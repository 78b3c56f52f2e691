//! Desired state: one row for each line that was ever asked to change, and its place in the outbox.

use std::sync::Arc;

use honnin_access::{Answer, Drive, Permit, Read, SetSpeed};
use honnin_seal::{Digest, Epoch};
use honnin_terms::{AccountId, HoldingId, Moment};

use crate::{AccountKeyRow, Error};

/// A line's wish as stored. The wish itself is sealed; only what scheduling needs is in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeedRow {
    /// Counts the writes of this row; a write names the version it read.
    pub revision: u64,
    /// The sealed [`crate::document::Wish`].
    pub blob: Arc<[u8]>,
}

/// An idempotency key: hashed, so that what a client sends is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WishKey {
    /// Hash of the `Idempotency-Key`.
    pub key: Digest,
    /// Hash of what was asked with it.
    pub request: Digest,
}

/// A wish to be written.
#[derive(Debug, Clone)]
pub struct NewWish {
    /// The revision that was read; 0 where there was no row.
    pub read_revision: u64,
    /// The sealed wish.
    pub blob: Vec<u8>,
    /// The epoch it is sealed under: written only while that is the line's newest.
    pub epoch: Epoch,
    /// The wish's version, given back for a repeated key.
    pub version: u64,
    /// When it was asked for, and from when the network is to be driven.
    pub at: Moment,
    /// The least time between two wishes of a line, in seconds; the earlier wish must be older.
    pub least_seconds: i64,
    /// The idempotency key, where one was sent.
    pub key: Option<WishKey>,
    /// Keys are forgotten after so many seconds.
    pub key_seconds: i64,
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WishAnswer {
    /// Written; the reconciler will find it.
    Accepted,
    /// The same key with the same request was taken before, as this version.
    Repeated(u64),
    /// The same key was used for another request.
    KeyReused,
    /// The line's last wish is too young; seconds to wait.
    TooSoon(i64),
}

/// What the reconciler asks for: due wishes, under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Now.
    pub now: Moment,
    /// How long the claim lasts, in seconds; after that another may claim.
    pub lease_seconds: i64,
    /// At most so many.
    pub most: usize,
}

/// A wish under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedWish {
    /// The account.
    pub account: AccountId,
    /// The holding.
    pub holding: HoldingId,
    /// The row.
    pub row: SpeedRow,
    /// Grows with every claim of this row; the element refuses an older one.
    pub fence: u64,
    /// How often it was claimed since it was asked for, this claim included.
    pub tries: u32,
}

/// What the reconciler writes back.
///
/// A claim may write more than once: each write adds one to the revision, so the next names `read_revision + 1`. The
/// row can be claimed again from `due_at`, whatever was left of the lease.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The fence it claimed with; a newer claim or a newer wish makes the write a conflict.
    pub fence: u64,
    /// The revision it read.
    pub read_revision: u64,
    /// The wish in its new state, sealed.
    pub blob: Vec<u8>,
    /// When to look again; `None` where there is nothing more to do.
    pub due_at: Option<Moment>,
}

/// What the keeper needs to drive one line: its key and its contract, both sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriveMaterial {
    /// The keys of the account.
    pub key: AccountKeyRow,
    /// The sealed [`crate::document::Line`].
    pub line: Arc<[u8]>,
}

/// Wishes and the outbox.
pub trait SpeedRows: Send + Sync {
    /// The line's row, for reading it.
    fn speed(&self, permit: &Permit<Read>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>>;
    /// The line's row, for deciding on the next wish.
    fn speed_to_set(&self, permit: &Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>>;
    /// What a key was used for before, if it was.
    fn wish_of_key(
        &self,
        permit: &Permit<SetSpeed>,
        key: &WishKey,
    ) -> Answer<'_, Result<Option<WishAnswer>, Error>>;
    /// Writes a wish, its key and its place in the outbox in one transaction. The line's view, for the contract
    /// the wish is judged by, is read through [`Self::contract_to_set`].
    fn set_wish(&self, permit: &Permit<SetSpeed>, wish: NewWish) -> Answer<'_, Result<WishAnswer, Error>>;
    /// The line's sealed [`crate::document::Line`], for judging a wish.
    fn contract_to_set(&self, permit: &Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>>;
    /// Claims due wishes.
    fn claim(&self, permit: &Permit<Drive>, claim: Claim) -> Answer<'_, Result<Vec<ClaimedWish>, Error>>;
    /// What is needed to drive the permit's line; `None` where there is no such line.
    fn drive_material(&self, permit: &Permit<Drive>) -> Answer<'_, Result<Option<DriveMaterial>, Error>>;
    /// Writes back what became of a claimed wish; the permit names the line.
    fn settle(&self, permit: &Permit<Drive>, outcome: Outcome) -> Answer<'_, Result<(), Error>>;
    /// How many wishes are due or claimed, and when the oldest of them was asked for.
    fn backlog(&self, permit: &Permit<Drive>) -> Answer<'_, Result<(u64, Option<Moment>), Error>>;
}
