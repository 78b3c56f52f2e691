//! What sign-in asks of the keeper.

use honnin_access::ports::{KeyRelease, RecordKind, ReleaseError};
use honnin_access::{Answer, SignInProof};
use honnin_seal::{AccountKey, Digest, Epoch, OpenError, Place, Purpose, SessionKey};
use honnin_terms::{AccountId, Entropy, TenantId};

use crate::{Deed, Keeper, Refused};

/// The place of the account key under the keeper's key.
pub(crate) fn account_key_place(tenant: TenantId, account: AccountId, epoch: Epoch) -> Place<'static> {
    Place { epoch, ..Place::of_account(tenant, account, Purpose::AccountKeyForKeeper) }
}

fn record_place(tenant: TenantId, account: AccountId, kind: &'static str) -> Place<'static> {
    Place::of_account(tenant, account, Purpose::KeeperRecord(kind))
}

const fn name_of(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Password => "password",
        RecordKind::Code => "one-time code",
        RecordKind::Ticket => "sign-in ticket",
        RecordKind::Challenge => "passkey challenge",
    }
}

const WORK: &str = "session left with work";

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

    fn open_record(
        &self,
        tenant: TenantId,
        account: AccountId,
        kind: RecordKind,
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        self.serves(tenant)?;
        self.may(Deed::Credential)?;
        self.records.open(&record_place(tenant, account, name_of(kind)), sealed)
    }

    fn seal_record(
        &self,
        tenant: TenantId,
        account: AccountId,
        kind: RecordKind,
        record: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        self.serves(tenant)?;
        self.may(Deed::Credential)?;
        self.records.seal(&record_place(tenant, account, name_of(kind)), record, entropy)
    }

    fn release<'a>(
        &'a self,
        proof: &SignInProof,
        wrapped: &'a [u8],
        epoch: Epoch,
    ) -> Answer<'a, Result<AccountKey, ReleaseError>> {
        if self.serves(proof.tenant()).is_err() {
            return Answer::ready(Err(ReleaseError::DoesNotOpen));
        }
        let proof = *proof;
        Answer::later(async move {
            self.witness.about_to_release(&proof).await.map_err(|refused| match refused {
                Refused::NotRecorded => ReleaseError::NotRecorded,
                Refused::TooOften(seconds) => ReleaseError::TooOften(seconds),
            })?;
            let place = account_key_place(proof.tenant(), proof.account(), epoch);
            Ok(self.wrap.unwrap_key(&place, wrapped)?)
        })
    }

    fn leave(
        &self,
        tenant: TenantId,
        account: AccountId,
        (key, row_hash): (&SessionKey, &Digest),
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        self.serves(tenant)?;
        self.may(Deed::LeaveWork)?;
        self.wrap.wrap_beside(&record_place(tenant, account, WORK), key, row_hash, entropy)
    }

    fn take_up(
        &self,
        tenant: TenantId,
        account: AccountId,
        left: &[u8],
    ) -> Result<(SessionKey, Digest), OpenError> {
        self.serves(tenant)?;
        self.may(Deed::TakeUp)?;
        let (key, beside) = self.wrap.unwrap_beside(&record_place(tenant, account, WORK), left)?;
        Ok((key, beside.octets().try_into().map_err(|_| OpenError)?))
    }

    fn new_account_key(
        &self,
        tenant: TenantId,
        account: AccountId,
        epoch: Epoch,
        entropy: &dyn Entropy,
    ) -> Result<(AccountKey, Vec<u8>), OpenError> {
        self.serves(tenant)?;
        self.may(Deed::CreateKey)?;
        self.make_account_key(account, epoch, entropy)
    }
}
