//! Putting the rooms together: who gets which authority, which engine, which clock.

mod bounds;
mod canaries;
mod check;
pub(crate) mod engine;
pub(crate) mod epochs;
mod front;
pub(crate) mod merges;
mod monitor;
mod probe;
mod rooms;
mod service;
mod upkeep;
mod watch;

pub(crate) use check::problems;
pub(crate) use front::{front, prefixes};
pub(crate) use monitor::Metrics;
pub(crate) use rooms::Rooms;
#[cfg(test)]
pub(crate) use rooms::{entropy, request};
pub(crate) use service::{Doors, Service, latest_entry};
