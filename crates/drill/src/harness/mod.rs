//! What every drill needs: the product started on this machine with a ledger of its own, and a report of what was
//! tried and found.

mod house;
mod page;
mod proxy;
mod report;

pub use house::{Failure, House, Plan, Ran, SignedIn, beside_this};
pub use page::page;
pub use proxy::Proxy;
pub use report::{Outcome, Report, Run, Verdict};
