//! An export of everything held of one account: begun by a session, made by a worker of any node, fetched by that session
//! alone, from any node.
//!
//! That it was asked for is work in the store, under the claims all work is under; so a worker that stops is followed by
//! another, and a restart loses nothing. What is finished lies in the store too, sealed under the account's own key and
//! bound to the export and to the session that asked. Decision 0015 says why.

mod gather;
mod held;
mod made;
mod noted;
mod on_case;
mod shelf;
mod sources;

use std::fmt;
use std::sync::Arc;

use honnin_access::{Keep, NodeAuthority, Permit, Session, SessionError, Source};
use honnin_journal::{Kind, Party};
use honnin_terms::{ExportId, Id, Stream};

pub use held::{Held, HeldAct, HeldDevice, HeldDisclosure, HeldLine};
pub use made::Sealed;
pub use noted::{ExportFault, ExportStage, ExportState};
pub use on_case::NotExported;
pub use shelf::{Asking, Claimed, Outcome, Shelf};
use shelf::{MARGIN_SECONDS, of_digest};
pub(crate) use sources::Turns;

use crate::care::{Care, Error, Visit, permitted};
use crate::{Disclosed, What};

/// What exports may take.
///
/// Shape: octets, seconds and counts. Source: ours; the reason stands at each default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportBounds {
    /// One export, sealed. Default 32 MiB: ten thousand disclosures and a hundred lines take about 3 MiB.
    pub most_octets: u64,
    /// All finished exports together. Default 1 GiB.
    pub space_octets: u64,
    /// A finished export is kept so many seconds. Default one hour: long enough to fetch it, too short to be left lying.
    pub keep_seconds: i64,
    /// An export may take so many seconds once it is begun. Default 60.
    pub deadline_seconds: i64,
    /// Exports that wait or are made; one more is refused with a time. Default 17: one is made and 16 wait.
    pub most_under_way: usize,
    /// Of these so many may have been asked for from one source. Default 5: it takes four sources to fill them all.
    pub most_of_source: usize,
}

impl Default for ExportBounds {
    fn default() -> Self {
        Self {
            most_octets: 32 << 20,
            space_octets: 1 << 30,
            keep_seconds: 3_600,
            deadline_seconds: 60,
            most_under_way: 17,
            most_of_source: 5,
        }
    }
}

/// What exports are made with.
pub struct Exports {
    /// What they may take.
    pub bounds: ExportBounds,
    /// Permits to keep work.
    pub node: Arc<NodeAuthority>,
    /// Wakes this node's workers.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Exports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exports").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// An export to be made, under a claim.
#[derive(Debug)]
pub struct ExportWork {
    claimed: Claimed,
    stream: Stream,
}

/// An export opens as itself, as made under the claim that settled it, and for the session that asked for it only.
fn row(export: ExportId, session: &Session, fence: u64) -> Vec<u8> {
    [export.octets().as_slice(), session.id().octets(), &fence.to_be_bytes()].concat()
}

impl Care {
    fn keep(&self, stream: &Stream) -> Permit<Keep> {
        self.parts.exports.node.keep(self.now(), stream.request())
    }

    fn shelf(&self) -> Shelf<'_> {
        let Exports { bounds, node, .. } = &self.parts.exports;
        let lease_seconds = bounds.deadline_seconds.max(0).saturating_add(MARGIN_SECONDS);
        Shelf { rows: &*self.parts.store, node, bounds, lease_seconds }
    }

    /// Begins an export of the session's account, in place of its earlier one; how far it is. The same `key` is the same
    /// export; without one there is no second while one is under way.
    ///
    /// # Errors
    /// [`Error::ExportsFull`] where others of the account, or as many as may be of that source or of all, are under way.
    pub async fn begin_export(
        &self,
        Visit { session, channel }: Visit<'_>,
        source: Source,
        key: Option<&str>,
    ) -> Result<ExportState, Error> {
        permitted(self.parts.subscriber.export(session))?;
        let named = |key: &str| {
            let asks = session.id();
            ExportId::from_octets(of_digest(&[b"honnin export key v1\0", asks.octets(), key.as_bytes()]))
        };
        let export = key.map_or_else(|| random(session), named);
        // What names the source in the store is a pseudonym of the journal's present epoch.
        let site = source.site.to_be_bytes();
        let name = self.parts.gate.epochs().last().map(|epoch| epoch.party(Party::Source(&site)));
        let name = name.ok_or(Error::Closed(honnin_terms::Mode::JournalFailed))?;
        let asking =
            Asking { account: session.account(), session: session.id(), channel, export, source: &name.0 };
        let left = || self.opened(session, self.parts.subscriber.leave(session).map_err(Into::into));
        let _turn = self.export_turns.of(source).await;
        let (state, is_new) = self.shelf().begin(&self.keep(session.stream()), asking, left).await?;
        if is_new {
            (self.parts.exports.wake)();
        }
        Ok(state)
    }

    /// The export of this session, where it has one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn export_state(&self, session: &Session) -> Result<Option<ExportState>, Error> {
        self.shelf().state(&self.keep(session.stream()), (session.account(), session.id())).await
    }

    /// Opens a finished export and lets it out.
    ///
    /// # Errors
    /// [`Error::NotThere`] for what this session did not ask for, [`Error::ExportNotReady`], [`Error::ExportGone`];
    /// and as all use cases.
    pub async fn fetch_export(&self, visit: Visit<'_>, export: ExportId) -> Result<Disclosed<Held>, Error> {
        let session = visit.session;
        let permit = permitted(self.parts.subscriber.export(session))?;
        let of = (session.account(), session.id());
        let Sealed { fence, octets } = self.shelf().sealed(&self.keep(session.stream()), of, export).await?;
        self.about_to(visit, (Kind::ExportFetched, Some(What::Export)), export.to_string()).await?;
        let held = self.opened(session, permit.open_export::<Held>(&row(export, session, fence), &octets))?;
        self.parts.gate.disclose(session, held, What::Export, visit.channel).await
    }

    /// Gives up the exports of a session that ends. Where the store takes nothing they lie until their time, and open for
    /// nobody.
    pub(crate) async fn forget_exports(&self, session: &Session) {
        let of = (session.account(), session.id());
        if let Err(error) = self.shelf().forget(&self.keep(session.stream()), of).await {
            tracing::warn!(%error, request = %session.request(), "an export of a session that ended was not removed");
        }
    }

    /// Claims an export that waits to be made, also one whose worker is gone.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn claim_export(&self, stream: Stream) -> Result<Option<ExportWork>, Error> {
        let claimed = self.shelf().claim(&self.keep(&stream)).await?;
        Ok(claimed.map(|claimed| ExportWork { claimed, stream }))
    }

    /// Makes it: gathers, seals, keeps. Whatever stops it on the way leaves nothing that can be fetched; it is made by
    /// another worker then.
    pub async fn make_export(&self, work: ExportWork) {
        if let Err(error) = self.make(&work).await {
            tracing::warn!(%error, request = %work.stream.request(), "an export is not made yet");
        }
    }

    async fn make(&self, ExportWork { claimed, stream }: &ExportWork) -> Result<(), Error> {
        let Some(left) = claimed.left() else { return Ok(()) };
        let made = if claimed.is_given_up() {
            Err(ExportFault::Interrupted)
        } else {
            match self.parts.subscriber.take_up(claimed.account, left, stream.clone(), self.now()).await {
                Ok(session) => self.gathered(&session, claimed).await,
                // Nobody can fetch it any more.
                Err(SessionError::Unknown) => Ok(Outcome::Unwanted),
                Err(SessionError::Rows(error)) => return Err(error.into()),
                Err(error) => {
                    self.session_fault(error, self.now(), stream.request());
                    Err(ExportFault::Failed)
                }
            }
        };
        let outcome = made.unwrap_or_else(|fault| {
            honnin_figures::exports_failed(fault.word()).increment(1);
            Outcome::Failed(fault)
        });
        self.shelf().settle(&self.keep(stream), claimed, outcome).await
    }

    async fn gathered(&self, session: &Session, claimed: &Claimed) -> Result<Outcome, ExportFault> {
        let (visit, export) = (Visit { session, channel: claimed.channel() }, claimed.export());
        let deadline = self.now().plus_seconds(self.parts.exports.bounds.deadline_seconds);
        let permit = permitted(self.parts.subscriber.export(session))?;
        let held = self.gather(session, deadline).await?;
        let sealed = permit.seal_gathered(&row(export, session, claimed.fence()), &held, session.entropy());
        let sealed = self.opened(session, sealed)?;
        drop(held);
        self.in_time(deadline)?;
        let keep = self.keep(session.stream());
        self.shelf().has_room(&keep, u64::try_from(sealed.len()).unwrap_or(u64::MAX)).await?;
        self.about_to(visit, (Kind::ExportMade, Some(What::Export)), export.to_string()).await?;
        self.shelf().keep(&keep, claimed, sealed).await
    }
}

fn random<I: Id>(session: &Session) -> I {
    let mut octets = [0; 16];
    session.entropy().fill(&mut octets);
    I::from_octets(octets)
}
