//! Rules about documents: what they name is there, and what is there they name.
//!
//! A document that names a test, a function, a file or a heading that is gone is worse than one that is silent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::source::Source;
use super::{Finding, tree};

/// Directories a code span may point into.
const PLACES: [&str; 6] = ["crates/", "xtask/", "docs/", "examples/", "tests/", ".ci/"];

/// The decision that lists the crates.
const CRATES: &str = "docs/decisions/0002-the-crates.md";

/// The map of the rooms.
const MAP: &str = "ARCHITECTURE.md";

/// What stands in a document and can be held against the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    /// A relative link: file and heading.
    Link(String, Option<String>),
    /// A code span.
    Code(String),
}

/// Links, files, tests and functions of every document.
pub(super) fn all(root: &Path, sources: &[Source]) -> Vec<Finding> {
    let said = Said::of(sources);
    let documents: Vec<&Source> = sources.iter().filter(|source| source.ends_in("md")).collect();
    let headings: BTreeMap<&str, BTreeSet<String>> =
        documents.iter().map(|document| (document.path.as_str(), headings(&document.text))).collect();
    let mut findings = Vec::new();
    for document in documents {
        for (line, named) in named(&document.text) {
            let wrong = match &named {
                Named::Link(to, heading) => {
                    wrong_link(root, &headings, &document.path, to, heading.as_deref())
                }
                Named::Code(code) => wrong_code(root, &said, code),
            };
            let place = format_args!("{}:{line}", document.path).to_string();
            findings.extend(wrong.map(|what| Finding::grave(place, what)));
        }
    }
    findings
}

/// Every crate of the root manifest stands in the decision that says why.
pub(super) fn crates(sources: &[Source]) -> Vec<Finding> {
    let text = |path: &str| sources.iter().find(|source| source.path == path).map(|source| &source.text);
    let (Some(manifest), Some(decision)) = (text("Cargo.toml"), text(CRATES)) else {
        return vec![Finding::grave(CRATES, "is not there")];
    };
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let lines = section.lines().skip(1).take_while(|line| !line.starts_with('['));
    let foreign = lines.filter(|line| !line.starts_with('#') && !line.contains("path = \"crates/"));
    let names = foreign.filter_map(|line| line.split_once('=')).map(|(name, _)| name.trim());
    names
        .filter(|name| !decision.contains(&format!("| `{name}` |")))
        .map(|name| Finding::grave(CRATES, format_args!("does not name {name}")))
        .collect()
}

/// The patch applies to what is here: else the page it follows says what is not so any more.
pub(super) fn still_applies(root: &Path, patch: &str) -> Option<Finding> {
    let applied = tree::run(root, "git", &["apply", "--check", patch]);
    let say = |error| Finding::grave(patch, format_args!("does not apply any more: write it anew; {error}"));
    applied.err().map(say)
}

/// Every room stands in the map.
pub(super) fn rooms(sources: &[Source]) -> Vec<Finding> {
    let map = sources.iter().find(|source| source.path == MAP).map_or("", |source| &source.text);
    let of_room = |source: &Source| {
        let room = source.path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
        Some(room.to_owned())
    };
    sources
        .iter()
        .filter_map(of_room)
        .filter(|room| !map.lines().any(|line| line.starts_with('|') && line.contains(&format!("`{room}`"))))
        .map(|room| Finding::grave(MAP, format_args!("does not say what the room {room} is for")))
        .collect()
}

/// What the Rust sources say: names of functions, and words in quotation marks.
pub(super) struct Said {
    pub(super) functions: BTreeSet<String>,
    rust: String,
}

impl Said {
    pub(super) fn of(sources: &[Source]) -> Self {
        let rust: String =
            sources.iter().filter(|source| source.is_rust()).map(|source| source.text.as_str()).collect();
        let name = |rest: &str| rest.split(|c: char| !is_of_a_name(c)).next().unwrap_or_default().to_owned();
        let functions = rust.split("fn ").skip(1).map(name).collect();
        Self { functions, rust }
    }
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn wrong_code(root: &Path, said: &Said, code: &str) -> Option<String> {
    if PLACES.iter().any(|place| code.starts_with(place)) && !code.contains([' ', '*', '<', '{']) {
        return (!root.join(code).exists()).then(|| format!("names {code}, which is not there"));
    }
    if let Some((of, name)) = code.trim_end_matches("()").rsplit_once("::") {
        let is_method = of.starts_with(char::is_uppercase) && name.starts_with(char::is_lowercase);
        let there = said.functions.contains(name) && said.rust.contains(of);
        return (is_method && !there).then(|| format!("names {code}, which is no function here"));
    }
    let is_sentence = code.matches('_').count() >= 3
        && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let there = said.functions.contains(code) || said.rust.contains(&format!("\"{code}\""));
    (is_sentence && !there).then(|| format!("names {code}, which is no test, function or word here"))
}

fn wrong_link(
    root: &Path,
    headings: &BTreeMap<&str, BTreeSet<String>>,
    from: &str,
    to: &str,
    heading: Option<&str>,
) -> Option<String> {
    let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
    let path = if to.is_empty() { from.to_owned() } else { joined(directory, to)? };
    if !to.is_empty() && !root.join(&path).exists() {
        return Some(format!("links to {to}, which is not there"));
    }
    let heading = heading?;
    let there = headings.get(path.as_str()).is_some_and(|known| known.contains(heading));
    (!there).then(|| format!("links to a heading #{heading} that {path} does not have"))
}

/// A relative path seen from a directory, without `.` and `..`; nothing where it leaves the repository.
fn joined(directory: &str, to: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in to.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Anchors of a document's headings, as forges make them.
fn headings(text: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| {
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>()
    };
    prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, l)| anchor(l.trim_matches('#'))).collect()
}

/// Lines outside fenced and indented blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence && !line.starts_with("    ")
    })
}

fn named(text: &str) -> Vec<(usize, Named)> {
    let mut all = Vec::new();
    for (number, line) in prose(text) {
        for (place, piece) in line.split('`').enumerate() {
            if place % 2 == 1 {
                all.push((number, Named::Code(piece.to_owned())));
            }
        }
        for rest in line.split("](").skip(1) {
            let Some(to) = rest.split(')').next().filter(|to| !to.contains("://")) else { continue };
            let (file, heading) =
                to.split_once('#').map_or((to, None), |(file, heading)| (file, Some(heading)));
            all.push((number, Named::Link(file.to_owned(), heading.map(str::to_owned))));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::source::made_up;
    use super::*;

    #[test]
    fn what_a_document_names_and_is_gone_is_found() {
        let rust = made_up(
            "crates/a/src/lib.rs",
            "impl Gate { fn disclose() {} }\n#[test]\nfn a_law_that_holds() {}\n\"a_word_of_metrics\"\n",
        );
        let text = "`a_law_that_holds` `a_word_of_metrics` `Gate::disclose` `Cargo.toml` `crates/nowhere/src`\n\
                    `a_law_that_is_gone` `Gate::close` [a](#there) [b](#not-there) [c](nowhere.md)\n\
                    ```\n`a_law_in_a_block_of_code`\n```\n## There\n";
        let found: Vec<String> =
            all(Path::new("."), &[rust, made_up("A.md", text)]).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 5, "{found:#?}");
        for gone in ["crates/nowhere/src", "a_law_that_is_gone", "Gate::close", "#not-there", "nowhere.md"] {
            assert!(found.iter().any(|finding| finding.contains(gone)), "{gone}");
        }
    }

    #[test]
    fn a_link_is_seen_from_its_own_directory() {
        assert_eq!(joined("docs/decisions", "../mapping.md").as_deref(), Some("docs/mapping.md"));
        assert_eq!(joined("", "./README.md").as_deref(), Some("README.md"));
        assert_eq!(joined("docs", "../../elsewhere.md"), None);
    }

    #[test]
    fn a_crate_without_its_reason_is_found() {
        let manifest = "[workspace.dependencies]\nhonnin-a = { path = \"crates/a\" }\ncsv = \"1\" # ledger files\nhttp = \"1\"\n[profile.dev]\n";
        let sources = [made_up("Cargo.toml", manifest), made_up(CRATES, "| `csv` | 1.4.0 |\n")];
        assert_eq!(crates(&sources), [Finding::grave(CRATES, "does not name http")]);
    }

    #[test]
    fn a_room_the_map_does_not_know_is_found() {
        let sources = [
            made_up(MAP, "| `terms` | words |\n`attic`\n"),
            made_up("crates/terms/Cargo.toml", ""),
            made_up("crates/attic/Cargo.toml", ""),
        ];
        assert_eq!(rooms(&sources), [Finding::grave(MAP, "does not say what the room attic is for")]);
    }
}
