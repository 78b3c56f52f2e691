//! An owner's consent to a merge of accounts. The merge itself is the operator's act, at the command line.

use honnin_access::{Consent, MergeSide, Owned, SignInError};
use honnin_journal::Kind;

use crate::care::{Care, Error, Visit, permitted};
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
        let subscriber = &self.parts.subscriber;
        let permit = permitted(subscriber.agree_to_merge(session))?;
        let given = subscriber.consent_to_merge(session, permit, password, side).await;
        let given = given.map_err(AgreeError::Password)?;
        let Consent { row: (permit, row), code, side, until } = given;
        self.about_to(visit, (Kind::Changed, Some(What::MergeConsent)), String::new()).await?;
        self.parts.store.put_consent(&permit, row).await.map_err(Error::from)?;
        let agreement = Agreement { code: code.reveal().to_owned(), side, until };
        Ok(self.show(visit, What::MergeConsent, Owned::of_permit(&permit, agreement)).await?)
    }
}
