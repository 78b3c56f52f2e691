//! The directory of houses while a command changes it: cards that are written whole, and a record of who did what.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use honnin_front::Hosts;
use serde::{Deserialize, Serialize};

use super::{Card, House, Houses, NAMES, is_name};
use crate::failure::Failure;

/// What is written down of houses that were made and taken away, one line of JSON each.
const RECORD: &str = "tenants.log";
/// Held by whoever changes something. A file of its own that nobody else can open: whoever can read a directory can lock it.
const LOCK: &str = "tenants.lock";
/// The act that is written down before anything of a house is made.
const MAKING: &str = "making";

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
    /// What was going to be made, where somebody has to know if it was not finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_file: Option<PathBuf>,
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
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join(LOCK))
            .map_err(refused)?;
        if lock.try_lock().is_err() {
            return Err(Failure::cannot(format_args!("{doing}: another command changes it; try again")));
        }
        Ok(Self { houses: Houses::read(directory)?, record: directory.join(RECORD), _lock: lock })
    }

    /// What is written down. A last line that was cut off says of nothing that was made: it comes before.
    fn recorded(&self) -> Result<Vec<Recorded>, Failure> {
        let doing = format!("read {}", self.record.display());
        let octets = match fs::read(&self.record) {
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|reason| Failure::from(reason).during(&doing))?,
        };
        let lines = octets.get(..whole(&octets)).unwrap_or_default().split(|octet| *octet == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).map_err(|reason| Failure::from(reason).during(&doing)))
            .collect()
    }

    /// A number that no house has or ever had here.
    fn number(&self, recorded: &[Recorded]) -> Result<u32, Failure> {
        let given = self.houses.all.iter().map(|house| house.number);
        let most = given.chain(recorded.iter().map(|recorded| recorded.number)).max().unwrap_or(0);
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
        if is_users(name) {
            return Err(cannot(format!(
                "the user honnin-{name} of its unit would be that of the door or of a key agent; choose another name"
            )));
        }
        let card = self.houses.directory.join(name).with_extension("toml");
        if card.exists() {
            return Err(cannot(format!("{} is there already; choose another name", card.display())));
        }
        let recorded = self.recorded()?;
        if let Some(unfinished) = unfinished(&card, name, &recorded) {
            return Err(cannot(unfinished));
        }
        let hosts = Hosts::new(hosts)?;
        if let Some((host, owner)) = hosts.names().find_map(|host| Some((host, self.houses.owner(host)?))) {
            return Err(cannot(format!("{host} is a host of {}; choose another", owner.name)));
        }
        let path = |named: Option<PathBuf>, kind| {
            std::path::absolute(named.unwrap_or_else(|| card.with_extension(kind)))
        };
        if key_file.as_ref().is_some_and(|named| named.to_string_lossy().starts_with("socket:")) {
            return Err(cannot(
                "its card names a key file; make it with one, then honnin key rotate --to socket:PATH in its house"
                    .to_owned(),
            ));
        }
        let (socket, key_file) = (path(socket, "sock")?, path(key_file, "key")?);
        if key_file.exists() {
            return Err(cannot(format!(
                "the key file {} is there already, and each tenant has a key of its own; name another",
                key_file.display()
            )));
        }
        if let Some(owner) = self.houses.all.iter().find(|house| house.socket == socket) {
            return Err(cannot(format!(
                "{} is the socket of {}; name another",
                socket.display(),
                owner.name
            )));
        }
        let number = self.number(&recorded)?;
        Ok(House { name: name.to_owned(), number, hosts, socket, key_file, card })
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

    /// Writes down that a house will be made: its number is nobody else's from now on.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be written.
    pub(crate) fn record_making(&self, house: &House, by: &str, at: String) -> Result<(), Failure> {
        self.write_down(MAKING, house, by, at, Some(house.key_file.clone()))
    }

    /// Writes down what was done with a house, and who did it.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be written.
    pub(crate) fn record(&self, act: &str, house: &House, by: &str, at: String) -> Result<(), Failure> {
        self.write_down(act, house, by, at, None)
    }

    fn write_down(
        &self,
        act: &str,
        house: &House,
        by: &str,
        at: String,
        key_file: Option<PathBuf>,
    ) -> Result<(), Failure> {
        let (tenant, number) = (house.name.clone(), house.number);
        let recorded = Recorded { at, act: act.to_owned(), tenant, number, by: by.to_owned(), key_file };
        let line = format!("{}\n", serde_json::to_string(&recorded)?);
        let write = || {
            let mut file =
                File::options().read(true).append(true).create(true).mode(0o600).open(&self.record)?;
            let mut octets = Vec::new();
            file.read_to_end(&mut octets)?;
            // Nothing is appended to a line that was cut off.
            file.set_len(u64::try_from(whole(&octets)).map_err(io::Error::other)?)?;
            file.write_all(line.as_bytes())?;
            file.sync_all()?;
            File::open(&self.houses.directory)?.sync_all()
        };
        write().map_err(|reason| Failure::from(reason).during(&format!("write {}", self.record.display())))
    }
}

/// Whether the unit of a house of that name would run as somebody who is there for another: the door, or a key agent.
fn is_users(name: &str) -> bool {
    ["door", "key"].contains(&name) || name.starts_with("key-")
}

/// What is left of a house that somebody began to make and did not finish. Nothing was ever taken in by it: it had no
/// card yet.
fn unfinished(card: &Path, name: &str, recorded: &[Recorded]) -> Option<String> {
    let last = recorded.iter().rfind(|recorded| recorded.tenant == name)?;
    let key_file = last.key_file.as_ref().filter(|_| last.act == MAKING)?;
    let parts = [card.with_extension(""), key_file.clone()];
    let left: Vec<String> =
        parts.iter().filter(|part| part.exists()).map(|part| part.display().to_string()).collect();
    (!left.is_empty()).then(|| {
        format!(
            "making it was begun at {} and not finished; remove what is left of that and make it again: rm -r {}",
            last.at,
            left.join(" ")
        )
    })
}

/// How much of these lines is whole.
fn whole(octets: &[u8]) -> usize {
    octets.iter().rposition(|octet| *octet == b'\n').map_or(0, |last| last + 1)
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

    /// `tenant remove` destroys the file a card names; a card that names a socket would name nothing.
    #[test]
    fn a_house_is_not_made_with_a_token_and_told_how_to_move_to_one() {
        let dir = TestDir::new();
        let held = Held::take(&dir.join("houses"), true).unwrap();
        let named = Some(PathBuf::from("socket:/run/honnin-key/agent.sock"));
        let refused = held.plan("a", vec!["a.example".to_owned()], [None, named]).unwrap_err().to_string();
        assert!(refused.contains("honnin key rotate --to socket:PATH"), "{refused}");
    }

    #[test]
    fn no_house_runs_as_the_user_of_the_door_or_of_a_key_agent() {
        let dir = TestDir::new();
        let held = Held::take(&dir.join("houses"), true).unwrap();
        let planned = |name: &str| held.plan(name, vec!["a.example".to_owned()], [None, None]);
        for name in ["door", "key", "key-umi"] {
            let refused = planned(name).unwrap_err().to_string();
            assert!(refused.contains(&format!("the user honnin-{name} ")), "{refused}");
        }
        planned("keyaki").unwrap();
    }

    #[test]
    fn a_line_that_was_cut_off_is_in_nobodys_way() {
        let dir = TestDir::new();
        let held = Held::take(&dir.join("houses"), true).unwrap();
        let planned = |name: &str| held.plan(name, vec![format!("{name}.example")], [None, None]);
        held.record_making(&planned("a").unwrap(), "sato", "2026-11-30".to_owned()).unwrap();
        let mut log = File::options().append(true).open(&held.record).unwrap();
        log.write_all(b"{\"at\":\"2026-11-30\",\"act\":\"mak").unwrap();
        let second = planned("b").unwrap();
        assert_eq!(second.number, 2);
        held.record_making(&second, "sato", "2026-11-30".to_owned()).unwrap();
        assert_eq!(planned("c").unwrap().number, 3);
        assert_eq!(fs::read_to_string(&held.record).unwrap().lines().count(), 2);
    }

    #[test]
    fn what_was_left_of_a_house_that_was_not_finished_is_named() {
        let dir = TestDir::new();
        let held = Held::take(&dir.join("houses"), true).unwrap();
        let key = dir.join("keys/a.key");
        let plan = |key: &Path| held.plan("a", vec!["a.example".to_owned()], [None, Some(key.to_owned())]);
        let house = plan(&key).unwrap();
        held.record_making(&house, "sato", "2026-11-30".to_owned()).unwrap();
        dir.write("keys/a.key", "key");
        fs::create_dir(house.directory()).unwrap();
        // Also where another key file is named now.
        for named in [&key, &dir.join("keys/b.key")] {
            let refused = plan(named).unwrap_err().to_string();
            let rm = format!("rm -r {} {}", house.directory().display(), key.display());
            assert!(refused.ends_with(&rm), "{refused}");
        }
        fs::remove_dir(house.directory()).unwrap();
        fs::remove_file(&key).unwrap();
        assert_eq!(plan(&key).unwrap().number, 2);
        // What was made is never named to be removed, whatever became of its card.
        held.record("made", &house, "sato", "2026-11-30".to_owned()).unwrap();
        fs::create_dir(house.directory()).unwrap();
        assert!(plan(&key).is_ok());
    }
}
