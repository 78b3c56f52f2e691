//! What a new program says before it replaces the old one, and that no command but what serves takes the store with it.

use std::fs;
use std::path::PathBuf;

use crate::support::{Place, Ran, honnin};

const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];

/// Which schema the file has.
fn schema(place: &Place) -> u32 {
    let store = rusqlite::Connection::open(place.data.join("store/honnin.sqlite")).unwrap();
    store.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn an_upgrade_is_looked_at_before_it_is_done() {
    let place = Place::begin(&PORTS);
    let fresh = place.run(&["upgrade", "check"]);
    assert_eq!(fresh.code, Some(4), "{}{}", fresh.out, fresh.err);
    assert!(fresh.out.contains("backup     ATTENTION: none was made"), "{}", fresh.out);
    let to = place.beside("backup");
    assert_eq!(place.run(&["backup", "--to", to.to_str().unwrap()]).code, Some(0));
    let ready = place.run(&["upgrade", "check"]);
    assert_eq!(ready.code, Some(0), "{}{}", ready.out, ready.err);
    assert!(ready.out.contains("store      this program opens it as it is"), "{}", ready.out);

    assert_eq!(place.run(&["mode", "force", "read_only"]).code, Some(0));
    let forced = place.run(&["upgrade", "check"]);
    assert!(
        forced.code == Some(4) && forced.out.contains("mode       ATTENTION: read_only is forced"),
        "{}",
        forced.out
    );
    assert_eq!(place.run(&["mode", "release"]).code, Some(0));

    let settings = place.data.join("honnin.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("[tenant]", "[tenant]\nno_such_key = 1")).unwrap();
    assert_eq!(
        place.run(&["upgrade", "check"]).code,
        Some(3),
        "a key that this program does not know is named"
    );
}

#[test]
fn only_what_serves_brings_the_store_up_to_date() {
    let place = Place::begin(&PORTS);
    let newest = schema(&place);
    let store = rusqlite::Connection::open(place.data.join("store/honnin.sqlite")).unwrap();
    store.pragma_update(None, "user_version", newest - 1).unwrap();
    drop(store);
    let check = place.run(&["upgrade", "check"]);
    // What could not be looked at is not called well.
    assert!(
        check.code == Some(4) && check.out.contains("others     ATTENTION"),
        "{}{}",
        check.out,
        check.err
    );
    assert!(check.out.contains(&format!("its schema {} becomes {newest}", newest - 1)), "{}", check.out);
    for command in [
        &["doctor"][..],
        &["rollout", "show"],
        &["journal", "verify"],
        &["account", "merges"],
        &["mode", "show"],
    ] {
        let refused = place.run(command);
        let told = refused.code == Some(1) && refused.err.contains("start the server with this build");
        assert!(told, "{command:?}: {}{}", refused.out, refused.err);
        assert_eq!(schema(&place), newest - 1, "{command:?} changed the store");
    }
    drop(place.serve());
    assert_eq!(schema(&place), newest);
    assert_eq!(place.run(&["doctor"]).code, Some(0));
}

/// Every table as it was made.
fn tables(place: &Place) -> Vec<String> {
    let store = rusqlite::Connection::open(place.data.join("store/honnin.sqlite")).unwrap();
    let mut asked = store.prepare("select sql from sqlite_schema order by name").unwrap();
    let found = asked.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
    found.map(|sql| sql.unwrap().unwrap_or_default()).collect()
}

#[test]
fn a_new_program_leaves_the_store_of_one_that_serves_as_it_is() {
    let place = Place::begin(&PORTS);
    let newest = schema(&place);
    let serving = place.serve();
    // As the older program that serves would have it: by its number, and a table that the newest migration makes anew.
    let store = rusqlite::Connection::open(place.data.join("store/honnin.sqlite")).unwrap();
    store.pragma_update(None, "user_version", newest - 1).unwrap();
    drop(store);
    let before = tables(&place);
    let refused = place.run(&["serve"]);
    assert_eq!(refused.code, Some(1), "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("cannot bring the store up to date: an older program"), "{}", refused.err);
    assert_eq!((schema(&place), tables(&place)), (newest - 1, before));
    assert_eq!(serving.browser().get("/sign-in").status, 200);
    drop(serving);
    drop(place.serve());
    assert_eq!(schema(&place), newest);
}

/// Settings of that node, with other values than those of the installation.
fn settings_of(place: &Place, node: &str) -> PathBuf {
    let text = fs::read_to_string(place.data.join("honnin.toml")).unwrap();
    let (before, of_node) = text.split_once("\n[node]").unwrap();
    let of_node = of_node.replacen("\nname = \"1\"", &format!("\nname = \"{node}\""), 1);
    let text =
        format!("{before}\n[node]{of_node}").replacen("\nidle = \"30 days\"", "\nidle = \"29 days\"", 1);
    let file = place.data.join(format!("{node}.toml"));
    fs::write(&file, text).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(&file, mode).unwrap();
    file
}

#[test]
fn a_check_says_what_a_start_would_say_of_the_nodes_that_serve() {
    let place = Place::begin(&PORTS);
    let to = place.beside("backup");
    assert_eq!(place.run(&["backup", "--to", to.to_str().unwrap()]).code, Some(0));
    let serving = place.serve();
    let as_node = |node: &str, words: &[&str]| -> Ran {
        let file = settings_of(&place, node);
        let place = ["--data", place.data.to_str().unwrap(), "--settings", file.to_str().unwrap()];
        honnin(place.iter().chain(words))
    };
    // In the place of the one that serves it may start, once that has ended.
    let itself = as_node("1", &["upgrade", "check"]);
    assert_eq!(itself.code, Some(0), "{}{}", itself.out, itself.err);
    assert!(itself.out.contains("rollout    node 1 serves: stop it"), "{}", itself.out);
    // Beside it, it may not: one single node with other settings is reason enough.
    let beside = as_node("2", &["upgrade", "check"]);
    let told = "node 1 serves with other values of sessions.idle";
    assert_eq!(beside.code, Some(4), "{}{}", beside.out, beside.err);
    assert!(beside.out.contains(&format!("rollout    ATTENTION: {told}")), "{}", beside.out);
    let started = as_node("2", &["serve"]);
    assert!(started.code == Some(1) && started.err.contains(told), "{}{}", started.out, started.err);
    // A person has admitted it.
    let release = beside.out.split("rollout allow ").nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!(place.run(&["rollout", "allow", release, "--for", "1h"]).code, Some(0));
    let admitted = as_node("2", &["upgrade", "check"]);
    assert_eq!(admitted.code, Some(0), "{}{}", admitted.out, admitted.err);
    assert!(admitted.out.contains("rollout    admitted beside 1"), "{}", admitted.out);
    drop(serving);
}
