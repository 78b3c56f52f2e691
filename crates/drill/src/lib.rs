//! Past incidents of other systems, replayed against the real binary over its public faces.
//!
//! Knows HTTP, files and commands, and nothing of the inside: what it finds, anybody outside would have found.

mod drills;
mod kit;
mod run;

pub use drills::{Drill, list};
pub use kit::harness::{Failure, Outcome, Report, Run, Verdict};
pub use kit::{client, harness, ledger, scan, seed};
pub use run::{Enough, Options, Say, run};
