//! Tokens of programs: made by a signed-in person, listed among what is signed in, and ended by her.

use honnin_access::{SessionKind, SignInError, SignedIn};
use honnin_journal::{Details, Kind};
use honnin_terms::{LineName, SessionId};

use crate::care::{Care, Error, Visit};

/// The longest life of a token.
pub const TOKEN_DAYS: std::ops::RangeInclusive<u16> = 1..=365;

/// Why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The password is wrong, or cannot be checked now.
    #[error("make a token: the password is not confirmed")]
    Password(#[from] SignInError),
    /// There are as many as may be.
    #[error("make a token: there are as many as may be; end one first")]
    TooMany,
    /// As all use cases.
    #[error(transparent)]
    Care(#[from] Error),
}

impl Care {
    /// Makes a token of that name for a program of the signed-in person's. Her password is asked for again, because a
    /// borrowed browser must not make one; it is written down before it counts.
    ///
    /// # Errors
    /// [`TokenError`]; there is none then.
    pub async fn make_token(
        &self,
        visit: Visit<'_>,
        password: &str,
        (name, days): (&LineName, u16),
    ) -> Result<SignedIn, TokenError> {
        let (session, subscriber) = (visit.session, &self.parts.subscriber);
        if session.kind() == SessionKind::Token {
            return Err(Error::NotByToken.into());
        }
        let proof = subscriber.prove_for_token(session, password).await?;
        let days = days.clamp(*TOKEN_DAYS.start(), *TOKEN_DAYS.end());
        let until = session.at().plus_seconds(i64::from(days) * 86_400);
        let details = Details { note: proof.token().to_string(), ..Details::default() };
        let act = (Kind::TokenMade, None, visit.channel);
        self.parts.gate.recorder().of_session(session, act, details).await?;
        let made = subscriber.make_token(session, &proof, (name, until)).await?;
        made.ok_or(TokenError::TooMany)
    }

    /// Ends a token of the account.
    ///
    /// # Errors
    /// [`Error::NotThere`] where the account has no such token.
    pub async fn end_token(&self, visit: Visit<'_>, token: SessionId) -> Result<(), Error> {
        if visit.session.kind_of(token) != Some(SessionKind::Token) {
            return Err(Error::NotThere);
        }
        self.end_device(visit, token).await
    }

    /// Seconds without use after which a session, and a token, ends.
    pub const fn idle_seconds(&self) -> i64 {
        self.parts.subscriber.session_limits().idle_seconds
    }
}
