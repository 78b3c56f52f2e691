//! The record of a password, and the devices that are known by it.
//!
//! A mark is random, each device's own, and lives inside the sealed record of the password it was given for: a new
//! password ends all of them, because there is no other place where they could outlive it.

use honnin_seal::{PasswordHash, digest, same_octets};
use honnin_terms::{DeviceId, Entropy, Id, Moment};
use serde::{Deserialize, Serialize};

use super::factor_record::FactorRecord;
use super::passkey_record::Passkeys;
use super::{Marked, NewDevice};

/// Devices of an account that are known, browsers and programs each; a new one takes the place of the oldest of its kind,
/// and of one that has settled only if it has settled itself. A script that signs in over and over makes no phone a
/// stranger, and who has nothing but the password none of hers.
const MOST: usize = 16;

/// Octets of a mark.
pub const MARK_OCTETS: usize = 16;

/// A device that has signed in with the present password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDevice {
    /// Its public name: a hash of its mark, which only the device has.
    pub device: DeviceId,
    /// When it first signed in.
    pub since: Moment,
    /// What the browser called itself.
    pub name: String,
    /// Whether it asked as a program does.
    pub is_program: bool,
    /// From then on the password alone is enough on it for a dangerous act.
    pub settled: Moment,
}

/// What is sealed of a password. Its hash is parsed when it is read: one that is none is a fault, not a wrong answer.
#[derive(Serialize, Deserialize)]
pub(crate) struct PasswordRecord {
    #[serde(with = "as_text")]
    hash: PasswordHash,
    /// The name it signs in with, as typed: a guesser of the next password knows it.
    pub(crate) login: String,
    pub(crate) known: Vec<KnownDevice>,
    /// What is asked for beside it.
    pub(crate) factor: Option<FactorRecord>,
    /// What signs in without it. It stands behind the rest, where there is any: a record without one is as it always was.
    #[serde(skip)]
    pub(crate) passkeys: Passkeys,
}

/// A hash as its text.
mod as_text {
    use honnin_seal::PasswordHash;
    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(hash: &PasswordHash, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(hash.expose())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PasswordHash, D::Error> {
        PasswordHash::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// The name of the device of a mark.
fn device_of(mark: &[u8; MARK_OCTETS]) -> DeviceId {
    let named = digest(&[b"honnin device mark v1\0", mark]);
    DeviceId::from_octets(*named.first_chunk().unwrap_or(&[0; 16]))
}

impl PasswordRecord {
    /// Of a new password: no device is known by it yet, no passkey was made under it, and the second factor of the one
    /// before stays.
    pub(crate) fn new(login: &str, hash: PasswordHash, before: Option<Self>) -> Self {
        let factor = before.and_then(|before| before.factor).map(FactorRecord::under_another_password);
        let passkeys = Passkeys::default();
        Self { hash, login: login.trim().to_owned(), known: Vec::new(), factor, passkeys }
    }

    pub(crate) fn of_octets(octets: &[u8]) -> Option<Self> {
        let (record, behind): (Self, _) = postcard::take_from_bytes(octets).ok()?;
        let passkeys =
            if behind.is_empty() { Passkeys::default() } else { postcard::from_bytes(behind).ok()? };
        Some(Self { passkeys, ..record })
    }

    pub(crate) fn to_octets(&self) -> Vec<u8> {
        let mut octets = postcard::to_stdvec(self).unwrap_or_default();
        if !self.passkeys.is_empty() {
            octets.extend(postcard::to_stdvec(&self.passkeys).unwrap_or_default());
        }
        octets
    }

    pub(crate) fn hash(&self) -> PasswordHash {
        self.hash.clone()
    }

    /// Takes another hash of the same password: the same devices are known by it.
    pub(crate) fn renew(&mut self, hash: &PasswordHash) {
        self.hash = hash.clone();
    }

    /// The device of that mark, where it is known.
    pub(crate) fn device(&self, mark: Option<[u8; MARK_OCTETS]>) -> Option<DeviceId> {
        let device = device_of(&mark?);
        self.known.iter().any(|known| same_octets(known.device.octets(), device.octets())).then_some(device)
    }

    /// The device of that mark as it is known, where it is.
    pub(super) fn kept(&self, mark: Option<[u8; MARK_OCTETS]>) -> Option<Marked> {
        let (mark, device) = (mark?, self.device(mark)?);
        let known = self.known.iter().find(|known| known.device == device)?;
        Some(Marked { mark, device, is_known: true, settled: known.settled })
    }

    /// A new mark for a device, known from now on, and settled from then on.
    pub(super) fn mark(
        &mut self,
        new: &NewDevice,
        (now, settled): (Moment, Moment),
        entropy: &dyn Entropy,
    ) -> Marked {
        let is_program = new.is_program;
        let mut mark = [0; MARK_OCTETS];
        entropy.fill(&mut mark);
        let is_alike = |known: &KnownDevice| known.is_program == is_program;
        let device = device_of(&mark);
        let marked = Marked { mark, device, is_known: false, settled };
        if self.known.iter().filter(|known| is_alike(known)).count() >= MOST {
            let waits = self.known.iter().position(|known| is_alike(known) && known.settled > now);
            let oldest = || self.known.iter().position(is_alike).filter(|_| settled <= now);
            // Where all of them have settled and it has not, it stays a stranger.
            let Some(gives_way) = waits.or_else(oldest) else { return marked };
            self.known.remove(gives_way);
        }
        self.known.push(KnownDevice { device, since: now, name: new.name.clone(), is_program, settled });
        marked
    }

    /// Forgets devices; whether there were any such.
    pub(crate) fn forget(&mut self, which: Forget) -> bool {
        let before = self.known.len();
        self.known.retain(|known| match which {
            Forget::One(device) => known.device != device,
            Forget::AllBut(device) => Some(known.device) == device,
        });
        self.known.len() != before
    }
}

/// Which devices are to be strangers again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forget {
    /// That one.
    One(DeviceId),
    /// All but that one.
    AllBut(Option<DeviceId>),
}
