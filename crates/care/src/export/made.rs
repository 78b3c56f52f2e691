//! What was made of an export: which claim has made it, what of it is left, and what became of it.

use honnin_access::{Keep, Permit};
use honnin_store::{Error as Rows, NewWork, Queue, Settled, WorkRow};
use honnin_terms::{ExportId, Id};

use super::noted::{ExportFault, Noted, Stage};
use super::shelf::{ATTEMPTS, Claimed, Outcome, Shelf};
use crate::care::Error;

/// What was made, as it lies in the store: the claim it was made under, and what that claim's worker has sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The claim that the export's own record names. What was sealed under another is not what is asked for.
    pub fence: u64,
    /// What lies there.
    pub octets: Vec<u8>,
}

/// The claim a row of what was made bears, and the rest of it.
pub(super) fn made_under(payload: &[u8]) -> Option<(u64, &[u8])> {
    let (fence, sealed) = payload.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*fence), sealed))
}

impl Shelf<'_> {
    /// Keeps what was made. What an earlier claim has left gives way to it; where a later one has come so far, that one's stays.
    ///
    /// # Errors
    /// [`ExportFault::NoRoom`] where the store takes nothing; it may have been taken all the same, and is not there any more
    /// once that is settled.
    pub async fn keep(
        &self,
        keep: &Permit<Keep>,
        claimed: &Claimed,
        sealed: Vec<u8>,
    ) -> Result<Outcome, ExportFault> {
        let fence = claimed.fence();
        let (export, until) = (claimed.export(), keep.at().plus_seconds(self.bounds.keep_seconds));
        let payload = [fence.to_be_bytes().as_slice(), &sealed].concat();
        drop(sealed);
        let octets = u64::try_from(payload.len()).unwrap_or(u64::MAX);
        let no_room = |error: Rows| {
            tracing::error!(%error, "the store takes no export");
            ExportFault::NoRoom
        };
        for _ in 0..ATTEMPTS {
            let work = NewWork {
                queue: Queue::EXPORTED,
                id: *export.octets(),
                owner: Some(claimed.account),
                payload: payload.clone(),
                due: None,
                until: Some(until),
            };
            if self.rows.put_work(keep, work).await.map_err(no_room)? {
                return Ok(Outcome::Made(octets, until));
            }
            if self.left_over(keep, claimed).await?.is_some() {
                // What is settled is refused: it is another's.
                return Ok(Outcome::Made(octets, until));
            }
        }
        Err(ExportFault::Failed)
    }

    /// Takes away what this claim or an earlier one has left; what a later one has put, where that is so.
    async fn left_over(&self, keep: &Permit<Keep>, claimed: &Claimed) -> Result<Option<WorkRow>, Error> {
        let id = *claimed.export().octets();
        let Some(row) = self.rows.work(keep, Queue::EXPORTED, &id).await? else { return Ok(None) };
        if made_under(&row.payload).is_some_and(|(fence, _)| fence > claimed.fence()) {
            return Ok(Some(row));
        }
        self.rows.drop_work(keep, Queue::EXPORTED, &id, Some(row.payload)).await?;
        Ok(None)
    }

    /// Writes what became of it. Where nothing came of it nothing of it is left; where another has claimed it since, it is the
    /// other's, and what this one has put is gone.
    ///
    /// # Errors
    /// [`Error::Store`]: another worker makes it then.
    pub async fn settle(
        &self,
        keep: &Permit<Keep>,
        claimed: &Claimed,
        outcome: Outcome,
    ) -> Result<(), Error> {
        let (rows, id, noted) = (self.rows, &claimed.work.work.id, &claimed.noted);
        let fence = claimed.fence();
        let stage = match outcome {
            Outcome::Made(octets, until) => Some(Stage::Ready { octets, until, fence }),
            Outcome::Failed(fault) => Some(Stage::Failed(fault)),
            Outcome::Unwanted => None,
        };
        if !matches!(outcome, Outcome::Made(..)) {
            // First: where it is not known whether this was done another worker sees to it.
            self.left_over(keep, claimed).await?;
        }
        let settled = stage.map_or(Settled::Done, |stage| {
            let payload = Noted { stage, ..noted.clone() }.octets();
            Settled::Again { payload: Some(payload), due: None }
        });
        let done = rows.settle_work(keep, Queue::EXPORTS, id, fence, settled).await;
        if done == Err(Rows::Conflict) {
            let now = rows.work(keep, Queue::EXPORTS, id).await?;
            let now = now.and_then(|row| Noted::read(&row.payload)).map(|now| (now.export, now.stage));
            let is_own = |(export, stage): &(ExportId, Stage)| {
                *export == noted.export && matches!(stage, Stage::Ready { fence: own, .. } if *own == fence)
            };
            if !now.is_some_and(|now| is_own(&now)) {
                self.left_over(keep, claimed).await?;
            }
            return Ok(());
        }
        Ok(done?)
    }
}
