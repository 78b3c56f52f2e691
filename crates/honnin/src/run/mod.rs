//! Doing what was asked.

mod config;
mod init;

use crate::command::{Command, Honnin};
use crate::failure::{Exit, Failure};

/// Does what was asked.
///
/// # Errors
/// [`Failure`], told by `main`.
pub(crate) fn run(honnin: Honnin) -> Result<Exit, Failure> {
    let Honnin { place, command } = honnin;
    match command {
        Command::Init(args) => init::init(&args),
        Command::Config(command) => config::config(&place.decide(), command),
    }
}
