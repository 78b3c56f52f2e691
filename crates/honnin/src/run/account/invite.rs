//! `honnin account invite`: one-time codes, for one account or many.
//!
//! A code is written out before it is made valid: output that cannot be written voids no earlier code.

use std::fmt;

use honnin_access::CodeText;
use honnin_journal::{Kind, Party};
use serde::Serialize;

use crate::command::InviteArgs;
use crate::failure::{Exit, Failure};
use crate::machine::SystemEntropy;
use crate::run::{Input, input};
use crate::say::{self, Say};
use crate::wiring::Rooms;
use crate::wiring::acts::{Acts, Deed};

const UNKNOWN: &str = "the ledger knows no account of that name";

/// A code as it is handed over.
#[derive(Serialize)]
struct Issued<'a> {
    code: &'a str,
    until: String,
}

impl fmt::Display for Issued<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, until } = self;
        write!(
            f,
            "code   {code}\nuntil  {until}\n\n\
             Give it to the subscriber over a channel that only they read. With it they set a new password at\n\
             /activate; all their sessions end then. An earlier code is void."
        )
    }
}

/// A code of a list.
#[derive(Serialize)]
struct Row<'a> {
    login: &'a str,
    code: &'a str,
    until: String,
}

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { login, code, until } = self;
        let quoted = if login.contains([',', '"']) {
            format!("\"{}\"", login.replace('"', "\"\""))
        } else {
            (*login).to_owned()
        };
        write!(f, "{quoted},{code},{until}")
    }
}

pub(super) async fn invite(
    say: Say,
    rooms: &Rooms,
    operator: &str,
    args: &InviteArgs,
) -> Result<Exit, Failure> {
    match (&args.who.login, &args.who.list) {
        (_, Some(list)) => many(say, rooms, operator, list).await,
        (Some(word), None) => {
            let login = input::login(word)?;
            let print = |code: &CodeText, until: String| say.tell(&Issued { code: code.reveal(), until });
            let acts = rooms.acts(operator)?;
            let issued = issue(rooms, &acts, (&login, args.without_second_factor), print).await;
            acts.close()?;
            if issued? {
                return Ok(Exit::Done);
            }
            Err(Failure::cannot(format_args!(
                "issue a code: {UNKNOWN}; import the ledger first, or check the name"
            )))
        }
        (None, None) => {
            Err(Failure::with(Exit::Usage, "cannot issue a code: no sign-in name given".to_owned()))
        }
    }
}

/// Issues a code; `false` where the ledger knows no such account. It is valid from when it was written on.
async fn issue(
    rooms: &Rooms,
    acts: &Acts,
    (login, without_factor): (&str, bool),
    print: impl FnOnce(&CodeText, String) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let subscriber = &rooms.authorities.subscriber;
    let note = if without_factor { "without second factor" } else { "" };
    let deed = Deed { note, ..Deed::default() };
    acts.record(Kind::Invited, Party::Account(subscriber.account_of(login)), deed)?;
    let permit = rooms.operate();
    let invitation = if without_factor {
        subscriber.invitation_without_factor(&permit, login, &SystemEntropy).await?
    } else {
        subscriber.invitation(&permit, login, &SystemEntropy).await?
    };
    let Some(invitation) = invitation else {
        return Ok(false);
    };
    print(invitation.code(), rooms.zone.rfc3339(invitation.until()))
        .and_then(|()| say::durable())
        .map_err(|failure| failure.but("no code was issued and an earlier one stays valid"))?;
    let issued = subscriber.issue(invitation).await;
    issued.map_err(|reason| {
        Failure::from(reason).but("the code that was printed is not valid, an earlier one stays so")
    })?;
    Ok(true)
}

async fn many(say: Say, rooms: &Rooms, operator: &str, list: &Input) -> Result<Exit, Failure> {
    let text = list.text()?;
    let logins = logins(&text).map_err(|reason| reason.during(&format!("read {list}")))?;
    if say == Say::Text {
        say::text("login,code,until")?;
    }
    let acts = rooms.acts(operator)?;
    let (mut issued, mut unknown) = (0_u64, 0_u64);
    for (line, login) in logins {
        let row =
            |code: &CodeText, until: String| say.tell(&Row { login: &login, code: code.reveal(), until });
        if issue(rooms, &acts, (&login, false), row)
            .await
            .map_err(|failure| failure.during(&format!("issue the code of line {line}")))?
        {
            issued += 1;
        } else {
            unknown += 1;
            say::note(format_args!("line {line}: {UNKNOWN}"));
        }
    }
    acts.close()?;
    say::note(format_args!("issued {issued}, unknown account {unknown}"));
    Ok(if unknown == 0 { Exit::Done } else { Exit::Found })
}

/// Sign-in names with their lines: the column `login` of CSV, or a name on each line.
fn logins(text: &str) -> Result<Vec<(u64, String)>, Failure> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut column = None;
    let mut names = Vec::new();
    for row in reader.records() {
        let row = row?;
        let line = row.position().map_or(0, csv::Position::line);
        let plain = |cell: &str| cell.trim_start_matches('\u{feff}').trim().to_owned();
        if column.is_none() {
            let heading = row.iter().position(|cell| plain(cell) == "login");
            column = Some(heading.unwrap_or(0));
            if heading.is_some() {
                continue;
            }
            if row.len() > 1 {
                return Err(Failure::with(
                    Exit::Failed,
                    "several columns and none is called login; write the heading login".to_owned(),
                ));
            }
        }
        let name = plain(row.get(column.unwrap_or(0)).unwrap_or_default());
        if !name.is_empty() {
            names.push((line, name));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_a_list_and_from_csv() {
        let read =
            |text: &str| logins(text).map(|all| all.into_iter().map(|(_, name)| name).collect::<Vec<_>>());
        assert_eq!(read("mio1\n\n mio2 \n").unwrap(), ["mio1", "mio2"]);
        assert_eq!(read("\u{feff}name,login\nA,mio1\n\"B, C\",mio2\n").unwrap(), ["mio1", "mio2"]);
        assert_eq!(logins("login\nmio1\nmio2\n").unwrap().pop(), Some((3, "mio2".to_owned())));
        assert!(read("mio1,A\n").unwrap_err().to_string().contains("heading login"));
    }
}
