//! What a program is made of (`CycloneDX` 1.5, JSON): every crate that is linked in or runs at its build, as the lock file
//! has it.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use crate::tool::said;
use crate::{Failure, tidy};

/// Between name and licence in what cargo is asked to print: in neither.
const BETWEEN: char = '\t';

/// The bill of materials. Nothing in it but the lock file and the version decides, so that two are the same.
pub(super) fn of_materials(program: &str) -> Result<String, Failure> {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["tree", "--locked", "--package", program, "--edges", "normal,build", "--prefix", "none"])
        .args(["--no-dedupe", "--format", &format!("{{p}}{BETWEEN}{{l}}")])
        .current_dir(tidy::root());
    Ok(serde_json::to_string_pretty(&bill(program, &said(&mut cargo)?)?)? + "\n")
}

fn bill(program: &str, tree: &str) -> Result<Value, Failure> {
    let mut crates = BTreeMap::new();
    for line in tree.lines() {
        let (package, licence) = line.split_once(BETWEEN).ok_or_else(|| format!("not a crate: {line}"))?;
        let mut words = package.split_whitespace();
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            return Err(format!("not a crate: {line}").into());
        };
        let version = version.trim_start_matches('v').to_owned();
        // Ours have a path after the version.
        let is_ours = words.any(|word| word.starts_with("(/"));
        crates.insert((name.to_owned(), version), (licence.to_owned(), is_ours));
    }
    let components = crates.iter().filter(|((name, _), _)| name != program);
    let components: Vec<Value> =
        components.map(|((name, version), about)| component(name, version, about)).collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application",
            "bom-ref": program,
            "name": program,
            "version": env!("CARGO_PKG_VERSION"),
            "licenses": [{ "expression": "Apache-2.0" }],
        } },
        "components": components,
    }))
}

fn component(name: &str, version: &str, (licence, is_ours): &(String, bool)) -> Value {
    let mut about = json!({
        "type": "library",
        "bom-ref": format!("{name}@{version}"),
        "name": name,
        "version": version,
        // Before SPDX had expressions, crates wrote a slash for "or".
        "licenses": [{ "expression": licence.replace('/', " OR ") }],
    });
    if !is_ours && let Some(fields) = about.as_object_mut() {
        fields.insert("purl".to_owned(), json!(format!("pkg:cargo/{name}@{version}")));
    }
    about
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_stands_in_the_bill_once_with_its_licence() {
        let tree = "honnin v0.1.0 (/somewhere/crates/honnin)\tApache-2.0\nhonnin-seal v0.1.0 (/somewhere/crates/seal)\tApache-2.0\n\
                    toml v1.2.3\tMIT OR Apache-2.0\nold v0.1.0 (proc-macro)\tMIT/Apache-2.0\ntoml v1.2.3\tMIT OR Apache-2.0\n";
        let bill = bill("honnin", tree).unwrap();
        let components = bill["components"].as_array().unwrap();
        assert_eq!(components.len(), 3, "{bill}");
        assert_eq!(components[0]["name"], "honnin-seal");
        assert!(components[0]["purl"].is_null() && components[2]["purl"] == "pkg:cargo/toml@1.2.3");
        assert_eq!(components[1]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert!(super::bill("honnin", "no crate").is_err());
    }
}
