//! What every test of the binary needs: running it, and a small browser.

mod binary;

pub(crate) use binary::{Ran, honnin};
