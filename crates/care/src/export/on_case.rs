//! An export for a request that came to the operator, on paper or by a court: the same as the subscriber's own, by the same
//! gate, on the basis of a support case. It lies on no shelf: it is made when it is asked for, and handed over at once.

use honnin_access::{Operate, Permit, Session, SignInError, SupportCase};
use honnin_seal::SessionToken;
use honnin_terms::{AccountId, Stream};

use super::{ExportFault, Held};
use crate::care::{Care, Error, permitted};
use crate::{Channel, Disclosed, What};

/// Why an export on a case was not made. Nothing has left then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotExported {
    /// As for all use cases.
    #[error(transparent)]
    Refused(#[from] Error),
    /// It was not put together; the log says more.
    #[error("it was not put together ({})", .0.word())]
    Fault(ExportFault),
}

impl Care {
    /// A look at an account on a support case, and the token its answers are made for; `None` where there is no such account.
    /// The permit is given at the operator's own hands only.
    ///
    /// # Errors
    /// [`SignInError`] where the store does not answer, what is stored does not open, or the keeper releases no key.
    pub async fn look_on_case(
        &self,
        permit: &Permit<Operate>,
        account: AccountId,
        case: SupportCase<'_>,
        stream: Stream,
    ) -> Result<Option<(Session, SessionToken)>, SignInError> {
        self.parts.subscriber.look_on_case(permit, account, case, stream).await
    }

    /// Everything held of the account that is looked at on a case, let out to the person of the operator who looks.
    ///
    /// # Errors
    /// [`NotExported`]; nothing has left then.
    pub async fn export_on_case(&self, session: &Session) -> Result<Disclosed<Held>, NotExported> {
        permitted(self.parts.subscriber.export(session))?;
        // Before anything is opened: what is stopped for her pages is stopped here.
        self.house().shows(session.account()).await.map_err(Error::Closed)?;
        let deadline = self.now().plus_seconds(self.parts.exports.bounds.deadline_seconds);
        let held = self.gather(session, deadline).await.map_err(NotExported::Fault)?;
        Ok(self.parts.gate.disclose(session, held, What::Export, Channel::Operator).await?)
    }
}
