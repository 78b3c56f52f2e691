//! Who is begun when more is asked than can be done. Knows neither what is asked nor who asks, and no clock: time is
//! passed in, since whatever moment the caller counts from.
//!
//! A server that begins whatever comes answers everybody late under too much load, and nobody in time: its queue is as
//! long as the patience of those who wait, and each answer reaches somebody who has left. So only so many are in work
//! as leave the queue behind them short; the rest wait before anything was spent on them. While the wait is short they
//! are begun in the order they came. Once it is long the newest is begun first: who came last is the likeliest to be
//! there still. Who has waited as long as a person waits is told so, and is not left without a word.

mod door;
mod limit;
mod room;

use std::collections::BTreeMap;
use std::time::Duration;

use door::Door;
pub use door::Outside;
use limit::Limit;
pub use limit::LimitBounds;
pub use room::{
    Ahead, BadBook, Book, Entering, Micros, Placed, Plan, RoomBounds, RoomFigures, SECOND, Said, Stamp, Step,
    WaitingRoom, Wants,
};

/// What may be in work and may wait.
///
/// Source: ours; the reason stands at each default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// How many may be in work, and what that is judged by.
    pub limit: LimitBounds,
    /// From this wait on the newest is begun first. Longer than a pause of the disk, shorter than a person notices.
    pub calm: Duration,
    /// Who has waited so long is told that it takes longer. People leave a page that stays empty after some seconds.
    pub patience: Duration,
    /// How many may wait before the door is closed but for a share, and never more than may be in work: whoever comes then
    /// waits longer than an answer takes.
    pub waiting: usize,
    /// While others wait long inside, one newcomer is let in for so many turns that end. A newcomer costs as much as some
    /// answers before anything of hers is read, and at many times the load there are more of them than can be let in.
    pub turns_for_a_newcomer: u32,
    /// However little ends, one is let in after so long: whoever is told nothing does not know that we are there.
    pub knock: Duration,
    /// So many may wait outside as are let in within this time: whoever comes to the end of a longer queue is let in when
    /// she has left already.
    pub fresh: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            limit: LimitBounds::default(),
            calm: Duration::from_millis(100),
            patience: Duration::from_secs(2),
            waiting: 1_024,
            turns_for_a_newcomer: 32,
            knock: Duration::from_millis(100),
            fresh: Duration::from_millis(250),
        }
    }
}

/// What is asked for, in the order in which it is given up: the last first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Whether the service lives, and files for everybody: they cost no more than to say no.
    Static,
    /// Acts already begun, and how far they are.
    Begun,
    /// Reads of somebody who is signed in.
    Read,
    /// Signing in.
    SignIn,
    /// Documents and exports.
    Document,
}

impl Bounds {
    /// So long somebody may have waited at most while something of that class is begun; where it is `None` it always is.
    pub fn patience_of(&self, class: Class) -> Option<Duration> {
        match class {
            Class::Static | Class::Begun => None,
            Class::Read => Some(self.patience),
            Class::SignIn => Some(self.patience / 2),
            Class::Document => Some(self.patience / 4),
        }
    }
}

/// Where somebody waits: later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(u64);

/// What somebody who waited is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// To be answered.
    Begin,
    /// To be told that it takes longer: that costs less than an answer, and has few places of its own.
    Tell,
}

/// Who is in work and who waits. Pure: a mutex round it is all it needs.
#[derive(Debug)]
pub struct Admission {
    bounds: Bounds,
    limit: Limit,
    in_work: usize,
    telling: usize,
    waiting: BTreeMap<Place, Duration>,
    next: u64,
    door: Door,
}

impl Admission {
    /// Nobody is there yet.
    pub fn new(bounds: Bounds) -> Self {
        let limit = Limit::new(bounds.limit.clone());
        Self {
            bounds,
            limit,
            in_work: 0,
            telling: 0,
            waiting: BTreeMap::new(),
            next: 0,
            door: Door::default(),
        }
    }

    /// Somebody comes: `None` where she is begun at once, or else where she waits.
    pub fn arrive(&mut self, now: Duration) -> Option<Place> {
        if self.waiting.is_empty() && self.in_work < self.limit.now() {
            self.in_work += 1;
            return None;
        }
        self.limit.was_reached();
        let place = Place(self.next);
        self.next = self.next.wrapping_add(1);
        self.waiting.insert(place, now);
        Some(place)
    }

    /// Somebody who waited has left.
    pub fn leave(&mut self, place: Place) {
        self.waiting.remove(&place);
    }

    /// Who is called next, if anybody is: to be asked again until nobody is.
    pub fn call(&mut self, now: Duration) -> Option<(Place, Call)> {
        let (oldest, since) = self.waiting.first_key_value().map(|(place, since)| (*place, *since))?;
        let waited = now.saturating_sub(since);
        if waited >= self.bounds.patience && self.telling < self.tellers() {
            self.waiting.remove(&oldest);
            self.telling += 1;
            return Some((oldest, Call::Tell));
        }
        if self.in_work >= self.limit.now() {
            return None;
        }
        let called = if waited < self.bounds.calm { oldest } else { *self.waiting.last_key_value()?.0 };
        self.waiting.remove(&called);
        self.in_work += 1;
        Some((called, Call::Begin))
    }

    /// Somebody who was called so long ago was only now begun: what lay between is the queue that no limit sees.
    pub fn begun(&mut self, now: Duration, called: Duration) {
        self.limit.lay(now, now.saturating_sub(called));
    }

    /// Somebody's work that was begun then is done.
    pub fn end(&mut self, call: Call, now: Duration, begun: Duration) {
        self.give_back(call);
        self.door.ended();
        if call == Call::Begin {
            self.limit.took(now, now.saturating_sub(begun));
        }
    }

    /// The least of the classes that are not begun at this moment, because somebody has waited too long for it. Reads are
    /// given up one by one, as [`Call::Tell`].
    pub fn given_up(&self, now: Duration) -> Option<Class> {
        let waited = self.waited(now)?;
        let is_over =
            |class: &Class| self.bounds.patience_of(*class).is_some_and(|patience| waited >= patience);
        [Class::SignIn, Class::Document].into_iter().find(is_over)
    }

    /// Somebody needs no place in work: she waits elsewhere, or there was nothing to do.
    pub fn give_back(&mut self, call: Call) {
        let places = match call {
            Call::Begin => &mut self.in_work,
            Call::Tell => &mut self.telling,
        };
        *places = places.saturating_sub(1);
    }

    /// Lets a newcomer in, or says that she has to wait outside: to be asked again when a turn has ended, or somebody has
    /// left.
    ///
    /// Who is inside has cost what letting in costs, and whoever is answered leaves the way in to the next. Outside
    /// nothing of ours is spent on those who wait, nor on those who go away again.
    pub fn let_in(&mut self, now: Duration) -> bool {
        let is_open = self.lets_in(now);
        if is_open {
            self.door.opened(now);
        }
        is_open
    }

    /// Whether a newcomer would be let in.
    pub fn lets_in(&self, now: Duration) -> bool {
        !self.is_crowded(now) || self.door.is_somebodys_turn(now, &self.bounds)
    }

    /// Whether somebody waits long inside, or as many do as are in work: whoever comes then waits longer than an answer takes.
    fn is_crowded(&self, now: Duration) -> bool {
        self.waited(now).is_some_and(|waited| waited >= self.bounds.calm)
            || self.waiting.len() >= self.bounds.waiting.min(self.limit.now())
    }

    /// How long the oldest of those who wait has waited.
    fn waited(&self, now: Duration) -> Option<Duration> {
        self.waiting.first_key_value().map(|(_, since)| now.saturating_sub(*since))
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many are in work, and how many may be.
    pub fn in_work(&self) -> (usize, usize) {
        (self.in_work, self.limit.now())
    }

    /// A fifth of all work at the most is spent on words.
    fn tellers(&self) -> usize {
        (self.limit.now() / 4).max(1)
    }
}
