//! The second factor: the second step of a sign-in, setting one up, changing it.

use honnin_access::{
    CodeText, FactorChange, FactorError, FactorPolicy, FactorProof, NewDevice, NewFactor, Owned, SecondStep,
    Session, SignInError, SignedIn, Ticket,
};
use honnin_journal::{Act, Details, Kind, Party};
use honnin_terms::Stream;

use crate::care::{Care, Error, Visit, permitted};
use crate::facts::{Factor, Shown};
use crate::recorder::refused_by_journal;
use crate::sessions::{count, unreadable};
use crate::{Channel, Disclosed, What};

/// Why a second factor was not set up or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactorRefused {
    /// It may not be, or what is asked for was not given.
    #[error(transparent)]
    Factor(#[from] FactorError),
    /// As all use cases.
    #[error(transparent)]
    Care(#[from] Error),
}

impl From<SignInError> for FactorRefused {
    fn from(error: SignInError) -> Self {
        Self::Factor(error.into())
    }
}

impl Care {
    /// Signs in by the code that follows a password.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn second_step(
        &self,
        (login, ticket, code): (&str, &Ticket, &str),
        device: NewDevice,
        stream: &Stream,
    ) -> Result<SignedIn, SignInError> {
        let now = self.now();
        let step = SecondStep { login, ticket, code, device: device.clone(), now, stream };
        let result = self.parts.subscriber.second_step(step).await;
        count("second_step", result.as_ref().err(), stream);
        if matches!(result, Err(SignInError::WrongCode)) {
            self.failed(login, &device, ("second factor", now, stream)).await;
        }
        result
    }

    /// The second factor that a sign-in asked to set up first, to show it again.
    ///
    /// # Errors
    /// [`SignInError::StartOver`] where the ticket can no longer be used.
    pub async fn factor_to_be(&self, login: &str, ticket: &Ticket) -> Result<NewFactor, SignInError> {
        let account = self.parts.subscriber.account_of(login);
        self.parts.subscriber.factor_to_be(account, ticket, self.now()).await
    }

    /// The one she is setting up while signed in, to show it again.
    ///
    /// # Errors
    /// As [`Self::factor_to_be`].
    pub async fn own_factor_to_be(
        &self,
        session: &Session,
        ticket: &Ticket,
    ) -> Result<NewFactor, SignInError> {
        self.parts.subscriber.factor_to_be(session.account(), ticket, self.now()).await
    }

    /// Sets up the second factor that a sign-in asked for first, and signs in; with the recovery codes.
    ///
    /// # Errors
    /// [`FactorRefused`].
    pub async fn set_factor_first(
        &self,
        (login, ticket, code): (&str, &Ticket, &str),
        device: NewDevice,
        stream: &Stream,
    ) -> Result<(SignedIn, Vec<CodeText>), FactorRefused> {
        let (subscriber, now) = (&self.parts.subscriber, self.now());
        let account = subscriber.account_of(login);
        let proof = subscriber.prove_factor(account, (ticket, code), now, stream).await?;
        let details =
            Details { request: Some(stream.request()), note: "at sign-in".to_owned(), ..Details::default() };
        let who = Party::Account(account);
        let act = Act { channel: Channel::Page.code(), ..Act::new(Kind::FactorSet, now, who, who, &details) };
        let written = self.parts.gate.recorder().write(&act, stream).await;
        written.map_err(|error| Error::Closed(refused_by_journal(error)))?;
        let codes = subscriber.set_first_factor(proof, &device, stream).await?;
        let step = SecondStep { login, ticket, code, device, now, stream };
        let signed_in = subscriber.sign_in_with_new_factor(step).await;
        count("second_step", signed_in.as_ref().err(), stream);
        Ok((signed_in?, codes))
    }

    /// Begins to set up a second factor. Her password is asked for again; nothing is kept yet.
    ///
    /// # Errors
    /// [`FactorError`].
    pub async fn new_factor(&self, session: &Session, password: &str) -> Result<NewFactor, FactorError> {
        self.parts.subscriber.new_factor(session, password).await
    }

    /// Sets up the second factor whose first code that is; with the recovery codes, of which there is no other copy.
    ///
    /// # Errors
    /// [`FactorRefused`].
    pub async fn set_factor(
        &self,
        visit: Visit<'_>,
        ticket: &Ticket,
        code: &str,
    ) -> Result<Vec<CodeText>, FactorRefused> {
        let session = visit.session;
        permitted(self.parts.subscriber.manage_sessions(session))?;
        let (account, now, entropy) = (session.account(), session.at(), session.entropy());
        let proof = self.parts.subscriber.prove_factor(account, (ticket, code), now, entropy).await?;
        self.factor_changes(visit, proof, Kind::FactorSet).await
    }

    /// Takes the second factor away or makes new recovery codes. Password and code are asked for.
    ///
    /// # Errors
    /// [`FactorRefused`].
    pub async fn change_factor(
        &self,
        visit: Visit<'_>,
        shown: (&str, &str),
        change: FactorChange,
    ) -> Result<Vec<CodeText>, FactorRefused> {
        let proof = self.parts.subscriber.prove_factor_change(visit.session, shown, change).await?;
        let kind = match change {
            FactorChange::Remove => Kind::FactorRemoved,
            FactorChange::NewCodes => Kind::RecoveryCodesMade,
        };
        self.factor_changes(visit, proof, kind).await
    }

    /// Writes down what is about to change, and changes it.
    async fn factor_changes(
        &self,
        visit: Visit<'_>,
        proof: FactorProof,
        kind: Kind,
    ) -> Result<Vec<CodeText>, FactorRefused> {
        self.about_to(visit, (kind, None), String::new()).await?;
        Ok(self.parts.subscriber.change_factor(visit.session, proof).await?)
    }

    /// Whether second factors are offered here.
    pub fn offers_factors(&self) -> bool {
        self.parts.subscriber.factor_policy() != FactorPolicy::Off
    }

    /// What she has for a second factor.
    ///
    /// # Errors
    /// As all use cases: [`Error`].
    pub async fn factor(&self, visit: Visit<'_>) -> Result<Disclosed<Shown<Factor>>, Error> {
        let session = visit.session;
        let permit = permitted(self.parts.subscriber.manage_sessions(session))?;
        let state = self.parts.subscriber.factor_state(session).await.map_err(unreadable)?;
        let factor = Factor { state, is_offered: self.offers_factors() };
        self.show(visit, What::Factor, Owned::of_permit(&permit, factor)).await
    }
}
