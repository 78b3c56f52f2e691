//! The directory of houses while a command changes it: cards that are written whole, and a record of who did what.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use honnin_front::Hosts;
use serde::{Deserialize, Serialize};

use super::{Card, House, Houses, NAMES, is_name};
use crate::failure::Failure;

/// What is written down of houses that were made and taken away, one line of JSON each.
const RECORD: &str = "tenants.log";

/// The directory of houses, held by one command at a time.
#[derive(Debug)]
pub(crate) struct Held {
    /// What is in it.
    pub(crate) houses: Houses,
    record: PathBuf,
    _lock: File,
}

/// One line of the record.
#[derive(Debug, Serialize, Deserialize)]
struct Recorded {
    at: String,
    act: String,
    tenant: String,
    number: u32,
    by: String,
}

impl Held {
    /// Holds that directory until dropped; makes it where it is not there and `make` says so.
    ///
    /// # Errors
    /// [`Failure`] where another command holds it, or the system refuses.
    pub(crate) fn take(directory: &Path, make: bool) -> Result<Self, Failure> {
        let doing = format!("use the directory of houses {}", directory.display());
        let refused = |reason: io::Error| Failure::from(reason).during(&doing);
        if make && !directory.exists() {
            fs::DirBuilder::new().recursive(true).create(directory).map_err(refused)?;
            // The door, which may be another user, reads the cards in it; what is in a house is its own.
            fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).map_err(refused)?;
        }
        let lock = File::open(directory).map_err(refused)?;
        if lock.try_lock().is_err() {
            return Err(Failure::cannot(format_args!("{doing}: another command changes it; try again")));
        }
        Ok(Self { houses: Houses::read(directory)?, record: directory.join(RECORD), _lock: lock })
    }

    /// A number that no house has or ever had here.
    ///
    /// # Errors
    /// [`Failure`] where the record of houses cannot be read.
    pub(crate) fn number(&self) -> Result<u32, Failure> {
        let doing = format!("read {}", self.record.display());
        let text = match fs::read_to_string(&self.record) {
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|reason| Failure::from(reason).during(&doing))?,
        };
        let mut most = self.houses.all.iter().map(|house| house.number).max().unwrap_or(0);
        for line in text.lines() {
            let recorded: Recorded =
                serde_json::from_str(line).map_err(|reason| Failure::from(reason).during(&doing))?;
            most = most.max(recorded.number);
        }
        most.checked_add(1).ok_or_else(|| Failure::cannot("give another house a number: there is none left"))
    }

    /// Where a house of that name will be, with these hosts, and socket and key file where they are named.
    ///
    /// # Errors
    /// [`Failure`] where name, hosts or key file cannot be used, or somebody has them.
    pub(crate) fn plan(
        &self,
        name: &str,
        hosts: Vec<String>,
        [socket, key_file]: [Option<PathBuf>; 2],
    ) -> Result<House, Failure> {
        let cannot = |says: String| Failure::cannot(format_args!("make the tenant {name:?}: {says}"));
        if !is_name(name) {
            return Err(cannot(NAMES.to_owned()));
        }
        let card = self.houses.directory.join(name).with_extension("toml");
        if card.exists() {
            return Err(cannot(format!("{} is there already; choose another name", card.display())));
        }
        let hosts = Hosts::new(hosts)?;
        if let Some((host, owner)) = hosts.names().find_map(|host| Some((host, self.houses.owner(host)?))) {
            return Err(cannot(format!("{host} is a host of {}; choose another", owner.name)));
        }
        let path = |named: Option<PathBuf>, kind| {
            std::path::absolute(named.unwrap_or_else(|| card.with_extension(kind)))
        };
        let (socket, key_file) = (path(socket, "sock")?, path(key_file, "key")?);
        if key_file.exists() {
            return Err(cannot(format!(
                "the key file {} is there already, and each tenant has a key of its own; name another",
                key_file.display()
            )));
        }
        Ok(House { name: name.to_owned(), number: self.number()?, hosts, socket, key_file, card })
    }

    /// Writes the card of a house, whole or not at all.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be written.
    pub(crate) fn write(&self, house: &House) -> Result<(), Failure> {
        let hosts = house.hosts.names().map(str::to_owned).collect();
        let (socket, key_file) = (house.socket.clone(), house.key_file.clone());
        let card = Card { number: house.number, hosts, socket, key_file };
        let text = format!(
            "# Where the house {} is found: the door and the house itself go by it, the house when it starts.\n{}",
            house.name,
            toml::to_string(&card)?
        );
        let beside = house.card.with_extension("new");
        let write = || {
            let mut file =
                File::options().write(true).create(true).truncate(true).mode(0o644).open(&beside)?;
            file.write_all(text.as_bytes())?;
            // Whatever this process makes is otherwise for nobody else.
            file.set_permissions(fs::Permissions::from_mode(0o644))?;
            file.sync_all()?;
            fs::rename(&beside, &house.card)?;
            File::open(&self.houses.directory)?.sync_all()
        };
        write().map_err(|reason| Failure::from(reason).during(&format!("write {}", house.card.display())))
    }

    /// Writes down what was done with a house, and who did it.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be written.
    pub(crate) fn record(&self, act: &str, house: &House, by: &str, at: String) -> Result<(), Failure> {
        let House { name, number, .. } = house;
        let recorded =
            Recorded { at, act: act.to_owned(), tenant: name.clone(), number: *number, by: by.to_owned() };
        let line = format!("{}\n", serde_json::to_string(&recorded)?);
        let write = || {
            let mut file = File::options().append(true).create(true).mode(0o600).open(&self.record)?;
            file.write_all(line.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|reason| Failure::from(reason).during(&format!("write {}", self.record.display())))
    }
}

#[cfg(test)]
mod tests {
    use honnin_testkit::TestDir;

    use super::*;

    #[test]
    fn a_number_is_given_once() {
        let dir = TestDir::new();
        let held = Held::take(&dir.join("houses"), true).unwrap();
        let planned = |held: &Held| held.plan("a", vec!["a.example".to_owned()], [None, None]);
        let first = planned(&held).unwrap();
        held.write(&first).unwrap();
        held.record("made", &first, "sato", "2026-11-30".to_owned()).unwrap();
        assert!(Held::take(&dir.join("houses"), false).unwrap_err().to_string().contains("another command"));
        fs::remove_file(&first.card).unwrap();
        drop(held);
        let held = Held::take(&dir.join("houses"), false).unwrap();
        assert_eq!((first.number, planned(&held).unwrap().number), (1, 2));
    }
}
