//! Two brands on one machine: a house each, made by the command, behind one door.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Failure, Process, Ran, begin_until, end_by, product, up};
use crate::client::{Request, Target};

/// The hosts of the two, which lead to this machine without anybody who resolves names.
const HOSTS: [&str; 2] = ["127.0.0.1", "127.0.0.2"];

/// A brand, and what it calls itself.
#[derive(Debug, Clone, Copy)]
pub struct Brand<'a> {
    /// Its tenant's name at the command line.
    pub tenant: &'a str,
    /// Its name on pages.
    pub name: &'a str,
}

/// A house of one of them, and where it is reached.
#[derive(Debug)]
struct Dwelling {
    tenant: String,
    process: Option<Process>,
    monitor: Option<Target>,
    target: Option<Target>,
}

/// Both, and the door. They stop when it is dropped; their data go with it.
#[derive(Debug)]
pub struct Town {
    binary: PathBuf,
    environment: Vec<(String, String)>,
    scratch: TempDir,
    dwellings: Vec<Dwelling>,
    door: Option<Process>,
}

impl Town {
    /// Makes the houses. Nobody lives in them, and they do not serve.
    ///
    /// # Errors
    /// [`Failure`] where a house cannot be made.
    pub fn of(
        binary: &Path,
        environment: &[(String, String)],
        brands: [Brand<'_>; 2],
    ) -> Result<Self, Failure> {
        let scratch = tempfile::Builder::new().prefix("honnin-drill-town-").tempdir();
        let scratch = scratch.map_err(Failure::machine("make a directory for houses"))?;
        let (binary, environment) = (binary.to_owned(), environment.to_vec());
        let mut town = Self { binary, environment, scratch, dwellings: Vec::new(), door: None };
        for (brand, host) in brands.into_iter().zip(HOSTS) {
            let mut make = product(&town.binary, &town.environment);
            make.args(["tenant", "make", brand.tenant, "--host", host, "--houses"]).arg(town.houses());
            let ended = make.output().map_err(Failure::machine("make a house"))?;
            if !ended.status.success() {
                let said = String::from_utf8_lossy(&ended.stderr).into_owned();
                return Err(Failure::Product(format!(
                    "tenant make ended with {}: {}",
                    ended.status,
                    said.trim()
                )));
            }
            let tenant = brand.tenant.to_owned();
            town.dwellings.push(Dwelling { tenant, process: None, monitor: None, target: None });
            town.set(brand.tenant, &[("name", brand.name), ("metrics", "127.0.0.1:0")])?;
        }
        Ok(town)
    }

    /// Gives settings that stand in the file of a house another value; of those that have one name, the first.
    fn set(&self, tenant: &str, settings: &[(&str, &str)]) -> Result<(), Failure> {
        let file = self.data(tenant).join("honnin.toml");
        let mut text = fs::read_to_string(&file).map_err(Failure::machine("read settings"))?;
        for (key, value) in settings {
            let begins = format!("{key} = ");
            let old = text.lines().find(|line| line.starts_with(&begins)).map(str::to_owned);
            let old = old.ok_or_else(|| Failure::Product(format!("tenant make wrote no setting {key}")))?;
            text = text.replacen(&format!("\n{old}\n"), &format!("\n{begins}{value:?}\n"), 1);
        }
        fs::write(&file, text).map_err(Failure::machine("write settings"))
    }

    fn houses(&self) -> PathBuf {
        self.scratch.path().join("houses")
    }

    /// The data directory of one.
    pub fn data(&self, tenant: &str) -> PathBuf {
        self.houses().join(tenant)
    }

    /// Runs a command of the product on the data of one, to its end.
    ///
    /// # Errors
    /// [`Failure::Machine`] where it cannot be run.
    pub fn command<S: AsRef<OsStr>>(
        &self,
        tenant: &str,
        words: impl IntoIterator<Item = S>,
    ) -> Result<Ran, Failure> {
        Ran::on((&self.binary, &self.environment), &self.data(tenant), words)
    }

    /// Has both serve, and the door lead to them.
    ///
    /// # Errors
    /// [`Failure`] where one does not get ready, with its last words.
    pub async fn open(&mut self) -> Result<(), Failure> {
        for number in 0..self.dwellings.len() {
            let Some(tenant) = self.dwellings.get(number).map(|dwelling| dwelling.tenant.clone()) else {
                continue;
            };
            let mut command = product(&self.binary, &self.environment);
            command.arg("--data").arg(self.data(&tenant)).arg("serve");
            let (process, [monitor]) = begin_until(command, &self.words(&tenant), ["metrics on "]).await?;
            if let Some(dwelling) = self.dwellings.get_mut(number) {
                (dwelling.process, dwelling.monitor) = (Some(process), Some(monitor));
            }
        }
        let mut command = product(&self.binary, &self.environment);
        command.args(["door", "serve", "--metrics", "127.0.0.1:0", "--houses"]).arg(self.houses());
        for host in HOSTS {
            command.args(["--listen", &format!("{host}:0")]);
        }
        let said = HOSTS.map(|host| format!("door on {host}:"));
        let said = [said[0].as_str(), said[1].as_str()];
        let (door, targets) =
            begin_until(command, &self.scratch.path().join("words-of-the-door"), said).await?;
        self.door = Some(door);
        for (dwelling, target) in self.dwellings.iter_mut().zip(targets) {
            up(target, "/healthz").await.map_err(|what| Failure::Product(what.to_owned()))?;
            dwelling.target = Some(target);
        }
        Ok(())
    }

    fn dwelling(&self, tenant: &str) -> Result<&Dwelling, Failure> {
        let found = self.dwellings.iter().find(|dwelling| dwelling.tenant == tenant);
        found.ok_or_else(|| Failure::Product(format!("there is no house of {tenant}")))
    }

    /// Where the door answers for one.
    ///
    /// # Errors
    /// [`Failure::Product`] where it does not.
    pub fn target(&self, tenant: &str) -> Result<Target, Failure> {
        let target = self.dwelling(tenant)?.target;
        target.ok_or_else(|| Failure::Product(format!("the door does not lead to {tenant}")))
    }

    /// Where one tells its metrics, and how it is asked: by the token that lies in its house.
    ///
    /// # Errors
    /// [`Failure`] where it does not serve, or has no token.
    pub fn metrics(&self, tenant: &str) -> Result<(Target, Request), Failure> {
        let token = fs::read_to_string(self.data(tenant).join("metrics.token"));
        let token = token.map_err(Failure::machine("read a token"))?;
        let request = Request::get("/metrics").header("authorization", &format!("Bearer {}", token.trim()));
        let monitor = self.dwelling(tenant)?.monitor;
        monitor
            .map(|monitor| (monitor, request))
            .ok_or_else(|| Failure::Product(format!("{tenant} does not serve")))
    }

    /// Where what one wrote to standard error lies.
    pub fn words(&self, tenant: &str) -> PathBuf {
        self.scratch.path().join(format!("words-of-{tenant}"))
    }

    /// Asks one to end and waits until it has; its data stay.
    ///
    /// # Errors
    /// [`Failure`] where it does not end in time.
    pub async fn end(&mut self, tenant: &str) -> Result<(), Failure> {
        let found = self.dwellings.iter_mut().find(|dwelling| dwelling.tenant == tenant);
        let Some(process) = found.and_then(|dwelling| dwelling.process.as_mut()) else { return Ok(()) };
        end_by(&mut process.0, rustix::process::Signal::TERM).await.map(drop)
    }
}
