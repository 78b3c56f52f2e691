//! The project's chores: the gate (`test`), its rules (`tidy`), the page audit (`audit`) and made-up ledgers.
//!
//! Nothing here is part of what an operator runs.

#![expect(clippy::print_stdout, reason = "a chore speaks to the person who runs it")]

mod args;
mod audit;
mod controls;
mod deep;
mod demo;
mod faulty;
mod fuzz;
mod layers;
mod ledger;
mod outside;
mod suite;
mod tidy;
mod tool;

use std::process::ExitCode;

use args::Args;

const HELP: &str = "\
cargo xtask COMMAND

  test           run every test and every check: the gate
  tidy           check the rules of the house that no compiler holds
  audit          look at every page of the demo in a browser
                   --script FILE    the auditing script (../shared/tools/webaudit.sh)
                   --account ID     whose pages (mio30617284)
                   --ledger DIR     another ledger than the sample
                   --only PATH      one page
                   --out DIR        keep reports and screenshots
  ledger         write a made-up ledger extract of any size
                   --lines N        how many lines (SIMs)
                   --out DIR        where to (target/ledger)
                   --seed S         another seed, other people (1)
                   --as-of TIME     the moment of the extract (2026-11-20T06:00:00+09:00)
                   --usage-days D   rows of usage per line, one a day up to the day before (1; with marks 30)
                   --watermarks     every field of every subject unique, and marks.json beside: mark and whose it is
                   --accounts N     how many accounts, with marks (2000)
                   --recycled N     numbers that changed hands, with marks: two accounts more for each (0)
  deep           long work, and a dated page in docs/evidence for each step
                   --only STEP      mutants, fuzz, schemathesis, controls, drills, worlds or audit
  faults         build the program that can be told to do wrong, and name what
  fuzz [NAME…]   throw made-up octets at every reader, and see that named lines were reached
                   --seconds N      for each target (60)
                   --keep           keep in the tree what reached something new
                   --out DIR        where to build and work (target/fuzz)
  layers         try every planted fault against layer after layer; compare the table with what is checked in
                   --write          write docs/reference/layers.md
  drill-controls run every drill on a program that does wrong: each has to fail
                   --only DRILL     the controls of one drill
  schemathesis   let it ask a demo everything its description allows, as two subscribers
                   --examples N     questions to each operation in each of three rounds (60)
                   --seed S         another seed, other questions (1)
  sample-ledger  write the sample ledger that ships with the project
                   --out DIR        where to (examples/sample-ledger)
";

fn main() -> ExitCode {
    if let Some(ended) = faulty::wrapped() {
        return ended;
    }
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let outcome = Args::read(words).and_then(|mut args| match command.as_str() {
        "test" => suite::command(args),
        "audit" => audit::command(args),
        "deep" => deep::command(args),
        "drill-controls" => controls::command(args),
        "faults" => faulty::command(args),
        "fuzz" => fuzz::command(args),
        "layers" => layers::command(args),
        "schemathesis" => outside::command(args),
        "tidy" => tidy::command(args),
        "ledger" if args.switch("watermarks") => ledger::watermarks::command(args),
        "ledger" => ledger::bulk::command(args),
        "sample-ledger" => ledger::sample::command(args),
        "" | "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("no command {other:?}; `cargo xtask help` lists them").into()),
    });
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
