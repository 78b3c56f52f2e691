//! A look at an account by a person of the operator, on a support case.
//!
//! It is a session of its own kind: it has no row and no cookie, signs nobody in, and is gone with the command. What it may is
//! a row of the policy's table; what it shows leaves by the gate, on the basis of the case.

use honnin_seal::{SessionKey, SessionToken};
use honnin_terms::{AccountId, DeviceId, Entropy, EntryRef, Id, SessionId, Stream};

use super::{ProvenBy, ReleasedFor, SignInError, SignInProof, closed};
use crate::permit::Operate;
use crate::proof::Proof;
use crate::session::{Inside, Keys, OnCase};
use crate::{Permit, Session, SubscriberAuthority};

/// A support case that stands open.
#[derive(Debug, Clone, Copy)]
pub struct SupportCase<'a> {
    /// The person of the operator, by the name the journal has.
    pub agent: &'a str,
    /// The entry by which it was opened: durable before anything is asked for on it.
    pub opened: EntryRef,
}

impl SubscriberAuthority {
    /// A look at an account on a case, and the token its answers are made for; `None` where the ledger knows no such account.
    /// At the operator's own hands only.
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
        let Some(row) = self.row(account).await? else { return Ok(None) };
        let (tenant, at, request) = (self.tenant, permit.at(), stream.request());
        let purpose = ReleasedFor::Case(case.opened);
        let proof = SignInProof { tenant, account, request, at, purpose, is_program: true };
        let (key, ring) = self.released(&proof, &row).await?;
        let token = SessionToken::random(&stream);
        let drawn = || {
            let mut octets = [0; 16];
            stream.fill(&mut octets);
            octets
        };
        let (named, viewer) = (drawn(), AccountId::from_octets(drawn()));
        let session = SessionKey::of_session(&token, SessionId::from_octets(named)).map_err(closed)?;
        let inside = Inside {
            row_hash: token.row_hash(),
            account,
            credential: ring.credential(),
            count: ring.count(),
            since: at,
            until: at,
            last_seen: at,
            device: DeviceId::from_octets(named),
            is_new: false,
            proof: Proof { by: ProvenBy::Operator, at, settled: at },
        };
        let keys = Keys { session, epoch: row.epoch, account: key, ring };
        let agent = case.agent.to_owned();
        let on_case = OnCase { viewer, agent, opened: case.opened };
        Ok(Some((Session::of_case(on_case, inside, tenant, keys, stream), token)))
    }
}
