//! The list of a backup's files: with it what is missing, cut, altered or put in is found before anything is believed.
//!
//! # Security
//! The list bears a check that only the keyring's key makes: whoever can write to the backup can replace it by another
//! whole backup of the same installation, and by nothing else.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use data_encoding::HEXLOWER;
use honnin_seal::{MacKey, RunningDigest, same_octets};
use honnin_terms::Moment;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The name of the list; a directory without it is no backup.
const FILE: &str = "backup.toml";
const FORMAT: u32 = 1;
/// Longest list, in octets: of a journal of a hundred thousand files.
const MOST: u64 = 32 << 20;
const PIECE: usize = 256 * 1024;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    format: u32,
    /// The version of the program that made it.
    honnin: String,
    /// When it was begun, in milliseconds since 1970: everything to that moment is in it.
    pub(crate) made_at: i64,
    /// The check over the rest, in hexadecimal.
    check: String,
    file: BTreeMap<String, Listed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    octets: u64,
    sha256: String,
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::cannot(format_args!("restore from this backup: {} {why}", path.display()))
}

fn during<'a>(what: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> Failure + 'a {
    move |reason| Failure::from(reason).during(&format!("{what} {}", path.display()))
}

impl List {
    /// Lists what lies in a directory; `step` is called between two pieces of it.
    ///
    /// # Errors
    /// [`Failure`]: which file cannot be read.
    pub(crate) fn of(directory: &Path, at: Moment, step: &mut dyn FnMut()) -> Result<Self, Failure> {
        let mut file = BTreeMap::new();
        for path in files(directory)? {
            let (octets, sha256) = digest_of(&path, None, step).map_err(during("read", &path))?;
            let_go(&path);
            file.insert(name_in(directory, &path)?, Listed { octets, sha256 });
        }
        let honnin = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Self { format: FORMAT, honnin, made_at: at.millis(), check: String::new(), file })
    }

    /// Files, and octets in them.
    pub(crate) fn size(&self) -> (usize, u64) {
        (self.file.len(), self.file.values().map(|file| file.octets).sum())
    }

    fn checked(&self, key: &MacKey) -> Result<String, Failure> {
        let text = toml::to_string(&Self { check: String::new(), ..self.clone() })?;
        Ok(HEXLOWER.encode(&key.tag([&b"honnin backup v1\0"[..], text.as_bytes()])))
    }

    fn text(&self) -> Result<String, Failure> {
        let list = toml::to_string(self)?;
        Ok(format!("# What this backup holds. It opens with the key file of its installation only.\n{list}"))
    }

    /// Writes the list, last of all: from here on the directory is a backup.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be written.
    pub(crate) fn write(mut self, directory: &Path, key: &MacKey) -> Result<(), Failure> {
        self.check = self.checked(key)?;
        let (path, beside) = (directory.join(FILE), directory.join("backup.new"));
        let text = self.text()?;
        let write = || {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(directory)?.sync_all()
        };
        write().map_err(during("write", &path))
    }

    /// Reads the list of a backup. Nothing in it is believed yet.
    ///
    /// # Errors
    /// [`Failure`] where there is none, or it is none of this build's.
    pub(crate) fn read(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(FILE);
        let mut text = String::new();
        let file = File::open(&path).map_err(|reason| {
            if reason.kind() == io::ErrorKind::NotFound {
                return refused(&path, "is missing: it was not finished, or is no backup");
            }
            during("read", &path)(reason)
        })?;
        let malformed = || refused(&path, "is no list of a backup that this build reads");
        file.take(MOST).read_to_string(&mut text).map_err(|_| malformed())?;
        let list: Self = toml::from_str(&text).map_err(|_| malformed())?;
        let within = |name: &String| {
            let mut parts = Path::new(name).components();
            !name.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
        };
        // One list, one text: what is cut off its end is missed as well.
        if list.format != FORMAT || !list.file.keys().all(within) || list.text()? != text {
            return Err(malformed());
        }
        Ok(list)
    }

    /// Whether the list is as it was written.
    ///
    /// # Errors
    /// [`Failure`] where it is not.
    pub(crate) fn verify(&self, directory: &Path, key: &MacKey) -> Result<(), Failure> {
        if same_octets(self.checked(key)?.as_bytes(), self.check.as_bytes()) {
            return Ok(());
        }
        Err(refused(&directory.join(FILE), "was altered: its check is not of this installation's keyring"))
    }

    /// Whether every file is there as it was, and no other.
    ///
    /// # Errors
    /// [`Failure`] that names the first file that is not.
    pub(crate) fn compare(&self, directory: &Path) -> Result<(), Failure> {
        for (name, listed) in &self.file {
            let path = directory.join(name);
            same(&path, listed, digest_of(&path, None, &mut || {}))?;
        }
        for path in files(directory)? {
            let name = name_in(directory, &path)?;
            if name != FILE && !self.file.contains_key(&name) {
                return Err(refused(&path, "is not in its list: somebody put it there"));
            }
        }
        Ok(())
    }

    /// The names of the files.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.file.keys().map(String::as_str)
    }

    /// Copies a file out of the backup, and looks once more whether it is as it was.
    ///
    /// # Errors
    /// [`Failure`] that names it.
    pub(crate) fn copy(&self, directory: &Path, name: &str, to: &Path) -> Result<(), Failure> {
        let path = directory.join(name);
        let listed = self.file.get(name).ok_or_else(|| refused(&path, "is not in its list"))?;
        if let Some(folder) = to.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(during("make", folder))?;
        }
        let file = File::options().write(true).create_new(true).mode(0o600).open(to);
        let mut file = file.map_err(during("write", to))?;
        same(&path, listed, digest_of(&path, Some(&mut file), &mut || {}))?;
        file.sync_all().map_err(during("write", to))
    }
}

/// Compares a file with what is listed of it.
fn same(path: &Path, listed: &Listed, found: io::Result<(u64, String)>) -> Result<(), Failure> {
    let (octets, sha256) = found.map_err(|reason| {
        if reason.kind() == io::ErrorKind::NotFound {
            return refused(path, "is missing");
        }
        during("read or copy", path)(reason)
    })?;
    if octets < listed.octets {
        return Err(refused(path, &format!("was cut: {octets} octets of {}", listed.octets)));
    }
    if octets > listed.octets || sha256 != listed.sha256 {
        return Err(refused(path, "was altered: it is not what its list says"));
    }
    Ok(())
}

/// Length and digest of a file, which is copied along where that is wanted.
fn digest_of(path: &Path, mut to: Option<&mut File>, step: &mut dyn FnMut()) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let (mut digest, mut octets, mut piece) = (RunningDigest::default(), 0_u64, vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece)?;
        let Some(taken) = piece.get(..read).filter(|taken| !taken.is_empty()) else { break };
        digest.update(taken);
        octets = octets.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if let Some(to) = to.as_deref_mut() {
            to.write_all(taken)?;
        }
        step();
    }
    Ok((octets, HEXLOWER.encode(&digest.finish())))
}

/// Tells the system that nobody reads that file again: the memory it takes is for what the server reads.
fn let_go(path: &Path) {
    if let Ok(file) = File::open(path) {
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap_or_default();
    }
}

/// Every file below a directory.
fn files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (mut found, mut folders) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(during("read", &folder))? {
            let entry = entry.map_err(during("read", &folder))?;
            let kind = entry.file_type().map_err(during("read", &entry.path()))?;
            if kind.is_dir() { folders.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    Ok(found)
}

fn name_in(directory: &Path, path: &Path) -> Result<String, Failure> {
    let name = path.strip_prefix(directory).ok().and_then(Path::to_str).map(str::to_owned);
    name.ok_or_else(|| refused(path, "has a name that is no text"))
}
