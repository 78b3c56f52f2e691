//! `honnin account merge`, `unmerge` and `merges`: lines of one account to another, as both owners agreed, and back.

use std::time::Duration;

use honnin_access::{MergeRefused, Operate, Permit, Proven};
use honnin_intake::FEED;
use honnin_keeper::LinesMove;
use honnin_store::{Error, MergeRow, MoveReason};
use honnin_terms::Zone;

use crate::command::MergeArgs;
use crate::failure::{Exit, Failure};
use crate::say;
use crate::wiring::{Rooms, merges};

/// How often it is tried again where something else was written meanwhile.
const TRIES: usize = 8;
/// How long a running server is given to write the merge into its journal.
const JOURNALED: Duration = Duration::from_secs(30);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(200);
/// Merges that are listed.
const LISTED: usize = 1_000;

/// Merges two accounts.
///
/// # Errors
/// [`Failure`]: who has not agreed, or what does not open. Nothing was changed then.
pub(super) async fn merge(rooms: &Rooms, args: &MergeArgs) -> Result<Exit, Failure> {
    let MergeArgs { from, from_code, into, into_code } = args;
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
            say::line(format_args!("merge    {merge}"));
            say::line(format_args!("lines    {lines} now with the account that takes them"));
            journaled(rooms, &permit, merge, false).await?;
            say::line(format_args!(
                "\nAll devices of the account that gave them are signed out; its bills stay its own. Both owners are owed \
                 a message.\n`honnin account unmerge {merge}` puts the lines back."
            ));
            return Ok(Exit::Done);
        }
    }
    Err(overtaken())
}

/// Nothing is told of a stranger but that she has not agreed.
fn refused(reason: MergeRefused) -> Failure {
    Failure::from(reason).during("nothing was changed")
}

fn overtaken() -> Failure {
    Failure::new(
        "move lines: something else is writing all the time, such as an intake; let it finish, then try again",
    )
}

/// Undoes a merge.
///
/// # Errors
/// [`Failure`]; nothing was changed then.
pub(super) async fn unmerge(rooms: &Rooms, number: u64) -> Result<Exit, Failure> {
    for _ in 0..TRIES {
        let permit = rooms.operate();
        let known = rooms.store.merges(&permit, None, LISTED).await?;
        let row = known.iter().find(|row| row.merge == number).ok_or_else(|| {
            Failure::new(format!("undo merge {number}: there is none; `honnin account merges` lists them"))
        })?;
        if let Some(at) = row.undone_at {
            let at = rooms.zone.rfc3339(at);
            return Err(Failure::new(format!(
                "undo merge {number}: it was undone at {at}; nothing was changed"
            )));
        }
        let back = rooms.keeper.undo_merge(&permit, row)?;
        if let Some((merge, lines)) = carry_out(rooms, &permit, &back).await? {
            say::line(format_args!("merge    {merge} is undone"));
            say::line(format_args!("lines    {lines} back with the account they came from"));
            journaled(rooms, &permit, merge, true).await?;
            say::line(
                "\nAll devices of the account that had taken them are signed out. Both owners are owed a message.",
            );
            return Ok(Exit::Done);
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
    let material = rooms.store.merge_material(permit, FEED, lines.from(), lines.into()).await?;
    let material = material
        .ok_or_else(|| Failure::new("move lines: the ledger knows no such account; nothing was changed"))?;
    let (moving, reason) = lines.seal(&material)?;
    let (MoveReason::Merge { merge, .. } | MoveReason::Undoing { merge }) = &reason;
    let (merge, count) = (*merge, moving.holdings.len());
    match rooms.store.commit_move(permit, FEED, material.position, moving, reason).await {
        Ok(()) => Ok(Some((merge, count))),
        Err(Error::Conflict) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Has the journal know of it, and says where.
async fn journaled(rooms: &Rooms, permit: &Permit<Operate>, merge: u64, undone: bool) -> Result<(), Failure> {
    let mut waited = Duration::ZERO;
    loop {
        let known = rooms.store.merges(permit, None, LISTED).await?;
        let row = known.iter().find(|row| row.merge == merge);
        let entry = row.and_then(|row| if undone { row.undone_entry } else { row.entry });
        if let Some(entry) = entry {
            say::line(format_args!("journal  entry {entry}"));
            return Ok(());
        }
        if merges::journal_now(rooms, permit).await? {
            continue;
        }
        if waited >= JOURNALED {
            say::note("the running server has not written it into the journal yet; it does so by itself");
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
        waited = waited.saturating_add(LOOK);
    }
}

/// Lists merges.
///
/// # Errors
/// [`Failure`] where the store does not answer.
pub(super) async fn list(rooms: &Rooms, login: Option<&str>) -> Result<Exit, Failure> {
    let permit = rooms.operate();
    let of = login.map(|login| rooms.authorities.subscriber.account_of(login));
    say::line("merge,at,undone_at,lines,journal,journal_undone");
    for row in rooms.store.merges(&permit, of, LISTED).await? {
        say::line(written(&row, &rooms.zone));
    }
    Ok(Exit::Done)
}

/// One merge as a row of CSV. Nobody is named in it.
fn written(row: &MergeRow, zone: &Zone) -> String {
    let MergeRow { merge, at, undone_at, holdings, entry, undone_entry, .. } = row;
    let index = |index: &Option<u64>| index.map(|index| index.to_string()).unwrap_or_default();
    let undone_at = undone_at.map(|at| zone.rfc3339(at)).unwrap_or_default();
    let (lines, entry, undone) = (holdings.len(), index(entry), index(undone_entry));
    format!("{merge},{},{undone_at},{lines},{entry},{undone}", zone.rfc3339(*at))
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
