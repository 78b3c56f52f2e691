//! What storage promises: documents, and traits whose methods take a permit and the subject from it.
//!
//! Knows nothing of engines. One conformance suite holds every engine to these promises.

mod claims;
#[cfg(feature = "conformance")]
#[expect(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a promise is told by its name, and one that is not kept ends its test"
)]
pub mod conformance;
pub mod copying;
mod days;
pub mod decorate;
pub mod document;
mod engine;
mod feed;
mod merging;
mod noted;
mod operator;
mod speed;
mod views;
mod watchers;

pub use claims::{ClaimRows, ClaimedWork, NewWork, Queue, Settled, WorkId, WorkRow};
pub use copying::CopyRows;
pub use decorate::{Changed, Watcher};
pub use engine::{CacheFigures, Engine, Figures};
pub use feed::{
    AccountKeyRow, AccountUpdate, Batch, Committed, DirectoryKey, DirectoryRow, DocumentKey, FeedRows,
    NoticeRow, OTHERS_ROWS, Progress, QuarantineRow, RecordKey, SeenRow, StoredAccount, StoredDocument,
    SubjectKeyRow,
};
pub use honnin_access::Answer;
pub use honnin_access::ports::RowError as Error;
pub use honnin_access::{ControlName, ControlRow, ControlRows, NewControl, Swapped};
pub use merging::{
    MergeMaterial, MergeRow, MergeRows, Move, Moved, MovedHolding, MovedWish, Reason as MoveReason,
};
pub use noted::{Noted, OnItsWay, with_note};
pub use operator::{Erased, MessageKind, OperatorRows, StoreReport};
pub use speed::{
    Claim, ClaimedWish, DriveMaterial, NewWish, Outcome, SpeedRow, SpeedRows, WishAnswer, WishKey,
};
pub use views::{DeviceRows, HomeRows, NoticeRows, ViewRows, read_view};
pub use watchers::Watchers;

/// Everything an engine implements; the binary picks the engine once and hands this on.
pub trait Store:
    honnin_access::ports::SessionRows
    + honnin_access::ports::CredentialRows
    + ViewRows
    + DeviceRows
    + NoticeRows
    + SpeedRows
    + FeedRows
    + MergeRows
    + OperatorRows
    + ClaimRows
    + ControlRows
    + CopyRows
    + Engine
{
}

impl<T> Store for T where
    T: honnin_access::ports::SessionRows
        + honnin_access::ports::CredentialRows
        + ViewRows
        + DeviceRows
        + NoticeRows
        + SpeedRows
        + FeedRows
        + MergeRows
        + OperatorRows
        + ClaimRows
        + ControlRows
        + CopyRows
        + Engine
{
}
