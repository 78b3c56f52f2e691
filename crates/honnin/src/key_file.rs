//! The key that all others hang on: where it is read from, and how a new one is made.
//!
//! It never lies under the data directory: whoever copies that directory must get nothing that opens.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::BASE64;
use honnin_keeper::{Keeper, KeyringError, NewKey};
use honnin_key_socket::{AskError, Asked, ask};
use honnin_seal::Secret;
use honnin_terms::Entropy;
use zeroize::Zeroizing;

use crate::machine;
use crate::settings::Keys;

/// Before the name of a systemd credential.
const CREDENTIAL: &str = "credential:";
/// Before the path of a key agent's socket.
const SOCKET: &str = "socket:";
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
    /// The agent gave none.
    #[error(transparent)]
    Agent(#[from] AskError),
    /// There is no keyring to unwrap the key of.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The keyring opens with a key file.
    #[error(
        "cannot ask the key agent at {0}: the keyring holds no key that a token has wrapped; set keys.key_file to its key \
         file, then honnin key rotate --to socket:{0}"
    )]
    NothingHeld(PathBuf),
    /// It unwraps what it has wrapped as something else.
    #[error(
        "cannot have the key agent at {0} wrap a key: it unwraps another than it was given; look at the agent and its token"
    )]
    NotKept(PathBuf),
    /// What it gave is no key of this keyring.
    #[error(
        "cannot open the keyring {1}: what the key agent at {0} unwrapped does not open it; start the agent of this house, \
         or restore the keyring"
    )]
    AnotherKey(PathBuf, PathBuf),
}

/// Where the key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// A file, readable by this user only.
    File(PathBuf),
    /// A credential of that name that systemd hands over.
    Credential(String),
    /// A key agent that listens there, and how long it may take.
    Agent(PathBuf, Duration),
}

/// A key that was not there before.
pub(crate) struct Begun {
    pub(crate) key: Zeroizing<String>,
    /// How it is kept, where it lies in no file.
    pub(crate) held: Option<Zeroizing<Vec<u8>>>,
    /// Whether it was made; a file that was there is kept.
    pub(crate) made: bool,
}

impl Begun {
    pub(crate) fn new_key(&self) -> NewKey<'_> {
        NewKey { key: self.key.as_bytes(), held: self.held.as_deref().map(Vec::as_slice) }
    }
}

impl KeySource {
    /// Reads the setting; a relative path starts at `base`.
    pub(crate) fn of_setting(keys: &Keys, base: &Path) -> Self {
        let setting = keys.key_file.as_str();
        match (setting.strip_prefix(CREDENTIAL), setting.strip_prefix(SOCKET)) {
            (Some(name), _) => Self::Credential(name.to_owned()),
            (None, Some(path)) => Self::Agent(base.join(path), keys.agent_answer.duration()),
            (None, None) => Self::File(base.join(setting)),
        }
    }

    /// What a command line names, a file or a key agent, and as a setting it is to be; `None` where that is not UTF-8.
    ///
    /// # Errors
    /// What the system says of where we are.
    pub(crate) fn named(named: &Path, keys: &Keys) -> io::Result<Option<(Self, String)>> {
        let text = |path: &Path| path.to_str().map(str::to_owned);
        let Some(socket) = named.to_str().and_then(|named| named.strip_prefix(SOCKET)) else {
            let file = std::path::absolute(named)?;
            return Ok(text(&file).map(|setting| (Self::File(file), setting)));
        };
        let socket = std::path::absolute(socket)?;
        let setting = text(&socket).map(|path| format!("{SOCKET}{path}"));
        Ok(setting.map(|setting| (Self::Agent(socket, keys.agent_answer.duration()), setting)))
    }

    /// Whether it is a key agent.
    pub(crate) const fn is_agent(&self) -> bool {
        matches!(self, Self::Agent(..))
    }

    /// Reads the key. The data directory is named so that a key inside it is refused, and for the keyring in it, which a key
    /// agent opens.
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
            Self::Agent(socket, within) => return unwrapped(socket, *within, &Keeper::held(data)?),
        };
        refuse_inside(&path, data)?;
        read(&path)
    }

    /// Has a key there: made where there is none. A key agent wraps a new one each time.
    ///
    /// # Errors
    /// [`KeyFileError`] with what to do.
    pub(crate) fn begin(&self, data: &Path, entropy: &dyn Entropy) -> Result<Begun, KeyFileError> {
        if let Self::Agent(socket, within) = self {
            return wrapped(socket, *within, entropy);
        }
        let made = match self {
            Self::File(path) => create_where_absent(path, data, entropy)?,
            Self::Credential(_) | Self::Agent(..) => false,
        };
        Ok(Begun { key: self.read(data)?, held: None, made })
    }
}

/// Has an agent wrap a new key, and unwrap it once: what it does not give back opens nothing later.
fn wrapped(socket: &Path, within: Duration, entropy: &dyn Entropy) -> Result<Begun, KeyFileError> {
    let key = Zeroizing::new(BASE64.encode(Secret::random(entropy).expose()));
    let held = ask(socket, &Asked::Wrap(Zeroizing::new(key.as_bytes().to_vec())), within)?;
    let again = ask(socket, &Asked::Unwrap(held.to_vec()), within)?;
    if again.as_slice() != key.as_bytes() || held.as_slice() == key.as_bytes() {
        return Err(KeyFileError::NotKept(socket.to_owned()));
    }
    Ok(Begun { key, held: Some(held), made: true })
}

/// Has an agent unwrap the first of those that its token has wrapped.
fn unwrapped(socket: &Path, within: Duration, held: &[Vec<u8>]) -> Result<Zeroizing<String>, KeyFileError> {
    let mut refused = KeyFileError::NothingHeld(socket.to_owned());
    for held in held {
        match ask(socket, &Asked::Unwrap(held.clone()), within) {
            Ok(key) => {
                // It is text, as we have made it. What is not is another's.
                let key = String::from_utf8(key.to_vec()).map(Zeroizing::new);
                return key.map_err(|_| KeyFileError::NotKept(socket.to_owned()));
            }
            // While the key is changed two stand there, and one may be another token's.
            Err(reason @ AskError::Refused(_)) => refused = reason.into(),
            Err(reason) => return Err(reason.into()),
        }
    }
    Err(refused)
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
    fn a_setting_names_a_file_a_credential_or_a_socket() {
        let base = Path::new("/etc/honnin");
        let of = |setting: &str| {
            let keys = Keys { key_file: setting.to_owned(), ..Keys::default() };
            KeySource::of_setting(&keys, base)
        };
        assert_eq!(of("key"), KeySource::File("/etc/honnin/key".into()));
        assert_eq!(of("/run/key"), KeySource::File("/run/key".into()));
        assert_eq!(of("credential:honnin-key"), KeySource::Credential("honnin-key".to_owned()));
        let patience = Duration::from_secs(10);
        assert_eq!(
            of("socket:/run/key/agent.sock"),
            KeySource::Agent("/run/key/agent.sock".into(), patience)
        );
        assert_eq!(of("socket:agent.sock"), KeySource::Agent("/etc/honnin/agent.sock".into(), patience));
        let escaping = of("credential:../shadow").read(base);
        assert!(matches!(escaping, Err(KeyFileError::BadCredential(_))));
    }
}
