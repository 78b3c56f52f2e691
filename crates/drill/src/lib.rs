//! Past incidents of other systems, replayed against the real binary over its public faces.
//!
//! Knows HTTP, files and commands, and nothing of the inside: what it finds, anybody outside would have found.

pub mod client;
mod drills;
pub mod harness;
pub mod ledger;
mod run;
pub mod scan;
pub mod seed;

pub use drills::{Drill, list};
pub use harness::{Failure, Outcome, Report, Run, Verdict};
pub use run::{Options, Say, run};
