//! The binary: settings, wiring, commands. The only reader of environment, clock and entropy.

fn main() {}
