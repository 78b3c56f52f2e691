//! Sign-in, activation by one-time code, and what a completed sign-in gives.
//!
//! Nothing personal is looked up before sign-in completes: the credential row of the account is the only row read.
//! A name nobody has and a wrong password take the same way, give the same answer and leave at the same moments.
//!
//! Each way in is a file: [`password`] with [`factor`] behind it, [`passkey`], [`code`], and [`token`] for programs; [`begin`] is
//! where all of them end. What else they share stands here.

mod begin;
mod case;
mod ceremony;
mod code;
mod code_record;
mod device;
mod factor;
mod factor_change;
mod factor_record;
mod passkey;
mod passkey_change;
mod passkey_record;
mod password;
mod ticket;
mod token;

use std::fmt;
use std::time::Duration;

use honnin_seal::{AccountKey, OpenError, SessionToken};
use honnin_terms::{
    AccountId, DeviceId, Entropy, EntryRef, Id, LONGEST_LOGIN, LONGEST_PASSWORD, Moment, RequestId,
    SessionId, Stream, TenantId,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

pub use case::SupportCase;
pub use ceremony::{LONGEST_PASSKEY_PART, PasskeyChallenge, PasskeyMade, PasskeyShown, PasskeySite};
pub use code::Invitation;
pub(crate) use code_record::CodeRecord;
pub use code_record::CodeText;
use device::PasswordRecord;
pub use device::{Forget, KnownDevice, MARK_OCTETS};
pub use factor::{FactorChange, FactorError, FactorPolicy, FactorProof, FactorState, NewFactor, SecondStep};
pub use passkey::PasskeySignIn;
pub use passkey_change::{NewPasskey, PasskeyError, PasskeyProof};
pub use passkey_record::{MOST_PASSKEYS, PasskeyState};
pub use ticket::Ticket;
pub use token::TokenProof;

use crate::document::open_with;
use crate::ending::Ending;
use crate::permit::{ManageSessions, Operate};
use crate::ports::{CredentialRow, RecordKind, ReleaseError, RowError, SessionRow};
use crate::ring::Ring;
use crate::{
    DelayBounds, Document, DocumentError, HashPool, PasswordRefused, PasswordRules, Permit, ProofRules,
    Session, SessionError, SessionLimits, Source, SubscriberAuthority,
};

/// How often a row that was changed in between is read again.
const READ_AGAIN: usize = 8;

/// Settings of sign-in.
#[derive(Debug)]
pub struct SignInSettings {
    /// Limits of sessions.
    pub session_limits: SessionLimits,
    /// Rules of new passwords.
    pub password_rules: PasswordRules,
    /// How long a one-time code can be used, in seconds.
    pub code_seconds: i64,
    /// Whether subscribers have a second factor.
    pub factors: FactorPolicy,
    /// Where passkeys are good; `None` where there are none.
    pub passkeys: Option<PasskeySite>,
    /// When a proof is asked for anew.
    pub proof_rules: ProofRules,
    /// How long a consent to a merge of accounts can be used, in seconds.
    pub consent_seconds: i64,
    /// Bounds of the growing delay.
    pub delay_bounds: DelayBounds,
    /// The hashers.
    pub pool: HashPool,
}

/// The device a session is made for.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// What the browser calls itself, shortened by the caller.
    pub name: String,
    /// Where it comes from.
    pub source: Source,
    /// The mark it was given at an earlier sign-in.
    pub mark: Option<[u8; MARK_OCTETS]>,
    /// Whether it asks as a program does, and no page was shown.
    pub is_program: bool,
}

impl NewDevice {
    /// A device that signs in without a password: nobody can come back on it as a known one.
    pub fn of_nobody(name: impl Into<String>) -> Self {
        let source = Source { site: 0, prefix: 0, address: 0 };
        Self { name: name.into(), source, mark: None, is_program: false }
    }
}

/// One try to sign in.
pub struct SignIn<'a> {
    /// 会員ID as typed.
    pub login: &'a str,
    /// The password as typed.
    pub password: &'a str,
    /// The device.
    pub device: NewDevice,
    /// Now.
    pub now: Moment,
    /// The request it comes with, whose randomness it draws.
    pub stream: &'a Stream,
}

impl fmt::Debug for SignIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignIn(..)")
    }
}

/// Why a sign-in gives no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The name or the password is wrong; which of them is not told.
    #[error("sign in: the name or the password is wrong")]
    Wrong,
    /// The code of the second factor is wrong.
    #[error("sign in: the code of the second factor is wrong")]
    WrongCode,
    /// The password is right; the code of the second factor is to follow, with this.
    #[error("sign in: the code of the second factor is to follow")]
    SecondFactor(Ticket),
    /// The password is right; a second factor has to be set up first: with this, or on a page where there is none.
    #[error("sign in: a second factor has to be set up first")]
    SetUpFirst(Option<Ticket>),
    /// What is shown is not enough for that act on this device: it asks for a fresh proof, and not only the password.
    #[error("confirm it: a fresh proof is asked for")]
    Unproven,
    /// What the first step gave is none, or can no longer be used.
    #[error("sign in: the second step came too late; begin again")]
    StartOver,
    /// Too many wrong answers; try again after so many seconds.
    #[error("sign in: wait {0} seconds after many wrong answers")]
    Delayed(i64),
    /// Too many sign in at this moment.
    #[error("sign in: too many sign in at this moment")]
    Busy,
    /// What is stored does not open: an alarm.
    #[error("sign in: what is stored does not open")]
    DoesNotOpen,
    /// The store does not answer.
    #[error("sign in: the store does not answer")]
    Rows(#[from] RowError),
}

/// Why an activation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ActivateError {
    /// The name, the code or both are wrong, or the code has expired; which is not told.
    #[error("activate: the name or the code is wrong, or the code has expired")]
    Wrong,
    /// The new password is refused.
    #[error("activate: the new password is refused")]
    Password(#[from] PasswordRefused),
    /// As for a sign-in.
    #[error("activate: sign-in is not possible")]
    SignIn(#[from] SignInError),
}

impl From<RowError> for ActivateError {
    fn from(error: RowError) -> Self {
        Self::SignIn(error.into())
    }
}

/// What was shown by who signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProvenBy {
    /// Nothing: at the operator's own hands.
    Operator,
    /// The password.
    Password,
    /// The password, and a code of the app.
    AppCode,
    /// The password, and a recovery code.
    RecoveryCode,
    /// A one-time code.
    OneTimeCode,
    /// A passkey, which its owner's device has opened for her.
    Passkey,
}

impl ProvenBy {
    /// Whether who has stolen a password has not got that.
    pub(crate) const fn is_strong(self) -> bool {
        match self {
            Self::Operator | Self::AppCode | Self::RecoveryCode | Self::OneTimeCode | Self::Passkey => true,
            Self::Password => false,
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Operator => 0,
            Self::Password => 1,
            Self::AppCode => 2,
            Self::RecoveryCode => 3,
            Self::OneTimeCode => 4,
            Self::Passkey => 5,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Operator),
            1 => Some(Self::Password),
            2 => Some(Self::AppCode),
            3 => Some(Self::RecoveryCode),
            4 => Some(Self::OneTimeCode),
            5 => Some(Self::Passkey),
            _ => None,
        }
    }

    /// The word of the journal.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Password => "password",
            Self::AppCode => "app code",
            Self::RecoveryCode => "recovery code",
            Self::OneTimeCode => "one-time code",
            Self::Passkey => "passkey",
        }
    }
}

/// What the key of an account is released for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleasedFor {
    /// A session is begun.
    Session {
        /// Its public name.
        session: SessionId,
        /// The known device it is on; `None` where nobody typed a password.
        device: Option<DeviceId>,
        /// Whether the account was not known to be used from that device before.
        is_new: bool,
        /// By what.
        by: ProvenBy,
    },
    /// A new password, set by one-time code.
    Activation,
    /// A new password, set by who was signed in.
    NewPassword,
    /// A password hash made elsewhere takes the place of what there was.
    Import,
    /// A person of the operator looks, on the case that was opened by that entry.
    Case(EntryRef),
}

/// Proof that a sign-in of that account was completed; made only here, asked for by the keeper.
#[derive(Debug, Clone, Copy)]
pub struct SignInProof {
    tenant: TenantId,
    account: AccountId,
    request: RequestId,
    at: Moment,
    purpose: ReleasedFor,
    is_program: bool,
}

impl SignInProof {
    /// Whether who signed in asks as a program does, and no page was shown.
    pub const fn is_by_program(&self) -> bool {
        self.is_program
    }

    /// When.
    pub const fn at(&self) -> Moment {
        self.at
    }

    /// The request it was made in.
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// What the key is released for.
    pub const fn purpose(&self) -> ReleasedFor {
        self.purpose
    }

    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The account.
    pub const fn account(&self) -> AccountId {
        self.account
    }
}

/// A new session.
pub struct SignedIn {
    /// The token for the cookie; there is no other copy.
    pub token: SessionToken,
    /// The session's public name.
    pub session: SessionId,
    /// The account.
    pub account: AccountId,
    /// The mark by which the device is known from now on, for a cookie of its own; `None` where nobody typed a password.
    pub device_mark: Option<[u8; MARK_OCTETS]>,
    /// The device's public name, and whether it was known before.
    pub device: Option<(DeviceId, bool)>,
    /// When the session ends at the latest.
    pub until: Moment,
    /// The request that signed in: the token is sent to it and to no other.
    pub request: RequestId,
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedIn(..)")
    }
}

/// The device of a session, as sealed in its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDevice {
    /// What the browser called itself.
    pub name: String,
    /// The known device it is; `None` where nobody typed a password.
    pub device: Option<DeviceId>,
}

/// What is written of a new session's device.
#[derive(Clone, Copy)]
struct Marked {
    mark: [u8; MARK_OCTETS],
    /// Its public name.
    device: DeviceId,
    /// Whether it was known before.
    is_known: bool,
    /// From then on the password alone is enough on it.
    settled: Moment,
}

/// The password was replaced while it was being checked.
enum Remembered<T> {
    Written(T),
    Replaced,
}

impl SubscriberAuthority {
    /// Whether that can be the name of an account: checked before anything is read or hashed for it.
    pub fn is_login(login: &str) -> bool {
        let login = login.trim();
        !login.is_empty() && login.chars().count() <= LONGEST_LOGIN && !login.chars().any(char::is_control)
    }

    async fn row(&self, account: AccountId) -> Result<Option<CredentialRow>, SignInError> {
        Ok(self.credentials.credential(self.tenant, account).await?)
    }

    /// The record of the password of a row; `None` where there is no row or no password.
    fn password_of(
        &self,
        account: AccountId,
        row: Option<&CredentialRow>,
    ) -> Result<Option<PasswordRecord>, SignInError> {
        let Some(sealed) = row.and_then(|row| row.password.as_deref()) else { return Ok(None) };
        let octets = self.keys.open_record(self.tenant, account, RecordKind::Password, sealed);
        let octets = octets.map_err(|_| SignInError::DoesNotOpen)?;
        PasswordRecord::of_octets(&octets).map(Some).ok_or(SignInError::DoesNotOpen)
    }

    fn seal_password(
        &self,
        account: AccountId,
        record: &PasswordRecord,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SignInError> {
        let sealed =
            self.keys.seal_record(self.tenant, account, RecordKind::Password, &record.to_octets(), entropy);
        sealed.map_err(|_| SignInError::DoesNotOpen)
    }

    fn code_of(
        &self,
        account: AccountId,
        row: Option<&CredentialRow>,
    ) -> Result<Option<CodeRecord>, SignInError> {
        let Some(sealed) = row.and_then(|row| row.code.as_deref()) else { return Ok(None) };
        let octets = self.keys.open_record(self.tenant, account, RecordKind::Code, sealed);
        let octets = octets.map_err(|_| SignInError::DoesNotOpen)?;
        CodeRecord::of_octets(&octets).map(Some).ok_or(SignInError::DoesNotOpen)
    }

    /// Changes what is sealed of a password and leaves the password as it is. Where somebody else wrote in between it
    /// is read and changed again, as long as it is the same password.
    async fn remember<T>(
        &self,
        account: AccountId,
        mut row: CredentialRow,
        mut record: PasswordRecord,
        entropy: &dyn Entropy,
        change: impl Fn(&mut PasswordRecord) -> T,
    ) -> Result<Remembered<(CredentialRow, T)>, SignInError> {
        for _ in 0..READ_AGAIN {
            let hash = record.hash();
            let done = change(&mut record);
            let password = Some(self.seal_password(account, &record, entropy)?);
            let changed = CredentialRow { password, ..row.clone() };
            let written = self.credentials.replace_credential(self.tenant, account, changed.clone(), None);
            match written.await {
                Ok(()) => {
                    let row = CredentialRow { version: row.version.saturating_add(1), ..changed };
                    return Ok(Remembered::Written((row, done)));
                }
                Err(RowError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
            let Some(newer) = self.row(account).await? else { return Ok(Remembered::Replaced) };
            let Some(other) = self.password_of(account, Some(&newer))? else {
                return Ok(Remembered::Replaced);
            };
            if other.hash() != hash {
                return Ok(Remembered::Replaced);
            }
            (row, record) = (newer, other);
        }
        Err(SignInError::Busy)
    }

    /// Does that work, and lets a refusal leave at a whole multiple of the answer's time after it came: what was computed
    /// for it cannot be told from when it comes.
    async fn at_its_time<T: Send, E: Send>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let came = Instant::now();
        let result = work.await;
        let slot = Duration::from_millis(self.tries.bounds().answer_millis);
        #[cfg(honnin_faults)]
        let slot = crate::planted::slot(slot);
        if result.is_err() && !slot.is_zero() {
            let slots = came.elapsed().as_nanos().div_ceil(slot.as_nanos()).max(1);
            let slots = u32::try_from(slots).unwrap_or(u32::MAX);
            tokio::time::sleep_until(came + slot.saturating_mul(slots)).await;
        }
        result
    }

    /// Devices that are known by the password of the session's account.
    ///
    /// # Errors
    /// [`SignInError`] where the store does not answer or the record does not open.
    pub async fn known_devices(&self, session: &Session) -> Result<Vec<KnownDevice>, SignInError> {
        let row = self.row(session.account()).await?;
        let record = self.password_of(session.account(), row.as_ref())?;
        Ok(record.map(|record| record.known).unwrap_or_default())
    }

    /// Makes devices strangers again: their marks are worth nothing from now on. Whether there were any such.
    ///
    /// # Errors
    /// [`SignInError`] where the store does not answer or the record does not open.
    pub async fn forget_devices(&self, session: &Session, which: Forget) -> Result<bool, SignInError> {
        let account = session.account();
        let Some(row) = self.row(account).await? else { return Ok(false) };
        let Some(mut record) = self.password_of(account, Some(&row))? else { return Ok(false) };
        if !record.forget(which) {
            return Ok(false);
        }
        let change = |record: &mut PasswordRecord| {
            record.forget(which);
        };
        // A password that was replaced has ended all marks by itself.
        self.remember(account, row, record, session.entropy(), change).await.map(|_| true)
    }

    /// Signs an account in without a password: for the demo, for load tools, and for the canaries that look at the
    /// public path. At the operator's own hands only.
    ///
    /// # Errors
    /// As [`Self::sign_in`]; [`SignInError::Wrong`] where the ledger knows no such account.
    pub async fn sign_in_without_password(
        &self,
        permit: &Permit<Operate>,
        login: &str,
        device: NewDevice,
        entropy: &dyn Entropy,
    ) -> Result<SignedIn, SignInError> {
        let account = self.keys.account_of(self.tenant, login.trim());
        let row = self.credentials.credential(self.tenant, account).await?.ok_or(SignInError::Wrong)?;
        let entered = begin::Entered::of(&device, ProvenBy::Operator, None);
        self.begin_session((account, permit.request()), row, entered, permit.at(), entropy).await
    }

    /// Writes a credential that takes the place of another: all sessions end and the account key is a new one, so that
    /// nothing that was begun with the old one goes on. Gives the row as it is then.
    async fn replace_password(
        &self,
        proof: &SignInProof,
        row: CredentialRow,
        told: Option<Moment>,
        entropy: &dyn Entropy,
    ) -> Result<CredentialRow, SignInError> {
        let SignInProof { tenant, account, .. } = *proof;
        let (_, ring) = self.released(proof, &row).await?;
        let ending = Ending { keep: None, shown: None, credential: true, told };
        let keys = self.new_keys(account, (&row, &ring), ending, entropy).map_err(closed)?;
        let after = CredentialRow {
            epoch: keys.epoch,
            account_key: keys.account_key.clone(),
            ring: keys.ring.sealed.clone(),
            ring_version: row.ring_version.saturating_add(1),
            version: row.version.saturating_add(1),
            ..row.clone()
        };
        self.credentials.replace_credential(tenant, account, row, Some(keys)).await?;
        Ok(after)
    }

    async fn released(
        &self,
        proof: &SignInProof,
        row: &CredentialRow,
    ) -> Result<(AccountKey, Ring), SignInError> {
        let key = self.keys.release(proof, &row.account_key, row.epoch).await;
        let key = key.map_err(|error| match error {
            ReleaseError::DoesNotOpen => SignInError::DoesNotOpen,
            ReleaseError::NotRecorded => SignInError::Rows(RowError::Unavailable),
            ReleaseError::TooOften(seconds) => SignInError::Delayed(seconds),
        })?;
        let ring = Ring::open((proof.tenant, proof.account, row.epoch), &key, &row.ring).map_err(closed)?;
        Ok((key, ring))
    }
}

const fn of_session(error: SessionError) -> SignInError {
    match error {
        SessionError::Rows(error) => SignInError::Rows(error),
        SessionError::Unknown => SignInError::Wrong,
        SessionError::DoesNotOpen { .. } | SessionError::Foreign => SignInError::DoesNotOpen,
    }
}

fn closed(_: OpenError) -> SignInError {
    SignInError::DoesNotOpen
}

impl Document for SessionDevice {
    const KIND: &'static str = "device";
    const SCHEMA: u16 = 2;
}

impl Permit<ManageSessions> {
    /// A session's device.
    ///
    /// # Errors
    /// [`crate::DocumentError`]; an alarm.
    pub fn device(&self, row: &SessionRow) -> Result<SessionDevice, crate::DocumentError> {
        let (owner, device) = open_with(self.ring()?, self.subject(), row.session.octets(), &row.device)?;
        if owner.is_of(self.subject()) { Ok(device) } else { Err(DocumentError::Malformed) }
    }
}
