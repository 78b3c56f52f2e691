//! What this room guards, tried from outside with rows in memory: whoever changes a guard hears of it here.

#![expect(clippy::unwrap_used, reason = "a test that fails here has told where")]

mod cases;
mod codes;
mod documents;
mod factors;
mod guesses;
mod merges;
mod passkeys;
mod proofs;
mod sessions;
mod stage;
mod tokens;
