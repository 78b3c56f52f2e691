//! Memory: of a process with lines and sessions, of a million lines more, of ten thousand connections.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::figure::{Aim, Better, Figure, Short};
use super::ground::Ground;
use super::half::{home, plan, play};
use super::plot::{Words, bars};
use super::section::{Plot, Section};
use super::server::Server;
use super::{Run, stats};
use crate::Failure;
use crate::bench::crowd::{Come, Kind};

fn megabytes(kilobytes: u64) -> f64 {
    stats::large(kilobytes) * 1024.0 / 1_000_000.0
}

/// Memory after everybody of the hot set has read several times.
fn after_reading(run: &Run, server: &Server, kind: Kind) -> Result<u64, Failure> {
    play(plan(server.address, Come::Closed(64), Duration::ZERO, run.time(6)), &[kind])?;
    server.pss()
}

/// Connections that ask once and then only stay open.
fn hold(
    address: SocketAddr,
    many: usize,
    request: impl Fn(u64) -> String,
) -> Result<Vec<TcpStream>, Failure> {
    let numbers = (0..u64::MAX).take(many);
    let open = |number| {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(request(number).as_bytes())?;
        // One read is enough: the answer is smaller, and a connection that is held has it behind it.
        let mut read = [0; 16 << 10];
        let count = stream.read(&mut read)?;
        if read.get(..count).is_some_and(|read| read.starts_with(b"HTTP/1.1 200")) {
            return Ok(stream);
        }
        Err(format!("connection {number} was not answered as asked").into())
    };
    numbers.map(open).collect()
}

/// What so many connections take, in kilobytes.
fn of_connections(server: &Server, many: usize, ground: &Arc<Ground>) -> Result<u64, Failure> {
    let before = server.pss()?;
    let held = hold(server.address, many, |number| ground.home(number))?;
    let after = server.pss()?;
    drop(held);
    Ok(after.saturating_sub(before))
}

/// (f)
pub(super) fn memory(run: &Run) -> Result<Section, Failure> {
    let ground = run.small()?;
    let server = ground.serve(&run.programs.honnin)?;
    let answer = run.answer(&server, &ground)?;
    let hot = after_reading(run, &server, home(&ground))?;
    let me = Kind { share: 1, wanted: 200, own: false, request: ground.requests(Ground::me) };
    let all = after_reading(run, &server, me)?;
    drop(server);

    let bare = Server::bare(&run.programs.read_cost, &answer)?;
    let plain = after_reading(run, &bare, home(&ground))?;
    let many = if run.quick { 300 } else { 10_000 };
    let plain_connections = of_connections(&bare, many, &ground)?;
    drop(bare);
    let wide = Server::serve(&run.programs.honnin, &ground.data, &ground.wide)?;
    after_reading(run, &wide, home(&ground))?;
    let connections = of_connections(&wide, many, &ground)?;
    drop(wide);

    let [small, people] = [ground.lines, u64::try_from(ground.subjects.len())?];
    let sessions = u64::try_from(ground.sessions())?;
    let large = run.large()?;
    let server = large.serve(&run.programs.honnin)?;
    let grown = after_reading(run, &server, home(&large))?;
    drop(server);
    let more = stats::large(large.lines.saturating_sub(small)) / 1_000_000.0;
    let of_million = megabytes(grown.saturating_sub(hot)) / more;

    let figure = |name: String, value: f64, baseline: (&'static str, f64), aim: Aim| Figure {
        name,
        value,
        unit: "MB",
        baseline,
        better: Better::Less,
        aim,
    };
    let figures = vec![
        figure(
            "memory with all lines and sessions".to_owned(),
            megabytes(all),
            ("bare handler", megabytes(plain)),
            Aim::Value(150.0),
        ),
        figure(
            "memory with the larger ledger".to_owned(),
            megabytes(grown),
            ("smaller ledger, the same readers", megabytes(hot)),
            Aim::None,
        ),
        figure(
            format!("memory of {} idle connections", Short(stats::count(many))),
            megabytes(connections),
            ("bare handler", megabytes(plain_connections)),
            Aim::None,
        ),
    ];
    let groups = vec![
        (format!("{} lines", Short(stats::large(small))), vec![megabytes(plain), megabytes(all)]),
        (format!("{} lines", Short(stats::large(large.lines))), vec![megabytes(plain), megabytes(grown)]),
        (
            format!("{} connections more", Short(stats::count(many))),
            vec![megabytes(plain_connections), megabytes(connections)],
        ),
    ];
    let words = Words { title: "Memory of the process (PSS)", across: "with", up: "MB" };
    Ok(Section {
        words: vec![format!(
            "The process's own share of memory (PSS, `/proc/PID/smaps_rollup`), what it maps of its store included, after reads for some \
             seconds. {} lines with {} sessions, all of which have asked; {} lines with {} people who read; connections that have asked for \
             home once and stay open.",
            Short(stats::large(small)),
            Short(stats::large(sessions)),
            Short(stats::large(large.lines)),
            Short(stats::large(people))
        )],
        figures,
        plots: vec![Plot {
            file: "bench-memory.svg",
            svg: bars(words, &["bare handler", "honnin"], &groups),
            shows: "Memory by lines and by connections, bare handler and honnin",
        }],
        more: vec![format!(
            "A million lines more take {} MB more of a serving process: caches are bounded, what grows is what is mapped of the \
             store. One idle connection takes {:.1} kB; one of the bare handler {:.1} kB.",
            Short(of_million),
            stats::large(connections) * 1.024 / stats::count(many),
            stats::large(plain_connections) * 1.024 / stats::count(many)
        )],
        ..Section::default()
    })
}
