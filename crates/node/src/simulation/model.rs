//! The model of a store: what reaches it is done, whoever waits for the answer.

use std::sync::{Arc, Mutex};

use honnin_access::{Answer, ControlName, ControlRow, ControlRows, Keep, NewControl, Permit, Swapped};
use honnin_store::{ClaimRows, ClaimedWork, Error, NewWork, Queue, Settled, WorkId, WorkRow};
use honnin_terms::{AccountId, Moment};

use super::world::{State, World};
use super::{Planted, STORM, duty};

/// Work as the store has it.
#[derive(Clone)]
pub(super) struct Work {
    row: WorkRow,
    leased_until: Option<Moment>,
    fence: u64,
    /// When the store took it, by its own time.
    put_at: u64,
}

impl Work {
    fn is_claimed(&self, at: Moment) -> bool {
        self.leased_until.is_some_and(|until| until > at)
    }

    /// Whether it is as if it were not there.
    fn is_over(&self, at: Moment) -> bool {
        self.row.until.is_some_and(|until| until <= at)
    }
}

impl World {
    /// Since when exports wait or are made.
    pub(super) fn exports_under_way(&self) -> Vec<u64> {
        let state = self.state();
        let all =
            state.works.iter().filter(|((of, _), work)| *of == Queue::EXPORTS && work.row.due.is_some());
        all.map(|(_, work)| work.put_at).collect()
    }
}

pub(super) struct Model(pub(super) World);

/// Which node asks: its permits carry its number.
fn node_of(permit: &Permit<Keep>) -> usize {
    use honnin_terms::Id;
    usize::from(permit.request().octets()[0])
}

impl Model {
    /// Does it some time later, and answers some time after that; or never, as far as who waits can tell.
    pub(super) fn ask<T: Send + Clone + 'static>(
        &self,
        act: impl FnOnce(&mut State) -> T + Send + 'static,
    ) -> Answer<'static, Result<T, Error>> {
        let world = self.0.clone();
        Answer::later(async move {
            let (there, back) = (world.draw(20), world.draw(20));
            let peace = world.now() > STORM;
            let fate = if peace { 50 } else { world.draw(100) };
            let done = Arc::new(Mutex::new(None));
            if fate >= 5 {
                let slot = Arc::clone(&done);
                world.at(there, move |state| {
                    let answer = act(state);
                    *slot.lock().unwrap() = Some(answer);
                });
            }
            // In a hundred, five are not done, five are done and not answered, and five are answered late.
            let wait = if fate < 15 { 200 + world.draw(800) } else { there + back };
            world.sleep(wait).await;
            let answer = done.lock().unwrap().clone();
            if fate < 10 { Err(Error::Unavailable) } else { answer.ok_or(Error::Unavailable) }
        })
    }
}

impl ControlRows for Model {
    fn control(&self, _: &Permit<Keep>, name: &ControlName) -> Answer<'_, Result<Option<ControlRow>, Error>> {
        let name = name.clone();
        self.ask(move |state| state.row(&name).cloned())
    }
    fn controls(
        &self,
        _: &Permit<Keep>,
        _: &str,
        _: Option<&ControlName>,
        _: usize,
    ) -> Answer<'_, Result<Vec<(ControlName, ControlRow)>, Error>> {
        Answer::ready(Ok(Vec::new()))
    }
    fn swap_control(
        &self,
        permit: &Permit<Keep>,
        name: &ControlName,
        read_revision: u64,
        write: Option<NewControl>,
    ) -> Answer<'_, Result<Swapped, Error>> {
        let (at, planted, name) = (permit.at(), self.0.planted, name.clone());
        let keeper = Arc::clone(&self.0.ground.keeper);
        self.ask(move |state| {
            let row = state.row(&name);
            let present = row.map_or(0, |row| row.revision);
            if present != read_revision && planted != Planted::WithoutRevision {
                return Swapped::Changed(row.cloned());
            }
            let NewControl { value, until } = write.unwrap_or(NewControl { value: Vec::new(), until: None });
            match name.as_str().split('/').next() {
                Some("mode") => state.mode_written(&value),
                Some("journal-epochs") => state.epochs_written(&keeper, &value),
                _ => {}
            }
            state.revision += 1;
            let revision = state.revision;
            state.rows.insert(name.as_str().to_owned(), ControlRow { revision, value, at, until });
            Swapped::Done(revision)
        })
    }
}

impl ClaimRows for Model {
    fn put_work(&self, permit: &Permit<Keep>, work: NewWork) -> Answer<'_, Result<bool, Error>> {
        let (at, planted) = (permit.at(), self.0.planted);
        self.ask(move |state| {
            let NewWork { queue, id, owner, payload, due, until } = work;
            let stands = state.works.get(&(queue, id)).is_some_and(|work| !work.is_over(at));
            if stands && planted != Planted::PutOver {
                return false;
            }
            let row = WorkRow { id, owner, payload, at, due, until, tries: 0 };
            let (fence, put_at) = (state.fence, state.now);
            state.works.insert((queue, id), Work { row, leased_until: None, fence, put_at });
            if queue == Queue::EXPORTED {
                state.export_kept(id);
            }
            !stands
        })
    }
    fn claim_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        lease_seconds: i64,
        most: usize,
    ) -> Answer<'_, Result<Vec<ClaimedWork>, Error>> {
        let (at, planted, node) = (permit.at(), self.0.planted, node_of(permit));
        self.ask(move |state| {
            let mut fence = state.fence;
            let mut claimed = Vec::new();
            for ((of, _), work) in &mut state.works {
                let leased = work.is_claimed(at) && planted != Planted::WithoutLease;
                let is_due = work.row.due.is_some_and(|due| due <= at) && !work.is_over(at);
                if *of != queue || claimed.len() == most || leased || !is_due {
                    continue;
                }
                fence += 1;
                work.row.tries += 1;
                (work.fence, work.leased_until) = (fence, Some(at.plus_seconds(lease_seconds)));
                claimed.push(ClaimedWork { work: work.row.clone(), fence });
            }
            state.fence = fence;
            if queue == duty::QUEUE && !claimed.is_empty() {
                state.duty_given(node);
            }
            state.heard(node, queue);
            claimed
        })
    }
    fn settle_work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
        fence: u64,
        settled: Settled,
    ) -> Answer<'_, Result<(), Error>> {
        let (at, planted, place, node) = (permit.at(), self.0.planted, (queue, *id), node_of(permit));
        let answer = self.ask(move |state| {
            let now = state.now;
            state.heard(node, queue);
            let Some(work) = state.works.get_mut(&place) else { return false };
            if work.fence != fence && planted != Planted::WithoutFence {
                return false;
            }
            match settled {
                Settled::Done => {
                    state.works.remove(&place);
                }
                Settled::Again { payload, due } => {
                    (work.row.due, work.leased_until) = (due, None);
                    work.row.payload = payload.unwrap_or_else(|| work.row.payload.clone());
                }
                Settled::Longer { lease_seconds } => work.leased_until = Some(at.plus_seconds(lease_seconds)),
            }
            if queue == duty::QUEUE {
                state.duty.done_at = now;
            }
            true
        });
        Answer::later(async move { if answer.await? { Ok(()) } else { Err(Error::Conflict) } })
    }
    fn drop_work(
        &self,
        _: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
        payload: Option<Vec<u8>>,
    ) -> Answer<'_, Result<bool, Error>> {
        let place = (queue, *id);
        self.ask(move |state| {
            let is_it = state
                .works
                .get(&place)
                .is_some_and(|work| payload.is_none_or(|payload| payload == work.row.payload));
            if is_it {
                state.works.remove(&place);
            }
            is_it
        })
    }
    fn work(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        id: &WorkId,
    ) -> Answer<'_, Result<Option<WorkRow>, Error>> {
        let (place, at, planted) = ((queue, *id), permit.at(), self.0.planted);
        self.ask(move |state| {
            let other = || state.works.iter().find(|((of, _), _)| *of == queue).map(|(_, work)| work);
            let is_wrong = planted == Planted::WrongRow && queue == Queue::EXPORTED;
            let found = if is_wrong { other() } else { state.works.get(&place) };
            found.filter(|work| !work.is_over(at)).map(|work| work.row.clone())
        })
    }
    fn works(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
        _: Option<AccountId>,
        after: Option<WorkId>,
        most: usize,
    ) -> Answer<'_, Result<Vec<WorkRow>, Error>> {
        let at = permit.at();
        self.ask(move |state| {
            let of_queue = state.works.iter().filter(|((of, id), _)| *of == queue && Some(*id) > after);
            let rows = of_queue.filter(|(_, work)| !work.is_over(at)).map(|(_, work)| work.row.clone());
            rows.take(most).collect::<Vec<_>>()
        })
    }
    fn waiting(
        &self,
        permit: &Permit<Keep>,
        queue: Queue,
    ) -> Answer<'_, Result<(u64, Option<Moment>), Error>> {
        let at = permit.at();
        self.ask(move |state| {
            let of_queue = state.works.iter().filter(|((of, _), _)| *of == queue);
            let waits = |work: &Work| {
                !work.is_over(at) && work.row.due.is_some_and(|due| due <= at || work.is_claimed(at))
            };
            let waiting = of_queue.filter(|(_, work)| waits(work)).count();
            (u64::try_from(waiting).unwrap(), None)
        })
    }
}
