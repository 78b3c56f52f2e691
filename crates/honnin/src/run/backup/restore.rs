//! `honnin restore`: an installation made of a backup and its key file.

use std::fmt;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use honnin_journal::{goes_on, logs};
use honnin_keeper::Keeper;
use honnin_terms::Moment;
use serde::Serialize;

use super::list::List;
use super::{JOURNAL, KEYRING, SETTINGS};
use crate::command::{Place, RestoreArgs};
use crate::failure::{Exit, Failure};
use crate::installation::{Installation, RESTORING};
use crate::run::accept::EndedLog;
use crate::say::{self, Say};
use crate::settings::Settings;
use crate::wiring::Rooms;
use crate::wiring::course::{go_on, looked_at};
use crate::wiring::witness::Written;

#[derive(Serialize)]
struct Restored {
    directory: String,
    made_at: String,
    accounts: u64,
    holdings: u64,
    journal_entries: u64,
    logs: Vec<EndedLog>,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directory, made_at, accounts, holdings, journal_entries, logs } = self;
        writeln!(f, "restored {directory}: as it was at {made_at}")?;
        writeln!(f, "store    {accounts} accounts, {holdings} holdings; everybody signs in again")?;
        write!(f, "journal  {journal_entries} entries, verified; it goes on under a new epoch, by name")?;
        logs.iter().try_for_each(|log| write!(f, "\n{log}"))?;
        write!(
            f,
            "\n\nWhat came after is not in it: passwords set, lines moved and exports made since. Import the newest extract, \
             then start."
        )
    }
}

pub(super) fn load(place: &Place, backup: &Path) -> Result<(Installation, List), Failure> {
    let list = List::read(backup)?;
    // Settings that lie elsewhere outlive a data directory, and stay.
    let settings = if place.settings.exists() { place.settings.clone() } else { backup.join(SETTINGS) };
    let settings = Settings::load(&settings).map_err(|reason| Failure::settings(&reason))?;
    let demo = Keeper::outline(backup).map_err(|reason| Failure::settings(&reason))?.demo;
    // Opened where it is: without the key nothing of it is believed.
    let here = Place { data: backup.to_owned(), settings: place.settings.clone() };
    let there = Installation { place: here, settings, demo };
    let keeper = there.keeper(Arc::new(Written::new(demo)))?;
    list.verify(backup, &keeper.backup_key()?)?;
    Ok((there, list))
}

/// Makes an installation of a backup.
///
/// # Errors
/// [`Failure`]: which file is not what it was, or why nothing can be restored there.
pub(in crate::run) fn restore(
    say: Say,
    place: &Place,
    operator: &str,
    args: &RestoreArgs,
) -> Result<Exit, Failure> {
    let backup = std::path::absolute(&args.from)?;
    let data = std::path::absolute(&place.data)?;
    let place = Place { data: data.clone(), settings: std::path::absolute(&place.settings)? };
    refuse_living(&place)?;
    let progress = say::Progress::start();
    progress.now("looking at the backup");
    let (there, list) = load(&place, &backup)?;
    list.compare(&backup)?;
    if let Some(journal) = &args.journal {
        outlived(&there, &backup, journal)?;
    }
    progress.now("copying");
    DirBuilder::new().recursive(true).mode(0o700).create(&data)?;
    let marker = data.join(RESTORING);
    File::create_new(&marker)?.sync_all()?;
    let installation = Installation { place, ..there };
    let restored = copied(&installation, &backup, &list, args.journal.as_deref()).and_then(|()| {
        progress.now("verifying the journal");
        begin(&installation, operator, &list)
    });
    progress.clear();
    let restored = match restored {
        Ok(restored) => restored,
        Err(failure) => {
            // Half an installation is none. It was made here, and nothing was in it before.
            fs::remove_dir_all(&data).unwrap_or_default();
            return Err(failure);
        }
    };
    fs::remove_file(&marker)?;
    File::open(&data)?.sync_all()?;
    say.tell(&restored)?;
    Ok(Exit::Done)
}

/// A directory with anything in it is somebody's installation, or its remains.
fn refuse_living(place: &Place) -> Result<(), Failure> {
    let used = match fs::read_dir(&place.data) {
        Ok(mut entries) => entries.next().is_some(),
        Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => false,
        Err(reason) => return Err(Failure::from(reason).during(&format!("read {}", place.data.display()))),
    };
    if !used {
        return Ok(());
    }
    Err(Failure::cannot(format_args!(
        "restore into {}: it is not empty, and an installation is never written over; stop what serves it, move the \
         directory away and keep it until the restore was looked at",
        place.data.display()
    )))
}

/// A journal that outlived its store has to go on from that of the backup.
fn outlived(there: &Installation, backup: &Path, journal: &Path) -> Result<(), Failure> {
    let key = there.keeper(Arc::new(Written::new(there.demo)))?.journal_signing_key()?.verifying_key()?;
    for log in logs(&backup.join(JOURNAL))? {
        let checkpoint = fs::read(backup.join(JOURNAL).join(log.to_string()).join("checkpoint"))?;
        if goes_on(journal, log, &key, &checkpoint)? != Some(true) {
            return Err(Failure::cannot(format_args!(
                "restore with the journal {}: its log {log} does not go on from that of the backup; name the journal of this \
                 installation, or leave --journal out",
                journal.display()
            )));
        }
    }
    Ok(())
}

fn copied(
    installation: &Installation,
    backup: &Path,
    list: &List,
    journal: Option<&Path>,
) -> Result<(), Failure> {
    let Place { data, settings } = &installation.place;
    for name in list.names() {
        let of_journal = name.starts_with(&format!("{JOURNAL}/"));
        if of_journal && journal.is_some() || name == SETTINGS && settings.exists() {
            continue;
        }
        let to = if name == SETTINGS { settings.clone() } else { data.join(name) };
        list.copy(backup, name, &to)?;
    }
    if let Some(journal) = journal {
        honnin_journal::copy(journal, &installation.journal())
            .map_err(|reason| Failure::from(reason).during(&format!("copy {}", journal.display())))?;
    }
    if !data.join(KEYRING).exists() {
        return Err(Failure::cannot("restore from this backup: it has no keyring"));
    }
    Ok(())
}

/// Proves what was copied and has it go on.
fn begin(installation: &Installation, operator: &str, list: &List) -> Result<Restored, Failure> {
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    // The store was copied first: the journal has to have come as far as it knows.
    let looked = looked_at(&rooms, rooms.heads()?)?;
    let made_at = Moment::from_millis(list.made_at)?;
    let made_at = rooms.zone.rfc3339(made_at);
    let ended = go_on(&rooms, operator, &looked, &format!("restore of the backup of {made_at}"))?;
    let report = pollster::block_on(rooms.store.report(&rooms.operate()))?;
    Ok(Restored {
        directory: installation.place.data.display().to_string(),
        made_at,
        accounts: report.accounts,
        holdings: report.holdings,
        journal_entries: looked.report.entries(),
        logs: ended.iter().map(EndedLog::of).collect(),
    })
}
