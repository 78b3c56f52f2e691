//! `honnin account merge`, `unmerge` and `merges`: lines of one account to another, as both owners agreed, and back.

use std::fmt;
use std::io::{self, IsTerminal};
use std::time::Duration;

use honnin_access::{MergeRefused, Operate, Permit, Proven};
use honnin_care::What;
use honnin_journal::{Kind, Party};
use honnin_keeper::LinesMove;
use honnin_store::{Error, MergeRow, MoveReason};
use honnin_terms::{EntryRef, Zone};
use serde::Serialize;
use zeroize::Zeroizing;

use super::confirm::confirm;
use super::{Input, input};
use crate::command::{MergeArgs, UnmergeArgs};
use crate::failure::{Exit, Failure};
use crate::say::{self, Say};
use crate::wiring::acts::Deed;
use crate::wiring::{Rooms, merges};

/// How often it is tried again where something else was written meanwhile.
const TRIES: usize = 8;
/// How long a running server is given to write the merge into its journal.
const JOURNALED: Duration = Duration::from_secs(30);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(200);
/// Merges that are listed.
const LISTED: usize = 1_000;

/// A merge or its undoing, carried out.
#[derive(Serialize)]
struct Moved {
    merge: u64,
    undone: bool,
    lines: usize,
    /// Its entry in the journal; none while a running server has not written it yet, which it does by itself.
    journal_entry: Option<String>,
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { merge, undone, lines, journal_entry } = self;
        if *undone {
            writeln!(f, "merge    {merge} was undone")?;
            writeln!(f, "lines    {lines} moved back to the account they came from")?;
        } else {
            writeln!(f, "merge    {merge}")?;
            writeln!(f, "lines    {lines} moved to the account that takes them")?;
        }
        match journal_entry {
            Some(entry) => writeln!(f, "journal  entry {entry}")?,
            None => writeln!(f, "journal  pending; the running server writes it by itself")?,
        }
        if *undone {
            f.write_str(
                "\nAll devices of the account that had taken them are signed out. Both owners will be notified.",
            )
        } else {
            write!(
                f,
                "\nAll devices of the account that gave them are signed out; it keeps its bills. Both owners will be \
                 notified.\n`honnin account unmerge {merge}` moves the lines back."
            )
        }
    }
}

/// Merges two accounts.
///
/// # Errors
/// [`Failure`]: who has not agreed, or what does not open. Nothing was changed then.
pub(super) async fn merge(
    say: Say,
    rooms: &Rooms,
    operator: &str,
    args: &MergeArgs,
) -> Result<Exit, Failure> {
    let MergeArgs { from, into, codes, confirmed } = args;
    let [from_code, into_code] = read_codes(codes)?;
    let consequence = "All devices of the account that gives them are signed out.";
    confirm(*confirmed, "move all lines of one account to another", consequence)?;
    let giver = Party::Account(rooms.authorities.subscriber.account_of(from));
    let deed = Deed { what: What::Merge.code(), note: "merge", ..Deed::default() };
    rooms.act(operator, Kind::Operated, giver, deed)?;
    let (from, into) = (from.clone(), into.clone());
    merge_agreed(say, rooms, &Agreement { from, from_code, into, into_code }).await
}

/// What both owners have agreed to, as the operator was told.
pub(super) struct Agreement {
    pub(super) from: String,
    pub(super) from_code: Zeroizing<String>,
    pub(super) into: String,
    pub(super) into_code: Zeroizing<String>,
}

/// Carries out what both have agreed to, and has the journal know of it.
///
/// # Errors
/// As [`merge`].
pub(super) async fn merge_agreed(say: Say, rooms: &Rooms, agreement: &Agreement) -> Result<Exit, Failure> {
    let Agreement { from, from_code, into, into_code } = agreement;
    let subscriber = &rooms.authorities.subscriber;
    for _ in 0..TRIES {
        let permit = rooms.operate();
        let [giving, taking] = [from, into].map(|login| subscriber.account_of(login));
        let given = rooms.store.consent(&permit, giving).await?;
        let taken = rooms.store.consent(&permit, taking).await?;
        let consent = subscriber.prove_merge(
            &permit,
            &Proven { login: from, code: from_code, row: given.as_ref() },
            &Proven { login: into, code: into_code, row: taken.as_ref() },
        );
        let consent = consent.map_err(refused)?;
        if let Some((merge, lines)) = carry_out(rooms, &permit, &rooms.keeper.merge(&consent)).await? {
            return done(say, rooms, &permit, Moved { merge, lines, undone: false, journal_entry: None })
                .await;
        }
    }
    Err(overtaken())
}

/// The codes of both owners, a line each.
fn read_codes(codes: &Input) -> Result<[Zeroizing<String>; 2], Failure> {
    if *codes == Input::Standard {
        let read = |whose: &str| {
            if io::stdin().is_terminal() {
                say::ask(format_args!("Code of the account that {whose}:"));
            }
            input::line(&format!("the code of the account that {whose}"))
        };
        return Ok([read("gives its lines")?, read("takes them")?]);
    }
    let text = codes.text()?;
    let mut lines = text.lines().map(|line| Zeroizing::new(line.trim().to_owned()));
    match (lines.next(), lines.next()) {
        (Some(gives), Some(takes)) => Ok([gives, takes]),
        _ => Err(Failure::cannot(format_args!("read the codes from {codes}: two lines are expected"))),
    }
}

/// Nothing is told of a stranger but that they have not agreed.
fn refused(reason: MergeRefused) -> Failure {
    Failure::from(reason).but("nothing was changed")
}

fn overtaken() -> Failure {
    Failure::cannot(
        "move lines: something else is writing all the time, such as an import; let it finish, then retry",
    )
}

/// Waits for the journal's entry and tells what was done.
async fn done(say: Say, rooms: &Rooms, permit: &Permit<Operate>, moved: Moved) -> Result<Exit, Failure> {
    let (merge, undone) = (moved.merge, moved.undone);
    let journal_entry = journaled(rooms, permit, merge, undone).await?.map(|entry| entry.to_string());
    let what = if undone { "was undone" } else { "was carried out" };
    let told = say.tell(&Moved { journal_entry, ..moved });
    told.map_err(|failure| failure.but(&format!("merge {merge} {what}")))?;
    Ok(Exit::Done)
}

/// Undoes a merge.
///
/// # Errors
/// [`Failure`]; nothing was changed then.
pub(super) async fn unmerge(
    say: Say,
    rooms: &Rooms,
    operator: &str,
    args: UnmergeArgs,
) -> Result<Exit, Failure> {
    let UnmergeArgs { merge: number, confirmed } = args;
    let consequence = "All devices of the account that had taken them are signed out.";
    confirm(confirmed, &format!("move the lines of merge {number} back"), consequence)?;
    let deed = Deed { what: What::Merge.code(), counts: &[number], note: "unmerge", ..Deed::default() };
    rooms.act(operator, Kind::Operated, Party::Nobody, deed)?;
    for _ in 0..TRIES {
        let permit = rooms.operate();
        let known = rooms.store.merges(&permit, None, LISTED).await?;
        let row = known.iter().find(|row| row.merge == number).ok_or_else(|| {
            Failure::cannot(format_args!(
                "undo merge {number}: there is none; `honnin account merges` lists them"
            ))
        })?;
        if let Some(at) = row.undone_at {
            let at = rooms.zone.rfc3339(at);
            return Err(Failure::cannot(format_args!(
                "undo merge {number}: it was undone at {at}; nothing was changed"
            )));
        }
        let back = rooms.keeper.undo_merge(&permit, row)?;
        if let Some((merge, lines)) = carry_out(rooms, &permit, &back).await? {
            return done(say, rooms, &permit, Moved { merge, lines, undone: true, journal_entry: None })
                .await;
        }
    }
    Err(overtaken())
}

/// Moves lines; `None` where something was written meanwhile.
async fn carry_out(
    rooms: &Rooms,
    permit: &Permit<Operate>,
    lines: &LinesMove<'_>,
) -> Result<Option<(u64, usize)>, Failure> {
    let material = rooms.store.merge_material(permit, lines.from(), lines.into()).await?;
    let material = material.ok_or_else(|| {
        Failure::cannot("move lines: the ledger knows no such account; nothing was changed")
    })?;
    let (moving, reason) = lines.seal(&material)?;
    let (MoveReason::Merge { merge, .. } | MoveReason::Undoing { merge }) = &reason;
    let (merge, count) = (*merge, moving.holdings.len());
    match rooms.store.commit_move(permit, material.steps, moving, reason).await {
        Ok(()) => Ok(Some((merge, count))),
        Err(Error::Conflict) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Has the journal know of it; where, unless a running server takes long.
async fn journaled(
    rooms: &Rooms,
    permit: &Permit<Operate>,
    merge: u64,
    undone: bool,
) -> Result<Option<EntryRef>, Failure> {
    let mut waited = Duration::ZERO;
    loop {
        let known = rooms.store.merges(permit, None, LISTED).await?;
        let row = known.iter().find(|row| row.merge == merge);
        let entry = row.and_then(|row| if undone { row.undone_entry } else { row.entry });
        if entry.is_some() {
            return Ok(entry);
        }
        if merges::journal_now(rooms, permit).await? {
            continue;
        }
        if waited >= JOURNALED {
            return Ok(None);
        }
        tokio::time::sleep(LOOK).await;
        waited = waited.saturating_add(LOOK);
    }
}

/// Lists merges.
///
/// # Errors
/// [`Failure`] where the store does not answer.
pub(super) async fn list(say: Say, rooms: &Rooms, login: Option<&str>) -> Result<Exit, Failure> {
    let permit = rooms.operate();
    let of = login.map(|login| rooms.authorities.subscriber.account_of(login));
    let rows = rooms.store.merges(&permit, of, LISTED).await?;
    say.tell(&Merges { merges: rows.iter().map(|row| Listed::of(row, &rooms.zone)).collect() })?;
    Ok(Exit::Done)
}

/// Merges, newest first.
#[derive(Serialize)]
struct Merges {
    merges: Vec<Listed>,
}

/// One merge. Nobody is named in it.
#[derive(Serialize)]
struct Listed {
    merge: u64,
    at: String,
    undone_at: Option<String>,
    lines: usize,
    journal: Option<String>,
    journal_undone: Option<String>,
}

impl Listed {
    fn of(row: &MergeRow, zone: &Zone) -> Self {
        let MergeRow { merge, at, undone_at, holdings, entry, undone_entry, .. } = row;
        Self {
            merge: *merge,
            at: zone.rfc3339(*at),
            undone_at: undone_at.map(|at| zone.rfc3339(at)),
            lines: holdings.len(),
            journal: entry.as_ref().map(EntryRef::to_string),
            journal_undone: undone_entry.as_ref().map(EntryRef::to_string),
        }
    }
}

impl fmt::Display for Merges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("merge,at,undone_at,lines,journal,journal_undone")?;
        for Listed { merge, at, undone_at, lines, journal, journal_undone } in &self.merges {
            let place = |entry: &Option<String>| entry.clone().unwrap_or_default();
            let undone_at = undone_at.as_deref().unwrap_or_default();
            write!(f, "\n{merge},{at},{undone_at},{lines},{},{}", place(journal), place(journal_undone))?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
