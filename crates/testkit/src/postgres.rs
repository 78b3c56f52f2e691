//! A PostgreSQL server of a test's own: Debian's programs in a directory that goes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::soon::soon;

/// Where Debian's package puts the programs.
const PROGRAMS: &str = "/usr/lib/postgresql";

/// What Debian calls it.
pub const POSTGRES_PACKAGE: &str = "postgresql";

/// The one who runs the server where we are root, which it refuses to be.
const USER: &str = "postgres";

const PORT: &str = "5432";

/// Runs the server until its standard input ends, which is when whoever started it has ended, however; then takes the
/// directory away.
const WATCHED: &str = r#"
"$1/postgres" -D "$2/data" -k "$2" -p "$3" -c listen_addresses= -c fsync=off -c max_connections=300 \
    -c shared_buffers=32MB -c unix_socket_permissions=0777 > "$2/log" 2>&1 &
read -r end
"$1/pg_ctl" -D "$2/data" -m immediate -w stop > /dev/null 2>&1
wait
rm -rf "$2"
"#;

/// A server, running. Who connects as `owner` owns everything; a role `honnin` may sign in and has nothing yet.
#[derive(Debug)]
pub struct PostgresServer {
    child: Mutex<Child>,
    programs: PathBuf,
    directory: PathBuf,
    made: Mutex<(u32, BTreeSet<String>)>,
}

/// The newest version's programs.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(PROGRAMS).ok()?.filter_map(Result::ok);
    let found =
        versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("postgres").is_file());
    found.max()
}

/// The program, as somebody who may run a server.
pub(crate) fn as_somebody(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(program);
    command
}

/// Gives a directory and what is in it to who runs the server.
///
/// # Panics
/// Where it cannot be given.
pub(crate) fn given(directory: &Path) {
    if is_root() {
        let owned = Command::new("chown").arg("-R").arg(USER).arg(directory).status();
        assert!(owned.is_ok_and(|status| status.success()), "the directory is given to {USER}");
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

#[expect(clippy::expect_used, reason = "a test without its server cannot go on")]
impl PostgresServer {
    /// The server that all tests of this process share; `None`, said aloud, where none is installed.
    ///
    /// # Panics
    /// Where one is installed and does not start.
    pub fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Option<Arc<PostgresServer>>> = Mutex::new(None);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.is_none() {
            *shared = Self::start().map(Arc::new);
        }
        shared.clone()
    }

    /// A server of one's own, for who stops it or pulls it down.
    ///
    /// # Panics
    /// As [`Self::shared`].
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let what = "skipped: PostgreSQL is not on this machine";
            #[expect(clippy::print_stdout, reason = "what was not tried is said aloud")]
            {
                println!("{what}: apt-get install -y --no-install-recommends {POSTGRES_PACKAGE}");
            }
            return None;
        };
        let directory =
            tempfile::Builder::new().prefix("honnin-pg-").tempdir().expect("a directory for the server");
        let directory = directory.keep();
        given(&directory);
        let mut init = as_somebody(&programs.join("initdb"));
        init.args([
            "--username",
            "owner",
            "--auth",
            "trust",
            "--no-locale",
            "--encoding",
            "UTF8",
            "--no-sync",
        ]);
        let begun = init.arg("--pgdata").arg(directory.join("data")).stdout(Stdio::null()).status();
        assert!(begun.is_ok_and(|status| status.success()), "initdb makes a server");
        let child = watched(&programs, &directory).expect("the server is started");
        let server = Self { child: Mutex::new(child), programs, directory, made: Mutex::default() };
        server.wait();
        server.sql("postgres", "create role honnin login");
        Some(server)
    }

    fn wait(&self) {
        let socket = self.directory.join(format!(".s.PGSQL.{PORT}"));
        let accepts = || {
            UnixStream::connect(&socket).is_ok()
                && self.psql("postgres", "select 1").output().is_ok_and(|output| output.status.success())
        };
        assert!(soon(accepts), "the server accepts; see {}", self.directory.join("log").display());
    }

    /// Where its socket is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The address of a database for a role, as PostgreSQL's own tools and the settings take it.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgresql://{role}@/{database}?host={}", self.directory.display())
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "owner",
            "-p",
            PORT,
            "-d",
            database,
        ]);
        psql.arg("-h").arg(&self.directory).args(["-c", sql]).stdin(Stdio::null());
        psql
    }

    /// Does that as the owner; what it says, a row a line, columns apart by a bar.
    ///
    /// # Panics
    /// Where the server refuses.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql).output().expect("psql runs");
        let refused = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {refused}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// A fresh, empty database.
    pub fn database(&self) -> String {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        self.make(&mut made.0, "template0")
    }

    /// A fresh copy of the database of that name, which `fill` fills the first time.
    pub fn copy_of(&self, template: &str, fill: impl FnOnce(&str)) -> String {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        self.fill(&mut made.1, template, fill);
        self.make(&mut made.0, template)
    }

    /// The database of that name, which `fill` fills the first time, and a number that nobody else has.
    pub fn shared_database(&self, name: &str, fill: impl FnOnce(&str)) -> u32 {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        self.fill(&mut made.1, name, fill);
        made.0 += 1;
        made.0
    }

    fn fill(&self, filled: &mut BTreeSet<String>, name: &str, fill: impl FnOnce(&str)) {
        if !filled.contains(name) {
            self.sql("postgres", &format!("create database {name} template template0"));
            fill(name);
            filled.insert(name.to_owned());
        }
    }

    fn make(&self, number: &mut u32, template: &str) -> String {
        *number += 1;
        let name = format!("db_{number}");
        self.sql("postgres", &format!("create database {name} template {template} strategy file_copy"));
        name
    }

    /// Stops it at once, as if the machine had lost its power, and starts it again.
    ///
    /// # Panics
    /// Where it does not come back.
    pub fn crash(&self) {
        let pid = fs::read_to_string(self.directory.join("data/postmaster.pid")).expect("it runs");
        let pid = pid.lines().next().expect("a process").to_owned();
        let killed = Command::new("kill").args(["-QUIT", &pid]).status();
        assert!(killed.is_ok_and(|status| status.success()), "it is stopped");
        let mut start = as_somebody(&self.programs.join("pg_ctl"));
        start.arg("-D").arg(self.directory.join("data")).args(["-w", "-t", "120", "-l"]);
        start.arg(self.directory.join("log")).arg("-o");
        start.arg(format!("-k {} -p {PORT} -c listen_addresses= -c fsync=off", self.directory.display()));
        while fs::exists(self.directory.join("data/postmaster.pid")).unwrap_or(false) {
            thread::sleep(Duration::from_millis(10));
        }
        let started = start.arg("start").stdin(Stdio::null()).stdout(Stdio::null()).status();
        assert!(started.is_ok_and(|status| status.success()), "it is started again");
        self.wait();
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        // The end of its input is the end of the server.
        drop(child.stdin.take());
        drop(child.wait());
    }
}

fn watched(programs: &Path, directory: &Path) -> io::Result<Child> {
    let mut shell = as_somebody(Path::new("sh"));
    shell.args(["-c", WATCHED, "sh"]).arg(programs).arg(directory).arg(PORT);
    shell.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}
