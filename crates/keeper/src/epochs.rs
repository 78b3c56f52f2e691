//! Epochs of the journal: each has a random secret of its own, so that destroying one makes its entries unlinkable
//! while every proof over them still holds.
//!
//! All of an installation's stand in one list, sealed as a whole: none can be taken out of it or put back alone. Where the
//! list is kept its caller says; every node reads the same.

use data_encoding::BASE64;
use honnin_seal::{IndexKey, KeeperKey, MacKey, OpenError, Place, Purpose, Secret, SigningKey};
use honnin_terms::{Id, LogId, Moment, TenantId};
use serde::{Deserialize, Serialize};

use crate::{Deed, Keeper};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EpochRecord {
    /// Its number, from 1.
    number: u32,
    /// From when entries are written under it, in milliseconds since 1970.
    from_millis: i64,
    /// Its secret, sealed; empty once destroyed.
    secret: String,
}

/// The epochs there are, oldest first; entries are written under the last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochList {
    /// The course of the logs; empty for the first.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    course: String,
    #[serde(default)]
    epoch: Vec<EpochRecord>,
}

/// Which logs are written now: after a copy was restored they are others than before. It is random, so that two
/// installations that go on from one copy never write one log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course(Vec<u8>);

/// Epochs that only a lost store knew, at most: more is no journal of ours.
const MOST_LOST: u32 = 10_000;

/// The keys of an epoch.
#[derive(Debug)]
pub struct EpochKey {
    /// Its number.
    pub number: u32,
    /// Makes pseudonyms.
    pub pseudonyms: IndexKey,
    /// Seals entry bodies.
    pub bodies: KeeperKey,
}

impl EpochList {
    /// The course of the logs.
    ///
    /// # Errors
    /// [`OpenError`] where it is none, which nobody seals.
    pub fn course(&self) -> Result<Course, OpenError> {
        BASE64.decode(self.course.as_bytes()).map(Course).map_err(|_| OpenError)
    }

    /// The number of the last; 0 where there is none.
    pub fn present(&self) -> u32 {
        self.epoch.last().map_or(0, |record| record.number)
    }

    /// Whether a new one is to begin: there is none, or the last is older than that.
    pub fn is_due(&self, now: Moment, longest_seconds: i64) -> bool {
        let young = |record: &EpochRecord| {
            !record.secret.is_empty()
                && now.millis().saturating_sub(record.from_millis) < longest_seconds.saturating_mul(1000)
        };
        !self.epoch.last().is_some_and(young)
    }

    /// The list without the secrets of those that began before `before` and are not the present one; `None` where there is
    /// nothing to destroy.
    pub fn without(&self, before: Moment) -> Option<Self> {
        let mut epoch = self.epoch.clone();
        let present = epoch.len().saturating_sub(1);
        for record in epoch.iter_mut().take(present).filter(|record| record.from_millis < before.millis()) {
            record.secret.clear();
        }
        (epoch != self.epoch).then(|| Self { epoch, course: self.course.clone() })
    }
}

fn place(tenant: TenantId, number: u32) -> Place<'static> {
    Place { epoch: number, ..Place::of_tenant(tenant, Purpose::KeeperRecord("journal epoch")) }
}

impl Keeper {
    /// The key that signs the journal's checkpoints.
    ///
    /// # Errors
    /// [`OpenError`] where a derivation refuses, which it does for no key.
    pub fn journal_signing_key(&self) -> Result<SigningKey, OpenError> {
        let seed = self.journal.derive_secret("checkpoint signature")?;
        SigningKey::of_seed(&seed).map_err(|_| OpenError)
    }

    /// The key that signs the public record of notices. Another than the journal's: it is told to everybody.
    ///
    /// # Errors
    /// As [`Self::journal_signing_key`].
    pub fn notices_signing_key(&self) -> Result<SigningKey, OpenError> {
        let seed = self.journal.derive_secret("signature of notices")?;
        SigningKey::of_seed(&seed).map_err(|_| OpenError)
    }

    /// The key of the checks in the journal's segments and indexes, which lie where others may write.
    ///
    /// # Errors
    /// As [`Self::journal_signing_key`].
    pub fn journal_chain_key(&self) -> Result<MacKey, OpenError> {
        self.journal.derive_secret("chain of frames").map(|secret| MacKey::of_secret(&secret))
    }

    /// The log of the node of that name, in that course. It follows from the two, so that no file has to say which log
    /// is a node's.
    ///
    /// # Errors
    /// As [`Self::journal_signing_key`].
    pub fn journal_log(&self, node: &str, Course(course): &Course) -> Result<LogId, OpenError> {
        let names = MacKey::of_secret(&self.journal.derive_secret("names of logs")?);
        // A name of a node begins with a letter or a digit, a course is of one length: the two do not run together.
        let before: &[u8] = if course.is_empty() { &[] } else { &[0] };
        let tag = names.tag([&self.tenant.number().to_be_bytes()[..], before, course, node.as_bytes()]);
        tag.first_chunk().map(|octets| LogId::from_octets(*octets)).ok_or(OpenError)
    }

    fn epochs_place(&self) -> Place<'static> {
        Place::of_tenant(self.tenant, Purpose::KeeperRecord("journal epochs"))
    }

    /// Seals a list of epochs.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn seal_epochs(&self, list: &EpochList) -> Result<Vec<u8>, OpenError> {
        let text = toml::to_string(list).map_err(|_| OpenError)?;
        self.journal.seal(&self.epochs_place(), text.as_bytes(), &*self.entropy)
    }

    /// Opens a list of epochs.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    pub fn open_epochs(&self, sealed: &[u8]) -> Result<EpochList, OpenError> {
        self.may(Deed::JournalEpoch)?;
        let octets = self.journal.open(&self.epochs_place(), sealed)?;
        let text = str::from_utf8(&octets).map_err(|_| OpenError)?;
        toml::from_str(text).map_err(|_| OpenError)
    }

    /// The list with one more epoch, that begins then.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn begin_epoch(&self, list: &EpochList, now: Moment) -> Result<EpochList, OpenError> {
        self.may(Deed::JournalEpoch)?;
        let number = list.present().saturating_add(1);
        let secret = Secret::random(&*self.entropy);
        let sealed = self.journal.seal_secret(&place(self.tenant, number), &secret, &*self.entropy)?;
        let record = EpochRecord { number, from_millis: now.millis(), secret: BASE64.encode(&sealed) };
        let mut list = list.clone();
        list.epoch.push(record);
        Ok(list)
    }

    /// The list with a new course of logs and one more epoch, that begins then. `newest` is the newest that any entry
    /// is of: those the list does not know went with the store that knew them, and count as destroyed.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses, or there are more than can be lost.
    pub fn begin_course(&self, list: &EpochList, newest: u32, now: Moment) -> Result<EpochList, OpenError> {
        let mut known = list.clone();
        if newest.saturating_sub(list.present()) > MOST_LOST {
            return Err(OpenError);
        }
        for number in list.present().saturating_add(1)..=newest {
            known.epoch.push(EpochRecord { number, from_millis: now.millis(), secret: String::new() });
        }
        let mut list = self.begin_epoch(&known, now)?;
        let mut course = [0; 16];
        self.entropy.fill(&mut course);
        list.course = BASE64.encode(&course);
        Ok(list)
    }

    /// The key of the checks of backups.
    ///
    /// # Errors
    /// As [`Self::journal_signing_key`].
    pub fn backup_key(&self) -> Result<MacKey, OpenError> {
        self.records.derive_secret("lists of backups").map(|secret| MacKey::of_secret(&secret))
    }

    /// The keys of every epoch that was not destroyed, oldest first.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    pub fn epoch_keys(&self, list: &EpochList) -> Result<Vec<EpochKey>, OpenError> {
        self.may(Deed::JournalEpoch)?;
        let kept = list.epoch.iter().filter(|record| !record.secret.is_empty());
        kept.map(|record| self.keys_of(record)).collect()
    }

    fn keys_of(&self, record: &EpochRecord) -> Result<EpochKey, OpenError> {
        let sealed = BASE64.decode(record.secret.as_bytes()).map_err(|_| OpenError)?;
        let secret = self.journal.open_secret(&place(self.tenant, record.number), &sealed)?;
        Ok(EpochKey {
            number: record.number,
            pseudonyms: IndexKey::of_root(&secret, self.tenant, "pseudonyms")?,
            bodies: KeeperKey::of_root(&secret, self.tenant, "entry bodies")?,
        })
    }
}
