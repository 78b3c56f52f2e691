//! Intake from outside: the mappings that ship, on the ledgers that ship.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails here has told where")]

mod crash;
mod docs;
mod evidence;
mod explain;
mod factual;
mod ledger_a;
mod mangled;
mod memory;
mod newcomer;
mod others_rows;
mod reading;
mod rules;
mod sample;
mod whole;
mod world;
mod worlds;
