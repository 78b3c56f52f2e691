//! `honnin demo`: everything at once on this machine, with invented subscribers. Nothing of it is for real use.

mod ledger;
mod people;
mod prepare;
mod sessions;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::thread;

use honnin_terms::Moment;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::serve::{runtime, set_limits, stop};
use crate::command::DemoArgs;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::logs::{self, For};
use crate::say;
use crate::settings::Logs;
use crate::wiring::{Doors, Metrics};
use people::People;
use prepare::{Prepared, prepare};
use sessions::write_sessions;

#[cfg(test)]
pub(super) use ledger::{MAPPING, write_sample};

/// The password of every account of a demo. Written here for everybody to read.
const PASSWORD: &str = "honnin-demo-only";

/// What a demo is made of.
#[derive(Debug)]
struct Plan {
    args: DemoArgs,
    /// Where the data lies.
    data: PathBuf,
    /// A directory that is removed at the end, for what is not kept.
    scratch: PathBuf,
}

pub(super) fn demo(args: DemoArgs, kept: Option<&Path>) -> Result<Exit, Failure> {
    logs::start(&Logs::default(), Path::new("."), For::Person)?;
    if !args.listen.ip().is_loopback() {
        return Err(Failure::new(format!(
            "serve a demo on {}: it has no TLS and a password everybody knows, so it is served on this machine only; \
             name an address such as 127.0.0.1:8080",
            args.listen
        )));
    }
    let metrics = Metrics::start()?;
    let sessions_out = args.sessions_out.clone();
    // Removed when this function returns, also where it is asked to end while it still prepares.
    let scratch = tempfile::Builder::new().prefix("honnin-demo-").tempdir()?;
    let data = kept.map_or_else(|| scratch.path().join("data"), Path::to_owned);
    let plan = Plan { args, data, scratch: scratch.path().to_owned() };
    runtime(0)?.block_on(async {
        let mut stop = pin!(stop()?);
        let installation = prepare::begin(&plan)?;
        set_limits(&installation);
        // An address that is taken is told before the work, not after it.
        drop(Doors::open(&installation).await?);
        let (done, prepared) = oneshot::channel();
        let handle = Handle::current();
        let preparing = installation.clone();
        thread::Builder::new().name("demo".to_owned()).spawn(move || {
            // Whoever waited for it has been asked to end.
            drop(done.send(prepare(&plan, preparing, &handle)));
        })?;
        let prepared = tokio::select! {
            prepared = prepared => prepared??,
            () = &mut stop => return Ok(Exit::Done),
        };
        let Prepared { service, people, sessions, now, raised } = prepared;
        let doors = Doors::open(&installation).await?;
        if let Some(file) = &sessions_out {
            write_sessions(file, &sessions)?;
            say::note(format_args!("{} sessions in {}", sessions.len(), file.display()));
        }
        if let Some(most) = raised {
            say::note(format_args!(
                "sessions of one account: raised to {most} for this demo, so that none of them ends"
            ));
        }
        tell(&installation, &doors, &people, now, kept.is_some())?;
        service.run(doors, metrics, stop).await?;
        installation.set_demo_clock(None)?;
        Ok(Exit::Done)
    })
}

/// Where to look and whom to sign in as.
fn tell(
    installation: &Installation,
    doors: &Doors,
    people: &People,
    now: Moment,
    kept: bool,
) -> Result<(), Failure> {
    let zone = honnin_terms::Zone::named(&installation.settings.tenant.zone)?;
    for address in doors.public()? {
        say::line(format_args!("Honnin demo: http://{address}/"));
    }
    let mut heading = "sign in as";
    for (login, who) in people.shown() {
        say::line(format_args!("  {heading:<12} {login:<14} {who}"));
        heading = "";
    }
    say::line(format_args!(
        "  {:<12} {PASSWORD}   (for every account of this ledger: {})",
        "password",
        people.accounts.len()
    ));
    say::line(format_args!("  {:<12} {}, going on from there", "now", zone.rfc3339(now)));
    say::line(format_args!("  {:<12} simulated: speed orders are made up and answered in memory", "network"));
    say::line(format_args!("  {:<12} http://{}/metrics", "metrics", doors.monitor()?));
    let data = installation.place.data.display();
    let fate = if kept { "kept, its key beside it" } else { "removed at the end" };
    say::line(format_args!("  {:<12} {data} ({fate})", "data"));
    say::line("Stop with Ctrl-C.");
    Ok(())
}
