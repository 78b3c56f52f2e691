//! What the program costs and what it holds: measured by one command, which writes `docs/performance.md` and its plots.
//!
//! A step is a part of the page. One that fails says so on the page, and the others are measured and written all the same.

mod backup;
mod crowd;
mod figure;
mod ground;
mod half;
mod intake;
mod machine;
mod memory;
mod overload;
mod page;
mod passkeys;
mod plot;
mod programs;
mod read;
mod run;
mod section;
mod server;
mod sign_in;
mod stats;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use figure::{Figure, on_page};
use programs::Programs;
use run::Run;
use section::Section;

use crate::{Failure, tidy, tool};

/// A step: its name, the heading of its section, and what it does.
type Step = (&'static str, &'static str, fn(&Run) -> Result<Section, Failure>);

const STEPS: [Step; 10] = [
    ("read", "What a read costs", read::reads),
    ("postgres", "What a read on PostgreSQL costs", read::on_postgres),
    ("growth", "What a larger ledger costs", read::growth),
    ("half-load", "How long a read takes at half load", half::half_load),
    ("overload", "More reads than can be served", overload::reads),
    ("launch", "Launch day", overload::launch),
    ("sign-ins", "Sign-ins", sign_in::sign_ins),
    ("intake", "Taking in a ledger", intake::intake),
    ("backup", "A backup beside readers", backup::backup),
    ("memory", "Memory", memory::memory),
];

const PAGE: &str = "docs/performance.md";
const IMAGES: &str = "docs/images";

/// What can be asked of the benchmarks.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// One step: read, postgres, growth, half-load, overload, launch, sign-ins, intake, backup or memory
    #[arg(long)]
    only: Option<String>,
    /// Small and short, to see that every step runs: prints its sections, writes and compares nothing
    #[arg(long)]
    quick: bool,
    /// Print the sections; write and compare nothing
    #[arg(long)]
    print: bool,
    /// Profile to build with
    #[arg(long, default_value = "dist")]
    profile: String,
    /// Build nothing: use `honnin`, `read_cost` and `primitives` of this directory, and print
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Lines of the larger ledger
    #[arg(long, default_value_t = 1_000_000)]
    lines: u64,
}

/// `cargo xtask bench`.
pub(crate) fn command(asked: &Asked) -> Result<(), Failure> {
    let only = asked.only.as_deref();
    let steps: Vec<&Step> = STEPS.iter().filter(|(name, ..)| only.is_none_or(|only| only == *name)).collect();
    if steps.is_empty() {
        let names = STEPS.map(|(name, ..)| name).join(", ");
        return Err(format!("no such step; there are {names}").into());
    }
    let begun = now();
    let programs = match &asked.programs {
        Some(directory) => Programs::of(directory)?,
        None => Programs::build(&asked.profile)?,
    };
    println!("built in {} s", begun.elapsed().as_secs());
    let run = Run::begin(programs, asked.quick, asked.lines)?;
    // A page names a commit: what was not built of one is not written.
    let prints = asked.quick || asked.print || asked.programs.is_some();
    let (committed, about) = if prints { (String::new(), String::new()) } else { (committed(), about()?) };
    let (mut sections, mut faults, mut missed) = (Vec::new(), Vec::new(), Vec::new());
    for (name, heading, step) in steps {
        println!();
        println!("== bench: {name}: {heading}");
        let begun = now();
        let before = page::section(&committed, name).map(on_page).unwrap_or_default();
        let found = twice(&run, *step, &before);
        let seconds = begun.elapsed().as_secs();
        let text = match &found {
            Ok(section) => {
                faults.extend(worse(&section.figures, &before));
                missed.extend(section.missed().into_iter().map(str::to_owned));
                section.text()
            }
            Err(failure) => {
                // Its words name paths of this machine: they are told here and not on the page.
                println!("{name}: {failure}");
                faults.push(format!("{name}: {failure}"));
                FAILED.to_owned()
            }
        };
        println!("{text}\n  ({seconds} s)");
        let repeated = format!("`cargo xtask bench --only {name}`, {seconds} s; {about}");
        // What was measured before stays where nothing was measured now, so that the next run has it to compare with.
        if found.is_ok() || page::section(&committed, name).is_none() {
            sections.push((*name, format!("## {heading}\n\n{repeated}\n\n{text}")));
        }
        // After each step, so that a run that is ended keeps what it has.
        if !prints {
            if let Ok(section) = &found {
                draw(section)?;
            }
            write(&sections)?;
        }
    }
    println!("\n{} s in all", begun.elapsed().as_secs());
    for name in &missed {
        println!("aim not reached: {name}");
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\nerror: ").into()) }
}

/// What a page says of a step that was never measured.
const FAILED: &str = "**The step failed, and nothing was measured.**";

#[expect(clippy::disallowed_methods, reason = "a chore says how long its steps took")]
fn now() -> Instant {
    Instant::now()
}

/// Measures; where something is worse than before a second time, because somebody else may have used the machine.
fn twice(
    run: &Run,
    step: fn(&Run) -> Result<Section, Failure>,
    before: &[(String, f64)],
) -> Result<Section, Failure> {
    let first = step(run)?;
    let faults = worse(&first.figures, before);
    if faults.is_empty() {
        return Ok(first);
    }
    println!("{}\n  measured once more", faults.join("\n"));
    Ok(match step(run) {
        Ok(second) if worse(&second.figures, before).len() < faults.len() => second,
        Ok(_) => first,
        Err(failure) => {
            println!("  the second time failed, and the first counts: {failure}");
            first
        }
    })
}

/// What is worse than on the page before, or not there any more, by name.
fn worse(figures: &[Figure], before: &[(String, f64)]) -> Vec<String> {
    let judge = |(name, ratio): &(String, f64)| match figures.iter().find(|figure| figure.name == *name) {
        Some(figure) => figure.worse_than(*ratio),
        None => Some(format!("{name}: is on the page that is committed and was not measured")),
    };
    before.iter().filter_map(judge).collect()
}

/// The page that is committed; nothing where there is none yet.
fn committed() -> String {
    let mut git = Command::new("git");
    git.args(["show", &format!("HEAD:{PAGE}")]).current_dir(tidy::root());
    tool::said(&mut git).unwrap_or_default()
}

/// Which commit, when and where.
fn about() -> Result<String, Failure> {
    let mut git = Command::new("git");
    git.args(["status", "--porcelain", "--", "crates", "Cargo.lock", "Cargo.toml"]).current_dir(tidy::root());
    let changed =
        if tool::said(&mut git)?.trim().is_empty() { "" } else { " with changes that are not committed" };
    let machine = crate::deep::machine()?;
    Ok(format!("commit {}{changed}, {}, {machine}", tool::commit()?, tool::today()?))
}

fn draw(section: &Section) -> Result<(), Failure> {
    let images = tidy::root().join(IMAGES);
    fs::create_dir_all(&images)?;
    for plot in &section.plots {
        fs::write(images.join(plot.file), &plot.svg)?;
    }
    Ok(())
}

fn write(sections: &[(&str, String)]) -> Result<(), Failure> {
    let path = tidy::root().join(PAGE);
    let before = fs::read_to_string(Path::new(&path)).unwrap_or_default();
    Ok(fs::write(&path, page::with(&before, &STEPS.map(|(name, ..)| name), sections))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use figure::{Aim, Better};

    fn figure(name: &str, value: f64) -> Figure {
        let baseline = ("bare handler", 10.0);
        Figure { name: name.to_owned(), value, unit: "µs", baseline, better: Better::Less, aim: Aim::None }
    }

    #[test]
    fn what_is_worse_or_missing_ends_the_run_by_its_name() {
        let section =
            Section { figures: vec![figure("reads", 20.0), figure("writes", 30.0)], ..Section::default() };
        let before = on_page(&section.text());
        assert_eq!(before.len(), 2);
        assert!(worse(&section.figures, &before).is_empty(), "the same is not worse");
        let told = worse(&[figure("reads", 24.0)], &before);
        assert!(told[0].starts_with("reads: its ratio is 2.40 and was 2.00"), "{told:?}");
        assert!(told[1].starts_with("writes: is on the page"), "{told:?}");
        assert!(worse(&[figure("new", 99.0)], &[]).is_empty(), "what is new has no page before it");
    }

    #[test]
    fn names_of_steps_are_told() {
        use clap::CommandFactory as _;
        #[derive(clap::Parser)]
        struct Only {
            #[command(flatten)]
            _asked: Asked,
        }
        let help = Only::command().render_help().to_string();
        for (name, ..) in STEPS {
            assert!(help.contains(name), "{name}");
        }
    }
}
