//! `honnin quarantine`: rows of the ledger that were set aside, and what a person decides of them.

use std::fmt;
use std::io::{IsTerminal as _, stdout};

use honnin_intake::{ChoiceError, Opened, Quarantined};
use honnin_journal::{Kind, Party};
use serde::Serialize;

use super::confirm::confirm;
use super::intake;
use crate::command::QuarantineCommand;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::logs::{self, For};
use crate::say::Say;
use crate::wiring::Rooms;
use crate::wiring::acts::Deed;

/// How many rows are loaded at a time.
const PAGE: usize = 1_000;

pub(super) fn quarantine(
    say: Say,
    installation: Installation,
    operator: &str,
    command: &QuarantineCommand,
) -> Result<Exit, Failure> {
    logs::start(&installation.settings.logs, &installation.base(), For::Person, None)?;
    let clock = installation.clock()?;
    let rooms = Rooms::open(installation, clock)?;
    match command {
        QuarantineCommand::List => {
            let rows = all(&rooms)?;
            say.tell(&Listed(&rows))?;
            Ok(if rows.is_empty() { Exit::Done } else { Exit::Found })
        }
        QuarantineCommand::Show { mapping, row } => {
            // What the row says is for the eyes of who decides of it. A file or a pipe would keep it.
            if !stdout().is_terminal() {
                return Err(Failure::cannot(
                    "show a row: standard output is not a terminal, and personal values are written nowhere else",
                ));
            }
            let mapping = intake::read(mapping)?;
            written(&rooms, operator, "quarantine show", std::slice::from_ref(row))?;
            let opened = rooms.with_feed(|feed| feed.open_quarantined(&mapping, row))?;
            say.tell(&Shown(&opened))?;
            Ok(Exit::Done)
        }
        QuarantineCommand::Accept { mapping, rows } => {
            let mapping = intake::read(mapping)?;
            written(&rooms, operator, "quarantine accept", rows)?;
            let summary = rooms.with_feed(|feed| feed.accept(&mapping, rows, &mut |_| {}))?;
            intake::tell(say, &summary)
        }
        QuarantineCommand::Drop { mapping, rows, confirmed } => {
            let mapping = intake::read(mapping)?;
            confirm(
                *confirmed,
                &format!("drop rows of the ledger ({})", rows.len()),
                "Nothing of them is imported; only their file brings them back.",
            )?;
            written(&rooms, operator, "quarantine drop", rows)?;
            let dropped = rooms.with_feed(|feed| feed.drop_quarantined(&mapping, rows, &mut |_| {}))?;
            say.tell(&Dropped { dropped })?;
            Ok(Exit::Done)
        }
    }
}

/// Writes down which rows are shown, taken in or dropped, before they are.
pub(super) fn written(rooms: &Rooms, operator: &str, what: &str, rows: &[String]) -> Result<(), Failure> {
    let acts = rooms.acts(operator)?;
    // A row's id is a keyed hash; one entry names as many as it holds, and says of how many it is one.
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    for row in rows {
        let note = format!("{what} {row}");
        let deed = Deed { counts: &[count], note: &note, ..Deed::default() };
        acts.record(Kind::Operated, Party::Nobody, deed)?;
    }
    acts.close()
}

fn all(rooms: &Rooms) -> Result<Vec<Quarantined>, Failure> {
    let mut rows = Vec::new();
    loop {
        let skip = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let page = rooms.with_feed(|feed| feed.quarantined(skip, PAGE)).map_err(ChoiceError::from)?;
        let last = page.len() < PAGE;
        rows.extend(page);
        if last {
            return Ok(rows);
        }
    }
}

/// Rows set aside, without anything of what they say.
struct Listed<'a>(&'a [Quarantined]);

#[derive(Serialize)]
struct RowShape<'a> {
    row: &'a str,
    file: &'a str,
    line: u64,
    reason: &'a str,
    set_aside_at: String,
}

impl Listed<'_> {
    fn rows(&self) -> impl Iterator<Item = RowShape<'_>> {
        self.0.iter().map(|Quarantined { id, file, line, reason, at }| RowShape {
            row: id,
            file,
            line: *line,
            reason,
            set_aside_at: at.to_string(),
        })
    }
}

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for RowShape { row, file, line, reason, set_aside_at } in self.rows() {
            writeln!(f, "{row}  {file}:{line}  {reason}  {set_aside_at}")?;
        }
        write!(f, "{} rows", self.0.len())
    }
}

impl Serialize for Listed<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'a> {
            rows: Vec<RowShape<'a>>,
        }
        Shape { rows: self.rows().collect() }.serialize(serializer)
    }
}

/// A row in full, for a terminal.
struct Shown<'a>(&'a Opened);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Opened { about: Quarantined { id, file, line, reason, .. }, cells } = self.0;
        writeln!(f, "{id}  {file}:{line}  {reason}")?;
        for (heading, cell) in cells {
            writeln!(f, "  {}: {}", intake::check::harmless(heading), intake::check::harmless(cell))?;
        }
        Ok(())
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Cell<'a> {
            heading: &'a str,
            cell: &'a str,
        }
        #[derive(Serialize)]
        struct Shape<'a> {
            row: &'a str,
            file: &'a str,
            line: u64,
            reason: &'a str,
            cells: Vec<Cell<'a>>,
        }
        let Opened { about: Quarantined { id, file, line, reason, .. }, cells } = self.0;
        let cells = cells.iter().map(|(heading, cell)| Cell { heading, cell }).collect();
        Shape { row: id, file, line: *line, reason, cells }.serialize(serializer)
    }
}

#[derive(Serialize)]
struct Dropped {
    dropped: u64,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dropped {} rows", self.dropped)
    }
}
