//! A connection that is cut off, and a server that goes and comes back.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use honnin_access::ports::{CredentialRows, RingWrite, SessionRows};
use honnin_store::conformance::{SignedIn, Stage, done};
use honnin_store::{Engine, Error};
use honnin_store_postgres::{Bounds, Postgres};
use honnin_testkit::{PostgresServer, SeededEntropy, soon};

use crate::opened;
use crate::proxy::{Cut, Proxy};
use crate::told::Told;

/// A store behind something that cuts off, and one person.
struct Cuttable {
    server: Arc<PostgresServer>,
    database: String,
    proxy: Proxy,
    store: Arc<Postgres>,
    stage: Stage,
    one: SignedIn,
}

impl Cuttable {
    fn new(bounds: Bounds) -> Option<Self> {
        let server = PostgresServer::shared()?;
        let database = opened::prepared(&server);
        let proxy = Proxy::before(&server);
        let target = proxy.target(&database);
        let store = honnin_store_postgres::open(&target, bounds, opened::clock(), &SeededEntropy::new(1));
        let store = Arc::new(store.unwrap());
        let stage = opened::stage(&store);
        let one = stage.person();
        Some(Self { server, database, proxy, store, stage, one })
    }

    fn ring_version(&self) -> u64 {
        done(self.store.credential(self.stage.tenant, self.one.account)).unwrap().unwrap().ring_version
    }

    /// A write that would be a conflict if it were done twice, and would be missing if it were not done at all.
    fn end_session(&self, read_version: u64) -> Result<(), Error> {
        let ring = self.stage.ring(self.one.account, vec![self.one.session.session]);
        done(self.store.end_sessions(self.stage.tenant, self.one.account, RingWrite { read_version, ..ring }))
    }

    /// What the server itself says.
    fn server_says(&self, asked: &str) -> String {
        self.server.sql(&self.database, asked)
    }
}

/// One lane, few questions, and nobody looks for others meanwhile.
fn soon_given_up() -> Bounds {
    Bounds { writers: 1, questions: 2, poll_ms: 600_000, ..Bounds::default() }
}

fn is_done_once(cut: Cut) {
    let Some(here) = Cuttable::new(Bounds::default()) else { return };
    let before = here.ring_version();
    here.proxy.cut(cut);
    assert_eq!(here.end_session(before), Ok(()));
    assert!(here.proxy.has_cut(), "nothing was cut off");
    assert_eq!(here.ring_version(), before + 1);
    assert_eq!(done(here.store.session(here.stage.tenant, &here.one.row_hash)), Ok(None));
}

#[test]
fn a_commit_that_did_not_reach_the_server_is_done_again() {
    is_done_once(Cut::Commit);
}

#[test]
fn a_commit_whose_answer_was_lost_is_not_done_twice() {
    is_done_once(Cut::Answer);
}

#[test]
fn a_commit_that_comes_after_it_was_asked_for_is_refused() {
    is_done_once(Cut::Late);
}

#[test]
fn nothing_kept_outlives_a_commit_nobody_could_be_asked_about() {
    let Some(here) = Cuttable::new(soon_given_up()) else { return };
    let told = Arc::new(Told::default());
    // The first look of all tells once.
    thread::sleep(Duration::from_millis(500));
    here.store.watch(Arc::<Told>::clone(&told));
    let before = here.ring_version();
    here.proxy.cut_and_deafen(Cut::Answer);
    assert_eq!(here.end_session(before), Err(Error::Unavailable));
    assert_eq!(here.server_says("select count(*) from honnin.session"), "0", "it stands");
    assert!(told.everything() > 0, "and whoever keeps the session is not told");
}

#[test]
fn a_lost_commit_is_not_taken_for_the_one_before_it() {
    let Some(here) = Cuttable::new(soon_given_up()) else { return };
    let before = here.ring_version();
    here.proxy.cut_and_deafen(Cut::Answer);
    assert_eq!(here.end_session(before), Err(Error::Unavailable));
    here.proxy.hear();
    // A connection that has read once reads in one breath, so that the next commit by itself is the write's.
    assert_eq!(here.ring_version(), before + 1);
    here.proxy.cut(Cut::Commit);
    assert_eq!(here.end_session(before + 1), Ok(()));
    assert!(here.proxy.has_cut(), "nothing was cut off");
    assert_eq!(here.ring_version(), before + 2, "it was said to be done");
}

#[test]
fn a_commit_nobody_could_be_asked_about_does_not_come_later() {
    let Some(here) = Cuttable::new(Bounds { poll_ms: 50, ..soon_given_up() }) else { return };
    let before = here.ring_version();
    let row = || here.server_says("select xmin from honnin.change");
    let lane = row();
    here.proxy.cut_and_deafen(Cut::Late);
    assert_eq!(here.end_session(before), Err(Error::Unavailable));
    here.proxy.hear();
    // Nobody writes: the lane is looked after by itself.
    assert!(soon(|| row() != lane), "the lane is left as it was");
    assert!(here.proxy.deliver().contains("C40001"), "the late commit is let through");
    assert_eq!(here.ring_version(), before);
}

#[test]
fn a_server_that_was_down_is_used_again_when_it_is_back() {
    let Some(server) = PostgresServer::start() else { return };
    let database = opened::prepared(&server);
    let store = opened::open(&server, &database, 1);
    let stage = opened::stage(&store);
    let one = stage.person();
    server.crash();
    let is_found = || done(store.session(stage.tenant, &one.row_hash)).is_ok_and(|found| found.is_some());
    assert!(soon(is_found), "it is not found again");
    let ring = stage.ring(one.account, vec![one.session.session]);
    assert_eq!(done(store.end_sessions(stage.tenant, one.account, ring)), Ok(()));
}
