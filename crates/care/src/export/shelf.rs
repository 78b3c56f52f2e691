//! Exports as the store has them: which were asked for, who makes one, what was made, and until when. It knows neither
//! sessions nor what is sealed: what it is told of both it keeps, and hands to nobody else.

use honnin_access::{Keep, NodeAuthority, Permit, both};
use honnin_seal::digest;
use honnin_store::{ClaimRows, ClaimedWork, NewWork, Queue, Settled, WorkId, WorkRow};
use honnin_terms::{AccountId, ExportId, Id, Moment, SessionId};

use super::ExportBounds;
use super::made::{Sealed, made_under};
use super::noted::{ExportFault, ExportStage, ExportState, Noted, Stage};
use crate::Channel;
use crate::care::Error;

/// Exports of one account that are known at once: one more takes the place of a finished one, or is refused. A place is
/// a row of its own, so that however many ask at one moment there are no more.
const OF_ACCOUNT: [u8; 2] = [0, 1];
/// How long it is remembered what became of an export, so that who comes late is told.
pub(super) const REMEMBERED_SECONDS: i64 = 86_400;
/// A claim lasts so much longer than an export may take.
pub(super) const MARGIN_SECONDS: i64 = 30;
/// A worker that breaks off is followed by another; an export that has outlived so many is given up.
const MOST_TRIES: u32 = 3;
/// How often a place is looked for while others take them.
pub(super) const ATTEMPTS: usize = 3;
/// Rows looked at together where the room is counted.
const PAGE: usize = 500;

/// A place of an account's exports, and what stands there.
struct Place {
    at: WorkId,
    row: Option<WorkRow>,
    /// What the row says; nothing where another build wrote it, and whoever finds it so takes the place.
    noted: Option<Noted>,
}

impl Place {
    fn noted(&self) -> Option<&Noted> {
        self.noted.as_ref()
    }

    fn is_of(&self, session: SessionId) -> bool {
        self.noted().is_some_and(|noted| noted.session == session)
    }

    fn is_under_way(&self) -> bool {
        self.noted().is_some_and(|noted| matches!(noted.stage, Stage::Asked(_)))
    }
}

fn place_of(account: AccountId, number: u8) -> WorkId {
    of_digest(&[b"honnin export place v1\0", account.octets(), &[number]])
}

pub(super) fn of_digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut octets = [0; 16];
    octets.iter_mut().zip(digest(parts)).for_each(|(to, from)| *to = from);
    octets
}

/// Who asks for an export.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// Whose.
    pub account: AccountId,
    /// The sign-in that asks: it alone can fetch it.
    pub session: SessionId,
    /// By which way.
    pub channel: Channel,
    /// Its name: the same again is the same export.
    pub export: ExportId,
    /// A pseudonym of where she asks.
    pub source: &'a [u8],
}

/// An export to be made, under a claim.
#[derive(Debug)]
pub struct Claimed {
    pub(super) work: ClaimedWork,
    /// Whose.
    pub account: AccountId,
    pub(super) noted: Noted,
}

impl Claimed {
    /// Which.
    pub const fn export(&self) -> ExportId {
        self.noted.export
    }

    /// For which sign-in.
    pub const fn session(&self) -> SessionId {
        self.noted.session
    }

    /// By which way it was asked for.
    pub const fn channel(&self) -> Channel {
        self.noted.channel
    }

    /// What the sign-in has left to make it with; `None` where it is made already.
    pub fn left(&self) -> Option<&[u8]> {
        if let Stage::Asked(left) = &self.noted.stage { Some(left) } else { None }
    }

    /// Names this claim of it: what is made under it bears that.
    pub const fn fence(&self) -> u64 {
        self.work.fence
    }

    /// Whether so many workers have broken off over it that it is given up.
    pub const fn is_given_up(&self) -> bool {
        self.work.work.tries > MOST_TRIES
    }
}

/// What an export came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// So many octets are kept until then.
    Made(u64, Moment),
    /// It was not made.
    Failed(ExportFault),
    /// Nobody can fetch it any more: nothing is left of it.
    Unwanted,
}

/// The exports of an installation.
#[derive(Clone, Copy)]
pub struct Shelf<'a> {
    /// Where they stand.
    pub rows: &'a dyn ClaimRows,
    /// Permits to keep them.
    pub node: &'a NodeAuthority,
    /// What they may take.
    pub bounds: &'a ExportBounds,
    /// How long a worker has one to itself.
    pub lease_seconds: i64,
}

impl std::fmt::Debug for Shelf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shelf(..)")
    }
}

impl Shelf<'_> {
    async fn place(&self, keep: &Permit<Keep>, account: AccountId, number: u8) -> Result<Place, Error> {
        let at = place_of(account, number);
        let found = self.rows.work(keep, Queue::EXPORTS, &at).await?;
        let row = found.filter(|row| row.owner == Some(account));
        let noted = row.as_ref().and_then(|row| Noted::read(&row.payload));
        Ok(Place { at, row, noted })
    }

    async fn places(&self, keep: &Permit<Keep>, account: AccountId) -> Result<[Place; 2], Error> {
        let [first, second] = OF_ACCOUNT.map(|number| self.place(keep, account, number));
        let (first, second) = both(first, second).await;
        Ok([first?, second?])
    }

    /// Begins an export in place of an earlier one of the account; how far it is, and whether it was begun now. What the
    /// sign-in leaves for it is asked for where it is begun.
    ///
    /// # Errors
    /// [`Error::ExportsFull`] where others of the account, or as many as may be of that source or of all, are under way.
    pub async fn begin(
        &self,
        keep: &Permit<Keep>,
        asking: Asking<'_>,
        left: impl Fn() -> Result<Vec<u8>, Error> + Send + Sync,
    ) -> Result<(ExportState, bool), Error> {
        let Asking { account, session, channel, export, source } = asking;
        let mut is_new = false;
        for _ in 0..ATTEMPTS {
            let places = self.places(keep, account).await?;
            let own = places.iter().find(|place| place.is_of(session));
            // Where it was begun and another has taken its place since, it is not begun a second time.
            if let Some(own) = own
                && (is_new || own.is_under_way() || own.noted().is_some_and(|noted| noted.export == export))
            {
                return Ok((self.state_of(keep, own).await?.ok_or(Error::Store)?, is_new));
            }
            if is_new {
                break;
            }
            let (waiting, _) = self.rows.waiting(keep, Queue::EXPORTS).await?;
            let waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
            let finished = places.iter().filter(|place| !place.is_under_way());
            let free = own
                .or_else(|| finished.min_by_key(|place| place.row.as_ref().map(|row| row.at)))
                .filter(|_| waiting < self.bounds.most_under_way)
                .ok_or(Error::ExportsFull)?;
            let beside = self.beside(keep, source).await?;
            if !beside.has_room() {
                return Err(Error::ExportsFull);
            }
            self.clear(keep, free).await?;
            let work = NewWork {
                queue: Queue::EXPORTS,
                id: free.at,
                owner: Some(account),
                payload: Noted { export, session, channel, stage: Stage::Asked(left()?) }.octets(),
                due: Some(keep.at()),
                until: Some(keep.at().plus_seconds(REMEMBERED_SECONDS)),
            };
            if self.rows.put_work(keep, work.clone()).await? {
                // It stands, so that however many ask at one moment each of them names one that does.
                if !self.takes(keep, &beside, (free.at, export)).await? {
                    self.rows.drop_work(keep, Queue::EXPORTS, &free.at, Some(work.payload)).await?;
                    return Err(Error::ExportsFull);
                }
                is_new = true;
            }
            // Where another request was first its export stands there, and the next turn finds the other place.
        }
        Err(Error::ExportsFull)
    }

    /// How far the export of that sign-in is, where it has one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn state(
        &self,
        keep: &Permit<Keep>,
        (account, session): (AccountId, SessionId),
    ) -> Result<Option<ExportState>, Error> {
        for place in &self.places(keep, account).await? {
            if place.is_of(session) {
                return self.state_of(keep, place).await;
            }
        }
        Ok(None)
    }

    async fn state_of(&self, keep: &Permit<Keep>, place: &Place) -> Result<Option<ExportState>, Error> {
        let (Some(row), Some(noted)) = (&place.row, &place.noted) else { return Ok(None) };
        let stage = match noted.stage {
            Stage::Asked(_) if row.tries > 0 => ExportStage::Working,
            Stage::Asked(_) => {
                // Those that were due when it was asked for, but itself.
                let then = self.node.keep(row.due.unwrap_or(row.at), keep.request());
                let (due, _) = self.rows.waiting(&then, Queue::EXPORTS).await?;
                ExportStage::Waiting(usize::try_from(due.saturating_sub(1)).unwrap_or(usize::MAX))
            }
            Stage::Ready { until, .. } if until > keep.at() => ExportStage::Ready(until),
            Stage::Ready { .. } => ExportStage::Gone,
            Stage::Failed(fault) => ExportStage::Failed(fault),
        };
        Ok(Some(ExportState { export: noted.export, stage }))
    }

    /// What was made, sealed as it was, for the sign-in that asked. Whoever opens it does so as made under the claim that
    /// settled the export: what another has left there does not open.
    ///
    /// # Errors
    /// [`Error::NotThere`] for what that sign-in did not ask for, [`Error::ExportNotReady`], [`Error::ExportGone`].
    pub async fn sealed(
        &self,
        keep: &Permit<Keep>,
        (account, session): (AccountId, SessionId),
        export: ExportId,
    ) -> Result<Sealed, Error> {
        let found = self.rows.work(keep, Queue::EXPORTED, export.octets());
        let (places, found) = both(self.places(keep, account), found).await;
        let places = places?;
        let asked = |noted: &&Noted| noted.export == export && noted.session == session;
        let noted = places.iter().filter_map(Place::noted).find(asked).ok_or(Error::NotThere)?;
        let fence = match noted.stage {
            Stage::Ready { until, fence, .. } if until > keep.at() => fence,
            Stage::Ready { .. } => return Err(Error::ExportGone),
            Stage::Asked(_) | Stage::Failed(_) => return Err(Error::ExportNotReady),
        };
        let payload = found?.ok_or(Error::ExportGone)?.payload;
        let octets = made_under(&payload).map_or_else(Vec::new, |(_, sealed)| sealed.to_vec());
        Ok(Sealed { fence, octets })
    }

    /// Gives up the exports of a sign-in that ends.
    ///
    /// # Errors
    /// [`Error::Store`]: then they lie until their time, and open for nobody.
    pub async fn forget(
        &self,
        keep: &Permit<Keep>,
        (account, session): (AccountId, SessionId),
    ) -> Result<(), Error> {
        let [first, second] = self.places(keep, account).await?;
        let clear =
            async |place: &Place| if place.is_of(session) { self.clear(keep, place).await } else { Ok(()) };
        let (first, second) = (clear(&first).await, clear(&second).await);
        first.and(second)
    }

    /// Takes away what stands at a place, as it was seen.
    async fn clear(&self, keep: &Permit<Keep>, place: &Place) -> Result<(), Error> {
        let Some(row) = &place.row else { return Ok(()) };
        let dropped = self.rows.drop_work(keep, Queue::EXPORTS, &place.at, Some(row.payload.clone())).await?;
        // Of one that is not read nobody knows what it has left: it lies until its time, and opens for nobody.
        if let Some(noted) = place.noted().filter(|_| dropped) {
            self.rows.drop_work(keep, Queue::EXPORTED, noted.export.octets(), None).await?;
        }
        Ok(())
    }

    /// Claims an export that waits to be made, also one whose worker is gone.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn claim(&self, keep: &Permit<Keep>) -> Result<Option<Claimed>, Error> {
        // Looking costs no writing.
        if self.rows.waiting(keep, Queue::EXPORTS).await?.0 == 0 {
            return Ok(None);
        }
        let claimed = self.rows.claim_work(keep, Queue::EXPORTS, self.lease_seconds, 1).await?.pop();
        let Some(work) = claimed else { return Ok(None) };
        let (Some(account), Some(noted)) = (work.work.owner, Noted::read(&work.work.payload)) else {
            self.rows.settle_work(keep, Queue::EXPORTS, &work.work.id, work.fence, Settled::Done).await?;
            return Ok(None);
        };
        Ok(Some(Claimed { work, account, noted }))
    }

    /// Whether that many octets may be kept.
    ///
    /// # Errors
    /// The fault: it is too large, or there is no room; [`ExportFault::Failed`] where the store does not answer.
    pub async fn has_room(&self, keep: &Permit<Keep>, octets: u64) -> Result<(), ExportFault> {
        if octets > self.bounds.most_octets {
            return Err(ExportFault::TooLarge);
        }
        let taken = self.taken(keep).await?.saturating_add(octets);
        if taken > self.bounds.space_octets { Err(ExportFault::NoRoom) } else { Ok(()) }
    }

    /// Octets of all finished exports. Two workers that finish at one moment do not see each other, so there may be as
    /// many exports more as there are workers.
    async fn taken(&self, keep: &Permit<Keep>) -> Result<u64, Error> {
        let (mut taken, mut after) = (0_u64, None);
        loop {
            let rows = self.rows.works(keep, Queue::EXPORTS, None, after, PAGE).await?;
            for row in &rows {
                if let Some(Noted { stage: Stage::Ready { octets, until, .. }, .. }) =
                    Noted::read(&row.payload)
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
