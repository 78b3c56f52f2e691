//! Why something that is done besides requests was not done.

use honnin_access::DocumentError;
use honnin_journal::{AnchorError, AppendError, PublishError, ReadError};
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
    /// The logs of other nodes cannot be read.
    #[error("read the logs of other nodes: {0}")]
    Logs(#[from] std::io::Error),
    /// The heads of logs cannot be read.
    #[error(transparent)]
    Heads(#[from] AnchorError),
    /// A key does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Something cannot be sealed.
    #[error(transparent)]
    Seal(#[from] DocumentError),
    /// The list of epochs was put back.
    #[error(
        "read the list of the journal's epochs: it knows {0}, and {1} were begun; the store is older than the journal, restore \
         the one that belongs to it"
    )]
    OlderEpochs(u32, u32),
    /// The journal has no epoch to write under.
    #[error("write into the journal: it has no epoch")]
    NoEpoch,
}
