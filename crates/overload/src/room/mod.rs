//! The waiting room: who may sign in when more come than can be signed in.
//!
//! Whoever comes while it is open is given a ticket with the moment she came. One moment is published for all nodes, the
//! watermark: who came before it may enter. It is moved over as many people as this house has been seen to let in, and so
//! nobody has to be remembered: what is kept is how many came in each tenth of a second. A node issues tickets and reads
//! them without asking anybody.

mod book;
mod line;
mod pace;
#[cfg(test)]
mod simulated;
mod ticket;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use book::{BadBook, Book, Plan, Step};
use line::Line;
use pace::{Pace, Second};
pub use ticket::Stamp;
use ticket::{Kind, Ticket};

/// A moment in microseconds since 1970, as all nodes tell it.
pub type Micros = u64;

/// So many microseconds are a second.
pub const SECOND: Micros = 1_000_000;

/// Bounds of the waiting room.
///
/// Source: ours; the reason stands at each default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomBounds {
    /// It opens where more than half of those who signed in lately waited longer than this.
    pub opens: Duration,
    /// So many have to have signed in lately: a few who wait long are no crowd.
    pub crowd: usize,
    /// Where those who sign in wait longer than this nobody is called.
    pub holds: Duration,
    /// It closes once nobody has been placed for so long and nobody waits.
    pub closes: Duration,
    /// So many a second are called by each node before it is known how many it can sign in, and at the least.
    pub first: u32,
    /// How long a place is kept for somebody who does not ask: a closed tab, a phone in a tunnel.
    pub keeps: Duration,
    /// The shortest and the longest time until somebody is to ask again.
    pub asks: (Duration, Duration),
    /// How often the same ticket may sign in on one node: for mistyped passwords, and no more.
    pub tries: u32,
    /// So many sign-ins under way on a node open it at once, whoever they are: fewer than the queue of the hashers holds.
    pub under_way: u32,
}

impl Default for RoomBounds {
    fn default() -> Self {
        Self {
            opens: Duration::from_millis(1_500),
            crowd: 8,
            holds: Duration::from_secs(1),
            closes: Duration::from_secs(30),
            first: 5,
            keeps: Duration::from_mins(30),
            asks: (Duration::from_secs(2), Duration::from_secs(30)),
            tries: 20,
            under_way: 1_500,
        }
    }
}

/// Sign-ins that are remembered for judging: those of so long.
const LATELY: Micros = 2 * SECOND;

/// The most that are remembered for it.
const MOST_SEEN: usize = 1_024;

/// Tickets whose tries are counted at once.
const MOST_TRIED: usize = 8_192;

/// How long people may be unknown to the other nodes: the watermark stays behind the present by that much, so that none
/// of them is passed over uncounted.
const SETTLED: Micros = 2 * SECOND;

/// What somebody is told who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// She may enter; with a new ticket where she has to show one from now on.
    Enter(Option<String>),
    /// She waits.
    Wait(Placed),
}

/// Somebody's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// What she shows when she asks again.
    pub ticket: String,
    /// How many are before her.
    pub ahead: u64,
    /// In how many seconds it is her turn, as fast as it goes now; `None` while it does not go on.
    pub seconds: Option<u64>,
    /// When she is to ask again, in seconds.
    pub again: u32,
}

/// What somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// To see the form.
    Look,
    /// To sign in: counted for each ticket.
    Act,
}

/// How the room stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomFigures {
    /// Whether it is open.
    pub open: bool,
    /// How many wait, on all nodes.
    pub waiting: u64,
    /// How many this node would call a second.
    pub rate: u64,
}

/// One node's part of the waiting room. Pure: time is passed in.
#[derive(Debug)]
struct Room {
    bounds: RoomBounds,
    /// What all nodes knew when it was last read.
    book: Book,
    /// Whom this node has placed since.
    own: Line,
    /// Whom it has let in since, with a ticket that was called.
    entered: u32,
    /// Newcomers who may enter at once: nobody waits, and there is room.
    direct: u32,
    placed_at: Option<Micros>,
    last: Micros,
    /// How long those who signed in lately took.
    seen: VecDeque<(Micros, Duration)>,
    under_way: u32,
    done: u32,
    pace: Pace,
    /// How fast people are called on all nodes, in thousandths of one a second.
    speed: u64,
    followed: Option<(Micros, u64)>,
    /// How often a ticket was used.
    tried: BTreeMap<Micros, u32>,
}

impl Room {
    fn new(bounds: RoomBounds) -> Self {
        let pace = Pace::new(bounds.first);
        Self {
            bounds,
            book: Book::default(),
            own: Line::default(),
            entered: 0,
            direct: 0,
            placed_at: None,
            last: 0,
            seen: VecDeque::new(),
            under_way: 0,
            done: 0,
            pace,
            speed: 0,
            followed: None,
            tried: BTreeMap::new(),
        }
    }

    fn ask(
        &mut self,
        now: Micros,
        shown: Option<&[u8]>,
        wants: Wants,
        stamp: &dyn Stamp,
        chance: u32,
    ) -> Said {
        if !self.book.is_open(now) && !self.is_full() {
            return Said::Enter(None);
        }
        let ticket = shown.and_then(|text| Ticket::read(text, stamp)).filter(|ticket| now < ticket.until);
        match ticket {
            Some(ticket) if ticket.kind == Kind::Entry || ticket.came < self.book.called() => {
                if self.may_try(ticket.came, wants) {
                    Said::Enter(None)
                } else {
                    self.place(now, stamp, chance)
                }
            }
            Some(ticket) => Said::Wait(self.placed(now, ticket.came, stamp, chance)),
            None if self.direct > 0 && self.own.is_empty() && self.book.waiting() == 0 => {
                self.direct -= 1;
                let until = now.saturating_add(micros(self.bounds.keeps));
                let came = self.next(now);
                Said::Enter(Some(Ticket { kind: Kind::Entry, came, until }.write(stamp)))
            }
            None => self.place(now, stamp, chance),
        }
    }

    /// Whether there is no room for one more, whatever the others know.
    const fn is_full(&self) -> bool {
        self.under_way >= self.bounds.under_way
    }

    /// Gives somebody the last place.
    fn place(&mut self, now: Micros, stamp: &dyn Stamp, chance: u32) -> Said {
        let came = self.next(now);
        self.own.add(came, 1);
        self.placed_at = Some(now);
        Said::Wait(self.placed(now, came, stamp, chance))
    }

    /// A moment of coming that no other has, on this node.
    fn next(&mut self, now: Micros) -> Micros {
        self.last = now.max(self.last.saturating_add(1));
        self.last
    }

    fn placed(&self, now: Micros, came: Micros, stamp: &dyn Stamp, chance: u32) -> Placed {
        let until = now.saturating_add(micros(self.bounds.keeps));
        let ticket = Ticket { kind: Kind::Place, came, until }.write(stamp);
        let ahead = self.book.ahead(came).saturating_add(self.own.before(came));
        let seconds = ahead.saturating_mul(1_000).checked_div(self.speed);
        let seconds = seconds.map(|seconds| seconds.saturating_add(SETTLED / SECOND));
        Placed { ticket, ahead, seconds, again: self.again(seconds, chance) }
    }

    /// When to ask again: in a third of the time that is left, so that nobody asks much more often than things change; not
    /// all at the same moment.
    fn again(&self, seconds: Option<u64>, chance: u32) -> u32 {
        let (least, most) = self.bounds.asks;
        let wanted = seconds.map_or(most / 3, |seconds| Duration::from_secs(seconds / 3));
        let wanted = wanted.clamp(least, most.max(least)).as_millis();
        let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
        // Up to a quarter more or less.
        let shifted = wanted.saturating_mul(750 + u64::from(chance % 500)) / 1_000;
        u32::try_from(shifted.div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
    }

    /// Whether a ticket that was called lets in once more; the first time somebody has come who was called.
    fn may_try(&mut self, came: Micros, wants: Wants) -> bool {
        if let Some(tries) = self.tried.get_mut(&came) {
            if wants == Wants::Act {
                *tries = tries.saturating_add(1);
            }
            return *tries <= self.bounds.tries;
        }
        if self.tried.len() >= MOST_TRIED {
            self.tried.pop_first();
        }
        self.tried.insert(came, u32::from(wants == Wants::Act));
        self.entered = self.entered.saturating_add(1);
        true
    }

    fn began(&mut self) {
        self.under_way = self.under_way.saturating_add(1);
    }

    fn ended(&mut self, now: Micros, took: Duration, is_in: bool) {
        self.under_way = self.under_way.saturating_sub(1);
        if is_in {
            self.done = self.done.saturating_add(1);
            self.seen.push_back((now, took));
            if self.seen.len() > MOST_SEEN {
                self.seen.pop_front();
            }
        }
    }

    /// Whether more than half of those who signed in lately waited longer than that.
    fn waited(&self, longer: Duration, at_least: usize) -> bool {
        let late = self.seen.iter().filter(|(_, took)| *took > longer).count();
        self.seen.len() >= at_least.max(1) && late.saturating_mul(2) > self.seen.len()
    }

    /// What this node has to say since it last did, and how many it can call.
    fn step(&mut self, now: Micros, elapsed: Duration) -> Step {
        while self.seen.front().is_some_and(|(at, _)| now.saturating_sub(*at) > LATELY) {
            self.seen.pop_front();
        }
        let second = Second {
            elapsed,
            done: std::mem::take(&mut self.done),
            late: self.waited(self.bounds.holds, 1),
            stands: self.under_way > 0,
            shows: self.book.shows(),
        };
        let call = self.pace.call(&second);
        Step {
            opens: self.is_full() || self.waited(self.bounds.opens, self.bounds.crowd),
            arrivals: std::mem::take(&mut self.own),
            entered: std::mem::take(&mut self.entered),
            placed_at: self.placed_at.take(),
            call: if self.book.is_open(now) { call } else { 0 },
        }
    }

    /// The store did not take it: it is said again the next time.
    fn give_back(&mut self, step: Step) {
        let Step { arrivals, entered, placed_at, call: _, opens: _ } = step;
        let mut own = arrivals;
        own.take(std::mem::take(&mut self.own));
        self.own = own;
        self.entered = self.entered.saturating_add(entered);
        self.placed_at = self.placed_at.max(placed_at);
        self.direct = 0;
    }

    /// Goes on from what all nodes know now; so many of those who may be called were not there.
    fn follow(&mut self, now: Micros, book: Book, unused: u32) {
        let total = book.called_people();
        if let Some((at, before)) = self.followed
            && let Some(gone) = now.checked_sub(at).filter(|gone| *gone > 0)
        {
            let fresh = total.saturating_sub(before).saturating_mul(1_000).saturating_mul(SECOND) / gone;
            // Over some seconds; at once where it was not known.
            self.speed = if self.speed == 0 {
                fresh
            } else {
                (self.speed.saturating_mul(3).saturating_add(fresh)) / 4
            };
        }
        if !book.is_open(now) {
            (self.speed, self.own) = (0, Line::default());
            self.tried.clear();
        }
        self.followed = Some((now, total));
        self.direct = if book.is_open(now) { unused } else { 0 };
        self.book = book;
    }
}

fn micros(duration: Duration) -> Micros {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// One node's part of the waiting room, for everybody who asks it.
pub struct WaitingRoom {
    room: Mutex<Room>,
    stamp: Box<dyn Stamp>,
}

impl fmt::Debug for WaitingRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitingRoom").finish_non_exhaustive()
    }
}

/// A sign-in that is under way; dropping it without [`Entering::is_in`] ends it.
#[derive(Debug)]
pub struct Entering(Option<Arc<WaitingRoom>>);

impl Entering {
    /// She is in, so long after she asked.
    pub fn is_in(mut self, now: Micros, took: Duration) {
        if let Some(room) = self.0.take() {
            room.lock().ended(now, took, true);
        }
    }
}

impl Drop for Entering {
    fn drop(&mut self) {
        if let Some(room) = self.0.take() {
            room.lock().ended(0, Duration::ZERO, false);
        }
    }
}

impl WaitingRoom {
    /// A room whose tickets bear that stamp.
    pub fn new(bounds: RoomBounds, stamp: Box<dyn Stamp>) -> Self {
        Self { room: Mutex::new(Room::new(bounds)), stamp }
    }

    fn lock(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody who shows that ticket may enter. `chance` is any number: by it people do not ask again all at once.
    pub fn ask(&self, now: Micros, shown: Option<&[u8]>, wants: Wants, chance: u32) -> Said {
        self.lock().ask(now, shown, wants, &*self.stamp, chance)
    }

    /// A sign-in begins.
    pub fn begins(self: &Arc<Self>) -> Entering {
        self.lock().began();
        Entering(Some(Arc::clone(self)))
    }

    /// What this node has to say since it last did.
    pub fn step(&self, now: Micros, elapsed: Duration) -> Step {
        self.lock().step(now, elapsed)
    }

    /// It could not be said.
    pub fn give_back(&self, step: Step) {
        self.lock().give_back(step);
    }

    /// Goes on from what all nodes know now, with what is left of whom this node may call.
    pub fn follow(&self, now: Micros, book: Book, unused: u32) {
        self.lock().follow(now, book, unused);
    }

    /// What it goes by.
    pub fn bounds(&self) -> RoomBounds {
        self.lock().bounds.clone()
    }

    /// How it stands.
    pub fn figures(&self, now: Micros) -> RoomFigures {
        let room = self.lock();
        let waiting = room.book.waiting().saturating_add(room.own.people());
        RoomFigures { open: room.book.is_open(now), waiting, rate: room.pace.rate() }
    }
}
