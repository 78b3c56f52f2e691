//! The append-only, verifiable record of every disclosure: who was shown whose data, when, on what basis.
//!
//! An entry is durable before the page it stands for is sent. The files follow C2SP tlog-tiles, tlog-checkpoint
//! and signed-note over the tree of RFC 6962, so that other people's tools can read them; [`verify()`] proves from
//! them alone that every viewer was the owner or had a basis valid at that moment.
//! Knows nothing of accounts, pages or the server: only pseudonyms, and keys that are passed in.
//!
//! # Security
//! Promised: an entry that was acknowledged survives a crash; any change of what is published is found by
//! [`verify()`]; an entry may stand for a page that was never sent, never the reverse.
//! Not promised: that a whole directory put back to an older state is noticed. For that a checkpoint must be
//! kept elsewhere (a witness, a printed bill) and compared.

mod ask;
mod bounds;
mod bundle;
mod disk;
mod entry;
mod history;
mod index;
mod journal;
mod keys;
mod layout;
mod merkle;
mod note;
mod prune;
mod publish;
mod queue;
mod recover;
mod segment;
mod shelf;
mod tail;
mod tiles;
mod verify;
mod writer;

pub use ask::{Proof, ReadError};
pub use bounds::{AppendError, Bounds, State};
pub use bundle::parse_bundle;
pub use entry::{Basis, Entry, Kind, MOST_BODY, NewEntry, Pseudonym, parse_entry};
pub use index::Query;
pub use journal::Journal;
pub use keys::EpochKeys;
pub use merkle::{verify_consistency, verify_inclusion};
pub use note::{BadFormat, Checkpoint, parse_checkpoint};
pub use publish::PublishError;
pub use queue::Append;
pub use recover::StartError;
pub use verify::{Report, Violation, verify, verify_each};

#[cfg(test)]
mod tests;
