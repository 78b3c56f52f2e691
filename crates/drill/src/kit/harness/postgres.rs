//! PostgreSQL servers of a drill's own: where the programs are, who runs them, and what can be done to their processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use super::house::Failure;

/// Where Debian's package puts the programs of a server.
const PROGRAMS: &str = "/usr/lib/postgresql";
/// Who runs a server where we are root, which it refuses to be.
const USER: &str = "postgres";
/// Its port, which is part of the name of its socket.
const PORT: u16 = 5432;
/// How long one may take to begin.
const PATIENCE: Duration = Duration::from_mins(1);

/// Makes a server and runs it; when its input ends, however that comes, it ends everything and takes the directory away.
const WATCHED: &str = r#"
cd "$1" || exit 1
"$2/initdb" --username owner --auth trust --no-locale --encoding UTF8 --no-sync --pgdata "$1/data" > log 2>&1
"$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= >> log 2>&1 &
server=$!
read -r end
{
    kill -CONT "$server" $(cat "/proc/$server/task/$server/children")
    kill -KILL "$server"
} 2> /dev/null
wait
rm -rf "$1"
"#;

/// The newest version's programs, where there are any.
pub(super) fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir(PROGRAMS).into_iter().flatten().filter_map(Result::ok);
    let found = versions.map(|version| version.path().join("bin"));
    found.filter(|bin| bin.join("postgres").is_file()).max()
}

/// Runs a script with a directory and these words, as somebody who may run a server, until its input ends.
pub(super) fn watched(script: &str, directory: &Path, words: &[String]) -> Result<Child, Failure> {
    let is_root = rustix::process::geteuid().is_root();
    let mut shell = Command::new(if is_root { "setpriv" } else { "sh" });
    if is_root {
        let owned = Command::new("chown").arg("-R").arg(USER).arg(directory).status();
        owned.map_err(Failure::machine("give a server its directory"))?;
        shell.args(["--reuid", USER, "--regid", USER, "--clear-groups", "sh"]);
    }
    shell.args(["-c", script, "sh"]).arg(directory).args(words);
    shell.current_dir("/").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().map_err(Failure::machine("start a server"))
}

/// Asks a server something, at that host and port and as that role.
pub(super) fn sql(
    programs: &Path,
    (host, port, role): (&str, u16, &str),
    database: &str,
    sql: &str,
) -> Result<String, Failure> {
    let mut psql = Command::new(programs.join("psql"));
    psql.args([
        "-X",
        "-A",
        "-t",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        host,
        "-U",
        role,
        "-d",
        database,
        "-c",
        sql,
    ]);
    psql.args(["-p", &port.to_string()]).env("PGCONNECT_TIMEOUT", "5").stdin(Stdio::null());
    let ended = psql.output().map_err(Failure::machine("run psql"))?;
    if !ended.status.success() {
        return Err(Failure::Product(format!("psql: {}", String::from_utf8_lossy(&ended.stderr).trim())));
    }
    Ok(String::from_utf8_lossy(&ended.stdout).trim().to_owned())
}

/// Sends a signal to each.
pub(super) fn signal(processes: impl IntoIterator<Item = Pid>, signal: Signal) {
    for process in processes {
        // One that has ended meanwhile needs nothing more.
        kill_process(process, signal).unwrap_or_default();
    }
}

/// The process whose number a file begins with.
pub(super) fn first_number(file: &Path) -> Option<Pid> {
    Pid::from_raw(fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok()?)
}

/// A process and its children.
pub(super) fn family(of: Pid) -> Vec<Pid> {
    let number = of.as_raw_nonzero();
    let told = fs::read_to_string(format!("/proc/{number}/task/{number}/children")).unwrap_or_default();
    let children = told.split_whitespace().filter_map(|number| Pid::from_raw(number.parse().ok()?));
    std::iter::once(of).chain(children).collect()
}

/// One server, running. It ends with this value.
#[derive(Debug)]
pub struct Server {
    child: Child,
    programs: PathBuf,
    directory: PathBuf,
}

impl Server {
    /// Makes one, with a database `honnin` and a role of that name.
    ///
    /// # Errors
    /// [`Failure::Missing`] where PostgreSQL is not there; [`Failure::Product`] where it does not begin.
    pub async fn start() -> Result<Self, Failure> {
        let programs = programs().ok_or_else(|| {
            let missing = "PostgreSQL is not on this machine (Debian: apt-get install --no-install-recommends postgresql)";
            Failure::Missing(missing.to_owned())
        })?;
        let directory = tempfile::Builder::new().prefix("honnin-drill-server-").tempdir();
        let directory = directory.map_err(Failure::machine("make a directory for a server"))?;
        let child = watched(WATCHED, directory.path(), &[programs.display().to_string()])?;
        // The shell takes it away, also where this program is killed.
        let server = Self { child, programs, directory: directory.keep() };
        let deadline = Instant::now() + PATIENCE;
        while let Err(why) = server.sql("create role honnin login") {
            if Instant::now() > deadline {
                return Err(why);
            }
            sleep(Duration::from_millis(100)).await;
        }
        server.sql("create database honnin")?;
        Ok(server)
    }

    fn sql(&self, asked: &str) -> Result<String, Failure> {
        sql(&self.programs, (&self.directory.display().to_string(), PORT, "owner"), "postgres", asked)
    }

    /// The address of its database for a role.
    pub fn url(&self, role: &str) -> String {
        format!("postgresql://{role}@/honnin?host={}", self.directory.display())
    }

    fn processes(&self) -> Vec<Pid> {
        first_number(&self.directory.join("data/postmaster.pid")).map(family).unwrap_or_default()
    }

    /// Has it stand still.
    pub fn freeze(&self) {
        // Again: one that was just being made has not heard it.
        for _ in 0..2 {
            signal(self.processes(), Signal::STOP);
        }
    }

    /// Lets it go on.
    pub fn wake(&self) {
        signal(self.processes(), Signal::CONT);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input is the end of the server.
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}
