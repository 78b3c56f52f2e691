//! Tokens of programs: made by a person who is signed in and has typed her password again, named by her, and ended by
//! her. A token is a session of a kind of its own: sealed, named in the ring, and ended by a new password as they are.

use honnin_seal::{SessionKey, SessionToken};
use honnin_terms::{DeviceId, Id, LineName, Moment, SessionId};

use super::{SessionDevice, SignInError, SignedIn, closed};
use crate::ending::ATTEMPTS;
use crate::policy::{Deed, may};
use crate::ports::RowError;
use crate::session::Inside;
use crate::{Session, SessionError, SubscriberAuthority};

/// That the password was typed again for a token, and what that will be called.
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
    /// Asks a signed-in person for her password, before a token is made. A token asks in vain.
    ///
    /// # Errors
    /// [`SignInError`] as for a sign-in.
    pub async fn prove_for_token(
        &self,
        session: &Session,
        password: &str,
    ) -> Result<TokenProof, SignInError> {
        if !may(session.role(), session.kind(), Deed::MakeToken) {
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
        let (account, entropy, now) = (session.account(), session.entropy(), session.at());
        let (key, epoch) = (&session.keys().account, session.keys().epoch);
        let token = SessionToken::random(entropy);
        let by = SessionKey::of_session(&token, proof.token).map_err(closed)?;
        let named = SessionDevice { name: name.as_str().to_owned(), device: None };
        for _ in 0..ATTEMPTS {
            // All sessions were ended meanwhile: hers, too.
            let Some((row, ring)) = self.current(session).await.map_err(of_session)? else {
                return Err(SignInError::Wrong);
            };
            let most = self.session_limits.most_per_account;
            let Some(change) = ring.with_token(proof.token, most) else { return Ok(None) };
            let inside = Inside {
                row_hash: token.row_hash(),
                account,
                credential: ring.credential(),
                count: change.ring.count(),
                since: now,
                until,
                last_seen: now,
                device: DeviceId::from_octets(*proof.token.octets()),
                is_new: false,
            };
            let written = self.new_row((proof.token, &row), &inside, (&by, key, &ring), &named, entropy)?;
            let write = change.write((self.tenant, account, epoch), key, row.ring_version, entropy);
            match self.sessions.insert_session(token.row_hash(), written, write.map_err(closed)?).await {
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
                Err(RowError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(RowError::Conflict.into())
    }
}

const fn of_session(error: SessionError) -> SignInError {
    match error {
        SessionError::Rows(error) => SignInError::Rows(error),
        SessionError::Unknown => SignInError::Wrong,
        SessionError::DoesNotOpen { .. } | SessionError::Foreign => SignInError::DoesNotOpen,
    }
}
