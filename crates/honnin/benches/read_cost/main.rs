//! Processor time per home read, JSON and HTML, beside a bare handler that returns the same bytes.
//!
//! `cargo bench -p honnin --bench read_cost` starts the real binary (`honnin demo`, durable journal and all) and, in
//! a process of its own, a bare axum handler; it loads them in turn over kept-alive connections and divides the
//! processor time that the operating system counted for each by the answers it gave. It does so in two ways: *free*, as
//! the operating system likes, and *pinned*, each server alone on core 0 and the load on core 1; pinned, the bare handler
//! has a runtime of one thread. The load is one thread in both.
//!
//! Beside the JSON home stands a peer with the same promises on a database: axum, sqlx and `PostgreSQL` with row-level
//! security and an audit row for each read (the package `peer`), the database's processes counted with it. Where `PostgreSQL` is
//! not installed it says so and goes on.
//! `-- --seconds N --rounds N --connections N --sessions N` change the run (without `--connections` it is 32 and 128),
//! `--free` and `--pinned` choose one way, `--without-peer` leaves the peer out. `--data DIR --settings FILE --sessions-of FILE`
//! serve an installation that is there in place of a demo, and ask as those sessions; `--honnin FILE` is the program. With
//! `--postgres` a copy of that installation is served whose store is a database of its own, which is counted with it;
//! `--uncached` leaves nothing in memory, so that every read asks the database; `--two-nodes` then asks one node and two in turn.
#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark measures time and builds the bare handler it compares with"
)]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark stops at the first surprise")]

mod bare;
mod load;
mod moved;
mod peer;
mod process;

use std::path::{Path, PathBuf};
use std::time::Duration;

use load::{Load, Target};
use moved::Moved;
use peer::Peer;
use process::{Server, Way};

/// The product's allocator, so that the bare handler has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Run {
    seconds: u64,
    rounds: usize,
    connections: Vec<usize>,
    sessions: usize,
    peer: bool,
    honnin: PathBuf,
    installation: Option<Installation>,
    postgres: bool,
    uncached: bool,
    nodes: usize,
}

/// An installation that is there already: its data, the settings it is served with, and a file of its sessions.
struct Installation {
    data: PathBuf,
    settings: PathBuf,
    sessions: PathBuf,
}

impl Run {
    fn of_arguments(arguments: &[String]) -> Self {
        let number = |name: &str, default: u64| {
            let place = arguments.iter().position(|argument| argument == name);
            place.map_or(default, |place| arguments[place + 1].parse().expect("a number after the flag"))
        };
        let file = |name: &str| {
            let place = arguments.iter().position(|argument| argument == name)?;
            Some(PathBuf::from(&arguments[place + 1]))
        };
        let is_given = |flag: &str| arguments.iter().any(|argument| argument == flag);
        let installation = || {
            let [data, settings, sessions] = [file("--data")?, file("--settings")?, file("--sessions-of")?];
            Some(Installation { data, settings, sessions })
        };
        let count = |name: &str, default: u64| usize::try_from(number(name, default)).expect("a count");
        let connections = match count("--connections", 0) {
            0 => vec![32, 128],
            connections => vec![connections],
        };
        Self {
            seconds: number("--seconds", 1),
            rounds: count("--rounds", 15),
            connections,
            sessions: count("--sessions", 200),
            peer: !is_given("--without-peer"),
            honnin: file("--honnin").unwrap_or_else(|| env!("CARGO_BIN_EXE_honnin").into()),
            installation: installation(),
            postgres: is_given("--postgres"),
            uncached: is_given("--uncached"),
            nodes: if is_given("--two-nodes") { 2 } else { 1 },
        }
    }
}

/// One kind of answer, from both servers.
struct Pair {
    name: &'static str,
    bare: Target,
    honnin: Target,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    for (flag, one_thread) in [("--bare", false), ("--bare-on-one", true)] {
        if let Some(place) = arguments.iter().position(|argument| argument == flag) {
            bare::serve(Path::new(&arguments[place + 1]), one_thread);
            return;
        }
    }
    let run = Run::of_arguments(&arguments);
    let only = |flag: &str| arguments.iter().any(|argument| argument == flag);
    // Free first: once this process is put on a core it stays there.
    for (way, left_out) in [(Way::Free, "--pinned"), (Way::Pinned, "--free")] {
        if !only(left_out) {
            measure(way, &run);
        }
    }
}

fn measure(way: Way, run: &Run) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let moved = run.postgres.then(|| {
        let there = run.installation.as_ref().expect("--postgres needs --data, --settings and --sessions-of");
        Moved::of(way, &run.honnin, there, directory.path(), run.uncached)
    });
    let installation = moved.as_ref().map(|moved| &moved.installation).or(run.installation.as_ref());
    let (honnin, cookies) = if let Some(there) = installation {
        let honnin = Server::serve(way, &run.honnin, &there.data, &there.settings);
        (honnin, load::cookies(&there.sessions))
    } else {
        println!("{}: starting the demo with {} sessions", way.word(), run.sessions);
        let honnin = Server::demo(way, &run.honnin, directory.path(), run.sessions);
        (honnin, load::cookies(&directory.path().join("sessions.csv")))
    };
    way.place_load();
    println!("{}: {} people read in turn", way.word(), cookies.len());
    let lines = load::first_lines(honnin.address, &cookies);
    let target = |path: fn(&str) -> String| {
        let requests = cookies.iter().zip(&lines).map(|(cookie, line)| load::request(&path(line), cookie));
        Target { address: honnin.address, second: None, requests: requests.collect() }
    };
    let json = target(|line| format!("/api/v1/lines/{line}/home"));
    if run.nodes > 1 {
        let moved = moved.as_ref().expect("--two-nodes needs --postgres");
        let second = Server::serve(way, &run.honnin, &moved.installation.data, &moved.second);
        for connections in run.connections.iter().copied() {
            let load = Load { time: Duration::from_secs(run.seconds), connections };
            two_nodes(way, &json, (&honnin, &second, moved), &load, run.rounds);
        }
        return;
    }
    let html = target(|line| format!("/lines/{line}"));
    let pairs: Vec<(Pair, Server)> = [("home JSON", json), ("home HTML", html)]
        .into_iter()
        .map(|(name, target)| {
            let answer = load::fetch(&target, 0);
            let file = directory.path().join(name.replace(' ', "-"));
            std::fs::write(&file, &answer).expect("write the bytes to compare with");
            println!("{name}: {} octets with headers", answer.len());
            let bare = Server::bare(way, &file);
            let pair =
                Pair { name, bare: Target { address: bare.address, ..target.clone() }, honnin: target };
            (pair, bare)
        })
        .collect();
    // What a read costs is what it costs the database as well.
    let spent =
        || honnin.processor_micros() + moved.as_ref().map_or(0.0, |moved| moved.database.processor_micros());
    let answer = || load::fetch(&pairs[0].0.honnin, 0);
    let peer = run.peer.then(|| Peer::start(way, directory.path(), &answer(), cookies.len())).flatten();
    for connections in run.connections.iter().copied() {
        let load = Load { time: Duration::from_secs(run.seconds), connections };
        for (pair, bare) in &pairs {
            report(way, pair, bare, &spent, &load, run.rounds);
        }
        if let Some(peer) = &peer {
            let (ours, theirs): (Spent<'_>, Spent<'_>) = (&spent, &|| peer.processor_micros());
            let sides = [(&pairs[0].0.honnin, ours), (&peer.target(cookies.len()), theirs)];
            let (ours, theirs, ratio) = alternated(sides, &load, run.rounds);
            println!(
                "{}, {connections} connections, home JSON: axum, sqlx and PostgreSQL {theirs:.0} µs, honnin {ours:.1} µs \
                 processor time per answer, {ratio:.1} times its requests per core (median of {})",
                way.word(),
                run.rounds
            );
        }
    }
}

/// Processor time spent so far.
type Spent<'a> = &'a dyn Fn() -> f64;

/// Loads two servers in turn; processor time of an answer of each, and the second's by the first's: medians.
fn alternated(sides: [(&Target, Spent<'_>); 2], load: &Load, rounds: usize) -> (f64, f64, f64) {
    let mut costs = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let measure = |(target, spent): (&Target, Spent<'_>)| {
            load.warm_up(target);
            let before = spent();
            let answers = load.run(target);
            (spent() - before) / answers
        };
        // The order is turned round every other time, so that neither always runs first.
        let [first, second] = sides;
        let (first, second) = if round % 2 == 0 {
            let first = measure(first);
            (first, measure(second))
        } else {
            let second = measure(second);
            (measure(first), second)
        };
        costs.0.push(first);
        costs.1.push(second);
        costs.2.push(second / first);
    }
    (median(&mut costs.0), median(&mut costs.1), median(&mut costs.2))
}

/// One node and two in turn, all on one core: what an answer costs with the one and with both says how many more two of
/// them give where each has a core of its own.
fn two_nodes(
    way: Way,
    one: &Target,
    (first, second, moved): (&Server, &Server, &Moved),
    load: &Load,
    rounds: usize,
) {
    let both = Target { second: Some(second.address), ..one.clone() };
    let spent = || first.processor_micros() + second.processor_micros() + moved.database.processor_micros();
    let (one, two, _) = alternated([(one, &spent), (&both, &spent)], load, rounds);
    println!(
        "{}, {} connections, home JSON: one node {one:.1} µs, two nodes {two:.1} µs processor time per answer, {:.2} times its \
         goodput (median of {rounds})",
        way.word(),
        load.connections,
        2.0 * one / two
    );
}

fn report(way: Way, pair: &Pair, bare: &Server, ours: Spent<'_>, load: &Load, rounds: usize) {
    let plain: Spent<'_> = &|| bare.processor_micros();
    let (plain, ours, ratio) = alternated([(&pair.bare, plain), (&pair.honnin, ours)], load, rounds);
    let Pair { name, .. } = pair;
    println!(
        "{}, {} connections, {name}: bare {plain:.1} µs, honnin {ours:.1} µs processor time per answer, ratio {ratio:.2} \
         (median of {rounds})",
        way.word(),
        load.connections
    );
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
