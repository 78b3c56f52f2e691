//! `honnin key`: the key material of an installation.

use std::fmt;
use std::sync::Arc;

use honnin_journal::{Kind, Party};
use serde::Serialize;

use super::confirm::confirm;
use super::escrow;
use crate::command::{EscrowCommand, KeyCommand, RotateArgs};
use crate::failure::{Exit, Failure};
use crate::installation::{Before, Installation};
use crate::key_file::KeySource;
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
    command: &KeyCommand,
) -> Result<Exit, Failure> {
    match command {
        KeyCommand::Check => check(say, installation, operator),
        KeyCommand::Rotate(args) => rotate(say, installation, operator, args),
        KeyCommand::Escrow(EscrowCommand::Make(args)) => escrow::make(say, installation, operator, args),
        KeyCommand::Escrow(EscrowCommand::Restore(args)) => {
            escrow::restore(say, &installation.place.data, args)
        }
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

/// What to do about it.
impl fmt::Display for Before {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => {
                "Nothing else opened it before. Backups from before a rotation hold the keyring of then, which opens with the key \
                 file, or by the key on the token, of then: keep that until they are gone."
            }
            Self::Newer => {
                "It is the key of before, and the rotation was taken back: the key that `key rotate --to` added opens nothing. Keep the \
                 one of the settings. Where the new one was meant, begin again: honnin key rotate --to, then set keys.key_file to \
                 it, then --finish."
            }
            Self::File => {
                "Backups of before hold the keyring of before, which opens with the key file of before: keep that until they are \
                 gone, then destroy it."
            }
            Self::Token { and_now: true } => {
                "Backups of before hold the keyring of before, which opens by the key on the token that wrapped it. Where that is \
                 the key that opens this one, nothing was revoked: to revoke it, make another key on a token and rotate to its \
                 agent. Where it is another, keep it until they are gone, then destroy it."
            }
            Self::Token { and_now: false } => {
                "Backups of before hold the keyring of before, which opens by the key on the token: keep that, or shares of before, \
                 until they are gone, then destroy both."
            }
        })
    }
}

/// What a step of a rotation came to.
#[derive(Serialize)]
struct Rotated {
    /// The key file that opens the keyring from now on.
    key_file: String,
    created: bool,
    finished: bool,
    /// Whether the key that was there before is the one that is kept.
    taken_back: bool,
    /// What to keep of it, and where.
    #[serde(skip)]
    keep: &'static str,
    /// What opened it until this was finished.
    #[serde(skip)]
    before: Before,
}

impl fmt::Display for Rotated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key_file, created, finished, taken_back: _, keep, before } = self;
        if *finished {
            return write!(f, "keyring  opens with {key_file} and no other\n\n{before}");
        }
        let fate = if *created { "created" } else { "existed, kept" };
        write!(
            f,
            "keyring  opens with {key_file} ({fate}) as well as with the one of the settings\n\n\
             {keep} Next:\n  \
             1. set keys.key_file to it, or pass it as the credential\n  \
             2. honnin key check\n  \
             3. honnin key rotate --finish\n\
             Nothing has to be started again; a start in between works with either."
        )
    }
}

/// One step of a change of the key file. It is an entry before it is done, and whoever else rotates waits for the log.
fn rotate(say: Say, installation: &Installation, operator: &str, args: &RotateArgs) -> Result<Exit, Failure> {
    let RotateArgs { to, finish: _, confirmed } = args;
    if to.is_none() {
        confirm(
            *confirmed,
            "finish the rotation of the key file",
            "Any key file but the one of the settings opens nothing more.",
        )?;
    }
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    let acts = rooms.acts(operator)?;
    let note = if to.is_some() { "key rotate begun" } else { "key rotate finished" };
    acts.record(Kind::KeyAct, Party::Nobody, Deed { note, ..Deed::default() })?;
    let rotated = if let Some(to) = to {
        let named = KeySource::named(to, &installation.settings.keys)?;
        let (source, key_file) = named.ok_or_else(|| {
            let shown = to.display();
            Failure::cannot(format_args!(
                "use the key file {shown}: its path must be UTF-8 to be written in the settings"
            ))
        })?;
        let created = installation.add_key(&source)?;
        let keep = if source.is_agent() {
            "Without its token nothing can be read again: once this is finished, make shares with honnin key escrow make."
        } else {
            "Keep a copy of it apart from every copy of the data."
        };
        Rotated { key_file, created, finished: false, taken_back: false, keep, before: Before::Nothing }
    } else {
        let before = installation.finish_key()?;
        let key_file = installation.settings.keys.key_file.clone();
        let taken_back = before == Before::Newer;
        Rotated { key_file, created: false, finished: true, taken_back, keep: "", before }
    };
    acts.close()?;
    say.tell(&rotated)?;
    Ok(Exit::Done)
}
