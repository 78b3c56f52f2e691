//! The project's chores: the gate (`test`), its rules (`tidy`), the page audit (`audit`) and made-up ledgers.
//!
//! Nothing here is part of what an operator runs.

#![expect(clippy::print_stdout, reason = "a chore speaks to the person who runs it")]

mod asvs;
mod audit;
mod bench;
mod clients;
mod controls;
mod deep;
mod demo;
mod faulty;
mod field;
mod fuzz;
mod layers;
mod ledger;
mod lines;
mod named;
mod outside;
mod package;
mod red_team;
mod simulate;
mod suite;
mod tidy;
mod tool;

use std::process::ExitCode;

use clap::Parser;

/// Chores of the project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 110)]
enum Chore {
    /// Run every test and every check: the gate
    Test,
    /// Check the rules of the house that no compiler holds
    Tidy,
    /// Count the lines of each room: shipped, and tests
    Lines(lines::Asked),
    /// Look at every page of the demo in a browser
    Audit(audit::Asked),
    /// Write a made-up ledger extract of any size
    Ledger(ledger::Asked),
    /// Run long work, and write a dated page in docs/evidence for each step
    Deep(deep::Asked),
    /// Measure reads, overload, sign-ins, intake and memory, and write docs/performance.md
    Bench(bench::Asked),
    /// Take in what real systems do to files, case by case
    Field(field::Asked),
    /// Run every test that docs/asvs.md names as its proof
    Asvs,
    /// Run every test that shows an attack no longer works, and write docs/evidence/red-team.md
    RedTeam(red_team::Asked),
    /// Build the program with planted faults, and list them
    Faults,
    /// Fuzz every parser, and require that named lines were reached
    Fuzz(fuzz::Asked),
    /// Try every planted fault against layer after layer, and compare the table with the one that is checked in
    Layers {
        /// Write docs/reference/layers.md
        #[arg(long)]
        write: bool,
    },
    /// Run every drill on a program that does wrong: each has to fail
    DrillControls {
        /// The controls of one drill only
        #[arg(long)]
        only: Option<String>,
    },
    /// Run histories of nodes with crashes, pauses, skewed clocks and lost answers, by seed
    Simulate(simulate::Asked),
    /// Let schemathesis test everything that the API's description allows, as two subscribers
    Schemathesis(outside::Asked),
    /// Lint the API's description, and let generated TypeScript, Python and Rust clients do the whole round
    Clients,
    /// Make the Debian package, with manual pages, completions, the service and a bill of materials
    Package(package::Asked),
    /// Write the sample ledger that ships with the project
    SampleLedger {
        /// Directory to write to
        #[arg(long, default_value = "examples/sample-ledger")]
        out: std::path::PathBuf,
    },
}

fn main() -> ExitCode {
    if let Some(ended) = faulty::wrapped() {
        return ended;
    }
    let outcome = match Chore::parse() {
        Chore::Test => suite::command(),
        Chore::Tidy => tidy::check(),
        Chore::Lines(asked) => lines::command(&asked),
        Chore::Simulate(asked) => simulate::command(&asked),
        Chore::Audit(asked) => audit::command(asked),
        Chore::Ledger(asked) => ledger::command(asked),
        Chore::Deep(asked) => deep::command(&asked),
        Chore::Bench(asked) => bench::command(&asked),
        Chore::Field(asked) => field::command(&asked),
        Chore::Asvs => asvs::command(),
        Chore::RedTeam(asked) => red_team::command(&asked),
        Chore::Faults => faulty::command(),
        Chore::Fuzz(asked) => fuzz::command(asked),
        Chore::Layers { write } => layers::check(write),
        Chore::DrillControls { only } => controls::command(only.as_deref()),
        Chore::Schemathesis(asked) => outside::command(&asked),
        Chore::Clients => clients::command(),
        Chore::Package(asked) => package::command(&asked),
        Chore::SampleLedger { out } => ledger::sample::command(&out),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What ends a chore: a sentence for the person who runs it.
type Failure = Box<dyn std::error::Error + Send + Sync>;
