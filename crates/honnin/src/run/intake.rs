//! `honnin intake`: the operator's ledger taken in.

use std::sync::Arc;

use honnin_intake::{Mapping, Phase, Summary, Tick, check};

use crate::command::IntakeArgs;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::logs::{self, For};
use crate::machine::SystemClock;
use crate::say::{self, Progress};
use crate::wiring::Rooms;

pub(super) fn files(installation: Installation, args: &IntakeArgs) -> Result<Exit, Failure> {
    let IntakeArgs { mapping, check: dry, retry, directories } = args;
    logs::start(&installation.settings.logs, &installation.base(), For::Person)?;
    let mapping = Mapping::load(mapping)?;
    if *dry {
        let report = check(&mapping, directories)?;
        say::text(&report);
        return Ok(if report.is_clean() { Exit::Done } else { Exit::Found });
    }
    let zone = &installation.settings.tenant.zone;
    if mapping.ledger.zone.name() != zone {
        return Err(Failure::new(format!(
            "take in an extract: the mapping's times are in {} and tenant.zone of the settings is {zone}; days and \
             months must be the same on both sides, correct one of them",
            mapping.ledger.zone.name()
        )));
    }
    let rooms = Rooms::open(installation, Arc::new(SystemClock))?;
    let progress = Progress::start();
    let mut tell = |tick: Tick<'_>| show(&progress, tick);
    let taken = rooms.with_feed(|feed| {
        if *retry { feed.retry(&mapping, &mut tell) } else { feed.take(&mapping, directories, &mut tell) }
    });
    progress.clear();
    let summary = taken?;
    say::line(&summary);
    Ok(if is_clean(&summary) { Exit::Done } else { Exit::Found })
}

/// Whether nothing was set aside.
fn is_clean(summary: &Summary) -> bool {
    let counts = summary.in_all();
    counts.quarantined_in_all() == 0 && counts.unknown_number == 0
}

/// A sign of life.
pub(super) fn show(progress: &Progress, tick: Tick<'_>) {
    let Tick { phase, file, rows, steps: (done, all) } = tick;
    match phase {
        Phase::Reading => progress.now(format_args!("reading {file}: {rows} rows")),
        Phase::Applying => progress.now(format_args!("writing: {rows} rows, step {done} of {all}")),
    }
}
