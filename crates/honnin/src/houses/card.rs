//! One card, and the house it tells of.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use honnin_front::Hosts;
use honnin_front::door::is_served;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::Houses;
use crate::failure::Failure;
use crate::installation::Installation;

/// The longest name of a house.
const LONGEST: usize = 32;
/// Longer is no card.
const MOST_OCTETS: u64 = 256 * 1024;

/// A card as it stands in its file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Card {
    /// `tenant.id` of its settings; given once and never again.
    pub(super) number: u32,
    /// The names people find it at.
    pub(super) hosts: Vec<String>,
    /// Where it takes connections from the door.
    pub(super) socket: PathBuf,
    /// The key file it was made with.
    pub(super) key_file: PathBuf,
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
        let house = Self::read_if_there(&card)?.ok_or_else(|| {
            Failure::cannot(format_args!(
                "use the card {}: it is not there; correct listen.door",
                card.display()
            ))
        })?;
        if house.number != installation.settings.tenant.id {
            return Err(Failure::cannot(format_args!(
                "use the card {}: its number is {} and tenant.id is {}; it is another house's",
                card.display(),
                house.number,
                installation.settings.tenant.id
            )));
        }
        house.refuse_elsewhere(&installation.place.data)?;
        house.refuse_unnamed(&installation.settings.tenant.public_url)?;
        // What is wrong with the cards of others is theirs, and the door's, to tell.
        match Houses::read(card.parent().unwrap_or(&card))?.against(&house) {
            Some(problem) => Err(problem),
            None => Ok(Some(house)),
        }
    }

    /// Refuses the card of another data directory: two processes would answer for one house.
    fn refuse_elsewhere(&self, data: &Path) -> Result<(), Failure> {
        let own = self.directory();
        let real = |path: &Path| {
            let doing = format!("use the card {}", self.card.display());
            fs::canonicalize(path).map_err(|reason| {
                Failure::from(reason).during(&format!("look for {}", path.display())).during(&doing)
            })
        };
        if real(&own)? == real(data)? {
            return Ok(());
        }
        Err(Failure::cannot(format_args!(
            "use the card {}: it is that of the house in {} and the data directory is {}; name the card beside the data \
             directory (listen.door)",
            self.card.display(),
            own.display(),
            data.display()
        )))
    }

    /// Refuses a public address at which nothing is answered.
    fn refuse_unnamed(&self, public_url: &str) -> Result<(), Failure> {
        let Some(at) = public_url.strip_prefix("https://") else { return Ok(()) };
        let host = at.split([':', '/']).next().unwrap_or_default();
        if self.hosts.names().any(|name| name == host) {
            return Ok(());
        }
        Err(Failure::cannot(format_args!(
            "use the card {}: it does not name {host}, the host of tenant.public_url; add it to hosts, or correct \
             tenant.public_url",
            self.card.display()
        )))
    }

    /// Reads a card; `None` where it is gone.
    pub(super) fn read_if_there(card: &Path) -> Result<Option<Self>, Failure> {
        let doing = format!("use the card {}", card.display());
        let wrong = |says: &str| Failure::cannot(format_args!("{doing}: {says}"));
        let read = |reason: io::Error| Failure::from(reason).during(&doing);
        // Neither a link, which leads where somebody else may write, nor a pipe, which nobody may ever fill.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::open(card, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(wrong("it is a symbolic link; put the card itself there")),
            Err(reason) => return Err(read(reason.into())),
        };
        let known = file.metadata().map_err(read)?;
        if !known.is_file() {
            return Err(wrong("it is no regular file"));
        }
        let mode = known.mode() & 0o777;
        if mode & 0o022 != 0 {
            return Err(wrong(&format!("other users can change it (mode {mode:03o}); chmod 644 it")));
        }
        let owners = [0, fs::metadata(card.parent().unwrap_or(card)).map_err(read)?.uid()];
        if !owners.contains(&known.uid()) {
            return Err(wrong(&format!(
                "it belongs to user {}, neither to root nor to the owner of its directory; chown it to root",
                known.uid()
            )));
        }
        let mut text = String::new();
        file.take(MOST_OCTETS).read_to_string(&mut text).map_err(read)?;
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
        Ok(Some(Self { name, number, hosts, socket, key_file, card: card.to_owned() }))
    }

    /// Whether it takes connections from the door; `None` where we may not ask.
    pub(crate) fn serves(&self) -> Option<bool> {
        is_served(&self.socket).ok()
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

pub(super) const NAMES: &str = "write up to 32 small letters, digits and hyphens, a letter first";

pub(super) fn is_name(name: &str) -> bool {
    let known = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    (1..=LONGEST).contains(&name.len())
        && name.chars().all(known)
        && name.starts_with(|letter: char| letter.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use honnin_testkit::TestDir;

    use super::*;

    #[test]
    fn a_card_is_of_the_directory_beside_it_and_of_the_public_address() {
        let dir = TestDir::new();
        let text = "number = 1\nhosts = [\"a.example\"]\nsocket = \"a.sock\"\nkey_file = \"a.key\"\n";
        let card = dir.write("a.toml", text);
        fs::set_permissions(&card, fs::Permissions::from_mode(0o644)).unwrap();
        let house = House::read_if_there(&card).unwrap().unwrap();
        fs::create_dir(dir.join("a")).unwrap();
        fs::create_dir(dir.join("b")).unwrap();
        std::os::unix::fs::symlink(dir.join("a"), dir.join("way")).unwrap();
        assert!(
            house.refuse_elsewhere(&dir.join("a")).is_ok()
                && house.refuse_elsewhere(&dir.join("way")).is_ok()
        );
        let refused = house.refuse_elsewhere(&dir.join("b")).unwrap_err().to_string();
        assert!(refused.contains("it is that of the house in"), "{refused}");
        for url in ["", "https://a.example", "https://a.example:8443"] {
            assert!(house.refuse_unnamed(url).is_ok(), "{url}");
        }
        let refused = house.refuse_unnamed("https://www.a.example").unwrap_err().to_string();
        assert!(refused.contains("does not name www.a.example"), "{refused}");
    }

    #[test]
    fn a_card_is_a_file_and_not_a_pipe_or_a_link() {
        let dir = TestDir::new();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            dir.join("a.toml"),
            rustix::fs::FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .unwrap();
        let refused = House::read_if_there(&dir.join("a.toml")).unwrap_err().to_string();
        assert!(refused.contains("no regular file"), "{refused}");
        std::os::unix::fs::symlink(dir.join("a.toml"), dir.join("b.toml")).unwrap();
        let refused = House::read_if_there(&dir.join("b.toml")).unwrap_err().to_string();
        assert!(refused.contains("symbolic link"), "{refused}");
        assert!(House::read_if_there(&dir.join("c.toml")).unwrap().is_none());
    }
}
