//! The real binary, asked from outside.

mod config;
mod init;
mod support;
