//! Takes in what real systems do to files, case by case, looks at every face, and prints one line for each. A page lists
//! them by kind, with the tests of what no file can show.

mod kinds;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use kinds::{KINDS, Kind};

use crate::{Failure, named, tidy, tool};

/// The page.
const PAGE: &str = "docs/evidence/field.md";

/// Where the cases are: those that public reports tell of, and our own.
const FILES: [&str; 2] = ["tests/data/field/cases.toml", "tests/data/field/own.toml"];

/// Where the tests are that the kinds name.
const PACKAGES: &[&str] = &[
    "honnin",
    "honnin-access",
    "honnin-hostile",
    "honnin-intake",
    "honnin-paper",
    "honnin-seal",
    "honnin-web",
];

/// What can be asked of the chore.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// Play the cases only; leave the page and the tests of what no file can show alone
    #[arg(long)]
    cases: bool,
}

/// A case, as far as the page tells of it.
struct Case {
    name: String,
    kind: String,
}

/// What came of a case: its name, whether it is well, and what was seen.
struct Played {
    name: String,
    well: bool,
    seen: String,
}

/// Plays every case of tests/data/field: cases.toml and own.toml.
pub(crate) fn command(asked: &Asked) -> Result<(), Failure> {
    let (played, broke) = play()?;
    let wrong = played.iter().filter(|case| !case.well).count();
    println!("{} cases, {wrong} wrong", played.len());
    if let Some(said) = broke.filter(|_| wrong == 0) {
        return Err(format!("the field is shown wrong\n{said}").into());
    }
    // What was not played is not shown right.
    let well = wrong == 0 && played.len() == named_cases()?.len();
    if asked.cases {
        return if well { Ok(()) } else { Err("the field is shown wrong".into()) };
    }
    let tests: BTreeSet<&str> = KINDS.iter().flat_map(|kind| kind.tests).copied().collect();
    let unproven = named::unproven(&tests, PACKAGES)?;
    fs::write(tidy::root().join(PAGE), page(&played, &unproven)?)?;
    println!("{PAGE}: {} kinds, {} cases, {} tests", KINDS.len(), played.len(), tests.len());
    if well && unproven.is_empty() { Ok(()) } else { Err("the field is shown wrong".into()) }
}

/// What came of every case; what went wrong besides.
fn play() -> Result<(Vec<Played>, Option<String>), Failure> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--locked", "--quiet", "--package", "honnin-hostile", "--test", "field"]);
    cargo.args(["--", "--nocapture", "--test-threads", "1", "cases::"]);
    let output = cargo.stdin(Stdio::null()).output().map_err(|error| format!("run {cargo:?}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let cases = said.lines().filter_map(|line| line.split_once("field: ")).map(|(_, case)| case);
    let known = named_cases()?;
    let played = cases.inspect(|case| println!("{case}")).filter_map(|case| read(case, &known)).collect();
    let broke = (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned());
    Ok((played, broke))
}

/// A line of the test: `ok   name: what was seen`.
fn read(line: &str, known: &[Case]) -> Option<Played> {
    let (sign, rest) = line.split_at_checked(5)?;
    let case = known
        .iter()
        .find_map(|case| Some((case, rest.strip_prefix(case.name.as_str())?.strip_prefix(": ")?)));
    let (Case { name, .. }, seen) = case?;
    Some(Played { name: name.clone(), well: sign.trim() == "ok", seen: seen.to_owned() })
}

fn named_cases() -> Result<Vec<Case>, Failure> {
    let mut all = Vec::new();
    for file in FILES {
        let table: toml::Table = fs::read_to_string(tidy::root().join(file))?.parse()?;
        let cases =
            table.get("case").and_then(toml::Value::as_array).ok_or_else(|| format!("{file} has no case"))?;
        for case in cases {
            let text = |key: &str| case.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            let (name, kind) = text("name").zip(text("kind")).ok_or_else(|| format!("{file}: {case}"))?;
            all.push(Case { name, kind });
        }
    }
    Ok(all)
}

fn page(played: &[Played], unproven: &BTreeSet<&str>) -> Result<String, Failure> {
    let cases = named_cases()?;
    let (commit, day) = (tool::commit()?, tool::today()?);
    let mut page = format!(
        "# What files of the field show\n\n\
        Written by `cargo xtask field` on {day}, at {commit}: every case was played and every test below was run. A case is an extract of\n\
        [tests/data/field](../../tests/data/field/README.md) taken in and then looked at as pages, as JSON, and each bill as PDF and\n\
        CSV too; all must say the same, and what the case wants. Names with a number are of public bug reports; the others are our\n\
        own. A test stands where no file can show it, or where it shows more.\n"
    );
    for Kind { word, title, holds, tests } in KINDS {
        write!(page, "\n## {title}\n\n{holds}\n\n")?;
        let own: Vec<&Case> = cases.iter().filter(|case| case.kind == *word).collect();
        if !own.is_empty() {
            page.push_str("| case | | seen |\n|---|---|---|\n");
        }
        for Case { name, .. } in own {
            let found = played.iter().find(|played| played.name == *name);
            let verdict = found.map_or("not played", |found| if found.well { "right" } else { "WRONG" });
            let seen = found.map_or("", |found| found.seen.as_str()).replace('|', "\\|").replace('<', "&lt;");
            writeln!(page, "| {name} | {verdict} | {seen} |")?;
        }
        if !tests.is_empty() {
            page.push_str("\n| test | |\n|---|---|\n");
        }
        for test in *tests {
            let verdict = if unproven.contains(test) { "FAILED" } else { "passed" };
            writeln!(page, "| `{test}` | {verdict} |")?;
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_of_a_kind_and_every_test_of_a_kind_exists() {
        let kinds: BTreeSet<&str> = KINDS.iter().map(|kind| kind.word).collect();
        for Case { name, kind } in named_cases().unwrap() {
            assert!(kinds.contains(kind.as_str()), "{name} is of no kind: {kind}");
        }
        let known = tidy::functions().unwrap();
        for test in KINDS.iter().flat_map(|kind| kind.tests) {
            assert!(known.contains(*test), "there is no test {test}");
        }
    }

    #[test]
    fn what_is_wrong_or_was_not_played_stands_on_the_page() {
        let named = named_cases().unwrap();
        let case = |well: bool| Played { name: named[0].name.clone(), well, seen: "a|b".to_owned() };
        let page = page(&[case(false)], &BTreeSet::from([KINDS[0].tests[0]])).unwrap();
        assert!(page.contains(&format!("| {} | WRONG | a\\|b |", named[0].name)), "{page}");
        assert!(page.contains(&format!("| {} | not played |", named[1].name)), "{page}");
        assert!(page.contains(&format!("| `{}` | FAILED |", KINDS[0].tests[0])), "{page}");
        assert!(page.contains(&format!("| `{}` | passed |", KINDS[0].tests[1])), "{page}");
    }

    #[test]
    fn a_case_is_known_by_its_line() {
        let known = named_cases().unwrap();
        let case = read("ok   F20 two stamps a second apart: left 1 at noon", &known).unwrap();
        assert!(case.well && case.name == "F20 two stamps a second apart" && case.seen == "left 1 at noon");
        assert!(!read("FAIL F20 two stamps a second apart: x", &known).unwrap().well);
        assert!(read("24 cases of seed 7", &known).is_none());
    }
}
