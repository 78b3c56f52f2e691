//! `honnin clock`: the way out of a clock that jumped, taken by a person who has looked at it.

use std::fmt;
use std::thread;
use std::time::Duration;

use honnin_journal::{Kind, LogReport, Party, Report};
use honnin_node::{ClockWord, accept_clock, clock_waits_for};
use serde::Serialize;

use super::confirm::confirm;
use super::serve::runtime;
use crate::command::{ClockCommand, Confirmed};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::wiring::acts::Deed;
use crate::wiring::{COMMANDS, Rooms, proven};

/// How often it is looked whether the running server has heard, and how long in between.
const LOOKS: u32 = 50;
const LOOK: Duration = Duration::from_millis(250);

#[derive(Serialize)]
struct Outcome {
    /// What the clock shows.
    now: String,
    /// Whether it had jumped and nobody had said that it is right.
    jumped: bool,
    /// Whether the log of every node says now that it is right; a node that is not running says so at its start.
    settled: bool,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, jumped, settled } = self;
        if !jumped {
            return write!(f, "the clock shows {now} and has not jumped; there is nothing to accept");
        }
        write!(f, "clock  {now}, accepted; the journal names who said so")?;
        if !settled {
            f.write_str("\n       the server writes it down when it runs")?;
        }
        Ok(())
    }
}

pub(super) fn clock(
    say: Say,
    installation: Installation,
    operator: &str,
    command: ClockCommand,
) -> Result<Exit, Failure> {
    match command {
        ClockCommand::Accept(confirmed) => accept(say, installation, operator, confirmed),
    }
}

fn accept(
    say: Say,
    installation: Installation,
    operator: &str,
    confirmed: Confirmed,
) -> Result<Exit, Failure> {
    super::journal::is_there(&installation)?;
    let clock = installation.clock()?;
    let rooms = Rooms::open(installation, clock)?;
    let now = rooms.zone.rfc3339(rooms.clock.0.now());
    let before = logs(&rooms)?;
    if !before.logs.iter().any(|log| log.unsettled) {
        say.tell(&Outcome { now, jumped: false, settled: true })?;
        return Ok(Exit::Done);
    }
    let consequence = "What rests on a grant or a case is judged by it from then on.";
    confirm(confirmed, &format!("take {now} for the right time"), consequence)?;
    rooms.act(operator, Kind::ClockAccepted, Party::Nobody, Deed { note: &now, ..Deed::default() })?;
    let size = |log: &LogReport| (log.log, log.size.saturating_add(log.unpublished));
    // The commands' own log is settled by the entry that was just written, and no server takes it out of the word.
    let commands = rooms.log(COMMANDS)?;
    let unsettled = before.logs.iter().filter(|log| log.unsettled && log.log != commands);
    let word = ClockWord { logs: unsettled.map(size).collect(), operator: operator.to_owned() };
    let runtime = runtime(1)?;
    runtime.block_on(accept_clock(&*rooms.store, &rooms.keep(), &rooms.keeper, &word))?;
    let waiting = || {
        let logs = runtime.block_on(clock_waits_for(&*rooms.store, &rooms.keep(), &rooms.keeper))?;
        Ok::<_, Failure>(!logs.is_empty())
    };
    // A server takes the word out once its log says so; the log itself is read once more, and not each time.
    let mut left = if super::journal::is_served(&rooms)? { LOOKS } else { 0 };
    while left > 0 && waiting()? {
        thread::sleep(LOOK);
        left -= 1;
    }
    let done = !logs(&rooms)?.logs.iter().any(|log| log.unsettled);
    say.tell(&Outcome { now, jumped: true, settled: done })?;
    Ok(Exit::Done)
}

/// The logs as they stand, proven.
fn logs(rooms: &Rooms) -> Result<Report, Failure> {
    Ok(proven(rooms, None, &mut |_, _| {})??)
}
