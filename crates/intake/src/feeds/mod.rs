//! A run: every row read once, set aside or put to its account, committed step by step with the feed's position.

mod apply;
pub(crate) mod quarantine;
pub(crate) mod run;
mod scan;
pub(crate) mod spill;
mod spilled;
pub mod summary;
