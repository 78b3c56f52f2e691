//! What every drill needs: the product started on this machine with a ledger of its own, and a report of what was
//! tried and found.

mod balancer;
mod cluster;
mod house;
mod nginx;
mod page;
mod postgres;
mod program;
mod proxy;
mod report;
mod varnish;

pub use balancer::Balancer;
pub use cluster::{Cluster, Machine};
pub use house::{Beside, Brand, Database, Failure, House, Node, Plan, Ran, SignedIn, StatusPage, Town};
pub(crate) use house::{INSIDER, STOPPED};
pub use nginx::{KEPT_SECONDS, Keeping, Nginx, NginxPlan};
pub use page::page;
pub use postgres::Server;
pub use program::{CERTIFICATE, KEY, files_below, free_address};
pub use proxy::{Assertion, Proxy};
pub use report::{Outcome, Report, Run, Verdict};
pub use varnish::{Varnish, VarnishPlan};
