//! Isolation: a stop that is written stops every node within a second, and no alarm is lost.

use std::sync::Arc;

use honnin_care::House;
use honnin_terms::{AccountId, Id, Mode, Moment, RequestId, Stop};
use honnin_testkit::SeededEntropy;

use super::model::Model;
use super::world::{NodeClock, State, Task, World};
use super::{NODES, PROMISE, Planted};
use crate::{ModeRow, PublicPath, Seals, Seen, Standing, Written, lift_mode, read_mode};

#[derive(Default)]
pub(super) struct Told {
    /// What the row said last.
    text: Option<String>,
    /// Since when the row says that personal pages are stopped.
    stopped_since: Option<u64>,
    lifted_at: u64,
    /// When a node has seen something itself, in this life or an earlier one.
    pub(super) alarmed: [Option<u64>; NODES],
    /// A stop that was not written down when its node was killed.
    markers: [Option<Stop>; NODES],
    pub(super) left: u64,
}

/// Nothing is sealed: ciphers are not what is looked at.
struct Plain;

impl Seals for Plain {
    fn seal_mode(&self, content: &[u8]) -> Option<Vec<u8>> {
        Some(content.to_vec())
    }
    fn open_mode(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        Some(sealed.to_vec())
    }
}

impl State {
    /// Looks at what is about to be written.
    pub(super) fn mode_written(&mut self, value: &[u8]) {
        let new = String::from_utf8(value.to_vec()).unwrap();
        let alarms = |text: &str| text.split(' ').next().unwrap().parse::<u64>().unwrap();
        if let Some(old) = self.mode.text.replace(new.clone())
            && alarms(&new) < alarms(&old) + u64::from(!new.ends_with("open"))
        {
            self.breaks(format!("an alarm was lost: {old:?} became {new:?}"));
        }
        if new.ends_with("open") {
            (self.mode.stopped_since, self.mode.lifted_at) = (None, self.now);
        } else {
            self.mode.stopped_since = self.mode.stopped_since.or(Some(self.now));
        }
    }

    /// Something personal leaves a node.
    fn leaves(&mut self, node: usize) {
        self.mode.left += 1;
        let (now, lifted_at) = (self.now, self.mode.lifted_at);
        let late = self.mode.stopped_since.filter(|since| now > since + PROMISE);
        let own = self.mode.alarmed[node].filter(|at| *at >= lifted_at && *at < now);
        match (late, own) {
            (Some(since), _) => self
                .breaks(format!("node {node} showed something {} ms after a stop was written", now - since)),
            (None, Some(at)) => {
                self.breaks(format!("node {node} showed something {} ms after it saw it itself", now - at));
            }
            (None, None) => {}
        }
    }
}

/// How a node stands, in one life of it.
pub(super) fn start(world: &World, node: usize) -> (Arc<Standing>, Vec<Task>) {
    let clock = Arc::new(NodeClock {
        world: world.clone(),
        ahead: world.draw(100_000),
        thousandths: 990 + world.draw(21),
        skew: i64::try_from(world.draw(20_000_000)).unwrap() - 10_000_000,
    });
    let row = ModeRow::new(
        Arc::new(Model(world.clone())),
        Arc::clone(&world.ground.authority),
        Arc::new(Plain),
        Arc::<NodeClock>::clone(&clock),
        Arc::new(SeededEntropy::new(world.draw(u64::MAX))),
    );
    let left = world.state().mode.markers[node];
    let (stopped, written) = (world.clone(), world.clone());
    let standing = Standing::without_journal(left, Arc::new(PublicPath::unwatched()), move |reason| {
        if stopped.planted != Planted::NoMarker {
            stopped.state().mode.markers[node] = Some(reason);
        }
    });
    let standing = Arc::new(standing.sharing(row, clock, move || written.state().mode.markers[node] = None));
    let kept = Arc::clone(&standing);
    let mut tasks: Vec<Task> = vec![Box::pin(async move { kept.keep().await })];
    for _ in 0..2 {
        let (asked, world) = (Arc::clone(&standing), world.clone());
        tasks.push(Box::pin(async move {
            loop {
                world.sleep(20 + world.draw(150)).await;
                if asked.shows(AccountId::from_octets([5; 16])).await.is_ok() {
                    world.state().leaves(node);
                }
            }
        }));
    }
    (standing, tasks)
}

/// A person looks now and then, takes her time, and lifts what she has seen.
pub(super) async fn person(world: World) {
    let rows = Model(world.clone());
    loop {
        world.sleep(500 + world.draw(2_000)).await;
        let permit = world.ground.authority.keep(Moment::EPOCH, RequestId::from_octets([1; 16]));
        let Ok(seen) = read_mode(&rows, &permit, &Plain).await else { continue };
        if !matches!(seen, Seen { written: Some(Written { stop: Some(_), .. }), .. }) {
            continue;
        }
        world.sleep(world.draw(600)).await;
        lift_mode(&rows, &permit, &Plain, seen).await.unwrap_or_default();
    }
}

/// Left in peace, all nodes say what is written.
pub(super) fn at_last(world: &World, nodes: &[Option<Arc<Standing>>]) -> Result<u64, String> {
    let state = world.state();
    let stopped = state.mode.stopped_since.is_some();
    let (left, markers) = (state.mode.left, state.mode.markers);
    // What was written in the last moments is on its way.
    let settled = state.mode.stopped_since.unwrap_or(state.mode.lifted_at) + 2 * PROMISE < state.now;
    drop(state);
    for (number, standing) in nodes.iter().enumerate() {
        let mode = standing.as_ref().map(|standing| standing.mode());
        let is_stopped = matches!(mode, Some(Mode::Isolated(_)));
        if settled && is_stopped != stopped {
            return Err(format!("at last node {number} is {mode:?}, and stopped is written: {stopped}"));
        }
        if markers[number].is_some() {
            return Err(format!("at last node {number} has not written down what it saw"));
        }
    }
    Ok(left)
}
