//! `honnin completions` and `honnin man`: what packagers install beside the program.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::command::{Honnin, ManualArgs, markdown};
use crate::failure::{Exit, Failure};
use crate::say;

pub(super) fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Honnin::command(), "honnin", &mut script);
    say::text(String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}

pub(super) fn manual(args: &ManualArgs) -> Result<Exit, Failure> {
    match &args.directory {
        Some(directory) => pages(directory)?,
        None => say::text(markdown()?)?,
    }
    Ok(Exit::Done)
}

/// One page for each command, as section 1 has them: `honnin-account-invite.1`.
fn pages(directory: &Path) -> Result<(), Failure> {
    clap_mangen::generate_to(Honnin::command(), directory).map_err(|reason| {
        Failure::cannot(format_args!("write manual pages to {}: {reason}", directory.display()))
    })
}
