//! What this room must read and do before a permit exists: the complete list of permit-less access.
//!
//! [`SessionRows`] and [`CredentialRows`] are implemented by the engines, [`KeyRelease`] by the keeper.

use std::sync::Arc;

use honnin_seal::{AccountKey, Digest, Epoch, OpenError, PasswordHash};
use honnin_terms::{AccountId, Entropy, HoldingId, Moment, SessionId, TenantId};

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

/// A session as stored. The account key in it opens only with the token in the subscriber's cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Tenant.
    pub tenant: TenantId,
    /// The session.
    pub session: SessionId,
    /// The account.
    pub account: AccountId,
    /// Epoch of the wrapped account key.
    pub epoch: Epoch,
    /// The account key under the session's key.
    pub wrapped_key: Vec<u8>,
    /// When it signed in.
    pub since: Moment,
    /// When it was last seen, exact to the minute.
    pub last_seen: Moment,
    /// When it ends at the latest.
    pub until: Moment,
    /// The device's name, sealed under the account's subject key.
    pub device: Vec<u8>,
}

/// A subject's key as stored: under the keeper's key and under the account key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectKeyRow {
    /// The holding; `None` for the account's own documents.
    pub holding: Option<HoldingId>,
    /// Epoch of the key.
    pub epoch: Epoch,
    /// The key under the keeper's key.
    pub by_keeper: Vec<u8>,
    /// The key under the account key.
    pub by_account: Vec<u8>,
}

/// An account as sign-in sees it. Everything in it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRow {
    /// Epoch of the account key.
    pub epoch: Epoch,
    /// The account key under the keeper's key.
    pub account_key: Vec<u8>,
    /// The password hash under the keeper's key; `None` before activation.
    pub password: Option<Vec<u8>>,
    /// The one-time code's hash, expiry and tries under the keeper's key.
    pub code: Option<Vec<u8>>,
    /// Counts the changes of the row; a write names the version it read.
    pub version: u64,
}

/// Sessions and the keys they open: one point read each.
pub trait SessionRows: Send + Sync {
    /// The session of that hash.
    fn session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
    ) -> Answer<'_, Result<Option<Arc<SessionRow>>, RowError>>;
    /// The newest key of a subject of that account.
    fn subject_key(
        &self,
        tenant: TenantId,
        account: AccountId,
        holding: Option<HoldingId>,
    ) -> Answer<'_, Result<Option<Arc<SubjectKeyRow>>, RowError>>;
    /// Whose line it is: what no product may ask, for a build that can be told to do wrong.
    #[cfg(honnin_faults)]
    fn holder(&self, _tenant: TenantId, _holding: HoldingId) -> Option<AccountId> {
        None
    }
    /// Writes a new session; ends the oldest ones of the account beyond `most`.
    fn insert_session(
        &self,
        row_hash: Digest,
        row: SessionRow,
        most: usize,
    ) -> Answer<'_, Result<(), RowError>>;
    /// Notes when a session was last seen.
    fn touch_session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
        seen: Moment,
    ) -> Answer<'_, Result<(), RowError>>;
    /// Ends the session of that hash; ends nothing where there is none.
    fn end_session(&self, tenant: TenantId, row_hash: &Digest) -> Answer<'_, Result<(), RowError>>;
}

/// Credentials. Before sign-in completes nothing else of the account is read.
pub trait CredentialRows: Send + Sync {
    /// The account's credential row.
    fn credential(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Answer<'_, Result<Option<CredentialRow>, RowError>>;
    /// Replaces password and code where the row still has the version that was read. `end_sessions` ends all
    /// sessions of the account and leaves a message for its holder in the same transaction.
    fn replace_credential(
        &self,
        tenant: TenantId,
        account: AccountId,
        row: CredentialRow,
        end_sessions: Option<Moment>,
    ) -> Answer<'_, Result<(), RowError>>;
}

/// The part of the keeper that sign-in needs.
pub trait KeyRelease: Send + Sync {
    /// The account of a sign-in name, whether it exists or not: a keyed hash.
    fn account_of(&self, tenant: TenantId, login: &str) -> AccountId;
    /// Opens a sealed password hash.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    fn open_password(
        &self,
        tenant: TenantId,
        account: AccountId,
        sealed: &[u8],
    ) -> Result<PasswordHash, OpenError>;
    /// Seals a password hash.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    fn seal_password(
        &self,
        tenant: TenantId,
        account: AccountId,
        hash: &PasswordHash,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError>;
    /// Opens the record of a one-time code.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    fn open_code(&self, tenant: TenantId, account: AccountId, sealed: &[u8]) -> Result<Vec<u8>, OpenError>;
    /// Seals the record of a one-time code.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    fn seal_code(
        &self,
        tenant: TenantId,
        account: AccountId,
        record: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError>;
    /// Releases the account key to a completed sign-in.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    fn release(&self, proof: &SignInProof, wrapped: &[u8], epoch: Epoch) -> Result<AccountKey, OpenError>;
    /// A keyed hash that marks a device the account has signed in from.
    fn device_mark(&self, tenant: TenantId, account: AccountId) -> [u8; 16];
}
