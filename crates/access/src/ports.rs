//! What this room must read and do before a permit exists: the complete list of permit-less access.
//!
//! [`SessionRows`] and [`CredentialRows`] are implemented by the engines, [`KeyRelease`] by the keeper.

use std::sync::Arc;

use honnin_seal::{AccountKey, Digest, Epoch, OpenError, SessionKey};
#[cfg(honnin_faults)]
use honnin_terms::HoldingId;
use honnin_terms::{AccountId, Entropy, Moment, SessionId, TenantId};

use crate::{Answer, SignInProof};

/// A row that could not be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The engine was busy with others, or undid this for their sake; nothing was changed, and the same call made
    /// once more can succeed.
    #[error("reach the store: it is busy with others; try again")]
    TryAgain,
    /// The engine does not answer, is full or is shut; nothing was changed, and trying again at once is of no use.
    #[error("reach the store: it does not answer or cannot write")]
    Unavailable,
    /// Somebody else changed the row in between; read again and decide again.
    #[error("write a row: it was changed by somebody else in between")]
    Conflict,
    /// What is stored makes no sense; an alarm.
    #[error("read a row: what is stored there makes no sense")]
    Corrupt,
}

/// A session as stored. What decides is sealed and opens only with the token in the subscriber's cookie; the columns
/// beside it are for finding, listing and forgetting it, and can only shorten it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Tenant.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
    /// The account.
    pub account: AccountId,
    /// Epoch of the account key inside.
    pub epoch: Epoch,
    /// The account key and what the session is, under the session's key.
    pub sealed: Vec<u8>,
    /// The version of the account's ring that names the session first: an older one was read too early.
    pub ring_version: u64,
    /// When it signed in.
    pub since: Moment,
    /// When it was last seen, as it was noted: [`crate::SessionLimits::seen_every`] before it was, at most.
    pub last_seen: Moment,
    /// When it ends at the latest.
    pub until: Moment,
    /// The device's name, sealed under a key of the account.
    pub device: Vec<u8>,
}

/// The ring of an account as stored: see [`crate::Ring`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingRow {
    /// Epoch of the account key it is sealed under.
    pub epoch: Epoch,
    /// Counts its writes; a write names the version it read.
    pub version: u64,
    /// The ring under the account key.
    pub sealed: Vec<u8>,
}

/// A session with the ring of its account, read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSession {
    /// The session.
    pub session: Arc<SessionRow>,
    /// The ring.
    pub ring: Arc<RingRow>,
}

/// A ring to be written where the row still has the version that was read; the version then grows by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingWrite {
    /// The version that was read.
    pub read_version: u64,
    /// The ring under the account key.
    pub sealed: Vec<u8>,
    /// The sessions that end in the same transaction.
    pub ended: Vec<SessionId>,
}

/// A new account key, with what must change beside it in one transaction: all sessions end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// Epoch of the new key.
    pub epoch: Epoch,
    /// The new key under the keeper's key.
    pub account_key: Vec<u8>,
    /// The ring under the new key.
    pub ring: RingWrite,
    /// The one session that goes on: the hash of its token, and what takes the place of [`SessionRow::sealed`].
    pub keep: Option<(Digest, Vec<u8>)>,
    /// When to leave the holder a message that her password was changed; `None` where it was not.
    pub told: Option<Moment>,
}

/// A session that was seen, sealed anew with the moment inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenSession {
    /// When.
    pub at: Moment,
    /// The epoch it is sealed for: a row that has another by now is left as it is.
    pub epoch: Epoch,
    /// What takes the place of [`SessionRow::sealed`].
    pub sealed: Vec<u8>,
}

/// An account as sign-in sees it. Everything in it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// Epoch of the account key.
    pub epoch: Epoch,
    /// The account key under the keeper's key.
    pub account_key: Vec<u8>,
    /// The ring under the account key.
    pub ring: Vec<u8>,
    /// Counts the writes of the ring.
    pub ring_version: u64,
    /// The record of password and known devices under the keeper's key; `None` before activation.
    pub password: Option<Vec<u8>>,
    /// The one-time code's hash, expiry and use under the keeper's key.
    pub code: Option<Vec<u8>>,
    /// Counts the changes of password and code; a write names the version it read.
    pub version: u64,
}

/// Sessions and the rings they open: one read each.
pub trait SessionRows: Send + Sync {
    /// The session of that hash with the ring of its account, at least as new as the session.
    fn session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
    ) -> Answer<'_, Result<Option<FoundSession>, RowError>>;
    /// Whose line it is: what no product may ask, for a build that can be told to do wrong.
    #[cfg(honnin_faults)]
    fn holder(&self, _tenant: TenantId, _holding: HoldingId) -> Option<AccountId> {
        None
    }
    /// Writes a new session and the ring that names it.
    fn insert_session(
        &self,
        row_hash: Digest,
        row: SessionRow,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), RowError>>;
    /// Notes when a session was last seen. Begun and not waited for, because a request would wait for what it does not
    /// need; a note that is lost is noted again a minute later.
    fn touch_session(&self, tenant: TenantId, row_hash: &Digest, seen: SeenSession);
    /// Writes a ring and ends the account's sessions that it no longer names.
    fn end_sessions(
        &self,
        tenant: TenantId,
        account: AccountId,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), RowError>>;
}

/// Credentials. Before sign-in completes nothing else of the account is read.
pub trait CredentialRows: Send + Sync {
    /// The account's credential row.
    fn credential(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Answer<'_, Result<Option<CredentialRow>, RowError>>;
    /// Replaces password and code where the row still has the version that was read. A change of keys, which ends
    /// the account's sessions, is written in the same transaction.
    fn replace_credential(
        &self,
        tenant: TenantId,
        account: AccountId,
        row: CredentialRow,
        keys: Option<KeyChange>,
    ) -> Answer<'_, Result<(), RowError>>;
}

/// What the keeper seals for sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// A password.
    Password,
    /// A one-time code.
    Code,
    /// What the first step of a sign-in leaves for the second.
    Ticket,
    /// What a passkey is to sign.
    Challenge,
}

/// Why the key of an account is not released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// It does not open: an alarm.
    #[error("release an account key: it does not open")]
    DoesNotOpen,
    /// It could not be written down what for.
    #[error("release an account key: the journal takes no entry about it")]
    NotRecorded,
    /// It was released too often; so many seconds to wait.
    #[error("release an account key: it was released too often; wait {0} seconds")]
    TooOften(i64),
}

impl From<OpenError> for ReleaseError {
    fn from(_: OpenError) -> Self {
        Self::DoesNotOpen
    }
}

/// The part of the keeper that sign-in needs.
pub trait KeyRelease: Send + Sync {
    /// The account of a sign-in name, whether it exists or not: a keyed hash.
    fn account_of(&self, tenant: TenantId, login: &str) -> AccountId;
    /// Opens a record of that kind.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    fn open_record(
        &self,
        tenant: TenantId,
        account: AccountId,
        kind: RecordKind,
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError>;
    /// Seals a record of that kind.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    fn seal_record(
        &self,
        tenant: TenantId,
        account: AccountId,
        kind: RecordKind,
        record: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError>;
    /// Releases the account key to a completed sign-in, once it is written down where nobody takes it out again what
    /// it is released for.
    ///
    /// # Errors
    /// [`ReleaseError`]; nothing was released.
    fn release<'a>(
        &'a self,
        proof: &SignInProof,
        wrapped: &'a [u8],
        epoch: Epoch,
    ) -> Answer<'a, Result<AccountKey, ReleaseError>>;
    /// Seals what opens a session once more, and the hash its row is found by.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    fn leave(
        &self,
        _tenant: TenantId,
        _account: AccountId,
        _session: (&SessionKey, &Digest),
        _entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        Err(OpenError)
    }
    /// Opens what [`Self::leave`] has sealed for that account.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    fn take_up(
        &self,
        _tenant: TenantId,
        _account: AccountId,
        _left: &[u8],
    ) -> Result<(SessionKey, Digest), OpenError> {
        Err(OpenError)
    }
    /// A fresh account key of that epoch, and the same under the keeper's key. It opens nothing until somebody who has
    /// the ring wraps it.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    fn new_account_key(
        &self,
        tenant: TenantId,
        account: AccountId,
        epoch: Epoch,
        entropy: &dyn Entropy,
    ) -> Result<(AccountKey, Vec<u8>), OpenError>;
}
