//! Doing what was asked.

mod config;
mod init;
mod journal;
mod key;

use crate::command::{Command, Honnin};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;

/// Does what was asked.
///
/// # Errors
/// [`Failure`], told by `main`.
pub(crate) fn run(honnin: Honnin) -> Result<Exit, Failure> {
    let Honnin { place, command } = honnin;
    let installation = || Installation::open(place.decide());
    match command {
        Command::Init(args) => init::init(&args),
        Command::Config(command) => config::config(&place.decide(), command),
        Command::Key(command) => key::key(&installation()?, command),
        Command::Journal(command) => journal::journal(&installation()?, &command),
    }
}
