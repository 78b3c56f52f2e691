//! `honnin store`: a database made ready, and the store copied to the other engine.

use std::fmt;

use serde::Serialize;

use crate::command::{PrepareArgs, StoreCommand};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::run::store_copy::copy;
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

pub(super) fn store(
    say: Say,
    installation: &Installation,
    operator: &str,
    command: &StoreCommand,
) -> Result<Exit, Failure> {
    match command {
        StoreCommand::Prepare(args) => prepare(say, installation, args),
        StoreCommand::Copy(args) => copy(say, installation, operator, args),
    }
}

fn prepare(say: Say, installation: &Installation, args: &PrepareArgs) -> Result<Exit, Failure> {
    let PrepareArgs { owner, owner_password_file, serves } = args;
    let settings = &installation.settings.store;
    let role = engine::prepare(settings, serves.as_deref(), owner, owner_password_file.as_deref())?;
    say.tell(&Prepared { role })?;
    Ok(Exit::Done)
}
