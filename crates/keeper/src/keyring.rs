//! The keyring file and the keys derived from its root secret.
//!
//! `keyring.toml` in the data directory holds the root secret under a key made of the operator's key file, which
//! lies elsewhere, or of octets that a token's key has wrapped. Without the one or the other nothing in the data directory opens.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64;
use honnin_seal::{EscrowError, IndexKey, KeeperKey, KeyFingerprint, OpenError, Place, Purpose, Secret};
use honnin_terms::{
    AccountId, BillId, Day, Entropy, HoldingId, Id, LineId, Msisdn, NoticeId, PurchaseId, TenantId,
};

use crate::keyring_file::{FILE, FORMAT, File, Wrapped, read, replace, text_of, write_new};
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

const FEWEST_OCTETS: usize = 32;

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

/// A key that is to open a keyring: the content of a key file, or what a token's key has wrapped.
#[derive(Clone, Copy)]
pub struct NewKey<'a> {
    /// The key.
    pub key: &'a [u8],
    /// How it is kept, where it lies in no file.
    pub held: Option<&'a [u8]>,
}

impl<'a> From<&'a [u8]> for NewKey<'a> {
    fn from(key: &'a [u8]) -> Self {
        Self { key, held: None }
    }
}

impl<'a, const OCTETS: usize> From<&'a [u8; OCTETS]> for NewKey<'a> {
    fn from(key: &'a [u8; OCTETS]) -> Self {
        key.as_slice().into()
    }
}

/// Never the key.
impl fmt::Debug for NewKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewKey").field("held", &self.held.is_some()).finish_non_exhaustive()
    }
}

/// What a keyring's file says without its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outline {
    /// Whether it was made for a demo. One that says so and was not, or the other way round, does not open.
    pub demo: bool,
    /// Whether two key files open it: a rotation was begun and not finished.
    pub two_keys: bool,
}

/// What the end of a rotation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// Nothing: one key alone opened the keyring.
    Already,
    /// The key that was there before the rotation opens nothing more.
    Newer,
    /// The key that the rotation has added opens nothing more: the rotation was taken back.
    Older,
}

impl Keeper {
    /// Makes a keyring in the data directory for that key.
    ///
    /// # Errors
    /// [`KeyringError`]; an existing keyring is never touched.
    pub fn create<'a>(
        data: &Path,
        key: impl Into<NewKey<'a>>,
        entropy: &dyn Entropy,
    ) -> Result<(), KeyringError> {
        Self::create_as(false, data, key.into(), entropy)
    }

    /// Makes the keyring of a demo: it says so for ever, and nothing takes it for another.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_demo<'a>(
        data: &Path,
        key: impl Into<NewKey<'a>>,
        entropy: &dyn Entropy,
    ) -> Result<(), KeyringError> {
        Self::create_as(true, data, key.into(), entropy)
    }

    fn create_as(
        demo: bool,
        data: &Path,
        key: NewKey<'_>,
        entropy: &dyn Entropy,
    ) -> Result<(), KeyringError> {
        let path = data.join(FILE);
        let root = Secret::random(entropy);
        let Wrapped { salt, root, held } = wrap(demo, &root, key, entropy, &path)?;
        let file = File { format: FORMAT, demo, salt, root, held, also: None };
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

    /// What a token's keys have wrapped, the newest first: each opens the keyring once it is unwrapped. Nothing where the
    /// keyring opens with key files only.
    ///
    /// # Errors
    /// [`KeyringError`] where the file cannot be read.
    pub fn held(data: &Path) -> Result<Vec<Vec<u8>>, KeyringError> {
        let path = data.join(FILE);
        let held = read(&path)?.wrapped().into_iter().rev().filter_map(|wrapped| wrapped.held);
        let decoded = held.map(|text| BASE64.decode(text.as_bytes()));
        decoded.collect::<Result<_, _>>().map_err(|_| KeyringError::Malformed(path))
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
    pub fn add_key<'a>(
        data: &Path,
        key_file: &[u8],
        another: impl Into<NewKey<'a>>,
        entropy: &dyn Entropy,
    ) -> Result<(), KeyringError> {
        let path = data.join(FILE);
        let (key_file, another) = (long_enough(key_file)?, another.into());
        let file = read(&path)?;
        let Unwrapped { root, by: opened, .. } = unwrap(&file, key_file, &path)?;
        if unwrap(&file, long_enough(another.key)?, &path).is_ok() {
            return Ok(());
        }
        if file.also.is_some() {
            // Whoever carries the second one already would be shut out without a word.
            return Err(KeyringError::UnderWay(path));
        }
        let also = Some(wrap(file.demo, &root, another, entropy, &path)?);
        let Wrapped { salt, root, held } = opened;
        replace(&path, &File { salt, root, held, also, ..file })
    }

    /// Has that key file and no other open the keyring: second half of a rotation. Gives which of two it is.
    ///
    /// # Errors
    /// [`KeyringError`]; the keyring is then as it was.
    pub fn finish_key(data: &Path, key_file: &[u8]) -> Result<Finished, KeyringError> {
        let path = data.join(FILE);
        let file = read(&path)?;
        let Unwrapped { by: opened, .. } = unwrap(&file, long_enough(key_file)?, &path)?;
        let Some(newer) = &file.also else { return Ok(Finished::Already) };
        let kept = if newer.salt == opened.salt { Finished::Newer } else { Finished::Older };
        let Wrapped { salt, root, held } = opened;
        replace(&path, &File { salt, root, held, also: None, ..file })?;
        Ok(kept)
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

/// Seals the root secret under a key.
fn wrap(
    demo: bool,
    root: &Secret,
    NewKey { key, held }: NewKey<'_>,
    entropy: &dyn Entropy,
    path: &Path,
) -> Result<Wrapped, KeyringError> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let sealed = KeeperKey::of_key_file(long_enough(key)?, &salt)
        .and_then(|kek| kek.seal_secret(&root_place(demo), root, entropy))
        .map_err(|_| KeyringError::WrongKey(path.to_owned()))?;
    let held = held.map(|held| BASE64.encode(held));
    Ok(Wrapped { salt: BASE64.encode(&salt), root: BASE64.encode(&sealed), held })
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
    for wrapped in file.wrapped() {
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

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
