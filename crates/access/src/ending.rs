//! Ending sessions: her own, one of her others, all of her others. What is ended stays ended though its row were put
//! back, because the ring that names the living is sealed; and all others end by a new account key.

use honnin_seal::OpenError;
use honnin_terms::{AccountId, Entropy, Moment, SessionId};

use crate::permit::EndSessions;
use crate::ports::{CredentialRow, KeyChange, RowError};
use crate::proof::Proof;
use crate::ring::{Change, Ring};
use crate::session::{Inside, session_place};
use crate::{Permit, Session, SessionError, SubscriberAuthority};

/// What ends with a new account key.
#[derive(Clone, Copy)]
pub(crate) struct Ending<'a> {
    /// The one session that goes on.
    pub(crate) keep: Option<&'a Session>,
    /// What was shown by who has it, where that is more than before.
    pub(crate) shown: Option<Proof>,
    /// Whether the credential is another from now on.
    pub(crate) credential: bool,
    /// When to leave the holder a message about it.
    pub(crate) told: Option<Moment>,
}

/// How often a change is tried again where somebody else changed the ring in between. Each time somebody else has
/// succeeded, so that as many sign-ins of one account at once as this all end.
pub(crate) const ATTEMPTS: usize = 64;

impl SubscriberAuthority {
    /// Ends the session itself: sign-out.
    ///
    /// # Errors
    /// [`SessionError::Rows`] where the store does not answer; the session then still lives.
    pub async fn sign_out(&self, session: &Session) -> Result<(), SessionError> {
        self.end_one(session, session.id()).await.map(drop)
    }

    /// Ends one session of the account; `false` where it has no such session.
    ///
    /// # Errors
    /// As [`Self::sign_out`]; [`SessionError::DoesNotOpen`] is an alarm.
    pub async fn end_device(
        &self,
        session: &Session,
        _permit: &Permit<EndSessions>,
        device: SessionId,
    ) -> Result<bool, SessionError> {
        self.end_one(session, device).await
    }

    async fn end_one(&self, session: &Session, ended: SessionId) -> Result<bool, SessionError> {
        self.change_ring(session, |ring| ring.without(ended)).await
    }

    /// Changes the ring of the session's account, as it is when nobody changes it beside us; `false` where there is
    /// nothing to change.
    pub(crate) async fn change_ring(
        &self,
        session: &Session,
        change: impl Fn(&Ring) -> Option<Change> + Send + Sync,
    ) -> Result<bool, SessionError> {
        let (tenant, account) = (session.tenant(), session.account());
        let closed = SessionError::DoesNotOpen { account };
        for _ in 0..ATTEMPTS {
            let Some((row, ring)) = self.current(session).await? else { return Err(SessionError::Unknown) };
            let Some(change) = change(&ring) else { return Ok(false) };
            let keys = session.keys();
            let write = change
                .write((tenant, account, keys.epoch), &keys.account, row.ring_version, session.entropy())
                .map_err(|_| closed)?;
            match self.sessions.end_sessions(tenant, account, write).await {
                Err(RowError::Conflict) => {}
                done => return Ok(done.map(|()| true)?),
            }
        }
        Err(RowError::Conflict.into())
    }

    /// Ends all sessions of the account but this one, which goes on under a new account key; how many ended.
    ///
    /// # Errors
    /// As [`Self::end_device`].
    pub async fn end_others(
        &self,
        session: &Session,
        _permit: &Permit<EndSessions>,
    ) -> Result<usize, SessionError> {
        let account = session.account();
        let closed = SessionError::DoesNotOpen { account };
        for _ in 0..ATTEMPTS {
            let Some((row, ring)) = self.current(session).await? else { return Err(SessionError::Unknown) };
            let ending = Ending { keep: Some(session), shown: None, credential: false, told: None };
            let keys =
                self.new_keys(account, (&row, &ring), ending, session.entropy()).map_err(|_| closed)?;
            let ended = keys.ring.ended.len();
            match self.credentials.replace_credential(session.tenant(), account, row, Some(keys)).await {
                Err(RowError::Conflict) => {}
                done => return Ok(done.map(|()| ended)?),
            }
        }
        Err(RowError::Conflict.into())
    }

    /// The account's credential as it is now, with its ring opened; `None` where the session's key opens it no longer,
    /// because all sessions were ended.
    pub(crate) async fn current(
        &self,
        session: &Session,
    ) -> Result<Option<(CredentialRow, Ring)>, SessionError> {
        let (tenant, account, keys) = (session.tenant(), session.account(), session.keys());
        let row = self.credentials.credential(tenant, account).await?;
        let Some(row) = row.filter(|row| row.epoch == keys.epoch) else { return Ok(None) };
        let ring = Ring::open((tenant, account, row.epoch), &keys.account, &row.ring);
        let ring = ring.map_err(|_| SessionError::DoesNotOpen { account })?;
        Ok(Some((row, ring)))
    }

    /// A new account key for an account whose ring is at hand: what the old one opens is nothing from then on.
    pub(crate) fn new_keys(
        &self,
        account: AccountId,
        (row, ring): (&CredentialRow, &Ring),
        ending: Ending<'_>,
        entropy: &dyn Entropy,
    ) -> Result<KeyChange, OpenError> {
        let (tenant, epoch) = (self.tenant, row.epoch.checked_add(1).ok_or(OpenError)?);
        let (key, account_key) = self.keys.new_account_key(tenant, account, epoch, entropy)?;
        let Ending { keep, shown, credential, told } = ending;
        let change = ring.ended(keep.map(Session::id), credential);
        let keep = keep.map(|session| {
            let (credential, count) = (change.ring.credential(), change.ring.count());
            let proof = shown.unwrap_or(session.inside().proof);
            let inside = Inside { credential, count, proof, ..*session.inside() };
            let place = session_place(tenant, account, session.id(), epoch);
            Ok((*session.row_hash(), inside.seal(&place, &session.keys().session, &key, entropy)?))
        });
        let keep = keep.transpose()?;
        let ring = change.write((tenant, account, epoch), &key, row.ring_version, entropy)?;
        Ok(KeyChange { epoch, account_key, ring, keep, told })
    }
}
