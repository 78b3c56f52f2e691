//! The only room with HTML and words: pages, charts, documents, and the files every visitor may have.
//!
//! A page is made of what `care` let out. Nothing here knows a route, a request, a store or the keeper.

pub mod assets;
pub mod chart;
pub mod document;
pub mod format;
pub mod page;
pub mod piece;
pub mod words;
