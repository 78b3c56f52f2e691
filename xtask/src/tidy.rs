//! The rules of the house that no compiler holds.

mod arrows;
mod documents;
mod licence;
mod manifests;
mod register;
mod source;
mod text;
mod tree;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::Failure;

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whether the gate closes; otherwise it is only said.
    pub(crate) grave: bool,
    /// File, or file and line, or package.
    pub(crate) place: String,
    /// What is wrong and what to do.
    pub(crate) what: String,
}

impl Finding {
    fn grave(place: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self { grave: true, place: place.to_string(), what: what.to_string() }
    }

    fn light(place: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self { grave: false, place: place.to_string(), what: what.to_string() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { grave, place, what } = self;
        write!(f, "{}: {place}: {what}", if *grave { "error" } else { "warning" })
    }
}

/// The page on adding a field of the ledger, followed to the letter.
pub(crate) const LEDGER_FIELD: &str = "docs/how-to-add/a-ledger-field.patch";

/// The root of the repository this was built from.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The names of all functions: what a list of tests may name.
#[cfg(test)]
pub(crate) fn functions() -> Result<std::collections::BTreeSet<String>, Failure> {
    Ok(documents::Said::of(&source::all(&root())?).functions)
}

/// `cargo xtask tidy`: says what the rules find.
pub(crate) fn check() -> Result<(), Failure> {
    let findings = findings(&root())?;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.iter().filter(|finding| finding.grave).count() {
        0 => Ok(()),
        count => Err(format!("{count} against the rules of the house").into()),
    }
}

/// Everything the rules find.
fn findings(root: &Path) -> Result<Vec<Finding>, Failure> {
    let sources = source::all(root)?;
    let crates = manifests::read(&sources)?;
    let tree = tree::read(root)?;
    let unescaped = source::allowed(&sources, "xtask/allowed/unescaped.txt")?;
    let mut findings = manifests::reasons(&sources)?;
    findings.extend(manifests::lints_and_versions(&crates));
    findings.extend(arrows::between_rooms(&crates));
    findings.extend(arrows::to_owned_crates(&crates));
    findings.extend(arrows::engine_named_once(&sources));
    findings.extend(text::length(&sources));
    findings.extend(text::module_docs(&sources));
    findings.extend(text::forbidden_words(&sources));
    findings.extend(text::mended_words(&sources));
    findings.extend(text::queries(&sources));
    findings.extend(text::unescaped(&sources, &unescaped));
    findings.extend(register::globals(&sources));
    findings.extend(register::permitless(&sources));
    findings.extend(text::fault_points(&sources));
    findings.extend(documents::all(root, &sources));
    findings.extend(documents::crates(&sources));
    findings.extend(documents::rooms(&sources));
    findings.extend(documents::still_applies(root, LEDGER_FIELD));
    findings.extend(tree::licences(&tree));
    findings.extend(tree::unwanted(&tree));
    findings.extend(tree::duplicates(&tree));
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        let grave: Vec<String> = findings(&root())
            .unwrap()
            .iter()
            .filter(|finding| finding.grave)
            .map(ToString::to_string)
            .collect();
        assert!(grave.is_empty(), "{}", grave.join("\n"));
    }
}
