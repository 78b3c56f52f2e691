//! Tokens of programs: made by a person who is signed in and has typed her password again, named by her, and ended by
//! her. A token is a session of a kind of its own: sealed, named in the ring, and ended by a new password as they are.

use honnin_seal::SessionToken;
use honnin_terms::{Id, LineName, Moment, SessionId};

use super::begin::Begun;
use super::{SessionDevice, SignInError, SignedIn, of_session};
use crate::ending::ATTEMPTS;
use crate::policy::{Deed, may};
use crate::ports::RowError;
use crate::{Session, SubscriberAuthority};

/// That the password was typed again for a token, and its public name.
#[derive(Debug)]
pub struct TokenProof {
    by: SessionId,
    token: SessionId,
}

impl TokenProof {
    /// The token's public name.
    pub const fn token(&self) -> SessionId {
        self.token
    }
}

impl SubscriberAuthority {
    /// Whether the policy lets that session make tokens.
    pub const fn may_make_tokens(&self, session: &Session) -> bool {
        may(session.role(), session.kind(), Deed::MakeToken)
    }

    /// Whether the account has room for one more token, as far as the session knows.
    pub fn has_room_for_token(&self, session: &Session) -> bool {
        session.keys().ring.has_room_for_token(self.session_limits.most_per_account)
    }

    /// Asks a signed-in person for her password, before a token is made. A token asks in vain.
    ///
    /// # Errors
    /// [`SignInError`] as for a sign-in.
    pub async fn prove_for_token(
        &self,
        session: &Session,
        password: &str,
    ) -> Result<TokenProof, SignInError> {
        if !self.may_make_tokens(session) {
            return Err(SignInError::Wrong);
        }
        self.confirm_password(session, password).await?;
        let mut octets = [0; 16];
        session.entropy().fill(&mut octets);
        Ok(TokenProof { by: session.id(), token: SessionId::from_octets(octets) })
    }

    /// Makes a token that ends at that moment; `None` where the account has as many as may be.
    ///
    /// # Errors
    /// [`SignInError`]; there is no token then.
    pub async fn make_token(
        &self,
        session: &Session,
        proof: &TokenProof,
        (name, until): (&LineName, Moment),
    ) -> Result<Option<SignedIn>, SignInError> {
        if proof.by != session.id() {
            return Err(SignInError::Wrong);
        }
        let (account, entropy, since) = (session.account(), session.entropy(), session.at());
        let token = SessionToken::random(entropy);
        let named = SessionDevice { name: name.as_str().to_owned(), device: None };
        let (session_name, shown) = (proof.token, session.inside().proof);
        let begun = Begun {
            token: &token,
            session: session_name,
            named: &named,
            is_new: false,
            proof: shown,
            since,
            until,
        };
        for _ in 0..ATTEMPTS {
            // All sessions were ended meanwhile: hers, too.
            let Some((row, ring)) = self.current(session).await.map_err(of_session)? else {
                return Err(SignInError::Wrong);
            };
            // Only hers was ended: what asks has outlived it.
            if ring.kind_of(session.id()).is_none() {
                return Err(SignInError::Wrong);
            }
            let most = self.session_limits.most_per_account;
            let Some(change) = ring.with_token(proof.token, most) else { return Ok(None) };
            let opened = (&session.keys().account, &ring, &change);
            match self.insert(&begun, (account, &row), opened, entropy).await {
                Ok(()) => {
                    let (session, request) = (proof.token, session.request());
                    let (device_mark, device) = (None, None);
                    return Ok(Some(SignedIn {
                        token,
                        session,
                        account,
                        device_mark,
                        device,
                        until,
                        request,
                    }));
                }
                Err(SignInError::Rows(RowError::Conflict)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(RowError::Conflict.into())
    }
}
