//! How many connections there is room for: altogether, and of one address while it is nearly full.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::prefix::Prefix;

/// Counts connections.
#[derive(Debug)]
pub(super) struct Room {
    all: usize,
    per_address: usize,
    free: Arc<Semaphore>,
    exempt: Vec<Prefix>,
    taken: Mutex<HashMap<Prefix, usize>>,
}

impl Room {
    pub(super) fn new(all: usize, per_address: usize, exempt: Vec<Prefix>) -> Arc<Self> {
        let all = all.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self {
            all,
            per_address,
            free: Arc::new(Semaphore::new(all)),
            exempt,
            taken: Mutex::new(HashMap::new()),
        })
    }

    /// Waits until one more connection may be accepted; callers meanwhile wait in the system's small queue.
    pub(super) async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// A place for that address, unless we are nearly full and it has its share.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, permit: OwnedSemaphorePermit) -> Option<Seat> {
        if self.exempt.iter().any(|prefix| prefix.contains(address)) {
            return Some(Seat { room: Arc::clone(self), of: None, _permit: permit });
        }
        let nearly_full = self.free.available_permits() < self.all / 4;
        let of = Prefix::of_client(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(of).or_default();
        if nearly_full && *count >= self.per_address {
            return None;
        }
        *count += 1;
        Some(Seat { room: Arc::clone(self), of: Some(of), _permit: permit })
    }

    /// Waits until nobody is left.
    pub(super) async fn empty(&self) {
        let all = u32::try_from(self.all).unwrap_or(u32::MAX);
        drop(self.free.acquire_many(all).await);
    }
}

/// One connection's place; dropping it frees the place.
#[derive(Debug)]
pub(super) struct Seat {
    room: Arc<Room>,
    of: Option<Prefix>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(of) = self.of else { return };
        let mut taken = self.room.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&of) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fill(room: &Arc<Room>, address: &str, times: usize) -> Vec<Option<Seat>> {
        let mut seats = Vec::new();
        for _ in 0..times {
            let permit = room.wait().await.unwrap();
            seats.push(room.admit(address.parse().unwrap(), permit));
        }
        seats
    }

    #[tokio::test]
    async fn one_address_is_held_back_only_while_nearly_full() {
        let room = Room::new(8, 2, Vec::new());
        let first = fill(&room, "192.0.2.1", 6).await;
        assert!(first.iter().all(Option::is_some), "nobody is held back while there is room");
        assert!(fill(&room, "192.0.2.1", 1).await[0].is_none());
        let second = fill(&room, "192.0.2.2", 2).await;
        assert!(second.iter().all(Option::is_some));
        drop(first);
        assert!(fill(&room, "192.0.2.1", 1).await[0].is_some(), "a place that was left is free again");
    }

    #[tokio::test]
    async fn a_shared_prefix_of_the_operator_is_never_held_back() {
        let room = Room::new(8, 1, vec!["100.64.0.0/10".parse().unwrap()]);
        assert!(fill(&room, "100.64.0.9", 8).await.iter().all(Option::is_some));
    }

    #[tokio::test]
    async fn what_was_counted_is_forgotten_with_the_last_connection() {
        let room = Room::new(8, 2, Vec::new());
        drop(fill(&room, "192.0.2.1", 5).await);
        assert!(room.taken.lock().unwrap().is_empty());
        room.empty().await;
    }
}
