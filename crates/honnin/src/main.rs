//! The binary: settings, wiring, commands. The only reader of environment, clock and entropy.
//!
//! [`command`] says what can be asked, [`run`] does it, [`settings`] holds every bound, [`machine`] is the world
//! outside: clock, randomness, environment.

mod begin;
mod command;
mod failure;
mod installation;
mod key_file;
mod logs;
mod machine;
#[cfg(honnin_faults)]
mod planted;
mod run;
mod say;
mod settings;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

/// Many short-lived buffers of a read's size: measured to cost a third less here than with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run::run(command::Honnin::parse()) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            say::error(&failure);
            failure.exit().into()
        }
    }
}
