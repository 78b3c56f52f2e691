//! `honnin account`: invitations, password hashes made elsewhere, merges, exports for requests, erasure.

mod erase;
mod export;
mod import;
mod invite;

use super::input::login;
use super::merge;
use super::serve::runtime;
use crate::command::AccountCommand;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::wiring::Rooms;

pub(super) fn account(
    say: Say,
    installation: Installation,
    operator: &str,
    command: &AccountCommand,
) -> Result<Exit, Failure> {
    let clock = installation.clock()?;
    let rooms = Rooms::open(installation, clock)?;
    let runtime = runtime(1)?;
    match command {
        AccountCommand::Merge(args) => runtime.block_on(merge::merge(say, &rooms, operator, args)),
        AccountCommand::Unmerge(args) => runtime.block_on(merge::unmerge(say, &rooms, operator, *args)),
        AccountCommand::Merges { login: None } => runtime.block_on(merge::list(say, &rooms, None)),
        AccountCommand::Merges { login: Some(word) } => {
            runtime.block_on(merge::list(say, &rooms, Some(&login(word)?)))
        }
        AccountCommand::Erase(args) => runtime.block_on(erase::erase(say, &rooms, operator, args)),
        AccountCommand::Export(args) => runtime.block_on(export::export(say, rooms, operator, args)),
        AccountCommand::Invite(args) => runtime.block_on(invite::invite(say, &rooms, operator, args)),
        AccountCommand::ImportHashes(args) => runtime.block_on(import::import(say, &rooms, operator, args)),
    }
}
