//! The peer with a database: axum, sqlx and PostgreSQL with row-level security and an audit row, as two processes whose
//! time is counted together.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::load::Target;
use crate::process::{Server, Way, micros_of};

/// Where Debian's package puts the programs, and what to call it.
const PROGRAMS: &str = "/usr/lib/postgresql";
const PACKAGE: &str = "postgresql";

/// The one who runs the database where we are root, which it refuses to be.
const USER: &str = "postgres";

const PORT: &str = "5432";

/// The peer, running.
pub(crate) struct Peer {
    // Dropped in this order.
    server: Server,
    database: Database,
}

impl Peer {
    /// Starts it with that answer for so many accounts; says aloud why where it cannot.
    pub(crate) fn start(way: Way, directory: &Path, answer: &[u8], accounts: usize) -> Option<Self> {
        let Some(programs) = programs() else {
            println!(
                "PEER SKIPPED: PostgreSQL is not installed; apt-get install --no-install-recommends {PACKAGE}"
            );
            return None;
        };
        let Some(peer) = built() else {
            println!("PEER SKIPPED: the package peer was not built");
            return None;
        };
        let database = Database::start(way, &programs, directory);
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an end of the headers");
        let body = directory.join("peer-body");
        std::fs::write(&body, &answer[end + 4..]).expect("write the body");
        let mut command = way.command(&peer);
        command.arg(&database.directory).args([PORT, "postgres"]).arg(body).arg(accounts.to_string());
        Some(Self { server: Server::start(&mut command), database })
    }

    pub(crate) fn target(&self, accounts: usize) -> Target {
        let requests = (0..accounts).map(|account| {
            format!(
                "GET /api/v1/home HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer token-{account}\r\n\
                 Accept: */*\r\n\r\n"
            )
            .into_bytes()
        });
        Target { address: self.server.address, second: None, requests: requests.collect() }
    }

    /// Processor time of both, the database's own processes included.
    pub(crate) fn processor_micros(&self) -> f64 {
        self.server.processor_micros() + self.database.processor_micros()
    }
}

/// The newest version's programs.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(PROGRAMS).ok()?.filter_map(Result::ok);
    let found =
        versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("postgres").is_file());
    found.max()
}

/// The peer's program. Built here, with what it needs and the product does not.
fn built() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../peer");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peer");
    println!("building the peer; the first time takes some minutes");
    let mut cargo = Command::new(std::env::var_os("CARGO").as_deref().unwrap_or(OsStr::new("cargo")));
    cargo
        .args(["build", "--quiet", "--locked", "--release", "--manifest-path"])
        .arg(source.join("Cargo.toml"));
    let done = cargo.arg("--target-dir").arg(&target).status();
    done.is_ok_and(|status| status.success()).then(|| target.join("release/honnin-peer"))
}

/// A database in a directory of its own, ended when it is dropped.
pub(crate) struct Database {
    child: Child,
    pub(crate) directory: PathBuf,
}

impl Drop for Database {
    fn drop(&mut self) {
        // An end at once: nobody needs what is in it.
        let pid = self.child.id().to_string();
        drop(Command::new("kill").args(["-QUIT", &pid]).status());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

/// The command, as somebody who may run the database.
fn as_somebody(program: &Path, way: Way) -> Command {
    let mut command = way.command(Path::new("setpriv"));
    if is_root() {
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]);
    }
    command.arg(program);
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

impl Database {
    pub(crate) fn start(way: Way, programs: &Path, scratch: &Path) -> Self {
        // Beside the scratch directory, which is its owner's alone.
        let directory = scratch.with_extension("database");
        std::fs::create_dir(&directory).expect("a directory for the database");
        if is_root() {
            let owned = Command::new("chown").arg(USER).arg(&directory).status();
            assert!(owned.is_ok_and(|status| status.success()), "the directory is given to {USER}");
        }
        let data = directory.join("data");
        let mut init = as_somebody(&programs.join("initdb"), way);
        init.args([
            "--username",
            "owner",
            "--auth",
            "trust",
            "--no-locale",
            "--encoding",
            "UTF8",
            "--pgdata",
        ]);
        let made = init.arg(&data).stdout(Stdio::null()).status();
        assert!(made.is_ok_and(|status| status.success()), "initdb makes a database");
        let mut postgres = as_somebody(&programs.join("postgres"), way);
        postgres.arg("-D").arg(&data).arg("-k").arg(&directory).args(["-p", PORT]);
        // Durable as it comes; nothing listens beyond this machine.
        postgres.args([
            "-c",
            "listen_addresses=",
            "-c",
            "shared_buffers=256MB",
            "-c",
            "log_min_messages=fatal",
        ]);
        let child = postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start the database");
        let database = Self { child, directory };
        let socket = database.directory.join(format!(".s.PGSQL.{PORT}"));
        let accepts = |_: &i32| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        };
        assert!((0..100).any(|number| accepts(&number)), "the database accepts");
        database
    }

    /// Processor time of all its processes so far.
    pub(crate) fn processor_micros(&self) -> f64 {
        self.processes().into_iter().map(micros_of).sum()
    }

    /// The first process and those it has started; what ended is counted with the first.
    fn processes(&self) -> Vec<u32> {
        let first = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children"));
        let children = children.unwrap_or_default();
        let numbers = children.split_whitespace().filter_map(|number| number.parse().ok());
        std::iter::once(first).chain(numbers).collect()
    }
}
