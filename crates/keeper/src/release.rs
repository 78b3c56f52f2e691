//! What sign-in asks of the keeper.

use honnin_access::SignInProof;
use honnin_access::ports::KeyRelease;
use honnin_seal::{AccountKey, Epoch, OpenError, Place, Purpose};
use honnin_terms::{AccountId, Entropy, TenantId};

use crate::{Deed, Keeper};

/// The place of the account key under the keeper's key.
pub(crate) fn account_key_place(tenant: TenantId, account: AccountId, epoch: Epoch) -> Place<'static> {
    Place { epoch, ..Place::of_account(tenant, account, Purpose::AccountKeyForKeeper) }
}

fn record_place(tenant: TenantId, account: AccountId, kind: &'static str) -> Place<'static> {
    Place::of_account(tenant, account, Purpose::KeeperRecord(kind))
}

const PASSWORD: &str = "password";
const CODE: &str = "one-time code";

impl Keeper {
    /// A fresh account key, and the same under the keeper's key.
    pub(crate) fn make_account_key(
        &self,
        account: AccountId,
        epoch: Epoch,
        entropy: &dyn Entropy,
    ) -> Result<(AccountKey, Vec<u8>), OpenError> {
        let key = AccountKey::random(entropy);
        let by_keeper = self.wrap.wrap(&account_key_place(self.tenant, account, epoch), &key, entropy)?;
        Ok((key, by_keeper))
    }
}

impl KeyRelease for Keeper {
    fn account_of(&self, _tenant: TenantId, login: &str) -> AccountId {
        self.account_id(login)
    }

    fn open_password(
        &self,
        tenant: TenantId,
        account: AccountId,
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        self.serves(tenant)?;
        self.tell(Deed::Credential);
        self.records.open(&record_place(tenant, account, PASSWORD), sealed)
    }

    fn seal_password(
        &self,
        tenant: TenantId,
        account: AccountId,
        record: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        self.serves(tenant)?;
        self.tell(Deed::Credential);
        self.records.seal(&record_place(tenant, account, PASSWORD), record, entropy)
    }

    fn open_code(&self, tenant: TenantId, account: AccountId, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        self.serves(tenant)?;
        self.tell(Deed::Credential);
        self.records.open(&record_place(tenant, account, CODE), sealed)
    }

    fn seal_code(
        &self,
        tenant: TenantId,
        account: AccountId,
        record: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        self.serves(tenant)?;
        self.tell(Deed::Credential);
        self.records.seal(&record_place(tenant, account, CODE), record, entropy)
    }

    fn release(&self, proof: &SignInProof, wrapped: &[u8], epoch: Epoch) -> Result<AccountKey, OpenError> {
        self.serves(proof.tenant())?;
        self.tell(Deed::ReleaseAccountKey);
        self.wrap.unwrap_key(&account_key_place(proof.tenant(), proof.account(), epoch), wrapped)
    }

    fn new_account_key(
        &self,
        tenant: TenantId,
        account: AccountId,
        epoch: Epoch,
        entropy: &dyn Entropy,
    ) -> Result<(AccountKey, Vec<u8>), OpenError> {
        self.serves(tenant)?;
        self.tell(Deed::CreateKey);
        self.make_account_key(account, epoch, entropy)
    }
}
