//! Who may know whom: the arrows between rooms, and the crates that have one home.

use std::collections::BTreeMap;

use super::Finding;
use super::manifests::Manifest;
use super::source::Source;

/// A room, the rooms it may be built on, and the rooms its tests may use besides those and `testkit`.
type Room = (&'static str, &'static [&'static str], &'static [&'static str]);

/// The arrows of `ARCHITECTURE.md`. A new room, or a new arrow, needs a decision under `docs/decisions`.
const ROOMS: [Room; 29] = [
    ("terms", &[], &[]),
    ("testkit", &["terms"], &[]),
    ("figures", &[], &[]),
    ("seal", &["terms"], &[]),
    ("access", &["terms", "seal"], &[]),
    ("journal", &["terms", "seal"], &[]),
    ("notices", &["terms", "seal", "journal"], &[]),
    // The conformance suite, behind a feature, makes its stage with the testkit.
    ("store", &["terms", "seal", "access", "testkit"], &[]),
    ("store-sqlite", &["terms", "seal", "access", "store"], &["keeper"]),
    // Its tests carry a store from one engine to the other.
    ("store-postgres", &["terms", "seal", "access", "store"], &["store-sqlite"]),
    // Round any engine; its tests need one.
    ("store-cache", &["terms", "seal", "access", "store"], &["store-sqlite"]),
    ("keeper", &["terms", "seal", "access", "store"], &["store-sqlite"]),
    ("key-socket", &[], &[]),
    ("key-agent", &["key-socket"], &[]),
    ("care", &["terms", "seal", "access", "store", "journal", "figures"], &["keeper", "store-sqlite"]),
    // Stands under the tests of every room that needs a house.
    (
        "stand",
        &["terms", "seal", "access", "journal", "store", "store-sqlite", "keeper", "care", "testkit"],
        &[],
    ),
    ("intake", &["terms", "seal", "access", "store", "keeper"], &["store-sqlite", "stand"]),
    ("network", &["terms", "seal", "access", "store", "keeper", "figures"], &["store-sqlite", "stand"]),
    ("paper", &[], &[]),
    ("pages", &["terms", "notices", "care", "paper"], &["seal"]),
    ("overload", &[], &[]),
    ("front", &["figures", "overload"], &[]),
    ("canary", &["terms"], &[]),
    (
        "node",
        &["terms", "seal", "access", "journal", "store", "keeper", "care", "canary", "figures", "overload"],
        &["store-sqlite", "stand"],
    ),
    (
        "web",
        &["terms", "access", "notices", "care", "paper", "pages", "front", "figures", "overload"],
        &["seal", "store", "journal", "keeper", "store-cache", "store-sqlite", "node", "stand"],
    ),
    ("drill", &["terms"], &[]),
    (
        "honnin",
        &[
            "terms",
            "seal",
            "access",
            "journal",
            "notices",
            "store",
            "store-cache",
            "store-sqlite",
            "store-postgres",
            "keeper",
            "key-socket",
            "care",
            "intake",
            "network",
            "overload",
            "front",
            "figures",
            "pages",
            "web",
            "canary",
            "node",
            "drill",
        ],
        &[],
    ),
    (
        "hostile",
        &[
            "terms",
            "seal",
            "access",
            "journal",
            "store",
            "store-sqlite",
            "keeper",
            "care",
            "intake",
            "overload",
            "front",
            "pages",
            "node",
            "web",
            "drill",
            "testkit",
            "stand",
        ],
        &[],
    ),
    ("xtask", &["testkit", "drill"], &[]),
];

/// Crates with one home: name, rooms that ship it, rooms that use it to build, rooms whose tests use it.
type Owned = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const OWNED: [Owned; 15] = [
    // `pages` hashes its assets when built; the binary installs the provider of rustls.
    ("aws-lc-rs", &["seal", "honnin"], &["pages"], &[]),
    ("argon2", &["seal"], &[], &[]),
    ("blahaj", &["seal"], &[], &[]),
    // The binary's tests spoil a database on purpose.
    ("rusqlite", &["store-sqlite"], &[], &["honnin"]),
    ("tokio-postgres", &["store-postgres"], &[], &[]),
    ("deadpool-postgres", &["store-postgres"], &[], &[]),
    ("axum", &["web", "honnin"], &[], &[]),
    ("askama", &["pages"], &[], &[]),
    // What is counted is a row of one table.
    ("metrics", &["figures"], &[], &[]),
    // Loads the machine code of others.
    ("cryptoki", &["key-agent"], &[], &[]),
    ("metrics-exporter-prometheus", &["figures"], &[], &[]),
    ("metrics-process", &["figures"], &[], &[]),
    ("pdf-writer", &["paper"], &[], &[]),
    ("subsetter", &["paper"], &[], &[]),
    ("ttf-parser", &["paper"], &[], &[]),
];

const PREFIX: &str = "honnin-";

/// Every room knows only rooms to its left.
pub(super) fn between_rooms(crates: &BTreeMap<String, Manifest>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in crates.values() {
        let Some((_, below, in_tests)) = ROOMS.iter().find(|(room, ..)| *room == manifest.room) else {
            findings.push(Finding::grave(&manifest.path, "is a room the table of arrows does not know"));
            continue;
        };
        let rooms = |names: &'_ std::collections::BTreeSet<String>| {
            names.iter().filter_map(|name| name.strip_prefix(PREFIX)).map(str::to_owned).collect::<Vec<_>>()
        };
        for other in rooms(&manifest.normal).into_iter().chain(rooms(&manifest.build)) {
            if !below.contains(&other.as_str()) {
                findings.push(Finding::grave(
                    &manifest.path,
                    format_args!("{} may not know {other}", manifest.room),
                ));
            }
        }
        for other in rooms(&manifest.dev) {
            let other = other.as_str();
            if other != "testkit" && !below.contains(&other) && !in_tests.contains(&other) {
                let what = format_args!("tests of {} may not know {other}", manifest.room).to_string();
                findings.push(Finding::grave(&manifest.path, what));
            }
        }
    }
    findings
}

/// Ciphers, the engine, the router and the templates each stay in their room.
pub(super) fn to_owned_crates(crates: &BTreeMap<String, Manifest>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in crates.values() {
        let Manifest { room, normal, build, dev, .. } = manifest;
        for (name, ships, builds, tests) in OWNED {
            let at_home = |homes: &[&str]| homes.contains(&room.as_str());
            let strayed = (normal.contains(name) && !at_home(ships))
                || (build.contains(name) && !at_home(builds))
                || (dev.contains(name) && !at_home(tests) && !at_home(ships));
            if strayed {
                findings.push(Finding::grave(&manifest.path, format_args!("{room} may not use {name}")));
            }
        }
    }
    findings
}

/// Engines: crates that store.
const ENGINES: [&str; 2] = ["honnin_store_sqlite", "honnin_store_postgres"];
/// The one file of the binary that names one.
const CHOICE: &str = "crates/honnin/src/wiring/engine.rs";

/// The binary chooses its engine in one place; everything else of it knows a store.
pub(super) fn engine_named_once(sources: &[Source]) -> Vec<Finding> {
    let of_the_binary = |path: &str| path.starts_with("crates/honnin/src/") && path != CHOICE;
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.is_rust() && of_the_binary(&source.path)) {
        for (line, text) in (1..).zip(source.text.lines()) {
            if let Some(engine) = ENGINES.iter().find(|engine| text.contains(**engine)) {
                let place = format_args!("{}:{line}", source.path).to_string();
                findings.push(Finding::grave(place, format_args!("names {engine}; {CHOICE} alone does")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::manifests;
    use super::super::source::made_up;
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        let crates = manifests::read(&[made_up(path, text)]).unwrap();
        between_rooms(&crates)
            .into_iter()
            .chain(to_owned_crates(&crates))
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn an_arrow_to_the_right_is_found() {
        let web = "[dependencies]\nhonnin-care.workspace = true\nhonnin-store.workspace = true\n\
                   [dev-dependencies]\nhonnin-testkit.workspace = true\nhonnin-intake.workspace = true\n";
        assert_eq!(
            found("crates/web/Cargo.toml", web),
            ["web may not know store", "tests of web may not know intake"]
        );
        assert_eq!(found("crates/attic/Cargo.toml", ""), ["is a room the table of arrows does not know"]);
        let drill = "[dev-dependencies]\nhonnin-testkit.workspace = true\nhonnin-stand.workspace = true\n";
        assert_eq!(found("crates/drill/Cargo.toml", drill), ["tests of drill may not know stand"]);
    }

    #[test]
    fn a_cipher_outside_the_seal_is_found() {
        let uses = "[dependencies]\naws-lc-rs.workspace = true\n";
        assert_eq!(found("crates/care/Cargo.toml", uses), ["care may not use aws-lc-rs"]);
        assert_eq!(found("crates/web/Cargo.toml", uses), ["web may not use aws-lc-rs"]);
        assert!(
            found("crates/pages/Cargo.toml", "[build-dependencies]\naws-lc-rs.workspace = true\n").is_empty()
        );
        assert!(
            found("crates/honnin/Cargo.toml", "[dev-dependencies]\nrusqlite.workspace = true\n").is_empty()
        );
    }

    #[test]
    fn an_engine_named_in_a_second_place_is_found() {
        let named = "use honnin_terms::Id;\nuse honnin_store_sqlite::Sqlite;\n";
        let sources = [CHOICE, "crates/honnin/src/begin.rs", "crates/honnin/tests/it/main.rs"]
            .map(|path| made_up(path, named));
        let found: Vec<_> = engine_named_once(&sources).into_iter().map(|finding| finding.place).collect();
        assert_eq!(found, ["crates/honnin/src/begin.rs:2"]);
    }

    #[test]
    fn no_arrow_leads_round() {
        for (place, (room, below, _)) in ROOMS.iter().enumerate().filter(|(_, (room, ..))| *room != "xtask") {
            for other in *below {
                let lower = ROOMS.iter().position(|(name, ..)| name == other);
                assert!(lower.is_some_and(|lower| lower < place), "{room} knows {other}");
            }
        }
    }
}
