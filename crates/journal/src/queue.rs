//! The bounded queue before the writer.
//!
//! A request adds its entry to the batch that is forming and goes on. The writer sleeps until somebody who waits calls
//! it, or many wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use honnin_terms::{Basis, LogId, Moment};

use crate::batch::{Append, Batch, Place};
use crate::bounds::{LONGEST_AWAY_SECONDS, MOST_OFF_SECONDS};
use crate::entry::settle;
use crate::index::Row;
use crate::segment::{HEAD, MOST_FRAME};
use crate::{AppendError, Entry, Kind, MOST_BODY, bundle};

/// Entries that are written though nobody has called for it: whoever came first is not to wait for everybody who comes.
const ENOUGH: usize = 64;

/// Locks; a thread that panicked while it held the lock left nothing half done in any of our states.
pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Entries that become durable together.
#[derive(Debug)]
pub(crate) struct Forming {
    batch: Arc<Batch>,
    /// [`HEAD`] free octets, then the entries as in a bundle.
    pub(crate) octets: Vec<u8>,
    pub(crate) rows: Vec<Row>,
}

impl Forming {
    /// Tells everybody who waits: the index of the first entry, or why nothing was appended.
    pub(crate) fn release(&self, outcome: Result<u64, AppendError>) {
        self.batch.release(outcome);
    }
}

/// A clock that only goes forward, in milliseconds from a moment of its own. Without it a wall clock that jumps ahead is
/// noticed only when it comes back.
pub type Steady = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What a log knows of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    /// The latest moment of any entry; never goes back.
    pub(crate) order: Moment,
    /// The latest moment since the clock was last set.
    pub(crate) clock: Moment,
    /// Whether it was set and nobody has looked at it since.
    pub(crate) unsettled: bool,
}

impl Default for Time {
    fn default() -> Self {
        Self { order: Moment::EPOCH, clock: Moment::EPOCH, unsettled: false }
    }
}

impl Time {
    /// Takes the next entry into account, as it stands in the log; whether it goes back although the clock was not set.
    pub(crate) fn follow(&mut self, entry: &Entry) -> bool {
        let goes_back = !Self::sets(entry.kind) && self.is_behind(entry.moment);
        if Self::sets(entry.kind) {
            self.clock = entry.moment;
            self.unsettled = entry.kind == Kind::ClockSet;
        }
        self.clock = self.clock.max(entry.moment);
        self.order = self.order.max(entry.moment);
        goes_back
    }

    const fn sets(kind: Kind) -> bool {
        matches!(kind, Kind::ClockSet | Kind::ClockAccepted)
    }

    fn is_behind(&self, moment: Moment) -> bool {
        moment < self.clock.plus_seconds(-MOST_OFF_SECONDS)
    }

    /// Whether it is longer after the latest entry than a node is away. Of an empty log nothing is known.
    fn is_long_after(&self, moment: Moment) -> bool {
        self.clock > Moment::EPOCH && moment > self.clock.plus_seconds(LONGEST_AWAY_SECONDS)
    }

    /// The moment by which what expires is judged: while nobody has looked at a clock that was set, the latest there was.
    pub(crate) fn judged(&self, moment: Moment) -> Moment {
        if self.unsettled { moment.max(self.order) } else { moment }
    }
}

struct State {
    forming: VecDeque<Forming>,
    waiting: usize,
    waiting_octets: usize,
    time: Time,
    /// The steady clock at the last entry, and the moment that entry bears.
    last: Option<(u64, Moment)>,
    /// How often the clock was found to be set in this process.
    sets: u64,
    refusal: Option<AppendError>,
    /// Whether somebody waits for what is forming and nobody else was ready.
    called: bool,
    /// Whether the writer sleeps.
    asleep: bool,
}

/// Octets of a marker of the clock, with its length.
const MARKER: usize = 2 + 42 + 8;

impl State {
    /// Whether the writer has something to do.
    fn is_due(&self) -> bool {
        self.refusal.is_some() || self.waiting >= ENOUGH || self.called && !self.forming.is_empty()
    }

    /// What is written before an entry by whose moment the clock was set; `None` where it was not.
    fn clock_marker(&self, entry: &Entry, steady: Option<u64>) -> Option<Entry> {
        #[cfg(honnin_faults)]
        if honnin_terms::faults::UNSEEN_CLOCK.is_on() {
            return None;
        }
        let Time { clock, .. } = self.time;
        let expected = steady.zip(self.last).map(|(now, (then, moment))| {
            let millis = i64::try_from(now.saturating_sub(then)).unwrap_or(i64::MAX);
            Moment::from_millis(moment.millis().saturating_add(millis)).unwrap_or(moment)
        });
        let ahead = match expected {
            Some(at) => entry.moment > at.plus_seconds(MOST_OFF_SECONDS),
            // What a node begins with; commands write rarely, and were not away.
            None => entry.kind == Kind::Started && self.time.is_long_after(entry.moment),
        };
        if Time::sets(entry.kind) || !(ahead || self.time.is_behind(entry.moment)) {
            return None;
        }
        let until = Some(expected.unwrap_or(clock).max(clock));
        Some(Entry { until, ..Entry::blank(Kind::ClockSet, entry.moment, entry.epoch) })
    }
}

/// What is forming, and where the writer sleeps.
pub(crate) struct Gathering {
    state: Mutex<State>,
    filled: Condvar,
}

impl std::fmt::Debug for Gathering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gathering(..)")
    }
}

impl Gathering {
    /// Has what is forming written.
    pub(crate) fn call(&self) {
        let mut state = hold(&self.state);
        state.called = true;
        self.wake(state);
    }

    /// Wakes the writer, where it sleeps and has something to do.
    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let wake = state.asleep && state.is_due();
        if wake {
            state.asleep = false;
        }
        drop(state);
        if wake {
            self.filled.notify_one();
        }
    }
}

/// The queue.
pub(crate) struct Queue {
    gathering: Arc<Gathering>,
    most_octets: usize,
    log: LogId,
    steady: Option<Steady>,
    /// Whether the head is not anchored any more: nothing is taken meanwhile.
    adrift: AtomicBool,
    /// As [`Time::unsettled`], for whoever asks with every request.
    unsettled: AtomicBool,
}

impl Queue {
    pub(crate) fn new(most_octets: usize, log: LogId, time: Time, steady: Option<Steady>) -> Self {
        let forming = VecDeque::new();
        let (last, sets, refusal, called, asleep) = (None, 0, None, false, false);
        let state =
            State { forming, waiting: 0, waiting_octets: 0, time, last, sets, refusal, called, asleep };
        let gathering = Arc::new(Gathering { state: Mutex::new(state), filled: Condvar::new() });
        let (adrift, unsettled) = (AtomicBool::new(false), AtomicBool::new(time.unsettled));
        Self { gathering, most_octets, log, steady, adrift, unsettled }
    }

    /// What the log knows of the time.
    pub(crate) fn time(&self) -> Time {
        hold(&self.gathering.state).time
    }

    /// Whether the clock was set and nobody has said since that it is right.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.unsettled.load(Ordering::Acquire)
    }

    /// Says whether the head is anchored within its bound; what is appended otherwise could be cut off unnoticed.
    pub(crate) fn set_adrift(&self, adrift: bool) {
        self.adrift.store(adrift, Ordering::Release);
    }

    pub(crate) fn is_adrift(&self) -> bool {
        self.adrift.load(Ordering::Acquire)
    }

    pub(crate) fn push(&self, entry: &Entry) -> Append {
        #[cfg(honnin_faults)]
        if honnin_terms::faults::UNRECORDED.is_on() {
            return Append(Ok(self.place(Arc::new(Batch::done(Ok(0))), 0)), self.log);
        }
        Append(self.try_push(entry), self.log)
    }

    fn place(&self, batch: Arc<Batch>, position: usize) -> Place {
        Place::at(position, batch, Arc::clone(&self.gathering))
    }

    /// How often the clock was found to be set in this process.
    pub(crate) fn clock_sets(&self) -> u64 {
        hold(&self.gathering.state).sets
    }

    pub(crate) fn look_at_clock(&self, now: Moment, epoch: u32) -> bool {
        let steady = self.steady.as_ref().map(|steady| steady());
        let marker =
            hold(&self.gathering.state).clock_marker(&Entry::blank(Kind::Started, now, epoch), steady);
        // Where somebody else was first it is written once more, which says nothing new.
        marker.is_some_and(|marker| self.try_push(&marker).is_ok())
    }

    fn try_push(&self, entry: &Entry) -> Result<Place, AppendError> {
        if entry.body.len() > MOST_BODY {
            return Err(AppendError::TooLong);
        }
        if self.is_adrift() {
            return Err(AppendError::Unanchored);
        }
        let mut octets = entry.octets();
        let mut state = hold(&self.gathering.state);
        if let Some(refusal) = state.refusal {
            return Err(refusal);
        }
        let steady = self.steady.as_ref().map(|steady| steady());
        let marker = state.clock_marker(entry, steady);
        let is_set = marker.is_some() || entry.kind == Kind::ClockSet;
        let mut time = state.time;
        if let Some(marker) = &marker {
            time.follow(marker);
        }
        time.follow(entry);
        // What rests on a grant or a case expires by the latest moment there was, until somebody says that the clock is
        // right; what is shown to its owner does not wait for that.
        if entry.basis != Basis::Own
            && time.judged(entry.moment) > entry.moment.plus_seconds(MOST_OFF_SECONDS)
        {
            return Err(AppendError::Clock);
        }
        let length = octets.len() + 2 + marker.as_ref().map_or(0, |_| MARKER);
        if state.waiting_octets + length > self.most_octets {
            return Err(AppendError::Busy);
        }
        if state.forming.back().is_none_or(|forming| forming.octets.len() + length > MOST_FRAME) {
            let octets = vec![0; HEAD];
            state.forming.push_back(Forming { batch: Arc::default(), octets, rows: Vec::new() });
        }
        let Some(forming) = state.forming.back_mut() else { return Err(AppendError::Busy) };
        if let Some(marker) = marker {
            let marker = marker.taken(time.order, time.unsettled);
            bundle::push(&mut forming.octets, &marker.octets()).map_err(|_| AppendError::TooLong)?;
            forming.rows.push(Row::of(&marker));
            state.waiting += 1;
        }
        let Some(forming) = state.forming.back_mut() else { return Err(AppendError::Busy) };
        settle(&mut octets, time.order, time.unsettled);
        bundle::push(&mut forming.octets, &octets).map_err(|_| AppendError::TooLong)?;
        let place = self.place(Arc::clone(&forming.batch), forming.rows.len());
        forming.rows.push(Row::of(entry).at(time.order));
        state.waiting += 1;
        state.waiting_octets += length;
        state.sets += u64::from(is_set);
        state.time = time;
        self.unsettled.store(time.unsettled, Ordering::Release);
        state.last = steady.map(|steady| (steady, entry.moment));
        self.gathering.wake(state);
        Ok(place)
    }

    /// The next batch; sleeps while nobody has called for one; `None` when the queue is closed and empty.
    pub(crate) fn next(&self) -> Option<Forming> {
        let mut state = hold(&self.gathering.state);
        loop {
            if state.is_due() {
                let forming = state.forming.pop_front()?;
                state.waiting -= forming.rows.len().min(state.waiting);
                state.waiting_octets -= (forming.octets.len() - HEAD).min(state.waiting_octets);
                state.called &= !state.forming.is_empty();
                return Some(forming);
            }
            state.asleep = true;
            state = self.gathering.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.asleep = false;
        }
    }

    /// Refuses whatever comes from now on. What waits is still the writer's.
    pub(crate) fn refuse(&self, error: AppendError) {
        let mut state = hold(&self.gathering.state);
        state.refusal.get_or_insert(error);
        self.gathering.wake(state);
    }
}
