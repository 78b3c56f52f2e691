//! The real binary, asked from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails where it stands"
)]

mod config;
mod demo;
mod init;
mod serve;
mod support;
