//! What a read costs: the benchmark `read_cost`, asked at one size and at another.

use std::path::Path;
use std::process::Command;

use super::figure::{Aim, Better, Figure};
use super::ground::Ground;
use super::plot::{Words, bars};
use super::section::{Plot, Section};
use super::{Run, stats};
use crate::{Failure, tool};

/// A line of `read_cost` about a kind of answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cost {
    connections: u32,
    what: String,
    bare: f64,
    ours: f64,
    ratio: f64,
}

/// A line of `read_cost` about the peer.
#[derive(Debug, Clone, PartialEq)]
struct Peer {
    connections: u32,
    theirs: f64,
    ours: f64,
}

fn number(text: &str, before: &str, behind: &str) -> Option<f64> {
    text.split_once(before)?.1.split_once(behind)?.0.trim().parse().ok()
}

fn connections(line: &str) -> Option<u32> {
    line.strip_prefix("pinned, ")?.split_once(" connections, ")?.0.parse().ok()
}

fn cost(line: &str) -> Option<Cost> {
    let (what, rest) = line.split_once(" connections, ")?.1.split_once(": bare ")?;
    Some(Cost {
        connections: connections(line)?,
        what: what.to_owned(),
        bare: rest.split_once(" µs")?.0.parse().ok()?,
        ours: number(line, "honnin ", " µs")?,
        ratio: number(line, "ratio ", " (")?,
    })
}

fn peer(line: &str) -> Option<Peer> {
    Some(Peer {
        connections: connections(line)?,
        theirs: number(line, "axum, sqlx and PostgreSQL ", " µs")?,
        ours: number(line, "honnin ", " µs")?,
    })
}

/// What two nodes give, with a core each, against one.
fn two_nodes(line: &str) -> Option<Figure> {
    let (one, two) = (number(line, "one node ", " µs")?, number(line, "two nodes ", " µs")?);
    Some(Figure {
        name: format!("two nodes on one database, {} connections", connections(line)?),
        value: 2e6 / two,
        unit: "reads a second of two cores",
        baseline: ("one node, of one core", 1e6 / one),
        better: Better::More,
        aim: Aim::Ratio(1.7),
    })
}

/// Asks `read_cost` about a ground, with more words for it; its lines.
fn measure(run: &Run, ground: &Ground, peer: bool, more: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new(&run.programs.read_cost);
    command.args(["--pinned", "--seconds", "1", "--rounds", if run.quick { "1" } else { "7" }]);
    command.arg("--honnin").arg(&run.programs.honnin).arg("--data").arg(&ground.data);
    command.arg("--settings").arg(&ground.settings).arg("--sessions-of").arg(&ground.sessions).args(more);
    // Its first build takes minutes, and what is only tried takes seconds.
    if !peer || run.quick {
        command.arg("--without-peer");
    }
    // Where cargo would start it.
    command.current_dir(crate::tidy::root().join("crates/honnin"));
    let said = tool::said(&mut command)?;
    print!("{said}");
    Ok(said)
}

fn costs(said: &str) -> Result<Vec<Cost>, Failure> {
    let found: Vec<Cost> = said.lines().filter_map(cost).collect();
    if found.is_empty() { Err("read_cost says nothing that can be read".into()) } else { Ok(found) }
}

const fn aim(is_html: bool) -> Aim {
    Aim::Ratio(if is_html { 2.5 } else { 2.2 })
}

/// (a) at the smaller size, with the peer.
pub(super) fn reads(run: &Run) -> Result<Section, Failure> {
    let ground = run.small()?;
    let said = measure(run, &ground, true, &[])?;
    let costs = costs(&said)?;
    let mut figures: Vec<Figure> = costs.iter().map(figure).collect();
    figures.extend(against_the_peer(&said, "reads per core against the database peer", 20.0));
    let groups: Vec<(String, Vec<f64>)> = costs
        .iter()
        .map(|cost| (format!("{}, {}", cost.what, cost.connections), vec![cost.bare, cost.ours]))
        .collect();
    let words = Words { title: "Processor time of a read", across: "answer and connections", up: "µs" };
    let mut section = Section {
        words: vec![
            format!(
                "Processor time of one home read, {} lines, {} people who read in turn, over kept-alive connections that ask again \
                 as soon as they are answered. The baseline is an axum handler that returns the same octets and does nothing else.",
                ground.lines,
                ground.subjects.len()
            ),
            "The database peer (`peer/`) makes the same promises in another way: axum, sqlx, PostgreSQL with row-level \
             security, and an audit row for each read; the database's own processes are counted."
                .to_owned(),
        ],
        figures,
        plots: vec![Plot {
            file: "bench-read-cost.svg",
            svg: bars(words, &["bare handler", "honnin"], &groups),
            shows: "Processor time of a home read beside a bare handler",
        }],
        ..Section::default()
    };
    section.more.extend(skipped(&said));
    run.keep_costs(costs);
    Ok(section)
}

/// How many times the peer's requests a core answers, with each number of connections.
fn against_the_peer(said: &str, what: &str, aim: f64) -> Vec<Figure> {
    let figure = |peer: Peer| Figure {
        name: format!("{what}, {} connections", peer.connections),
        value: peer.theirs,
        unit: "µs",
        baseline: ("JSON home", peer.ours),
        better: Better::More,
        aim: Aim::Ratio(aim),
    };
    said.lines().filter_map(peer).map(figure).collect()
}

/// Why the peer was not measured, where it was not.
fn skipped(said: &str) -> Option<String> {
    let line = said.lines().find(|line| line.starts_with("PEER SKIPPED"))?;
    Some(format!("The peer was not measured: {line}."))
}

/// (a) on PostgreSQL, against the peer on PostgreSQL.
pub(super) fn on_postgres(run: &Run) -> Result<Section, Failure> {
    let ground = run.moved()?;
    let without = measure(run, &ground, true, &["--postgres", "--uncached"])?;
    let with = measure(run, &ground, true, &["--postgres"])?;
    // Whether it runs is told by what it says of the bare handler; the peer is left out where it is only tried.
    costs(&without).and_then(|_| costs(&with))?;
    let two = measure(run, &ground, false, &["--postgres", "--two-nodes"])?;
    let mut figures = against_the_peer(&without, "every read asks the database", 6.0);
    figures.extend(against_the_peer(&with, "caches warm", 15.0));
    let grown: Vec<Figure> = two.lines().filter_map(two_nodes).collect();
    if grown.is_empty() {
        return Err("read_cost says nothing of two nodes".into());
    }
    figures.extend(grown);
    Ok(Section {
        words: vec![format!(
            "The store in a PostgreSQL database on this machine, reached by its socket, with row-level security and the journal durable: \
             JSON home, {} lines, {} people who read in turn. Processor time of the server and of all processes of its database, beside \
             that of the peer and its own. Without caches means 4 KiB for each. Two nodes on that database are measured by what an \
             answer costs with the one and with both, all on one core: so many more they give where each has a core of its own.",
            ground.lines,
            ground.subjects.len()
        )],
        figures,
        more: skipped(&with).into_iter().collect(),
        ..Section::default()
    })
}

fn figure(cost: &Cost) -> Figure {
    Figure {
        name: format!("{}, {} connections", cost.what, cost.connections),
        value: cost.ours,
        unit: "µs",
        baseline: ("bare handler", cost.bare),
        better: Better::Less,
        aim: aim(cost.what.contains("HTML")),
    }
}

/// (a) at the larger size, against the smaller one.
pub(super) fn growth(run: &Run) -> Result<Section, Failure> {
    let ground = run.large()?;
    let large = costs(&measure(run, &ground, false, &[])?)?;
    let (large_lines, people) = (ground.lines, ground.subjects.len());
    drop(ground);
    let ground = run.small()?;
    let small_lines = ground.lines;
    let small =
        if let Some(costs) = run.costs() { costs } else { costs(&measure(run, &ground, false, &[])?)? };
    Ok(Section {
        words: vec![format!(
            "The same with {large_lines} lines in place of {small_lines}, and the same {people} people reading. Both are divided by \
             the bare handler that was measured beside them."
        )],
        figures: grown(&small, &large),
        ..Section::default()
    })
}

fn grown(small: &[Cost], large: &[Cost]) -> Vec<Figure> {
    let pair = |large: &Cost| {
        let same = |small: &&Cost| small.connections == large.connections && small.what == large.what;
        let small = small.iter().find(same)?;
        Some(Figure {
            name: format!("larger ledger, {}, {} connections", large.what, large.connections),
            value: large.ratio,
            unit: "× the bare handler",
            baseline: ("smaller ledger", small.ratio),
            better: Better::Less,
            aim: Aim::Ratio(1.15),
        })
    };
    large.iter().filter_map(pair).collect()
}

/// Hashes and signatures alone: the benchmark `primitives` of the room with the ciphers, on the servers' core.
pub(super) fn primitives(program: &Path, quick: bool) -> Result<(f64, f64), Failure> {
    let mut command = super::machine::on_server_core(program);
    command.args(["--seconds", if quick { "1" } else { "5" }]);
    let said = tool::said(&mut command)?;
    print!("{said}");
    let rate = |name: &str| {
        let value = said.lines().find_map(|line| line.strip_prefix(name)?.strip_suffix(" a second"));
        value.and_then(|value| value.trim().parse().ok()).ok_or_else(|| format!("primitives tells no {name}"))
    };
    Ok((rate("argon2id: ")?, rate("ES256 verified: ")?))
}

/// Times in the middle of both sides, for steps that alternate.
pub(super) fn medians(values: &[(f64, f64)]) -> (f64, f64) {
    let (first, second): (Vec<f64>, Vec<f64>) = values.iter().copied().unzip();
    (stats::median(&first), stats::median(&second))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `read_cost` writes it.
    const SAID: &str = "pinned: starting the demo with 200 sessions\nhome JSON: 1204 octets with headers\n\
        pinned, 32 connections, home JSON: bare 9.9 µs, honnin 27.0 µs processor time per answer, ratio 2.78 (median of 15)\n\
        pinned, 32 connections, home HTML: bare 11.4 µs, honnin 35.9 µs processor time per answer, ratio 3.04 (median of 15)\n\
        pinned, 32 connections, home JSON: axum, sqlx and PostgreSQL 290 µs, honnin 27.1 µs processor time per answer, \
        10.6 times its requests per core (median of 15)\n";

    #[test]
    fn what_read_cost_says_is_read() {
        let costs = costs(SAID).unwrap();
        assert_eq!(costs.len(), 2);
        let cost = Cost { connections: 32, what: "home JSON".into(), bare: 9.9, ours: 27.0, ratio: 2.78 };
        assert_eq!(costs[0], cost);
        let peers: Vec<Peer> = SAID.lines().filter_map(peer).collect();
        assert_eq!(peers, [Peer { connections: 32, theirs: 290.0, ours: 27.1 }]);
        assert!(super::costs("pinned: nothing").is_err(), "a silent benchmark is a fault");
    }

    #[test]
    fn two_nodes_are_held_against_one_by_what_an_answer_costs() {
        let said = "pinned, 32 connections, home JSON: one node 40.0 µs, two nodes 50.0 µs processor time per answer, 1.60 times \
            its goodput (median of 7)";
        let figure = two_nodes(said).unwrap();
        assert_eq!((figure.ratio(), figure.reached()), (1.6, Some(false)));
        assert!(two_nodes(SAID.lines().nth(2).unwrap()).is_none());
    }

    #[test]
    fn a_larger_ledger_is_held_against_the_smaller_one() {
        let small = costs(SAID).unwrap();
        let large = costs(&SAID.replace("ratio 2.78", "ratio 3.30")).unwrap();
        let grown = grown(&small, &large);
        assert_eq!(grown.iter().map(Figure::reached).collect::<Vec<_>>(), [Some(false), Some(true)]);
    }
}
