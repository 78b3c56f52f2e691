//! Merges into the journal by the command itself, where no server has the journal open.

use honnin_access::{Operate, Permit};
use honnin_journal::StartError;
use honnin_node::{Epochs, journal_merges};

use super::Rooms;
use super::rooms::entropy;
use super::service::start_journal;
use crate::failure::Failure;

/// Writes what the journal does not know yet where no server has it open; `false` where one has, which then writes it.
///
/// # Errors
/// [`Failure`]: what cannot be opened or written.
pub(crate) async fn journal_now(rooms: &Rooms, permit: &Permit<Operate>) -> Result<bool, Failure> {
    let journal = match start_journal(rooms) {
        Ok(journal) => journal,
        Err(StartError::Locked) => return Ok(false),
        Err(reason) => return Err(Failure::from(reason).during("write the merge into the journal")),
    };
    let longest = rooms.installation.settings.journal.epoch.whole_seconds();
    Epochs::at(&rooms.keeper, permit.at(), longest)?.mark(&journal, permit.at())?;
    journal_merges(&journal, &rooms.keeper, &*rooms.store, &*entropy(), permit).await?;
    journal.close()?;
    Ok(true)
}
