//! Passkeys: signing in by one, showing by one who she is, making one, taking one away.

use honnin_access::{
    MOST_PASSKEYS, NewDevice, Owned, PasskeyChallenge, PasskeyError, PasskeyMade, PasskeyShown,
    PasskeySignIn, Session, SignInError, SignedIn, SubscriberAuthority,
};
use honnin_journal::Kind;
use honnin_terms::{LineName, Moment, PasskeyId, Stream};

use crate::care::{Care, Error, Visit, permitted, proven};
use crate::facts::{Passkeys, Shown};
use crate::sessions::{count, unreadable};
use crate::{Disclosed, What};

/// Why a passkey was not made or taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyRefused {
    /// What was sent is not taken, or there is no room.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// As all use cases.
    #[error(transparent)]
    Care(#[from] Error),
}

impl From<SignInError> for PasskeyRefused {
    fn from(error: SignInError) -> Self {
        Self::Passkey(error.into())
    }
}

impl Care {
    /// The host passkeys are good at; `None` where there are none.
    pub fn passkey_host(&self) -> Option<&str> {
        self.parts.subscriber.passkey_site().map(honnin_access::PasskeySite::host)
    }

    /// What a passkey is to sign so that somebody is signed in, and until when; `None` where there are none.
    ///
    /// # Errors
    /// [`SignInError::DoesNotOpen`] where the cipher refuses.
    pub fn passkey_challenge(
        &self,
        stream: &Stream,
    ) -> Result<Option<(PasskeyChallenge, Moment)>, SignInError> {
        let now = self.now();
        let challenge = self.parts.subscriber.passkey_challenge(now, stream)?;
        Ok(challenge.map(|challenge| (challenge, SubscriberAuthority::challenge_until(now))))
    }

    /// What a passkey is to sign before a dangerous act, and until when; `None` where there are none.
    ///
    /// # Errors
    /// As [`Self::passkey_challenge`].
    pub fn passkey_proof_challenge(
        &self,
        session: &Session,
    ) -> Result<Option<(PasskeyChallenge, Moment)>, SignInError> {
        let challenge = self.parts.subscriber.passkey_proof_challenge(session)?;
        Ok(challenge.map(|challenge| (challenge, SubscriberAuthority::challenge_until(session.at()))))
    }

    /// Signs in by a passkey.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in_by_passkey(
        &self,
        shown: PasskeyShown<'_>,
        device: NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        let now = self.now();
        let request = PasskeySignIn { shown, device: device.clone(), now, stream };
        let result = self.parts.subscriber.sign_in_by_passkey(request).await;
        count("passkey", result.as_ref().err(), stream);
        if let (Err(SignInError::Wrong), Some(account)) = (&result, shown.account()) {
            self.failed_at(account, &device, ("passkey", now, stream)).await;
        }
        result
    }

    /// Gives a signed-in person a fresh proof by a passkey: a new session, which takes the place of hers.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn step_up_by_passkey(
        &self,
        visit: Visit<'_>,
        shown: &PasskeyShown<'_>,
        device: &NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        let result = self.parts.subscriber.step_up_by_passkey(visit.session, shown, device, stream).await;
        self.stepped_up(visit, result, device, stream).await
    }

    /// Her passkeys, and what a browser makes one more by where she has shown who she is.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn passkeys(&self, visit: Visit<'_>) -> Result<Disclosed<Shown<Passkeys>>, Error> {
        let (session, subscriber) = (visit.session, &self.parts.subscriber);
        let permit = permitted(subscriber.manage_sessions(session))?;
        let list = subscriber.passkeys(session).await.map_err(unreadable)?;
        let may_make = subscriber.manage_passkeys(session);
        let new = match &may_make {
            Some(permit) => subscriber.new_passkey(permit, session).await.map_err(unreadable)?,
            None => None,
        };
        let (is_offered, is_proven) = (subscriber.passkey_site().is_some(), may_make.is_some());
        let most = u64::try_from(MOST_PASSKEYS).unwrap_or(u64::MAX);
        let passkeys = Passkeys { list, new, is_offered, is_proven, most };
        self.show(visit, What::Passkeys, Owned::of_permit(&permit, passkeys)).await
    }

    /// Keeps a passkey that a browser has made.
    ///
    /// # Errors
    /// [`PasskeyRefused`]; [`Error::Unproven`] without a fresh proof.
    pub async fn add_passkey(
        &self,
        visit: Visit<'_>,
        made: &PasskeyMade<'_>,
        name: &LineName,
    ) -> Result<(), PasskeyRefused> {
        let (session, subscriber) = (visit.session, &self.parts.subscriber);
        let permit = proven(session, subscriber.manage_passkeys(session))?;
        let proof = subscriber.prove_passkey(&permit, session, made)?;
        self.about_to(visit, (Kind::PasskeyMade, None), name.as_str().to_owned()).await?;
        Ok(subscriber.add_passkey(session, proof, name).await?)
    }

    /// Takes a passkey away. All other sessions end.
    ///
    /// # Errors
    /// [`PasskeyRefused`]; [`Error::NotThere`] where she has no such one, [`Error::Unproven`] without a fresh proof.
    pub async fn remove_passkey(&self, visit: Visit<'_>, passkey: PasskeyId) -> Result<(), PasskeyRefused> {
        let (session, subscriber) = (visit.session, &self.parts.subscriber);
        let permit = proven(session, subscriber.manage_passkeys(session))?;
        let list = subscriber.passkeys(session).await?;
        let kept = list.iter().find(|kept| kept.passkey == passkey).ok_or(Error::NotThere)?;
        self.about_to(visit, (Kind::PasskeyRemoved, None), kept.name.clone()).await?;
        let removed = subscriber.remove_passkey(&permit, session, passkey).await?;
        if removed { Ok(()) } else { Err(Error::NotThere.into()) }
    }
}
