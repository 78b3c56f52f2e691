//! Merges into the journal by the command itself, where no server has the journal open.

use std::sync::Arc;

use honnin_access::{Operate, Permit};
use honnin_journal::StartError;
use honnin_node::{Owed, journal_merges};

use super::Rooms;
use super::logs::{epochs, followed, start_journal};
use super::rooms::entropy;
use crate::failure::Failure;

/// Writes what the journal does not know yet where no server has it open; `false` where one has, which then writes it, or
/// another node is at it.
///
/// # Errors
/// [`Failure`]: what cannot be opened or written.
pub(crate) async fn journal_now(rooms: &Rooms, permit: &Permit<Operate>) -> Result<bool, Failure> {
    let journal = match start_journal(rooms) {
        Ok(journal) => Arc::new(journal),
        Err(StartError::Locked) => return Ok(false),
        Err(reason) => return Err(Failure::from(reason).during("write the merge into the journal")),
    };
    let epochs = epochs(rooms, &journal)?;
    epochs.mark(&journal, permit.at())?;
    let logs = followed(rooms, Arc::clone(&journal), epochs.present())?;
    let owed = Owed {
        logs: &logs,
        keeper: &rooms.keeper,
        store: &*rooms.store,
        node: &rooms.authorities.node,
        clock: &*rooms.clock.0,
        entropy: &*entropy(),
    };
    let written = journal_merges(owed, permit).await?;
    drop(logs);
    if let Some(journal) = Arc::into_inner(journal) {
        journal.close()?;
    }
    Ok(written > 0)
}
