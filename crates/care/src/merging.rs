//! An owner's consent to a merge of accounts. The merge itself is the operator's act, at the command line.

use honnin_access::{AgreeError as Refused, Consent, MergeSide, Owned, SessionError, SignInError};

use crate::care::{Care, Error, Visit};
use crate::facts::{Agreement, Shown};
use crate::{Disclosed, What};

/// Why a consent was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgreeError {
    /// The password is wrong, or cannot be checked now.
    #[error("agree to a merge: the password is not confirmed")]
    Password(SignInError),
    /// As all use cases.
    #[error(transparent)]
    Care(#[from] Error),
}

impl Care {
    /// Takes the signed-in owner's consent to one side of a merge and shows her the code for it. Her password is asked
    /// for again, because a borrowed browser must not agree.
    ///
    /// # Errors
    /// [`AgreeError`].
    pub async fn agree_to_merge(
        &self,
        visit: Visit<'_>,
        password: &str,
        side: MergeSide,
    ) -> Result<Disclosed<Shown<Agreement>>, AgreeError> {
        let session = visit.session;
        let given = match self.parts.subscriber.consent_to_merge(session, password, side).await {
            Ok(given) => given.ok_or(Error::NotThere)?,
            Err(Refused::Password(error)) => return Err(AgreeError::Password(error)),
            Err(Refused::Session(SessionError::DoesNotOpen)) => Err(self.does_not_open(session))?,
            Err(Refused::Session(SessionError::Unknown)) => Err(Error::SignedOut)?,
            Err(Refused::Session(SessionError::Rows(error))) => Err(Error::from(error))?,
        };
        let Consent { row: (permit, row), code, side, until } = given;
        self.parts.store.put_consent(&permit, row).await.map_err(Error::from)?;
        let agreement = Agreement { code: code.reveal().to_owned(), side, until };
        Ok(self.show(visit, What::MergeConsent, Owned::of_permit(&permit, agreement)).await?)
    }
}
