//! Epochs of the journal: each has a random secret of its own, so that destroying one makes its entries unlinkable
//! while every proof over them still holds.

use data_encoding::BASE64;
use honnin_seal::{IndexKey, KeeperKey, MacKey, OpenError, Place, Purpose, Secret, SigningKey};
use honnin_terms::{Id, LogId, Moment, TenantId};
use serde::{Deserialize, Serialize};

use crate::{Deed, Keeper, KeyringError};

/// An epoch as the keyring keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// Its number, from 1.
    pub number: u32,
    /// From when entries are written under it, in milliseconds since 1970.
    pub from_millis: i64,
    /// Its secret, sealed; empty once destroyed.
    pub secret: String,
}

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

#[derive(Debug)]
pub(crate) struct Epochs {
    records: Vec<EpochRecord>,
}

fn place(tenant: TenantId, number: u32) -> Place<'static> {
    Place { epoch: number, ..Place::of_tenant(tenant, Purpose::KeeperRecord("journal epoch")) }
}

fn secret_of(tenant: TenantId, key: &KeeperKey, record: &EpochRecord) -> Result<Secret, OpenError> {
    let sealed = BASE64.decode(record.secret.as_bytes()).map_err(|_| OpenError)?;
    key.open_secret(&place(tenant, record.number), &sealed)
}

impl Epochs {
    /// Checks that every epoch that was not destroyed opens.
    pub(crate) fn open(
        tenant: TenantId,
        key: &KeeperKey,
        records: Vec<EpochRecord>,
    ) -> Result<Self, OpenError> {
        for record in records.iter().filter(|record| !record.secret.is_empty()) {
            secret_of(tenant, key, record)?;
        }
        Ok(Self { records })
    }
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

    /// The key of the checks in the journal's segments and indexes, which lie where others may write.
    ///
    /// # Errors
    /// As [`Self::journal_signing_key`].
    pub fn journal_chain_key(&self) -> Result<MacKey, OpenError> {
        self.journal.derive_secret("chain of frames").map(|secret| MacKey::of_secret(&secret))
    }

    /// The log of the node of that name. It follows from the name, so that no file has to say which log is a node's.
    ///
    /// # Errors
    /// As [`Self::journal_signing_key`].
    pub fn journal_log(&self, node: &str) -> Result<LogId, OpenError> {
        let names = MacKey::of_secret(&self.journal.derive_secret("names of logs")?);
        let tag = names.tag([&self.tenant.number().to_be_bytes()[..], node.as_bytes()]);
        tag.first_chunk().map(|octets| LogId::from_octets(*octets)).ok_or(OpenError)
    }

    /// The keys of every epoch that was not destroyed, oldest first.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    pub fn journal_epochs(&self) -> Result<Vec<EpochKey>, OpenError> {
        self.may(Deed::JournalEpoch)?;
        let epochs = self.epochs.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let kept = epochs.records.iter().filter(|record| !record.secret.is_empty());
        kept.map(|record| self.keys_of(record)).collect()
    }

    /// The keys of the present epoch; begins a new one where there is none or it is older than `longest_seconds`.
    ///
    /// # Errors
    /// [`KeyringError`] where the keyring cannot be written.
    pub fn journal_epoch(&self, now: Moment, longest_seconds: i64) -> Result<EpochKey, KeyringError> {
        let wrong = |_: OpenError| KeyringError::WrongKey("keyring.toml".into());
        self.may(Deed::JournalEpoch).map_err(wrong)?;
        let mut epochs = self.epochs.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let young = |record: &&EpochRecord| {
            !record.secret.is_empty()
                && now.millis().saturating_sub(record.from_millis) < longest_seconds.saturating_mul(1000)
        };
        if let Some(record) = epochs.records.last().filter(young) {
            return self.keys_of(record).map_err(wrong);
        }
        let number = epochs.records.last().map_or(1, |record| record.number.saturating_add(1));
        let secret = Secret::random(&*self.entropy);
        let sealed =
            self.journal.seal_secret(&place(self.tenant, number), &secret, &*self.entropy).map_err(wrong)?;
        let record = EpochRecord { number, from_millis: now.millis(), secret: BASE64.encode(&sealed) };
        let keys = self.keys_of(&record).map_err(wrong)?;
        let mut records = epochs.records.clone();
        records.push(record);
        self.write_epochs(records.clone())?;
        epochs.records = records;
        Ok(keys)
    }

    /// Destroys the secrets of epochs that began before `before` and are not the present one; how many.
    ///
    /// # Errors
    /// [`KeyringError`] where the keyring cannot be written.
    pub fn destroy_epochs(&self, before: Moment) -> Result<usize, KeyringError> {
        let mut epochs = self.epochs.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut records = epochs.records.clone();
        let present = records.len().saturating_sub(1);
        let mut destroyed = 0;
        for record in records.iter_mut().take(present) {
            if record.from_millis < before.millis() && !record.secret.is_empty() {
                record.secret.clear();
                destroyed += 1;
            }
        }
        if destroyed > 0 {
            self.write_epochs(records.clone())?;
            epochs.records = records;
        }
        Ok(destroyed)
    }

    fn keys_of(&self, record: &EpochRecord) -> Result<EpochKey, OpenError> {
        let secret = secret_of(self.tenant, &self.journal, record)?;
        Ok(EpochKey {
            number: record.number,
            pseudonyms: IndexKey::of_root(&secret, self.tenant, "pseudonyms")?,
            bodies: KeeperKey::of_root(&secret, self.tenant, "entry bodies")?,
        })
    }
}
