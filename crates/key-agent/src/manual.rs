//! What packagers install beside the program.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::{Agent, Ended};

/// A script for that shell.
pub(crate) fn completions(shell: Shell) -> Result<(), Ended> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Agent::command(), "honnin-key-agent", &mut script);
    let failed = |reason| Ended::Manual("the completions".to_owned(), reason);
    io::stdout().lock().write_all(&script).map_err(failed)
}

/// One page for each command: `honnin-key-agent-serve.1`.
pub(crate) fn pages(directory: &Path) -> Result<(), Ended> {
    let failed = |reason| Ended::Manual(format!("manual pages to {}", directory.display()), reason);
    clap_mangen::generate_to(Agent::command(), directory).map_err(failed)
}
