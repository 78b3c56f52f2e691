//! Tokens of programs: made by a signed-in person, listed among what is signed in, and ended by her.

use honnin_access::{SessionKind, SignInError, SignedIn};
use honnin_journal::Kind;
use honnin_terms::{LineName, Moment, SessionId};

use crate::care::{Care, Error, Visit};

/// Days a token may last.
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
        if !subscriber.may_make_tokens(session) {
            return Err(Error::NotByToken.into());
        }
        let proof = subscriber.prove_for_token(session, password).await?;
        // Her page is not told of a token that never was. Where two ask for the last place, one is refused after all.
        if !subscriber.has_room_for_token(session) {
            return Err(TokenError::TooMany);
        }
        let until = session.at().plus_seconds(i64::from(days) * 86_400);
        self.about_to(visit, (Kind::TokenMade, None), proof.token().to_string()).await?;
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

    /// When what was last seen then, and ends then at the latest, ends where nobody uses it.
    pub fn unused_until(&self, last_seen: Moment, until: Moment) -> Moment {
        last_seen.plus_seconds(self.parts.subscriber.session_limits().idle_seconds).min(until)
    }
}
