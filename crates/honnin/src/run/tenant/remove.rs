//! `honnin tenant remove`: keys first, so that what is left of the house opens nothing; then the house.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use honnin_terms::Clock as _;
use serde::Serialize;

use super::destroy::Doomed;
use super::settings;
use crate::command::RemoveArgs;
use crate::failure::{Exit, Failure};
use crate::houses::{Held, House, Houses};
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
    drop(Ready::of(args)?);
    confirm(
        args.confirmed,
        &format!("remove the tenant {:?} and destroy its keys", args.name),
        "Nothing in its house can be read again. A backup opens with a copy of the key file it was made under, with shares of \
         it, or by the key on its token, and with nothing else: destroy those too.",
    )?;
    // While the question stood somebody may have started it, or changed a card.
    let Ready { house, keys, left, _journal } = Ready::of(args)?;
    let data = house.directory();
    let record = |act: &str| held.record(act, &house, operator, SystemClock.now().to_string());
    record("removing")?;
    // The card goes last: whoever was interrupted asks again.
    let keys_destroyed = keys.into_iter().map(Doomed::destroy).collect::<Result<_, _>>()?;
    let gone = match fs::remove_dir_all(&data) {
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(()),
        gone => gone,
    };
    gone.and_then(|()| fs::remove_file(&house.card)).map_err(|reason| {
        Failure::from(reason)
            .during(&format!("remove {} (its keys are destroyed; run it again)", data.display()))
    })?;
    record("removed")?;
    say.tell(&Removed { name: house.name, keys_destroyed, data, left })
        .map_err(|failure| failure.but("the tenant was removed"))?;
    Ok(Exit::Done)
}

/// A house that may be taken away as long as this is there.
struct Ready {
    house: House,
    keys: Vec<Doomed>,
    left: Vec<String>,
    /// Nobody begins to serve it meanwhile.
    _journal: honnin_journal::Held,
}

impl Ready {
    fn of(args: &RemoveArgs) -> Result<Self, Failure> {
        let houses = Houses::read(&args.houses.houses)?;
        let house = houses.find(&args.name)?.clone();
        let data = house.directory();
        if data.is_symlink() {
            return Err(Failure::cannot(format_args!(
                "remove the tenant {:?}: {} is a symbolic link, and what it leads to may be another's; put the directory \
                 itself there",
                house.name,
                data.display()
            )));
        }
        let journal = refuse_serving(&house, &data)?;
        refuse_shared(&houses, &house)?;
        // What the card names and what is in the house. Where its settings lead is its own user's to say, not root's to
        // write to.
        let files = [house.key_file.clone(), data.join(KEYRING), data.join(format!("{KEYRING}.new"))];
        let keys: Result<Vec<Option<Doomed>>, Failure> =
            files.iter().map(|file| Doomed::open(file)).collect();
        let keys = keys?.into_iter().flatten().collect();
        let left = left(&house);
        Ok(Self { house, keys, left, _journal: journal })
    }
}

/// Refuses a house that is at work, behind the door or in another way: somebody writes its journal then. Keeps others from
/// writing it until dropped.
fn refuse_serving(house: &House, data: &Path) -> Result<honnin_journal::Held, Failure> {
    let journal = data.join("journal");
    let held = honnin_journal::hold(&journal)
        .map_err(|reason| Failure::from(reason).during(&format!("look into {}", journal.display())))?;
    held.filter(|_| house.serves() == Some(false)).ok_or_else(|| {
        let why = match house.serves() {
            None => "whether it serves cannot be known; do it as root, or as its user",
            Some(_) => "it serves; stop it first",
        };
        Failure::cannot(format_args!("remove the tenant {:?}: {why}", house.name))
    })
}

fn real(file: &Path) -> PathBuf {
    fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
}

/// The key file that the settings of a house name.
fn named(house: &House, settings: &Settings) -> Option<PathBuf> {
    match KeySource::of_setting(&settings.keys, &house.directory()) {
        KeySource::File(file) => Some(file),
        KeySource::Credential(_) | KeySource::Agent(..) => None,
    }
}

/// Refuses to destroy what another house needs, and to guess where nobody can tell.
fn refuse_shared(houses: &Houses, house: &House) -> Result<(), Failure> {
    let own = real(&house.key_file);
    let refused = |why: &dyn fmt::Display| {
        Failure::cannot(format_args!(
            "remove the tenant {:?}: whether another needs its key file {} cannot be told; mend this first: {why}",
            house.name,
            own.display()
        ))
    };
    if let Some(problem) = houses.bad.values().next() {
        return Err(refused(problem));
    }
    for other in houses.all.iter().filter(|other| other.card != house.card) {
        let theirs = match settings(other).map_err(|reason| refused(&reason))? {
            Some(settings) => named(other, &settings),
            // Where the keyring is gone too nothing is left that needs a key.
            None if !other.directory().join(KEYRING).exists() => None,
            None => {
                return Err(refused(&format_args!("{} is not there", other.settings().display())));
            }
        };
        if [Some(other.key_file.clone()), theirs].into_iter().flatten().any(|file| real(&file) == own) {
            return Err(Failure::cannot(format_args!(
                "destroy the key file {} of {:?}: {:?} has the same; give that one another with `honnin key rotate` and in \
                 its card",
                own.display(),
                house.name,
                other.name
            )));
        }
    }
    Ok(())
}

/// What of the house lies elsewhere.
fn left(house: &House) -> Vec<String> {
    let mut left = vec![
        "copies of its key file, shares of it, the key on its token where it has or had one, and those from before each \
         `key rotate`: a backup opens with what it was made under until that is destroyed"
            .to_owned(),
    ];
    let Ok(Some(settings)) = settings(house) else {
        left.push("what its settings name outside of it: they could not be read".to_owned());
        return left;
    };
    let key = &settings.keys.key_file;
    match KeySource::of_setting(&settings.keys, &house.directory()) {
        KeySource::Credential(_) if !house.key_file.exists() => {
            left.push(format!("the key ({key}), which a supervisor passes: destroy it where it lies"));
        }
        KeySource::Agent(..) => left.push(format!(
            "the key on the token behind {key}: what it unwraps opens older backups; destroy it where it is this house's alone"
        )),
        KeySource::Credential(_) | KeySource::File(_) => {}
    }
    if let Some(file) = named(house, &settings).filter(|file| real(file) != real(&house.key_file)) {
        left.push(format!(
            "{} (keys.key_file), which is not the key file of its card: where it is this house's, destroy it",
            file.display()
        ));
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
