//! `honnin account`: invitations, password hashes made elsewhere, merges.

use std::path::Path;

use honnin_seal::PasswordHash;

use super::merge;
use super::serve::runtime;
use crate::command::AccountCommand;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::machine::SystemEntropy;
use crate::say;
use crate::wiring::Rooms;

pub(super) fn account(installation: Installation, command: &AccountCommand) -> Result<Exit, Failure> {
    let clock = installation.clock()?;
    let rooms = Rooms::open(installation, clock)?;
    match command {
        AccountCommand::Merge(args) => runtime(1)?.block_on(merge::merge(&rooms, args)),
        AccountCommand::Unmerge { merge } => runtime(1)?.block_on(merge::unmerge(&rooms, *merge)),
        AccountCommand::Merges { login } => runtime(1)?.block_on(merge::list(&rooms, login.as_deref())),
        AccountCommand::Invite { login } => runtime(1)?.block_on(invite(&rooms, login)),
        AccountCommand::ImportHashes { file } => runtime(1)?.block_on(import(&rooms, file)),
    }
}

async fn invite(rooms: &Rooms, login: &str) -> Result<Exit, Failure> {
    let issued = rooms.authorities.subscriber.invite(&rooms.operate(), login, &SystemEntropy).await?;
    let Some((code, until)) = issued else {
        return Err(Failure::new(
            "issue a code: the ledger knows no account of that name; take in the ledger first, or check the name",
        ));
    };
    say::line(format_args!("code   {}", code.reveal()));
    say::line(format_args!("until  {}", rooms.zone.rfc3339(until)));
    say::line(
        "\nHand it to the subscriber by a way only she reads. With it she sets a new password at /activate;\n\
         an earlier code is void now. Her sessions end when it is used.",
    );
    Ok(Exit::Done)
}

#[derive(Debug, Default)]
struct Imported {
    taken: u64,
    unknown: u64,
    refused: u64,
}

async fn import(rooms: &Rooms, file: &Path) -> Result<Exit, Failure> {
    let doing = format!("read {}", file.display());
    let during = |reason: csv::Error| Failure::from(reason).during(&doing);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(file).map_err(during)?;
    let headings = reader.headers().map_err(during)?.clone();
    let column = |name: &str| {
        let found = headings.iter().position(|heading| heading.trim_start_matches('\u{feff}').trim() == name);
        found.ok_or_else(|| {
            Failure::new(format!("expect the headings login and phc; there is no {name}")).during(&doing)
        })
    };
    let (login, phc) = (column("login")?, column("phc")?);
    let permit = rooms.operate();
    let mut imported = Imported::default();
    for row in reader.records() {
        let row = row.map_err(during)?;
        let line = row.position().map_or(0, csv::Position::line);
        let login = row.get(login).unwrap_or_default();
        // Hashes have commas; a file that does not quote them is understood where they stand last.
        let phc = if phc + 1 == headings.len() {
            row.iter().skip(phc).collect::<Vec<_>>().join(",")
        } else {
            row.get(phc).unwrap_or_default().to_owned()
        };
        match PasswordHash::parse(phc.trim()) {
            Ok(hash) => {
                if rooms.authorities.subscriber.import_password(&permit, login, &hash, &SystemEntropy).await?
                {
                    imported.taken += 1;
                } else {
                    imported.unknown += 1;
                    say::note(format_args!("line {line}: the ledger knows no such account"));
                }
            }
            Err(reason) => {
                imported.refused += 1;
                say::note(format_args!("line {line}: {reason}"));
            }
        }
    }
    let Imported { taken, unknown, refused } = imported;
    say::line(format_args!("taken {taken}, unknown account {unknown}, refused {refused}"));
    Ok(if unknown + refused == 0 { Exit::Done } else { Exit::Found })
}
