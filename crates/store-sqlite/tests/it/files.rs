//! The file: its schema, its privacy register, and what is refused as a store.

use std::fs;
use std::path::PathBuf;

use honnin_store_sqlite::{Bounds, Sqlite, StartError};
use honnin_testkit::TestDir;
use rusqlite::Connection;

use crate::opened;

fn file(dir: &TestDir) -> PathBuf {
    dir.join("honnin.sqlite")
}

/// The statements of the live schema, one after another.
fn schema(dir: &TestDir) -> String {
    let connection = Connection::open(file(dir)).unwrap();
    let mut statement = connection
        .prepare("select sql from sqlite_schema where sql is not null order by tbl_name, type desc, name")
        .unwrap();
    let statements = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    statements.map(|sql| sql.unwrap() + ";\n").collect()
}

/// Each column of the live schema as `table.column`.
fn columns(dir: &TestDir) -> Vec<String> {
    let connection = Connection::open(file(dir)).unwrap();
    let mut statement = connection
        .prepare(
            "select t.name || '.' || c.name from sqlite_schema t join pragma_table_info(t.name) c \
             where t.type = 'table' order by 1",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_schema_from_zero_is_the_one_that_was_reviewed() {
    let dir = TestDir::new();
    drop(opened::create(&dir, Bounds::default()));
    let live = schema(&dir);
    assert_eq!(live, include_str!("../../schema.sql"), "the live schema is:\n{live}");
}

#[test]
fn every_column_has_a_decision_on_privacy_and_retention() {
    let dir = TestDir::new();
    drop(opened::create(&dir, Bounds::default()));
    let register: toml::Table = include_str!("../../privacy.toml").parse().unwrap();
    let mut decided = Vec::new();
    for (table, columns) in &register {
        for (column, decision) in columns.as_table().unwrap() {
            let word = |key: &str| decision[key].as_str().unwrap().to_owned();
            let known = ["public", "operator", "sealed", "secret"];
            assert!(known.contains(&word("privacy").as_str()), "{table}.{column}");
            let known =
                ["account", "session", "key", "message", "period", "feed", "notice", "consent", "together"];
            assert!(known.contains(&word("retention").as_str()), "{table}.{column}");
            decided.push(format!("{table}.{column}"));
        }
    }
    decided.sort();
    assert_eq!(decided, columns(&dir));
}

#[test]
fn every_column_says_what_it_means() {
    for line in include_str!("../../schema.sql").lines().filter(|line| line.starts_with("    ")) {
        let column = !line.trim_start().starts_with("primary key");
        assert!(!column || line.contains("-- "), "{line}");
    }
}

#[test]
fn a_store_is_made_once_and_opened_only_where_it_is() {
    let dir = TestDir::new();
    let open = || Sqlite::open(dir.path(), Bounds::default(), opened::clock());
    assert!(matches!(open(), Err(StartError::Missing(_))));
    assert!(!file(&dir).exists(), "a store that is missing is not made by the way");
    drop(opened::create(&dir, Bounds::default()));
    let again = honnin_store_sqlite::create(dir.path());
    assert!(matches!(again, Err(StartError::Exists(_))));
    drop(open().unwrap());
}

#[test]
fn a_store_whose_making_was_cut_short_is_made_anew() {
    let dir = TestDir::new();
    dir.write("honnin.sqlite.new", "half");
    drop(opened::create(&dir, Bounds::default()));
    assert!(!dir.join("honnin.sqlite.new").exists());
}

#[test]
fn a_newer_schema_is_refused_with_both_versions() {
    let dir = TestDir::new();
    drop(opened::create(&dir, Bounds::default()));
    let connection = Connection::open(file(&dir)).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    drop(connection);
    let refused = Sqlite::open(dir.path(), Bounds::default(), opened::clock()).unwrap_err();
    assert!(matches!(refused, StartError::Newer { found: 7, known: 4 }));
    assert_eq!(
        refused.to_string(),
        "open the store: its schema has version 7, this build knows up to 4; use the newer build"
    );
}

#[test]
fn an_older_schema_is_left_as_it_is_until_it_is_brought_up_to_date() {
    let dir = TestDir::new();
    let bounds = Bounds::default();
    drop(opened::create(&dir, bounds));
    let connection = Connection::open(file(&dir)).unwrap();
    // As an older build has left it, by its number; the table that the newest migration makes anew is there either way.
    connection.pragma_update(None, "user_version", 3).unwrap();
    drop(connection);
    let open = || Sqlite::open(dir.path(), bounds, opened::clock());
    // A look changes nothing, however often.
    for _ in 0..2 {
        assert!(matches!(open(), Err(StartError::Older { found: 3, needed: 4 })));
        assert!(honnin_store_sqlite::is_behind(dir.path(), &bounds).unwrap());
    }
    for _ in 0..2 {
        honnin_store_sqlite::bring_up(dir.path(), &bounds).unwrap();
        drop(open().unwrap());
        assert!(!honnin_store_sqlite::is_behind(dir.path(), &bounds).unwrap());
    }
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let dir = TestDir::new();
    let open = || Sqlite::open(dir.path(), Bounds::default(), opened::clock());
    let text = "not a database at all, ".repeat(100);
    dir.write("honnin.sqlite", &text);
    assert!(matches!(open(), Err(StartError::Foreign(_))));
    assert_eq!(fs::read_to_string(file(&dir)).unwrap(), text);
    fs::remove_file(file(&dir)).unwrap();
    let foreign = Connection::open(file(&dir)).unwrap();
    foreign.execute_batch("create table theirs (a)").unwrap();
    drop(foreign);
    assert!(matches!(open(), Err(StartError::Foreign(_))));
    assert_eq!(columns(&dir), ["theirs.a"]);
}

#[test]
fn only_its_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TestDir::new();
    let store = opened::create(&dir, Bounds::default());
    opened::stage(&store).person();
    for name in ["honnin.sqlite", "honnin.sqlite-wal", "honnin.sqlite-shm"] {
        let mode = fs::metadata(dir.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
}
