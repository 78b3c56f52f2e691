//! The reconciler against elements that answer late, lose answers or say nothing, on paused time.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails where it stands"
)]

mod house;
mod outages;
mod rows;
mod toggles;
mod wire;
