//! Rules about the tree of dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use super::{Finding, licence};
use crate::Failure;

/// A package that is built for this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    name: String,
    version: String,
    licence: String,
}

/// What we have something else for: one crypto provider, one TLS.
const UNWANTED: [&str; 3] = ["ring", "openssl-sys", "native-tls"];

/// Asks cargo what is built for this platform. (Its `metadata` also names what a switched-off feature would add.)
pub(super) fn read(root: &Path) -> Result<Vec<Package>, Failure> {
    let words =
        ["tree", "--workspace", "--locked", "--edges", "all", "--prefix", "none", "--format", "{p}|{l}"];
    let packages = parse(&run(root, "cargo", &words)?);
    if packages.is_empty() { Err("cargo tree names no packages".into()) } else { Ok(packages) }
}

/// Reads lines such as `csv v1.4.0|Unlicense/MIT`, each package as often as something needs it.
fn parse(answer: &str) -> Vec<Package> {
    let package = |line: &str| {
        let (named, licence) = line.split_once('|')?;
        let (name, rest) = named.split_once(" v")?;
        let version = rest.split(' ').next()?;
        let licence = licence.trim_end_matches("(*)").trim();
        Some(Package { name: name.to_owned(), version: version.to_owned(), licence: licence.to_owned() })
    };
    let distinct: BTreeSet<Package> = answer.lines().filter_map(package).collect();
    distinct.into_iter().collect()
}

pub(super) fn run(root: &Path, program: &str, words: &[&str]) -> Result<String, Failure> {
    let output = Command::new(program).args(words).current_dir(root).output();
    let output = output.map_err(|error| format!("run {program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("{program} {} failed: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim())
        .into())
}

/// Every package may be shipped.
pub(super) fn licences(packages: &[Package]) -> Vec<Finding> {
    let refused = packages.iter().filter(|package| !licence::is_welcome(&package.licence));
    let say = |package: &Package| {
        let Package { name, version, licence } = package;
        Finding::grave(format_args!("{name} {version}"), format_args!("its licence is {licence:?}"))
    };
    refused.map(say).collect()
}

/// What the tree must not have.
pub(super) fn unwanted(packages: &[Package]) -> Vec<Finding> {
    let found = packages.iter().filter(|package| UNWANTED.contains(&package.name.as_str()));
    found
        .map(|package| Finding::grave(&package.name, "is in the tree; aws-lc-rs is our one provider"))
        .collect()
}

/// Packages that are built in more than one version.
pub(super) fn duplicates(packages: &[Package]) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().push(&package.version);
    }
    let twice = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    twice
        .map(|(name, versions)| Finding::light(name, format_args!("is built as {}", versions.join(", "))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, licence: &str) -> Package {
        Package { name: name.to_owned(), version: version.to_owned(), licence: licence.to_owned() }
    }

    #[test]
    fn the_answer_of_cargo_is_read() {
        let answer = "xtask v0.1.0 (/a/b c/xtask)|Apache-2.0\n\ncsv v1.4.0|Unlicense/MIT (*)\ncsv v1.4.0|Unlicense/MIT\n\
                      serde_derive v1.0.1 (proc-macro)|MIT OR Apache-2.0\n";
        let expected = [
            package("csv", "1.4.0", "Unlicense/MIT"),
            package("serde_derive", "1.0.1", "MIT OR Apache-2.0"),
            package("xtask", "0.1.0", "Apache-2.0"),
        ];
        assert_eq!(parse(answer), expected);
    }

    #[test]
    fn a_tree_is_judged_by_licence_name_and_version() {
        let tree = [
            package("ring", "0.17.0", "Apache-2.0 AND ISC"),
            package("a", "1.0.0", "MIT"),
            package("a", "2.0.0", "MIT"),
            package("b", "1.0.0", "AGPL-3.0-only"),
        ];
        assert_eq!(licences(&tree), [Finding::grave("b 1.0.0", "its licence is \"AGPL-3.0-only\"")]);
        assert_eq!(unwanted(&tree).len(), 1);
        assert_eq!(duplicates(&tree), [Finding::light("a", "is built as 1.0.0, 2.0.0")]);
    }
}
