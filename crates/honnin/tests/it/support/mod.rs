//! What every test of the binary needs: running it, a small browser, the ledger read a second time.

mod binary;
mod browser;
mod demo;
pub(crate) mod ledger;
mod place;
mod running;
mod store_file;
mod watermark;

pub(crate) use honnin_testkit::soon;

pub(crate) use binary::{Ran, command, honnin};
pub(crate) use browser::{Answer, Browser};
pub(crate) use demo::{Demo, PASSWORD};
pub(crate) use place::{Place, Serving, directory_of_sample, done, mapping, run_in};
pub(crate) use running::Running;
pub(crate) use store_file::mentions;
pub(crate) use watermark::{Watermarks, data_values};
