//! What the web room promises, seen from outside.

mod documents;
mod pages;
#[path = "../../samples/mod.rs"]
mod samples;
