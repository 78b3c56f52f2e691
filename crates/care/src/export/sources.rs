//! Where exports under way came from: a source has so many places and no more, whoever asks there.
//!
//! A place is a row that names the export it is taken for. It is free again once that export is not under way any more:
//! nobody has to give it back, so that no crash keeps one.

use honnin_access::{Keep, Permit, Source};
use honnin_store::{NewWork, Queue, WorkId};
use honnin_terms::{ExportId, Id};
use tokio::sync::{Mutex, MutexGuard};

use super::noted::{Noted, Stage};
use super::shelf::{REMEMBERED_SECONDS, Shelf, of_digest};
use crate::care::Error;

/// The places of one source that nobody has, with what stands there of an export that is done.
pub(super) struct Beside {
    free: Vec<(WorkId, Option<Vec<u8>>)>,
}

impl Beside {
    pub(super) const fn has_room(&self) -> bool {
        !self.free.is_empty()
    }
}

/// So many sources ask beside one another.
const LANES: usize = 64;

/// Whose turn it is to ask for an export on this node, one of a source after the other: an ask that is refused for its
/// source has then taken no place of all before, not for a moment. The rows decide; this only has them asked in order.
#[derive(Debug)]
pub(crate) struct Turns([Mutex<()>; LANES]);

impl Turns {
    pub(crate) const fn new() -> Self {
        Self([const { Mutex::const_new(()) }; LANES])
    }

    pub(super) async fn of(&self, source: Source) -> Option<MutexGuard<'_, ()>> {
        let lanes = u64::try_from(LANES).ok()?;
        let lane = usize::try_from(source.site % lanes).ok()?;
        Some(self.0.get(lane)?.lock().await)
    }
}

impl Shelf<'_> {
    /// The free places of a source.
    pub(super) async fn beside(&self, keep: &Permit<Keep>, source: &[u8]) -> Result<Beside, Error> {
        let mut free = Vec::new();
        for number in 0..self.bounds.most_of_source {
            let number = u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes();
            let at = of_digest(&[b"honnin export source v1\0", source, &number]);
            let there = self.rows.work(keep, Queue::EXPORT_SOURCES, &at).await?.map(|row| row.payload);
            let is_taken = match &there {
                Some(payload) => self.is_under_way(keep, payload).await?,
                None => false,
            };
            if !is_taken {
                free.push((at, there));
            }
        }
        Ok(Beside { free })
    }

    /// Takes one of these places for an export that stands; whether one was left.
    pub(super) async fn takes(
        &self,
        keep: &Permit<Keep>,
        beside: &Beside,
        (place, export): (WorkId, ExportId),
    ) -> Result<bool, Error> {
        for (at, there) in &beside.free {
            if let Some(done) = there {
                self.rows.drop_work(keep, Queue::EXPORT_SOURCES, at, Some(done.clone())).await?;
            }
            let work = NewWork {
                queue: Queue::EXPORT_SOURCES,
                id: *at,
                owner: None,
                payload: [place.as_slice(), export.octets()].concat(),
                due: None,
                until: Some(keep.at().plus_seconds(REMEMBERED_SECONDS)),
            };
            if self.rows.put_work(keep, work).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the export a place names waits or is being made.
    async fn is_under_way(&self, keep: &Permit<Keep>, named: &[u8]) -> Result<bool, Error> {
        let Some((place, export)) = named.split_first_chunk::<16>() else { return Ok(false) };
        let row = self.rows.work(keep, Queue::EXPORTS, place).await?;
        let noted = row.and_then(|row| Noted::read(&row.payload));
        let is_it = |noted: Noted| noted.export.octets() == export && matches!(noted.stage, Stage::Asked(_));
        Ok(noted.is_some_and(is_it))
    }
}
