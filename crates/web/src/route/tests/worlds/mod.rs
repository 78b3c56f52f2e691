//! Two worlds that differ in the neighbour only show the viewer the same octets.
//!
//! One world has the viewer alone. In the other there is a neighbour, whose lines, bills, texts and figures are drawn
//! at random, whose documents, keys, password or sessions may be broken, and who reads, signs in, fails, toggles and goes
//! away in the middle while the viewer does what she does. Clock and streams of randomness are the same in both. Where
//! every such pair is the same for her, so are any two worlds with neighbours.
//!
//! Compared are status, headers, body, cookies, redirects, the log lines of her requests, the calls of the store made
//! for her, the journal's entries about her and the messages she is owed. More pairs: `PROPTEST_CASES=5000`.

mod actor;
mod case;
mod channels;
mod counted;
mod lines;
mod people;
mod world;

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use honnin_access::PoolBounds;
use honnin_stand::{COST, the_log};
use honnin_terms::TenantId;
use honnin_testkit::SeededEntropy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use tokio::runtime::{Builder, Runtime};

use super::house::PASSWORD;
use case::{Case, Step, case};
use lines::{Line, Lines};
use world::{Ground, World};

/// A planted leak: something of the neighbour reaches the viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leak {
    /// A header counts the requests of everybody.
    CountOfRequests,
    /// A header counts the sessions of everybody.
    CountOfSessions,
    /// All requests draw from one stream of randomness.
    OneStream,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answered {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answered {
    /// `indexed` where the answer names indices of the journal, which everybody's entries move on: they are taken out,
    /// and with them what follows from how many digits they have.
    fn new(status: u16, mut headers: Vec<(String, String)>, body: Vec<u8>, indexed: bool) -> Self {
        if !indexed {
            return Self { status, headers, body };
        }
        let packed = headers.iter().any(|(name, _)| name == "content-encoding");
        headers.retain(|(name, _)| name != "content-length" && name != "content-encoding");
        let mut plain = Vec::new();
        if packed && !body.is_empty() {
            std::io::copy(&mut flate2::read::GzDecoder::new(&body[..]), &mut plain).unwrap();
        } else {
            plain = body;
        }
        Self { status, headers, body: without_indices(&String::from_utf8(plain).unwrap()).into_bytes() }
    }
}

fn without_indices(text: &str) -> String {
    let mut out = text.to_owned();
    let of_log = format!("{}-", the_log());
    for before in [of_log.as_str(), "記録番号 ", "record "] {
        let mut parts = out.split(before);
        let first = parts.next().unwrap_or_default().to_owned();
        out = parts.fold(first, |mut out, part| {
            let rest = part.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ',');
            write!(out, "{before}{rest}").unwrap();
            out
        });
    }
    out
}

/// What came of one round for the viewer.
#[derive(Debug, Clone, PartialEq)]
struct RoundSeen {
    step: Step,
    answer: Option<Answered>,
    lines: Vec<Line>,
    calls: Vec<&'static str>,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

/// Everything the viewer, and whoever asks about her, can see of a world.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    rounds: Vec<RoundSeen>,
    entries: Vec<String>,
    messages: u64,
}

impl Seen {
    /// The first difference, where there is one.
    fn difference(&self, other: &Self) -> Option<String> {
        for (place, (alone, beside)) in self.rounds.iter().zip(&other.rounds).enumerate() {
            if alone != beside {
                let told = |seen: &RoundSeen| match &seen.answer {
                    Some(Answered { status, headers, body }) => {
                        let body = String::from_utf8_lossy(body);
                        format!("{status} {headers:?}\n{body}\n{:?}\n{:?}", seen.lines, seen.calls)
                    }
                    None => format!("no answer\n{:?}\n{:?}", seen.lines, seen.calls),
                };
                let step = alone.step;
                return Some(format!(
                    "round {place}, {step:?}\nalone: {}\nbeside: {}",
                    told(alone),
                    told(beside)
                ));
            }
        }
        if self.entries != other.entries {
            return Some(format!("journal\nalone: {:#?}\nbeside: {:#?}", self.entries, other.entries));
        }
        (self.messages != other.messages)
            .then(|| format!("messages owed: alone {}, beside {}", self.messages, other.messages))
    }
}

fn ground() -> Ground {
    let hash = COST.hasher().hash(PASSWORD.as_bytes(), &SeededEntropy::new(3)).unwrap();
    let pool = PoolBounds { threads: 1, cost: COST, ..PoolBounds::default() };
    Ground { keys: honnin_stand::Ground::of(TenantId::FIRST), hash, pool }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Plays a case in a world of its own.
fn seen(ground: &Ground, case: &Case, leak: Option<Leak>) -> Seen {
    let lines = Lines::default();
    let _listening = tracing::subscriber::set_default(lines.clone());
    runtime().block_on(World::play(ground, case, leak, &lines))
}

/// Threads that search.
const SHARES: u32 = 4;

/// What random pairs of worlds were, so that it can be said that they were worth comparing.
#[derive(Debug, Default)]
struct Tally {
    pairs: AtomicU64,
    answers: AtomicU64,
    shown: AtomicU64,
}

impl Tally {
    fn add(&self, seen: &Seen) {
        let answers = || seen.rounds.iter().filter_map(|round| round.answer.as_ref());
        self.pairs.fetch_add(1, Ordering::Relaxed);
        self.answers.fetch_add(u64::try_from(answers().count()).unwrap(), Ordering::Relaxed);
        self.shown.fetch_add(u64::try_from(seen.entries.len()).unwrap(), Ordering::Relaxed);
    }
}

/// Looks for a pair that differs, among a share of the pairs asked for; the smallest there is, where there is one.
fn search(ground: &Ground, share: u32, leak: Option<Leak>, tally: &Tally) -> Result<(), (Case, String)> {
    let all = Config::default();
    let config =
        Config { failure_persistence: None, max_shrink_iters: 400, cases: all.cases.div_ceil(share), ..all };
    // A control begins with the same pairs each time: how far a large one shrinks in that many steps is chance.
    let mut runner = match leak {
        None => TestRunner::new(config),
        Some(_) => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let found = runner.run(&case(), |case| {
        let (alone, beside) = (seen(ground, &case.alone(), leak), seen(ground, &case, leak));
        tally.add(&alone);
        alone.difference(&beside).map_or(Ok(()), |difference| Err(TestCaseError::fail(difference)))
    });
    found.map_err(|error| match error {
        TestError::Fail(reason, case) => (case, reason.message().to_owned()),
        TestError::Abort(reason) => panic!("the search gave up: {reason}"),
    })
}

#[test]
fn what_a_neighbour_is_and_does_changes_nothing_for_the_viewer() {
    let ground = ground();
    let tally = Tally::default();
    // Worlds wait for disks more than they compute.
    thread::scope(|scope| {
        let shares: Vec<_> =
            (0..SHARES).map(|_| scope.spawn(|| search(&ground, SHARES, None, &tally))).collect();
        for share in shares {
            if let Err((case, difference)) = share.join().unwrap() {
                panic!("{difference}\n{case:#?}");
            }
        }
    });
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    let (pairs, answers, shown) = (count(&tally.pairs), count(&tally.answers), count(&tally.shown));
    println!("{pairs} pairs of worlds, {answers} answers compared, {shown} disclosures among them");
    assert!(answers > pairs && shown > pairs, "the viewer was hardly shown anything");
}

/// The controls: the same search finds each planted leak, and shrinks it to a script of a line or two.
#[test]
fn a_planted_leak_is_found_and_shrinks_to_a_small_script() {
    const LEAKS: [Leak; 3] = [Leak::CountOfRequests, Leak::CountOfSessions, Leak::OneStream];
    let ground = ground();
    let ground = &ground;
    let found = |leak| search(ground, 1, Some(leak), &Tally::default()).expect_err("the leak is found");
    let found = thread::scope(|scope| {
        let searches = LEAKS.map(|leak| scope.spawn(move || found(leak)));
        searches.map(|search| search.join().unwrap())
    });
    for (leak, (case, difference)) in LEAKS.into_iter().zip(found) {
        println!("{leak:?}: {difference}\n{case:#?}");
        assert!(case.rounds.len() <= 2, "{leak:?} shrinks to {case:#?}");
        assert!(
            case.rounds.iter().map(|round| round.theirs.len()).sum::<usize>() <= 1,
            "{leak:?}: {case:#?}"
        );
    }
}
