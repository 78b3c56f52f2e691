//! Two and three whole services on one store in one process: care, routes and workers of each, over sockets. They are
//! killed and held still at chosen points, and what was promised of all of them together holds.

#[path = "../../../tests/it/support/browser.rs"]
#[expect(dead_code, reason = "the browser of the tests of the whole binary, of which less is used here")]
mod browser;
mod stand;

use std::collections::BTreeSet;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use honnin_access::UNASKED;
use honnin_care::{Alarm, House as _};
use honnin_journal::Kind;
use honnin_node::{PathState, Written, lift_mode, read_mode};
use honnin_terms::{Clock as _, Entropy as _, Id, Moment, RequestId};

use browser::Browser;
use stand::{HERS, HIS, Node, Start, Town, now, until, until_each};

use super::merge::merge_agreed;
use super::serve::runtime;
use crate::failure::Exit;
use crate::machine::{SystemClock, SystemEntropy};
use crate::say::Say;
use crate::settings::{MaybePath, Settings, Span};

/// What was promised: so long after a stop was written nothing personal leaves any node.
const PROMISE: Duration = Duration::from_secs(1);

fn request() -> RequestId {
    let mut octets = [0; 16];
    SystemEntropy.fill(&mut octets);
    RequestId::from_octets(octets)
}

fn shown(browser: &mut Browser) -> u16 {
    browser.get("/api/v1/me").status
}

fn at(browser: &Browser, node: &Node) -> Browser {
    let mut browser = browser.clone();
    browser.moved_to(&node.site());
    browser
}

#[test]
fn isolation_stops_every_service_and_is_lifted_without_a_restart() {
    let town = Town::new();
    let nodes = town.three(&Start::default());
    let browser = nodes[0].signed_in(HERS);
    // One session, on every node.
    let mut browsers = nodes.each_ref().map(|node| at(&browser, node));
    for browser in &mut browsers {
        assert_eq!(shown(browser), 200);
    }
    let rooms = town.rooms();
    let mode = || pollster::block_on(read_mode(&*rooms.store, &rooms.keep(), &*rooms.keeper)).unwrap();
    // The third hears nothing, and is asked while it stands.
    let paused = nodes[2].pause();
    let mut third = browsers[2].clone();
    let asked_meanwhile = thread::spawn(move || shown(&mut third));
    nodes[0].standing.hears(Alarm::ForeignOwner, request());
    assert_eq!(shown(&mut browsers[0]), 503, "at once where it was seen");
    until("it is written", || matches!(mode().written, Some(Written { stop: Some(_), .. })));
    let written = now();
    loop {
        let asked = now();
        match shown(&mut browsers[1]) {
            503 => break,
            status => assert!(status == 200 && asked < written + PROMISE, "{status} {:?}", written.elapsed()),
        }
    }
    while written.elapsed() < PROMISE {
        thread::sleep(Duration::from_millis(20));
    }
    // When it goes on it asks before it shows anything.
    drop(paused);
    assert_eq!(asked_meanwhile.join().unwrap(), 503);
    for browser in &mut browsers {
        assert_eq!((shown(browser), browser.get("/readyz").status), (503, 503), "no balancer feeds it");
    }
    let lifted = pollster::block_on(lift_mode(&*rooms.store, &rooms.keep(), &*rooms.keeper, mode()));
    assert!(lifted.unwrap());
    for browser in &mut browsers {
        until("it goes on", || shown(browser) == 200);
    }
    nodes.into_iter().for_each(Node::end);
}

#[test]
fn who_has_seen_is_answered_by_any_service_and_an_epoch_is_begun_once() {
    let town = Town::new();
    let [first, second, third] = town.three(&Start::default());
    let browser = first.signed_in(HERS);
    for node in [&first, &second, &third] {
        assert_eq!(shown(&mut at(&browser, node)), 200);
    }
    let logs_told_by = |node: &Node| {
        let answer = at(&browser, node).get("/api/v1/disclosures");
        assert!(matches!(answer.status, 200 | 503), "{}", answer.body);
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let rows = body["disclosures"].as_array().cloned().unwrap_or_default();
        let me = rows.into_iter().filter(|row| row["what"] == "me");
        me.map(|row| row["entry"].as_str().unwrap().split('-').next().unwrap().to_owned())
            .collect::<BTreeSet<String>>()
    };
    // Each question is an entry too, and one page of them is asked for.
    let until_all_told = |node: &Node| {
        until_each(Duration::from_millis(500), "all logs are told of", || logs_told_by(node).len() == 3);
    };
    for node in [&first, &second, &third] {
        until_all_told(node);
    }
    // What one has written is told by the others when it is gone, and of the others by itself when it is back.
    third.kill();
    assert_eq!(logs_told_by(&second).len(), 3);
    let again = town.start("three");
    until_all_told(&again);
    for node in [first, second, again] {
        node.end();
    }
    let entries = town.entries();
    let marks = entries.iter().filter(|(_, entry)| entry.kind == Kind::EpochMarker).count();
    assert_eq!(marks, 1, "three nodes that start at once begin one epoch");
    assert!(entries.iter().all(|(_, entry)| entry.epoch == 1));
    let started: BTreeSet<_> =
        entries.iter().filter(|(_, entry)| entry.kind == Kind::Started).map(|(at, _)| at.log).collect();
    assert_eq!(started.len(), 3, "a log each");
}

/// Begins an export; where it is found.
fn begun(browser: &mut Browser) -> String {
    let begun = browser.send_json("POST", "/api/v1/exports", "");
    assert_eq!(begun.status, 202, "{}", begun.body);
    begun.headers["location"].clone()
}

fn fetched(browser: &mut Browser, place: &str, login: &str) {
    until("it is ready", || browser.get(place).body.contains("\"ready\""));
    let data = browser.get(&format!("{place}/data"));
    assert!(data.status == 200 && data.body.contains(login), "{}", data.status);
}

#[test]
fn an_export_is_fetched_from_any_service_though_its_maker_dies() {
    let town = Town::new();
    // A claim lasts by the clock of who has it: of this one 32 seconds, two of which the other sees.
    let late = Start { ahead: -30, ..Start::default() };
    let (first, second) = (town.start_as("1", late), town.start("2"));
    // What comes first claims things too.
    until("it is at work", || first.hand.count("unjournaled_merges") > 1);
    let mut hers = first.signed_in(HERS);
    let place = begun(&mut hers);
    fetched(&mut at(&hers, &second), &place, HERS);
    // It has claimed one and dies before it has begun.
    let mut his = first.signed_in(HIS);
    let holding = first.hand.hold("claim_work", None);
    let place = begun(&mut his);
    holding.reached();
    first.kill();
    fetched(&mut at(&his, &second), &place, HIS);
    second.end();
    drop(holding);
    assert_eq!(town.count(Kind::ExportMade), 2);
}

#[test]
fn guesses_are_counted_on_all_services_together() {
    let town = Town::new();
    // The beginning of a day, and nothing is added while there is guessed.
    let settings = |settings: &mut Settings| {
        let sign_in = &mut settings.sign_in;
        (sign_in.delay_free, sign_in.delay_longest) = (100, Span::seconds(1));
        (sign_in.guesses_first, sign_in.guesses_at_once, sign_in.guesses_a_day) = (100, 100, 100);
    };
    let day = SystemClock.now().millis() / 86_400_000 * 86_400_000;
    let at = Some(Moment::from_millis(day).unwrap());
    let nodes = town.three(&Start { at, settings: Some(Arc::new(settings)), ..Start::default() });
    let guess = |node: &Node| {
        let body = format!(r#"{{"login":"{HERS}","password":"not-hers-at-all"}}"#);
        node.browser().send_json("POST", "/api/v1/sessions", &body).status
    };
    let until_refused = |node: &Node| (0..1_000).take_while(|_| guess(node) == 401).count();
    let [first, others @ ..] = &nodes;
    // All there are, on one of them.
    thread::scope(|scope| {
        for _ in 0..48 {
            scope.spawn(|| until_refused(first));
        }
    });
    until_refused(first);
    // The others are told each second that the site has had its first: of those that follow a node takes so many without
    // asking anybody.
    thread::sleep(Duration::from_millis(2_500));
    let unasked = usize::try_from(UNASKED).unwrap();
    for other in others {
        assert_eq!(until_refused(other), unasked, "what the first has used up is gone for all");
    }
    nodes.into_iter().for_each(Node::end);
}

#[test]
fn who_guesses_at_one_service_is_held_at_all() {
    let town = Town::new();
    let settings = |settings: &mut Settings| settings.sign_in.delay_longest = Span::seconds(2);
    let start = Start { settings: Some(Arc::new(settings)), ..Start::default() };
    let nodes = [town.start_as("1", start.clone()), town.start_as("2", start)];
    let guess = |node: &Node| {
        let (body, came) = (format!(r#"{{"login":"{HERS}","password":"not-hers-at-all"}}"#), now());
        assert_eq!(node.browser().send_json("POST", "/api/v1/sessions", &body).status, 401);
        came.elapsed()
    };
    for _ in 0..6 {
        guess(&nodes[0]);
    }
    // It is told and heard each second.
    thread::sleep(Duration::from_millis(2_500));
    let took = guess(&nodes[1]);
    assert!(took >= Duration::from_secs(2), "{took:?}");
    nodes.into_iter().for_each(Node::end);
}

#[test]
fn one_service_at_a_time_sweeps() {
    let town = Town::new();
    let settings = |settings: &mut Settings| settings.store.sweep = Span::seconds(1);
    let start = Start { settings: Some(Arc::new(settings)), ..Start::default() };
    let first = town.start_as("1", start.clone());
    let holding = first.hand.hold("sweep", None);
    holding.reached();
    let others = [town.start_as("2", start.clone()), town.start_as("three", start)];
    for other in &others {
        until("it would sweep", || other.hand.count("claim_work") > 1);
        assert_eq!(other.hand.count("sweep"), 0, "another is at it");
    }
    holding.release();
    until("others have their turn", || others.iter().any(|other| other.hand.count("sweep") > 0));
    first.end();
    others.into_iter().for_each(Node::end);
}

#[test]
fn keys_past_their_time_are_destroyed_once_and_forgotten_by_every_service() {
    const DAYS: i64 = 5;
    let town = Town::new();
    let first = town.start("1");
    assert_eq!(shown(&mut first.signed_in(HERS)), 200);
    first.end();
    let numbers = || town.rooms().epochs().unwrap().iter().map(|keys| keys.epoch).collect::<Vec<u32>>();
    assert_eq!(numbers(), [1]);
    let settings = |settings: &mut Settings| {
        settings.store.sweep = Span::seconds(1);
        settings.journal.epoch = Span::days(1);
        settings.journal.retention_days = 1;
    };
    // Both come back days later and find the same to do.
    let start = Start { ahead: DAYS * 86_400, settings: Some(Arc::new(settings)), ..Start::default() };
    let nodes = ["1", "2"].map(|name| {
        let (installation, start) = (town.installation(), start.clone());
        thread::spawn(move || Node::begin(installation, name, start))
    });
    let nodes = nodes.map(|node| node.join().unwrap());
    until("the keys are destroyed", || numbers() == [2]);
    for node in &nodes {
        let rounds = node.hand.count("control");
        until("it looks again", || node.hand.count("control") > rounds + 20);
        let mut browser = node.signed_in(HERS);
        assert_eq!(shown(&mut browser), 200, "what is written now has keys");
        assert_eq!(browser.get("/api/v1/disclosures").status, 200);
    }
    nodes.into_iter().for_each(Node::end);
    assert_eq!(numbers(), [2], "the present one is kept");
    assert_eq!(town.count(Kind::EpochMarker), 2, "and was begun once");
}

/// Merges two accounts beside running nodes, and waits until the journal knows.
fn merging(town: &Town) -> thread::JoinHandle<()> {
    let rooms = town.rooms();
    rooms.witness.lets_everything();
    let agreement = Town::agreement(&rooms);
    thread::spawn(move || {
        let merged = runtime(1).unwrap().block_on(merge_agreed(Say::Text, &rooms, &agreement));
        assert_eq!(merged.unwrap(), Exit::Done);
    })
}

#[test]
fn an_entry_that_is_owed_is_written_once_whoever_stands_still_or_dies() {
    // Its claim has lapsed for the others when it goes on.
    let late = || Start { ahead: -58, ..Start::default() };
    for dies in [true, false] {
        let town = Town::new();
        let first = town.start_as("1", late());
        until("it is at work", || first.hand.count("unjournaled_merges") > 1);
        // It has claimed what is owed, and has seen what that is.
        let holding = first.hand.hold("unjournaled_merges", Some("claim_work"));
        let merging = merging(&town);
        holding.reached();
        let second = town.start("2");
        merging.join().unwrap();
        if dies {
            first.leave();
            drop(holding);
        } else {
            let rounds = first.hand.count("unjournaled_merges");
            holding.release();
            until("it goes on", || first.hand.count("unjournaled_merges") > rounds);
            first.end();
        }
        second.end();
        assert_eq!(town.count(Kind::Merged), 1, "dies: {dies}");
    }
}

/// Passes connections on to one node after the other, as a balancer does.
struct Balancer {
    address: String,
    behind: Arc<Mutex<Vec<String>>>,
    passed: Arc<AtomicUsize>,
}

impl Balancer {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (behind, passed) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicUsize>::default());
        let (nodes, turns) = (Arc::clone(&behind), Arc::clone(&passed));
        thread::spawn(move || {
            for front in listener.incoming() {
                let front = front.unwrap();
                let nodes = nodes.lock().unwrap().clone();
                let Some(back) = nodes.get(turns.fetch_add(1, Ordering::SeqCst) % nodes.len().max(1)) else {
                    continue;
                };
                let Ok(back) = TcpStream::connect(back) else { continue };
                let ways = [(front.try_clone().unwrap(), back.try_clone().unwrap()), (back, front)];
                for (mut from, mut to) in ways {
                    thread::spawn(move || {
                        drop(std::io::copy(&mut from, &mut to));
                        drop(to.shutdown(std::net::Shutdown::Write));
                    });
                }
            }
        });
        Self { address, behind, passed }
    }
}

#[test]
fn canaries_of_several_services_find_nothing_of_each_other() {
    let town = Town::new();
    let pem = |kind: &str| {
        let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/my.operator.jp");
        let file = town.dir.join(kind);
        fs::copy(format!("{shared}-{kind}.pem"), &file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (certificate, key, balancer) = (pem("certificate"), pem("key"), Balancer::new());
    let address = balancer.address.clone();
    let settings = move |settings: &mut Settings| {
        let path = MaybePath::of;
        settings.listen.tls_certificate = path(&certificate);
        settings.listen.tls_key = path(&key);
        "https://my.operator.jp".clone_into(&mut settings.tenant.public_url);
        settings.canary.authorities = path(&certificate);
        settings.canary.connect_to.clone_from(&address);
        settings.canary.every = Span::millis(500);
        settings.canary.again = Span::millis(200);
    };
    let start = Start { settings: Some(Arc::new(settings)), ..Start::default() };
    let nodes = town.three(&start);
    *balancer.behind.lock().unwrap() = nodes.iter().map(|node| node.site.clone()).collect();
    for node in &nodes {
        until("its canaries are given their own", || node.path.state() == PathState::Proven);
    }
    let since = balancer.passed.load(Ordering::SeqCst);
    until("they look again and again", || {
        for node in &nodes {
            assert_eq!(node.path.state(), PathState::Proven);
        }
        balancer.passed.load(Ordering::SeqCst) > since + 36
    });
    nodes.into_iter().for_each(Node::end);
}
