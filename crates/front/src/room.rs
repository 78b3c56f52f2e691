//! How many connections there is room for: altogether, and of one address while it is nearly full.
//!
//! Nobody waits for the greediest. While it is nearly full, whoever comes from an address with fewer connections takes the
//! place of one of the address with the most: one that is idle, or else its oldest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::prefix::Prefix;
use crate::socket::Peer;
use crate::turns::Turn;

/// Sources with equally many places among which an idle one is looked for.
const LOOKED_AT: usize = 64;

/// Counts connections.
#[derive(Debug)]
pub(super) struct Room {
    all: usize,
    per_address: usize,
    free: Arc<Semaphore>,
    exempt: Vec<Prefix>,
    taken: Mutex<Taken>,
}

/// Who has how many places.
#[derive(Debug, Default)]
struct Taken {
    next: u64,
    /// The places of each source, oldest first.
    sources: HashMap<Prefix, BTreeMap<u64, Arc<Held>>>,
    /// Sources by how many places they have.
    by_count: BTreeSet<(usize, Prefix)>,
}

/// A place that is held, as its connection and the room see it.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Requests whose answers are being made.
    making: AtomicU32,
    /// Requests that were begun, and those whose answers were taken whole.
    begun: AtomicU64,
    ended: AtomicU64,
    /// Pieces of answers that were taken.
    moved: AtomicU64,
    taken_back: Notify,
    /// The turn of the request whose head is being read.
    turn: Mutex<Option<Turn>>,
}

impl Held {
    /// Keeps the turn of what is read next.
    pub(super) fn take(&self, turn: Turn) {
        *self.turn() = Some(turn);
    }

    /// The turn by which the head was read, for the request.
    pub(super) fn hand_on(&self) -> Option<Turn> {
        self.turn().take()
    }

    /// There was no whole head.
    pub(super) fn give_back(&self) {
        if let Some(mut turn) = self.hand_on() {
            turn.give_back();
        }
    }

    fn turn(&self) -> MutexGuard<'_, Option<Turn>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no request is open.
    pub(super) fn is_idle(&self) -> bool {
        self.begun.load(Ordering::Relaxed) == self.ended.load(Ordering::Relaxed)
    }

    /// Whether no request was begun yet.
    pub(super) fn is_new(&self) -> bool {
        self.begun.load(Ordering::Relaxed) == 0
    }

    /// Whether an answer is being made; the client waits for us then, and not we for it.
    pub(super) fn is_making(&self) -> bool {
        self.making.load(Ordering::Relaxed) > 0
    }

    /// Changes with every request that is begun or ended and with every piece that is taken.
    pub(super) fn stamp(&self) -> [u64; 3] {
        [&self.begun, &self.ended, &self.moved].map(|count| count.load(Ordering::Relaxed))
    }
}

/// That address has its share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoPlace;

impl Room {
    pub(super) fn new(all: usize, per_address: usize, exempt: Vec<Prefix>) -> Arc<Self> {
        let all = all.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self {
            all,
            per_address,
            free: Arc::new(Semaphore::new(all)),
            exempt,
            taken: Mutex::default(),
        })
    }

    /// Waits until one more connection may be accepted; callers meanwhile wait in the system's small queue.
    pub(super) async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// A place for that address, unless it has its share; where we are nearly full, in place of one of the greediest.
    pub(super) fn admit(
        self: &Arc<Self>,
        client: Peer,
        permit: OwnedSemaphorePermit,
    ) -> Result<Seat, NoPlace> {
        let held = Arc::new(Held::default());
        let free = self.free.available_permits();
        let address = client.address();
        let is_exempt = client == Peer::Socket || self.exempt.iter().any(|prefix| prefix.contains(address));
        let of = Prefix::of_client(address);
        let mut taken = self.taken();
        let own = if is_exempt { 0 } else { taken.count(of) };
        if !is_exempt && free < self.all / 4 && own >= self.per_address {
            return Err(NoPlace);
        }
        // The last places stay free for who has none: whoever takes one of them makes another free.
        if free < self.reserve() {
            taken.take_back(own);
        }
        let number = (!is_exempt).then(|| taken.add(of, Arc::clone(&held)));
        drop(taken);
        Ok(Seat { room: Arc::clone(self), of: number.map(|number| (of, number)), held, _permit: permit })
    }

    /// So many places are kept free by taking others back.
    fn reserve(&self) -> usize {
        (self.all / 16).max(1)
    }

    /// Waits until nobody is left.
    pub(super) async fn empty(&self) {
        let all = u32::try_from(self.all).unwrap_or(u32::MAX);
        drop(self.free.acquire_many(all).await);
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn count(&self, of: Prefix) -> usize {
        self.sources.get(&of).map_or(0, BTreeMap::len)
    }

    fn add(&mut self, of: Prefix, held: Arc<Held>) -> u64 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let places = self.sources.entry(of).or_default();
        self.by_count.remove(&(places.len(), of));
        places.insert(number, held);
        self.by_count.insert((places.len(), of));
        number
    }

    fn remove(&mut self, of: Prefix, number: u64) {
        let Some(places) = self.sources.get_mut(&of) else { return };
        let before = places.len();
        if places.remove(&number).is_none() {
            return;
        }
        let left = places.len();
        self.by_count.remove(&(before, of));
        if left == 0 {
            self.sources.remove(&of);
        } else {
            self.by_count.insert((left, of));
        }
    }

    /// Takes a place back from the source with the most, for one that has `own` so far, where there is one to take.
    fn take_back(&mut self, own: usize) {
        let Some(most) = self.by_count.last().map(|(most, _)| *most).filter(|most| *most > own) else {
            return;
        };
        let greediest = self.by_count.iter().rev().take(LOOKED_AT).take_while(|(count, _)| *count == most);
        let places = greediest.filter_map(|(_, of)| Some((*of, self.sources.get(of)?)));
        let mut place = None;
        for (of, places) in places {
            let idle = places.iter().find(|(_, held)| held.is_idle());
            // Work that was begun is broken off only where it is one too many.
            let oldest = || places.iter().next().filter(|_| most > own + 1);
            if let Some((number, _)) = idle.or_else(|| place.is_none().then(oldest).flatten()) {
                place = Some((of, *number));
            }
            if idle.is_some() {
                break;
            }
        }
        let Some((of, number)) = place else { return };
        let held = self.sources.get(&of).and_then(|places| places.get(&number)).map(Arc::clone);
        self.remove(of, number);
        if let Some(held) = held {
            held.taken_back.notify_one();
        }
    }
}

/// One connection's place; dropping it frees the place.
#[derive(Debug)]
pub(super) struct Seat {
    room: Arc<Room>,
    of: Option<(Prefix, u64)>,
    held: Arc<Held>,
    _permit: OwnedSemaphorePermit,
}

impl Seat {
    /// The place, for whoever answers on it.
    pub(super) fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held)
    }

    /// Ends when the place is taken back.
    pub(super) async fn taken_back(&self) {
        self.held.taken_back.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some((of, number)) = self.of {
            self.room.taken().remove(of, number);
        }
    }
}

/// A request that is being answered: its place is no idle one. Dropping it, also where the stream was reset, ends it.
#[derive(Debug)]
pub(super) struct Busy {
    held: Arc<Held>,
    making: AtomicBool,
}

impl Busy {
    pub(super) fn at(held: &Arc<Held>) -> Self {
        held.begun.fetch_add(1, Ordering::Relaxed);
        held.making.fetch_add(1, Ordering::Relaxed);
        Self { held: Arc::clone(held), making: AtomicBool::new(true) }
    }

    /// The answer is made; from now on it is for the client to take it.
    pub(super) fn made(&self) {
        if self.making.swap(false, Ordering::Relaxed) {
            self.held.making.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A piece of the answer was taken.
    pub(super) fn moved(&self) {
        self.held.moved.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.made();
        self.held.ended.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fill(room: &Arc<Room>, address: &str, times: usize) -> Vec<Result<Seat, NoPlace>> {
        let mut seats = Vec::new();
        for _ in 0..times {
            let permit = room.wait().await.unwrap();
            seats.push(room.admit(Peer::Address(address.parse().unwrap()), permit));
        }
        seats
    }

    /// Drops the seats that were taken back, as their connections would; how many.
    async fn given_up(seats: &mut Vec<Result<Seat, NoPlace>>) -> usize {
        let before = seats.len();
        let mut kept = Vec::new();
        for seat in seats.drain(..) {
            let own = seat.as_ref().unwrap();
            let now = std::time::Duration::ZERO;
            if tokio::time::timeout(now, own.taken_back()).await.is_err() {
                kept.push(seat);
            }
        }
        *seats = kept;
        before - seats.len()
    }

    #[tokio::test]
    async fn one_address_is_held_back_only_while_nearly_full() {
        let room = Room::new(8, 2, Vec::new());
        let first = fill(&room, "192.0.2.1", 6).await;
        assert!(first.iter().all(Result::is_ok), "nobody is held back while there is room");
        assert!(fill(&room, "192.0.2.1", 1).await[0].is_err());
        let second = fill(&room, "192.0.2.2", 2).await;
        assert!(second.iter().all(Result::is_ok));
        drop(first);
        assert!(fill(&room, "192.0.2.1", 1).await[0].is_ok(), "a place that was left is free again");
    }

    #[tokio::test]
    async fn nobody_waits_for_the_greediest() {
        let room = Room::new(32, 200, Vec::new());
        let mut greedy = fill(&room, "192.0.2.1", 31).await;
        let mut others = Vec::new();
        for number in 2..40 {
            others.extend(fill(&room, &format!("192.0.2.{number}"), 1).await);
            given_up(&mut greedy).await;
            if greedy.len() <= 2 {
                break;
            }
        }
        assert!(others.iter().all(Result::is_ok) && others.len() >= 28, "{} came in", others.len());
        assert!(greedy.len() <= 2, "{} are left to it", greedy.len());
    }

    #[tokio::test]
    async fn idle_places_are_taken_back_before_busy_ones() {
        let room = Room::new(16, 200, Vec::new());
        let mut greedy = fill(&room, "192.0.2.1", 15).await;
        let busy: Vec<Busy> =
            greedy[..14].iter().map(|seat| Busy::at(&seat.as_ref().unwrap().held())).collect();
        let _first = fill(&room, "192.0.2.2", 1).await;
        assert!(
            given_up(&mut greedy).await == 1 && greedy.len() == busy.len(),
            "the idle one, the newest of them"
        );
        let _second = fill(&room, "192.0.2.3", 1).await;
        assert_eq!(given_up(&mut greedy).await, 1, "one of the busy ones");
    }

    #[tokio::test]
    async fn where_all_have_one_an_idle_one_makes_room_for_who_has_none() {
        let room = Room::new(16, 200, Vec::new());
        let mut all = Vec::new();
        for number in 1..=15 {
            all.extend(fill(&room, &format!("192.0.2.{number}"), 1).await);
        }
        let _busy: Vec<Busy> = all[1..].iter().map(|seat| Busy::at(&seat.as_ref().unwrap().held())).collect();
        assert!(fill(&room, "198.51.100.1", 1).await[0].is_ok());
        let mut idle = all.drain(..1).collect();
        assert_eq!((given_up(&mut idle).await, given_up(&mut all).await), (1, 0));
        assert!(fill(&room, "198.51.100.2", 1).await[0].is_ok());
        assert_eq!(
            given_up(&mut all).await,
            0,
            "who is answered and has no more than others keeps her place"
        );
    }

    #[tokio::test]
    async fn a_shared_prefix_of_the_operator_is_never_held_back() {
        let room = Room::new(8, 1, vec!["100.64.0.0/10".parse().unwrap()]);
        assert!(fill(&room, "100.64.0.9", 8).await.iter().all(Result::is_ok));
    }

    #[tokio::test]
    async fn what_was_counted_is_forgotten_with_the_last_connection() {
        let room = Room::new(8, 2, Vec::new());
        drop(fill(&room, "192.0.2.1", 5).await);
        let forgotten = |taken: &Taken| taken.sources.is_empty() && taken.by_count.is_empty();
        assert!(forgotten(&room.taken()));
        room.empty().await;
    }
}
