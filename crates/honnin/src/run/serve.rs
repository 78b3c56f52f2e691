//! `honnin serve`.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use honnin_figures::Figures;
use honnin_front::Hosts;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::logs::{self, For, LogFiles};
use crate::machine::{self, SystemClock, cores, running_build};
use crate::say::Say;
use crate::settings::Settings;
use crate::traces::Traces;
use crate::wiring::{Doors, Handed, Rooms, Service, bring_up};

pub(super) fn serve(say: Say, mut installation: Installation) -> Result<Exit, Failure> {
    let handed = Handed::take()?;
    let settings = &installation.settings;
    let runtime = runtime(settings.server.threads)?;
    let traces = Traces::start(&settings.traces, &settings.node.name, runtime.handle())?;
    let files = logs::start(&settings.logs, &installation.base(), For::Collector, traces.clone())?;
    let figures = Figures::start(env!("CARGO_PKG_VERSION"))?;
    set_limits(&installation);
    let build = running_build().map_err(|reason| Failure::from(reason).during("read this program"))?;
    let round = traces.clone();
    runtime.block_on(async {
        // Doors first: an address that is taken is told before keys are opened.
        let mut doors = Doors::open(&installation, handed).await?;
        let hangup = on_hangup(files)?;
        if let Some(renewal) = doors.take_renewal() {
            tokio::spawn(renewal.run(hangup));
        }
        // Where it is found, not what was asked for: a port of the system's choice has a number from here on.
        installation.settings.listen.public = doors.public()?;
        let path = looked_at(&installation);
        // Left by a demo that was killed; from here on time is the machine's.
        installation.set_demo_clock(None)?;
        // What serves brings the store up to date, and no other command: whoever tries one beside an older build that serves
        // would take the file away from it.
        bring_up(&installation)?;
        let rooms =
            Rooms::open_with(installation, Arc::new(SystemClock), |store| Traces::round(round, store))?;
        let service = Service::new(rooms, doors.front().clone(), build)?;
        // Whoever is told that it serves may end it at once, and in order.
        let stop = stop()?;
        say.tell(&Serving {
            public: doors.public()?,
            sockets: doors.files(),
            hosts: doors.hosts().into_iter().flat_map(Hosts::names).map(str::to_owned).collect(),
            canaries: path,
            metrics: doors.monitor()?,
        })?;
        service.run(doors, figures, stop).await
    })?;
    if let Some(traces) = traces {
        traces.stop();
    }
    Ok(Exit::Done)
}

/// What is told when subscribers are answered.
#[derive(Serialize)]
struct Serving {
    public: Vec<SocketAddr>,
    sockets: Vec<PathBuf>,
    /// Where it is found behind the door.
    hosts: Vec<String>,
    canaries: Option<LookedAt>,
    metrics: SocketAddr,
}

/// The public path, where there is one.
#[derive(Serialize)]
struct LookedAt {
    url: String,
    every: String,
}

impl fmt::Display for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for address in &self.public {
            writeln!(f, "serving on {address}")?;
        }
        for file in &self.sockets {
            writeln!(f, "serving on unix:{}", file.display())?;
        }
        if !self.hosts.is_empty() {
            writeln!(f, "serving behind the door at {}", self.hosts.join(", "))?;
        }
        if let Some(LookedAt { url, every }) = &self.canaries {
            writeln!(f, "canaries check {url} every {every}; personal pages wait for their first round")?;
        }
        write!(f, "metrics on http://{}/metrics", self.metrics)
    }
}

fn looked_at(installation: &Installation) -> Option<LookedAt> {
    let Settings { tenant, canary, .. } = &installation.settings;
    let url = tenant.public_url.clone();
    (!url.is_empty()).then(|| LookedAt { url, every: canary.every.to_string() })
}

/// Files that are open beside connections: store, journal, logs, sockets.
const OTHER_FILES: u64 = 256;

/// Takes the limits the system gives, and says where they are too low for the settings.
pub(super) fn set_limits(installation: &Installation) {
    let connections = installation.settings.server.connections;
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(OTHER_FILES);
    if let Some(files) = machine::set_limits()
        && files < wanted
    {
        tracing::warn!(
            files,
            wanted,
            "fewer open files than server.connections needs; raise LimitNOFILE or lower server.connections"
        );
    }
}

/// The runtime, with so many threads; 0 for one per core.
pub(super) fn runtime(threads: usize) -> io::Result<Runtime> {
    let threads = if threads == 0 { cores() } else { threads };
    Builder::new_multi_thread().worker_threads(threads).enable_all().build()
}

/// Reopens log files at every SIGHUP and passes it on.
fn on_hangup(files: LogFiles) -> io::Result<watch::Receiver<u64>> {
    let mut hangup = signal(SignalKind::hangup())?;
    let (told, heard) = watch::channel(0);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            files.reopen();
            told.send_modify(|count| *count += 1);
            tracing::info!("SIGHUP: log files were reopened, certificates are read again");
        }
    });
    Ok(heard)
}

/// Ready when the process is asked to end: SIGTERM (systemd, kill) or SIGINT (Ctrl-C).
pub(super) fn stop() -> io::Result<impl Future<Output = ()> + Send> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(honnin_faults)]
        if honnin_terms::faults::CUT_SHORT.is_on() {
            std::process::abort();
        }
    })
}
