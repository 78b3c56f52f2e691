//! Entries the journal is owed: each is written whoever dies, and none again that the store has said is written.

use std::collections::BTreeMap;

use honnin_store::Queue;

use super::model::Model;
use super::world::{Numbered, State, World};
use super::{NODES, Planted, STORM};
use crate::Fault;
use crate::duty::{Duties, Duty};
use crate::merges::{Owing, pay};

const DUTY: Duty = Duty { queue: Queue::ENTRIES, lease_seconds: 2 };

/// What is owed, by number.
#[derive(Default)]
pub(super) struct Told {
    /// When the store took that it is written; not yet.
    owed: BTreeMap<u64, Option<u64>>,
    /// How often it was written.
    written: BTreeMap<u64, u64>,
    /// When the store last did what this node asked of it for this duty.
    heard: [u64; NODES],
}

impl State {
    /// The store does what this node asks.
    pub(super) fn heard(&mut self, node: usize, queue: Queue) {
        if queue == DUTY.queue {
            self.owed.heard[node] = self.now;
        }
    }

    /// An entry stands in a node's log.
    fn appended(&mut self, node: usize, item: u64) {
        *self.owed.written.entry(item).or_default() += 1;
        let (noted, heard) = (self.owed.owed.get(&item).copied().flatten(), self.owed.heard[node]);
        if let Some(noted) = noted.filter(|noted| *noted < heard) {
            self.breaks(format!(
                "node {node} wrote entry {item} once more: it was noted at {noted}, and the store answered at {heard}"
            ));
        }
    }
}

/// What one node sees of it.
struct Seen {
    world: World,
    node: usize,
    /// What was read in the beginning, where a node goes on by that.
    old: std::sync::Mutex<Option<Vec<u64>>>,
}

impl Seen {
    async fn note(&self, item: u64) -> Result<(), Fault> {
        let node = self.node;
        let noted = move |state: &mut State| {
            let now = state.now;
            state.heard(node, DUTY.queue);
            state.owed.owed.entry(item).and_modify(|noted| *noted = noted.or(Some(now)));
        };
        Ok(Model(self.world.clone()).ask(noted).await?)
    }
}

impl Owing for Seen {
    type Item = u64;

    async fn next(&self) -> Result<Option<u64>, Fault> {
        if self.world.planted == Planted::OldList
            && let Some(old) = self.old.lock().unwrap().as_mut()
        {
            return Ok(old.pop());
        }
        let node = self.node;
        let waiting = Model(self.world.clone()).ask(move |state| {
            state.heard(node, DUTY.queue);
            let waiting = state.owed.owed.iter().filter(|(_, noted)| noted.is_none());
            waiting.map(|(item, _)| *item).collect::<Vec<_>>()
        });
        let mut waiting = waiting.await?;
        waiting.reverse();
        let next = waiting.last().copied();
        *self.old.lock().unwrap() = Some(waiting);
        Ok(next)
    }

    async fn write(&self, item: u64) -> Result<u64, Fault> {
        if self.world.planted == Planted::NotedFirst {
            self.note(item).await?;
        }
        // Its log is its own: once the disk has it, it is there.
        self.world.sleep(self.world.draw(5)).await;
        self.world.state().appended(self.node, item);
        self.note(item).await?;
        Ok(1)
    }
}

/// A node that looks for what is owed, and writes it where it has the claim.
pub(super) async fn node(world: World, node: usize) {
    let (clock, named) = (world.clock(), Numbered(node));
    let rows = Model(world.clone());
    let duties = Duties { rows: &rows, authority: &world.ground.authority, clock: &clock, entropy: &named };
    loop {
        world.sleep(100 + world.draw(400)).await;
        let seen = Seen { world: world.clone(), node, old: std::sync::Mutex::default() };
        pay(duties, DUTY, &seen).await.unwrap_or_default();
    }
}

/// Somebody owes the journal an entry, now and then several at once.
pub(super) async fn person(world: World) {
    let mut next = 0;
    while world.now() < STORM {
        world.sleep(200 + world.draw(1_200)).await;
        for _ in 0..=world.draw(4) {
            next += 1;
            world.state().owed.owed.insert(next, None);
        }
    }
}

pub(super) fn at_last(world: &World) -> Result<(), String> {
    let state = world.state();
    for (item, noted) in &state.owed.owed {
        let written = state.owed.written.get(item).copied().unwrap_or(0);
        if written == 0 || noted.is_none() {
            return Err(format!("at last entry {item} is owed: written {written} times, noted {noted:?}"));
        }
    }
    Ok(())
}
