//! The world of one history: its time, what happens when, and the one thread all of it runs on.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use honnin_access::{ControlName, ControlRow, Keep, NodeAuthority, Permit};
use honnin_keeper::Keeper;
use honnin_store::{Queue, WorkId};
use honnin_terms::{Clock, Entropy, Id, Moment, RequestId};
use honnin_testkit::SeededEntropy;

use super::model::Work;
use super::{APART, NODES, Planted, duty, epochs, exports, guesses, mode, owed};
use crate::Steady;
use crate::nodes_tests::ground;

pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
type Event = Box<dyn FnOnce(&mut State) + Send>;

/// What all histories share: what it takes to ask a store, and the keys.
#[derive(Clone)]
pub(super) struct Ground {
    pub(super) authority: Arc<NodeAuthority>,
    pub(super) keeper: Arc<Keeper>,
}

impl Ground {
    pub(super) fn new() -> Self {
        let (authority, keeper) = ground();
        Self { authority, keeper }
    }
}

#[derive(Default)]
pub(super) struct State {
    pub(super) now: u64,
    sequence: u64,
    timers: BinaryHeap<Reverse<(u64, u64)>>,
    wakers: BTreeMap<u64, Waker>,
    events: BTreeMap<(u64, u64), Event>,
    /// What the store has.
    pub(super) rows: BTreeMap<String, ControlRow>,
    pub(super) revision: u64,
    pub(super) works: BTreeMap<(Queue, WorkId), Work>,
    pub(super) fence: u64,
    /// What each promise is held to.
    pub(super) mode: mode::Told,
    pub(super) duty: duty::Told,
    pub(super) epochs: epochs::Told,
    pub(super) exports: exports::Told,
    pub(super) guesses: guesses::Told,
    pub(super) owed: owed::Told,
    broken: Option<String>,
}

impl State {
    /// A promise was broken: the first one is told.
    pub(super) fn breaks(&mut self, broken: String) {
        self.broken.get_or_insert(broken);
    }

    pub(super) fn row(&self, name: &ControlName) -> Option<&ControlRow> {
        self.rows.get(name.as_str())
    }
}

/// The world of one seed.
#[derive(Clone)]
pub(super) struct World {
    state: Arc<Mutex<State>>,
    random: Arc<SeededEntropy>,
    pub(super) planted: Planted,
    pub(super) ground: Ground,
}

impl World {
    pub(super) fn new(seed: u64, planted: Planted, ground: &Ground) -> Self {
        let random = Arc::new(SeededEntropy::new(seed));
        Self { state: Arc::default(), random, planted, ground: ground.clone() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn now(&self) -> u64 {
        self.state().now
    }

    pub(super) fn draw(&self, below: u64) -> u64 {
        self.random.next_u64() % below.max(1)
    }

    pub(super) fn one_of(&self, many: usize) -> usize {
        usize::try_from(self.draw(u64::try_from(many).unwrap())).unwrap()
    }

    pub(super) fn sleep(&self, millis: u64) -> Sleep {
        let until = self.now() + millis;
        Sleep { world: self.clone(), until, timer: None }
    }

    pub(super) fn at(&self, millis: u64, event: impl FnOnce(&mut State) + Send + 'static) {
        let mut state = self.state();
        let (at, sequence) = (state.now + millis, state.sequence);
        state.sequence += 1;
        state.timers.push(Reverse((at, sequence)));
        state.events.insert((at, sequence), Box::new(event));
    }

    /// A clock of nodes that agree by it: not far from the others'.
    pub(super) fn clock(&self) -> NodeClock {
        let apart = i64::try_from(APART).unwrap();
        let skew = i64::try_from(self.draw(2 * APART)).unwrap() - apart;
        NodeClock { world: self.clone(), ahead: 0, thousandths: 1_000, skew }
    }

    /// A permit of that node, by its clock.
    pub(super) fn permit(&self, node: usize, clock: &dyn Clock) -> Permit<Keep> {
        let octets = [u8::try_from(node).unwrap(); 16];
        self.ground.authority.keep(clock.now(), RequestId::from_octets(octets))
    }
}

/// Names requests by the node they are of.
pub(super) struct Numbered(pub(super) usize);

impl Entropy for Numbered {
    fn fill(&self, octets: &mut [u8]) {
        octets.fill(u8::try_from(self.0).unwrap());
    }
}

pub(super) struct Sleep {
    world: World,
    until: u64,
    timer: Option<u64>,
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (until, timer) = (self.until, self.timer);
        let mut state = self.world.state();
        if state.now >= until {
            return Poll::Ready(());
        }
        let sequence = timer.unwrap_or(state.sequence);
        if timer.is_none() {
            state.sequence += 1;
            state.timers.push(Reverse((until, sequence)));
        }
        state.wakers.insert(sequence, cx.waker().clone());
        drop(state);
        self.timer = Some(sequence);
        Poll::Pending
    }
}

/// The clock of one node: ahead by what it was started with, and a little too fast or too slow.
pub(super) struct NodeClock {
    pub(super) world: World,
    pub(super) ahead: u64,
    pub(super) thousandths: u64,
    pub(super) skew: i64,
}

impl Steady for NodeClock {
    fn millis(&self) -> u64 {
        if self.world.planted == Planted::KeptTooLong {
            return 0;
        }
        self.ahead + self.world.now() * self.thousandths / 1000
    }
    fn sleep(&self, millis: u64) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(self.world.sleep(millis))
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Moment {
        let now = i64::try_from(self.world.now()).unwrap();
        Moment::from_millis(1_800_000_000_000 + now + self.skew).unwrap()
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A task, and on which node it runs.
struct Running {
    task: Option<Task>,
    node: usize,
    woken: Arc<Woken>,
}

/// All tasks, those of nobody's node under [`NODES`].
#[derive(Default)]
pub(super) struct Tasks(Vec<Running>);

impl Tasks {
    pub(super) fn add(&mut self, node: usize, tasks: Vec<Task>) {
        self.0.retain(|running| running.task.is_some());
        let woken = || Arc::new(Woken(AtomicBool::new(true)));
        self.0.extend(tasks.into_iter().map(|task| Running { task: Some(task), node, woken: woken() }));
    }

    pub(super) fn kill(&mut self, node: usize) {
        self.0.retain(|running| running.node != node);
    }

    /// Everybody who can go on does, in an order of this seed's own.
    pub(super) fn go_on(&mut self, world: &World, is_paused: impl Fn(usize) -> bool) {
        loop {
            let is_ready = |running: &Running| {
                running.task.is_some()
                    && running.woken.0.load(Ordering::Relaxed)
                    && (running.node >= NODES || !is_paused(running.node))
            };
            let ready: Vec<usize> = (0..self.0.len()).filter(|place| is_ready(&self.0[*place])).collect();
            if ready.is_empty() {
                return;
            }
            let running = &mut self.0[ready[world.one_of(ready.len())]];
            running.woken.0.store(false, Ordering::Relaxed);
            let waker = Waker::from(Arc::clone(&running.woken));
            if let Some(task) = &mut running.task
                && task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
            {
                running.task = None;
            }
        }
    }
}

impl World {
    pub(super) fn broken(&self) -> Option<String> {
        self.state().broken.take()
    }

    /// When the next thing is to happen.
    pub(super) fn next(&self) -> u64 {
        self.state().timers.peek().map_or(u64::MAX, |Reverse((at, _))| *at)
    }

    /// Time goes on until then; what was to happen by then does.
    pub(super) fn pass(&self, until: u64) -> u64 {
        let mut state = self.state();
        state.now = until.max(state.now);
        while let Some(Reverse((at, sequence))) = state.timers.peek().copied()
            && at <= state.now
        {
            state.timers.pop();
            if let Some(event) = state.events.remove(&(at, sequence)) {
                event(&mut state);
            }
            if let Some(waker) = state.wakers.remove(&sequence) {
                waker.wake();
            }
        }
        state.now
    }
}
