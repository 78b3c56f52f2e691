//! `honnin restore`: an installation made of a backup and its key file.

use std::fmt;
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use honnin_journal::{goes_on, logs};
use honnin_keeper::Keeper;
use honnin_terms::Moment;
use serde::Serialize;

use super::ground::Ground;
use super::list::List;
use super::{JOURNAL, KEYRING, NOTICES, SETTINGS, database};
use crate::command::{Place, RestoreArgs};
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::key_file::KeySource;
use crate::run::accept::EndedLog;
use crate::say::{self, Say};
use crate::settings::Settings;
use crate::wiring::course::{go_on, looked_at};
use crate::wiring::notices::PublicRecord;
use crate::wiring::witness::Written;
use crate::wiring::{Rooms, bring_up};

#[derive(Serialize)]
struct Restored {
    directory: String,
    made_at: String,
    accounts: u64,
    holdings: u64,
    journal_entries: u64,
    logs: Vec<EndedLog>,
    /// Entries of the public record of notices.
    notices: u64,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directory, made_at, accounts, holdings, journal_entries, logs, notices } = self;
        writeln!(f, "restored {directory}: as it was at {made_at}")?;
        writeln!(f, "store    {accounts} accounts, {holdings} holdings; everybody signs in again")?;
        write!(f, "journal  {journal_entries} entries, verified; it goes on under a new epoch, by name")?;
        logs.iter().try_for_each(|log| write!(f, "\n{log}"))?;
        write!(f, "\nnotices  {notices} entries of the public record, verified")?;
        write!(
            f,
            "\n\nWhat came after is not in it: passwords set, lines moved and exports made since. Import the newest extract, \
             then start. Where the status page has seen a newer record, put the files of its record/ in place before: nothing \
             is to be said a second time from there on."
        )
    }
}

pub(super) fn load(place: &Place, backup: &Path) -> Result<(Installation, List), Failure> {
    let list = List::read(backup)?;
    // Settings that lie elsewhere outlive a data directory, and stay.
    let of_operator = place.settings.exists();
    let settings = if of_operator { place.settings.clone() } else { backup.join(SETTINGS) };
    let settings = Settings::load(&settings).map_err(|reason| Failure::settings(&reason))?;
    // Of a backup nothing is proven before it opens, and it opens by what the one who is asked says.
    if !of_operator && KeySource::of_setting(&settings.keys, backup).is_agent() {
        return Err(Failure::cannot(format_args!(
            "restore the backup {}: its own settings say which key agent is asked for its key ({}), and whoever altered it \
             could have written that; look at its {SETTINGS}, then name the settings of this house with --settings FILE",
            backup.display(),
            settings.keys.key_file
        )));
    }
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
    database::look(&there)?;
    progress.now("copying");
    DirBuilder::new().recursive(true).mode(0o700).create(&data)?;
    let ground = Ground::take(&data)?;
    let installation = Installation { place, ..there };
    let notices = installation.notices();
    // A record that lies elsewhere outlives a data directory, and is newer.
    let survived = is_used(&notices)?;
    let restored =
        copied(&installation, &backup, &list, (args.journal.as_deref(), survived)).and_then(|()| {
            progress.now("verifying the journal");
            ground.refuse_others()?;
            let (rooms, restored) = begin(&database::on_file(&installation), operator, &list)?;
            let named = database::is_named(&installation);
            let filled =
                named.then(|| database::fill(rooms, (&installation, &ground), &progress)).transpose()?;
            Ok((restored, filled))
        });
    progress.clear();
    let (restored, filled) = match restored {
        Ok(restored) => restored,
        Err(failure) => {
            // Half an installation is none. It was made here, and nothing was in it before. Where the marker is no longer this
            // run's, another restore has begun there meanwhile, and may be served by now.
            if ground.is_own() {
                fs::remove_dir_all(&data).unwrap_or_default();
                if !survived {
                    cleared(&notices);
                }
            }
            return Err(failure);
        }
    };
    ground.end()?;
    // Last of all: until then nothing opens the database, wherever the power was cut.
    if let Some(filled) = filled {
        filled.end()?;
    }
    say.tell(&restored)?;
    Ok(Exit::Done)
}

/// Whether there is anything in that directory.
fn is_used(directory: &Path) -> Result<bool, Failure> {
    match fs::read_dir(directory) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(reason) => Err(Failure::from(reason).during(&format!("read {}", directory.display()))),
    }
}

/// Takes away what was copied there. The directory stays: it may be another user's gift.
fn cleared(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        gone.unwrap_or_default();
    }
}

/// Makes what was copied of the public record as open to others as its directory is, from there on down.
fn opened(directory: &Path, mode: u32) -> std::io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_dir = path.is_dir();
        let bits = if is_dir { mode & 0o755 | 0o700 } else { mode & 0o644 | 0o600 };
        fs::set_permissions(&path, Permissions::from_mode(bits))?;
        if is_dir {
            opened(&path, mode)?;
        }
    }
    Ok(())
}

/// A directory with anything in it is somebody's installation, or its remains.
fn refuse_living(place: &Place) -> Result<(), Failure> {
    if !is_used(&place.data)? {
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
    (journal, survived): (Option<&Path>, bool),
) -> Result<(), Failure> {
    let Place { data, settings } = &installation.place;
    let notices = installation.notices();
    // As open as its directory is where it was made by others; else for everybody, as everything in it is, and in the data
    // directory for nobody else.
    let none = if notices.starts_with(data) { 0o700 } else { 0o755 };
    let mode = fs::metadata(&notices).map_or(none, |known| known.permissions().mode());
    for name in list.names() {
        let of_journal = name.starts_with(&format!("{JOURNAL}/"));
        if of_journal && journal.is_some() || name == SETTINGS && settings.exists() {
            continue;
        }
        let of_notices = name.strip_prefix(NOTICES).and_then(|below| below.strip_prefix('/'));
        if of_notices.is_some() && survived {
            continue;
        }
        let to = match of_notices {
            Some(below) => notices.join(below),
            None if name == SETTINGS => settings.clone(),
            None => data.join(name),
        };
        list.copy(backup, name, &to)?;
    }
    if !survived && notices.exists() {
        let open = || {
            fs::set_permissions(&notices, Permissions::from_mode(mode)).and_then(|()| opened(&notices, mode))
        };
        open().map_err(|reason| {
            Failure::from(reason).during(&format!("open {} to its readers", notices.display()))
        })?;
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

/// Entries of the public record; one that does not verify keeps nobody's data from being restored.
fn said(record: &PublicRecord) -> u64 {
    if !record.dir.join("checkpoint").exists() {
        return 0;
    }
    match record.open() {
        Ok(open) => u64::try_from(open.public().entries.len()).unwrap_or(u64::MAX),
        Err(reason) => {
            say::note(format_args!("{reason}; see `honnin status verify`"));
            0
        }
    }
}

/// Proves what was copied and has it go on.
fn begin(installation: &Installation, operator: &str, list: &List) -> Result<(Rooms, Restored), Failure> {
    // A backup of an older build is an installation of this one.
    bring_up(installation)?;
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    // The store was copied first: the journal has to have come as far as it knows.
    let looked = looked_at(&rooms, rooms.heads()?)?;
    let made_at = Moment::from_millis(list.made_at)?;
    let made_at = rooms.zone.rfc3339(made_at);
    let ended = go_on(&rooms, operator, &looked, &format!("restore of the backup of {made_at}"))?;
    let notices = said(&PublicRecord::of(installation, &rooms.keeper)?);
    let report = pollster::block_on(rooms.store.report(&rooms.operate()))?;
    let restored = Restored {
        directory: installation.place.data.display().to_string(),
        made_at,
        accounts: report.accounts,
        holdings: report.holdings,
        journal_entries: looked.report.entries(),
        notices,
        logs: ended.iter().map(EndedLog::of).collect(),
    };
    Ok((rooms, restored))
}
