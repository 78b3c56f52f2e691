//! Ledger in: an operator's own files become canonical events, and these become what its subscribers are shown.
//!
//! May append, can show nothing; knows nothing of pages, routes and sessions.
//!
//! The way of a row: [`rows`] (octets to cells) → [`translate`] (cells to a [`event::Fact`], by the [`Mapping`]) →
//! who held the line at that time → partitions by account → one transaction each. A row that cannot be taken is set
//! aside with a [`fault::Reason`]; rows after it are read as if it had not been there.

pub mod amount;
pub mod check;
pub mod decode;
pub mod event;
pub mod fault;
pub mod fields;
pub mod files;
mod mapping;
mod mapping_file;
pub mod pattern;
mod plan;
pub mod rows;
pub mod shape;
pub mod split;
pub mod summary;
pub mod translate;

pub use check::{CheckReport, check};
pub use mapping::{FilePlan, Mapping, MappingError};
pub use summary::{Counts, FileCounts, Summary};
