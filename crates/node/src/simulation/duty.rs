//! A duty: one node at a time does it, and it is done again and again whoever dies.

use honnin_store::Queue;

use super::model::Model;
use super::world::{Numbered, State, World};
use super::{APART, LEASE, NODES, PROMISE};
use crate::duty::{Duties, Duty};

pub(super) const QUEUE: Queue = Queue::SWEEPS;
const DUTY: Duty = Duty { queue: QUEUE, lease_seconds: 2 };

#[derive(Default)]
pub(super) struct Told {
    /// When the store gave it to a node that is at it.
    pub(super) on_duty: [Option<u64>; NODES],
    pub(super) done_at: u64,
}

impl State {
    /// The duty is given to a node. Whoever was given it before has had it for as long as a claim lasts.
    pub(super) fn duty_given(&mut self, node: usize) {
        let now = self.now;
        let mut others = self.duty.on_duty.iter().enumerate().filter(|(other, _)| *other != node);
        let too_soon = |(other, since): (usize, &Option<u64>)| {
            since.filter(|since| now + 2 * APART < since + LEASE).map(|since| (other, now - since))
        };
        if let Some((other, after)) = others.find_map(too_soon) {
            self.breaks(format!("node {node} was given a duty {after} ms after node {other} was"));
        }
        self.duty.on_duty[node] = Some(now);
    }
}

/// A node that does its duty where it is given one, sometimes for longer than its claim lasts.
pub(super) async fn node(world: World, node: usize) {
    let clock = world.clock();
    let (rows, named) = (Model(world.clone()), Numbered(node));
    let duties = Duties { rows: &rows, authority: &world.ground.authority, clock: &clock, entropy: &named };
    loop {
        world.sleep(50 + world.draw(300)).await;
        let Ok(Some(on)) = duties.claim(DUTY).await else { continue };
        world.sleep(world.draw(1_200)).await;
        // Whoever was paused in the middle of it goes on as if nothing had been, and says that it is done.
        world.state().duty.on_duty[node] = None;
        duties.done(DUTY, on, 0).await.unwrap_or_default();
    }
}

pub(super) fn at_last(world: &World) -> Result<(), String> {
    let state = world.state();
    if state.duty.done_at + 2 * LEASE + 2 * PROMISE < state.now {
        return Err(format!("at last nobody has done the duty since {} ms", state.duty.done_at));
    }
    Ok(())
}
