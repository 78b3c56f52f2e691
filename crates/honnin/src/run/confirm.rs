//! Asking before what cannot be taken back.

use std::io::{self, IsTerminal};

use super::input;
use crate::command::Confirmed;
use crate::failure::{Exit, Failure};
use crate::say;

/// Goes on where `--yes` was given or the person says so; nothing was done before.
///
/// # Errors
/// [`Failure`] where nobody confirms.
pub(super) fn confirm(given: Confirmed, act: &str, consequence: &str) -> Result<(), Failure> {
    if given.yes {
        return Ok(());
    }
    let refused = |why: &str| Failure::with(Exit::Usage, format!("cannot {act} without confirmation: {why}"));
    if !io::stdin().is_terminal() {
        return Err(refused("standard input is not a terminal; pass --yes"));
    }
    say::ask(format_args!("This will {act}. {consequence} Continue? [y/N]"));
    let answer = input::line("an answer").map_err(|_| refused("no answer"))?;
    if ["y", "yes"].contains(&answer.to_lowercase().as_str()) { Ok(()) } else { Err(refused("declined")) }
}
