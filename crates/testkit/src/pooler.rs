//! A pooler of a test's own before its server: Debian's PgBouncer, which hands out another connection for each transaction.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::PostgresServer;
use crate::postgres::{as_somebody, given};
use crate::soon::soon;

const PROGRAM: &str = "/usr/sbin/pgbouncer";
const PORT: &str = "6432";

/// A pooler, running until it is dropped.
#[derive(Debug)]
pub struct Pooler {
    child: Child,
    directory: PathBuf,
    /// What it says of itself.
    pub version: String,
}

#[expect(clippy::expect_used, reason = "a test without its pooler cannot go on")]
impl Pooler {
    /// One before that server; `None`, said aloud, where none is installed.
    ///
    /// # Panics
    /// Where one is installed and does not start.
    pub fn before(server: &PostgresServer) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            #[expect(clippy::print_stdout, reason = "what was not tried is said aloud")]
            {
                println!(
                    "skipped: PgBouncer is not on this machine: apt-get install -y --no-install-recommends pgbouncer"
                );
            }
            return None;
        }
        let directory =
            tempfile::Builder::new().prefix("honnin-pool-").tempdir().expect("a directory for the pooler");
        let directory = directory.keep();
        let place = directory.display();
        let settings = format!(
            "[databases]\n* = host={} port=5432\n[pgbouncer]\nlisten_addr =\nlisten_port = {PORT}\nunix_socket_dir = {place}\n\
             unix_socket_mode = 0777\nauth_type = trust\nauth_file = {place}/users\npool_mode = transaction\n\
             default_pool_size = 6\nlogfile = {place}/log\n",
            server.directory().display()
        );
        fs::write(directory.join("settings.ini"), settings).expect("its settings");
        fs::write(directory.join("users"), "\"honnin\" \"\"\n").expect("who it knows");
        given(&directory);
        let version = as_somebody(Path::new(PROGRAM)).arg("--version").output().expect("it runs").stdout;
        let version = String::from_utf8_lossy(&version).lines().next().unwrap_or_default().to_owned();
        let mut start = as_somebody(Path::new(PROGRAM));
        start.arg("-q").arg(directory.join("settings.ini")).current_dir("/");
        let child = start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let pooler = Self { child: child.expect("it starts"), directory, version };
        let socket = pooler.directory.join(format!(".s.PGSQL.{PORT}"));
        let accepts = || UnixStream::connect(&socket).is_ok();
        assert!(soon(accepts), "it accepts; see {}", pooler.directory.join("log").display());
        Some(pooler)
    }

    /// The address of a database through it.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgresql://{role}@/{database}?host={}&port={PORT}", self.directory.display())
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.directory));
    }
}
