//! Ledger in: an operator's own files become canonical events, and these become what its subscribers are shown.
//!
//! May append, can show nothing; knows nothing of pages, routes and sessions.
//!
//! The way of a row: [`rows`] (octets to cells) → [`translate`] (cells to a [`event::Fact`], by the [`Mapping`]) →
//! who held the line at that time → partitions by account → one transaction each. A row that cannot be taken is set
//! aside with a [`fault::Reason`]; rows after it are read as if it had not been there.

pub mod amount;
mod apply;
pub mod check;
pub mod decode;
mod directory;
pub mod event;
pub mod fault;
pub mod fields;
pub mod files;
mod hashing;
mod item;
mod mapping;
mod mapping_file;
mod merge;
mod merge_bills;
mod merge_line;
mod moves;
pub mod pattern;
mod plan;
mod quarantine;
mod records;
pub mod rows;
mod run;
mod scan;
pub mod shape;
mod share;
mod snapshot;
mod spill;
pub mod split;
pub mod summary;
mod survey;
pub mod translate;
mod wait;

pub use check::{CheckReport, check};
pub use mapping::{FilePlan, Mapping, MappingError};
pub use quarantine::Quarantined;
pub use run::{FEED, Feed, PARTITION_OCTETS, Phase, RunError, Tick};
pub use spill::SpillError;
pub use summary::{Counts, FileCounts, Summary};
pub use survey::survey;
