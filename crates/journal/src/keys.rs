//! The keys of one epoch: pseudonyms of people, seal of the details.

use honnin_seal::{Epoch, IndexKey, KeeperKey, OpenError, Place, Purpose};
use honnin_terms::{AccountId, Entropy, Id, TenantId};

use crate::{Entry, NewEntry, Pseudonym};

/// The keys of one epoch. Destroyed, they leave entries nobody can link to a person; proofs stay valid.
#[derive(Debug)]
pub struct EpochKeys {
    /// The tenant whose journal it is.
    pub tenant: TenantId,
    /// The epoch.
    pub epoch: Epoch,
    /// Makes pseudonyms.
    pub pseudonym: IndexKey,
    /// Seals the details.
    pub body: KeeperKey,
}

impl EpochKeys {
    /// The pseudonym of an account.
    pub fn account(&self, account: AccountId) -> Pseudonym {
        Pseudonym(self.pseudonym.index(&[b"account", account.octets()]))
    }

    /// The pseudonym of an agent of the operator, by the name the operator gave.
    pub fn agent(&self, name: &str) -> Pseudonym {
        Pseudonym(self.pseudonym.index(&[b"agent", name.as_bytes()]))
    }

    /// Seals the details of an entry, bound to all its other parts. Without details the body is empty.
    ///
    /// # Errors
    /// As [`honnin_seal::KeyMaterial::seal`].
    pub fn seal(&self, new: &NewEntry<'_>, entropy: &dyn Entropy) -> Result<Entry, OpenError> {
        let NewEntry { moment, viewer, owner, basis, kind, what, channel, details } = *new;
        let body = Vec::new();
        let mut entry = Entry { moment, viewer, owner, basis, kind, what, channel, epoch: self.epoch, body };
        if !details.is_empty() {
            entry.body = self.body.seal(&self.place(&entry.header()), details, entropy)?;
        }
        Ok(entry)
    }

    /// Opens the details of an entry of this epoch.
    ///
    /// # Errors
    /// [`OpenError`] where the entry is of another epoch or was altered.
    pub fn open(&self, entry: &Entry) -> Result<Vec<u8>, OpenError> {
        match entry.body.as_slice() {
            [] => Ok(Vec::new()),
            body => self.body.open(&self.place(&entry.header()), body),
        }
    }

    fn place<'a>(&self, header: &'a [u8]) -> Place<'a> {
        let purpose = Purpose::KeeperRecord("journal entry");
        Place { row: header, epoch: self.epoch, ..Place::of_tenant(self.tenant, purpose) }
    }
}
