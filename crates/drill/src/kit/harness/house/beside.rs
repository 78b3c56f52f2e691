//! The product on a database, and another process of it beside the first.

use std::fs;
use std::path::Path;

use super::{Failure, HERE, House, Plan, Process, SignedIn, begin, last_words, product, up};
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
        format!("[store]\nurl = \"{}\"\n[server]\nconnections_per_address = 10_000\n", self.url)
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
}

impl Beside {
    /// Where it serves.
    pub const fn target(&self) -> Target {
        self.target
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// [`Failure`] where it does not end in time.
    pub async fn end(&mut self) -> Result<(), Failure> {
        super::end_by(&mut self.process.0, rustix::process::Signal::TERM).await.map(drop)
    }
}

impl House {
    /// Serves the same data by another process of that name, with these settings beside the key's.
    ///
    /// # Errors
    /// [`Failure`] where it does not get ready, with its last words.
    pub async fn beside(&self, name: &str, settings: &str) -> Result<Beside, Failure> {
        let (data, file) = (self.data(), self.scratch.path().join(format!("{name}.toml")));
        let key = data.with_extension("key");
        let settings = format!(
            "{HERE}[node]\nname = \"{name}\"\n{settings}\n[keys]\nkey_file = \"{}\"\n",
            key.display()
        );
        fs::write(&file, settings).map_err(Failure::machine("write settings"))?;
        let mut command = product(&self.binary, &self.environment);
        command.arg("--data").arg(&data).arg("--settings").arg(&file).arg("serve");
        let words = self.scratch.path().join(format!("words-of-{name}"));
        let (process, target, monitor) = begin(command, &words, "serving on ").await?;
        up(monitor, "/readyz").await.map_err(|what| last_words(what, &words))?;
        Ok(Beside { process, target })
    }

    /// Takes the sessions beyond the first so many: nobody else reads with them.
    pub fn spare(&mut self, beyond: usize) -> Vec<SignedIn> {
        self.sessions.split_off(beyond.min(self.sessions.len()))
    }
}
