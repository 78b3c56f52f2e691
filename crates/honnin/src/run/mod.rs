//! Doing what was asked.

mod account;
mod config;
mod demo;
mod doctor;
mod drill;
mod init;
mod intake;
mod isolation;
mod journal;
mod key;
mod merge;
mod merged;
mod serve;

use crate::command::{Command, Honnin, IntakeCommand};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;

/// Does what was asked.
///
/// # Errors
/// [`Failure`], told by `main`.
pub(crate) fn run(honnin: Honnin) -> Result<Exit, Failure> {
    let Honnin { place, command } = honnin;
    #[cfg(honnin_faults)]
    crate::planted::begin(&command)?;
    let decided = place.decide();
    let installation = || Installation::open(decided.clone());
    match command {
        Command::Init(args) => init::init(&args),
        Command::Config(command) => config::config(&decided, command),
        Command::Demo(args) => demo::demo(args, place.data.as_deref()),
        Command::Intake(IntakeCommand::Files(args)) => intake::files(installation()?, &args),
        Command::Serve => serve::serve(installation()?),
        Command::Doctor => doctor::doctor(installation()?),
        Command::Account(command) => account::account(installation()?, &command),
        Command::Key(command) => key::key(&installation()?, command),
        Command::Isolation(command) => isolation::isolation(&installation()?, command),
        Command::Drill(command) => drill::drill(&command),
        Command::Journal(command) => journal::journal(&installation()?, &command),
        #[cfg(honnin_faults)]
        Command::Faults => Ok(crate::planted::list()),
    }
}
