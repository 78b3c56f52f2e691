//! What admission keeps, on a simulated clock: how much of the work reaches somebody who is still there, and its laws.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod house;
mod laws;
mod storm;
