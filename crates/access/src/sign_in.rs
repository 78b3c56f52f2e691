//! Sign-in, activation by one-time code, and what a completed sign-in gives.
//!
//! Nothing personal is looked up before sign-in completes: the credential row of the account is the only row read.
//! A name nobody has and a wrong password take the same way and give the same answer.

use std::fmt;

use honnin_seal::{OpenError, PasswordHash, PasswordVerdict, SessionKey, SessionToken};
use honnin_terms::{AccountId, DeviceId, Entropy, Id, Moment, RequestId, SessionId, Stream, TenantId};
use serde::{Deserialize, Serialize};

use crate::account::CodeRecord;
use crate::document::{open_with, seal_document};
use crate::ending::{ATTEMPTS, Ending};
use crate::permit::{ManageSessions, Operate};
use crate::ports::{CredentialRow, RowError, SessionRow};
use crate::ring::{FIRST_EPOCH, Ring};
use crate::session::{Inside, session_place};
use crate::{
    CodeText, DelayBounds, Document, DocumentError, HashPool, OwnerTag, PasswordRefused, PasswordRules,
    Permit, Session, SessionLimits, Source, SubscriberAuthority,
};

/// Settings of sign-in.
#[derive(Debug)]
pub struct SignInSettings {
    /// Limits of sessions.
    pub session_limits: SessionLimits,
    /// Rules of new passwords.
    pub password_rules: PasswordRules,
    /// How long a one-time code can be used, in seconds.
    pub code_seconds: i64,
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

/// Proof that a sign-in of that account was completed; made only here, asked for by the keeper.
#[derive(Debug)]
pub struct SignInProof {
    tenant: TenantId,
    account: AccountId,
    request: RequestId,
}

impl SignInProof {
    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The account.
    pub const fn account(&self) -> AccountId {
        self.account
    }
}

/// A one-time code that is not valid yet.
pub struct Invitation {
    account: AccountId,
    code: CodeText,
    until: Moment,
    row: CredentialRow,
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invitation(..)")
    }
}

impl Invitation {
    /// The account.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The code.
    pub const fn code(&self) -> &CodeText {
        &self.code
    }

    /// When it expires.
    pub const fn until(&self) -> Moment {
        self.until
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
    /// The mark of a known device, for a cookie of its own.
    pub device_mark: [u8; 16],
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

/// The hash a password is compared with where there is none, so that both ways cost the same.
fn dummy(pool_cost: honnin_seal::HashCost) -> Option<PasswordHash> {
    let honnin_seal::HashCost { memory_kib, passes, lanes } = pool_cost;
    let text = format!(
        "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    );
    PasswordHash::parse(&text).ok()
}

impl SubscriberAuthority {
    /// The source of a sign-in: a known device where the mark is the account's own.
    pub fn source_of(&self, login: &str, mark: Option<[u8; 16]>, address_prefix: u64) -> Source {
        let account = self.keys.account_of(self.tenant, login.trim());
        let expected = self.keys.device_mark(self.tenant, account);
        match mark {
            Some(mark) if honnin_seal::same_octets(&mark, &expected) => Source::KnownDevice,
            _ => Source::Stranger(address_prefix),
        }
    }

    /// Signs in by password.
    ///
    /// # Errors
    /// [`SignInError`]; the same for a name nobody has as for a wrong password.
    pub async fn sign_in(&self, request: SignIn<'_>) -> Result<SignedIn, SignInError> {
        let SignIn { login, password, device, now, stream } = request;
        let account = self.keys.account_of(self.tenant, login.trim());
        self.not_delayed(account, device.source, now)?;
        let row = self.credentials.credential(self.tenant, account).await?;
        let stored = row.as_ref().and_then(|row| row.password.as_deref());
        let stored = stored.map(|sealed| self.keys.open_password(self.tenant, account, sealed)).transpose();
        let stored = stored.map_err(|_| SignInError::DoesNotOpen)?;
        let verdict = self.verify(stored, password).await?;
        let (Some(row), true) = (row, verdict != PasswordVerdict::Wrong) else {
            self.delays.count(account, device.source, now);
            return Err(SignInError::Wrong);
        };
        self.delays.clear(account, device.source);
        if verdict == PasswordVerdict::RightButOld {
            self.renew_hash(account, &row, password, stream).await;
        }
        let proof = SignInProof { tenant: self.tenant, account, request: stream.request() };
        self.begin_session(&proof, row, device, now, stream).await
    }

    /// Asks a signed-in person for her password again, before an act that a borrowed browser must not do.
    ///
    /// Wrong answers are counted for this session alone: whoever has it slows nobody else down.
    ///
    /// # Errors
    /// [`SignInError`] as for a sign-in.
    pub(crate) async fn confirm_password(
        &self,
        session: &Session,
        password: &str,
    ) -> Result<(), SignInError> {
        let (account, now) = (session.account(), session.at());
        let first = session.id().octets().first_chunk::<8>().map_or(0, |octets| u64::from_be_bytes(*octets));
        let source = Source::Stranger(first);
        self.not_delayed(account, source, now)?;
        let row = self.credentials.credential(self.tenant, account).await?;
        let sealed = row.and_then(|row| row.password);
        let stored = sealed.map(|sealed| self.keys.open_password(self.tenant, account, &sealed)).transpose();
        let stored = stored.map_err(|_| SignInError::DoesNotOpen)?;
        if self.verify(stored, password).await? == PasswordVerdict::Wrong {
            self.delays.count(account, source, now);
            return Err(SignInError::Wrong);
        }
        self.delays.clear(account, source);
        Ok(())
    }

    async fn verify(
        &self,
        stored: Option<PasswordHash>,
        password: &str,
    ) -> Result<PasswordVerdict, SignInError> {
        let known = stored.is_some();
        let hash = stored.or_else(|| dummy(self.pool.cost())).ok_or(SignInError::DoesNotOpen)?;
        let password = zeroize::Zeroizing::new(password.to_owned());
        let verdict = self.pool.run(move |hasher| hasher.verify(&hash, password.as_bytes())).await;
        let verdict = verdict.map_err(|_| SignInError::Busy)?.map_err(|_| SignInError::DoesNotOpen)?;
        Ok(if known { verdict } else { PasswordVerdict::Wrong })
    }

    fn not_delayed(&self, account: AccountId, source: Source, now: Moment) -> Result<(), SignInError> {
        match self.delays.wait_seconds(account, source, now) {
            0 => Ok(()),
            seconds => Err(SignInError::Delayed(seconds)),
        }
    }

    /// Replaces an imported or cheaper hash after its first right use; where that fails the old one stays good.
    async fn renew_hash(&self, account: AccountId, row: &CredentialRow, password: &str, stream: &Stream) {
        let renewed = self.hash(password, stream).await.ok();
        let seal = |hash| self.keys.seal_password(self.tenant, account, &hash, stream).ok();
        let sealed = renewed.and_then(seal);
        let Some(sealed) = sealed else { return };
        let row = CredentialRow { password: Some(sealed), ..row.clone() };
        if self.credentials.replace_credential(self.tenant, account, row, None).await.is_err() {
            tracing::warn!(request = %stream.request(), "could not renew a password hash; the old one stays");
        }
    }

    async fn hash(&self, password: &str, stream: &Stream) -> Result<PasswordHash, SignInError> {
        let password = zeroize::Zeroizing::new(password.to_owned());
        let stream = stream.clone();
        let hash = self.pool.run(move |hasher| hasher.hash(password.as_bytes(), &stream)).await;
        hash.map_err(|_| SignInError::Busy)?.map_err(|_| SignInError::DoesNotOpen)
    }

    /// Sets a new password by one-time code, ends all sessions of the account and signs in.
    ///
    /// # Errors
    /// [`ActivateError`]; the same for a name nobody has as for a wrong code.
    pub async fn activate(&self, request: SignIn<'_>, code: &str) -> Result<SignedIn, ActivateError> {
        let SignIn { login, password, device, now, stream } = request;
        let account = self.keys.account_of(self.tenant, login.trim());
        self.not_delayed(account, device.source, now)?;
        self.password_rules.check(login.trim(), password)?;
        let row = self.credentials.credential(self.tenant, account).await?;
        let sealed = row.as_ref().and_then(|row| row.code.as_deref());
        let opened = sealed.map(|sealed| self.keys.open_code(self.tenant, account, sealed)).transpose();
        let record = opened.map_err(|_| SignInError::DoesNotOpen)?.as_deref().and_then(CodeRecord::of_octets);
        // The hash is computed in any case, so that both ways cost the same.
        let hash = self.hash(password, stream).await?;
        let right = record.as_ref().is_some_and(|record| record.is(code, now));
        let (Some(row), true) = (row.clone(), right) else {
            self.delays.count(account, device.source, now);
            if let (Some(row), Some(record)) = (row, record) {
                self.note_wrong_code(account, row, record, stream).await?;
            }
            return Err(ActivateError::Wrong);
        };
        let password = self.keys.seal_password(self.tenant, account, &hash, stream);
        let password = password.map_err(|_| SignInError::DoesNotOpen)?;
        let proof = SignInProof { tenant: self.tenant, account, request: stream.request() };
        let changed = CredentialRow { password: Some(password), code: None, ..row };
        let changed = self.replace_password(&proof, changed, Some(now), stream).await?;
        self.delays.clear(account, device.source);
        Ok(self.begin_session(&proof, changed, device, now, stream).await?)
    }

    async fn note_wrong_code(
        &self,
        account: AccountId,
        row: CredentialRow,
        record: CodeRecord,
        stream: &Stream,
    ) -> Result<(), SignInError> {
        let octets = record.after_wrong_try().to_octets();
        let code = self.keys.seal_code(self.tenant, account, &octets, stream);
        let code = code.map_err(|_| SignInError::DoesNotOpen)?;
        let row = CredentialRow { code: Some(code), ..row };
        match self.credentials.replace_credential(self.tenant, account, row, None).await {
            // Another try was counted in between; the delay has counted this one.
            Ok(()) | Err(RowError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A one-time code for an account: for activation, or for a forgotten password. `None` where the ledger knows no
    /// such account. Nothing is changed before [`Self::issue`]: whoever asks writes the code out first, so that a code
    /// nobody has seen voids no earlier one.
    ///
    /// # Errors
    /// [`SignInError`] where the store does not answer or a record cannot be sealed.
    pub async fn invitation(
        &self,
        permit: &Permit<Operate>,
        login: &str,
        entropy: &dyn Entropy,
    ) -> Result<Option<Invitation>, SignInError> {
        let account = self.keys.account_of(self.tenant, login.trim());
        let Some(row) = self.credentials.credential(self.tenant, account).await? else { return Ok(None) };
        let until = permit.at().plus_seconds(self.code_seconds);
        let (code, record) = CodeRecord::issue(entropy, until);
        let sealed = self.keys.seal_code(self.tenant, account, &record.to_octets(), entropy);
        let row = CredentialRow { code: Some(sealed.map_err(|_| SignInError::DoesNotOpen)?), ..row };
        Ok(Some(Invitation { account, code, until, row }))
    }

    /// Makes the code of an invitation valid; an earlier one is void from then on.
    ///
    /// # Errors
    /// As [`Self::invitation`]; nothing was changed then.
    pub async fn issue(&self, invitation: Invitation) -> Result<(), SignInError> {
        let Invitation { account, row, .. } = invitation;
        Ok(self.credentials.replace_credential(self.tenant, account, row, None).await?)
    }

    /// Takes over a password hash made elsewhere; `false` where the ledger knows no such account.
    ///
    /// # Errors
    /// As [`Self::invite`].
    pub async fn import_password(
        &self,
        _permit: &Permit<Operate>,
        login: &str,
        hash: &PasswordHash,
        entropy: &dyn Entropy,
    ) -> Result<bool, SignInError> {
        let account = self.keys.account_of(self.tenant, login.trim());
        let Some(row) = self.credentials.credential(self.tenant, account).await? else { return Ok(false) };
        let sealed = self.keys.seal_password(self.tenant, account, hash, entropy);
        let sealed = sealed.map_err(|_| SignInError::DoesNotOpen)?;
        let row = CredentialRow { password: Some(sealed), ..row };
        self.credentials.replace_credential(self.tenant, account, row, None).await?;
        Ok(true)
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
        let proof = SignInProof { tenant: self.tenant, account, request: permit.request() };
        self.begin_session(&proof, row, device, permit.at(), entropy).await
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
        let (_, ring) = self.released(proof, &row)?;
        let ending = Ending { keep: None, credential: true, told };
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

    fn released(
        &self,
        proof: &SignInProof,
        row: &CredentialRow,
    ) -> Result<(honnin_seal::AccountKey, Ring), SignInError> {
        let key = self.keys.release(proof, &row.account_key, row.epoch).map_err(closed)?;
        let ring = Ring::open((proof.tenant, proof.account, row.epoch), &key, &row.ring).map_err(closed)?;
        Ok((key, ring))
    }

    /// Begins a session with the credential as it was read before it was proven. Where it is another by now, or where
    /// another has just signed in, the row is read again; a session of an older credential is never made.
    async fn begin_session(
        &self,
        proof: &SignInProof,
        mut row: CredentialRow,
        device: NewDevice,
        now: Moment,
        entropy: &dyn Entropy,
    ) -> Result<SignedIn, SignInError> {
        let SignInProof { tenant, account, request } = *proof;
        let token = SessionToken::random(entropy);
        let mut octets = [0; 16];
        entropy.fill(&mut octets);
        let session = SessionId::from_octets(octets);
        let limits = &self.session_limits;
        let until = now.plus_seconds(limits.absolute_seconds);
        let mut proven = None;
        for _ in 0..ATTEMPTS {
            let (key, ring) = self.released(proof, &row)?;
            if *proven.get_or_insert_with(|| ring.credential()) != ring.credential() {
                return Err(SignInError::Wrong);
            }
            let change = ring.with(session, limits.most_per_account);
            let inside = Inside {
                row_hash: token.row_hash(),
                account,
                credential: ring.credential(),
                count: change.ring.count(),
                since: now,
                until,
                last_seen: now,
                device: DeviceId::from_octets(octets),
            };
            let place = session_place(tenant, account, session, row.epoch);
            let by = SessionKey::of_session(&token, session).map_err(closed)?;
            let write = change
                .write((tenant, account, row.epoch), &key, row.ring_version, entropy)
                .map_err(closed)?;
            let owner = OwnerTag { tenant, account, holding: None, position: 0 };
            let name = DeviceName(device.name.clone());
            let device = seal_document(&ring, FIRST_EPOCH, &owner, session.octets(), &name, entropy);
            let written = SessionRow {
                tenant,
                session,
                account,
                epoch: row.epoch,
                sealed: inside.seal(&place, &by, &key, entropy).map_err(closed)?,
                ring_version: row.ring_version.saturating_add(1),
                since: now,
                last_seen: now,
                until,
                device: device.map_err(|_| SignInError::DoesNotOpen)?,
            };
            match self.sessions.insert_session(token.row_hash(), written, write).await {
                Ok(()) => {
                    let device_mark = self.keys.device_mark(tenant, account);
                    return Ok(SignedIn { token, session, account, device_mark, until, request });
                }
                Err(RowError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
            row = self.credentials.credential(tenant, account).await?.ok_or(SignInError::Wrong)?;
        }
        Err(RowError::Conflict.into())
    }
}

fn closed(_: OpenError) -> SignInError {
    SignInError::DoesNotOpen
}

/// The name of a session's device; its row is the session's public name.
#[derive(Serialize, Deserialize)]
struct DeviceName(String);

impl Document for DeviceName {
    const KIND: &'static str = "device";
    const SCHEMA: u16 = 1;
}

impl Permit<ManageSessions> {
    /// The name of a session's device.
    ///
    /// # Errors
    /// [`crate::DocumentError`]; an alarm.
    pub fn device_name(&self, row: &SessionRow) -> Result<String, crate::DocumentError> {
        let (owner, DeviceName(name)) =
            open_with(self.ring()?, self.subject(), row.session.octets(), &row.device)?;
        if owner.is_of(self.subject()) { Ok(name) } else { Err(DocumentError::Malformed) }
    }
}
