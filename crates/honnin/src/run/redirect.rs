//! `honnin journal redirect`: checkpoints leave for other places, because a person says so.

use std::fmt;

use honnin_journal::{Kind, Party};
use honnin_node::{leave_for, left_for};
use pollster::block_on;
use serde::Serialize;

use super::confirm::confirm;
use super::journal::is_there;
use crate::command::Confirmed;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::wiring::acts::Deed;
use crate::wiring::{Rooms, places};

#[derive(Serialize)]
struct Redirected {
    /// Where checkpoints left for.
    before: Vec<String>,
    /// Where they leave for now.
    now: Vec<String>,
}

fn listed(places: &[String]) -> String {
    if places.is_empty() { "nowhere".to_owned() } else { places.join(", ") }
}

impl fmt::Display for Redirected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, now } = self;
        if before == now {
            return write!(f, "checkpoints leave for {}, as before", listed(now));
        }
        write!(f, "before  {}\nnow     {}; the journal names who said so", listed(before), listed(now))
    }
}

pub(super) fn redirect(
    say: Say,
    installation: &Installation,
    operator: &str,
    confirmed: Confirmed,
) -> Result<Exit, Failure> {
    is_there(installation)?;
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    let (log, now) = (rooms.log(installation.node())?, places(&rooms));
    let before = block_on(left_for(&*rooms.store, &rooms.keep(), &rooms.keeper, log))?.unwrap_or_default();
    confirm(
        confirmed,
        &format!("let checkpoints leave for {}", listed(&now)),
        "What left for other places is compared with no more.",
    )?;
    let note = format!("checkpoints leave for {}, before for {}", listed(&now), listed(&before));
    rooms.act(operator, Kind::Operated, Party::Nobody, Deed { note: &note, ..Deed::default() })?;
    block_on(leave_for(&*rooms.store, &rooms.keep(), &rooms.keeper, (log, &now)))?;
    say.tell(&Redirected { before, now })?;
    Ok(Exit::Done)
}
