//! The attacks that an earlier build did not hold against, row by row: which test or drill shows that this one does, run
//! now, and how each was seen failing.

mod rows;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use honnin_drill::{Options, Outcome, Run, Verdict};
use honnin_testkit::FixedClock;

use self::rows::{INSIDERS, Row, STRANGERS, Seen};
use crate::{Failure, named, tidy, tool};

/// The page.
const PAGE: &str = "docs/evidence/red-team.md";

/// How the part of the page begins that tells of a program of before.
const BEFORE: &str = "\n## The drills on a program of f2a9232\n";

/// The witness, as the index of Python packages has it, at the version that was tried.
const WITNESS: &str = "aics-witness==0.1.0";

/// What Python is called where it is new enough for it.
const PYTHON: [&str; 4] = ["python3", "python3.14", "python3.13", "python3.12"];

/// What can be asked of the chore.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// A program of the commit that was attacked: run the drills on it, and nothing else; they have to fail there
    #[arg(long, value_name = "PROGRAM")]
    before: Option<PathBuf>,
    /// Run nothing: list every row and its tests
    #[arg(long)]
    list: bool,
}

/// The drills that run on a program of any build.
const DRILLS: [&str; 2] = ["D31", "D32"];

/// `cargo xtask red-team`.
pub(crate) fn command(asked: &Asked) -> Result<(), Failure> {
    let all = || STRANGERS.iter().chain(INSIDERS);
    let tests: BTreeSet<&str> = all().flat_map(|row| row.shown).copied().collect();
    if asked.list {
        for row in all() {
            println!("{}: {}", row.done, row.shown.join(", "));
        }
        return Ok(());
    }
    let file = tidy::root().join(PAGE);
    if let Some(program) = &asked.before {
        let text = fs::read_to_string(&file)?;
        let (rest, _) = text.split_once(BEFORE).unwrap_or((&text, ""));
        let outcomes = drilled(program)?;
        fs::write(&file, format!("{rest}{}", section(&outcomes)?))?;
        let held: Vec<&str> = outcomes
            .iter()
            .filter(|outcome| !outcome.failed())
            .map(|outcome| outcome.drill.as_str())
            .collect();
        return if held.is_empty() {
            Ok(())
        } else {
            Err(format!("pass there too: {}", held.join(", ")).into())
        };
    }
    // Without it the test that needs it is left out, and that is told as one that did not pass.
    if let Err(error) = witness() {
        println!("error: the witness is not installed: {error}");
    }
    let wrong = named::unproven(&tests, &[])?;
    let held = |test: &str| !wrong.contains(test);
    // What the drills found on the program of before is kept: it does not change.
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let before = kept.split_once(BEFORE).map(|(_, found)| format!("{BEFORE}{found}")).unwrap_or_default();
    fs::write(&file, page(&held, &before)?)?;
    let open = all().filter(|row| row.is_open()).count();
    println!(
        "{PAGE}: {} rows, {open} not shown whole; {} tests, {} failed",
        all().count(),
        tests.len(),
        wrong.len()
    );
    if wrong.is_empty() { Ok(()) } else { Err("an attack is not held against".into()) }
}

/// Installs a witness that nobody here wrote, where the test looks for it.
fn witness() -> Result<(), Failure> {
    let place = tidy::root().join("target/witness");
    if place.join("bin/aics-witness").is_file() {
        return Ok(());
    }
    let from =
        "apt-get install -y --no-install-recommends python3 python3-venv, where that is Python 3.12 or later";
    let is_new = "import sys, venv; sys.exit(sys.version_info < (3, 12))";
    let python = PYTHON.into_iter().find(|name| tool::needs(name, &["-c", is_new], from).is_ok());
    let python = python.ok_or_else(|| format!("Python 3.12 is missing: {from}"))?;
    println!("installing {WITNESS} into {}", place.display());
    tool::said(Command::new(python).args(["-m", "venv"]).arg(&place))?;
    let mut pip = Command::new(place.join("bin/python"));
    tool::said(pip.args(["-m", "pip", "install", "--quiet", WITNESS])).map(drop)
}

/// Runs the drills on a program of another build.
fn drilled(binary: &std::path::Path) -> Result<Vec<Outcome>, Failure> {
    let options = Options {
        binary: binary.to_owned(),
        other_build: None,
        environment: Vec::new(),
        seed: 1,
        // Long, because an earlier build does not know the settings that make it short.
        seconds: 40,
        subjects: 60,
        connections: 8,
        nodes: 1,
        clock: Arc::new(FixedClock::at("2026-11-20T06:00:00+09:00")),
        digest: |octets| format!("{} octets", octets.len()),
        enough: None,
        progress: Arc::new(|text| println!("{text}")),
        verdict: Arc::new(|text| println!("{text}")),
    };
    let names: Vec<String> = DRILLS.iter().map(|&name| name.to_owned()).collect();
    Ok(honnin_drill::run(&names, &options)?.drills)
}

fn page(held: &dyn Fn(&str) -> bool, before: &str) -> Result<String, Failure> {
    let (commit, day) = (tool::commit()?, tool::today()?);
    let mut page = format!(
        "# Attacks that were held against, and how that is shown\n\n\
         Made by `cargo xtask red-team` on {day}, at {commit}. The commit f2a9232 was attacked from outside and from inside the\n\
         machine; each row was done there. What shows that it no longer works was run for this page. \"Before\" says how the\n\
         row was seen failing: run there (*ran*), or by the same drill on a program of that commit (*drill*), or only by a\n\
         test that needs types which that commit does not have (*types*): such a test was not run there.\n"
    );
    for (title, rows) in [("Strangers", STRANGERS), ("Insiders and files", INSIDERS)] {
        write!(
            page,
            "\n## {title}\n\n| what was done | what holds | shown by | now | before |\n|---|---|---|---|---|\n"
        )?;
        for row in rows {
            let Row { done, holds, shown, seen, missing } = row;
            let tests = shown.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join(", ");
            let fails: Vec<&str> = shown.iter().copied().filter(|test| !held(test)).collect();
            let now = match (shown.is_empty(), fails.is_empty(), missing.is_empty()) {
                (true, ..) => format!("**not yet**: {missing}"),
                (_, false, _) => format!("**FAILED**: {}", fails.join(", ")),
                (_, _, false) => format!("passed; **not yet**: {missing}"),
                _ => "passed".to_owned(),
            };
            let seen = match seen {
                Seen::Ran(how) => format!("*ran*: {how}"),
                Seen::Drill(name) => format!("*drill* {name}{}", below(name, before)),
                Seen::Types => "*types*".to_owned(),
            };
            writeln!(page, "| {done} | {holds} | {tests} | {now} | {seen} |")?;
        }
    }
    page.push_str(before);
    Ok(page)
}

/// What the drills found on a program of before.
fn section(outcomes: &[Outcome]) -> Result<String, Failure> {
    let mut text = format!("{BEFORE}\n```text\n");
    for outcome in outcomes {
        told(outcome, &mut text)?;
    }
    text.push_str("```\n");
    Ok(text)
}

/// Where the page says what the drill found there.
fn below(name: &str, before: &str) -> &'static str {
    if before.contains(&format!("{name}  FAIL")) {
        ", fails there (below)"
    } else {
        ", not run for this page"
    }
}

fn told(outcome: &Outcome, page: &mut String) -> Result<(), std::fmt::Error> {
    match &outcome.run {
        Run::Done { verdicts } => {
            for Verdict { check, pass, found, noted, .. } in verdicts {
                let word = if *pass { "pass" } else { "FAIL" };
                let found = found.first().map_or("", String::as_str);
                writeln!(page, "{}  {word}  {check}: {found}", outcome.drill)?;
                for note in noted {
                    writeln!(page, "           {note}")?;
                }
            }
            Ok(())
        }
        // It found nothing out there: no row rests on it.
        Run::Broken { why } => writeln!(page, "{}  broken  {why}", outcome.drill),
        Run::Skipped { why } => writeln!(page, "{}  skipped  {why}", outcome.drill),
        Run::NotYet => writeln!(page, "{}  not yet", outcome.drill),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_red_team_names_a_test_that_exists_or_what_is_missing() {
        let known = tidy::functions().unwrap();
        for row in STRANGERS.iter().chain(INSIDERS) {
            assert!(!row.shown.is_empty() || row.is_open(), "{}", row.done);
            for test in row.shown {
                assert!(known.contains(*test), "{}: there is no test {test}", row.done);
            }
        }
    }

    #[test]
    fn a_test_that_fails_and_a_row_without_one_stand_on_the_page() {
        let page = page(&|_| false, "").unwrap();
        assert!(page.contains("**FAILED**") && !page.contains("| passed |"), "{page}");
        let page = super::page(&|_| true, "").unwrap();
        assert!(!page.contains("**FAILED**") && page.contains("| passed |"), "{page}");
    }
}
