//! `honnin demo`: everything at once on this machine, with invented subscribers. Nothing of it is for real use.

mod ledger;
mod people;
mod prepare;
mod sessions;

use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::thread;

use honnin_figures::Figures;
use honnin_terms::Moment;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::serve::{runtime, set_limits, stop};
use crate::command::DemoArgs;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::logs::{self, For};
use crate::machine;
use crate::say::{self, Say};
use crate::settings::Logs;
use crate::wiring::{Doors, Handed};
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

pub(super) fn demo(say: Say, args: DemoArgs, kept: Option<&Path>) -> Result<Exit, Failure> {
    logs::start(&Logs::default(), Path::new("."), For::Person, None)?;
    if !args.listen.ip().is_loopback() {
        return Err(Failure::cannot(format_args!(
            "serve a demo on {}: it has no TLS and a published password, so it listens on loopback only; use an address \
             such as 127.0.0.1:8080",
            args.listen
        )));
    }
    machine::keep_files_to_owner();
    let figures = Figures::start(env!("CARGO_PKG_VERSION"))?;
    let sessions_out = args.sessions_out.clone();
    // Removed when this function returns, also where it is asked to end while it still prepares.
    let scratch = tempfile::Builder::new().prefix("honnin-demo-").tempdir()?;
    let data = kept.map_or_else(|| scratch.path().join("data"), Path::to_owned);
    let plan = Plan { args, data, scratch: scratch.path().to_owned() };
    runtime(0)?.block_on(async {
        let mut stop = pin!(stop()?);
        let mut installation = prepare::begin(&plan)?;
        set_limits(&installation);
        // An address that is taken is told before the work, not after it; who comes too early waits.
        let doors = Doors::open(&installation, Handed::default()).await?;
        installation.settings.listen.public = doors.public()?;
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
        if let Some(file) = &sessions_out {
            write_sessions(file, &sessions)?;
            say::note(format_args!("{} sessions in {}", sessions.len(), file.display()));
        }
        for raised in raised {
            say::note(format_args!("{raised}"));
        }
        say.tell(&told(&installation, &doors, &people, now, kept.is_some())?)?;
        service.run(doors, figures, stop).await?;
        installation.set_demo_clock(None)?;
        Ok(Exit::Done)
    })
}

/// Where to look and whom to sign in as.
#[derive(Serialize)]
struct Told {
    demo: Vec<String>,
    sign_in_as: Vec<Person>,
    password: &'static str,
    accounts: usize,
    now: String,
    metrics: String,
    data: PathBuf,
    kept: bool,
}

#[derive(Serialize)]
struct Person {
    login: String,
    who: String,
}

fn told(
    installation: &Installation,
    doors: &Doors,
    people: &People,
    now: Moment,
    kept: bool,
) -> Result<Told, Failure> {
    let zone = honnin_terms::Zone::named(&installation.settings.tenant.zone)?;
    let shown = people.shown().into_iter().map(|(login, who)| Person { login: login.to_owned(), who });
    Ok(Told {
        demo: doors.public()?.iter().map(|address| format!("http://{address}/")).collect(),
        sign_in_as: shown.collect(),
        password: PASSWORD,
        accounts: people.accounts.len(),
        now: zone.rfc3339(now),
        metrics: format!("http://{}/metrics", doors.monitor()?),
        data: installation.place.data.clone(),
        kept,
    })
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { demo, sign_in_as, password, accounts, now, metrics, data, kept } = self;
        for address in demo {
            writeln!(f, "Honnin demo: {address}")?;
        }
        let mut heading = "sign in as";
        for Person { login, who } in sign_in_as {
            writeln!(f, "  {heading:<12} {login:<14} {who}")?;
            heading = "";
        }
        writeln!(f, "  {:<12} {password}   (for every account of this ledger: {accounts})", "password")?;
        writeln!(f, "  {:<12} {now}, running from there", "now")?;
        writeln!(f, "  {:<12} simulated element; no network is changed", "network")?;
        writeln!(f, "  {:<12} {metrics}", "metrics")?;
        let fate = if *kept { "kept, its key beside it" } else { "removed at the end" };
        writeln!(f, "  {:<12} {} ({fate})", "data", data.display())?;
        f.write_str("Stop with Ctrl-C.")
    }
}
