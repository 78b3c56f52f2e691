//! What the web room promises, seen from outside.

mod documents;
mod eo;
mod moments;
mod pages;
mod replayed;
#[path = "../../samples/mod.rs"]
mod samples;
mod third_language;
