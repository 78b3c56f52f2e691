//! The real binary, asked from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails where it stands"
)]

mod acts;
mod at_rest;
mod backup;
mod canaries;
mod config;
mod demo;
mod disclosed_on_paper;
mod drill;
mod escrow;
mod figures;
mod figures_told;
mod for_real;
mod full;
mod handed;
mod init;
mod insiders;
mod key_agent;
mod killed;
mod no_faults;
mod notices;
mod output;
mod postgres;
mod postgres_backup;
mod postgres_restore;
mod put_back;
mod recycled;
mod rotate;
mod routes;
mod serve;
mod set_aside;
mod store_copy;
mod support;
mod swapped;
mod tenants;
mod told;
mod traces;
mod upgrade;
mod waiting_room;
mod who_saw;
