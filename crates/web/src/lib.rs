//! The only room with routes, HTML, JSON and status codes.
//!
//! Knows nothing of engines, of ciphers and of the keeper: what it shows it gets from the use cases of `care`.

pub mod assets;
pub mod chart;
pub mod document;
pub mod format;
pub mod page;
pub mod piece;
pub mod route;
pub mod words;
