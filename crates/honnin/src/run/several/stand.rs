//! What the tests of several services stand on: an installation, services of it that are started, held still and killed
//! within this process, and a store that holds back what a test tells it to.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use honnin_access::{MergeSide, NewDevice, Session};
use honnin_figures::Figures;
use honnin_intake::Mapping;
use honnin_journal::{Entry, Journal, Kind};
use honnin_node::{PublicPath, Standing};
use honnin_seal::HashCost;
use honnin_store::decorate::{Call, Decorator};
use honnin_store::{Answer, Store};
use honnin_terms::{BuildId, Clock, EntryRef, Id as _, Moment, Stream};
use honnin_testkit::TestDir;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};

use super::browser::Browser;
use crate::command::Place;
use crate::installation::Installation;
use crate::machine::{SystemClock, SystemEntropy};
use crate::run::demo::{MAPPING, write_sample};
use crate::run::merge::Agreement;
use crate::settings::{FILE_NAME, Settings, Size, Span};
use crate::wiring::{Doors, Handed, Rooms, Service, entropy, proven};

/// One line.
pub(super) const HERS: &str = "mio10482913";
/// Four lines.
pub(super) const HIS: &str = "mio30617284";
const PASSWORD: &str = "a-password-of-a-test";
/// Far more than anything here takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

#[expect(clippy::disallowed_methods, reason = "how long something took is what is tried")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Asks again until it is so.
pub(super) fn until(what: &str, is_so: impl FnMut() -> bool) {
    until_each(Duration::from_millis(20), what, is_so);
}

/// Asks again after so long, until it is so.
pub(super) fn until_each(wait: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        thread::sleep(wait);
    }
}

/// The clock of one node, which can be held: then whoever asks it waits.
#[derive(Default)]
pub(super) struct NodeClock {
    /// How far ahead of the machine's, in seconds.
    ahead: i64,
    /// Where it stands still.
    at: Option<Moment>,
    is_held: Mutex<bool>,
    goes_on: Condvar,
}

impl NodeClock {
    fn hold(&self, hold: bool) {
        *self.is_held.lock().unwrap() = hold;
        self.goes_on.notify_all();
    }
}

impl Clock for NodeClock {
    fn now(&self) -> Moment {
        drop(self.goes_on.wait_while(self.is_held.lock().unwrap(), |held| *held).unwrap());
        self.at.unwrap_or_else(|| SystemClock.now()).plus_seconds(self.ahead)
    }
}

/// An answer that is held back: it was given, and who waits for it does not hear it.
struct Hold {
    /// The call, the next one after another has been answered.
    name: &'static str,
    after: Option<&'static str>,
    reached: Sender<()>,
    released: watch::Receiver<bool>,
}

/// What is known and told of the calls of one node.
#[derive(Default)]
pub(super) struct Hand {
    counts: Mutex<BTreeMap<&'static str, u64>>,
    hold: Mutex<Option<Hold>>,
}

/// A hold, until it is dropped.
pub(super) struct Holding {
    reached: Receiver<()>,
    release: watch::Sender<bool>,
}

impl Holding {
    /// Waits until the call has come.
    pub(super) fn reached(&self) {
        self.reached.recv_timeout(PATIENCE).unwrap();
    }

    pub(super) fn release(self) {
        self.release.send_replace(true);
    }
}

impl Hand {
    pub(super) fn count(&self, name: &str) -> u64 {
        self.counts.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    /// Holds back the next answer of that call, or the next after a call of another kind.
    pub(super) fn hold(&self, name: &'static str, after: Option<&'static str>) -> Holding {
        let ((tell, reached), (release, released)) = (channel(), watch::channel(false));
        *self.hold.lock().unwrap() = Some(Hold { name, after, reached: tell, released });
        Holding { reached, release }
    }

    /// A call has come; where it is held, until when.
    fn comes(&self, name: &'static str) -> Option<watch::Receiver<bool>> {
        *self.counts.lock().unwrap().entry(name).or_default() += 1;
        let mut place = self.hold.lock().unwrap();
        let held = place.as_mut()?;
        if held.after == Some(name) {
            held.after = None;
        } else if held.name == name && held.after.is_none() {
            let Hold { reached, released, .. } = place.take()?;
            reached.send(()).unwrap_or_default();
            return Some(released);
        }
        None
    }
}

/// The store as one node has it.
struct Held {
    inner: Arc<dyn Store>,
    hand: Arc<Hand>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Held").field(&self.inner).finish()
    }
}

impl Decorator for Held {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn around<'a, T: Send + Unpin + 'a>(&'a self, call: Call, answer: Answer<'a, T>) -> Answer<'a, T> {
        let Some(mut released) = self.hand.comes(call.name) else { return answer };
        Answer::later(async move {
            let answer = answer.await;
            // Who holds it is gone only with the test: a node that was killed here stays so.
            if released.wait_for(|released| *released).await.is_err() {
                std::future::pending::<()>().await;
            }
            answer
        })
    }
}

honnin_store::decorate! { [] Held:
    SessionRows CredentialRows ViewRows DeviceRows NoticeRows SpeedRows FeedRows MergeRows OperatorRows ControlRows CopyRows
    ClaimRows Engine
}

/// What a test changes of the settings.
pub(super) type Change = Arc<dyn Fn(&mut Settings) + Send + Sync>;

/// How a node is started.
#[derive(Clone, Default)]
pub(super) struct Start {
    /// How far its clock is ahead, in seconds.
    pub(super) ahead: i64,
    /// Where its clock stands still.
    pub(super) at: Option<Moment>,
    /// What is changed of the settings that were read.
    pub(super) settings: Option<Change>,
}

/// One service at work, on a thread and a runtime of its own.
pub(super) struct Node {
    pub(super) site: String,
    pub(super) standing: Arc<Standing>,
    pub(super) path: Arc<PublicPath>,
    pub(super) hand: Arc<Hand>,
    journal: Weak<Journal>,
    clock: Arc<NodeClock>,
    runtime: Handle,
    kill: Option<oneshot::Sender<()>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts the node of that name as `honnin serve` does.
    pub(super) fn begin(mut installation: Installation, name: &str, start: Start) -> Self {
        let Start { ahead, at, settings } = start;
        name.clone_into(&mut installation.settings.node.name);
        installation.settings.listen.public = vec!["127.0.0.1:0".parse().unwrap()];
        installation.settings.listen.metrics = "127.0.0.1:0".parse().unwrap();
        if let Some(settings) = settings {
            settings(&mut installation.settings);
        }
        let hand = Arc::new(Hand::default());
        let clock = Arc::new(NodeClock { ahead, at, ..NodeClock::default() });
        let (given, time) = (Arc::clone(&hand), Arc::<NodeClock>::clone(&clock));
        let ((begun, started), (kill, killed), (stop, stopped)) =
            (channel(), oneshot::channel::<()>(), oneshot::channel::<()>());
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let handle = runtime.handle().clone();
            runtime.block_on(async move {
                let doors = Doors::open(&installation, Handed::default()).await.unwrap();
                let held = |inner| -> Arc<dyn Store> { Arc::new(Held { inner, hand: given }) };
                let rooms = Rooms::open_with(installation, time, held).unwrap();
                let service =
                    Service::new(rooms, doors.front().clone(), BuildId::from_octets([1; 16])).unwrap();
                let site = doors.public().unwrap()[0].to_string();
                begun.send((site, service.seen(), handle)).unwrap();
                let stop = async move { drop(stopped.await) };
                let serving = Box::pin(service.run(doors, Figures::apart(), stop));
                tokio::select! {
                    ran = serving => ran.unwrap(),
                    // Nothing that was begun goes on.
                    _ = killed => {}
                }
            });
        });
        let (site, (standing, path, journal), runtime) = started.recv_timeout(PATIENCE).unwrap();
        let (kill, stop, thread) = (Some(kill), Some(stop), Some(thread));
        Self { site, standing, path, hand, journal, clock, runtime, kill, stop, thread }
    }

    pub(super) fn site(&self) -> String {
        format!("http://{}", self.site)
    }

    pub(super) fn browser(&self) -> Browser {
        Browser::new(&self.site())
    }

    /// Somebody who is signed in here.
    pub(super) fn signed_in(&self, login: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(login, PASSWORD);
        browser
    }

    /// Holds everything of it still until the answer is dropped.
    pub(super) fn pause(&self) -> Paused<'_> {
        self.clock.hold(true);
        let (resume, held) = channel::<()>();
        let (stands, standing) = channel();
        self.runtime.spawn(async move {
            stands.send(()).unwrap();
            // Its only thread: whatever of this node asks for no time does not go on either.
            held.recv().unwrap_or_default();
        });
        // Where the thread waits for the time it stands already.
        standing.recv_timeout(Duration::from_millis(100)).unwrap_or_default();
        Paused { node: self, _resume: resume }
    }

    /// Ends it as a machine that stops does: nothing of it has its log open any more.
    pub(super) fn kill(self) {
        let Self { standing, journal, kill, stop, thread, .. } = self;
        drop((standing, kill));
        thread.unwrap().join().unwrap();
        until("nothing has its log open", || journal.strong_count() == 0);
        drop(stop);
    }

    /// Ends what is left of a node that is held for good: it answers nobody, and its files stay open.
    pub(super) fn leave(mut self) {
        drop(self.kill.take());
        self.thread.take().unwrap().join().unwrap();
        drop(self.stop.take());
    }

    /// Ends it as a stop does.
    pub(super) fn end(mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
        drop(self.kill.take());
    }
}

/// A node that is held still.
pub(super) struct Paused<'a> {
    node: &'a Node,
    _resume: Sender<()>,
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.node.clock.hold(false);
    }
}

/// An installation that has taken in the sample ledger.
pub(super) struct Town {
    pub(super) dir: TestDir,
}

impl Town {
    pub(super) fn new() -> Self {
        let dir = TestDir::new();
        let sample = write_sample(dir.join("ledger")).unwrap();
        crate::machine::keep_files_to_owner();
        let mut settings = Settings::default();
        settings.sign_in.hash_memory = Size(8 << 20);
        settings.sign_in.hash_passes = 1;
        settings.sign_in.answer = Span::millis(1);
        settings.exports.deadline = Span::seconds(2);
        Installation::begin(&dir.join("data"), &dir.join("data.key"), settings, false).unwrap();
        let town = Self { dir };
        let rooms = town.rooms();
        rooms.witness.lets_everything();
        let mapping = Mapping::parse(MAPPING, Path::new("mapping")).unwrap();
        rooms.with_feed(|feed| feed.take(&mapping, &[sample], &mut |_| {})).unwrap();
        let mut hasher = HashCost { memory_kib: 8, passes: 1, lanes: 1 }.hasher();
        let hash = hasher.hash(PASSWORD.as_bytes(), &SystemEntropy).unwrap();
        for login in [HERS, HIS] {
            let subscriber = &rooms.authorities.subscriber;
            let permit = rooms.operate();
            let taken = subscriber.import_password(&permit, login, &hash, &SystemEntropy);
            assert!(pollster::block_on(taken).unwrap());
        }
        town
    }

    pub(super) fn installation(&self) -> Installation {
        let data = self.dir.join("data");
        Installation::open(Place { settings: data.join(FILE_NAME), data }).unwrap()
    }

    /// The rooms of a command beside the nodes.
    pub(super) fn rooms(&self) -> Rooms {
        Rooms::open(self.installation(), Arc::new(SystemClock)).unwrap()
    }

    pub(super) fn start(&self, name: &str) -> Node {
        self.start_as(name, Start::default())
    }

    pub(super) fn start_as(&self, name: &str, start: Start) -> Node {
        Node::begin(self.installation(), name, start)
    }

    /// Three at one moment: what is begun once is begun by one of them.
    pub(super) fn three(&self, start: &Start) -> [Node; 3] {
        let starting = ["1", "2", "three"].map(|name| {
            let (installation, start) = (self.installation(), start.clone());
            thread::spawn(move || Node::begin(installation, name, start))
        });
        starting.map(|starting| starting.join().unwrap())
    }

    fn session(rooms: &Rooms, login: &str) -> Session {
        let subscriber = &rooms.authorities.subscriber;
        let device = NewDevice::of_nobody("test".to_owned());
        let permit = rooms.operate();
        let signed_in = subscriber.sign_in_without_password(&permit, login, device, &SystemEntropy);
        let signed_in = pollster::block_on(signed_in).unwrap();
        let stream = Stream::begin(&entropy());
        pollster::block_on(subscriber.session(&signed_in.token, stream, rooms.clock.0.now())).unwrap()
    }

    fn code(rooms: &Rooms, login: &str, side: MergeSide) -> String {
        let session = Self::session(rooms, login);
        let subscriber = &rooms.authorities.subscriber;
        let permit = subscriber.agree_to_merge(&session).unwrap();
        let consent =
            pollster::block_on(subscriber.consent_to_merge(&session, permit, PASSWORD, side)).unwrap();
        let (permit, row) = consent.row;
        pollster::block_on(rooms.store.put_consent(&permit, row)).unwrap();
        consent.code.reveal().to_owned()
    }

    /// What both have agreed to: his lines become hers.
    pub(super) fn agreement(rooms: &Rooms) -> Agreement {
        Agreement {
            from: HIS.to_owned(),
            from_code: Self::code(rooms, HIS, MergeSide::Gives).into(),
            into: HERS.to_owned(),
            into_code: Self::code(rooms, HERS, MergeSide::Takes).into(),
        }
    }

    /// Every entry of every log, once all of them have ended.
    pub(super) fn entries(&self) -> Vec<(EntryRef, Entry)> {
        let mut entries = Vec::new();
        proven(&self.rooms(), None, &mut |at, entry| entries.push((at, entry.clone()))).unwrap().unwrap();
        entries
    }

    pub(super) fn count(&self, kind: Kind) -> usize {
        self.entries().iter().filter(|(_, entry)| entry.kind == kind).count()
    }
}
