//! Sealing what the feed says: keys of new accounts and holdings, documents opened for merging and sealed again.

use std::collections::HashMap;
use std::fmt;

use honnin_access::ports::SubjectKeyRow;
use honnin_access::{
    Append, Document, DocumentError, OwnerTag, Permit, Subject, open_document, seal_document,
};
use honnin_seal::{AccountKey, Epoch, KeeperKey, OpenError, Place, Purpose, SubjectKey};
use honnin_store::{AccountKeyRow, DocumentKey, StoredAccount, StoredDocument};
use honnin_terms::{AccountId, Entropy, HoldingId, TenantId};
use serde::Serialize;

use crate::release::account_key_place;
use crate::{Deed, Keeper};

const FIRST_EPOCH: Epoch = 1;

/// The place of a subject's key under the keeper's key.
pub(crate) fn subject_by_keeper(subject: &Subject, epoch: Epoch) -> Place<'static> {
    let Subject { tenant, account, holding } = *subject;
    Place { holding, epoch, ..Place::of_account(tenant, account, Purpose::SubjectKeyForKeeper) }
}

fn subject_by_account(subject: &Subject, epoch: Epoch) -> Place<'static> {
    let Subject { tenant, account, holding } = *subject;
    Place { holding, epoch, ..Place::of_account(tenant, account, Purpose::SubjectKeyForAccount) }
}

/// The keys of one account, opened for as long as its documents are merged.
pub struct AccountKeys<'a> {
    keeper: &'a Keeper,
    account: AccountId,
    account_key: AccountKey,
    subjects: HashMap<Option<HoldingId>, (Epoch, SubjectKey)>,
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
        _permit: &Permit<Append>,
        account: AccountId,
    ) -> Result<AccountKeys<'_>, OpenError> {
        self.tell(Deed::CreateKey);
        let account_key = AccountKey::random(&*self.entropy);
        let place = account_key_place(self.tenant, account, FIRST_EPOCH);
        let by_keeper = self.wrap.wrap(&place, &account_key, &*self.entropy)?;
        let mut keys = AccountKeys {
            keeper: self,
            account,
            account_key,
            subjects: HashMap::new(),
            new_account_key: Some(AccountKeyRow { epoch: FIRST_EPOCH, by_keeper }),
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
        self.tell(Deed::SealFromFeed);
        debug_assert_eq!(permit.subject().tenant, self.tenant, "one keeper serves one tenant");
        self.account_keys(stored)
    }

    /// Opens the keys of an account.
    pub(crate) fn account_keys(&self, stored: &StoredAccount) -> Result<AccountKeys<'_>, OpenError> {
        let (tenant, account) = (self.tenant, stored.account);
        let place = account_key_place(tenant, account, stored.account_key.epoch);
        let account_key = self.wrap.unwrap_key(&place, &stored.account_key.by_keeper)?;
        let mut subjects = HashMap::with_capacity(stored.subject_keys.len());
        for row in &stored.subject_keys {
            let subject = Subject { tenant, account, holding: row.holding };
            let key = self.wrap.unwrap_key(&subject_by_keeper(&subject, row.epoch), &row.by_keeper)?;
            subjects.insert(row.holding, (row.epoch, key));
        }
        Ok(AccountKeys {
            keeper: self,
            account,
            account_key,
            subjects,
            new_account_key: None,
            new_subjects: Vec::new(),
        })
    }

    /// Seals a row for quarantine.
    ///
    /// # Errors
    /// [`OpenError`] where the cipher refuses.
    pub fn seal_quarantined(
        &self,
        _permit: &Permit<Append>,
        record: &[u8; 16],
        row: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        self.tell(Deed::Quarantine);
        self.records.seal(&quarantine_place(self.tenant, record), row, &*self.entropy)
    }

    /// Opens a row in quarantine, for trying it again.
    ///
    /// # Errors
    /// [`OpenError`]; an alarm.
    pub fn open_quarantined(
        &self,
        _permit: &Permit<Append>,
        record: &[u8; 16],
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        self.tell(Deed::Quarantine);
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
    /// [`OpenError`] where the cipher refuses.
    pub fn ensure(&mut self, holding: Option<HoldingId>) -> Result<(), OpenError> {
        if self.subjects.contains_key(&holding) { Ok(()) } else { self.make(holding, FIRST_EPOCH) }
    }

    /// The epoch of a subject's key.
    pub(crate) fn epoch_of(&self, holding: Option<HoldingId>) -> Option<Epoch> {
        self.subjects.get(&holding).map(|(epoch, _)| *epoch)
    }

    /// Makes the key of a subject.
    pub(crate) fn make(&mut self, holding: Option<HoldingId>, epoch: Epoch) -> Result<(), OpenError> {
        let key = SubjectKey::random(self.entropy());
        let subject = self.subject(holding);
        let row = SubjectKeyRow {
            holding,
            epoch,
            by_keeper: self.wrapping().wrap(&subject_by_keeper(&subject, epoch), &key, self.entropy())?,
            by_account: self.account_key.wrap(&subject_by_account(&subject, epoch), &key, self.entropy())?,
        };
        self.new_subjects.push(row);
        self.subjects.insert(holding, (epoch, key));
        Ok(())
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
        let (epoch, key) = self.subjects.get(&holding).ok_or(DocumentError::NoKey)?;
        let owner = OwnerTag { tenant: self.keeper.tenant, account: self.account, holding, position };
        #[cfg(honnin_faults)]
        if let Some(blob) = self.mixed_up((*epoch, key), &owner, row, document)? {
            return Ok(StoredDocument {
                key: DocumentKey { holding, kind: D::KIND, row: row.to_vec() },
                blob,
            });
        }
        let blob = seal_document(key, *epoch, &owner, row, document, self.entropy())?;
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
        let (epoch, key) = self.subjects.get(holding).ok_or(DocumentError::NoKey)?;
        let (owner, document) = open_document(key, *epoch, &subject, row, blob)?;
        if owner.is_of(&subject) { Ok(document) } else { Err(DocumentError::Malformed) }
    }

    /// The rows of the keys that were made since the account was opened.
    pub fn take_new(&mut self) -> (Option<AccountKeyRow>, Vec<SubjectKeyRow>) {
        (self.new_account_key.take(), std::mem::take(&mut self.new_subjects))
    }

    /// Subject, epoch and key of a line.
    pub(crate) fn key_of(&self, holding: HoldingId) -> Result<(Subject, Epoch, &SubjectKey), DocumentError> {
        let (epoch, key) = self.subjects.get(&Some(holding)).ok_or(DocumentError::NoKey)?;
        Ok((self.subject(Some(holding)), *epoch, key))
    }

    const fn subject(&self, holding: Option<HoldingId>) -> Subject {
        Subject { tenant: self.keeper.tenant, account: self.account, holding }
    }

    #[cfg(honnin_faults)]
    pub(crate) const fn keeper(&self) -> &Keeper {
        self.keeper
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.keeper.entropy
    }

    const fn wrapping(&self) -> &KeeperKey {
        &self.keeper.wrap
    }
}
