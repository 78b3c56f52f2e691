//! The real binary, asked from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails where it stands"
)]

mod config;
mod demo;
mod drill;
mod figures;
mod init;
mod killed;
mod recycled;
mod serve;
mod support;
mod swapped;
mod who_saw;
