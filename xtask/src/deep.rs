//! Long work that the gate has no time for, and what came of it: `docs/evidence` has a dated page for each step.
//!
//! A page says which commit it is about, so nothing is written while something is not committed.

mod how_to;
mod mutants;
mod page;

use std::process::{Command, Stdio};

use page::Page;

use crate::{Failure, audit, clients, controls, fuzz, layers, outside, package, tidy, tool};

/// What a step found: whether it is well, and the lines of its page.
type Found = Result<(bool, Vec<String>), Failure>;

/// A step: its name, what it does, and how.
type Step = (&'static str, &'static str, fn() -> Found);

const STEPS: [Step; 12] = [
    (
        "mutants",
        "Guard functions changed in every way, each change noticed by a test of the same crate",
        mutants::run,
    ),
    ("fuzz", "Every reader given made-up octets, a minute each", fuzzed),
    ("schemathesis", "A demo asked everything its description allows, as two subscribers", asked),
    (
        "clients",
        "The description linted, and generated TypeScript, Python and Rust clients do the whole round",
        generated,
    ),
    ("controls", "Every drill on a program that does wrong: each has to fail", controls::all),
    ("drills", "Every drill, for a minute each", drilled),
    ("worlds", "Worlds that differ only in another subscriber, with more cases", compared),
    (
        "field",
        "Extracts dropped, cut, doubled and turned, and every face looked at, with more cases",
        mangled,
    ),
    ("layers", "Every planted fault tried against layer after layer", layered),
    (
        "how-to",
        "The patch of docs/how-to-add/a-ledger-field.md applied, compiled and tested",
        how_to::followed,
    ),
    ("audit", "Every page of the demo in a browser", audited),
    (
        "package",
        "The package in a clean Debian system: installed, begun, used, upgraded, purged",
        package::deep,
    ),
];

/// What can be asked of the long work.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// One step: mutants, fuzz, schemathesis, clients, controls, drills, worlds, field, layers, how-to, audit or package
    #[arg(long)]
    only: Option<String>,
}

/// `cargo xtask deep`.
pub(crate) fn command(asked: &Asked) -> Result<(), Failure> {
    let only = asked.only.as_deref();
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|(name, ..)| only.is_none_or(|only| only == *name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = STEPS.iter().map(|(name, ..)| *name).collect();
        return Err(format!("no such step; there are {}", names.join(", ")).into());
    }
    let mut failed = Vec::new();
    for (name, what, step) in chosen {
        println!();
        println!("== deep: {name}: {what}");
        let page = Page::begin(name, what)?;
        let (well, lines) = match step() {
            Ok(found) => found,
            Err(failure) => (false, vec![format!("The step broke: {failure}")]),
        };
        println!("{}", page.write(well, &lines)?.display());
        if !well {
            failed.push(*name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("not well: {}", failed.join(", ")).into()) }
}

fn fuzzed() -> Found {
    let outcomes = fuzz::run(&[], fuzz::SECONDS, None, false)?;
    let mut lines =
        vec!["Built with the address sanitiser, on the compiler of the product.".to_owned(), String::new()];
    lines.extend(
        ["| target | verdict | inputs | named lines reached |", "|---|---|---|---|"].map(str::to_owned),
    );
    for outcome in &outcomes {
        lines.push(outcome.row());
    }
    for finding in outcomes.iter().filter_map(|outcome| outcome.finding.as_ref()) {
        lines.extend([String::new(), "```text".to_owned(), finding.clone(), "```".to_owned()]);
    }
    Ok((outcomes.iter().all(fuzz::Outcome::is_well), lines))
}

fn asked() -> Found {
    let outcome = outside::run(outside::EXAMPLES, 1)?;
    Ok((outcome.wrong.is_empty(), outcome.lines()))
}

fn generated() -> Found {
    Ok((true, clients::run()?.iter().map(|line| format!("- {line}")).collect()))
}

fn audited() -> Found {
    let Some(audit) = audit::run(audit::Asked::default())? else {
        return Err("the script is not here".into());
    };
    let said = "Lighthouse (phone, median of three runs), html-validate, axe in six variants.".to_owned();
    let fence = || "```".to_owned();
    let begun = [said, String::new(), "```text".to_owned()].into_iter();
    let looked = ["What people do, done in the browser.".to_owned(), String::new(), "```text".to_owned()];
    let lines = begun.chain(audit.table).chain([fence(), String::new()]).chain(looked).chain(audit.looks);
    // A browser that is not there has looked at nothing.
    Ok((audit.below == 0 && audit.failed == Some(0), lines.chain([fence()]).collect()))
}

/// The lines of a command's output that tell a verdict.
fn verdicts(command: &mut Command, tells: impl Fn(&str) -> bool) -> Found {
    let output = command.current_dir(tidy::root()).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("run {command:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{said}");
    let mut lines = vec!["```text".to_owned()];
    lines.extend(said.lines().filter(|line| tells(line)).map(str::to_owned));
    lines.push("```".to_owned());
    Ok((output.status.success(), lines))
}

fn drilled() -> Found {
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--locked", "--quiet", "--release", "--package", "honnin", "--"]);
    cargo.args(["drill", "run", "all", "--seconds", "60"]);
    verdicts(&mut cargo, |line| line.starts_with('D') || line.contains(" passed, "))
}

fn layered() -> Found {
    layers::check(false)?;
    Ok((
        true,
        vec!["The table that is checked in is what the runs found: docs/reference/layers.md.".to_owned()],
    ))
}

fn compared() -> Found {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["test", "--locked", "--release", "--workspace", "--", "worlds"])
        .env("PROPTEST_CASES", "2000");
    let (well, lines) = verdicts(&mut cargo, |line| {
        line.starts_with("test ") && !line.starts_with("test result: ok. 0 passed")
    })?;
    // Two lines are the fence: a run of no test says nothing.
    Ok((well && lines.len() > 2, lines))
}

/// A seed of its own each time; the page says which.
fn mangled() -> Found {
    let seed = std::process::id().to_string();
    let mut cargo = Command::new("cargo");
    cargo
        .args(["test", "--locked", "--release", "-p", "honnin-hostile", "--test", "field", "--", "mangled"])
        .args(["--nocapture"])
        .env("HONNIN_FIELD_SEED", &seed)
        .env("HONNIN_FIELD_CASES", "1000");
    verdicts(&mut cargo, |line| line.starts_with("test ") || line.starts_with("field: "))
}

/// What the machine is, as far as it matters.
pub(crate) fn machine() -> Result<String, Failure> {
    let cores = std::thread::available_parallelism()?;
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB"));
    let gib = kib.and_then(|kib| kib.trim().parse::<u64>().ok()).map_or(0, |kib| kib.div_ceil(1 << 20));
    let compiler = tool::said(Command::new("rustc").arg("--version"))?;
    Ok(format!("{cores} cores, {gib} GiB of memory, {}", compiler.trim()))
}
