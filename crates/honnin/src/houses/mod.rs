//! The houses of one machine behind one door: a directory for each, and beside it a card that says where it is found.
//!
//! A card is the one place in which the names of a house stand: the door leads by it, the house answers to it and refuses
//! every other name. It holds no secret, and who may change it decides which house is asked: its owner alone.

mod card;
mod held;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use card::House;
use card::{Card, NAMES, is_name};
pub(crate) use held::Held;

use crate::failure::Failure;

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

/// That an older house has the number or the socket of this one.
fn same(house: &House, older: &House) -> Option<Failure> {
    let says = if house.number == older.number {
        format!("its number {} is that of {} too", house.number, older.name)
    } else if house.socket == older.socket {
        format!("its socket {} is that of {} too", house.socket.display(), older.name)
    } else {
        return None;
    };
    let card = house.card.display();
    Some(Failure::cannot(format_args!(
        "use the card {card}: {says}, and each house has its own; correct one of the cards"
    )))
}

/// All houses of a directory.
#[derive(Debug, Default)]
pub(crate) struct Houses {
    directory: PathBuf,
    /// The houses, by their numbers: the oldest first.
    pub(crate) all: Vec<House>,
    /// Cards that cannot be used, or not as they are now, and why.
    pub(crate) bad: BTreeMap<PathBuf, String>,
    /// What is wrong: those cards, and names that an older house has.
    pub(crate) problems: Vec<String>,
}

impl Houses {
    /// Reads every card in that directory.
    ///
    /// # Errors
    /// [`Failure`] where the directory cannot be read.
    pub(crate) fn read(directory: &Path) -> Result<Self, Failure> {
        Self { directory: std::path::absolute(directory)?, ..Self::default() }.again()
    }

    /// Reads every card anew. One that is there and cannot be read, because somebody is saving it or the machine is short
    /// of something, goes on as it was read last: its house keeps its names.
    ///
    /// # Errors
    /// [`Failure`] where the directory cannot be read.
    pub(crate) fn again(&self) -> Result<Self, Failure> {
        let unread =
            |reason: io::Error| Failure::from(reason).during(&format!("read {}", self.directory.display()));
        let mut houses = Self { directory: self.directory.clone(), ..Self::default() };
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(unread)? {
            let card = entry.map_err(unread)?.path();
            if card.extension().is_some_and(|kind| kind == "toml") {
                match House::read_if_there(&card) {
                    Ok(house) => found.extend(house),
                    Err(problem) => {
                        found.extend(self.all.iter().find(|house| house.card == card).cloned());
                        houses.bad.insert(card, problem.to_string());
                    }
                }
            }
        }
        found.sort_by(|one, other| (one.number, &one.name).cmp(&(other.number, &other.name)));
        for house in found {
            match houses.all.iter().find_map(|older| same(&house, older)) {
                Some(problem) => drop(houses.bad.insert(house.card.clone(), problem.to_string())),
                None => houses.all.push(house),
            }
        }
        houses.problems.extend(houses.bad.values().cloned());
        let claimed: Vec<String> =
            houses.all.iter().filter_map(|house| Some(houses.claims(house)?.to_string())).collect();
        houses.problems.extend(claimed);
        houses.problems.sort_unstable();
        houses.problems.dedup();
        Ok(houses)
    }

    /// What keeps a house from being led to by its card, as far as others are there before it.
    fn against(&self, house: &House) -> Option<Failure> {
        let others = self.all.iter().filter(|other| other.card != house.card);
        let mut older = others.filter(|other| (other.number, &other.name) < (house.number, &house.name));
        older.find_map(|older| same(house, older)).or_else(|| self.claims(house))
    }

    /// That an older house has a name of this one.
    fn claims(&self, house: &House) -> Option<Failure> {
        let mut owners = house.hosts.names().filter_map(|host| self.owner(host));
        owners.find(|owner| owner.card != house.card).map(|owner| taken(house, owner))
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

    fn of_one(number: u32, name: &str) -> String {
        format!(
            "number = {number}\nhosts = [\"{name}.example\"]\nsocket = \"{name}.sock\"\nkey_file = \"{name}.key\"\n"
        )
    }

    #[test]
    fn a_card_that_cannot_be_read_for_a_moment_goes_on_as_it_was_until_it_is_gone() {
        let dir = TestDir::new();
        let older = card(&dir, "a.toml", &of_one(1, "a"));
        card(&dir, "b.toml", &of_one(2, "b").replace("[\"b", "[\"a.example\", \"b"));
        let houses = Houses::read(&dir.join("")).unwrap();
        let to = |houses: &Houses| houses.ways().get("a.example").cloned();
        assert_eq!(to(&houses), Some(dir.join("a.sock")));
        // Saved by half, open to others, replaced by a link, and so for longer than once.
        fs::write(&older, "number = 1\nhosts = [\"a.exa").unwrap();
        let half = houses.again().unwrap();
        assert_eq!((to(&half), half.bad.len()), (Some(dir.join("a.sock")), 1));
        fs::set_permissions(&older, fs::Permissions::from_mode(0o666)).unwrap();
        let open = half.again().unwrap();
        assert_eq!((to(&open), open.bad.len()), (Some(dir.join("a.sock")), 1));
        fs::rename(&older, dir.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(dir.join("elsewhere"), &older).unwrap();
        let link = open.again().unwrap();
        assert!(link.bad[&older].contains("symbolic link"), "{:?}", link.bad);
        assert_eq!(to(&link), Some(dir.join("a.sock")));
        fs::remove_file(&older).unwrap();
        let gone = link.again().unwrap();
        assert_eq!((to(&gone), gone.problems.len()), (Some(dir.join("b.sock")), 0));
    }

    #[test]
    fn a_number_and_a_socket_are_one_houses_own() {
        for (younger, says) in [
            (of_one(1, "b"), "its number 1 is that of a too"),
            (of_one(2, "b").replace("b.sock", "a.sock"), "is that of a too"),
        ] {
            let dir = TestDir::new();
            card(&dir, "a.toml", &of_one(1, "a"));
            let card = card(&dir, "b.toml", &younger);
            let houses = Houses::read(&dir.join("")).unwrap();
            assert!(houses.bad[&card].contains(says) && houses.problems.len() == 1, "{houses:?}");
            assert_eq!(houses.ways().into_keys().collect::<Vec<_>>(), ["a.example"]);
            let house = House::read_if_there(&card).unwrap().unwrap();
            assert!(houses.against(&house).unwrap().to_string().contains(says));
        }
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
