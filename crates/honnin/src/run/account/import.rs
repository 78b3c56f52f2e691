//! `honnin account import-hashes`: password hashes made elsewhere.

use std::fmt;

use honnin_access::{ExpectedWork, HASH_WORK_HEARD, Operate, Permit, SubscriberAuthority};
use honnin_journal::{Kind, Party};
use honnin_seal::PasswordHash;
use serde::Serialize;

use crate::command::ImportArgs;
use crate::failure::{Exit, Failure};
use crate::machine::SystemEntropy;
use crate::run::Input;
use crate::run::confirm::confirm;
use crate::say::{self, Say};
use crate::wiring::Rooms;
use crate::wiring::acts::Deed;

const TOO_MANY: &str = "cannot import this hash: every wrong password costs as much as all kinds of hashes together, and with this \
                        one that is too much; send a one-time code instead (`honnin account invite`)";

#[derive(Debug, Default, Serialize)]
struct Imported {
    taken: u64,
    unknown: u64,
    refused: u64,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { taken, unknown, refused } = self;
        write!(f, "taken {taken}, unknown account {unknown}, refused {refused}")
    }
}

pub(super) async fn import(
    say: Say,
    rooms: &Rooms,
    operator: &str,
    args: &ImportArgs,
) -> Result<Exit, Failure> {
    let ImportArgs { file, confirmed } = args;
    confirm(
        *confirmed,
        &format!("import password hashes from {file}"),
        "Passwords that are set are replaced.",
    )?;
    let mut rows = rows(file)?;
    let acts = rooms.acts(operator)?;
    let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let run =
        acts.record(Kind::HashesImported, Party::Nobody, Deed { counts: &[count], ..Deed::default() })?;
    let permit = rooms.operate();
    let subscriber = &rooms.authorities.subscriber;
    expect(&mut rows, subscriber, &permit).await?;
    let mut imported = Imported::default();
    for Row { line, login, hash } in rows {
        if hash.is_ok() {
            let account = Party::Account(subscriber.account_of(&login));
            acts.record(Kind::CredentialImported, account, Deed { follows: Some(run), ..Deed::default() })?;
        }
        match hash {
            Ok(hash) if subscriber.import_password(&permit, &login, &hash, &SystemEntropy).await? => {
                imported.taken += 1;
            }
            Ok(_) => {
                imported.unknown += 1;
                say::note(format_args!("line {line}: the ledger knows no such account"));
            }
            Err(reason) => {
                imported.refused += 1;
                say::note(format_args!("line {line}: {reason}"));
            }
        }
    }
    acts.close()?;
    say.tell(&imported).map_err(|failure| failure.but(&imported.to_string()))?;
    Ok(if imported.unknown + imported.refused == 0 { Exit::Done } else { Exit::Found })
}

/// Tells all nodes what the hashes cost before there is one of them: every wrong guess costs as much from then on, whoever it
/// is at. Hashes of more kinds than that can be done for are refused.
async fn expect(
    rows: &mut [Row],
    subscriber: &SubscriberAuthority,
    permit: &Permit<Operate>,
) -> Result<(), Failure> {
    let mut is_new = false;
    for Row { hash, .. } in rows {
        let Ok(known) = hash else { continue };
        match subscriber.expect_hash(permit, known).await? {
            ExpectedWork::First => is_new = true,
            ExpectedWork::Known => {}
            ExpectedWork::TooMany => *hash = Err(TOO_MANY.to_owned()),
        }
    }
    if is_new {
        tokio::time::sleep(HASH_WORK_HEARD).await;
    }
    Ok(())
}

/// A row of the file.
struct Row {
    line: u64,
    login: String,
    hash: Result<PasswordHash, String>,
}

/// Reads the whole file before anything is changed.
fn rows(file: &Input) -> Result<Vec<Row>, Failure> {
    let doing = format!("read {file}");
    let during = |reason: csv::Error| Failure::from(reason).during(&doing);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file.open()?);
    let headings = reader.headers().map_err(during)?.clone();
    let column = |name: &str| {
        let found = headings.iter().position(|heading| heading.trim_start_matches('\u{feff}').trim() == name);
        found.ok_or_else(|| {
            Failure::cannot(format_args!(
                "{doing}: there is no heading {name}; write the headings login and phc"
            ))
        })
    };
    let (login, phc) = (column("login")?, column("phc")?);
    let read = |row: csv::StringRecord| {
        // Hashes have commas; a file that does not quote them is understood where they stand last.
        let text = if phc + 1 == headings.len() {
            row.iter().skip(phc).collect::<Vec<_>>().join(",")
        } else {
            row.get(phc).unwrap_or_default().to_owned()
        };
        Row {
            line: row.position().map_or(0, csv::Position::line),
            login: row.get(login).unwrap_or_default().to_owned(),
            hash: PasswordHash::parse(text.trim()).map_err(|reason| reason.to_string()),
        }
    };
    reader.records().map(|row| row.map(read).map_err(during)).collect()
}
