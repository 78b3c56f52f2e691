//! More than can be served: reads of people who are signed in, and the mix of launch day.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Run;
use super::crowd::{Come, Crowd, Kind, Met, Plan};
use super::figure::{Aim, Better, Figure, Short};
use super::ground::Ground;
use super::half::{capacity, capacity_of, home, percent, plan, play};
use super::machine::{PERIOD, Share};
use super::plot::{Line, Words, lines};
use super::section::{Plot, Promise, Section};
use super::stats::{self, millis};
use crate::Failure;

/// A part of a core, in hundredths, that a crowd on one core can offer twenty times as much as it serves.
const PART: u32 = 4;
/// How often what is served at most is offered.
const TIMES: [f64; 7] = [0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0];
/// The same for the mix, whose stages are longer.
const MIXED: [f64; 6] = [0.5, 1.0, 2.0, 3.0, 10.0, 20.0];

/// People at once whose rate is the peak of the mix: enough to keep a core at work, and too few to be too many for it.
const FEW: usize = 8;

/// A stage of a climb: how often the peak was offered, and what came of it.
struct Stage {
    times: f64,
    crowd: Crowd,
}

impl Stage {
    fn row(&self, peak: f64) -> String {
        let Self { times, crowd } = self;
        let all = crowd.met(|_| true);
        let share = |is: fn(Met) -> bool| percent(crowd.met(is), all);
        let wrong = crowd.met(|met| matches!(met, Met::Wrong(_)));
        let (delay, sound) = crowd.own_delay();
        format!(
            "| {times} × | {} | {} | {:.1} % | {:.1} ms | {} | {} | {} | {} | {wrong} | {:.1} ms{} |",
            Short(crowd.offered()),
            Short(crowd.goodput(None)),
            100.0 * crowd.goodput(None) / peak,
            millis(crowd.within(None, 990)),
            share(|met| met == Met::Placed),
            share(|met| met == Met::Refused),
            share(|met| met == Met::Left),
            share(|met| matches!(met, Met::Broken | Met::NotSent)),
            millis(delay),
            if sound { "" } else { " (too slow)" }
        )
    }
}

/// People of a stage at most: whoever comes in the next one is somebody else.
const PEOPLE: u64 = 10_000_000;

/// Offers the peak so many times, one stage after the other, as the plan of each says.
fn climb(
    times: &[f64],
    peak: f64,
    kinds: &[Kind],
    plan: impl Fn(f64) -> Plan,
) -> Result<Vec<Stage>, Failure> {
    let mut stages = Vec::new();
    for (first, times) in (1_u64..).zip(times.iter().copied()) {
        let plan = Plan { come: Come::Open(peak * times), first: first * PEOPLE, ..plan(times) };
        let stage = Stage { times, crowd: play(plan, kinds)? };
        println!("  {}", stage.row(peak));
        stages.push(stage);
    }
    Ok(stages)
}

const ROWS: &str = "| offered | people a second | goodput | of peak | p99 of served | placed | refused | left after 1 s | \
                    connection broke | wrong answers | delay of the load generator, p99 |\n|---|---|---|---|---|---|---|---|---|---|---|";

fn table(stages: &[Stage], peak: f64) -> String {
    let rows: Vec<String> = stages.iter().map(|stage| stage.row(peak)).collect();
    format!("{ROWS}\n{}", rows.join("\n"))
}

/// Whether the crowd was quick enough: else it measured itself, and its figures are none.
fn kept_up(stages: &[Stage]) -> Promise {
    let slow: Vec<String> = stages
        .iter()
        .filter(|stage| !stage.crowd.own_delay().1)
        .map(|stage| format!("not at {} ×", stage.times))
        .collect();
    let told = if slow.is_empty() { String::new() } else { format!(" ({})", slow.join(", ")) };
    Promise { what: format!("the load generator kept up in every stage{told}"), kept: slow.is_empty() }
}

/// Goodput as a share of the peak at that many times it.
fn held(stages: &[Stage], peak: f64, times: f64, what: &str, aim: Aim) -> Option<Figure> {
    let stage = stages.iter().find(|stage| (stage.times - times).abs() < 1e-9)?;
    Some(Figure {
        name: format!("{what}, goodput at {times} × its peak"),
        value: stage.crowd.goodput(None),
        unit: "people/s",
        baseline: ("peak", peak),
        better: Better::More,
        aim,
    })
}

/// The same of the kind that fares worst by its own peak: people who are kept out are not made up for by others.
fn worst(stages: &[Stage], peaks: [(&str, f64); 3], times: f64, aim: Aim) -> Option<Figure> {
    let stage = stages.iter().find(|stage| (stage.times - times).abs() < 1e-9)?;
    let of_kind = |(kind, (name, peak))| (name, stage.crowd.goodput(Some(kind)), peak);
    let share = |(_, served, peak): &(&str, f64, f64)| served / peak;
    let (name, value, peak) = peaks
        .into_iter()
        .enumerate()
        .map(of_kind)
        .min_by(|one, other| share(one).total_cmp(&share(other)))?;
    println!("  at {times} × {name} fare worst");
    Some(Figure {
        name: format!("launch mix, goodput at {times} × its peak of the kind that fares worst"),
        value,
        unit: "people/s",
        baseline: ("the peak of that kind", peak),
        better: Better::More,
        aim,
    })
}

/// The slowest of a hundred who were served at ten times the peak, beside those at half of it.
fn slowest(stages: &[Stage], what: &str) -> Option<Figure> {
    let at = |times: f64| {
        let stage = stages.iter().find(|stage| (stage.times - times).abs() < 1e-9)?;
        Some(stage.crowd.slowest(None))
    };
    Some(Figure {
        name: format!("{what}, p99 of served at 10 × its peak"),
        value: at(10.0)?,
        unit: "ms",
        baseline: ("at half of it", at(0.5)?),
        better: Better::Less,
        aim: Aim::Value(100.0),
    })
}

fn curve(stages: &[Stage], peak: f64, title: &'static str) -> String {
    let served = stages.iter().map(|stage| (stage.times, stage.crowd.goodput(None))).collect();
    let could = stages.iter().map(|stage| (stage.times, peak.min(stage.crowd.offered()))).collect();
    let words = Words { title, across: "offered, times the peak", up: "people a second" };
    let of = |name: &str, points| Line { name: name.to_owned(), points };
    lines(words, &[of("served", served), of("offered, to the peak at most", could)])
}

/// Seconds after the overload until as much is served as is offered, of those that were watched.
fn back_within(by_second: &[usize], offered: f64) -> Option<usize> {
    by_second.iter().position(|served| stats::count(*served) >= 0.95 * offered).map(|second| second + 1)
}

fn recovered(after: &Crowd) -> Promise {
    let back = back_within(&after.by_second(), after.offered());
    let told = back.map_or("not while it was watched".to_owned(), |seconds| format!("in second {seconds}"));
    Promise {
        what: format!(
            "recovery: 80 % of the peak is offered after 10 × the peak, and 95 % of it is served within 10 s ({told})"
        ),
        kept: back.is_some_and(|seconds| seconds <= 10),
    }
}

/// (c), reads alone.
pub(super) fn reads(run: &Run) -> Result<Section, Failure> {
    let ground = run.small()?;
    // So little for so short a time answers nobody.
    let part = if run.quick { 10 * PART } else { PART };
    let server = ground.serve(&run.programs.honnin)?;
    let kinds = [home(&ground)];
    // With so little of a core, beginning and first reads of 20,000 people would go on for longer than is measured.
    capacity(run, server.address, &kinds, Duration::from_secs(2))?;
    let server = server.held_to(Share::of(part)?)?;
    // What the journal has still to publish of those first reads is no part of the peak.
    capacity(run, server.address, &kinds, Duration::from_secs(2))?;
    let peak = capacity(run, server.address, &kinds, Duration::from_secs(2))?.goodput(None);
    println!("  at most {peak:.0} answers a second");
    let plan = plan(server.address, Come::Open(0.0), run.time(3), run.time(8));
    let stages = climb(&TIMES, peak, &kinds, |_| plan)?;
    let storm = run.time(5);
    let come = Come::Falling { from: peak * 10.0, at: storm, to: peak * 0.8 };
    let falls = Plan { come, warm: storm, time: run.time(12), first: PEOPLE * 99, ..plan };
    let recovered = recovered(&play(falls, &kinds)?);
    let pages = [Kind { request: ground.requests(Ground::page), ..home(&ground) }];
    let (stayed, never) = stay(run, server.address, &pages, peak)?;
    let what = "reads";
    let figures =
        [3.0, 10.0].into_iter().filter_map(|times| held(&stages, peak, times, what, Aim::Ratio(0.95)));
    let figures = figures.chain(held(&stages, peak, 20.0, what, Aim::None)).chain(slowest(&stages, what));
    Ok(Section {
        words: vec![format!(
            "Home reads alone. The server is held to {part} % of a core (a control group with a period of {} ms, which is part of every latency \
             below), so that the load generator on the other core can offer twenty times what it serves. Everybody has read once before. Its peak is {} reads a second, in a \
             closed loop of 64 connections. Open loop: people take a kept-alive connection where one is idle, open one where none is, \
             and leave after 1 s; a person who leaves closes the connection.",
            PERIOD / 1000,
            Short(peak)
        )],
        figures: figures.collect(),
        promises: vec![recovered, never, kept_up(&stages)],
        plots: vec![Plot {
            file: "bench-overload-reads.svg",
            svg: curve(&stages, peak, "Home reads: goodput by what is offered"),
            shows: "Goodput of home reads from half of the peak to twenty times it",
        }],
        more: vec![table(&stages, peak), stayed],
    })
}

/// People who stay: three times the peak, and each waits for half a minute.
fn stay(run: &Run, address: SocketAddr, kinds: &[Kind], peak: f64) -> Result<(String, Promise), Failure> {
    let plan = plan(address, Come::Open(peak * 3.0), Duration::ZERO, run.time(8));
    let crowd = play(Plan { patience: run.time(30), first: 5, ..plan }, kinds)?;
    let all = crowd.met(|_| true);
    let of = |is: fn(Met) -> bool| percent(crowd.met(is), all);
    let never = crowd.met(|met| matches!(met, Met::Left | Met::NotSent | Met::Broken));
    let told = format!(
        "People who look at home as a page and stay for 30 s, 3 × the peak of the reads above for {} s ({all} people): served {}, given a place or told when to come again {}, told \
         \"busy\" {}, connection broke {}, never answered {}.",
        run.time(8).as_secs_f32(),
        of(|met| met == Met::Served),
        of(|met| met == Met::Placed),
        of(|met| met == Met::Refused),
        of(|met| met == Met::Broken),
        of(|met| matches!(met, Met::Left | Met::NotSent)),
    );
    let promise = Promise {
        what: format!("people who stay 30 s: at most 0.1 % are never answered ({})", percent(never, all)),
        kept: never * 1000 <= all,
    };
    Ok((told, promise))
}

/// Thirty of a hundred sign in, sixty look at home, ten switch their speed.
fn mix(ground: &Arc<Ground>) -> [Kind; 3] {
    let of = |share, wanted, own, request| Kind { share, wanted, own, request };
    [
        of(30, 201, true, ground.requests(Ground::sign_in)),
        of(60, 200, false, ground.requests(Ground::home)),
        of(10, 202, false, ground.requests(Ground::act)),
    ]
}

/// (c), the mix of launch day.
pub(super) fn launch(run: &Run) -> Result<Section, Failure> {
    let ground = run.small()?;
    let kinds = mix(&ground);
    let fresh = ground.fresh(run)?;
    let most = capacity_of(FEW, run, fresh.server.address, &kinds, Duration::from_secs(5))?;
    drop(fresh);
    // A place in line is soon given: who is given one would make room for the next, and the peak would be of all but sign-ins.
    let (served, all) = (most.met(|met| met == Met::Served), most.met(|_| true));
    if 100 * served < 99 * all {
        return Err(format!("this is no peak: {served} of {all} people were served").into());
    }
    let peak = most.goodput(None);
    let of = |name, kind| (name, most.goodput(Some(kind)));
    let peaks = [of("sign-ins", 0), of("home", 1), of("acts", 2)];
    println!("  at most {peak:.0} people a second");
    let mut stages = Vec::new();
    for times in MIXED {
        let fresh = ground.fresh(run)?;
        // The waiting room lets in few at first and an eighth more each second.
        let warm = run.time(if times > 1.0 { 20 } else { 4 });
        let plan = plan(fresh.server.address, Come::Open(0.0), warm, run.time(8));
        stages.extend(climb(&[times], peak, &kinds, |_| Plan { returns: true, ..plan })?);
    }
    let fresh = ground.fresh(run)?;
    let storm = run.time(15);
    let come = Come::Falling { from: peak * 10.0, at: storm, to: peak * 0.8 };
    let plan = plan(fresh.server.address, come, storm, run.time(12));
    let recovered = recovered(&play(Plan { returns: true, ..plan }, &kinds)?);
    drop(fresh);
    let what = "launch mix";
    let figures = [(3.0, Aim::None), (10.0, Aim::Ratio(0.95)), (20.0, Aim::None)];
    let figures = figures.into_iter().filter_map(|(times, aim)| worst(&stages, peaks, times, aim));
    let kinds_of: Vec<String> = stages
        .iter()
        .map(|Stage { times, crowd }| {
            let [sign_in, home, act] = [0, 1, 2].map(|kind| Short(crowd.goodput(Some(kind))));
            format!("| {times} × | {sign_in} | {home} | {act} |")
        })
        .collect();
    Ok(Section {
        words: vec![format!(
            "30 of 100 people sign in with their password over a connection of their own, 60 read home, 10 switch their speed; a \
             whole core, default settings. The peak is {} people a second, in a closed loop of {FEW} connections. Open loop: people leave after 1 s \
             without an answer; people with a place in line ask again when told to. Stages above 1 × run for 20 s before they are \
             counted, because the waiting room begins slowly.",
            Short(peak)
        )],
        figures: figures.chain(slowest(&stages, what)).collect(),
        promises: vec![recovered, kept_up(&stages)],
        plots: vec![Plot {
            file: "bench-overload-launch.svg",
            svg: curve(&stages, peak, "Launch mix: goodput by what is offered"),
            shows: "Goodput of the launch mix from half of its peak to twenty times it",
        }],
        more: vec![
            table(&stages, peak),
            format!(
                "| served a second | sign-ins | home | acts |\n|---|---|---|---|\n{}",
                kinds_of.join("\n")
            ),
        ],
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc;
    use std::thread;

    use super::super::crowd::tests::{once, so};
    use super::*;

    /// A server that answers one after the other, in the order in which they asked, whether they are still there or not.
    fn in_order(each: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, waiting) = mpsc::channel::<TcpStream>();
        thread::spawn(move || {
            for mut stream in waiting {
                thread::sleep(each);
                let _left = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            }
        });
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let asked = asked.clone();
                thread::spawn(move || {
                    while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {
                        asked.send(stream.try_clone().unwrap()).unwrap();
                    }
                });
            }
        });
        address
    }

    #[test]
    fn a_server_that_answers_whoever_has_left_falls_from_its_peak() {
        let kind = |_| "GET / HTTP/1.1\r\n\r\n".to_owned();
        let kinds = [Kind { share: 1, wanted: 200, own: false, request: Box::new(kind) }];
        once(|| {
            // Another one each time: it would go on answering those who left the last time.
            let address = in_order(Duration::from_millis(4));
            let plan = plan(address, Come::Closed(4), Duration::from_millis(300), Duration::from_millis(700));
            let plan = Plan { patience: Duration::from_millis(150), ..plan };
            let peak = play(plan, &kinds).unwrap().goodput(None);
            so(peak > 50.0, peak)?;
            let stages = climb(&[0.5, 3.0, 10.0], peak, &kinds, |_| plan).unwrap();
            let at = |times| held(&stages, peak, times, "reads", Aim::Ratio(0.95)).unwrap();
            so(at(0.5).ratio() > 0.2, at(0.5))?;
            so(at(10.0).reached() == Some(false), table(&stages, peak))?;
            assert!(slowest(&stages, "reads").is_some() && curve(&stages, peak, "x").contains("<path"));
            Ok(())
        });
    }

    #[test]
    fn recovery_is_the_first_second_that_serves_what_is_offered() {
        assert_eq!(back_within(&[0, 40, 94, 95, 20], 100.0), Some(4));
        assert_eq!(back_within(&[0, 40, 94], 100.0), None);
    }
}
