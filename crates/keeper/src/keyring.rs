//! The keyring file and the keys derived from its root secret.
//!
//! `keyring.toml` in the data directory holds the root secret under a key made of the operator's key file, which
//! lies elsewhere. Without the key file nothing in the data directory opens.

use std::fmt;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64;
use honnin_seal::{EscrowError, IndexKey, KeeperKey, KeyFingerprint, OpenError, Place, Purpose, Secret};
use honnin_terms::{
    AccountId, BillId, Day, Entropy, HoldingId, Id, LineId, Msisdn, NoticeId, PurchaseId, TenantId,
};
use serde::{Deserialize, Serialize};

use crate::{Deed, Witness};

/// Why the keyring cannot be made or opened. Messages name files, never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// A keyring is there already.
    #[error("cannot create a keyring: {0} exists already; it is never overwritten")]
    Exists(PathBuf),
    /// There is none.
    #[error("cannot open the keyring: {0} does not exist; `honnin init` creates one")]
    Missing(PathBuf),
    /// The key file is not the one the keyring was made with, or the keyring was altered.
    #[error("cannot open the keyring {0}: it does not open with this key file")]
    WrongKey(PathBuf),
    /// It is not a keyring of a shape this build reads.
    #[error("cannot read the keyring {0}: not a keyring of format 1")]
    Malformed(PathBuf),
    /// Two key files open it already.
    #[error(
        "cannot have another key file open {0}: a change of the key file is under way; `honnin key rotate --finish` ends it, \
         with the key file of the settings"
    )]
    UnderWay(PathBuf),
    /// The key file is not split into shares.
    #[error("cannot split the key file: {0}")]
    NotDealt(#[from] EscrowError),
    /// The key file holds too little.
    #[error("cannot use the key file: fewer than 32 octets")]
    ShortKey,
    /// The file system refused.
    #[error("cannot read or write {0}")]
    Io(PathBuf, #[source] std::io::Error),
}

const FORMAT: u32 = 1;
pub(crate) const FILE: &str = "keyring.toml";
const FEWEST_OCTETS: usize = 32;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    format: u32,
    /// Whether it was made for a demo. Bound to the seal of the root: altered it does not open.
    #[serde(default)]
    demo: bool,
    salt: String,
    root: String,
    /// The same root under another key file, from `key rotate` on until it is finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    also: Option<Wrapped>,
}

/// The root secret under a key file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    salt: String,
    root: String,
}

/// The keeper of one tenant.
pub struct Keeper {
    pub(crate) tenant: TenantId,
    pub(crate) wrap: KeeperKey,
    pub(crate) records: KeeperKey,
    pub(crate) lookup: IndexKey,
    pub(crate) journal: KeeperKey,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) witness: Arc<dyn Witness>,
    demo: bool,
    pub(crate) key: KeyFingerprint,
    #[cfg(honnin_faults)]
    pub(crate) kept: crate::planted::KeptHere,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

fn root_place(demo: bool) -> Place<'static> {
    Place::of_tenant(TenantId::new(0), Purpose::KeeperRecord(if demo { "root of a demo" } else { "root" }))
}

/// What a keyring's file says without its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outline {
    /// Whether it was made for a demo. One that says so and was not, or the other way round, does not open.
    pub demo: bool,
    /// Whether two key files open it: a rotation was begun and not finished.
    pub two_keys: bool,
}

impl Keeper {
    /// Makes a keyring in the data directory for the content of a key file.
    ///
    /// # Errors
    /// [`KeyringError`]; an existing keyring is never touched.
    pub fn create(data: &Path, key_file: &[u8], entropy: &dyn Entropy) -> Result<(), KeyringError> {
        Self::create_as(false, data, key_file, entropy)
    }

    /// Makes the keyring of a demo: it says so for ever, and nothing takes it for another.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_demo(data: &Path, key_file: &[u8], entropy: &dyn Entropy) -> Result<(), KeyringError> {
        Self::create_as(true, data, key_file, entropy)
    }

    fn create_as(
        demo: bool,
        data: &Path,
        key_file: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<(), KeyringError> {
        let path = data.join(FILE);
        let key_file = long_enough(key_file)?;
        let root = Secret::random(entropy);
        let Wrapped { salt, root } = wrap(demo, &root, key_file, entropy, &path)?;
        let file = File { format: FORMAT, demo, salt, root, also: None };
        write_new(&path, &text_of(&file, &path)?)
    }

    /// What the keyring's file says without its key.
    ///
    /// # Errors
    /// [`KeyringError`] where the file cannot be read.
    pub fn outline(data: &Path) -> Result<Outline, KeyringError> {
        let file = read(&data.join(FILE))?;
        Ok(Outline { demo: file.demo, two_keys: file.also.is_some() })
    }

    /// Opens the keyring of the data directory.
    ///
    /// # Errors
    /// [`KeyringError`]: which file, and why.
    pub fn open(
        data: &Path,
        key_file: &[u8],
        tenant: TenantId,
        entropy: Arc<dyn Entropy>,
        witness: Arc<dyn Witness>,
    ) -> Result<Self, KeyringError> {
        let path = data.join(FILE);
        let key_file = long_enough(key_file)?;
        let file = read(&path)?;
        let wrong = |_: OpenError| KeyringError::WrongKey(path.clone());
        let Unwrapped { root, key, .. } = unwrap(&file, key_file, &path)?;
        let journal = KeeperKey::of_root(&root, tenant, "journal").map_err(wrong)?;
        Ok(Self {
            tenant,
            wrap: KeeperKey::of_root(&root, tenant, "wrap").map_err(wrong)?,
            records: KeeperKey::of_root(&root, tenant, "records").map_err(wrong)?,
            lookup: IndexKey::of_root(&root, tenant, "lookup").map_err(wrong)?,
            journal,
            entropy,
            witness,
            demo: file.demo,
            key,
            #[cfg(honnin_faults)]
            kept: crate::planted::KeptHere::default(),
        })
    }

    /// Has another key file open the keyring as well: first half of a rotation. Both open it until [`Self::finish_key`].
    /// The root secret stays, and with it everything that hangs on it: nothing that is stored is written anew, and a
    /// process that has the keyring open notices nothing.
    ///
    /// # Errors
    /// [`KeyringError`]; the keyring is then as it was.
    pub fn add_key(
        data: &Path,
        key_file: &[u8],
        another: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<(), KeyringError> {
        let path = data.join(FILE);
        let (key_file, another) = (long_enough(key_file)?, long_enough(another)?);
        let file = read(&path)?;
        let Unwrapped { root, by: opened, .. } = unwrap(&file, key_file, &path)?;
        if unwrap(&file, another, &path).is_ok() {
            return Ok(());
        }
        if file.also.is_some() {
            // Whoever carries the second one already would be shut out without a word.
            return Err(KeyringError::UnderWay(path));
        }
        let also = Some(wrap(file.demo, &root, another, entropy, &path)?);
        replace(&path, &File { salt: opened.salt, root: opened.root, also, ..file })
    }

    /// Has that key file and no other open the keyring: second half of a rotation. Gives whether another did.
    ///
    /// # Errors
    /// [`KeyringError`]; the keyring is then as it was.
    pub fn finish_key(data: &Path, key_file: &[u8]) -> Result<bool, KeyringError> {
        let path = data.join(FILE);
        let file = read(&path)?;
        let Unwrapped { by: opened, .. } = unwrap(&file, long_enough(key_file)?, &path)?;
        if file.also.is_none() {
            return Ok(false);
        }
        replace(&path, &File { salt: opened.salt, root: opened.root, also: None, ..file })?;
        Ok(true)
    }

    /// Whether this is the keyring of a demo.
    pub const fn is_demo(&self) -> bool {
        self.demo
    }

    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Refuses to act for another tenant: a keeper has the keys of one.
    pub(crate) fn serves(&self, tenant: TenantId) -> Result<(), OpenError> {
        if tenant == self.tenant { Ok(()) } else { Err(OpenError) }
    }

    /// Asks whether that may be done. What is refused the witness says; to whoever asked for it, it does not open.
    pub(crate) fn may(&self, deed: Deed) -> Result<(), OpenError> {
        self.witness.about_to(deed).map_err(|_| OpenError)
    }
}

/// Ids and lookup keys: keyed hashes, so that the same thing in the ledger always gets the same id, nobody can
/// guess one, and none can be turned back.
impl Keeper {
    fn index(&self, kind: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mut all = Vec::with_capacity(parts.len() + 1);
        all.push(kind.as_bytes());
        all.extend_from_slice(parts);
        self.lookup.index(&all)
    }

    /// The account of a sign-in name. Width and case of letters and spaces around it do not matter.
    pub fn account_id(&self, login: &str) -> AccountId {
        let plain: String = login.trim().chars().map(narrow).flat_map(char::to_lowercase).collect();
        AccountId::from_octets(self.index("account", &[plain.as_bytes()]))
    }

    /// The line of a line code.
    pub fn line_id(&self, line_code: &str) -> LineId {
        LineId::from_octets(self.index("line", &[line_code.as_bytes()]))
    }

    /// The holding of a line by an account from that day on.
    pub fn holding_id(&self, account: AccountId, line_code: &str, from: Day) -> HoldingId {
        let from = from.number().to_be_bytes();
        HoldingId::from_octets(self.index("holding", &[account.octets(), line_code.as_bytes(), &from]))
    }

    /// The bill of a bill number.
    pub fn bill_id(&self, code: &str) -> BillId {
        BillId::from_octets(self.index("bill", &[code.as_bytes()]))
    }

    /// The purchase of a purchase number.
    pub fn purchase_id(&self, code: &str) -> PurchaseId {
        PurchaseId::from_octets(self.index("purchase", &[code.as_bytes()]))
    }

    /// The notice of a notice number.
    pub fn notice_id(&self, code: &str) -> NoticeId {
        NoticeId::from_octets(self.index("notice", &[code.as_bytes()]))
    }

    /// The directory key of a phone number.
    pub fn number_key(&self, number: &Msisdn) -> [u8; 16] {
        self.index("number", &[number.digits().as_bytes()])
    }

    /// The directory key of a line code.
    pub fn line_key(&self, line_code: &str) -> [u8; 16] {
        self.index("line code", &[line_code.as_bytes()])
    }

    /// The key of a record by its number in the ledger.
    pub fn record_key(&self, kind: &str, code: &str) -> [u8; 16] {
        self.index("record", &[kind.as_bytes(), code.as_bytes()])
    }

    /// A keyed hash of a record's content, to tell a repeat from a conflict.
    pub fn content_key(&self, parts: &[&[u8]]) -> [u8; 16] {
        self.index("content", parts)
    }
}

/// Full-width letters and digits as a Japanese keyboard types them, made plain.
fn narrow(letter: char) -> char {
    match u32::from(letter) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(letter),
        _ => letter,
    }
}

/// Seals the root secret under a key file.
fn wrap(
    demo: bool,
    root: &Secret,
    key_file: &[u8],
    entropy: &dyn Entropy,
    path: &Path,
) -> Result<Wrapped, KeyringError> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let sealed = KeeperKey::of_key_file(key_file, &salt)
        .and_then(|kek| kek.seal_secret(&root_place(demo), root, entropy))
        .map_err(|_| KeyringError::WrongKey(path.to_owned()))?;
    Ok(Wrapped { salt: BASE64.encode(&salt), root: BASE64.encode(&sealed) })
}

/// The root secret, and what was opened by which key.
pub(crate) struct Unwrapped {
    root: Secret,
    by: Wrapped,
    pub(crate) salt: [u8; 16],
    key: KeyFingerprint,
}

/// Opens the root secret with a key file.
pub(crate) fn unwrap(file: &File, key_file: &[u8], path: &Path) -> Result<Unwrapped, KeyringError> {
    let malformed = || KeyringError::Malformed(path.to_owned());
    let decode = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| malformed());
    let first = Wrapped { salt: file.salt.clone(), root: file.root.clone() };
    for wrapped in [Some(first), file.also.clone()].into_iter().flatten() {
        let salt = <[u8; 16]>::try_from(decode(&wrapped.salt)?.as_slice()).map_err(|_| malformed())?;
        let sealed = decode(&wrapped.root)?;
        let opened = KeeperKey::of_key_file(key_file, &salt)
            .and_then(|kek| Ok((kek.open_secret(&root_place(file.demo), &sealed)?, kek.fingerprint())));
        if let Ok((root, key)) = opened {
            return Ok(Unwrapped { root, by: wrapped, salt, key });
        }
    }
    Err(KeyringError::WrongKey(path.to_owned()))
}

/// White space around it is an editor's, not the key's.
pub(crate) fn long_enough(key_file: &[u8]) -> Result<&[u8], KeyringError> {
    let key_file = key_file.trim_ascii();
    if key_file.len() < FEWEST_OCTETS { Err(KeyringError::ShortKey) } else { Ok(key_file) }
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

fn text_of(file: &File, path: &Path) -> Result<String, KeyringError> {
    let body = toml::to_string(file).map_err(|_| KeyringError::Malformed(path.to_owned()))?;
    Ok(format!(
        "# Sealed under the operator's key file. Without it nothing here opens; keep both, apart.\n{body}"
    ))
}

fn write_new(path: &Path, text: &str) -> Result<(), KeyringError> {
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
fn replace(path: &Path, file: &File) -> Result<(), KeyringError> {
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

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
