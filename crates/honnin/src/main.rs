//! The binary: settings, wiring, commands. The only reader of environment, clock and entropy.
//!
//! [`command`] says what can be asked, [`run`] does it, [`settings`] holds every bound, [`machine`] is the world
//! outside: clock, randomness, environment.

mod begin;
mod command;
mod failure;
mod houses;
mod installation;
mod key_file;
mod logs;
mod machine;
mod owner_only;
mod pace;
#[cfg(honnin_faults)]
mod planted;
mod run;
mod say;
mod settings;
mod traces;
mod wiring;

use std::process::ExitCode;

use clap::Parser;
use failure::{Exit, Failure};

/// Many short-lived buffers of a read's size: measured to cost a third less here than with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = match command::Honnin::try_parse() {
        Ok(honnin) => run::run(honnin),
        Err(refused) if refused.use_stderr() => {
            say::note(refused.render().to_string().trim_end());
            Ok(Exit::Usage)
        }
        // Help and version, which were asked for.
        Err(asked) => say::text(asked.render()).map(|()| Exit::Done),
    };
    outcome.unwrap_or_else(|failure| ended(&failure)).into()
}

/// Says why a command could not be done.
fn ended(failure: &Failure) -> Exit {
    if failure.is_told() {
        say::error(failure);
    }
    failure.exit()
}
