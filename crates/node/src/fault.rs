//! Why something that is done besides requests was not done.

use honnin_access::DocumentError;
use honnin_journal::{AppendError, PublishError, ReadError};
use honnin_keeper::KeyringError;
use honnin_seal::OpenError;

/// Why it was not done. None of these names anybody; all of them are tried again.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store does not answer or takes nothing.
    #[error(transparent)]
    Store(#[from] honnin_store::Error),
    /// The journal takes no entry.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The journal cannot be published or pruned.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The keyring cannot be read or written.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A key does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something cannot be sealed.
    #[error(transparent)]
    Seal(#[from] DocumentError),
    /// The journal has no epoch to write under.
    #[error("write into the journal: it has no epoch")]
    NoEpoch,
}
