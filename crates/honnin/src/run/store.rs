//! `honnin store`: the database, where the store is one.

use std::fmt;

use serde::Serialize;

use crate::command::{PrepareArgs, StoreCommand};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::wiring::engine;

#[derive(Serialize)]
struct Prepared {
    role: String,
}

impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store is ready for role {}", self.role)
    }
}

pub(super) fn store(say: Say, installation: &Installation, command: &StoreCommand) -> Result<Exit, Failure> {
    let StoreCommand::Prepare(PrepareArgs { owner, owner_password_file }) = command;
    let role = engine::prepare(&installation.settings.store, owner, owner_password_file.as_deref())?;
    say.tell(&Prepared { role })?;
    Ok(Exit::Done)
}
