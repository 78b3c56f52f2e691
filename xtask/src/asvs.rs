//! The self-assessment against ASVS 5.0, level 2: every requirement has its row, and what a row names as its proof is run.

use std::collections::BTreeSet;
use std::fs;

use crate::{Failure, named, tidy};

/// The page.
const PAGE: &str = "docs/asvs.md";

/// The numbers of the requirements of levels 1 and 2, in their order.
const REQUIREMENTS: &str = include_str!("asvs/level2.txt");

/// How a row that is not met says when it will be.
const WHEN: [&str; 3] = ["When: ", "comes with ", "With the "];

/// A row of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    requirement: String,
    met: String,
    how: String,
    tests: Vec<String>,
}

/// `cargo xtask asvs`: runs every test that the page names.
pub(crate) fn command() -> Result<(), Failure> {
    let text =
        fs::read_to_string(tidy::root().join(PAGE)).map_err(|error| format!("read {PAGE}: {error}"))?;
    let rows = rows(&text);
    let wrong = wrong(&rows);
    for wrong in &wrong {
        println!("error: {wrong}");
    }
    let tests: BTreeSet<&str> = rows.iter().flat_map(|row| &row.tests).map(String::as_str).collect();
    println!("{} requirements, {} tests named", rows.len(), tests.len());
    let unproven = named::unproven(&tests, &[])?;
    println!("{} passed, {} failed", tests.len() - unproven.len(), unproven.len() + wrong.len());
    if wrong.is_empty() && unproven.is_empty() {
        Ok(())
    } else {
        Err(format!("{PAGE} says more than is shown").into())
    }
}

/// The rows of the page's tables.
fn rows(text: &str) -> Vec<Row> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| V")?.trim_end_matches(" |").split(" | ").collect();
        let [requirement, met, how, shown] = cells.as_slice() else { return None };
        let tests = shown.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some(Row {
            requirement: format!("V{requirement}"),
            met: (*met).to_owned(),
            how: (*how).to_owned(),
            tests,
        })
    };
    text.lines().filter_map(row).collect()
}

/// What is wrong with the rows: one too many or too few, a word that is no answer, a yes that shows nothing.
fn wrong(rows: &[Row]) -> Vec<String> {
    let named: Vec<&str> = rows.iter().map(|row| row.requirement.as_str()).collect();
    let wanted: Vec<&str> = REQUIREMENTS.lines().collect();
    let mut wrong = Vec::new();
    for requirement in &wanted {
        if named.iter().filter(|name| *name == requirement).count() != 1 {
            wrong.push(format!("{requirement} has no row of its own"));
        }
    }
    wrong.extend(
        named
            .iter()
            .filter(|name| !wanted.contains(name))
            .map(|name| format!("{name} is no requirement of level 2")),
    );
    for Row { requirement, met, how, tests } in rows {
        if !matches!(met.as_str(), "yes" | "no" | "n/a") {
            wrong.push(format!("{requirement}: {met:?} is neither yes, no nor n/a"));
        }
        if met == "yes" && tests.is_empty() && !how.contains(['`', '[']) {
            wrong.push(format!("{requirement} says yes and names nothing that shows it"));
        }
        if met == "no" && !WHEN.iter().any(|word| how.contains(word)) {
            wrong.push(format!("{requirement} says no and not when"));
        }
        if how.is_empty() {
            wrong.push(format!("{requirement} gives no reason"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_of_level_2_has_its_row_on_the_page() {
        let text = fs::read_to_string(tidy::root().join(PAGE)).unwrap();
        let rows = rows(&text);
        assert_eq!(wrong(&rows), Vec::<String>::new());
        let [yes, no, not] =
            ["yes", "no", "n/a"].map(|word| rows.iter().filter(|row| row.met == word).count());
        assert!(
            text.contains(&format!("{yes} met, {no} not met, {not} not applicable")),
            "{yes}, {no}, {not}"
        );
    }

    #[test]
    fn a_row_too_few_or_without_proof_is_told() {
        let page = |line: &str| wrong(&rows(line));
        let all = REQUIREMENTS.lines().count();
        assert_eq!(page("").len(), all);
        assert_eq!(page("| V1.1.1 | yes | as it is | `a_test` |").len(), all - 1);
        for spoilt in [
            "| V1.1.1 | yes | as it is | – |",
            "| V1.1.1 | maybe | `a` | `b` |",
            "| V99.1.1 | no | not yet. When: before 1.0 | – |",
            "| V1.1.1 | no | not yet | – |",
        ] {
            assert!(page(spoilt).len() >= all, "{spoilt}");
        }
    }
}
