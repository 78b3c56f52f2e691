//! Octets to rows: which files there are, how they are written, and what a row says by the mapping. Judges a row
//! alone; whose it is and what becomes of it is asked elsewhere.

pub mod amount;
pub mod check;
pub mod decode;
pub mod explain;
mod extract;
pub(crate) mod hashing;
pub(crate) mod mapping;
mod mapping_file;
pub mod pattern;
mod plan;
pub mod preview;
pub mod rows;
pub mod shape;
pub mod split;
pub(crate) mod survey;
pub mod translate;

pub(crate) use extract::OpenFile;
pub use extract::{Extract, ExtractFile, FilesError, Suspect, Unknown};
