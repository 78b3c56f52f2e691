//! How large the product is: lines of Rust of each room, what ships apart from what tests it.
//!
//! A line is a test's where its file lies in `tests`, `conformance` or `gate_tests` or is called `…tests.rs`, or where
//! it stands in a module under `#[cfg(test)]`. Drills, the fuzz bodies, the test kit and the chores do not ship.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::{Failure, tidy, tool};

/// What can be asked of the count.
#[derive(Debug, clap::Args)]
pub(crate) struct Asked {
    /// The commit to count
    #[arg(long, default_value = "HEAD")]
    at: String,
    /// An earlier commit to compare with
    #[arg(long)]
    since: Option<String>,
}

/// Rooms that are not part of what an operator runs.
const NOT_SHIPPED: [&str; 4] = ["drill", "hostile", "stand", "testkit"];

/// Lines of one room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    code: u64,
    tests: u64,
}

type Rooms = BTreeMap<String, Count>;

/// `cargo xtask lines`.
pub(crate) fn command(asked: &Asked) -> Result<(), Failure> {
    let now = at(&asked.at)?;
    let before = asked.since.as_deref().map(at).transpose()?;
    for line in table(&now, before.as_ref()) {
        println!("{line}");
    }
    Ok(())
}

/// A row for each room and a sum of what ships.
fn table(now: &Rooms, before: Option<&Rooms>) -> Vec<String> {
    let change = |now: u64, before: Option<u64>| {
        before.map_or(String::new(), |before| format!("{now:>8} (was {before})"))
    };
    let mut rows = vec![format!(
        "{:<14} {:>8} {:>8}  {}",
        "room",
        "shipped",
        "tests",
        before.map_or("", |_| "shipped, before")
    )];
    let names = now.keys().chain(before.into_iter().flat_map(BTreeMap::keys));
    let names: std::collections::BTreeSet<&String> = names.collect();
    for name in names {
        let of = |rooms: &Rooms| rooms.get(name).copied().unwrap_or_default();
        let Count { code, tests } = of(now);
        let ships = if NOT_SHIPPED.contains(&name.as_str()) { " (does not ship)" } else { "" };
        rows.push(
            format!(
                "{name:<14} {code:>8} {tests:>8}  {}{ships}",
                change(code, before.map(|rooms| of(rooms).code))
            )
            .trim_end()
            .to_owned(),
        );
    }
    let sum = |rooms: &Rooms| -> u64 {
        rooms
            .iter()
            .filter(|(name, _)| !NOT_SHIPPED.contains(&name.as_str()))
            .map(|(_, count)| count.code)
            .sum()
    };
    rows.push(
        format!("{:<14} {:>8} {:>8}  {}", "all that ships", sum(now), "", change(sum(now), before.map(sum)))
            .trim_end()
            .to_owned(),
    );
    rows
}

/// Counts a commit.
fn at(commit: &str) -> Result<Rooms, Failure> {
    let git = |words: &[&str]| tool::said(Command::new("git").args(words).current_dir(tidy::root()));
    let listed = git(&["ls-tree", "-r", "--name-only", commit, "crates"])?;
    let mut rooms = Rooms::new();
    for path in listed.lines().filter(|path| Path::new(path).extension().is_some_and(|ending| ending == "rs"))
    {
        let Some((room, inside)) = path.strip_prefix("crates/").and_then(|rest| rest.split_once('/')) else {
            continue;
        };
        if !inside.starts_with("src/") && !inside.starts_with("tests/") {
            continue;
        }
        let text = git(&["show", &format!("{commit}:{path}")])?;
        let count = rooms.entry(room.to_owned()).or_default();
        let (code, tests) = split(inside, &text);
        count.code += code;
        count.tests += tests;
    }
    if rooms.is_empty() { Err(format!("{commit} has no rooms").into()) } else { Ok(rooms) }
}

/// Lines of a file: what ships, and tests.
fn split(path: &str, text: &str) -> (u64, u64) {
    let lines = u64::try_from(text.lines().count()).unwrap_or(u64::MAX);
    let is_test = path
        .split('/')
        .any(|part| matches!(part, "tests" | "conformance" | "gate_tests") || part.ends_with("tests.rs"));
    if is_test {
        return (0, lines);
    }
    let before = text.lines().position(|line| line == "#[cfg(test)]").and_then(|at| {
        // A module in a file of its own goes on to its end at a semicolon, one that stands here to the file's end.
        let module =
            text.lines().skip(at).find(|line| line.starts_with("mod ") || line.starts_with("pub"))?;
        module.ends_with('{').then_some(at)
    });
    let code = before.map_or(lines, |at| u64::try_from(at).unwrap_or(lines));
    (code, lines - code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_tests_by_its_place() {
        assert_eq!(split("src/a.rs", "a\nb\n"), (2, 0));
        assert_eq!(split("src/a.rs", "a\n#[cfg(test)]\nmod tests {\n}\n"), (1, 3));
        assert_eq!(split("src/a.rs", "a\n#[cfg(test)]\nmod tests;\nb\n"), (4, 0));
        for path in ["tests/it.rs", "src/conformance/a.rs", "src/format_tests.rs", "src/route/tests/a.rs"] {
            assert_eq!(split(path, "a\nb\n"), (0, 2), "{path}");
        }
    }

    #[test]
    fn what_does_not_ship_is_not_in_the_sum() {
        let rooms = |code| {
            Rooms::from([
                ("care".to_owned(), Count { code, tests: 1 }),
                ("drill".to_owned(), Count { code: 9, tests: 0 }),
            ])
        };
        let table = table(&rooms(5), Some(&rooms(7)));
        let words: Vec<&str> = table.last().unwrap().split_whitespace().collect();
        assert_eq!(words, ["all", "that", "ships", "5", "5", "(was", "7)"]);
    }
}
