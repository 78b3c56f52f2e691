//! `honnin account erase`: an account is taken out, and what opens it with it.

use std::fmt;

use honnin_journal::{Kind, Party};
use honnin_store::Erased;
use serde::Serialize;

use crate::command::EraseArgs;
use crate::failure::{Exit, Failure};
use crate::run::confirm::confirm;
use crate::run::input::login;
use crate::say::Say;
use crate::wiring::acts::Deed;
use crate::wiring::{Rooms, last_backup};

#[derive(Serialize)]
struct Gone {
    rows: u64,
    /// What the newest backup that may hold it has everything to.
    newest_backup: Option<String>,
    /// Whether the store is a database, whose files and log hold deleted rows for a while.
    database_keeps: bool,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, newest_backup, database_keeps } = self;
        writeln!(f, "erased   {rows} rows, its keys among them; its sessions ended")?;
        match newest_backup {
            Some(at) => write!(f, "backups  those to {at} hold it until you delete them, and open with the key file")?,
            None => f.write_str("backups  none was made by `honnin backup`; copies made otherwise hold it until you delete them")?,
        }
        if *database_keeps {
            f.write_str(
                "\ndatabase no query finds them; its files hold deleted rows until the owner of the tables runs `vacuum full` on \
                 them, its log and what that is archived to until they age out",
            )?;
        }
        f.write_str(
            "\njournal  names it by pseudonyms, which nobody can turn back once the keys of their epochs are destroyed\n\
             ledger   an extract that still has it brings it back; rows set aside are forgotten with the retention",
        )
    }
}

pub(super) async fn erase(
    say: Say,
    rooms: &Rooms,
    operator: &str,
    args: &EraseArgs,
) -> Result<Exit, Failure> {
    let account = rooms.keeper.account_id(&login(&args.login)?);
    confirm(
        args.confirmed,
        "erase this account",
        "Its documents, keys and sessions are destroyed; nothing but an older backup brings them back.",
    )?;
    let deed = Deed { note: "account erase", ..Deed::default() };
    // The log of commands is held until it is done: whoever copies the store knows by it that somebody is at work.
    let acts = rooms.acts(operator)?;
    acts.record(Kind::Operated, Party::Account(account), deed)?;
    let rows = match rooms.store.erase(&rooms.operate(), account).await? {
        Erased::Rows(rows) => rows,
        Erased::Nobody => {
            return Err(Failure::cannot(
                "erase the account: the store has none of that name; check the name",
            ));
        }
        Erased::Merged => {
            return Err(Failure::cannot(
                "erase the account: a merge with another account holds, or the journal does not know of one yet; \
                 `honnin account merges`, then `honnin account unmerge`",
            ));
        }
    };
    acts.close()?;
    let newest_backup = last_backup(rooms)?.map(|at| rooms.zone.rfc3339(at));
    let database_keeps = !rooms.installation.settings.store.url.is_empty();
    say.tell(&Gone { rows, newest_backup, database_keeps })
        .map_err(|failure| failure.but("the account was erased"))?;
    Ok(Exit::Done)
}
