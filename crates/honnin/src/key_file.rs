//! The key that all others hang on: where it is read from, and how a new one is made.
//!
//! It never lies under the data directory: whoever copies that directory must get nothing that opens.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use honnin_seal::Secret;
use honnin_terms::Entropy;
use zeroize::Zeroizing;

use crate::machine;

/// Before the name of a systemd credential.
const CREDENTIAL: &str = "credential:";
/// More than any passphrase or key; a longer file is something else.
const MOST_OCTETS: u64 = 64 * 1024;
/// Fewest octets of a passphrase somebody wrote into the file.
const FEWEST: usize = 32;

/// Key material that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// The file cannot be read.
    #[error("cannot read the key file {0}")]
    Unreadable(PathBuf, #[source] io::Error),
    /// Others than its owner can read it.
    #[error(
        "cannot use the key file {0}: other users can read it (mode {1:03o}); chmod 600 it, and consider it disclosed if others have had access"
    )]
    OpenToOthers(PathBuf, u32),
    /// It is empty, far too long, or no text.
    #[error("cannot use the key file {0}: not one line of text of at least {FEWEST} octets")]
    NotAKey(PathBuf),
    /// It would lie beside what it protects.
    #[error(
        "cannot use the key file {0}: it is inside the data directory {1}; keep it elsewhere, so that a copy of the data opens nothing"
    )]
    InsideData(PathBuf, PathBuf),
    /// The service was started without the credential.
    #[error("cannot read the credential {0}: systemd passed none; set LoadCredential={0}:FILE in the unit")]
    NoCredentials(String),
    /// A credential's name is no plain name.
    #[error("cannot read the credential {0:?}: not a plain name such as credential:honnin-key")]
    BadCredential(String),
    /// A new key cannot be written.
    #[error("cannot write the key file {0}")]
    Unwritable(PathBuf, #[source] io::Error),
}

/// Where the key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// A file, readable by this user only.
    File(PathBuf),
    /// A credential of that name that systemd hands over.
    Credential(String),
}

impl KeySource {
    /// Reads the setting; a relative path starts at `base`.
    pub(crate) fn of_setting(setting: &str, base: &Path) -> Self {
        match setting.strip_prefix(CREDENTIAL) {
            Some(name) => Self::Credential(name.to_owned()),
            None => Self::File(base.join(setting)),
        }
    }

    /// Reads the key. The data directory is named so that a key inside it is refused.
    ///
    /// # Errors
    /// [`KeyFileError`] with what to do.
    pub(crate) fn read(&self, data: &Path) -> Result<Zeroizing<String>, KeyFileError> {
        let path = match self {
            Self::File(path) => path.clone(),
            Self::Credential(name) => {
                if name.is_empty() || name.contains('/') || name.starts_with('.') {
                    return Err(KeyFileError::BadCredential(name.clone()));
                }
                let directory = machine::credentials_directory();
                directory.ok_or_else(|| KeyFileError::NoCredentials(name.clone()))?.join(name)
            }
        };
        refuse_inside(&path, data)?;
        read(&path)
    }
}

pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let unreadable = |reason| KeyFileError::Unreadable(path.to_owned(), reason);
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(KeyFileError::OpenToOthers(path.to_owned(), mode));
    }
    let mut text = Zeroizing::new(String::new());
    let refused = |_| KeyFileError::NotAKey(path.to_owned());
    file.take(MOST_OCTETS).read_to_string(&mut text).map_err(refused)?;
    let key = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if key.len() < FEWEST || key.contains(['\r', '\n']) {
        return Err(KeyFileError::NotAKey(path.to_owned()));
    }
    Ok(key)
}

/// Makes a new key: 256 random bits as one line of base64, readable by this user only. Returns whether one was made;
/// a key that is there already is checked and kept.
///
/// # Errors
/// [`KeyFileError`] with what to do.
pub(crate) fn create_where_absent(
    path: &Path,
    data: &Path,
    entropy: &dyn Entropy,
) -> Result<bool, KeyFileError> {
    refuse_inside(path, data)?;
    create_token(path, entropy)
}

/// Makes a token as [`create_where_absent`] makes a key, wherever it lies: it opens no data.
///
/// # Errors
/// [`KeyFileError`] with what to do.
pub(crate) fn create_token(path: &Path, entropy: &dyn Entropy) -> Result<bool, KeyFileError> {
    let unwritable = |reason| KeyFileError::Unwritable(path.to_owned(), reason);
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file,
        Err(reason) if reason.kind() == io::ErrorKind::AlreadyExists => return read(path).map(|_| false),
        Err(reason) => return Err(unwritable(reason)),
    };
    let mut line = Zeroizing::new(BASE64.encode(Secret::random(entropy).expose()));
    line.push('\n');
    // A crash before this is durable leaves an empty or short file, which reading refuses.
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)?;
    Ok(true)
}

/// Writes a key file that came back, readable by this user only; one that is there is never overwritten.
///
/// # Errors
/// [`KeyFileError`] with what to do.
pub(crate) fn write_back(path: &Path, data: &Path, key: &[u8]) -> Result<(), KeyFileError> {
    refuse_inside(path, data)?;
    let unwritable = |reason| KeyFileError::Unwritable(path.to_owned(), reason);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(unwritable)?;
    let line = Zeroizing::new([key, b"\n"].concat());
    let written = file.write_all(&line).and_then(|()| file.sync_all());
    written.map_err(|reason| {
        // It was made here. What is left of it would be taken for the key.
        fs::remove_file(path).unwrap_or_default();
        unwritable(reason)
    })
}

/// Refuses a file with key material that lies in the data directory, whatever links lead there.
///
/// # Errors
/// [`KeyFileError::InsideData`].
pub(crate) fn refuse_inside(path: &Path, data: &Path) -> Result<(), KeyFileError> {
    let (file, directory) = (resolved(path), resolved(data));
    if file.starts_with(&directory) || path.starts_with(data) {
        return Err(KeyFileError::InsideData(path.to_owned(), data.to_owned()));
    }
    Ok(())
}

/// The path without links and dots, as far as it exists.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.canonicalize(), absolute.parent(), absolute.file_name()) {
        (Ok(real), _, _) => real,
        (Err(_), Some(parent), Some(name)) => resolved(parent).join(name),
        (Err(_), _, _) => absolute,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use honnin_testkit::{SeededEntropy, TestDir};

    use super::*;

    fn entropy() -> SeededEntropy {
        SeededEntropy::new(1)
    }

    #[test]
    fn a_new_key_is_256_bits_that_only_this_user_reads() {
        let dir = TestDir::new();
        let (key, data) = (dir.join("key"), dir.join("data"));
        assert!(create_where_absent(&key, &data, &entropy()).unwrap());
        assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
        let text = KeySource::File(key.clone()).read(&data).unwrap();
        assert_eq!(BASE64.decode(text.as_bytes()).unwrap().len(), 32);
        assert!(
            !create_where_absent(&key, &data, &SeededEntropy::new(2)).unwrap(),
            "a key is never written over"
        );
        assert_eq!(KeySource::File(key).read(&data).unwrap(), text);
    }

    #[test]
    fn a_key_inside_the_data_directory_is_refused_whatever_way_leads_there() {
        let dir = TestDir::new();
        let data = dir.join("data");
        fs::create_dir(&data).unwrap();
        symlink(&data, dir.join("link")).unwrap();
        for path in
            [data.join("key"), data.join("deep/key"), dir.join("link/key"), dir.join("other/../data/key")]
        {
            fs::create_dir_all(dir.join("other")).unwrap();
            let refused = create_where_absent(&path, &data, &entropy());
            assert!(matches!(refused, Err(KeyFileError::InsideData(..))), "{path:?}: {refused:?}");
        }
        assert!(fs::read_dir(&data).unwrap().next().is_none());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = TestDir::new();
        let key = dir.write("key", "a passphrase that is long enough for a key\n");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = KeySource::File(key.clone()).read(&dir.join("data")).unwrap_err();
        assert!(refused.to_string().contains("mode 644"), "{refused}");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(
            KeySource::File(key).read(&dir.join("data")).is_ok(),
            "a group of its own is the operator's choice"
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let dir = TestDir::new();
        for (name, content) in
            [("empty", ""), ("short", "secret\n"), ("lines", "one line that is long enough alone\nb\n")]
        {
            let key = dir.write(name, content);
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
            let refused = KeySource::File(key).read(&dir.join("data"));
            assert!(matches!(refused, Err(KeyFileError::NotAKey(_))), "{name}: {refused:?}");
        }
    }

    #[test]
    fn a_setting_names_a_file_or_a_credential() {
        let base = Path::new("/etc/honnin");
        assert_eq!(KeySource::of_setting("key", base), KeySource::File("/etc/honnin/key".into()));
        assert_eq!(KeySource::of_setting("/run/key", base), KeySource::File("/run/key".into()));
        let credential = KeySource::of_setting("credential:honnin-key", base);
        assert_eq!(credential, KeySource::Credential("honnin-key".to_owned()));
        let escaping = KeySource::of_setting("credential:../shadow", base).read(base);
        assert!(matches!(escaping, Err(KeyFileError::BadCredential(_))));
    }
}
