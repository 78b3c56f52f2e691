//! Events to documents: who held the line at that time, and what is stored of her together with what the ledger now
//! says becomes what is stored next. Needs no file.

pub(crate) mod directory;
pub mod event;
pub mod fault;
pub mod fields;
pub(crate) mod item;
mod ledger;
pub(crate) mod merge;
mod merge_bills;
mod merge_line;
pub(crate) mod moves;
pub(crate) mod records;
mod share;
mod snapshot;
mod take;
mod whose;

pub use ledger::{Corrections, Ledger};
pub use merge::Verdict;
pub use take::{FactsError, Taken, Taking};
pub(crate) use take::{record_of, take, take_notice};
pub(crate) use whose::{Holders, Whose, is_there, lost_of};
