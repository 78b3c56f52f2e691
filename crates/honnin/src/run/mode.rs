//! `honnin mode`: how much of the service is offered, by rule or because a person said so.

use std::fmt;
use std::fs;

use honnin_journal::{Kind, Party};
use honnin_node::{Written, force_mode, read_mode};
use honnin_notices::Word;
use honnin_terms::{Less, Stop};
use serde::Serialize;

use super::serve::runtime;
use crate::command::ModeCommand;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::wiring::Rooms;
use crate::wiring::acts::Deed;
use crate::wiring::notices::{PublicRecord, WORD};

/// How much is offered.
#[derive(Serialize)]
struct Shown {
    /// What a person has said every node offers.
    forced: Option<&'static str>,
    /// Why personal pages are stopped.
    stopped: Option<&'static str>,
    /// The mode the service last said it is in.
    mode: Option<String>,
    /// When it said so.
    said_at: Option<String>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { forced, stopped, mode, said_at } = self;
        match (mode, said_at) {
            (Some(mode), Some(at)) => write!(f, "mode     {mode}, as the service said at {at}")?,
            _ => f.write_str("mode     not known: the service has not said it yet")?,
        }
        if let Some(forced) = forced {
            write!(f, "\nforced   {forced}, until `honnin mode release`")?;
        }
        if let Some(stopped) = stopped {
            write!(f, "\nstopped  {stopped}, until `honnin isolation lift`")?;
        }
        Ok(())
    }
}

/// What was done.
#[derive(Serialize)]
struct Done {
    forced: Option<&'static str>,
    before: Option<&'static str>,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.forced {
            Some(forced) => write!(f, "mode  {forced}, on every running node within a second"),
            None => f.write_str("mode  released: every node offers as much as it measures that it can"),
        }
    }
}

pub(super) fn mode(
    say: Say,
    installation: &Installation,
    operator: &str,
    command: ModeCommand,
) -> Result<Exit, Failure> {
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    match command {
        ModeCommand::Show => show(say, installation, &rooms)?,
        ModeCommand::Force { mode } => force(say, &rooms, operator, Some(mode))?,
        ModeCommand::Release => force(say, &rooms, operator, None)?,
    }
    Ok(Exit::Done)
}

fn show(say: Say, installation: &Installation, rooms: &Rooms) -> Result<(), Failure> {
    let seen = runtime(1)?.block_on(read_mode(&*rooms.store, &rooms.keep(), &*rooms.keeper))?;
    let Written { stop, forced, .. } =
        seen.written.unwrap_or(Written { stop: Some(Stop::ForeignMode), ..Written::default() });
    let record = PublicRecord::of(installation, &rooms.keeper)?;
    let word = fs::read(record.dir.join(WORD)).ok();
    let key = record.public_key()?;
    let word = word.and_then(|octets| Word::read(&octets, &record.origin, &key).ok().flatten());
    say.tell(&Shown {
        forced: forced.map(Less::word),
        stopped: stop.map(Stop::word),
        mode: word.as_ref().map(|word| word.mode.clone()),
        said_at: word.map(|word| rooms.zone.rfc3339(word.at)),
    })
}

fn force(say: Say, rooms: &Rooms, operator: &str, forced: Option<Less>) -> Result<(), Failure> {
    let note = forced.map_or_else(|| "mode release".to_owned(), |less| format!("mode force {}", less.word()));
    // That it has changed each node writes down itself.
    rooms.act(operator, Kind::Operated, Party::Nobody, Deed { note: &note, ..Deed::default() })?;
    let permit = rooms.keep();
    let forcing = force_mode(&*rooms.store, &permit, &*rooms.keeper, forced);
    let Some(before) = runtime(1)?.block_on(forcing)? else {
        return Err(Failure::cannot(
            "change the mode: what was written of it was altered, and personal pages are stopped; see `honnin doctor`",
        ));
    };
    say.tell(&Done { forced: forced.map(Less::word), before: before.forced.map(Less::word) })
        .map_err(|failure| failure.but("the mode was changed"))
}
