//! Two canaries ask for personal pages by the way subscribers take, and see whether each is given her own.
//!
//! The only room that calls others: the public address, and the witnesses a checkpoint of the journal is handed to. Knows what a subscriber's browser knows and nothing of the inside: what
//! it finds, a subscriber would have found. Whose accounts the canaries are, and what follows from a finding, is the
//! binary's business.

mod judge;
mod mark;
mod post;
mod round;
mod way;

pub use judge::{Fault, Finding};
pub use mark::{Mark, Which};
pub use post::Receiver;
pub use round::{Canary, PAGES, Seen, full, one_of};
pub use way::{BadWay, Unanswered, Way};

#[cfg(test)]
mod tests;
