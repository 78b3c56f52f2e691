//! An installation that is there, with its store moved into a database of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Installation;
use crate::peer::{Database, programs};
use crate::process::Way;

/// What is kept of it in memory: as little as can be set, so that every read asks the database.
const CACHES: [&str; 4] = ["session_cache", "key_cache", "document_cache", "wish_cache"];
const LEAST: &str = "4 KiB";

/// Runs a command that has to succeed.
fn done(command: &mut Command) {
    let ended = command.stdin(Stdio::null()).output().expect("run a command");
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// The installation and its database. What lay there before stays as it was.
pub(crate) struct Moved {
    pub(crate) installation: Installation,
    /// Settings of a second node on the same.
    pub(crate) second: PathBuf,
    pub(crate) database: Database,
}

impl Moved {
    /// Copies its data, and the store of the copy into a new database, as an operator does.
    pub(crate) fn of(way: Way, honnin: &Path, from: &Installation, scratch: &Path, uncached: bool) -> Self {
        let programs = programs().expect("PostgreSQL: apt-get install --no-install-recommends postgresql");
        let mut beside = scratch.as_os_str().to_owned();
        beside.push("-own");
        let database = Database::start(way, &programs, &PathBuf::from(beside));
        let socket = database.directory.display();
        for sql in ["create role honnin login", "create database honnin"] {
            let mut psql = Command::new(programs.join("psql"));
            done(
                psql.args(["-X", "-q", "-U", "owner", "-d", "postgres", "-c", sql, "-h"])
                    .arg(&database.directory),
            );
        }
        let [url, owner] =
            ["honnin", "owner"].map(|role| format!("postgresql://{role}@/honnin?host={socket}"));
        let (data, settings) = (scratch.join("moved"), scratch.join("moved.toml"));
        done(Command::new("cp").arg("-a").arg(&from.data).arg(&data));
        let store = |words: &[&str]| {
            let mut command = Command::new(honnin);
            command.arg("--data").arg(&data).arg("--settings").arg(&from.settings).arg("store").args(words);
            done(&mut command);
        };
        store(&["prepare", "--for", &url, "--owner", &owner]);
        store(&["copy", "--to", &url]);
        let text = std::fs::read_to_string(&from.settings).expect("read the settings");
        let mut table: toml::Table = text.parse().expect("settings");
        let section =
            table.get_mut("store").and_then(toml::Value::as_table_mut).expect("the section of the store");
        section.insert("url".to_owned(), url.into());
        for cache in CACHES.iter().filter(|_| uncached) {
            section.insert((*cache).to_owned(), LEAST.into());
        }
        done(Command::new("install").args(["-m", "600", "/dev/null"]).arg(&settings));
        std::fs::write(&settings, table.to_string()).expect("write the settings");
        let node = table.entry("node").or_insert_with(|| toml::Table::new().into());
        let node = node.as_table_mut().expect("the section of the node");
        node.insert("name".to_owned(), "2".into());
        let second = scratch.join("second.toml");
        done(Command::new("install").args(["-m", "600", "/dev/null"]).arg(&second));
        std::fs::write(&second, table.to_string()).expect("write the settings of a second node");
        let sessions = from.sessions.clone();
        Self { installation: Installation { data, settings, sessions }, second, database }
    }
}
