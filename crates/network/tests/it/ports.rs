//! The ports of sign-in, which nobody uses here but without which no authority is made.

use std::sync::Arc;

use honnin_access::Answer;
use honnin_access::ports::{CredentialRow, CredentialRows, RowError, SessionRow, SessionRows, SubjectKeyRow};
use honnin_seal::Digest;
use honnin_terms::{AccountId, HoldingId, Moment, TenantId};

pub(crate) struct Nobody;

impl SessionRows for Nobody {
    fn session(&self, _: TenantId, _: &Digest) -> Answer<'_, Result<Option<Arc<SessionRow>>, RowError>> {
        Answer::ready(Ok(None))
    }
    fn subject_key(
        &self,
        _: TenantId,
        _: AccountId,
        _: Option<HoldingId>,
    ) -> Answer<'_, Result<Option<Arc<SubjectKeyRow>>, RowError>> {
        Answer::ready(Ok(None))
    }
    fn insert_session(&self, _: Digest, _: SessionRow, _: usize) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
    fn touch_session(&self, _: TenantId, _: &Digest, _: Moment) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
    fn end_session(&self, _: TenantId, _: &Digest) -> Answer<'_, Result<(), RowError>> {
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
        _: Option<Moment>,
    ) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
}
