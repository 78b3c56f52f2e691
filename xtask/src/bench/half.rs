//! How long a read takes at half of what a core can answer, beside the bare handler at the same rate.

use std::net::SocketAddr;
use std::time::Duration;

use super::crowd::{Come, Crowd, Kind, Plan};
use super::figure::{Aim, Better, Figure, Short};
use super::ground::Ground;
use super::plot::{Words, bars};
use super::section::{Plot, Section};
use super::server::Server;
use super::stats::{self, millis};
use super::{Run, machine};
use crate::Failure;

/// Connections of the closed loop that finds what a core can answer.
const AT_ONCE: usize = 64;

/// Home as JSON, over connections that are kept.
pub(super) fn home(ground: &std::sync::Arc<Ground>) -> Kind {
    let request = ground.requests(Ground::home);
    Kind { share: 1, wanted: 200, own: false, request }
}

/// A crowd for a server: who it is, and how long it is counted.
pub(super) fn plan(address: SocketAddr, come: Come, warm: Duration, time: Duration) -> Plan {
    Plan {
        address,
        come,
        warm,
        time,
        patience: Duration::from_secs(1),
        returns: false,
        most: 30_000,
        first: 0,
    }
}

/// Plays a crowd on its own core.
pub(super) fn play(plan: Plan, kinds: &[Kind]) -> Result<Crowd, Failure> {
    let played = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            machine::with_the_crowd()?;
            let plan = Plan { most: plan.most.min(machine::connections()), ..plan };
            Ok::<_, Failure>(Crowd::play(plan, kinds)?)
        });
        thread.join()
    });
    played.map_err(|_| Failure::from("the crowd's thread ended before its time"))?
}

/// Answers a second to whoever asks again as soon as they are answered.
pub(super) fn capacity(
    run: &Run,
    address: SocketAddr,
    kinds: &[Kind],
    most: Duration,
) -> Result<Crowd, Failure> {
    capacity_of(AT_ONCE, run, address, kinds, most)
}

/// The same of so many at once.
pub(super) fn capacity_of(
    at_once: usize,
    run: &Run,
    address: SocketAddr,
    kinds: &[Kind],
    most: Duration,
) -> Result<Crowd, Failure> {
    let plan = plan(address, Come::Closed(at_once), run.time(2), run.time(4));
    let crowd = play(Plan { patience: most, ..plan }, kinds)?;
    if crowd.goodput(None) > 0.0 { Ok(crowd) } else { Err("nobody is answered".into()) }
}

/// (b)
pub(super) fn half_load(run: &Run) -> Result<Section, Failure> {
    let ground = run.small()?;
    let server = ground.serve(&run.programs.honnin)?;
    let bare = Server::bare(&run.programs.read_cost, &run.answer(&server, &ground)?)?;
    let kinds = [home(&ground)];
    let most = capacity(run, server.address, &kinds, Duration::from_secs(1))?.goodput(None);
    let rate = most / 2.0;
    println!("  {most:.0} answers a second; {rate:.0} are asked now");
    let mut rounds: [Vec<(f64, f64)>; 3] = Default::default();
    let (mut least, mut latest) = (f64::INFINITY, Duration::ZERO);
    for round in 0..if run.quick { 1 } else { 5 } {
        let plan = |address| Plan {
            first: round * 1_000_000,
            ..plan(address, Come::Open(rate), run.time(1), run.time(4))
        };
        let (ours, other) = (play(plan(server.address), &kinds)?, play(plan(bare.address), &kinds)?);
        for (values, of_thousand) in rounds.iter_mut().zip(PLACES) {
            values.push((millis(other.within(None, of_thousand)), millis(ours.within(None, of_thousand))));
        }
        least = least.min(ours.goodput(None) / ours.offered());
        latest = latest.max(ours.own_delay().0);
    }
    let middle = rounds.each_ref().map(|values| super::read::medians(values));
    let aims = [Aim::None, Aim::Value(10.0), Aim::None];
    let figures = PLACES.iter().zip(middle).zip(aims).map(|((place, (plain, ours)), aim)| Figure {
        name: format!("JSON home at half load, {}", named(*place)),
        value: ours,
        unit: "ms",
        baseline: ("bare handler", plain),
        better: Better::Less,
        aim,
    });
    let groups: Vec<(String, Vec<f64>)> = PLACES
        .iter()
        .zip(middle)
        .map(|(place, (plain, ours))| (named(*place).to_owned(), vec![plain, ours]))
        .collect();
    let words = Words { title: "JSON home at half load", across: "percentile", up: "ms" };
    Ok(Section {
        words: vec![format!(
            "One core answers {} home reads a second in a closed loop of {AT_ONCE} connections. Half of that, {} a second, is offered in \
             an open loop (Poisson arrivals) to honnin and to the bare handler in turn; medians of {} rounds. Every answer waits until \
             its journal entry is on the disk.",
            Short(most),
            Short(rate),
            rounds[0].len()
        )],
        figures: figures.collect(),
        plots: vec![Plot {
            file: "bench-half-load.svg",
            svg: bars(words, &["bare handler", "honnin"], &groups),
            shows: "Times at half load, bare handler and honnin",
        }],
        more: vec![format!(
            "Served in the worst round: {:.1} %. Delay of the load generator itself, p99: {:.1} ms at most.",
            least * 100.0,
            millis(latest)
        )],
        ..Section::default()
    })
}

const PLACES: [usize; 3] = [500, 990, 999];

const fn named(place: usize) -> &'static str {
    match place {
        500 => "p50",
        990 => "p99",
        _ => "p99.9",
    }
}

/// A share of a hundred, as a page says it.
pub(super) fn percent(part: usize, of: usize) -> String {
    if of == 0 { "–".to_owned() } else { format!("{:.2} %", 100.0 * stats::count(part) / stats::count(of)) }
}
