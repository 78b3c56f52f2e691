//! Rules about manifests.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::Finding;
use super::source::Source;
use crate::Failure;

/// A crate's manifest, as far as rules ask.
#[derive(Debug, Clone, Default)]
pub(super) struct Manifest {
    /// Where it lies: `crates/terms/Cargo.toml`.
    pub(super) path: String,
    /// The room: `terms`, `xtask`.
    pub(super) room: String,
    pub(super) takes_lints: bool,
    /// Names under `[dependencies]`, `[build-dependencies]`, `[dev-dependencies]`.
    pub(super) normal: BTreeSet<String>,
    pub(super) build: BTreeSet<String>,
    pub(super) dev: BTreeSet<String>,
    /// Dependencies that do not come from the root manifest.
    pub(super) own: Vec<String>,
}

/// Reads the manifests of all crates.
pub(super) fn read(sources: &[Source]) -> Result<BTreeMap<String, Manifest>, Failure> {
    let is_crate = |path: &str| {
        path.ends_with("/Cargo.toml") && (path.starts_with("crates/") || path.starts_with("xtask/"))
    };
    let mut manifests = BTreeMap::new();
    for source in sources.iter().filter(|source| is_crate(&source.path)) {
        let manifest = parse(source)?;
        manifests.insert(manifest.room.clone(), manifest);
    }
    Ok(manifests)
}

fn parse(source: &Source) -> Result<Manifest, Failure> {
    let table: Table = source.text.parse().map_err(|error| format!("read {}: {error}", source.path))?;
    let dir = source.path.trim_end_matches("/Cargo.toml");
    let mut manifest = Manifest {
        path: source.path.clone(),
        room: dir.rsplit('/').next().unwrap_or(dir).to_owned(),
        takes_lints: workspace(table.get("lints")),
        ..Manifest::default()
    };
    let Manifest { normal, build, dev, own, .. } = &mut manifest;
    for (section, names) in
        [("dependencies", normal), ("build-dependencies", build), ("dev-dependencies", dev)]
    {
        for (name, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
            names.insert(name.clone());
            if !workspace(Some(value)) {
                own.push(name.clone());
            }
        }
    }
    if let Some(target) = table.get("target") {
        own.push(format!("target of {} names", target.as_table().map_or(0, Table::len)));
    }
    Ok(manifest)
}

fn workspace(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

/// Every crate takes the lints and the versions of the root manifest.
pub(super) fn lints_and_versions(crates: &BTreeMap<String, Manifest>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in crates.values() {
        if !manifest.takes_lints {
            findings.push(Finding::grave(&manifest.path, "say [lints] workspace = true"));
        }
        for name in &manifest.own {
            findings.push(Finding::grave(&manifest.path, format_args!("take {name} from the root manifest")));
        }
    }
    findings
}

/// Every dependency of the root manifest says on its line why it is there.
pub(super) fn reasons(sources: &[Source]) -> Result<Vec<Finding>, Failure> {
    let root =
        sources.iter().find(|source| source.path == "Cargo.toml").ok_or("the root manifest is not there")?;
    let section = root
        .text
        .split("[workspace.dependencies]")
        .nth(1)
        .ok_or("the root manifest names no dependencies")?;
    let lines = section.lines().skip(1).take_while(|line| !line.starts_with('['));
    let foreign = lines
        .filter(|line| line.contains('=') && !line.starts_with('#') && !line.contains("path = \"crates/"));
    let bare =
        foreign.filter(|line| line.rsplit_once("# ").is_none_or(|(_, reason)| reason.trim().len() < 5));
    let name = |line: &str| line.split('=').next().unwrap_or(line).trim().to_owned();
    Ok(bare
        .map(|line| Finding::grave("Cargo.toml", format_args!("{}: say why it is there", name(line))))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::source::made_up;
    use super::*;

    #[test]
    fn a_dependency_without_its_reason_is_found() {
        let text = "[workspace.dependencies]\nhonnin-terms = { path = \"crates/terms\" }\n\
                    csv = \"1\" # delimited ledger files\nhttp = \"1\"\n\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
        let found = reasons(&[made_up("Cargo.toml", text)]).unwrap();
        assert_eq!(found, [Finding::grave("Cargo.toml", "http: say why it is there")]);
    }

    #[test]
    fn lints_and_versions_come_from_the_root() {
        let text = "[package]\nname = \"honnin-a\"\n[dependencies]\ncsv.workspace = true\nhttp = \"1\"\n";
        let crates = read(&[made_up("crates/a/Cargo.toml", text)]).unwrap();
        let what: Vec<String> = lints_and_versions(&crates).into_iter().map(|finding| finding.what).collect();
        assert_eq!(what, ["say [lints] workspace = true", "take http from the root manifest"]);
    }
}
