//! Ledger in: an operator's own files become canonical events, and these become what its subscribers are shown.
//!
//! May append, can show nothing; knows nothing of pages, routes and sessions.
//!
//! The way of a row: [`files`] (octets to cells to a [`event::Fact`], by the [`Mapping`]) → [`facts`] (who held the
//! line at that time; what is stored of her and what the ledger says become what is stored next) → [`feeds`] (one
//! transaction after another, and how far it is). A row that cannot be taken is set aside with a [`fault::Reason`];
//! rows after it are read as if it had not been there. Facts that come without any file go in by
//! [`facts::Taking::batch`].

/// `Debug` of what may be personal: the type's name and nothing of its content.
macro_rules! without_content {
    ($($name:ident)+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}

pub mod facts;
pub mod feeds;
pub mod files;

pub use facts::{event, fault, fields};
pub use feeds::quarantine::{ChoiceError, Opened, Quarantined};
pub use feeds::run::{FEED, Feed, PARTITION_OCTETS, Phase, RunError, Tick};
pub use feeds::spill::SpillError;
pub use feeds::summary::{self, Counts, FileCounts, Summary};
pub use files::check::{self, CheckReport, check};
pub use files::explain::{self, ExplainError, Explained, explain};
pub use files::mapping::{FilePlan, Mapping, MappingError};
pub use files::preview::{Preview, preview};
pub use files::survey::survey;
pub use files::{amount, decode, pattern, rows, shape, split, translate};
