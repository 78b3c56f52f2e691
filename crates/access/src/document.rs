//! Sealed documents: how a view is put into a blob and taken out again.
//!
//! Each kind of a subject's documents has a key of its own, derived from the account's ring, so that one kind can be given to somebody
//! without the others. Blob: schema version (2 octets), epoch of the subject's keys (4), then the sealed owner tag and
//! document. The two numbers in front are part of the associated data, so altering them only makes the blob refuse to
//! open.

use honnin_seal::{Epoch, KindKey, OpenError, Place, Purpose, RingKey};
use honnin_terms::Entropy;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::permit::Subject;
use crate::{OwnerTag, Ring};

/// A document that can be sealed as a view.
pub trait Document: DeserializeOwned {
    /// The kind: part of the associated data and of the row's key.
    const KIND: &'static str;
    /// The version of the document's shape; a change of shape is a new version.
    const SCHEMA: u16;
}

/// A document that does not come out. Each of them is an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The blob does not open: another key, another place, or altered.
    #[error("open a document: the blob does not open with the key and place at hand")]
    DoesNotOpen,
    /// The blob has a shape this build does not read.
    #[error("read a document: its schema version is {found}, this build reads {expected}")]
    Schema {
        /// The version this build reads.
        expected: u16,
        /// The version of the blob.
        found: u16,
    },
    /// The plaintext is not such a document.
    #[error("read a document: the opened octets are not a document of this kind")]
    Malformed,
    /// The permit at hand carries no key.
    #[error("open a document: the permit carries no key")]
    NoKey,
}

impl From<OpenError> for DocumentError {
    fn from(_: OpenError) -> Self {
        Self::DoesNotOpen
    }
}

const HEADER: usize = 6;

fn place<'a>(subject: &Subject, kind: &'static str, row: &'a [u8], schema: u16, epoch: Epoch) -> Place<'a> {
    let Subject { tenant, account, holding } = *subject;
    Place { holding, row, schema, epoch, ..Place::of_account(tenant, account, Purpose::Document(kind)) }
}

fn key_of<D: Document>(ring: &RingKey, subject: &Subject, epoch: Epoch) -> Result<KindKey, OpenError> {
    KindKey::of_ring(ring, subject.holding, epoch, D::KIND)
}

/// The epoch of the key that a blob says it is sealed under: what is sealed beside it takes the same.
pub fn epoch_of(blob: &[u8]) -> Option<Epoch> {
    blob.get(2..HEADER)?.try_into().ok().map(u32::from_be_bytes)
}

/// Seals a document for the subject its owner tag names.
///
/// # Errors
/// [`DocumentError`] where the cipher refuses.
pub fn seal_document<D: Document + Serialize>(
    ring: &Ring,
    epoch: Epoch,
    owner: &OwnerTag,
    row: &[u8],
    document: &D,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, DocumentError> {
    seal_with(ring.key(), epoch, owner, row, document, entropy)
}

pub(crate) fn seal_with<D: Document + Serialize>(
    ring: &RingKey,
    epoch: Epoch,
    owner: &OwnerTag,
    row: &[u8],
    document: &D,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, DocumentError> {
    let plain = plaintext(owner, document)?;
    let subject = Subject { tenant: owner.tenant, account: owner.account, holding: owner.holding };
    seal_plaintext::<D>(ring, epoch, &subject, row, &plain, entropy)
}

/// The owner and the document, as they are sealed together.
fn plaintext<D: Document + Serialize>(owner: &OwnerTag, document: &D) -> Result<Vec<u8>, DocumentError> {
    let mut plain = Vec::with_capacity(1024);
    owner.write(&mut plain);
    postcard::to_extend(document, plain).map_err(|_| DocumentError::Malformed)
}

fn seal_plaintext<D: Document>(
    ring: &RingKey,
    epoch: Epoch,
    subject: &Subject,
    row: &[u8],
    plain: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, DocumentError> {
    let key = key_of::<D>(ring, subject, epoch)?;
    let sealed = key.seal(&place(subject, D::KIND, row, D::SCHEMA, epoch), plain, entropy)?;
    let mut blob = Vec::with_capacity(HEADER + sealed.len());
    blob.extend_from_slice(&D::SCHEMA.to_be_bytes());
    blob.extend_from_slice(&epoch.to_be_bytes());
    blob.extend_from_slice(&sealed);
    Ok(blob)
}

/// Opens a document that was sealed for `subject`, and says whose it says it is.
///
/// # Errors
/// [`DocumentError`]; always an alarm.
pub fn open_document<D: Document>(
    ring: &Ring,
    subject: &Subject,
    row: &[u8],
    blob: &[u8],
) -> Result<(OwnerTag, D), DocumentError> {
    open_with(ring.key(), subject, row, blob)
}

pub(crate) fn open_with<D: Document>(
    ring: &RingKey,
    subject: &Subject,
    row: &[u8],
    blob: &[u8],
) -> Result<(OwnerTag, D), DocumentError> {
    let (header, sealed) = blob.split_first_chunk::<HEADER>().ok_or(DocumentError::DoesNotOpen)?;
    let (schema, epoch) = header.split_first_chunk::<2>().ok_or(DocumentError::DoesNotOpen)?;
    let epoch = epoch.try_into().map_err(|_| DocumentError::DoesNotOpen)?;
    let (found, epoch) = (u16::from_be_bytes(*schema), u32::from_be_bytes(epoch));
    let plain =
        key_of::<D>(ring, subject, epoch)?.open(&place(subject, D::KIND, row, found, epoch), sealed)?;
    // Only after opening, so that an altered version number is told apart from a build that is too old.
    if found != D::SCHEMA {
        return Err(DocumentError::Schema { expected: D::SCHEMA, found });
    }
    let (tag, document) = OwnerTag::read(&plain).ok_or(DocumentError::Malformed)?;
    let document = postcard::from_bytes(document).map_err(|_| DocumentError::Malformed)?;
    Ok((tag, document))
}

/// What a writer that mixes people up would seal, in a build that can be told to.
#[cfg(honnin_faults)]
pub mod planted {
    use super::{
        Document, DocumentError, Entropy, Epoch, OwnerTag, Ring, Serialize, Subject, plaintext,
        seal_plaintext,
    };

    /// The owner and the document, before they are sealed.
    ///
    /// # Errors
    /// As [`super::seal_document`].
    pub fn written<D: Document + Serialize>(
        owner: &OwnerTag,
        document: &D,
    ) -> Result<Vec<u8>, DocumentError> {
        plaintext(owner, document)
    }

    /// Seals for a subject what may be another's.
    ///
    /// # Errors
    /// As [`super::seal_document`].
    pub fn seal<D: Document>(
        (epoch, ring): (Epoch, &Ring),
        subject: &Subject,
        row: &[u8],
        written: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, DocumentError> {
        seal_plaintext::<D>(ring.key(), epoch, subject, row, written, entropy)
    }
}
