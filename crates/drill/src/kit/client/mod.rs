//! A small HTTP/1.1 client that can misbehave: raw requests, forged headers, connections kept or left at any moment.
//!
//! It keeps every octet it was sent, those of a broken answer too, for the scanner. Pipelining is not offered: one
//! request, one answer, so that an answer to somebody else's request cannot pass as an early one of ours.
//!
//! Beside it [`Streams`]: HTTP/2 over TLS, for requests of many subjects at once on one connection.

mod answer;
mod connection;
mod request;
mod streams;
mod target;

pub use answer::{Answer, Body};
pub use connection::{Broken, Connection, Exchange, Leave, Limits};
pub use request::Request;
pub use streams::Streams;
pub use target::{Refused, Target};
