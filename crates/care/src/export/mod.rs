//! An export of everything held of one account: begun by a session, made by a worker of any node, fetched by that session
//! alone, from any node.
//!
//! That it was asked for is work in the store, under the claims all work is under; so a worker that stops is followed by
//! another, and a restart loses nothing. What is finished lies in the store too, sealed under the account's own key and
//! bound to the export and to the session that asked. Decision 0015 says why.

mod gather;
mod held;
mod noted;
mod sources;

use std::fmt;
use std::sync::Arc;

use honnin_access::{Keep, NodeAuthority, Permit, Session, SessionError, Source, both};
use honnin_journal::Kind;
use honnin_seal::digest;
use honnin_store::{ClaimedWork, NewWork, Queue, Settled, WorkId, WorkRow};
use honnin_terms::{AccountId, ExportId, Id, Moment, Stream};

pub use held::{Held, HeldAct, HeldDevice, HeldDisclosure, HeldLine};
pub use noted::{ExportFault, ExportStage, ExportState};
use noted::{Noted, Stage};
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

/// Exports of one account that are known at once: one more takes the place of a finished one, or is refused. A place is
/// a row of its own, so that however many ask at one moment there are no more.
const OF_ACCOUNT: [u8; 2] = [0, 1];
/// How long it is remembered what became of an export, so that who comes late is told.
const REMEMBERED_SECONDS: i64 = 86_400;
/// A claim lasts so much longer than an export may take.
const MARGIN_SECONDS: i64 = 30;
/// A worker that breaks off is followed by another; an export that has outlived so many is given up.
const MOST_TRIES: u32 = 3;
/// How often a place is looked for while others take them.
const ATTEMPTS: usize = 3;
/// Rows looked at together where the room is counted.
const PAGE: usize = 500;

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
    claimed: ClaimedWork,
    account: AccountId,
    noted: Noted,
    stream: Stream,
}

/// A place of an account's exports, and what stands there.
struct Place {
    at: WorkId,
    row: Option<(WorkRow, Noted)>,
}

impl Place {
    fn noted(&self) -> Option<&Noted> {
        self.row.as_ref().map(|(_, noted)| noted)
    }

    fn is_of(&self, session: &Session) -> bool {
        self.noted().is_some_and(|noted| noted.session == session.id())
    }

    fn is_under_way(&self) -> bool {
        self.noted().is_some_and(|noted| matches!(noted.stage, Stage::Asked(_)))
    }
}

fn place_of(account: AccountId, number: u8) -> WorkId {
    of_digest(&[b"honnin export place v1\0", account.octets(), &[number]])
}

fn of_digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut octets = [0; 16];
    octets.iter_mut().zip(digest(parts)).for_each(|(to, from)| *to = from);
    octets
}

/// An export opens as itself and for the session that asked for it only.
fn row(export: ExportId, session: &Session) -> Vec<u8> {
    [export.octets().as_slice(), session.id().octets()].concat()
}

impl Care {
    fn keep(&self, stream: &Stream) -> Permit<Keep> {
        self.parts.exports.node.keep(self.now(), stream.request())
    }

    async fn place(&self, keep: &Permit<Keep>, account: AccountId, number: u8) -> Result<Place, Error> {
        let at = place_of(account, number);
        let found = self.parts.store.work(keep, Queue::EXPORTS, &at).await?;
        let found = found.filter(|row| row.owner == Some(account));
        Ok(Place { at, row: found.and_then(|row| Noted::read(&row.payload).map(|noted| (row, noted))) })
    }

    async fn places(&self, keep: &Permit<Keep>, account: AccountId) -> Result<[Place; 2], Error> {
        let [first, second] = OF_ACCOUNT.map(|number| self.place(keep, account, number));
        let (first, second) = both(first, second).await;
        Ok([first?, second?])
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
        let (keep, account, session_id) = (self.keep(session.stream()), session.account(), session.id());
        let named = |key: &str| {
            let parts: [&[u8]; 3] = [b"honnin export key v1\0", session_id.octets(), key.as_bytes()];
            ExportId::from_octets(of_digest(&parts))
        };
        let export = key.map_or_else(|| random(session), named);
        let _turn = self.export_turns.of(source).await;
        for _ in 0..ATTEMPTS {
            let places = self.places(&keep, account).await?;
            let own = places.iter().find(|place| place.is_of(session));
            if let Some(own) = own
                && (own.is_under_way() || own.noted().is_some_and(|noted| noted.export == export))
            {
                return self.state_of(&keep, own).await?.ok_or(Error::Store);
            }
            let (waiting, _) = self.parts.store.waiting(&keep, Queue::EXPORTS).await?;
            let waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
            let finished = places.iter().filter(|place| !place.is_under_way());
            let free = own
                .or_else(|| finished.min_by_key(|place| place.row.as_ref().map(|(row, _)| row.at)))
                .filter(|_| waiting < self.parts.exports.bounds.most_under_way)
                .ok_or(Error::ExportsFull)?;
            let beside = self.beside(&keep, source).await?;
            if !beside.has_room() {
                return Err(Error::ExportsFull);
            }
            self.clear(&keep, free).await?;
            let left = self.parts.subscriber.leave(session).map_err(Into::into);
            let left = self.opened(session, left)?;
            let work = NewWork {
                queue: Queue::EXPORTS,
                id: free.at,
                owner: Some(account),
                payload: Noted { export, session: session_id, channel, stage: Stage::Asked(left) }.octets(),
                due: Some(keep.at()),
                until: Some(keep.at().plus_seconds(REMEMBERED_SECONDS)),
            };
            if self.parts.store.put_work(&keep, work.clone()).await? {
                // It stands, so that however many ask at one moment each of them names one that does.
                if !self.takes(&keep, &beside, (free.at, export)).await? {
                    self.parts.store.drop_work(&keep, Queue::EXPORTS, &free.at, Some(work.payload)).await?;
                    return Err(Error::ExportsFull);
                }
                (self.parts.exports.wake)();
            }
            // Where another request was first its export stands there, and the next turn finds the other place.
        }
        Err(Error::ExportsFull)
    }

    /// The export of this session, where it has one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn export_state(&self, session: &Session) -> Result<Option<ExportState>, Error> {
        let keep = self.keep(session.stream());
        let places = self.places(&keep, session.account()).await?;
        for place in &places {
            if place.is_of(session) {
                return self.state_of(&keep, place).await;
            }
        }
        Ok(None)
    }

    async fn state_of(&self, keep: &Permit<Keep>, place: &Place) -> Result<Option<ExportState>, Error> {
        let Some((row, noted)) = &place.row else { return Ok(None) };
        let stage = match noted.stage {
            Stage::Asked(_) if row.tries > 0 => ExportStage::Working,
            Stage::Asked(_) => {
                // Those that were due when it was asked for, but itself.
                let then = self.parts.exports.node.keep(row.due.unwrap_or(row.at), keep.request());
                let (due, _) = self.parts.store.waiting(&then, Queue::EXPORTS).await?;
                ExportStage::Waiting(usize::try_from(due.saturating_sub(1)).unwrap_or(usize::MAX))
            }
            Stage::Ready { until, .. } if until > keep.at() => ExportStage::Ready(until),
            Stage::Ready { .. } => ExportStage::Gone,
            Stage::Failed(fault) => ExportStage::Failed(fault),
        };
        Ok(Some(ExportState { export: noted.export, stage }))
    }

    /// Opens a finished export and lets it out.
    ///
    /// # Errors
    /// [`Error::NotThere`] for what this session did not ask for, [`Error::ExportNotReady`], [`Error::ExportGone`];
    /// and as all use cases.
    pub async fn fetch_export(&self, visit: Visit<'_>, export: ExportId) -> Result<Disclosed<Held>, Error> {
        let session = visit.session;
        let permit = permitted(self.parts.subscriber.export(session))?;
        let keep = self.keep(session.stream());
        let found = self.parts.store.work(&keep, Queue::EXPORTED, export.octets());
        let (places, found) = both(self.places(&keep, session.account()), found).await;
        let places = places?;
        let asked = |noted: &&Noted| noted.export == export && noted.session == session.id();
        let noted = places.iter().filter_map(Place::noted).find(asked).ok_or(Error::NotThere)?;
        match noted.stage {
            Stage::Ready { until, .. } if until > keep.at() => {}
            Stage::Ready { .. } => return Err(Error::ExportGone),
            Stage::Asked(_) | Stage::Failed(_) => return Err(Error::ExportNotReady),
        }
        let sealed = found?.ok_or(Error::ExportGone)?.payload;
        self.about_to(visit, (Kind::ExportFetched, Some(What::Export)), export.to_string()).await?;
        let held = self.opened(session, permit.open_export::<Held>(&row(export, session), &sealed))?;
        self.parts.gate.disclose(session, held, What::Export, visit.channel).await
    }

    /// Gives up the exports of a session that ends. Where the store takes nothing they lie until their time, and open for
    /// nobody.
    pub(crate) async fn forget_exports(&self, session: &Session) {
        let keep = self.keep(session.stream());
        let Ok(places) = self.places(&keep, session.account()).await else { return };
        for place in places {
            if place.is_of(session)
                && let Err(error) = self.clear(&keep, &place).await
            {
                tracing::warn!(%error, request = %session.request(), "an export of a session that ended was not removed");
            }
        }
    }

    /// Takes away what stands at a place, as it was seen.
    async fn clear(&self, keep: &Permit<Keep>, place: &Place) -> Result<(), Error> {
        let Some((row, noted)) = &place.row else { return Ok(()) };
        let store = &self.parts.store;
        if store.drop_work(keep, Queue::EXPORTS, &place.at, Some(row.payload.clone())).await? {
            store.drop_work(keep, Queue::EXPORTED, noted.export.octets(), None).await?;
        }
        Ok(())
    }

    /// Claims an export that waits to be made, also one whose worker is gone.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn claim_export(&self, stream: Stream) -> Result<Option<ExportWork>, Error> {
        let keep = self.keep(&stream);
        let store = &self.parts.store;
        // Looking costs no writing.
        if store.waiting(&keep, Queue::EXPORTS).await?.0 == 0 {
            return Ok(None);
        }
        let lease = self.parts.exports.bounds.deadline_seconds.max(0).saturating_add(MARGIN_SECONDS);
        let Some(claimed) = store.claim_work(&keep, Queue::EXPORTS, lease, 1).await?.pop() else {
            return Ok(None);
        };
        let noted = Noted::read(&claimed.work.payload);
        let (Some(account), Some(noted)) = (claimed.work.owner, noted) else {
            store.settle_work(&keep, Queue::EXPORTS, &claimed.work.id, claimed.fence, Settled::Done).await?;
            return Ok(None);
        };
        Ok(Some(ExportWork { claimed, account, noted, stream }))
    }

    /// Makes it: gathers, seals, keeps. Whatever stops it on the way leaves nothing that can be fetched; it is made by
    /// another worker then.
    pub async fn make_export(&self, work: ExportWork) {
        if let Err(error) = self.make(&work).await {
            tracing::warn!(%error, request = %work.stream.request(), "an export is not made yet");
        }
    }

    async fn make(&self, work: &ExportWork) -> Result<(), Error> {
        let ExportWork { claimed, account, noted, stream } = work;
        let Stage::Asked(left) = &noted.stage else { return Ok(()) };
        let settled = if claimed.work.tries > MOST_TRIES {
            Err(ExportFault::Interrupted)
        } else {
            match self.parts.subscriber.take_up(*account, left, stream.clone(), self.now()).await {
                Ok(session) => {
                    self.gathered(Visit { session: &session, channel: noted.channel }, noted.export).await
                }
                // Nobody can fetch it any more.
                Err(SessionError::Unknown) => return self.settle(work, Settled::Done).await,
                Err(SessionError::Rows(error)) => return Err(error.into()),
                Err(error) => {
                    self.session_fault(error, self.now(), stream.request());
                    Err(ExportFault::Failed)
                }
            }
        };
        let stage = settled.map_or_else(
            |fault| {
                honnin_figures::exports_failed(fault.word()).increment(1);
                Stage::Failed(fault)
            },
            |(octets, until)| Stage::Ready { octets, until },
        );
        let payload = Noted { stage, ..noted.clone() }.octets();
        self.settle(work, Settled::Again { payload: Some(payload), due: None }).await
    }

    /// Writes what became of it. Where it was given up meanwhile nothing is left of it; where another has claimed it since,
    /// it is the other's, and what was sealed first counts.
    async fn settle(&self, work: &ExportWork, settled: Settled) -> Result<(), Error> {
        let ExportWork { claimed, noted, stream, .. } = work;
        let (keep, store, id) = (self.keep(stream), &self.parts.store, &claimed.work.id);
        let done = store.settle_work(&keep, Queue::EXPORTS, id, claimed.fence, settled).await;
        if done == Err(honnin_store::Error::Conflict) {
            let now = store.work(&keep, Queue::EXPORTS, id).await?;
            let stands =
                now.and_then(|row| Noted::read(&row.payload)).is_some_and(|now| now.export == noted.export);
            if !stands {
                store.drop_work(&keep, Queue::EXPORTED, noted.export.octets(), None).await?;
            }
            return Ok(());
        }
        Ok(done?)
    }

    async fn gathered(&self, visit: Visit<'_>, export: ExportId) -> Result<(u64, Moment), ExportFault> {
        let session = visit.session;
        let bounds = &self.parts.exports.bounds;
        let deadline = self.now().plus_seconds(bounds.deadline_seconds);
        let permit = permitted(self.parts.subscriber.export(session))?;
        let held = self.gather(session, deadline).await?;
        let sealed = permit.seal_gathered(&row(export, session), &held, session.entropy());
        let sealed = self.opened(session, sealed)?;
        drop(held);
        self.in_time(deadline)?;
        let octets = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
        if octets > bounds.most_octets {
            return Err(ExportFault::TooLarge);
        }
        let keep = self.keep(session.stream());
        if self.taken(&keep).await?.saturating_add(octets) > bounds.space_octets {
            return Err(ExportFault::NoRoom);
        }
        let until = keep.at().plus_seconds(bounds.keep_seconds);
        let work = NewWork {
            queue: Queue::EXPORTED,
            id: *export.octets(),
            owner: Some(session.account()),
            payload: sealed,
            due: None,
            until: Some(until),
        };
        self.about_to(visit, (Kind::ExportMade, Some(What::Export)), export.to_string()).await?;
        let put = self.parts.store.put_work(&keep, work).await.map_err(|error| {
            tracing::error!(%error, "the store takes no export");
            ExportFault::NoRoom
        })?;
        if put {
            return Ok((octets, until));
        }
        // A worker before this one had come so far, and no further.
        let there =
            self.parts.store.work(&keep, Queue::EXPORTED, export.octets()).await.map_err(Error::from)?;
        Ok((octets, there.and_then(|row| row.until).unwrap_or(until)))
    }

    /// Octets of all finished exports. Two workers that finish at one moment do not see each other, so there may be as
    /// many exports more as there are workers.
    async fn taken(&self, keep: &Permit<Keep>) -> Result<u64, Error> {
        let (mut taken, mut after) = (0_u64, None);
        loop {
            let rows = self.parts.store.works(keep, Queue::EXPORTS, None, after, PAGE).await?;
            for row in &rows {
                if let Some(Noted { stage: Stage::Ready { octets, until }, .. }) = Noted::read(&row.payload)
                    && until > keep.at()
                {
                    taken = taken.saturating_add(octets);
                }
            }
            after = rows.last().map(|row| row.id);
            if rows.len() < PAGE {
                return Ok(taken);
            }
        }
    }
}

fn random<I: Id>(session: &Session) -> I {
    let mut octets = [0; 16];
    session.entropy().fill(&mut octets);
    I::from_octets(octets)
}
