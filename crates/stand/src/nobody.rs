//! Rows of sign-in for houses in which nobody signs in, but without which no authority is made.

use honnin_access::Answer;
use honnin_access::ports::{
    CredentialRow, CredentialRows, FoundSession, KeyChange, RingWrite, RowError, SeenSession, SessionRow,
    SessionRows,
};
use honnin_seal::Digest;
use honnin_terms::{AccountId, TenantId};

/// No session and no credential, and no room for any.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

impl SessionRows for Nobody {
    fn session(&self, _: TenantId, _: &Digest) -> Answer<'_, Result<Option<FoundSession>, RowError>> {
        Answer::ready(Ok(None))
    }
    fn insert_session(&self, _: Digest, _: SessionRow, _: RingWrite) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
    fn touch_session(&self, _: TenantId, _: &Digest, _: SeenSession) {}
    fn end_sessions(&self, _: TenantId, _: AccountId, _: RingWrite) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
}

impl CredentialRows for Nobody {
    fn credential(&self, _: TenantId, _: AccountId) -> Answer<'_, Result<Option<CredentialRow>, RowError>> {
        Answer::ready(Ok(None))
    }
    fn replace_credential(
        &self,
        _: TenantId,
        _: AccountId,
        _: CredentialRow,
        _: Option<KeyChange>,
    ) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
}
