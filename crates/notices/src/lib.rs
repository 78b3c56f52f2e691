//! The public record of what the operator said of its service: incidents with their updates, in a log that can only grow.
//!
//! What is said is an entry of a public log of the journal's kind ([`Record`]); what stands on the status page, in the
//! banner and at sign-in is a projection of it ([`Board`]). A changed promise is one more entry, so that the old one and
//! the new one both stand. Whoever has the public key can verify it, and whoever has kept a checkpoint can see that
//! nothing was taken away.
//!
//! Knows nothing of accounts, of pages and of the store. Who writes it is the operator at the command line, or the
//! service itself by a rule ([`Herald`]).

mod board;
mod feeds;
mod herald;
mod post;
mod record;
mod template;
mod view;
mod word;

pub use board::{Board, EndChange, Incident, Live, Posted};
pub use feeds::{atom, calendar, incidents_json, part_name, status_json, summary_json};
pub use herald::{CLOSE_AFTER, Herald, OPEN_AFTER, Say, silence};
pub use post::{By, Change, Impact, Opening, Part, Post, Refused, State, Texts};
pub use record::{BadRecord, NotSaid, Record, read_record, settled};
pub use template::{TEMPLATES, Template, template};
pub use view::{Kept, Trouble, View, Watcher};
pub use word::{LATE_SECONDS, Word};

#[cfg(test)]
mod tests;
