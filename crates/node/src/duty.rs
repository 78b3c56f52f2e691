//! Duties of the installation: what one node at a time does for all of them, again and again.
//!
//! A duty is work under a claim that is put once and never done with. Who claims it does it and says when it is due next; a
//! node that dies or pauses in the middle of it is followed by another when its claim lapses. What a duty does has to
//! stand being done again.

use honnin_access::{Keep, NodeAuthority, Permit};
use honnin_store::{ClaimRows, ClaimedWork, Error, NewWork, Queue, Settled, WorkId};
use honnin_terms::{Clock, Entropy};

use crate::request;

/// A duty: the queue that holds it and nothing else, and how long it takes at most, in seconds. After that another node
/// may do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duty {
    pub(crate) queue: Queue,
    pub(crate) lease_seconds: i64,
}

impl Duty {
    /// Forgetting what is past its time.
    pub(crate) const SWEEP: Self = Self { queue: Queue::SWEEPS, lease_seconds: 600 };
    /// Entries the journal is owed.
    pub(crate) const ENTRIES: Self = Self { queue: Queue::ENTRIES, lease_seconds: 60 };
}

/// The one piece of work in such a queue.
const WORK: WorkId = [0; 16];

/// A duty this node has claimed.
#[derive(Debug)]
pub(crate) struct OnDuty(ClaimedWork);

/// Where duties are written down, and what it takes to do so.
#[derive(Clone, Copy)]
pub(crate) struct Duties<'a> {
    pub(crate) rows: &'a dyn ClaimRows,
    pub(crate) authority: &'a NodeAuthority,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) entropy: &'a dyn Entropy,
}

impl std::fmt::Debug for Duties<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Duties(..)")
    }
}

impl Duties<'_> {
    fn permit(&self) -> Permit<Keep> {
        self.authority.keep(self.clock.now(), request(self.entropy))
    }

    /// Claims a duty where it is due and nobody has it.
    pub(crate) async fn claim(&self, duty: Duty) -> Result<Option<OnDuty>, Error> {
        let (permit, queue) = (self.permit(), duty.queue);
        // Looking costs no writing.
        match self.rows.work(&permit, queue, &WORK).await? {
            Some(row) if row.due.is_none_or(|due| due > permit.at()) => return Ok(None),
            Some(_) => {}
            None => {
                let due = Some(permit.at());
                let work = NewWork { queue, id: WORK, owner: None, payload: Vec::new(), due, until: None };
                self.rows.put_work(&permit, work).await?;
            }
        }
        // With a permit of its own: a claim lasts from when it is asked for, not from before the look.
        let claimed = self.rows.claim_work(&self.permit(), queue, duty.lease_seconds, 1).await?;
        Ok(claimed.into_iter().next().map(OnDuty))
    }

    /// Whether it is still this node's: then it is for as long as a claim lasts, from now.
    pub(crate) async fn still(&self, duty: Duty, on: &OnDuty) -> Result<bool, Error> {
        let longer = Settled::Longer { lease_seconds: duty.lease_seconds };
        let settled = self.rows.settle_work(&self.permit(), duty.queue, &on.0.work.id, on.0.fence, longer);
        match settled.await {
            Err(Error::Conflict) => Ok(false),
            done => done.map(|()| true),
        }
    }

    /// Says that it is done, and due again so many seconds from now. Nothing is said where another has claimed it since.
    pub(crate) async fn done(&self, duty: Duty, on: OnDuty, again_seconds: i64) -> Result<(), Error> {
        let permit = self.permit();
        let due = Some(permit.at().plus_seconds(again_seconds));
        let settled = Settled::Again { payload: None, due };
        match self.rows.settle_work(&permit, duty.queue, &on.0.work.id, on.0.fence, settled).await {
            Err(Error::Conflict) => Ok(()),
            done => done,
        }
    }
}
