//! A writer that mixes people up, in a build that can be told to.

use std::sync::Arc;

use honnin_access::{Document, DocumentError, OwnerTag, Subject, planted_documents};
use honnin_seal::Epoch;
use honnin_terms::AccountId;
use honnin_terms::faults::{self, Kept};
use serde::Serialize;

use crate::AccountKeys;

/// What the writing of one document leaves behind for the next.
#[derive(Debug, Default)]
pub(crate) struct KeptHere {
    first: Kept<(), AccountId>,
    /// By kind and row.
    written: Kept<(&'static str, Vec<u8>), Vec<u8>>,
}

impl AccountKeys<'_> {
    /// The document sealed with the wrong name in it, or the document before it sealed in its place, where such a
    /// fault is planted.
    pub(crate) fn mixed_up<D: Document + Serialize>(
        &self,
        epoch: Epoch,
        owner: &OwnerTag,
        row: &[u8],
        document: &D,
    ) -> Result<Option<Arc<[u8]>>, DocumentError> {
        let OwnerTag { tenant, account, holding, .. } = *owner;
        let kept = &self.keeper().kept;
        let written = if faults::WRONG_OWNER_TAG.is_on() {
            let first = kept.first.first((), || account);
            planted_documents::written(&OwnerTag { account: first, ..*owner }, document)?
        } else if faults::WRONG_SUBJECT_KEY.is_on() {
            let own = planted_documents::written(owner, document)?;
            kept.written.exchange((D::KIND, row.to_vec()), own.clone()).unwrap_or(own)
        } else {
            return Ok(None);
        };
        let subject = Subject { tenant, account, holding };
        let entropy = &*self.keeper().entropy;
        planted_documents::seal::<D>((epoch, self.ring()), &subject, row, &written, entropy)
            .map(|blob| Some(blob.into()))
    }
}
