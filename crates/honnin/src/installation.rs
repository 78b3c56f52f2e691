//! One installation: its settings and what lies where in its data directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64;
use honnin_keeper::{Finished, Keeper, KeyringError, NewKey, Witness};
use honnin_key_socket::AskError;
use honnin_seal::{KeyShare, VerifyingKey};
use honnin_terms::{Clock, TenantId};
use zeroize::Zeroizing;

use crate::command::Place;
use crate::failure::Failure;
use crate::key_file::{KeyFileError, KeySource};
use crate::machine::{OffsetClock, SystemClock, SystemEntropy};
use crate::owner_only;
use crate::settings::{Problem, Settings, SettingsError};
use crate::wiring::problems;
use crate::wiring::witness::Written;

/// The journal's directory in the data directory.
const JOURNAL: &str = "journal";
/// The store's directory in it.
const STORE: &str = "store";
/// The key that verifies the journal, public: one line of base64.
const JOURNAL_KEY: &str = "journal.pub";

/// The name of the node of an installation that has one.
const FIRST_NODE: &str = "1";

/// The public record of notices in the data directory, where the settings name no other place.
const STATUS: &str = "status";
/// The key that verifies it, as others are told it: a line of name, hash and base64.
const NOTICES_KEY: &str = "notices.pub";

/// The marker of isolation, left by whoever entered it.
const ISOLATED: &str = "isolated";

/// A listed proxy that does not say whom it passes on, left by whoever serves until it serves again.
const UNTOLD: &str = "proxies-untold";

/// What the canaries last found, left while personal pages are refused.
const PUBLIC_PATH: &str = "public-path";
/// There while a backup is put in place: half an installation is none.
pub(crate) const RESTORING: &str = "restoring";

/// How far the clock of a demo is from the machine's, in milliseconds: for commands beside it.
const DEMO_CLOCK: &str = "demo-clock";

/// What opened the keyring beside the key of the settings, until a rotation was finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing: it was finished already.
    Nothing,
    /// The key that the rotation had added: it was taken back.
    Newer,
    /// A key file.
    File,
    /// A token, and whether one does now.
    Token { and_now: bool },
}

/// An installation that was begun.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    /// Where it is.
    pub(crate) place: Place,
    /// Its settings.
    pub(crate) settings: Settings,
    /// Whether it is a demo's, as its keyring says.
    pub(crate) demo: bool,
}

impl Installation {
    /// Reads the settings of an installation.
    ///
    /// # Errors
    /// [`Failure`] with everything that is wrong in them.
    pub(crate) fn open(place: Place) -> Result<Self, Failure> {
        let settings = Settings::load(&place.settings).map_err(|reason| Failure::settings(&reason))?;
        owner_only::check(&place)?;
        let marker = place.data.join(RESTORING);
        if marker.exists() {
            return Err(Failure::cannot(format_args!(
                "use the data directory {}: a restore into it was not finished; remove the directory and restore again",
                place.data.display()
            )));
        }
        // Where there is none, whoever needs it says so.
        let demo = Keeper::outline(&place.data).is_ok_and(|outline| outline.demo);
        let installation = Self { place, settings, demo };
        match problems(&installation.settings) {
            none if none.is_empty() => Ok(installation),
            problems => Err(installation.wrong(problems)),
        }
    }

    /// The operator.
    pub(crate) const fn tenant(&self) -> TenantId {
        TenantId::new(self.settings.tenant.id)
    }

    /// What relative paths in the settings start from.
    pub(crate) fn base(&self) -> PathBuf {
        self.place.settings.parent().map(PathBuf::from).unwrap_or_default()
    }

    /// The journal's directory.
    pub(crate) fn journal(&self) -> PathBuf {
        self.place.data.join(JOURNAL)
    }

    /// The store's directory.
    pub(crate) fn store(&self) -> PathBuf {
        self.place.data.join(STORE)
    }

    /// The directory of the public record of notices.
    pub(crate) fn notices(&self) -> PathBuf {
        match self.settings.status.directory.path() {
            Some(path) => self.base().join(path),
            None => self.place.data.join(STATUS),
        }
    }

    /// The name the public record is signed under.
    pub(crate) fn notices_name(&self) -> String {
        format!("{}/notices/{}", self.settings.journal.name, self.settings.tenant.id)
    }

    /// The file with the key that verifies the public record.
    pub(crate) fn notices_key_file(&self) -> PathBuf {
        self.place.data.join(NOTICES_KEY)
    }

    /// Whether there are files of a journal.
    ///
    /// # Errors
    /// [`Failure`] where its directory cannot be read.
    pub(crate) fn has_journal_files(&self) -> Result<bool, Failure> {
        let directory = self.journal();
        match fs::read_dir(&directory) {
            Ok(mut entries) => Ok(entries.next().is_some()),
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(reason) => Err(Failure::from(reason).during(&format!("read {}", directory.display()))),
        }
    }

    /// The name of this node.
    pub(crate) fn node(&self) -> &str {
        &self.settings.node.name
    }

    /// A file that this node leaves for itself and for `doctor`. The first node's has no name in it.
    fn left_by_node(&self, file: &str) -> PathBuf {
        match self.node() {
            FIRST_NODE => self.place.data.join(file),
            other => self.place.data.join(format!("{file}.{other}")),
        }
    }

    /// The file that says personal pages are stopped, and why.
    pub(crate) fn isolation_marker(&self) -> PathBuf {
        self.left_by_node(ISOLATED)
    }

    /// The file that says personal pages are refused because of the public path, and why.
    pub(crate) fn public_path_marker(&self) -> PathBuf {
        self.left_by_node(PUBLIC_PATH)
    }

    /// The file that names a listed proxy which does not say whom it passes on, while it is served.
    pub(crate) fn untold_marker(&self) -> PathBuf {
        self.left_by_node(UNTOLD)
    }

    /// The clock of commands: the machine's, or that of the demo which runs on this installation. No other
    /// installation has another clock than the machine's.
    ///
    /// # Errors
    /// [`Failure`] where the demo's clock cannot be read.
    pub(crate) fn clock(&self) -> Result<Arc<dyn Clock>, Failure> {
        if !self.demo {
            return Ok(Arc::new(SystemClock));
        }
        let file = self.demo_clock();
        match fs::read_to_string(&file) {
            Ok(text) => match text.trim().parse() {
                Ok(millis) => Ok(Arc::new(OffsetClock(millis))),
                Err(_) => Err(Failure::cannot(format_args!(
                    "read {}: not a number; delete the file",
                    file.display()
                ))),
            },
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(Arc::new(SystemClock)),
            Err(reason) => Err(Failure::from(reason).during(&format!("read {}", file.display()))),
        }
    }

    /// The file that says how far the demo's clock is from the machine's.
    pub(crate) fn demo_clock(&self) -> PathBuf {
        self.place.data.join(DEMO_CLOCK)
    }

    /// Says how far the demo's clock is from the machine's; `None` when no demo uses this data directory any more.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn set_demo_clock(&self, millis: Option<i64>) -> io::Result<()> {
        let file = self.demo_clock();
        match millis {
            Some(millis) => fs::write(file, format!("{millis}\n")),
            None => match fs::remove_file(file) {
                Err(reason) if reason.kind() != io::ErrorKind::NotFound => Err(reason),
                Ok(()) | Err(_) => Ok(()),
            },
        }
    }

    /// The host people sign in at.
    pub(crate) fn host(&self) -> String {
        let Settings { tenant, listen, .. } = &self.settings;
        let public = tenant.public_url.strip_prefix("https://").map(str::to_owned);
        public.or_else(|| listen.public.first().map(ToString::to_string)).unwrap_or_default()
    }

    /// Settings that can be read and not be used.
    pub(crate) fn wrong(&self, problems: Vec<Problem>) -> Failure {
        Failure::settings(&SettingsError::Wrong { file: self.place.settings.clone(), problems })
    }

    /// Where the key that all others hang on comes from.
    pub(crate) fn key_source(&self) -> KeySource {
        KeySource::of_setting(&self.settings.keys, &self.base())
    }

    /// Reads it.
    fn key(&self) -> Result<Zeroizing<String>, Failure> {
        self.key_source().read(&self.place.data).map_err(|reason| Failure::settings(&reason))
    }

    /// Why the key does not open the keyring, by where it comes from.
    fn unopened(&self, reason: KeyringError) -> Failure {
        match (reason, self.key_source()) {
            (KeyringError::WrongKey(keyring), KeySource::Agent(socket, _)) => {
                Failure::settings(&KeyFileError::AnotherKey(socket, keyring))
            }
            (reason, _) => Failure::settings(&reason),
        }
    }

    /// Splits the key of the settings into shares: `of` of them, of which `needed` bring it back as a key file.
    ///
    /// # Errors
    /// [`Failure`]; nothing was split.
    pub(crate) fn deal_key(&self, (needed, of): (u8, u8)) -> Result<Vec<KeyShare>, Failure> {
        Keeper::deal(&self.place.data, self.key()?.as_bytes(), (needed, of), &SystemEntropy)
            .map_err(|reason| self.unopened(reason))
    }

    /// Has another key open the keyring as well; whether it was made.
    ///
    /// # Errors
    /// [`Failure`]; the keyring is then as it was.
    pub(crate) fn add_key(&self, another: &KeySource) -> Result<bool, Failure> {
        let data = &self.place.data;
        let present = self.key()?;
        let unusable = |reason| Failure::settings(&reason);
        // A step that was killed is done by giving it again. A key file is found by what is in it, a token's key by that the
        // keyring has two already, of which this agent unwraps the newer.
        let outline = Keeper::outline(data).map_err(|reason| Failure::settings(&reason))?;
        if another.is_agent() && outline.two_keys {
            match another.read(data) {
                Ok(newer) => {
                    return Keeper::add_key(data, present.as_bytes(), newer.as_bytes(), &SystemEntropy)
                        .map(|()| false)
                        .map_err(|reason| self.unopened(reason));
                }
                // Neither is this agent's: it would be a third, which the keyring refuses with what to do first.
                Err(KeyFileError::NothingHeld(_) | KeyFileError::Agent(AskError::Refused(_))) => {}
                Err(reason) => return Err(unusable(reason)),
            }
        }
        let begun = another.begin(data, &SystemEntropy).map_err(unusable)?;
        Keeper::add_key(data, present.as_bytes(), begun.new_key(), &SystemEntropy)
            .map_err(|reason| self.unopened(reason))?;
        Ok(begun.made)
    }

    /// Has the key of the settings and no other open the keyring. Gives what else did until now.
    ///
    /// # Errors
    /// [`Failure`]; the keyring is then as it was.
    pub(crate) fn finish_key(&self) -> Result<Before, Failure> {
        let data = &self.place.data;
        let held = Keeper::held(data).map_err(|reason| Failure::settings(&reason))?.len();
        let finished = Keeper::finish_key(data, self.key()?.as_bytes());
        Ok(match (finished.map_err(|reason| self.unopened(reason))?, self.key_source().is_agent(), held) {
            (Finished::Already, _, _) => Before::Nothing,
            (Finished::Older, _, _) => Before::Newer,
            (Finished::Newer, true, 2..) => Before::Token { and_now: true },
            (Finished::Newer, false, 1..) => Before::Token { and_now: false },
            (Finished::Newer, _, _) => Before::File,
        })
    }

    /// Makes the keyring and writes the journal's public key beside it.
    ///
    /// # Errors
    /// [`Failure`]; an existing keyring is never touched.
    pub(crate) fn create_keyring(&self, key: NewKey<'_>) -> Result<(), Failure> {
        let create = if self.demo { Keeper::create_demo } else { Keeper::create };
        create(&self.place.data, key, &SystemEntropy)?;
        let keeper = self.keeper(Arc::new(Written::new(self.demo)))?;
        let key = keeper.journal_signing_key()?.verifying_key()?;
        let file = self.place.data.join(JOURNAL_KEY);
        fs::write(&file, format!("{}\n", BASE64.encode(&key.0)))
            .map_err(|reason| Failure::from(reason).during(&format!("write {}", file.display())))
    }

    /// Opens the keyring.
    ///
    /// # Errors
    /// [`Failure`]: which file, and why.
    pub(crate) fn keeper(&self, witness: Arc<dyn Witness>) -> Result<Keeper, Failure> {
        let key = self.key()?;
        Keeper::open(&self.place.data, key.as_bytes(), self.tenant(), Arc::new(SystemEntropy), witness)
            .map_err(|reason| self.unopened(reason))
    }

    /// The public key of the journal, from its file.
    ///
    /// # Errors
    /// [`Failure`] where the file is not there or is no key.
    pub(crate) fn journal_key(&self) -> Result<VerifyingKey, Failure> {
        let file = self.place.data.join(JOURNAL_KEY);
        let doing = format!("read the journal's public key {}", file.display());
        let text = fs::read_to_string(&file).map_err(|reason| Failure::from(reason).during(&doing))?;
        let octets = BASE64.decode(text.trim().as_bytes()).ok();
        let key = octets.and_then(|octets| <[u8; 32]>::try_from(octets.as_slice()).ok());
        key.map(VerifyingKey).ok_or_else(|| {
            Failure::cannot(format_args!("{doing}: one line of base64 of 32 octets is expected"))
        })
    }
}

/// Octets free on the volume of that path, for this user.
///
/// # Errors
/// What the system says.
pub(crate) fn free_octets(path: &Path) -> io::Result<u64> {
    let volume = rustix::fs::statvfs(path)?;
    Ok(volume.f_bavail.saturating_mul(volume.f_frsize))
}
