//! Two and three nodes on one store in one process: what one has seen stops all of them, and none is started again by
//! less than a person.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use honnin_access::NodeAuthority;
use honnin_care::{Alarm, House};
use honnin_keeper::Keeper;
use honnin_stand::{Ground, Stand, sign_in};
use honnin_store_sqlite::{Bounds, Sqlite};
use honnin_terms::{AccountId, Clock, Id, Mode, RequestId, Stop, TenantId};
use honnin_testkit::{FixedClock, SeededEntropy, TestDir};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::{FRESH, Machine, ModeRow, PublicPath, Seen, Standing, Steady, lift_mode};

/// One store, one keyring, and as many nodes as a test starts.
struct Installation {
    store: Arc<Sqlite>,
    keeper: Arc<Keeper>,
    authority: Arc<NodeAuthority>,
    clock: Arc<FixedClock>,
    dir: TestDir,
    _ground: Ground,
}

/// What it takes to be a node, for a test that has a store of its own.
pub(crate) fn ground() -> (Arc<NodeAuthority>, Arc<Keeper>) {
    let Installation { authority, keeper, .. } = Installation::new();
    (authority, keeper)
}

/// A node, its file of a stop that is not written down yet, and what keeps it.
struct Node {
    standing: Arc<Standing>,
    marker: PathBuf,
    steady: Arc<Paused>,
    keeping: Option<JoinHandle<()>>,
}

/// The machine's clock, which a test can run ahead of.
struct Paused {
    machine: Machine,
    ahead: AtomicU64,
    stands: AtomicBool,
    /// How long it was asked to wait in all.
    waited: AtomicU64,
}

impl Paused {
    fn new() -> Self {
        let (ahead, stands, waited) = (AtomicU64::new(0), AtomicBool::new(false), AtomicU64::new(0));
        Self { machine: Machine::new(), ahead, stands, waited }
    }
}

/// A clock that goes on where a test says so, and not by itself.
struct ByHand(AtomicU64);

impl Steady for ByHand {
    fn millis(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn sleep(&self, _millis: u64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::pending())
    }
}

impl Steady for Paused {
    fn millis(&self) -> u64 {
        self.machine.millis() + self.ahead.load(Ordering::SeqCst)
    }

    fn sleep(&self, millis: u64) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        self.waited.fetch_add(millis, Ordering::SeqCst);
        // A node that is paused does not wake up.
        let millis = if self.stands.load(Ordering::SeqCst) { u64::from(u32::MAX) } else { millis };
        self.machine.sleep(millis)
    }
}

impl Installation {
    fn new() -> Self {
        let clock = FixedClock::at("2026-11-20T06:00:00+09:00");
        let stand = Stand::on(&Ground::of(TenantId::FIRST), clock, Bounds::default(), |sqlite| sqlite);
        let authority = Arc::new(stand.authorities(sign_in()).node);
        let Stand { ground, store, clock, dir } = stand;
        Self { store, keeper: Arc::clone(&ground.keeper), authority, clock, dir, _ground: ground }
    }

    fn row(&self, seed: u64) -> ModeRow {
        ModeRow::new(
            Arc::<Sqlite>::clone(&self.store),
            Arc::clone(&self.authority),
            Arc::<Keeper>::clone(&self.keeper),
            Arc::<FixedClock>::clone(&self.clock),
            Arc::new(SeededEntropy::new(seed)),
        )
    }

    /// Starts the node of that number, as the binary does: with a stop that it had not written down when it was killed.
    fn start(&self, number: u64) -> Node {
        let marker = self.dir.join(format!("isolated-{number}"));
        let left = std::fs::read_to_string(&marker).ok().and_then(|word| Stop::of_word(&word));
        let (on_stop, on_written) = (marker.clone(), marker.clone());
        let steady = Arc::new(Paused::new());
        let standing = Standing::without_journal(left, Arc::new(PublicPath::unwatched()), move |reason| {
            std::fs::write(&on_stop, reason.word()).unwrap();
        });
        let standing = standing.sharing(self.row(number), Arc::<Paused>::clone(&steady), move || {
            std::fs::remove_file(&on_written).unwrap();
        });
        let standing = Arc::new(standing);
        let kept = Arc::clone(&standing);
        let keeping = Some(tokio::spawn(async move { kept.keep().await }));
        Node { standing, marker, steady, keeping }
    }

    async fn lift_seen(&self, seen: Seen) -> bool {
        let permit = self.authority.keep(self.clock.now(), RequestId::from_octets([3; 16]));
        lift_mode(&*self.store, &permit, &*self.keeper, seen).await.unwrap()
    }

    /// What a person does: looks, and lifts what was seen.
    async fn lift(&self) -> bool {
        let seen = self.row(99).read().await.unwrap();
        self.lift_seen(seen).await
    }
}

impl Node {
    fn alarm(&self) {
        self.standing.hears(Alarm::ForeignOwner, RequestId::from_octets([9; 16]));
    }

    /// Waits until what it has seen is written down.
    async fn has_written(&self) {
        let written = async {
            while self.marker.exists() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, written).await.expect("it is not written down");
    }

    async fn shows(&self) -> Result<(), Mode> {
        self.standing.shows(AccountId::from_octets([5; 16])).await
    }

    /// Waits until it shows something, or nothing.
    async fn until(&self, open: bool, patience: Duration) -> bool {
        let ready = async {
            while self.shows().await.is_ok() != open {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(patience, ready).await.is_ok()
    }

    /// As a kill does: nothing that was begun goes on.
    async fn kill(mut self) {
        if let Some(keeping) = self.keeping.take() {
            keeping.abort();
            drop(keeping.await);
        }
    }
}

const STOPPED: Result<(), Mode> = Err(Mode::Isolated(Stop::ForeignOwner));
/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_mins(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_has_seen_stops_all_within_a_second() {
    let all = Installation::new();
    let nodes = [all.start(1), all.start(2), all.start(3)];
    for node in &nodes {
        assert!(node.until(true, PATIENCE).await);
    }
    let waited = |node: &Node| node.steady.waited.load(Ordering::SeqCst);
    let before = waited(&nodes[0]);
    nodes[0].alarm();
    assert_eq!(nodes[0].shows().await, STOPPED, "at once where it was seen");
    nodes[0].has_written().await;
    let to_write = waited(&nodes[0]) - before;
    let then = nodes.each_ref().map(waited);
    for (node, then) in nodes.iter().zip(then).skip(1) {
        assert!(node.until(false, PATIENCE).await);
        assert_eq!(node.shows().await, STOPPED);
        assert!(!node.standing.mode().is_ready(), "no balancer feeds it");
        // What nodes wait of their own accord; how long this machine takes for the rest is not theirs.
        let took = to_write + waited(node) - then;
        assert!(took < 1_000, "it went on for {took} ms");
    }
    // One that starts later is stopped before it shows anything.
    let later = all.start(4);
    assert_eq!(later.shows().await, STOPPED);
    // A person lifts it beside them; nobody starts again.
    assert!(all.lift().await);
    for node in nodes.iter().chain([&later]) {
        assert!(node.until(true, PATIENCE).await);
        assert!(!node.marker.exists(), "nothing is owed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_paused_shows_nothing_on_what_it_knew_before() {
    let all = Installation::new();
    let (first, second) = (all.start(1), all.start(2));
    assert!(first.until(true, PATIENCE).await && second.until(true, PATIENCE).await);
    // It stops between two reads of the row, and time goes on.
    second.steady.stands.store(true, Ordering::SeqCst);
    sleep(Duration::from_millis(600)).await;
    first.alarm();
    assert!(first.until(false, PATIENCE).await);
    first.has_written().await;
    second.steady.ahead.fetch_add(FRESH + 1, Ordering::SeqCst);
    assert_eq!(second.shows().await, STOPPED, "asked before it answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_outlives_the_node_that_was_killed_before_it_wrote_it_down() {
    let all = Installation::new();
    let first = all.start(1);
    assert!(first.until(true, PATIENCE).await);
    first.steady.stands.store(true, Ordering::SeqCst);
    // Killed between the alarm and the row: only its file says so.
    let Node { standing, marker, keeping, .. } = first;
    keeping.unwrap().abort();
    standing.hears(Alarm::ForeignOwner, RequestId::from_octets([9; 16]));
    drop(standing);
    let second = all.start(2);
    assert!(second.until(true, PATIENCE).await && marker.exists(), "nobody else can know");
    let again = all.start(1);
    assert_eq!(again.shows().await, STOPPED);
    // Others may know before the file is gone.
    assert!(second.until(false, PATIENCE).await, "now it is written down");
    again.has_written().await;
    again.kill().await;
    assert_eq!(all.start(1).shows().await, STOPPED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_seen_while_a_person_looked_is_not_lifted() {
    let all = Installation::new();
    let (first, second) = (all.start(1), all.start(2));
    first.alarm();
    assert!(second.until(false, PATIENCE).await);
    let row = all.row(99);
    let seen = row.read().await.unwrap();
    // The journal is being verified; meanwhile something else is seen.
    second.alarm();
    while second.marker.exists() || row.read().await.unwrap() == seen {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(!all.lift_seen(seen).await, "she has to look at that too");
    assert_eq!(first.shows().await, STOPPED);
    assert!(all.lift().await && first.until(true, PATIENCE).await && second.until(true, PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_nobody_sealed_or_that_was_put_back_lifts_nothing() {
    use honnin_access::{ControlName, ControlRows, NewControl};

    let all = Installation::new();
    let (name, permit) = (ControlName::of("mode", &[]), || {
        all.authority.keep(all.clock.now(), RequestId::from_octets([3; 16]))
    });
    let node = all.start(1);
    assert!(node.until(true, PATIENCE).await);
    node.alarm();
    node.has_written().await;
    let stopped = all.store.control(&permit(), &name).await.unwrap().unwrap();
    let forged = NewControl { value: b"0 open".to_vec(), until: None };
    all.store.swap_control(&permit(), &name, stopped.revision, Some(forged)).await.unwrap();
    sleep(Duration::from_millis(600)).await;
    assert_eq!(node.shows().await, STOPPED);
    let other = all.start(2);
    assert!(matches!(other.shows().await, Err(Mode::Isolated(_))), "nor for who starts now");
}

#[tokio::test]
async fn a_node_whose_store_is_silent_shows_nothing_before_long() {
    use honnin_access::{Answer, ControlName, ControlRow, ControlRows, Keep, NewControl, Permit, Swapped};
    use honnin_store::Error;

    /// Rows that stop answering.
    struct Silenced(Arc<Sqlite>, Arc<Mutex<bool>>);

    impl ControlRows for Silenced {
        fn control(
            &self,
            permit: &Permit<Keep>,
            name: &ControlName,
        ) -> Answer<'_, Result<Option<ControlRow>, Error>> {
            if *self.1.lock().unwrap() {
                return Answer::ready(Err(Error::Unavailable));
            }
            self.0.control(permit, name)
        }
        fn controls(
            &self,
            permit: &Permit<Keep>,
            prefix: &str,
            after: Option<&ControlName>,
            most: usize,
        ) -> Answer<'_, Result<Vec<(ControlName, ControlRow)>, Error>> {
            self.0.controls(permit, prefix, after, most)
        }
        fn swap_control(
            &self,
            permit: &Permit<Keep>,
            name: &ControlName,
            read_revision: u64,
            write: Option<NewControl>,
        ) -> Answer<'_, Result<Swapped, Error>> {
            self.0.swap_control(permit, name, read_revision, write)
        }
    }

    let all = Installation::new();
    let silent = Arc::new(Mutex::new(false));
    let rows = Arc::new(Silenced(Arc::clone(&all.store), Arc::clone(&silent)));
    let row = ModeRow::new(
        rows,
        Arc::clone(&all.authority),
        Arc::<Keeper>::clone(&all.keeper),
        Arc::<FixedClock>::clone(&all.clock),
        Arc::new(SeededEntropy::new(1)),
    );
    let steady = Arc::new(ByHand(AtomicU64::new(0)));
    let standing = Standing::without_journal(None, Arc::new(PublicPath::unwatched()), |_| {});
    let standing = standing.sharing(row, Arc::<ByHand>::clone(&steady), || {});
    let her = AccountId::from_octets([5; 16]);
    assert_eq!(standing.shows(her).await, Ok(()));
    *silent.lock().unwrap() = true;
    assert_eq!(standing.shows(her).await, Ok(()), "what is known is young enough");
    steady.0.fetch_add(FRESH + 1, Ordering::SeqCst);
    assert_eq!(standing.shows(her).await, Err(Mode::Unsure));
    steady.0.fetch_add(10_000, Ordering::SeqCst);
    assert!(!standing.mode().is_ready());
    *silent.lock().unwrap() = false;
    assert_eq!(standing.shows(her).await, Ok(()));
}

#[tokio::test]
async fn what_one_node_does_for_all_is_done_by_one_at_a_time() {
    use crate::duty::{Duties, Duty};

    let all = Installation::new();
    let entropy = SeededEntropy::new(3);
    // Each of three nodes asks again and again, at one moment.
    let node =
        || Duties { rows: &*all.store, authority: &all.authority, clock: &*all.clock, entropy: &entropy };
    let duty = Duty { lease_seconds: 60, ..Duty::SWEEP };
    let round = async || {
        let mut given = Vec::new();
        for _ in 0..3 {
            given.extend(node().claim(duty).await.unwrap());
        }
        given
    };
    let mut given = round().await;
    assert_eq!(given.len(), 1);
    let paused = given.remove(0);
    assert!(round().await.is_empty(), "it is at it");
    // It is paused beyond its claim, or killed; another follows.
    all.clock.advance_seconds(60);
    let mut given = round().await;
    assert_eq!(given.len(), 1);
    let second = given.remove(0);
    // What the first says now is no word: the second still has it.
    node().done(duty, paused, 0).await.unwrap();
    assert!(round().await.is_empty());
    node().done(duty, second, 600).await.unwrap();
    all.clock.advance_seconds(599);
    assert!(round().await.is_empty(), "it is not due");
    all.clock.advance_seconds(1);
    assert_eq!(round().await.len(), 1);
    assert_eq!(
        node().claim(Duty::ENTRIES).await.unwrap().into_iter().count(),
        1,
        "one duty holds up no other"
    );
}
