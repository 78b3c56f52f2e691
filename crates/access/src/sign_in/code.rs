//! A new password by one-time code.

use std::fmt;

use honnin_seal::PasswordVerdict;
use honnin_terms::{AccountId, Entropy, Moment};

use super::begin::Entered;
use super::device::PasswordRecord;
use super::{
    ActivateError, CodeRecord, CodeText, LONGEST_PASSWORD, ProvenBy, READ_AGAIN, ReleasedFor, Remembered,
    SignIn, SignInError, SignInProof, SignedIn,
};
use crate::delay::Lane;
use crate::passwords::Typed;
use crate::permit::Operate;
use crate::pool::turns::{Rank, Share, Who};
use crate::ports::{CredentialRow, RecordKind, RowError};
use crate::{Permit, SubscriberAuthority};

impl SubscriberAuthority {
    /// Sets a new password by one-time code, ends all sessions of the account and signs in.
    ///
    /// Nothing is hashed before the code is right. A form that was sent twice is answered twice alike.
    ///
    /// # Errors
    /// [`ActivateError`]; the same for a name nobody has as for a wrong code.
    pub async fn activate(&self, request: SignIn<'_>, code: &str) -> Result<SignedIn, ActivateError> {
        self.at_its_time(self.activate_now(&request, code)).await
    }

    async fn activate_now(&self, request: &SignIn<'_>, code: &str) -> Result<SignedIn, ActivateError> {
        let SignIn { login, password, device, now, stream } = request;
        if !Self::is_login(login) || password.chars().count() > LONGEST_PASSWORD {
            return Err(ActivateError::Wrong);
        }
        let account = self.account_of(login);
        let typed = Typed::new(password);
        let (request, purpose) = (stream.request(), ReleasedFor::Activation);
        let is_program = device.is_program;
        let proof = SignInProof { tenant: self.tenant, account, request, at: *now, purpose, is_program };
        let who = Who { share: Share::Code, rank: Rank::First, is_fresh: true, source: device.source };
        for _ in 0..READ_AGAIN {
            let row = self.row(account).await?;
            let record = self.code_of(account, row.as_ref())?.filter(|record| record.was(code, *now));
            let (Some(row), Some(record)) = (row, record) else { return Err(ActivateError::Wrong) };
            let stored = self.password_of(account, Some(&row))?;
            let (row, marked, by) = if record.is(code, *now) {
                let by = ProvenBy::OneTimeCode;
                self.password_rules.check(login.trim(), password)?;
                let hash = self.hash(who, &typed, stream).await?;
                // A code that takes a lost second factor away was made for that, by the operator.
                let before = stored.filter(|_| !record.lifts_factor());
                let mut new = PasswordRecord::new(login, hash, before);
                let more = self.after_password(account, &new, (device, by, *now), *stream);
                // Who is asked for more is given no mark yet, and a device that nobody has the mark of is not known.
                let marked = more.map(|()| new.mark(device, (*now, *now), *stream));
                let password = Some(self.seal_password(account, &new, *stream)?);
                let used = self.keys.seal_record(
                    self.tenant,
                    account,
                    RecordKind::Code,
                    &record.after_use().to_octets(),
                    *stream,
                );
                let code = Some(used.map_err(|_| SignInError::DoesNotOpen)?);
                let changed = CredentialRow { password, code, ..row };
                match self.replace_password(&proof, changed, Some(*now), *stream).await {
                    Ok(row) => (row, marked?, by),
                    // Most likely the same form, sent twice: what it made true is looked at.
                    Err(SignInError::Rows(RowError::Conflict)) => continue,
                    Err(error) => return Err(error.into()),
                }
            } else {
                // The code was used. If it was for this very password there is nothing left to do but to sign in, by that
                // password: a code proves something once.
                let by = ProvenBy::Password;
                let entered = self.held(account, Lane::Stranger(device.source), *now).await?;
                let hash = stored.as_ref().map(PasswordRecord::hash);
                let verdict = self.verify(who, &entered, hash, &typed).await?;
                let (Some(stored), true) = (stored, verdict != PasswordVerdict::Wrong) else {
                    return Err(ActivateError::Wrong);
                };
                entered.right();
                self.after_password(account, &stored, (device, by, *now), *stream)?;
                let nothing = (None, *now);
                match self.remembered(account, row, stored, (device, by), nothing, *stream).await? {
                    Remembered::Written((row, marked)) => (row, marked, by),
                    Remembered::Replaced => continue,
                }
            };
            let who = (account, request);
            let entered = Entered { marked: Some(marked), ..Entered::of(device, by, None) };
            match self.begin_session(who, row, entered, *now, *stream).await {
                Err(SignInError::Rows(RowError::Conflict)) => {}
                other => return Ok(other?),
            }
        }
        Err(SignInError::Busy.into())
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
        self.invited(permit, login, false, entropy).await
    }

    /// The same for who has lost her second factor and its recovery codes: the code takes it away with the password.
    ///
    /// # Errors
    /// As [`Self::invitation`].
    pub async fn invitation_without_factor(
        &self,
        permit: &Permit<Operate>,
        login: &str,
        entropy: &dyn Entropy,
    ) -> Result<Option<Invitation>, SignInError> {
        self.invited(permit, login, true, entropy).await
    }

    async fn invited(
        &self,
        permit: &Permit<Operate>,
        login: &str,
        lifts_factor: bool,
        entropy: &dyn Entropy,
    ) -> Result<Option<Invitation>, SignInError> {
        let account = self.account_of(login);
        if self.row(account).await?.is_none() {
            return Ok(None);
        }
        let until = permit.at().plus_seconds(self.code_seconds);
        let (code, record) = CodeRecord::issue(entropy, until);
        let record = record.lifting_factor(lifts_factor);
        let sealed =
            self.keys.seal_record(self.tenant, account, RecordKind::Code, &record.to_octets(), entropy);
        let sealed = sealed.map_err(|_| SignInError::DoesNotOpen)?;
        Ok(Some(Invitation { account, code, until, sealed }))
    }

    /// Makes the code of an invitation valid; an earlier one is void from then on.
    ///
    /// # Errors
    /// As [`Self::invitation`]; nothing was changed then.
    pub async fn issue(&self, invitation: Invitation) -> Result<(), SignInError> {
        let Invitation { account, sealed, .. } = invitation;
        for _ in 0..READ_AGAIN {
            let row = self.row(account).await?.ok_or(SignInError::Wrong)?;
            let row = CredentialRow { code: Some(sealed.clone()), ..row };
            match self.credentials.replace_credential(self.tenant, account, row, None).await {
                Err(RowError::Conflict) => {}
                done => return Ok(done?),
            }
        }
        Err(SignInError::Busy)
    }
}

/// A one-time code that is not valid yet.
pub struct Invitation {
    account: AccountId,
    code: CodeText,
    until: Moment,
    sealed: Vec<u8>,
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
