//! `honnin account export`: everything held of one account, for a request for disclosure that came to the operator.
//!
//! It is not asked whether to go on: nothing is changed by it, and whoever names a case has looked. What it shows has shown
//! itself for good, in the journal and on the subscriber's page.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use honnin_access::{Operate, Permit, Session, SupportCase};
use honnin_care::{Asker, Error, NotExported};
use honnin_seal::SessionToken;
use honnin_terms::{AccountId, EntryRef, Stream};
use honnin_web::route::export_file;
use serde::Serialize;

use crate::command::ExportArgs;
use crate::failure::{Exit, Failure};
use crate::key_file::resolved;
use crate::run::input::login;
use crate::say::Say;
use crate::wiring::{Desk, Rooms, entropy};

/// What was written.
#[derive(Serialize)]
struct Exported {
    file: String,
    octets: usize,
    made_at: String,
    case: String,
    /// The entry by which the case was opened.
    entry: String,
}

impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, octets, made_at, case, entry } = self;
        write!(
            f,
            "export   {file}: everything held at {made_at}, {octets} octets, readable by this user only\n\
             journal  case {case} opened by entry {entry}, looked at once, closed\n\
             shown    the look stands on the subscriber's page of who has seen their data\n\n\
             Hand it over by a way that only the subscriber can open, then delete the file."
        )
    }
}

pub(super) async fn export(
    say: Say,
    rooms: Rooms,
    operator: &str,
    args: &ExportArgs,
) -> Result<Exit, Failure> {
    let ExportArgs { login: word, case, to } = args;
    let account = rooms.keeper.account_id(&login(word)?);
    let to = free(to, &rooms.installation.place.data)?;
    let note = format!("account export on case {case}");
    // Held until it is done: the look is written into this log, on the case that was opened in it.
    let acts = rooms.acts(operator)?;
    let opened = acts.open_case(account, &note)?;
    let permit = rooms.operate();
    let made_at = rooms.zone.rfc3339(permit.at());
    let desk = Desk::open(rooms, &acts)?;
    let written = write(&desk, &permit, (account, operator, opened), &to).await;
    desk.close().await;
    // Whatever became of it nothing more is shown on this case.
    let closed = acts.close_case(account, opened, &note).and_then(|()| acts.close());
    let octets = written?;
    let written = |failure: Failure| failure.but("the file was written");
    closed.map_err(written)?;
    let (file, entry) = (to.display().to_string(), opened.to_string());
    say.tell(&Exported { file, octets, made_at, case: case.clone(), entry }).map_err(written)?;
    Ok(Exit::Done)
}

/// Where it is to be written: nothing is there yet, and it is not among what backups and nodes take for theirs.
fn free(to: &Path, data: &Path) -> Result<PathBuf, Failure> {
    let (to, data) = (std::path::absolute(to)?, std::path::absolute(data)?);
    let refused = |why: &str| Err(Failure::cannot(format_args!("write the export {}: {why}", to.display())));
    if to.starts_with(&data) || resolved(&to).starts_with(resolved(&data)) {
        return refused("it is inside the data directory; name a file elsewhere");
    }
    if to.symlink_metadata().is_ok() {
        return refused("it exists and is never overwritten; name another file");
    }
    Ok(to)
}

/// Looks, and writes what was let out once its entry is durable; how many octets.
async fn write(
    desk: &Desk,
    permit: &Permit<Operate>,
    (account, agent, opened): (AccountId, &str, EntryRef),
    to: &Path,
) -> Result<usize, Failure> {
    let stream = Stream::begin(&entropy());
    let case = SupportCase { agent, opened };
    let looked = desk.care.look_on_case(permit, account, case, stream).await;
    let looked = looked.map_err(|reason| Failure::from(reason).during("look at the account"))?;
    let Some((session, token)) = looked else {
        return Err(Failure::cannot("export the account: the store has none of that name; check the name"));
    };
    let octets = let_out(desk, &session, &token).await?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let during = |reason| Failure::from(reason).during(&format!("write the export {}", to.display()));
    let mut file = file.map_err(during)?;
    let written = file.write_all(&octets).and_then(|()| file.sync_all());
    let written = written.and_then(|()| to.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all()));
    written.map_err(|reason| {
        // It was made here. A part of it would be taken for the whole.
        fs::remove_file(to).unwrap_or_default();
        during(reason)
    })?;
    Ok(octets.len())
}

async fn let_out(desk: &Desk, session: &Session, token: &SessionToken) -> Result<Vec<u8>, Failure> {
    let disclosed = desk.care.export_on_case(session).await.map_err(refused)?;
    let body = export_file(disclosed, desk.care.zone());
    let asker = Asker::new(session.request(), Some(token));
    desk.care.hand_over(body, &asker).await.map_err(|reason| refused(reason.into()))
}

fn refused(reason: NotExported) -> Failure {
    match reason {
        NotExported::Refused(Error::Closed(mode)) => Failure::cannot(format_args!(
            "export the account: nothing personal is shown now ({}); see `honnin doctor`",
            mode.word()
        )),
        NotExported::Refused(_) | NotExported::Fault(_) => Failure::from(reason).during("export the account"),
    }
}
