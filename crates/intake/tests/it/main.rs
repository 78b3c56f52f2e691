//! Intake from outside: the mappings that ship, on the ledgers that ship.

#![expect(clippy::unwrap_used, reason = "a test that fails here has told where")]

mod docs;
mod reading;
mod sample;
