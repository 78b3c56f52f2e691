//! The real binary, asked from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod config;
mod init;
mod support;
