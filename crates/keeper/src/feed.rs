//! Sealing what the feed says: keys of new accounts and holdings, documents opened for merging and sealed again.

use std::collections::HashMap;
use std::fmt;

use honnin_access::{
    Append, Document, DocumentError, FIRST_EPOCH, OwnerTag, Permit, Ring, Subject, open_document,
    seal_document,
};
use honnin_seal::{AccountKey, Epoch, OpenError, Place, Purpose};
use honnin_store::{AccountKeyRow, DocumentKey, StoredAccount, StoredDocument, SubjectKeyRow};
use honnin_terms::{AccountId, Entropy, HoldingId, TenantId};
use serde::Serialize;

use crate::release::account_key_place;
use crate::{Deed, Keeper};

/// The keys of one account, opened for as long as its documents are merged.
pub struct AccountKeys<'a> {
    keeper: &'a Keeper,
    account: AccountId,
    ring: Ring,
    subjects: HashMap<Option<HoldingId>, Epoch>,
    new_account_key: Option<AccountKeyRow>,
    new_subjects: Vec<SubjectKeyRow>,
}

impl fmt::Debug for AccountKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKeys(..)")
    }
}

impl Keeper {
    /// Makes the keys of an account the store does not know yet.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn new_account(
        &self,
        permit: &Permit<Append>,
        account: AccountId,
    ) -> Result<AccountKeys<'_>, OpenError> {
        self.serves(permit.subject().tenant)?;
        self.may(Deed::CreateKey)?;
        let (key, by_keeper) = self.make_account_key(account, FIRST_EPOCH, &*self.entropy)?;
        let (ring, sealed) = Ring::make((self.tenant, account, FIRST_EPOCH), &key, &*self.entropy)?;
        let mut keys = AccountKeys {
            keeper: self,
            account,
            ring,
            subjects: HashMap::new(),
            new_account_key: Some(AccountKeyRow { epoch: FIRST_EPOCH, by_keeper, ring: sealed }),
            new_subjects: Vec::new(),
        };
        keys.ensure(None)?;
        Ok(keys)
    }

    /// Opens the keys of an account the store knows.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm: a row was swapped or altered.
    pub fn open_account(
        &self,
        permit: &Permit<Append>,
        stored: &StoredAccount,
    ) -> Result<AccountKeys<'_>, OpenError> {
        self.serves(permit.subject().tenant)?;
        self.may(Deed::SealFromFeed)?;
        self.account_keys(stored)
    }

    /// Opens the keys of an account.
    pub(crate) fn account_keys(&self, stored: &StoredAccount) -> Result<AccountKeys<'_>, OpenError> {
        let account = stored.account;
        let ring = self.ring_of(account, &stored.account_key)?;
        Ok(AccountKeys {
            keeper: self,
            account,
            ring,
            subjects: stored.subject_keys.iter().map(|row| (row.holding, row.epoch)).collect(),
            new_account_key: None,
            new_subjects: Vec::new(),
        })
    }

    /// Opens the ring of an account.
    pub(crate) fn ring_of(&self, account: AccountId, row: &AccountKeyRow) -> Result<Ring, OpenError> {
        let place = account_key_place(self.tenant, account, row.epoch);
        let key: AccountKey = self.wrap.unwrap_key(&place, &row.by_keeper)?;
        Ring::open((self.tenant, account, row.epoch), &key, &row.ring)
    }

    /// Seals a row for quarantine.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn seal_quarantined(
        &self,
        permit: &Permit<Append>,
        record: &[u8; 16],
        row: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        self.serves(permit.subject().tenant)?;
        self.may(Deed::Quarantine)?;
        self.records.seal(&quarantine_place(self.tenant, record), row, &*self.entropy)
    }

    /// Opens a row in quarantine, for trying it again.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    pub fn open_quarantined(
        &self,
        permit: &Permit<Append>,
        record: &[u8; 16],
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        self.serves(permit.subject().tenant)?;
        self.may(Deed::Quarantine)?;
        self.records.open(&quarantine_place(self.tenant, record), sealed)
    }
}

fn quarantine_place(tenant: TenantId, record: &[u8; 16]) -> Place<'_> {
    Place { row: record, ..Place::of_tenant(tenant, Purpose::KeeperRecord("quarantine")) }
}

impl AccountKeys<'_> {
    /// The account.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Makes the key of a holding where the account has none for it yet.
    ///
    /// # Errors
    /// None: a key is derived. The result stays for a keeper that would have to ask somebody.
    pub fn ensure(&mut self, holding: Option<HoldingId>) -> Result<(), OpenError> {
        if !self.subjects.contains_key(&holding) {
            self.make(holding, FIRST_EPOCH);
        }
        Ok(())
    }

    /// The epoch of a subject's key.
    pub(crate) fn epoch_of(&self, holding: Option<HoldingId>) -> Option<Epoch> {
        self.subjects.get(&holding).copied()
    }

    /// Makes the key of a subject.
    pub(crate) fn make(&mut self, holding: Option<HoldingId>, epoch: Epoch) {
        self.new_subjects.push(SubjectKeyRow { holding, epoch });
        self.subjects.insert(holding, epoch);
    }

    /// Seals a document of the account or of one of its holdings, with its owner written into it.
    ///
    /// # Errors
    /// [`DocumentError::NoKey`] where [`Self::ensure`] was not called for the holding.
    pub fn seal<D: Document + Serialize>(
        &self,
        holding: Option<HoldingId>,
        row: &[u8],
        document: &D,
        position: u64,
    ) -> Result<StoredDocument, DocumentError> {
        let epoch = self.epoch_of(holding).ok_or(DocumentError::NoKey)?;
        let owner = OwnerTag { tenant: self.keeper.tenant, account: self.account, holding, position };
        #[cfg(honnin_faults)]
        if let Some(blob) = self.mixed_up(epoch, &owner, row, document)? {
            return Ok(StoredDocument {
                key: DocumentKey { holding, kind: D::KIND, row: row.to_vec() },
                blob,
            });
        }
        let blob = seal_document(&self.ring, epoch, &owner, row, document, self.entropy())?;
        Ok(StoredDocument {
            key: DocumentKey { holding, kind: D::KIND, row: row.to_vec() },
            blob: blob.into(),
        })
    }

    /// Opens a stored document of the account, for merging.
    ///
    /// # Errors
    /// [`DocumentError`]; an alarm. A document whose owner tag names another is malformed.
    pub fn open<D: Document>(&self, stored: &StoredDocument) -> Result<D, DocumentError> {
        let StoredDocument { key: DocumentKey { holding, kind, row }, blob } = stored;
        if *kind != D::KIND {
            return Err(DocumentError::Malformed);
        }
        let subject = self.subject(*holding);
        let (owner, document) = open_document(&self.ring, &subject, row, blob)?;
        if owner.is_of(&subject) { Ok(document) } else { Err(DocumentError::Malformed) }
    }

    /// The rows of the keys that were made since the account was opened.
    pub fn take_new(&mut self) -> (Option<AccountKeyRow>, Vec<SubjectKeyRow>) {
        (self.new_account_key.take(), std::mem::take(&mut self.new_subjects))
    }

    pub(crate) const fn ring(&self) -> &Ring {
        &self.ring
    }

    pub(crate) const fn subject(&self, holding: Option<HoldingId>) -> Subject {
        Subject { tenant: self.keeper.tenant, account: self.account, holding }
    }

    #[cfg(honnin_faults)]
    pub(crate) const fn keeper(&self) -> &Keeper {
        self.keeper
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.keeper.entropy
    }
}
