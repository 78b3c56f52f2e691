//! `honnin key`: the key material of an installation.

use std::sync::Arc;

use crate::command::KeyCommand;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say;

pub(super) fn key(installation: &Installation, command: KeyCommand) -> Result<Exit, Failure> {
    match command {
        KeyCommand::Check => check(installation),
    }
}

/// Opens the keyring and every epoch in it, and compares the public key that was written at the beginning.
fn check(installation: &Installation) -> Result<Exit, Failure> {
    let keeper = installation.keeper(Arc::new(honnin_keeper::Silent))?;
    let epochs = keeper.journal_epochs()?;
    say::line(format_args!("keyring  opens with {}", installation.settings.keys.key_file));
    say::line(format_args!("journal  {} epochs open", epochs.len()));
    if keeper.journal_signing_key()?.verifying_key()? == installation.journal_key()? {
        return Ok(Exit::Done);
    }
    say::line(
        "journal  journal.pub is NOT the key this keyring signs with: `journal verify` will refuse the journal",
    );
    Ok(Exit::Found)
}
