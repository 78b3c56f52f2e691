//! What every test of the binary needs: running it, and a small browser.

mod binary;
mod browser;
mod demo;
mod running;

pub(crate) use binary::{Ran, command, honnin};
pub(crate) use browser::Browser;
pub(crate) use demo::{Demo, PASSWORD};
pub(crate) use running::Running;
