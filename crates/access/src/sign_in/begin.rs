//! How a session begins: its row and the ring that names it are written in one transaction, whichever way led to it.

use honnin_seal::{AccountKey, SessionKey, SessionToken};
use honnin_terms::{AccountId, DeviceId, Entropy, Id, Moment, RequestId, SessionId};

use super::{
    Marked, NewDevice, ProvenBy, ReleasedFor, SessionDevice, SignInError, SignInProof, SignedIn, closed,
};
use crate::document::seal_document;
use crate::ending::ATTEMPTS;
use crate::ports::{CredentialRow, RowError, SessionRow};
use crate::proof::Proof;
use crate::ring::{Change, FIRST_EPOCH, Living, Ring};
use crate::session::{Inside, session_place};
use crate::{OwnerTag, Session, SessionKind, SubscriberAuthority};

/// A session that is about to be, as it is before anything of the account is read.
pub(super) struct Begun<'a> {
    pub(super) token: &'a SessionToken,
    pub(super) session: SessionId,
    pub(super) named: &'a SessionDevice,
    pub(super) is_new: bool,
    pub(super) proof: Proof,
    pub(super) since: Moment,
    pub(super) until: Moment,
}

/// Who is let in: on which device, and by what.
#[derive(Clone, Copy)]
pub(super) struct Entered<'a> {
    pub(super) device: &'a NewDevice,
    /// The device as it is known from now on; `None` where nobody can come back on it as a known one.
    pub(super) marked: Option<Marked>,
    pub(super) by: ProvenBy,
    /// The session it takes the place of, on the same device.
    pub(super) before: Option<&'a Session>,
    /// Whether all other sessions end with it.
    pub(super) is_alone: bool,
    /// Of which credential what was shown is, by the ring's count; `None` where the ring is believed.
    pub(super) proven: Option<u64>,
}

impl<'a> Entered<'a> {
    /// On a device that nobody comes back on as a known one, beside whatever else there is. Of which credential what was
    /// shown is, each way in says itself: none is let in by one of before because that was forgotten.
    pub(super) const fn of(device: &'a NewDevice, by: ProvenBy, proven: Option<u64>) -> Self {
        Self { device, marked: None, by, before: None, is_alone: false, proven }
    }
}

impl SubscriberAuthority {
    /// Begins a session with the credential as it was read before it was proven. Where it is another by now, or where
    /// another has just signed in, the row is read again; a session of an older credential is never made.
    pub(super) async fn begin_session(
        &self,
        (account, request): (AccountId, RequestId),
        mut row: CredentialRow,
        Entered { device, marked, by, before, is_alone, proven }: Entered<'_>,
        now: Moment,
        entropy: &dyn Entropy,
    ) -> Result<SignedIn, SignInError> {
        let tenant = self.tenant;
        let token = SessionToken::random(entropy);
        let mut octets = [0; 16];
        entropy.fill(&mut octets);
        let session = SessionId::from_octets(octets);
        let limits = &self.session_limits;
        let until = now.plus_seconds(limits.absolute_seconds);
        let named = SessionDevice { name: device.name.clone(), device: marked.map(|marked| marked.device) };
        let is_new = before.map_or(!marked.is_some_and(|marked| marked.is_known), Session::is_on_new_device);
        let settled = before.map(|before| before.inside().proof.settled);
        let settled =
            settled.or(marked.map(|marked| marked.settled)).unwrap_or_else(|| self.settles(by, now));
        let proof = Proof { by, at: now, settled };
        let begun = Begun { token: &token, session, named: &named, is_new, proof, since: now, until };
        let purpose = ReleasedFor::Session { session, device: named.device, is_new, by };
        let is_program = device.is_program;
        let proof = SignInProof { tenant, account, request, at: now, purpose, is_program };
        let kind = if is_program { SessionKind::Program } else { SessionKind::Browser };
        let (mut proven, mut released) = (proven, None);
        for _ in 0..ATTEMPTS {
            // Released once, however often another is first to write the ring.
            let (key, ring) = match released.take() {
                Some((epoch, key)) if epoch == row.epoch => {
                    let ring = Ring::open((tenant, account, epoch), &key, &row.ring).map_err(closed)?;
                    (key, ring)
                }
                _ => self.released(&proof, &row).await?,
            };
            if *proven.get_or_insert_with(|| ring.credential()) != ring.credential() {
                return Err(SignInError::Wrong);
            }
            let new = Living { kind, session, settled };
            let change =
                if is_alone { ring.alone(new) } else { ring.with(new, now, limits.most_per_account) };
            match self.insert(&begun, (account, &row), (&key, &ring, &change), entropy).await {
                Ok(()) => {
                    let device_mark = marked.map(|marked| marked.mark);
                    let device = marked.map(|marked| (marked.device, marked.is_known));
                    return Ok(SignedIn { token, session, account, device_mark, device, until, request });
                }
                Err(SignInError::Rows(RowError::Conflict)) => {}
                Err(error) => return Err(error),
            }
            released = Some((row.epoch, key));
            row = self.credentials.credential(tenant, account).await?.ok_or(SignInError::Wrong)?;
        }
        Err(RowError::Conflict.into())
    }

    /// Writes a session's row together with the ring that names it, where the account's row still is as it was read:
    /// [`RowError::Conflict`] where it is not.
    pub(super) async fn insert(
        &self,
        begun: &Begun<'_>,
        (account, row): (AccountId, &CredentialRow),
        (key, ring, change): (&AccountKey, &Ring, &Change),
        entropy: &dyn Entropy,
    ) -> Result<(), SignInError> {
        let Begun { token, session, named, is_new, proof, since, until } = *begun;
        let tenant = self.tenant;
        let inside = Inside {
            row_hash: token.row_hash(),
            account,
            credential: change.ring.credential(),
            count: change.ring.count(),
            since,
            until,
            last_seen: since,
            device: named.device.unwrap_or(DeviceId::from_octets(*session.octets())),
            is_new,
            proof,
        };
        let by = SessionKey::of_session(token, session).map_err(closed)?;
        let place = session_place(tenant, account, session, row.epoch);
        let owner = OwnerTag { tenant, account, holding: None, position: 0 };
        let write = change.write((tenant, account, row.epoch), key, row.ring_version, entropy);
        let device = seal_document(ring, FIRST_EPOCH, &owner, session.octets(), named, entropy);
        let written = SessionRow {
            tenant,
            session,
            account,
            epoch: row.epoch,
            sealed: inside.seal(&place, &by, key, entropy).map_err(closed)?,
            ring_version: row.ring_version.saturating_add(1),
            since,
            last_seen: since,
            until,
            device: device.map_err(|_| SignInError::DoesNotOpen)?,
        };
        let write = write.map_err(closed)?;
        Ok(self.sessions.insert_session(token.row_hash(), written, write).await?)
    }
}
