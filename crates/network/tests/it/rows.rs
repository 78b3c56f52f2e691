//! Wishes in memory, as `store` promises them.

use std::collections::HashMap;
use std::sync::Mutex;

use honnin_access::{Answer, Drive, Permit, Read, SetSpeed};
use honnin_store::{
    Claim, ClaimedWish, DriveMaterial, Error, NewWish, Outcome, SpeedRow, SpeedRows, WishAnswer, WishKey,
};
use honnin_terms::{AccountId, HoldingId, Moment};
use std::sync::Arc;

pub(crate) struct Line {
    pub(crate) material: DriveMaterial,
    pub(crate) row: SpeedRow,
    pub(crate) fence: u64,
    pub(crate) tries: u32,
    pub(crate) due_at: Option<Moment>,
    pub(crate) leased_until: Option<Moment>,
}

#[derive(Default)]
pub(crate) struct Rows(pub(crate) Mutex<HashMap<(AccountId, HoldingId), Line>>);

fn key<A: honnin_access::Act>(permit: &Permit<A>) -> (AccountId, HoldingId) {
    (permit.subject().account, permit.subject().holding.unwrap())
}

impl Rows {
    /// Puts one line's row where another's belongs, as a fault of a store would.
    pub(crate) fn swap(&self, from: (AccountId, HoldingId), to: (AccountId, HoldingId)) {
        let mut lines = self.0.lock().unwrap();
        let foreign = lines[&from].row.clone();
        lines.get_mut(&to).unwrap().row = foreign;
    }

    /// Writes a wish as a subscriber's page does: due at once, the claim of an older wish void.
    pub(crate) fn write(&self, line: (AccountId, HoldingId), blob: Vec<u8>, at: Moment) {
        let mut lines = self.0.lock().unwrap();
        let line = lines.get_mut(&line).unwrap();
        line.row = SpeedRow { revision: line.row.revision + 1, blob: blob.into() };
        line.tries = 0;
        line.due_at = Some(at);
        line.leased_until = None;
    }
}

impl SpeedRows for Rows {
    fn speed(&self, _: &Permit<Read>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>> {
        Answer::ready(Err(Error::Unavailable))
    }
    fn speed_to_set(&self, _: &Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>> {
        Answer::ready(Err(Error::Unavailable))
    }
    fn wish_of_key(
        &self,
        _: &Permit<SetSpeed>,
        _: &WishKey,
    ) -> Answer<'_, Result<Option<WishAnswer>, Error>> {
        Answer::ready(Err(Error::Unavailable))
    }
    fn set_wish(&self, _: &Permit<SetSpeed>, _: NewWish) -> Answer<'_, Result<WishAnswer, Error>> {
        Answer::ready(Err(Error::Unavailable))
    }
    fn contract_to_set(&self, _: &Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>> {
        Answer::ready(Err(Error::Unavailable))
    }

    fn claim(&self, _: &Permit<Drive>, claim: Claim) -> Answer<'_, Result<Vec<ClaimedWish>, Error>> {
        let mut lines = self.0.lock().unwrap();
        let due = lines.iter_mut().filter(|(_, line)| {
            line.due_at.is_some_and(|due| due <= claim.now)
                && line.leased_until.is_none_or(|until| until <= claim.now)
        });
        let claimed = due.take(claim.most).map(|((account, holding), line)| {
            line.fence += 1;
            line.tries += 1;
            line.leased_until = Some(claim.now.plus_seconds(claim.lease_seconds));
            ClaimedWish {
                account: *account,
                holding: *holding,
                row: line.row.clone(),
                fence: line.fence,
                tries: line.tries,
            }
        });
        Answer::ready(Ok(claimed.collect()))
    }

    fn drive_material(&self, permit: &Permit<Drive>) -> Answer<'_, Result<Option<DriveMaterial>, Error>> {
        let lines = self.0.lock().unwrap();
        Answer::ready(Ok(lines.get(&key(permit)).map(|line| line.material.clone())))
    }

    fn settle(&self, permit: &Permit<Drive>, outcome: Outcome) -> Answer<'_, Result<(), Error>> {
        let mut lines = self.0.lock().unwrap();
        let line = lines.get_mut(&key(permit)).unwrap();
        if line.fence != outcome.fence || line.row.revision != outcome.read_revision {
            return Answer::ready(Err(Error::Conflict));
        }
        line.row = SpeedRow { revision: line.row.revision + 1, blob: outcome.blob.into() };
        line.due_at = outcome.due_at;
        line.leased_until = None;
        Answer::ready(Ok(()))
    }

    fn backlog(&self, _: &Permit<Drive>) -> Answer<'_, Result<(u64, Option<Moment>), Error>> {
        let lines = self.0.lock().unwrap();
        let waiting = lines.values().filter_map(|line| line.due_at);
        Answer::ready(Ok((u64::try_from(waiting.clone().count()).unwrap(), waiting.min())))
    }
}
