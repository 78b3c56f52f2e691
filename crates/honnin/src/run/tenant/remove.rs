//! `honnin tenant remove`: keys first, so that whatever is left anywhere cannot be read; then the house.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use honnin_terms::Clock as _;
use serde::Serialize;

use crate::command::RemoveArgs;
use crate::failure::{Exit, Failure};
use crate::houses::{Held, House};
use crate::key_file::KeySource;
use crate::machine::SystemClock;
use crate::run::backup::KEYRING;
use crate::run::confirm::confirm;
use crate::say::Say;
use crate::settings::Settings;

#[derive(Serialize)]
struct Removed {
    name: String,
    /// Files with keys that were destroyed.
    keys_destroyed: Vec<PathBuf>,
    data: PathBuf,
    /// What is left elsewhere, and is the operator's to destroy.
    left: Vec<String>,
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, keys_destroyed, data, left } = self;
        write!(f, "tenant     {name} was removed")?;
        for file in keys_destroyed {
            write!(f, "\ndestroyed  {}", file.display())?;
        }
        write!(f, "\nremoved    {}", data.display())?;
        left.iter().try_for_each(|left| write!(f, "\nleft       {left}"))
    }
}

pub(super) fn remove(say: Say, operator: &str, args: &RemoveArgs) -> Result<Exit, Failure> {
    let held = Held::take(&args.houses.houses, false)?;
    let house = held.houses.find(&args.name)?.clone();
    let data = house.directory();
    refuse_serving(&house, &data)?;
    let key_files = key_files(&house);
    for other in held.houses.all.iter().filter(|other| other.card != house.card) {
        refuse_shared(&house, other, &key_files)?;
    }
    confirm(
        args.confirmed,
        &format!("remove the tenant {:?} and destroy its keys", house.name),
        "Nothing of its subscribers can be read again, in its backups neither.",
    )?;
    let record = |act: &str| held.record(act, &house, operator, SystemClock.now().to_string());
    let left = left(&house);
    record("removing")?;
    // The card goes last: whoever was interrupted asks again.
    let mut destroyed = Vec::new();
    for file in key_files.into_iter().chain([data.join(KEYRING), data.join(format!("{KEYRING}.new"))]) {
        let done = destroy(&file)
            .map_err(|reason| Failure::from(reason).during(&format!("destroy the key {}", file.display())))?;
        destroyed.extend(done.then_some(file));
    }
    let gone = match fs::remove_dir_all(&data) {
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(()),
        gone => gone,
    };
    gone.and_then(|()| fs::remove_file(&house.card)).map_err(|reason| {
        Failure::from(reason)
            .during(&format!("remove {} (its keys are destroyed; run it again)", data.display()))
    })?;
    record("removed")?;
    say.tell(&Removed { name: house.name, keys_destroyed: destroyed, data, left })
        .map_err(|failure| failure.but("the tenant was removed"))?;
    Ok(Exit::Done)
}

/// Refuses a house that is at work, behind the door or in another way: somebody writes its journal then.
fn refuse_serving(house: &House, data: &Path) -> Result<(), Failure> {
    let journal = data.join("journal");
    let looking = |reason| Failure::from(reason).during(&format!("look into {}", journal.display()));
    let mut written = false;
    for log in honnin_journal::logs(&journal).map_err(looking)? {
        written |= honnin_journal::is_written(&journal, log).map_err(looking)?;
    }
    if written || house.serves() {
        return Err(Failure::cannot(format_args!(
            "remove the tenant {:?}: it serves; stop it first",
            house.name
        )));
    }
    Ok(())
}

/// The files that hold the key of a house: the one it was made with, and the one its settings name by now. Settings that
/// cannot be read are another user's, or gone.
fn key_files(house: &House) -> BTreeSet<PathBuf> {
    let named = Settings::load(&house.settings()).ok().and_then(|settings| {
        match KeySource::of_setting(&settings.keys.key_file, &house.directory()) {
            KeySource::File(file) => Some(file),
            KeySource::Credential(_) => None,
        }
    });
    let files = [Some(house.key_file.clone()), named].into_iter().flatten();
    files.map(|file| fs::canonicalize(&file).unwrap_or(file)).collect()
}

/// Refuses to destroy what another house needs.
fn refuse_shared(house: &House, other: &House, own: &BTreeSet<PathBuf>) -> Result<(), Failure> {
    let theirs = key_files(other);
    let Some(shared) = own.intersection(&theirs).next() else { return Ok(()) };
    Err(Failure::cannot(format_args!(
        "destroy the key file {} of {:?}: {:?} has the same; give that one another with `honnin key rotate`",
        shared.display(),
        house.name,
        other.name
    )))
}

/// Overwrites a file and removes it; whether it was there. What a disk keeps of octets that were overwritten is not ours to
/// say: without the other half, which is destroyed as well, it opens nothing.
fn destroy(file: &Path) -> io::Result<bool> {
    let mut open = match File::options().write(true).open(file) {
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    let length = usize::try_from(open.metadata()?.len()).unwrap_or(usize::MAX);
    open.write_all(&vec![0; length.min(1 << 20)])?;
    open.sync_all()?;
    fs::remove_file(file)?;
    if let Some(directory) = file.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(true)
}

/// What of the house lies elsewhere.
fn left(house: &House) -> Vec<String> {
    let mut left = vec!["copies of the key file: destroy them, and no backup can be read again".to_owned()];
    let Ok(settings) = Settings::load(&house.settings()) else {
        left.push("what its settings name outside of it: they could not be read".to_owned());
        return left;
    };
    let key = &settings.keys.key_file;
    if key.starts_with("credential:") && !house.key_file.exists() {
        left.push(format!("the key ({key}), which a supervisor passes: destroy it where it lies"));
    }
    if !settings.store.url.is_empty() {
        left.push("its database (store.url): sealed rows that nothing opens any more; drop it".to_owned());
    }
    let data = house.directory();
    for (key, path) in [
        ("status.directory", &settings.status.directory),
        ("journal.checkpoints", &settings.journal.checkpoints),
        ("logs.directory", &settings.logs.directory),
    ] {
        if let Some(path) = path.path().map(|path| data.join(path)).filter(|path| !path.starts_with(&data)) {
            left.push(format!("{} ({key})", path.display()));
        }
    }
    left
}
