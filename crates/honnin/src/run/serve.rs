//! `honnin serve`.

use std::io;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::logs::{self, For};
use crate::machine::{self, SystemClock, cores};
use crate::say;
use crate::settings::Settings;
use crate::wiring::{Doors, Metrics, Rooms, Service};

pub(super) fn serve(installation: Installation) -> Result<Exit, Failure> {
    logs::start(&installation.settings.logs, &installation.base(), For::Collector)?;
    let metrics = Metrics::start()?;
    set_limits(&installation);
    runtime(installation.settings.server.threads)?.block_on(async {
        // Doors first: an address that is taken is told before keys are opened.
        let doors = Doors::open(&installation).await?;
        let path = looked_at(&installation);
        // Left by a demo that was killed; from here on time is the machine's.
        installation.set_demo_clock(None)?;
        let rooms = Rooms::open(installation, Arc::new(SystemClock))?;
        let service = Service::new(rooms, doors.front().clone())?;
        for address in doors.public()? {
            say::line(format_args!("serving on {address}"));
        }
        if let Some(path) = path {
            say::line(path);
        }
        say::line(format_args!("metrics on http://{}/metrics", doors.monitor()?));
        service.run(doors, metrics, stop()?).await
    })?;
    Ok(Exit::Done)
}

/// What is said of the public path, where there is one.
fn looked_at(installation: &Installation) -> Option<String> {
    let Settings { tenant, canary, .. } = &installation.settings;
    let (url, every) = (&tenant.public_url, canary.every);
    (!url.is_empty())
        .then(|| format!("canaries look at {url} every {every}; personal pages wait for their first look"))
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
            "fewer open files than server.connections needs; raise LimitNOFILE or lower it"
        );
    }
}

/// The runtime, with so many threads; 0 for one per core.
pub(super) fn runtime(threads: usize) -> io::Result<Runtime> {
    let threads = if threads == 0 { cores() } else { threads };
    Builder::new_multi_thread().worker_threads(threads).enable_all().build()
}

/// Ready when the process is asked to end: SIGTERM (systemd, kill) or SIGINT (Ctrl-C).
pub(super) fn stop() -> io::Result<impl Future<Output = ()> + Send> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
