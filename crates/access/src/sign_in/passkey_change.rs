//! The passkeys an account has: making one, taking one away.
//!
//! Making one ends nothing. Taking one away ends every other session and makes other devices strangers, as a new password
//! does: what was begun by it would go on, and who takes a passkey away does so because somebody else has it.

use data_encoding::BASE64URL_NOPAD;
use honnin_terms::{LineName, PasskeyId};

use super::ceremony::{Asked, Made, PasskeyMade, handle_of};
use super::device::PasswordRecord;
use super::passkey_record::{Added, MOST_PASSKEYS, PasskeyState};
use super::{Forget, READ_AGAIN, Remembered, SignInError, of_session};
use crate::ending::Ending;
use crate::permit::ManagePasskeys;
use crate::ports::{CredentialRow, RowError};
use crate::{Permit, Session, SubscriberAuthority};

/// What a browser is asked for to make a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPasskey {
    /// What it is to sign (base64url).
    pub challenge: String,
    /// How it names the account (base64url).
    pub handle: String,
    /// The name a device shows beside it.
    pub login: String,
    /// What authenticators call those there are (base64url): none of them makes a second.
    pub there: Vec<String>,
}

/// Why a passkey is not made or taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// What was sent is not taken, or cannot be looked at now.
    #[error("make a passkey: what was sent is not taken")]
    SignIn(#[from] SignInError),
    /// There are as many as may be.
    #[error("make a passkey: there are as many as may be; take one away first")]
    Full,
    /// There are none here.
    #[error("make a passkey: the operator has none")]
    NotOffered,
}

impl SubscriberAuthority {
    /// Her passkeys, those that were made first in front.
    ///
    /// # Errors
    /// [`SignInError`] where the store does not answer or the record does not open.
    pub async fn passkeys(&self, session: &Session) -> Result<Vec<PasskeyState>, SignInError> {
        let row = self.row(session.account()).await?;
        let record = self.password_of(session.account(), row.as_ref())?;
        let credential = session.keys().ring.credential();
        Ok(record.map(|record| record.passkeys.states(credential)).unwrap_or_default())
    }

    /// What is asked of a browser for one passkey more; `None` where there are none here, and where there are as many as
    /// may be.
    ///
    /// # Errors
    /// As [`Self::passkeys`].
    pub async fn new_passkey(
        &self,
        _permit: &Permit<ManagePasskeys>,
        session: &Session,
    ) -> Result<Option<NewPasskey>, SignInError> {
        let account = session.account();
        let row = self.row(account).await?;
        let record = self.password_of(account, row.as_ref())?;
        let (Some(_), Some(record)) = (&self.passkeys, record) else { return Ok(None) };
        let ids = record.passkeys.ids(session.keys().ring.credential());
        let there: Vec<_> = ids.map(|id| BASE64URL_NOPAD.encode(id)).collect();
        if there.len() >= MOST_PASSKEYS {
            return Ok(None);
        }
        let asked = Asked::Make(account, session.id());
        let challenge = self.challenge(asked, session.at(), session.entropy())?;
        let challenge = challenge.reveal().to_owned();
        Ok(Some(NewPasskey { challenge, handle: handle_of(account), login: record.login, there }))
    }

    /// Reads what a browser has made; whoever asks writes it down before it is kept.
    ///
    /// # Errors
    /// [`PasskeyError`]; [`SignInError::StartOver`] where its challenge is none of this session's, or too old.
    pub fn prove_passkey(
        &self,
        _permit: &Permit<ManagePasskeys>,
        session: &Session,
        made: &PasskeyMade<'_>,
    ) -> Result<PasskeyProof, PasskeyError> {
        let site = self.passkeys.as_ref().ok_or(PasskeyError::NotOffered)?;
        let made = Made::read(made, site).ok_or(SignInError::Wrong)?;
        self.given(Asked::Make(session.account(), session.id()), &made.challenge, session.at())?;
        Ok(PasskeyProof(made))
    }

    /// Keeps it. The same once more changes nothing.
    ///
    /// # Errors
    /// [`PasskeyError`]; there is no new one then.
    pub async fn add_passkey(
        &self,
        session: &Session,
        PasskeyProof(made): PasskeyProof,
        name: &LineName,
    ) -> Result<(), PasskeyError> {
        let account = session.account();
        let row = self.row(account).await?;
        let record = self.password_of(account, row.as_ref())?;
        let (row, record) = row.zip(record).ok_or(SignInError::StartOver)?;
        let of = (session.at(), session.keys().ring.credential());
        let change = |record: &mut PasswordRecord| record.passkeys.add(&made, name.as_str(), of);
        match self.remember(account, row, record, session.entropy(), change).await? {
            Remembered::Written((_, Added::Done)) => Ok(()),
            Remembered::Written((_, Added::Full)) => Err(PasskeyError::Full),
            Remembered::Written((_, Added::Late)) | Remembered::Replaced => {
                Err(SignInError::StartOver.into())
            }
        }
    }

    /// Takes one away: all other sessions end. `false` where she has no such one.
    ///
    /// # Errors
    /// [`SignInError`]; nothing has changed then.
    pub async fn remove_passkey(
        &self,
        _permit: &Permit<ManagePasskeys>,
        session: &Session,
        passkey: PasskeyId,
    ) -> Result<bool, SignInError> {
        let (account, entropy) = (session.account(), session.entropy());
        for _ in 0..READ_AGAIN {
            let current = self.current(session).await.map_err(of_session)?;
            let current = current.filter(|(_, ring)| ring.kind_of(session.id()).is_some());
            let Some((row, ring)) = current else { return Err(SignInError::StartOver) };
            let Some(mut record) = self.password_of(account, Some(&row))? else { return Ok(false) };
            if !record.passkeys.remove(passkey, ring.credential()) {
                return Ok(false);
            }
            record.forget(Forget::AllBut(Some(session.device())));
            let password = Some(self.seal_password(account, &record, entropy)?);
            let ending = Ending { keep: Some(session), shown: None, credential: true, told: None };
            let keys = self.new_keys(account, (&row, &ring), ending, entropy);
            let keys = keys.map_err(|_| SignInError::DoesNotOpen)?;
            let row = CredentialRow { password, ..row };
            match self.credentials.replace_credential(session.tenant(), account, row, Some(keys)).await {
                Ok(()) => return Ok(true),
                Err(RowError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(SignInError::Busy)
    }
}

/// That a passkey was made in this session, for our host: what was sent, read.
pub struct PasskeyProof(Made);

impl std::fmt::Debug for PasskeyProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasskeyProof(..)")
    }
}
