//! The product on a database, and other processes of it beside the first, of another build where a drill wants one.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{Failure, House, Plan, Process, Ran, SignedIn, begin, last_words, product, up};
use crate::client::Target;

/// A database that takes the place of the file.
#[derive(Debug, Clone)]
pub struct Database {
    /// Its address, for the role that serves.
    pub url: String,
    /// The same for its owner, who makes it ready.
    pub owner: String,
}

impl Database {
    /// The settings of who serves on it. A drill asks from one address.
    pub fn settings(&self) -> String {
        format!("{}[server]\nconnections_per_address = 10_000\n", self.store())
    }

    /// Those of the store alone.
    pub(super) fn store(&self) -> String {
        format!("[store]\nurl = \"{}\"\n", self.url)
    }

    /// Begins an installation for a demo on it.
    pub(super) fn begin(&self, plan: &Plan, data: &Path) -> Result<(), Failure> {
        let mut init = product(&plan.binary, &plan.environment);
        init.arg("init").arg(data).arg("--key-file").arg(data.with_extension("key"));
        init.args(["--demo", "--store-url", &self.url]);
        let mut prepare = product(&plan.binary, &plan.environment);
        prepare.arg("--data").arg(data).args(["store", "prepare", "--owner", &self.owner]);
        for (what, mut command) in [("init", init), ("store prepare", prepare)] {
            let ended = command.output().map_err(Failure::machine(format!("run {what}")))?;
            if !ended.status.success() {
                let said = String::from_utf8_lossy(&ended.stderr).into_owned();
                return Err(Failure::Product(format!("{what} ended with {}: {}", ended.status, said.trim())));
            }
        }
        Ok(())
    }
}

/// Another process of the product on the data and the store of a house, with a name and addresses of its own. It stops
/// when dropped.
#[derive(Debug)]
pub struct Beside {
    process: Process,
    target: Target,
    monitor: Target,
}

impl Beside {
    /// Where it serves.
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Where it tells its metrics.
    pub const fn monitor(&self) -> Target {
        self.monitor
    }

    /// Ends it as a power cut does.
    ///
    /// # Errors
    /// [`Failure::Machine`] where it cannot be ended.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.kill("kill a node")
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// [`Failure`] where it does not end in time.
    pub async fn end(&mut self) -> Result<(), Failure> {
        super::end_by(&mut self.process.0, rustix::process::Signal::TERM).await.map(drop)
    }
}

/// How another process is started.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its settings beside the key's and where it listens.
    pub settings: &'a str,
    /// The program; nothing for the one the house was started with.
    pub binary: Option<&'a Path>,
    /// Where it listens; nothing for a port of the system's choice.
    pub at: Option<SocketAddr>,
}

impl House {
    /// Serves the same data by another process of that name, with these settings beside the key's.
    ///
    /// # Errors
    /// [`Failure`] where it does not get ready, with its last words.
    pub async fn beside(&self, name: &str, settings: &str) -> Result<Beside, Failure> {
        let node = Node { name, settings, binary: None, at: None };
        self.begin_node(node).await?.map_err(Failure::Product)
    }

    /// The same of any program at any address; why not, where it refuses to serve.
    ///
    /// # Errors
    /// [`Failure`] where it serves and does not get ready, with its last words.
    pub async fn begin_node(&self, node: Node<'_>) -> Result<Result<Beside, String>, Failure> {
        let Node { name, settings, binary, at } = node;
        let (data, file) = (self.data(), self.scratch.path().join(format!("{name}.toml")));
        let key = data.with_extension("key");
        let at = at.map_or_else(|| "127.0.0.1:0".to_owned(), |at| at.to_string());
        let settings = format!(
            "[listen]\npublic = [\"{at}\"]\nmetrics = \"127.0.0.1:0\"\n{}[node]\nname = \"{name}\"\n{settings}\n\
             [keys]\nkey_file = \"{}\"\n",
            self.behind(),
            key.display()
        );
        fs::write(&file, settings).map_err(Failure::machine("write settings"))?;
        let mut command = product(binary.unwrap_or(&self.binary), &self.environment);
        command.arg("--data").arg(&data).arg("--settings").arg(&file).arg("serve");
        let words = self.scratch.path().join(format!("words-of-{name}"));
        let (process, target, monitor) = match begin(command, &words, "serving on ").await {
            Ok(begun) => begun,
            Err(Failure::Product(why)) => return Ok(Err(why)),
            Err(other) => return Err(other),
        };
        up(monitor, "/readyz").await.map_err(|what| last_words(what, &words))?;
        Ok(Ok(Beside { process, target, monitor }))
    }

    /// Runs a command of another build on the same data, to its end.
    ///
    /// # Errors
    /// [`Failure::Machine`] where it cannot be run.
    pub fn command_of<S: AsRef<OsStr>>(
        &self,
        binary: &Path,
        words: impl IntoIterator<Item = S>,
    ) -> Result<Ran, Failure> {
        Ran::on((binary, &self.environment), &self.data(), words)
    }

    /// Another build that does the same: this program with an octet behind its end, which no loader reads. It differs in
    /// its hash and in nothing else.
    ///
    /// # Errors
    /// [`Failure::Machine`] where it cannot be written.
    pub fn another_build(&self) -> Result<PathBuf, Failure> {
        let copy = self.scratch.path().join("another-build");
        let what = || Failure::machine("make another build");
        fs::copy(&self.binary, &copy).map_err(what())?;
        let mut file = OpenOptions::new().append(true).open(&copy).map_err(what())?;
        file.write_all(b"\n").map_err(what())?;
        Ok(copy)
    }

    /// Takes the sessions beyond the first so many: nobody else reads with them.
    pub fn spare(&mut self, beyond: usize) -> Vec<SignedIn> {
        self.sessions.split_off(beyond.min(self.sessions.len()))
    }
}
