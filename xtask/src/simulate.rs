//! Histories of nodes on one store, by seed.

use std::process::{Command, Stdio};

use crate::{Failure, tidy};

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// How many histories
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The seed of the first
    #[arg(long, default_value_t = 0)]
    from: u64,
}

/// `cargo xtask simulate`.
pub(crate) fn command(asked: &Asked) -> Result<(), Failure> {
    let words =
        ["test", "--locked", "--release", "--package", "honnin-node", "--lib", "every_history_of_nodes"];
    let mut cargo = Command::new("cargo");
    cargo.args(words).args(["--", "--nocapture"]).current_dir(tidy::root()).stdin(Stdio::null());
    cargo.env("HONNIN_SIMULATE_SEEDS", asked.seeds.to_string());
    cargo.env("HONNIN_SIMULATE_FROM", asked.from.to_string());
    let status = cargo.status().map_err(|error| format!("run cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err("a history breaks a promise; its seed stands above".into()) }
}
