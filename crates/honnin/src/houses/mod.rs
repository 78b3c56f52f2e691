//! The houses of one machine behind one door: a directory for each, and beside it a card that says where it is found.
//!
//! A card is the one place in which the names of a house stand: the door leads by it, the house answers to it and refuses
//! every other name. It holds no secret, and who may change it decides which house is asked: its owner alone.

mod held;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use honnin_front::Hosts;
use honnin_front::door::is_served;
use serde::{Deserialize, Serialize};

pub(crate) use held::Held;

use crate::failure::Failure;
use crate::installation::Installation;

/// The longest name of a house.
const LONGEST: usize = 32;

/// A card as it stands in its file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    /// `tenant.id` of its settings; given once and never again.
    number: u32,
    /// The names people find it at.
    hosts: Vec<String>,
    /// Where it takes connections from the door.
    socket: PathBuf,
    /// The key file it was made with.
    key_file: PathBuf,
}

/// A house as its card says.
#[derive(Debug, Clone)]
pub(crate) struct House {
    /// Its name among the houses of this machine.
    pub(crate) name: String,
    /// Its number.
    pub(crate) number: u32,
    /// The names people find it at.
    pub(crate) hosts: Hosts,
    /// The file at which it takes connections from the door.
    pub(crate) socket: PathBuf,
    /// The key file it was made with, wherever its settings find the key by now.
    pub(crate) key_file: PathBuf,
    /// Its card.
    pub(crate) card: PathBuf,
}

impl House {
    /// The house whose card these settings name, where they name one.
    ///
    /// # Errors
    /// [`Failure`] where the card cannot be used, or another house has one of its names.
    pub(crate) fn of(installation: &Installation) -> Result<Option<Self>, Failure> {
        let Some(card) = installation.settings.listen.door.path() else { return Ok(None) };
        let card = std::path::absolute(installation.base().join(card))?;
        let house = Self::read(&card)?;
        if house.number != installation.settings.tenant.id {
            return Err(Failure::cannot(format_args!(
                "use the card {}: its number is {} and tenant.id is {}; it is another house's",
                card.display(),
                house.number,
                installation.settings.tenant.id
            )));
        }
        // What is wrong with the cards of others is theirs, and the door's, to tell.
        let street = Houses::read(card.parent().unwrap_or(&card))?;
        let mut owners = house.hosts.names().filter_map(|host| street.owner(host));
        if let Some(owner) = owners.find(|owner| owner.card != card) {
            return Err(taken(&house, owner));
        }
        drop(owners);
        Ok(Some(house))
    }

    fn read(card: &Path) -> Result<Self, Failure> {
        let doing = format!("use the card {}", card.display());
        let wrong = |says: &str| Failure::cannot(format_args!("{doing}: {says}"));
        let read = |reason: io::Error| Failure::from(reason).during(&doing);
        let mode = fs::metadata(card).map_err(read)?.mode() & 0o777;
        if mode & 0o022 != 0 {
            return Err(wrong(&format!("other users can change it (mode {mode:03o}); chmod 644 it")));
        }
        let text = fs::read_to_string(card).map_err(read)?;
        let Card { number, hosts, socket, key_file } =
            toml::from_str(&text).map_err(|reason| Failure::from(reason).during(&doing))?;
        let name = card.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if !is_name(&name) {
            return Err(wrong(&format!("it is called {name:?}; {NAMES}")));
        }
        if hosts.is_empty() {
            return Err(wrong("it names no host; write at least one"));
        }
        let hosts = Hosts::new(hosts).map_err(|reason| Failure::from(reason).during(&doing))?;
        let [socket, key_file] = [socket, key_file].map(|file| card.parent().unwrap_or(card).join(file));
        Ok(Self { name, number, hosts, socket, key_file, card: card.to_owned() })
    }

    /// Whether it takes connections from the door.
    pub(crate) fn serves(&self) -> bool {
        is_served(&self.socket)
    }

    /// Its data directory, as `honnin tenant make` made it.
    pub(crate) fn directory(&self) -> PathBuf {
        self.card.with_extension("")
    }

    /// Its settings file.
    pub(crate) fn settings(&self) -> PathBuf {
        self.directory().join(crate::settings::FILE_NAME)
    }
}

const NAMES: &str = "write up to 32 small letters, digits and hyphens, a letter first";

fn is_name(name: &str) -> bool {
    let known = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    (1..=LONGEST).contains(&name.len())
        && name.chars().all(known)
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
}

/// That somebody else has a name of this house.
fn taken(house: &House, owner: &House) -> Failure {
    let both = house.hosts.names().find(|host| owner.hosts.names().any(|other| other == *host));
    Failure::cannot(format_args!(
        "lead {} to {}: it is a host of {}; take it out of {}",
        both.unwrap_or_default(),
        house.name,
        owner.name,
        house.card.display()
    ))
}

/// All houses of a directory.
#[derive(Debug, Default)]
pub(crate) struct Houses {
    directory: PathBuf,
    /// The houses, by their numbers: the oldest first.
    pub(crate) all: Vec<House>,
    /// What is wrong: cards that cannot be used, and names that an older house has.
    pub(crate) problems: Vec<String>,
}

impl Houses {
    /// Reads every card in that directory.
    ///
    /// # Errors
    /// [`Failure`] where the directory cannot be read.
    pub(crate) fn read(directory: &Path) -> Result<Self, Failure> {
        let unread =
            |reason: io::Error| Failure::from(reason).during(&format!("read {}", directory.display()));
        let directory = std::path::absolute(directory)?;
        let mut houses = Self { directory: directory.clone(), ..Self::default() };
        for entry in fs::read_dir(&directory).map_err(unread)? {
            let card = entry.map_err(unread)?.path();
            if card.extension().is_some_and(|kind| kind == "toml") {
                match House::read(&card) {
                    Ok(house) => houses.all.push(house),
                    Err(problem) => houses.problems.push(problem.to_string()),
                }
            }
        }
        houses.all.sort_by(|one, other| (one.number, &one.name).cmp(&(other.number, &other.name)));
        let claimed = houses.all.iter().flat_map(|house| {
            let owners = house.hosts.names().filter_map(|host| houses.owner(host));
            owners.filter(|owner| owner.card != house.card).map(|owner| taken(house, owner).to_string())
        });
        let claimed: Vec<String> = claimed.collect();
        houses.problems.extend(claimed);
        houses.problems.sort_unstable();
        houses.problems.dedup();
        Ok(houses)
    }

    /// The house that a host leads to: the oldest that names it.
    pub(crate) fn owner(&self, host: &str) -> Option<&House> {
        self.all.iter().find(|house| house.hosts.names().any(|name| name == host))
    }

    /// The house of that name.
    ///
    /// # Errors
    /// [`Failure`] where there is none.
    pub(crate) fn find(&self, name: &str) -> Result<&House, Failure> {
        self.all.iter().find(|house| house.name == name).ok_or_else(|| {
            Failure::cannot(format_args!(
                "find the tenant {name:?}: it has no card in {}; `honnin tenant list` lists those that have",
                self.directory.display()
            ))
        })
    }

    /// Where each host leads.
    pub(crate) fn ways(&self) -> BTreeMap<String, PathBuf> {
        let ways = self
            .all
            .iter()
            .rev()
            .flat_map(|house| house.hosts.names().map(|host| (host.to_owned(), house.socket.clone())));
        // Of two that claim one the older is inserted last.
        ways.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use honnin_testkit::TestDir;

    use super::*;

    fn card(dir: &TestDir, name: &str, text: &str) -> PathBuf {
        let file = dir.write(name, text);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        file
    }

    #[test]
    fn of_two_houses_with_one_host_the_older_keeps_it_and_somebody_is_told() {
        let dir = TestDir::new();
        card(
            &dir,
            "a.toml",
            "number = 2\nhosts = [\"a.example\", \"b.example\"]\nsocket = \"a.sock\"\nkey_file = \"a.key\"\n",
        );
        card(
            &dir,
            "b.toml",
            "number = 1\nhosts = [\"b.example\"]\nsocket = \"/run/b/door.sock\"\nkey_file = \"/k\"\n",
        );
        let houses = Houses::read(&dir.join("")).unwrap();
        let ways = houses.ways();
        assert_eq!(ways["a.example"], dir.join("a.sock"));
        assert_eq!(ways["b.example"], Path::new("/run/b/door.sock"));
        let [problem] = &houses.problems[..] else { panic!("{:?}", houses.problems) };
        assert!(problem.starts_with("cannot lead b.example to a: it is a host of b;"), "{problem}");
    }

    #[test]
    fn a_card_that_cannot_be_used_is_told_and_leads_nowhere() {
        let dir = TestDir::new();
        let good = "number = 1\nhosts = [\"a.example\"]\nsocket = \"a.sock\"\nkey_file = \"a.key\"\n";
        for (name, text, says) in [
            ("A.toml", good, "small letters"),
            ("1.toml", good, "a letter first"),
            ("a.toml", &good.replace("\"a.example\"", ""), "names no host"),
            ("b.toml", &good.replace("a.example", "a.example:443"), "without a port"),
            ("c.toml", &good.replace("socket", "sock"), "socket"),
            ("d.toml", &format!("{good}more = 1\n"), "more"),
        ] {
            let file = card(&dir, name, text);
            let houses = Houses::read(&dir.join("")).unwrap();
            assert!(houses.all.is_empty() && houses.problems.len() == 1, "{houses:?}");
            assert!(houses.problems[0].contains(says), "{name}: {:?}", houses.problems);
            fs::remove_file(file).unwrap();
        }
        let file = card(&dir, "a.toml", good);
        fs::set_permissions(file, fs::Permissions::from_mode(0o664)).unwrap();
        assert!(Houses::read(&dir.join("")).unwrap().problems[0].contains("mode 664"));
    }
}
