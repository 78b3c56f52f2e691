//! Doing what was asked.

mod accept;
mod account;
mod backup;
mod clock;
mod config;
mod confirm;
mod demo;
mod doctor;
mod door;
mod drill;
mod escrow;
mod init;
mod input;
mod intake;
mod isolation;
mod journal;
mod key;
mod manual;
mod merge;
mod merged;
mod mode;
mod notice;
mod quarantine;
mod redirect;
mod rollout;
mod serve;
#[cfg(test)]
mod several;
mod status;
mod store;
mod store_copy;
mod tenant;
mod upgrade;
mod waiting_room;

pub(crate) use input::Input;

use crate::command::{Command, EscrowCommand, Honnin, IntakeCommand, KeyCommand};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::machine;
use crate::say::{self, Say};

/// Does what was asked.
///
/// # Errors
/// [`Failure`], told by `main`.
pub(crate) fn run(honnin: Honnin) -> Result<Exit, Failure> {
    let Honnin { common, command } = honnin;
    #[cfg(honnin_faults)]
    crate::planted::begin(&command)?;
    let (say, place, operator) = (Say::new(common.json), common.place(), common.operator());
    let installation = || {
        machine::keep_files_to_owner();
        let opened = Installation::open(place.clone())?;
        if opened.demo {
            say::note("demo installation: its subscribers are invented; not for production");
        }
        Ok::<_, Failure>(opened)
    };
    match command {
        Command::Init(args) => init::init(say, &args),
        Command::Config(command) => config::config(say, &place, command),
        Command::Demo(args) => demo::demo(say, args, common.data.as_deref()),
        Command::Intake(IntakeCommand::Files(args)) => intake::files(say, installation()?, &operator, &args),
        Command::Intake(IntakeCommand::Check(args)) => {
            intake::check::check_mapping(say, &args, &operator, installation)
        }
        Command::Quarantine(command) => quarantine::quarantine(say, installation()?, &operator, &command),
        Command::Serve => serve::serve(say, installation()?),
        Command::Backup(args) => backup::backup(say, &installation()?, &operator, &args),
        Command::Restore(args) => {
            machine::keep_files_to_owner();
            backup::restore(say, &place, &operator, &args)
        }
        Command::Doctor => doctor::doctor(say, installation()?),
        Command::Account(command) => account::account(say, installation()?, &operator, &command),
        Command::Store(command) => store::store(say, &installation()?, &operator, &command),
        Command::Key(KeyCommand::Escrow(EscrowCommand::Restore(args))) => {
            machine::keep_files_to_owner();
            escrow::restore(say, &place.data, &args)
        }
        Command::Key(command) => key::key(say, &installation()?, &operator, &command),
        Command::Isolation(command) => isolation::isolation(say, &installation()?, &operator, command),
        Command::Clock(command) => clock::clock(say, installation()?, &operator, command),
        Command::WaitingRoom(command) => {
            waiting_room::waiting_room(say, &installation()?, &operator, &command)
        }
        Command::Drill(command) => drill::drill(say, &command),
        Command::Mode(command) => mode::mode(say, &installation()?, &operator, command),
        Command::Rollout(command) => rollout::rollout(say, &installation()?, &operator, command),
        Command::Tenant(command) => tenant::tenant(say, &operator, &command),
        Command::Door(command) => door::door(say, &command),
        Command::Upgrade(command) => upgrade::upgrade(say, &installation()?, command),
        Command::Notice(command) => notice::notice(say, &installation()?, &operator, command),
        Command::Status(command) => status::status(say, command, installation),
        Command::Journal(command) => journal::journal(say, &installation()?, &operator, &command),
        Command::Completions { shell } => manual::completions(say, shell),
        Command::Man(args) => manual::manual(say, &args),
        #[cfg(honnin_faults)]
        Command::Faults => crate::planted::list(),
    }
}
