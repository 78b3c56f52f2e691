//! `honnin key`: the key material of an installation.

use std::fmt;
use std::sync::Arc;

use honnin_journal::{Kind, Party};
use serde::Serialize;

use crate::command::KeyCommand;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::say::Say;
use crate::wiring::Rooms;
use crate::wiring::acts::Deed;
use crate::wiring::witness::Written;

#[derive(Serialize)]
struct Keys<'a> {
    key_file: &'a str,
    journal_epochs: usize,
    /// Whether `journal.pub` is the key the keyring signs with.
    public_key_matches: bool,
}

impl fmt::Display for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key_file, journal_epochs, public_key_matches } = self;
        write!(f, "keyring  opens with {key_file}\njournal  {journal_epochs} epochs open")?;
        if !public_key_matches {
            f.write_str(
                "\njournal  journal.pub is not the key this keyring signs with: `journal verify` refuses the journal",
            )?;
        }
        Ok(())
    }
}

pub(super) fn key(
    say: Say,
    installation: &Installation,
    operator: &str,
    command: KeyCommand,
) -> Result<Exit, Failure> {
    match command {
        KeyCommand::Check => check(say, installation, operator),
    }
}

/// Opens the keyring and every epoch of the journal, and compares the public key that was written at the beginning.
fn check(say: Say, installation: &Installation, operator: &str) -> Result<Exit, Failure> {
    let mut journal_epochs = 0;
    if installation.has_journal_files()? {
        let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
        let deed = Deed { note: "key check", ..Deed::default() };
        rooms.act(operator, Kind::KeyAct, Party::Nobody, deed)?;
        journal_epochs = rooms.epochs()?.len();
    }
    let keeper = installation.keeper(Arc::new(Written::new(installation.demo)))?;
    let public_key_matches = keeper.journal_signing_key()?.verifying_key()? == installation.journal_key()?;
    let key_file = &installation.settings.keys.key_file;
    say.tell(&Keys { key_file, journal_epochs, public_key_matches })?;
    Ok(if public_key_matches { Exit::Done } else { Exit::Found })
}
