//! `honnin backup`: a copy of an installation, made while it serves.
//!
//! First the store, of one moment; then the journal: so whatever the store of a backup knows the journal of it answers
//! for, because an entry is durable before what it stands for is done. The other way round a backup could show a line
//! moved or a password set that no entry tells of. Last the public record of notices: an act in the journal is written
//! before what it says is said.

mod database;
mod ground;
mod list;
mod restore;

use std::fmt;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use honnin_journal::{Kind, Party, Trust, copy_in_steps, verify_in_steps};
use serde::Serialize;

use crate::command::BackupArgs;
use crate::failure::{Exit, Failure};
use crate::installation::Installation;
use crate::pace::{MachinePace, Share};
use crate::say::{self, Say};
use crate::settings::Size;
use crate::wiring::acts::Deed;
use crate::wiring::notices::{KEPT, PublicRecord};
use crate::wiring::{Rooms, engine, note_backup, trust};
use list::List;
pub(super) use restore::restore;

/// The settings in a backup, wherever they lie in the installation.
const SETTINGS: &str = "honnin.toml";
const STORE: &str = "store";
const JOURNAL: &str = "journal";
/// Files of the data directory that go with it: what opens with the key file only, what is public, and what says that
/// personal pages are stopped. The key file itself lies elsewhere and is never read here but to open the keyring.
pub(super) const KEYRING: &str = "keyring.toml";
const ALSO: [&str; 2] = [KEYRING, "journal.pub"];
/// The public record in a backup, wherever it lies in the installation; without the service's word: what it said last is
/// none of a machine that was restored.
const NOTICES: &str = "status";
const OF_NOTICES: [&str; 4] = ["checkpoint", "tile", "history", "days"];
/// How deep its directories go.
const DEPTH: usize = 6;
const WITNESSED: &str = "witnessed";
const ISOLATED: &str = "isolated";

#[derive(Serialize)]
struct BackedUp {
    directory: String,
    made_at: String,
    files: usize,
    octets: u64,
    journal_entries: u64,
    share_percent: u8,
    paused_ms: u64,
}

impl fmt::Display for BackedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directory, made_at, files, octets, journal_entries, share_percent, paused_ms } = self;
        let paused = std::time::Duration::from_millis(*paused_ms).as_secs_f64();
        write!(
            f,
            "backup   {directory}: everything to {made_at}, {files} files, {}\n\
             journal  {journal_entries} entries, verified in the copy\n\
             key      not in it: nothing of it opens without the key file, keep that apart\n\
             pace     {share_percent} % of the time at work, paused for {paused:.1} s",
            Size(*octets)
        )
    }
}

pub(super) fn backup(
    say: Say,
    installation: &Installation,
    operator: &str,
    args: &BackupArgs,
) -> Result<Exit, Failure> {
    let to = std::path::absolute(&args.to)?;
    let data = std::path::absolute(&installation.place.data)?;
    if to.starts_with(&data) {
        return Err(Failure::cannot(format_args!(
            "write the backup into {}: it is inside the data directory; choose another volume",
            to.display()
        )));
    }
    give_way();
    let rooms = Rooms::open(installation.clone(), installation.clock()?)?;
    empty(&to)?;
    rooms.act(operator, Kind::Operated, Party::Nobody, Deed { note: "backup", ..Deed::default() })?;
    let pace = Arc::new(MachinePace::of(Share::of(args.share)));
    let made = fill(&rooms, &to, &pace);
    if made.is_err() {
        // It has no list and would be taken for nothing; what is in it would only lie about.
        fs::remove_dir_all(&to).unwrap_or_default();
    }
    let (list, journal_entries, key) = made?;
    let at = rooms.clock.0.now();
    let made_at = honnin_terms::Moment::from_millis(list.made_at).unwrap_or(at);
    let (files, octets) = list.size();
    list.write(&to, &key)?;
    note_backup(&rooms, made_at)?;
    let directory = to.display().to_string();
    let (made_at, share_percent) = (rooms.zone.rfc3339(made_at), args.share);
    let paused_ms = u64::try_from(pace.paused().as_millis()).unwrap_or(u64::MAX);
    say.tell(&BackedUp { directory, made_at, files, octets, journal_entries, share_percent, paused_ms })?;
    Ok(Exit::Done)
}

/// How much whoever serves on this machine goes before: a backup has a tenth of a core that is wanted, where the system lets
/// them share one. Besides it pauses ([`Pace`](crate::pace::Pace)).
const NICE: i32 = 10;

/// Lets others have the processor first. A thread gives it to those it starts: so this comes before all of them.
fn give_way() {
    // Where it is not allowed the backup is made all the same.
    rustix::process::nice(NICE).unwrap_or_default();
}

/// Copies everything; what was copied is proven before it is called a backup.
fn fill(
    rooms: &Rooms,
    to: &Path,
    pace: &Arc<MachinePace>,
) -> Result<(List, u64, honnin_seal::MacKey), Failure> {
    let installation = &rooms.installation;
    let data = &installation.place.data;
    let progress = say::Progress::start();
    let at = rooms.clock.0.now();
    progress.now("copying the store");
    let paced = Arc::clone(pace);
    let step: engine::Step = Arc::new(move || paced.step());
    engine::back_up(&rooms.operate(), installation, &to.join(STORE), (&rooms.clock.0, &step))
        .map_err(|reason| Failure::from(reason).during("copy the store"))?;
    // As far as the journal has to reach: what was anchored when the store had been copied.
    let trust = Trust { heads: rooms.heads()?, ..trust(rooms)? };
    progress.now("copying the journal");
    let journal = to.join(JOURNAL);
    copy_in_steps(&installation.journal(), &journal, &mut || pace.step())
        .map_err(|reason| Failure::from(reason).during("copy the journal"))?;
    for name in ALSO {
        take(&data.join(name), &to.join(name))?;
    }
    take(&installation.place.settings, &to.join(SETTINGS))?;
    for (folder, wanted) in [(data.join(WITNESSED), ""), (data.clone(), ISOLATED)] {
        let to = if wanted.is_empty() { to.join(WITNESSED) } else { to.to_owned() };
        take_all(&folder, &to, wanted)?;
    }
    progress.now("copying the public record");
    take_notices(rooms, &to.join(NOTICES), &to.join(KEPT))?;
    progress.now("verifying the journal of the backup");
    let report = verify_in_steps(&journal, &trust, None, &mut || pace.step())
        .map_err(|breach| Failure::from(breach).during("back up: the journal does not verify"))?;
    progress.now("listing the files");
    let list = List::of(to, at, &mut || pace.step())?;
    progress.clear();
    Ok((list, report.entries(), rooms.keeper.backup_key()?))
}

/// Copies the public record, where anything was ever said. One that does not verify keeps nobody's data out of a backup:
/// it is left out, and that is told.
fn take_notices(rooms: &Rooms, to: &Path, kept: &Path) -> Result<(), Failure> {
    let record = PublicRecord::of(&rooms.installation, &rooms.keeper)?;
    if !record.dir.join("checkpoint").exists() {
        return Ok(());
    }
    // Nobody says anything while it is open.
    let open = match record.open() {
        Ok(open) => open,
        Err(reason) => {
            say::note(format_args!("the public record of notices is not in this backup: {reason}"));
            return Ok(());
        }
    };
    for name in OF_NOTICES {
        take_tree(&record.dir.join(name), &to.join(name), DEPTH)?;
    }
    let memory = rooms.installation.place.data.join(KEPT);
    if memory.exists() {
        take(&memory, kept)?;
    }
    drop(open);
    Ok(())
}

/// Copies a file, or a directory with the files in it; nothing else, and nothing that is half written.
fn take_tree(from: &Path, to: &Path, depth: usize) -> Result<(), Failure> {
    let known = match fs::symlink_metadata(from) {
        Ok(known) => known,
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(reason) => return Err(Failure::from(reason).during(&format!("read {}", from.display()))),
    };
    if known.is_dir() && depth > 0 {
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            take_tree(&from.join(&name), &to.join(&name), depth - 1)?;
        }
    } else if known.is_file() && from.extension().is_none_or(|extension| extension != "tmp") {
        if let Some(folder) = to.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        take(from, to)?;
    }
    Ok(())
}

/// Copies a file.
fn take(from: &Path, to: &Path) -> Result<(), Failure> {
    let copied = fs::copy(from, to).and_then(|_| {
        fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        fs::File::open(to)?.sync_all()
    });
    copied.map_err(|reason| Failure::from(reason).during(&format!("copy {}", from.display())))
}

/// Copies the files of a folder whose names begin so, where there is such a folder.
fn take_all(folder: &Path, to: &Path, beginning: &str) -> Result<(), Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(reason) => return Err(Failure::from(reason).during(&format!("read {}", folder.display()))),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() && name.to_str().is_some_and(|name| name.starts_with(beginning)) {
            DirBuilder::new().recursive(true).mode(0o700).create(to)?;
            take(&entry.path(), &to.join(name))?;
        }
    }
    Ok(())
}

/// Makes the directory; one with anything in it is refused.
fn empty(to: &Path) -> Result<(), Failure> {
    let during = |reason| Failure::from(reason).during(&format!("make {}", to.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(to).map_err(during)?;
    if fs::read_dir(to).map_err(during)?.next().is_none() {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        return fs::set_permissions(to, mode).map_err(during);
    }
    Err(Failure::cannot(format_args!(
        "write the backup into {}: it is not empty, and nothing is ever overwritten; name a directory of its own for each \
         backup",
        to.display()
    )))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use rustix::process::getpriority_process;

    #[test]
    fn a_backup_and_every_thread_it_starts_lets_whoever_serves_go_first() {
        let made = thread::spawn(|| {
            let before = getpriority_process(None).unwrap();
            super::give_way();
            // Of a new thread the system tells its own.
            let started = thread::spawn(|| getpriority_process(None).unwrap()).join().unwrap();
            (before, started)
        });
        let (before, started) = made.join().unwrap();
        assert_eq!(started, (before + super::NICE).min(19));
    }
}
