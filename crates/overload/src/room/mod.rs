//! The waiting room: who may sign in when more come than can be signed in.
//!
//! Whoever comes while it is open is given a ticket with the moment she came. One moment is published for all nodes, the
//! watermark: who came before it may enter. It is moved over as many people as this house has been seen to let in, and so
//! nobody has to be remembered: what is kept is how many came in each tenth of a second. A node issues tickets and reads
//! them without asking anybody.

mod book;
#[cfg(test)]
mod calm;
mod line;
mod node;
mod pace;
#[cfg(test)]
mod simulated;
mod sources;
#[cfg(test)]
mod storms;
mod ticket;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use book::{BadBook, Book, Plan, Step};
use node::{End, Room};
pub use ticket::Stamp;

/// A moment in microseconds since 1970, as all nodes tell it.
pub type Micros = u64;

/// So many microseconds are a second.
pub const SECOND: Micros = 1_000_000;

/// Bounds of the waiting room.
///
/// Source: ours; the reason stands at each default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomBounds {
    /// It opens where more than half of those who signed in lately waited longer than this; where a crowd fills the
    /// hashers and whoever comes would wait half as long, in two looks running; and where people of 64 sites and of more than
    /// were answered left before they had an answer.
    pub opens: Duration,
    /// So many have to have signed in lately: a few who wait long are no crowd.
    pub crowd: usize,
    /// Where those who sign in wait longer than this nobody is called, or `first` a second where a crowd does not wait so
    /// long for the hashers;
    /// else as many as leave a crowd a wait of three eighths of it.
    pub holds: Duration,
    /// It closes once for so long nobody has been placed while somebody could not be called, and nobody waits for that.
    pub closes: Duration,
    /// So many a second are called by each node before it is known how many it can sign in, and at the least.
    pub first: u32,
    /// How long a place is kept for somebody who does not ask: a closed tab, a phone in a tunnel.
    pub keeps: Duration,
    /// The shortest and the longest time until somebody is to ask again.
    pub asks: (Duration, Duration),
    /// How often the same ticket may sign in on one node: for mistyped passwords, and no more.
    pub tries: u32,
    /// So many sign-ins under way on a node open it at once, whoever they are, of no site more than its share: fewer than the
    /// queue of the hashers holds.
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
    /// In how many seconds it is her turn, as fast as it goes now.
    pub seconds: u64,
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

/// How long whoever comes now would wait for the hashers, as they stand: nobody has to be done for it to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ahead {
    /// Behind those who wait there, have guessed nothing wrong and make a crowd: of no site more than a few.
    pub crowd: Duration,
    /// How long one of them takes, of all threads together.
    pub each: Duration,
}

fn micros(duration: Duration) -> Micros {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// One node's part of the waiting room, for everybody who asks it.
pub struct WaitingRoom {
    room: Mutex<Room>,
    stamp: Box<dyn Stamp>,
    ahead: Box<dyn Fn() -> Ahead + Send + Sync>,
}

impl fmt::Debug for WaitingRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitingRoom").finish_non_exhaustive()
    }
}

/// A sign-in that is under way. Dropped without another word, somebody has left before she was answered.
#[derive(Debug)]
pub struct Entering(Option<(Arc<WaitingRoom>, (u64, u64))>);

impl Entering {
    /// She is in, so long after she asked.
    pub fn is_in(mut self, now: Micros, took: Duration) {
        if let Some((room, began)) = self.0.take() {
            room.lock().ended(began, End::In(now, took));
        }
    }

    /// She is answered, and not in.
    pub fn is_answered(mut self) {
        if let Some((room, began)) = self.0.take() {
            room.lock().ended(began, End::Answered);
        }
    }
}

impl Drop for Entering {
    fn drop(&mut self) {
        if let Some((room, began)) = self.0.take() {
            room.lock().ended(began, End::Left);
        }
    }
}

impl WaitingRoom {
    /// A room whose tickets bear that stamp.
    pub fn new(bounds: RoomBounds, stamp: Box<dyn Stamp>) -> Self {
        Self { room: Mutex::new(Room::new(bounds)), stamp, ahead: Box::new(Ahead::default) }
    }

    /// The same, asking the hashers how long whoever comes would wait for them.
    #[must_use]
    pub fn watching(self, ahead: impl Fn() -> Ahead + Send + Sync + 'static) -> Self {
        Self { ahead: Box::new(ahead), ..self }
    }

    fn lock(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody who shows that ticket may enter. `chance` is any number: by it people do not ask again all at once.
    /// `source` is where she comes from, which has few places a second; `None` where many people share it.
    pub fn ask(
        &self,
        now: Micros,
        shown: Option<&[u8]>,
        wants: Wants,
        chance: u32,
        source: Option<u64>,
    ) -> Said {
        // Asked before the lock: no lock is waited for behind another.
        let ahead = (self.ahead)();
        self.lock().ask(now, shown, wants, &*self.stamp, (chance, source), ahead)
    }

    /// A sign-in begins, from that site.
    pub fn begins(self: &Arc<Self>, site: u64) -> Entering {
        let began = self.lock().began(site);
        Entering(Some((Arc::clone(self), (site, began))))
    }

    /// What this node has to say since it last did.
    pub fn step(&self, now: Micros, elapsed: Duration) -> Step {
        let ahead = (self.ahead)();
        self.lock().step(now, elapsed, ahead)
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
        RoomFigures { open: room.book.is_open(now), waiting, rate: room.pace.rate() / 1_000 }
    }
}
