//! The keyring's file: its shape, read and written, whole or not at all.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::KeyringError;

pub(crate) const FORMAT: u32 = 1;
pub(crate) const FILE: &str = "keyring.toml";

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) format: u32,
    /// Whether it was made for a demo. Bound to the seal of the root: altered it does not open.
    #[serde(default)]
    pub(crate) demo: bool,
    pub(crate) salt: String,
    pub(crate) root: String,
    /// The key that opens `root`, wrapped by a token's, where it lies in no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held: Option<String>,
    /// The same root under another key file, from `key rotate` on until it is finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) also: Option<Wrapped>,
}

/// The root secret under a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wrapped {
    pub(crate) salt: String,
    pub(crate) root: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held: Option<String>,
}

impl File {
    /// What each key has opened, the last one that was added last.
    pub(crate) fn wrapped(&self) -> Vec<Wrapped> {
        let Self { salt, root, held, also, .. } = self.clone();
        [Some(Wrapped { salt, root, held }), also].into_iter().flatten().collect()
    }
}

pub(crate) fn read(path: &Path) -> Result<File, KeyringError> {
    let text = fs::read_to_string(path).map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        if missing {
            KeyringError::Missing(path.to_owned())
        } else {
            KeyringError::Io(path.to_owned(), error)
        }
    })?;
    let file: Option<File> = toml::from_str(&text).ok();
    file.filter(|file| file.format == FORMAT).ok_or_else(|| KeyringError::Malformed(path.to_owned()))
}

pub(crate) fn text_of(file: &File, path: &Path) -> Result<String, KeyringError> {
    let body = toml::to_string(file).map_err(|_| KeyringError::Malformed(path.to_owned()))?;
    Ok(format!("# Sealed under the operator's key. Without it nothing here opens; keep both, apart.\n{body}"))
}

pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), KeyringError> {
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
            let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
            if exists {
                KeyringError::Exists(path.to_owned())
            } else {
                KeyringError::Io(path.to_owned(), error)
            }
        })?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| KeyringError::Io(path.to_owned(), error))
}

/// Puts another keyring in place of the one there is, whole or not at all.
pub(crate) fn replace(path: &Path, file: &File) -> Result<(), KeyringError> {
    let beside = path.with_extension("toml.new");
    let io = |error| KeyringError::Io(path.to_owned(), error);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
        // What a rotation left that was killed.
        Ok(()) | Err(_) => {}
    }
    write_new(&beside, &text_of(file, path)?)?;
    fs::rename(&beside, path).map_err(io)?;
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)
}
