//! The append-only, verifiable record of every disclosure and every act: who was shown whose data, who did what, when,
//! on what basis.
//!
//! An entry is durable before the page it stands for is sent. A node has one log; entries are named by log and index.
//! The files follow C2SP tlog-tiles, tlog-checkpoint and signed-note over the tree of RFC 6962, so that other people's
//! tools can read them; [`verify()`] proves from them alone that every viewer was the owner or had a basis valid at that
//! moment. Knows nothing of pages or the server: only pseudonyms, and keys that are passed in.
//!
//! # Security
//! Promised: an entry that was acknowledged survives a crash; any change of what is published is found by
//! [`verify()`]; nothing that was not written with the key enters the tree; a log cut behind its anchored head does not
//! open; an entry may stand for a page that was never sent, never the reverse.
//! Not promised: that a whole directory put back to an older state *together with the anchored head* is noticed. For
//! that a checkpoint must be kept elsewhere and compared.

mod anchoring;
mod ask;
mod batch;
mod bounds;
mod bundle;
mod chain;
mod copy;
mod desk;
mod details;
mod disk;
mod entry;
mod follow;
mod history;
mod index;
mod journal;
mod keys;
mod kind;
mod layout;
mod leave;
mod logs;
mod merkle;
mod note;
mod others;
mod pace;
mod prune;
mod public;
mod publish;
mod queue;
mod recover;
mod run;
mod segment;
mod sheaf;
mod shelf;
mod tail;
mod tiles;
mod verify;
mod writer;

pub use ask::{Proof, ReadError};
pub use batch::Append;
pub use bounds::{AppendError, Bounds, State};
pub use bundle::parse_bundle;
pub use chain::{Anchor, AnchorError, FileAnchor, Head, LogKeys};
pub use copy::{Held, copy, copy_in_steps, hold, is_written};
pub use desk::{Asked, Desk};
pub use details::{Details, MOST_LISTED, MOST_TEXT};
pub use entry::{Entry, MOST_BODY, Pseudonym, parse_entry};
pub use index::Query;
pub use journal::{Journal, Opened, Opening};
pub use keys::{Act, EpochKeys, Party};
pub use kind::{About, Kind, KindRow, Who};
pub use layout::logs;
pub use leave::{
    Cosigned, Cosigner, Published, goes_on, named_size, published, verifier_key, witness_request,
};
pub use logs::{Asking, Logs};
pub use merkle::{verify_consistency, verify_inclusion};
pub use note::{BadFormat, Checkpoint, parse_checkpoint};
pub use public::{
    MOST_PUBLIC, NotAppended, Public, PublicLog, SeenHead, Unlike, pack, parse_verifier_key, put_file,
    read_public, sign_text, signed, signed_text, unpack,
};
pub use publish::PublishError;
pub use queue::Steady;
pub use recover::StartError;
pub use verify::{Breach, LogReport, Report, Trust, Violation, verify, verify_each, verify_in_steps};

#[cfg(test)]
mod tests;
