//! Passkeys: signing in by one, and showing by one who she is.
//!
//! Nothing is hashed for it, and nobody waits in the line of the passwords. A passkey is two factors in one: it is in the
//! device, and the device opens it for its owner only. It is made for our host, so that no other page gets an answer that
//! is worth anything here.

use std::fmt;

use honnin_terms::{AccountId, Moment, Stream};

use super::begin::Entered;
use super::ceremony::{Asked, Assertion, PasskeyChallenge, PasskeyShown};
use super::device::PasswordRecord;
use super::passkey_record::NotTaken;
use super::{NewDevice, ProvenBy, Remembered, SignInError, SignedIn};
use crate::ports::CredentialRow;
use crate::{PasskeySite, Session, SessionKind, SubscriberAuthority};

/// One try to sign in by a passkey.
pub struct PasskeySignIn<'a> {
    /// What was sent.
    pub shown: PasskeyShown<'a>,
    /// The device.
    pub device: NewDevice,
    /// Now.
    pub now: Moment,
    /// The request it comes with, whose randomness it draws.
    pub stream: &'a Stream,
}

impl fmt::Debug for PasskeySignIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasskeySignIn(..)")
    }
}

impl From<NotTaken> for SignInError {
    fn from(why: NotTaken) -> Self {
        match why {
            NotTaken::Late => Self::StartOver,
            NotTaken::Copied => Self::Wrong,
        }
    }
}

impl SubscriberAuthority {
    /// Where passkeys are good; `None` where the operator has none.
    pub const fn passkey_site(&self) -> Option<&PasskeySite> {
        self.passkeys.as_ref()
    }

    /// What a passkey is to sign before somebody is signed in; `None` where there are none.
    ///
    /// # Errors
    /// [`SignInError::DoesNotOpen`] where the cipher refuses.
    pub fn passkey_challenge(
        &self,
        now: Moment,
        stream: &Stream,
    ) -> Result<Option<PasskeyChallenge>, SignInError> {
        self.passkeys.as_ref().map(|_| self.challenge(Asked::SignIn, now, stream)).transpose()
    }

    /// What a passkey is to sign before a dangerous act; `None` where there are none.
    ///
    /// # Errors
    /// As [`Self::passkey_challenge`].
    pub fn passkey_proof_challenge(
        &self,
        session: &Session,
    ) -> Result<Option<PasskeyChallenge>, SignInError> {
        let asked = Asked::Prove(session.account(), session.id());
        let challenge = || self.challenge(asked, session.at(), session.entropy());
        self.passkeys.as_ref().map(|_| challenge()).transpose()
    }

    /// Signs in by a passkey. Whose it is, it says itself.
    ///
    /// # Errors
    /// [`SignInError::Wrong`] for one that is not taken, the same whatever is wrong with it; [`SignInError::StartOver`]
    /// where its challenge is none, or can no longer be answered.
    pub async fn sign_in_by_passkey(&self, request: PasskeySignIn<'_>) -> Result<SignedIn, SignInError> {
        self.at_its_time(self.entered_by_passkey(&request)).await
    }

    async fn entered_by_passkey(&self, request: &PasskeySignIn<'_>) -> Result<SignedIn, SignInError> {
        let PasskeySignIn { shown, device, now, stream } = request;
        let account = shown.account().ok_or(SignInError::Wrong)?;
        let kept = |record: &PasswordRecord| record.kept(device.mark);
        // A device on which a passkey has shown her is known from then on.
        let mark = |record: &mut PasswordRecord| {
            kept(record).unwrap_or_else(|| record.mark(device, (*now, *now), *stream))
        };
        let shown = (shown, Asked::SignIn, *now);
        let (row, proven, marked) = self.shown_by_passkey(account, shown, stream, mark).await?;
        let (by, proven) = (ProvenBy::Passkey, Some(proven));
        let entered = Entered { marked: Some(marked), ..Entered::of(device, by, proven) };
        self.begin_session((account, stream.request()), row, entered, *now, *stream).await
    }

    /// Gives a signed-in person a fresh proof by a passkey, as [`Self::step_up`] does by password and code.
    ///
    /// # Errors
    /// As [`Self::sign_in_by_passkey`].
    pub async fn step_up_by_passkey(
        &self,
        session: &Session,
        shown: &PasskeyShown<'_>,
        device: &NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        self.at_its_time(self.stepped_up_by_passkey(session, shown, device, stream)).await
    }

    async fn stepped_up_by_passkey(
        &self,
        session: &Session,
        shown: &PasskeyShown<'_>,
        device: &NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        let (account, now) = (session.account(), session.at());
        // What a token may do asks for no proof, and nobody shows who somebody else is.
        if session.kind() == SessionKind::Token || shown.account() != Some(account) {
            return Err(SignInError::Wrong);
        }
        let shown = (shown, Asked::Prove(account, session.id()), now);
        let kept = |record: &mut PasswordRecord| record.kept(device.mark);
        let (row, proven, marked) = self.shown_by_passkey(account, shown, stream, kept).await?;
        let (by, proven) = (ProvenBy::Passkey, Some(proven));
        let entered = Entered { marked, before: Some(session), ..Entered::of(device, by, proven) };
        self.begin_session((account, stream.request()), row, entered, now, stream).await
    }

    /// Looks at an answer and writes down that it was taken before anybody is told: of two that come at once one is later.
    /// With one that is taken that is done as well. Gives the credential it is of, for the ring to agree.
    async fn shown_by_passkey<T: Send>(
        &self,
        account: AccountId,
        (shown, asked, now): (&PasskeyShown<'_>, Asked, Moment),
        stream: &Stream,
        then: impl Fn(&mut PasswordRecord) -> T + Send + Sync,
    ) -> Result<(CredentialRow, u64, T), SignInError> {
        let site = self.passkeys.as_ref().ok_or(SignInError::Wrong)?;
        let assertion = Assertion::read(shown, site).ok_or(SignInError::Wrong)?;
        let given = self.given(asked, &assertion.challenge, now)?;
        let row = self.row(account).await?;
        let record = self.password_of(account, row.as_ref())?;
        let (row, record) = row.zip(record).ok_or(SignInError::Wrong)?;
        let kept = record.passkeys.find(&assertion.id).filter(|kept| kept.has_signed(&assertion));
        // What is not taken is not written.
        kept.ok_or(SignInError::Wrong)?.may_take(&assertion, given)?;
        let change = |record: &mut PasswordRecord| {
            let of = record.passkeys.of();
            let kept = record.passkeys.find_mut(&assertion.id).ok_or(SignInError::Wrong)?;
            kept.may_take(&assertion, given)?;
            kept.take(&assertion, (given, now));
            Ok((of, then(record)))
        };
        match self.remember(account, row, record, stream, change).await? {
            Remembered::Written((row, taken)) => taken.map(|(of, done)| (row, of, done)),
            Remembered::Replaced => Err(SignInError::StartOver),
        }
    }
}
