//! What every test of the binary needs: running it, and a small browser.

mod binary;
mod browser;
mod demo;

pub(crate) use binary::{Ran, honnin};
pub(crate) use browser::Browser;
pub(crate) use demo::{Demo, PASSWORD};
