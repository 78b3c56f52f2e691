//! `honnin door`: one public address for all houses of a machine.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use honnin_figures::Figures;
use honnin_front::{Door, DoorBounds, Houses as Ways, listen_apart};
use honnin_terms::Mode;
use serde::Serialize;
use tokio::net::TcpListener;

use super::serve::{runtime, stop};
use crate::command::{DoorArgs, DoorCommand};
use crate::failure::{Exit, Failure};
use crate::houses::Houses;
use crate::logs::{self, For};
use crate::machine;
use crate::say::{self, Say};
use crate::settings::Logs;
use crate::wiring::{Handed, serve_monitor};

/// How often the cards are read.
const LOOK: Duration = Duration::from_secs(1);

/// Files that are open beside connections.
const OTHER_FILES: u64 = 256;

/// The system's queue of connections.
const BACKLOG: u32 = 1_024;

#[derive(Serialize)]
struct Opened {
    public: Vec<SocketAddr>,
    houses: Vec<String>,
    metrics: SocketAddr,
}

impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { public, houses, metrics } = self;
        for address in public {
            writeln!(f, "door on {address}")?;
        }
        writeln!(f, "houses: {}", if houses.is_empty() { "none yet".to_owned() } else { houses.join(", ") })?;
        write!(f, "metrics on http://{metrics}/metrics")
    }
}

pub(super) fn door(say: Say, command: &DoorCommand) -> Result<Exit, Failure> {
    match command {
        DoorCommand::Serve(args) => serve(say, args),
    }
}

fn serve(say: Say, args: &DoorArgs) -> Result<Exit, Failure> {
    let mut handed = Handed::take()?;
    let _files = logs::start(&Logs::default(), Path::new(""), For::Collector, None)?;
    let figures = Figures::start(env!("CARGO_PKG_VERSION"))?;
    if let Some(files) = machine::set_limits()
        // A connection has a second one, the way to its house, while it is handed over.
        && files < u64::from(args.waiting).saturating_mul(2).saturating_add(OTHER_FILES)
    {
        say::note(format_args!("only {files} files may be open; raise LimitNOFILE or lower --waiting"));
    }
    let houses = Houses::read(&args.houses.houses)?;
    let ways = Arc::new(Ways::default());
    let mut told = Vec::new();
    lead(&houses, &ways, &mut told);
    runtime(0)?.block_on(async {
        let mut listeners = Vec::with_capacity(args.listen.len());
        for address in &args.listen {
            let listening = handed.at(*address).unwrap_or_else(|| listen_apart(*address, BACKLOG));
            let refused = |reason| Failure::from(reason).during(&format!("listen on {address} (--listen)"));
            listeners.push(listening.map_err(refused)?);
        }
        let refused =
            |reason| Failure::from(reason).during(&format!("listen on {} (--metrics)", args.metrics));
        let monitor = TcpListener::bind(args.metrics).await.map_err(refused)?;
        let stop = stop()?;
        say.tell(&Opened {
            public: listeners.iter().map(TcpListener::local_addr).collect::<Result<_, _>>()?,
            houses: houses.all.iter().map(|house| house.name.clone()).collect(),
            metrics: monitor.local_addr()?,
        })?;
        tokio::spawn(serve_monitor(monitor, figures, || Mode::Open));
        let led = Arc::clone(&ways);
        thread::Builder::new().name("cards".into()).spawn(move || follow(houses, &led, told))?;
        let bounds = DoorBounds {
            connections: usize::try_from(args.waiting).unwrap_or(usize::MAX),
            hello: Duration::from_secs(args.seconds),
            ..DoorBounds::default()
        };
        Door::new(bounds, ways, args.shared.clone()).run(listeners, stop).await;
        Ok(Exit::Done)
    })
}

/// Has every host lead where the cards say from now on, and says what is wrong with them where it was not said before.
fn lead(houses: &Houses, ways: &Ways, told: &mut Vec<String>) {
    ways.replace(houses.ways());
    if houses.problems != *told {
        houses.problems.iter().for_each(say::error);
        told.clone_from(&houses.problems);
    }
}

/// Reads the cards anew until the process ends: on a thread of its own, because a volume may not answer. Where the
/// directory cannot be read the ways stay as they are; where a card cannot, those of its house.
fn follow(mut houses: Houses, ways: &Ways, mut told: Vec<String>) {
    let mut unread = String::new();
    loop {
        thread::sleep(LOOK);
        let problem = match houses.again() {
            Ok(read) => {
                lead(&read, ways, &mut told);
                houses = read;
                String::new()
            }
            Err(reason) => reason.to_string(),
        };
        if problem != unread && !problem.is_empty() {
            say::error(&problem);
        }
        unread = problem;
    }
}
