//! Restores into a database that are cut off or stopped in the middle, and one that goes into a file and back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use honnin_testkit::PostgresServer;

use crate::support::{Place, Ran, command, honnin, run_in, soon};

const LOGIN: &str = "mio30617284";
const PASSWORD: &str = "umi no mieru ie de";
const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];
/// What holds what was imported and set; the others change by being opened.
const KEPT: [&str; 9] =
    ["account", "subject_key", "document", "speed", "wish_key", "directory", "seen", "notice", "progress"];
const MARKS: &str = "select count(*) from honnin.control where name = 'copy/'";

fn done(ran: Ran) -> String {
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    ran.out
}

fn refused(ran: &Ran, by: &str) {
    assert!(ran.code == Some(1) && ran.err.contains(by), "{}{}", ran.out, ran.err);
}

/// An installation on a database, with the ledger in it and one account that has a password; and its backup.
struct Lost {
    place: Place,
    server: Arc<PostgresServer>,
    database: String,
    backup: PathBuf,
    rows: Vec<String>,
}

impl Lost {
    /// Everything of it is lost: the data directory, and what the database held.
    fn all() -> Option<Self> {
        let server = PostgresServer::shared()?;
        let database = server.database();
        let url = server.url("honnin", &database);
        let place = Place::begin_as(&PORTS, &["--store-url", &url]);
        let owner = server.url("owner", &database);
        done(place.run(&["store", "prepare", "--owner", &owner]));
        place.take_in();
        let code = place.invite(LOGIN);
        drop(place.serve().activated(LOGIN, &code, PASSWORD));
        let backup = place.beside("backup");
        done(place.run(&["backup", "--to", backup.to_str()?]));
        let rows = rows(&server, &database);
        let lost = Self { place, server, database, backup, rows };
        lost.make_ready();
        fs::remove_dir_all(&lost.place.data).unwrap();
        Some(lost)
    }

    /// Makes the database empty and ready.
    fn make_ready(&self) {
        self.sql("drop schema honnin cascade");
        let url = self.server.url("honnin", &self.database);
        let owner = self.server.url("owner", &self.database);
        // By an installation of another place: this one has no settings at this moment.
        let other = Place::begin_as(&PORTS, &[]);
        done(other.run(&["store", "prepare", "--for", &url, "--owner", &owner]));
    }

    fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.database, sql)
    }

    fn restore(&self, data: &Path) -> Ran {
        run_in(data, &["--as", "suzuki", "restore", "--from", self.backup.to_str().unwrap()])
    }

    /// The same at work.
    fn restoring(&self, data: &Path) -> Child {
        let mut restore = command();
        restore.arg("--data").arg(data).args(["--as", "suzuki", "restore", "--from"]).arg(&self.backup);
        restore.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Keeps everybody from writing into a table until let go. Reading goes on.
    fn hold(&self, table: &str) -> JoinHandle<String> {
        self.sql("create table public.go ()");
        let held = format!(
            "begin; lock table honnin.{table} in exclusive mode; do $$ begin while not exists (select 1 from public.go) loop \
             perform pg_sleep(0.02); end loop; end $$; commit"
        );
        let (server, database) = (Arc::clone(&self.server), self.database.clone());
        let held = thread::spawn(move || server.sql(&database, &held));
        self.until("usename = 'owner' and wait_event = 'PgSleep'");
        held
    }

    fn let_go(&self, held: JoinHandle<String>) {
        self.sql("insert into public.go default values");
        held.join().unwrap();
        self.sql("drop table public.go");
    }

    /// Waits for a connection of which that can be said.
    fn until(&self, holds: &str) {
        let asked =
            format!("select count(*) from pg_stat_activity where datname = current_database() and {holds}");
        assert!(soon(|| self.sql(&asked) != "0"), "nobody is there of whom: {holds}");
    }

    /// A restore that stands still before its first write into a table.
    fn standing_at(&self, data: &Path, table: &str) -> Child {
        let held = self.hold(table);
        let restoring = self.restoring(data);
        self.until("usename = 'honnin' and wait_event_type = 'Lock'");
        signal(&restoring, "-STOP");
        // The server undoes what it had begun, as it does when a machine is gone.
        self.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity \
             where datname = current_database() and usename = 'honnin'",
        );
        self.let_go(held);
        restoring
    }

    /// It is there as it was, and serves.
    fn is_back(&self) {
        assert!(rows(&self.server, &self.database) == self.rows, "every row is as it was");
        self.serves();
    }

    fn serves(&self) {
        assert_eq!(self.sql(MARKS), "0");
        done(self.place.run(&["journal", "verify"]));
        let serving = self.place.serve();
        serving.browser().sign_in(LOGIN, PASSWORD);
    }
}

fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// Every row of those tables.
fn rows(server: &PostgresServer, database: &str) -> Vec<String> {
    let of = |table: &&str| server.sql(database, &format!("select t::text from honnin.{table} t order by 1"));
    KEPT.iter().map(of).collect()
}

/// What it said and how it ended.
fn end(child: Child) -> Ran {
    let ended = child.wait_with_output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    Ran { code: ended.status.code(), out: text(ended.stdout), err: text(ended.stderr) }
}

#[test]
fn a_restore_that_is_cut_off_anywhere_is_given_again_and_ends_right() {
    let Some(lost) = Lost::all() else { return };
    let data = &lost.place.data;
    // At its first page, in the middle, and near its end: each goes further than the one before.
    for table in ["account", "document", "directory", "progress"] {
        let mut cut = lost.standing_at(data, table);
        cut.kill().unwrap();
        cut.wait().unwrap();
        assert_eq!(lost.sql(MARKS), "1", "cut off at {table}");
        // Neither half is anything yet, and no other half is made of it.
        refused(&lost.place.run(&["serve"]), "was not finished");
        refused(&lost.restore(data), "is not empty");
        let half = lost.place.beside(&format!("half-{table}"));
        fs::rename(data, &half).unwrap();
        fs::remove_file(half.join("restoring")).unwrap();
        refused(&run_in(&half, &["serve"]), "not finished");
        refused(&run_in(&half, &["doctor"]), "not finished");
    }
    // And killed by the clock, wherever that is.
    for step in 1..=6_u64 {
        let mut cut = lost.restoring(data);
        thread::sleep(Duration::from_millis(step * step * 60));
        cut.kill().unwrap();
        cut.wait().unwrap();
        if lost.sql(MARKS) == "0" && lost.sql("select count(*) from honnin.account") != "0" {
            // It had ended.
            lost.make_ready();
        }
        fs::remove_dir_all(data).unwrap_or_default();
    }
    let told = done(lost.restore(data));
    assert!(told.contains("everybody signs in again"), "{told}");
    lost.is_back();
}

#[test]
fn a_restore_that_was_stopped_writes_nothing_over_what_serves_by_then() {
    let Some(lost) = Lost::all() else { return };
    let data = &lost.place.data;
    let stopped = lost.standing_at(data, "document");
    // Given again at the same place, and finished.
    fs::remove_dir_all(data).unwrap();
    done(lost.restore(data));
    let serving = lost.place.serve();
    serving.browser().sign_in(LOGIN, PASSWORD);
    let (before, sessions) = (rows(&lost.server, &lost.database), "select count(*) from honnin.session");
    assert_eq!(lost.sql(sessions), "1");
    // The first goes on: its mark is gone, and so is its directory.
    signal(&stopped, "-CONT");
    let ended = end(stopped);
    refused(&ended, "another run has taken it over or has ended it");
    assert!(rows(&lost.server, &lost.database) == before, "nothing was written over what serves");
    assert_eq!(lost.sql(sessions), "1");
    assert!(data.join("keyring.toml").exists(), "nor does it take away what is the other's");
    drop(serving);
    lost.serves();
}

#[test]
fn a_restore_that_goes_on_while_another_is_at_it_ends_and_that_one_does_not() {
    let Some(lost) = Lost::all() else { return };
    let data = &lost.place.data;
    let first_at = lost.place.beside("first");
    let stopped = lost.standing_at(&first_at, "document");
    let second = lost.standing_at(data, "directory");
    signal(&stopped, "-CONT");
    refused(&end(stopped), "another run has taken it over or has ended it");
    // It was its own directory, and half an installation is none.
    assert!(!first_at.exists());
    assert_eq!(lost.sql(MARKS), "1");
    signal(&second, "-CONT");
    done(end(second));
    lost.is_back();
}

#[test]
fn a_backup_of_a_database_becomes_a_file_and_goes_back() {
    let Some(lost) = Lost::all() else { return };
    // A settings file of another machine, without a database.
    let settings = lost.place.beside("file.toml");
    let text = fs::read_to_string(lost.backup.join("honnin.toml")).unwrap();
    let old = text.lines().find(|line| line.starts_with("url = \"postgresql")).unwrap().to_owned();
    fs::write(&settings, text.replace(&old, "url = \"\"")).unwrap();
    fs::set_permissions(&settings, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let file = lost.place.beside("on-file");
    let on_file = |words: &[&str]| {
        let place = ["--data", file.to_str().unwrap(), "--settings", settings.to_str().unwrap()];
        honnin(place.iter().chain(words))
    };
    done(on_file(&["restore", "--from", lost.backup.to_str().unwrap()]));
    assert!(file.join("store/honnin.sqlite").exists());
    done(on_file(&["journal", "verify"]));
    assert_eq!(lost.sql("select count(*) from honnin.account"), "0", "the database was left alone");
    let back = lost.place.beside("back");
    done(on_file(&["backup", "--to", back.to_str().unwrap()]));
    // Back into the database, by settings that name it.
    let named = lost.place.beside("database.toml");
    fs::write(&named, &text).unwrap();
    fs::set_permissions(&named, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let place = ["--data", lost.place.data.to_str().unwrap(), "--settings", named.to_str().unwrap()];
    done(honnin(place.iter().chain(&["restore", "--from", back.to_str().unwrap()])));
    fs::rename(&named, lost.place.data.join("honnin.toml")).unwrap();
    lost.is_back();
}

#[test]
fn a_password_file_that_is_missing_is_told_before_anything_is_copied() {
    let Some(lost) = Lost::all() else { return };
    // As the settings of the installation had it beside them: no backup has it.
    let text = fs::read_to_string(lost.backup.join("honnin.toml")).unwrap();
    let settings = lost.place.beside("honnin.toml");
    let with = text.replacen("password_file = \"\"", "password_file = \"password\"", 1);
    assert_ne!(with, text);
    fs::write(&settings, with).unwrap();
    fs::set_permissions(&settings, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let data = &lost.place.data;
    let place = ["--data", data.to_str().unwrap(), "--settings", settings.to_str().unwrap()];
    let restore = || honnin(place.iter().chain(&["restore", "--from", lost.backup.to_str().unwrap()]));
    let password = lost.place.beside("password");
    let told = restore();
    refused(&told, &format!("the password file {} is missing, and nothing was copied", password.display()));
    assert!(!data.exists(), "nothing was made");
    assert_eq!(lost.sql(MARKS), "0");
    fs::write(&password, "a password that nobody asks for\n").unwrap();
    fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    done(restore());
}

#[test]
fn a_journal_that_does_not_verify_leaves_the_database_as_it_was() {
    let Some(lost) = Lost::all() else { return };
    // It outlived the store, goes on from the backup, and one octet of what was disclosed is another.
    let journal = lost.place.beside("journal");
    let copied = Command::new("cp").arg("-a").arg(lost.backup.join("journal")).arg(&journal).status();
    assert!(copied.unwrap().success());
    let entries =
        Command::new("find").arg(&journal).args(["-path", "*/tile/entries/*", "-type", "f"]).output();
    let entries = String::from_utf8(entries.unwrap().stdout).unwrap();
    assert!(!entries.is_empty(), "something was published");
    for file in entries.lines() {
        let mut octets = fs::read(file).unwrap();
        *octets.last_mut().unwrap() ^= 1;
        fs::write(file, octets).unwrap();
    }
    let with = ["restore", "--from", lost.backup.to_str().unwrap(), "--journal", journal.to_str().unwrap()];
    let told = lost.place.run(&with);
    assert_eq!(lost.sql("select count(*) from honnin.account"), "0", "{}", told.err);
    assert!(told.code != Some(0) && told.err.contains("verify the log"), "{}{}", told.out, told.err);
    assert_eq!(lost.sql(MARKS), "0");
    assert!(!lost.place.data.exists());
    done(lost.restore(&lost.place.data));
    lost.is_back();
}
