//! `honnin waiting-room`: has people wait in line to sign in, on a schedule.

use std::fmt;

use honnin_journal::{Kind, Party};
use honnin_node::{micros, plan_room, read_room};
use honnin_overload::{Book, Plan};
use honnin_terms::{Moment, Zone};
use serde::Serialize;

use super::serve::runtime;
use crate::command::{OpenRoomArgs, WaitingRoomCommand};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::wiring::Rooms;
use crate::wiring::acts::Deed;

/// How it stands.
#[derive(Serialize)]
struct Standing {
    open: bool,
    /// People in line, on all nodes.
    waiting: u64,
    /// Who came before may enter.
    #[serde(skip_serializing_if = "Option::is_none")]
    called: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    planned: Option<Planned>,
}

#[derive(Serialize)]
struct Planned {
    from: String,
    until: String,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { open, waiting, called, planned } = self;
        let word = if *open { "open" } else { "closed" };
        write!(f, "waiting room  {word}, {waiting} people in line")?;
        if let Some(called) = called {
            write!(f, "\nlet in        who came before {called}")?;
        }
        match planned {
            Some(Planned { from, until }) => write!(f, "\nplanned       from {from} until {until}"),
            None => write!(f, "\nplanned       nothing; it opens by itself when it has to"),
        }
    }
}

pub(super) fn waiting_room(
    say: Say,
    installation: &Installation,
    operator: &str,
    command: &WaitingRoomCommand,
) -> Result<Exit, Failure> {
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    let now = rooms.clock.0.now();
    let (plan, deed) = match command {
        WaitingRoomCommand::Show => return show(say, &rooms, now),
        WaitingRoomCommand::Open(args) => {
            let (from, until) = times(&rooms.zone, now, args)?;
            let plan = Plan { from: micros(from), until: micros(until) };
            let note =
                format!("waiting-room open {} {}", rooms.zone.rfc3339(from), rooms.zone.rfc3339(until));
            (Some(plan), note)
        }
        WaitingRoomCommand::Close => (None, "waiting-room close".to_owned()),
    };
    rooms.act(operator, Kind::Operated, Party::Nobody, Deed { note: &deed, ..Deed::default() })?;
    runtime(1)?.block_on(plan_room(&*rooms.store, &rooms.keep(), plan))?;
    show(say, &rooms, now).map_err(|failure| failure.but("the plan was changed"))
}

fn show(say: Say, rooms: &Rooms, now: Moment) -> Result<Exit, Failure> {
    let book = runtime(1)?.block_on(read_room(&*rooms.store, &rooms.keep()))?;
    say.tell(&standing(&rooms.zone, now, &book))?;
    Ok(Exit::Done)
}

fn standing(zone: &Zone, now: Moment, book: &Book) -> Standing {
    let time = |micros: u64| {
        let moment = i64::try_from(micros / 1_000).ok().and_then(|millis| Moment::from_millis(millis).ok());
        moment.map(|moment| zone.rfc3339(moment)).unwrap_or_default()
    };
    let open = book.is_open(micros(now));
    Standing {
        open,
        waiting: book.waiting(),
        called: (open && book.called() > 0).then(|| time(book.called())),
        planned: book.plan().map(|plan| Planned { from: time(plan.from), until: time(plan.until) }),
    }
}

/// From when until when, where that makes sense.
fn times(zone: &Zone, now: Moment, args: &OpenRoomArgs) -> Result<(Moment, Moment), Failure> {
    let read = |name: &str, text: &str| {
        let moment = text.parse::<Moment>().ok().or_else(|| zone.only_moment(text.parse().ok()?));
        moment.ok_or_else(|| {
            Failure::cannot(format_args!(
                "open the waiting room: --{name} {text:?} is no time; write 2026-12-01T09:55, or with an offset"
            ))
        })
    };
    let from = args.at.as_deref().map_or(Ok(now), |text| read("at", text))?;
    let until = read("until", &args.until)?;
    if until <= from || until <= now {
        return Err(Failure::cannot(
            "open the waiting room: it would end before it begins; write a later --until",
        ));
    }
    Ok((from, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_the_operators_zone_or_with_its_offset() {
        let zone = Zone::named("Asia/Tokyo").unwrap();
        let now: Moment = "2026-11-29T10:00:00+09:00".parse().unwrap();
        let times = |at: Option<&str>, until: &str| {
            let read =
                times(&zone, now, &OpenRoomArgs { at: at.map(str::to_owned), until: until.to_owned() });
            read.map(|(from, until)| (zone.rfc3339(from), zone.rfc3339(until)))
                .map_err(|failure| failure.to_string())
        };
        let both = ("2026-12-01T09:55:00+09:00".to_owned(), "2026-12-01T12:00:00+09:00".to_owned());
        assert_eq!(times(Some("2026-12-01T09:55"), "2026-12-01T12:00"), Ok(both.clone()));
        assert_eq!(times(Some("2026-12-01T00:55:00Z"), "2026-12-01T12:00:00+09:00"), Ok(both));
        assert_eq!(times(None, "2026-12-01T12:00").unwrap().0, "2026-11-29T10:00:00+09:00");
        for (at, until) in [
            (Some("ten"), "2026-12-01T12:00"),
            (None, "2026-11-29T09:59"),
            (Some("2026-12-01T12:00"), "2026-12-01T12:00"),
        ] {
            assert!(times(at, until).is_err(), "{at:?} {until}");
        }
    }
}
