//! A house of two processes: both on one database, and a balancer before them that people ask.

use super::{Beside, Database, Failure, House};
use crate::client::Target;
use crate::harness::{Balancer, Server};

/// Settings of who serves behind the balancer, in `[listen]`: many people share its address, as behind a translation. They would
/// share few places a second otherwise, as one source does, and so moments of coming that are not theirs.
pub(super) const BEHIND: &str = "shared_prefixes = [\"127.0.0.1/32\"]\n";

/// What a house of two processes has beside the first of them.
#[derive(Debug)]
pub(super) struct Several {
    database: Database,
    /// The server of that database, where the drill has no hand in it.
    _server: Option<Server>,
    second: Option<(Beside, Balancer)>,
}

impl Several {
    /// Settings of who serves on it: those that are asked for, and where the store is.
    pub(super) fn settings(&self, asked: &str) -> String {
        // A drill that says how many connections one address may have has said so.
        let has_said = asked.contains("[server]");
        let store = if has_said { self.database.store() } else { self.database.settings() };
        format!("{asked}{store}")
    }

    /// Where the second process tells its metrics, where one serves.
    pub(super) fn monitor(&self) -> Option<Target> {
        self.second.as_ref().map(|(second, _)| second.monitor())
    }

    /// Asks the second process to end, where one serves.
    pub(super) async fn end(&mut self) -> Result<(), Failure> {
        match self.second.take() {
            Some((mut second, _)) => second.end().await,
            None => Ok(()),
        }
    }

    /// Ends the second process as a power cut does.
    pub(super) fn kill(&mut self) {
        self.second = None;
    }
}

impl House {
    /// From the next time it serves on it is two processes on that database.
    #[must_use]
    pub fn of_two(self, database: Database, server: Option<Server>) -> Self {
        Self { several: Some(Several { database, _server: server, second: None }), ..self }
    }

    /// Starts the second process, and the balancer before both.
    pub(super) async fn join(&mut self, settings: &str) -> Result<(), Failure> {
        if self.several.is_none() {
            return Ok(());
        }
        let second = self.beside("2", settings).await?;
        let balancer = Balancer::before(&[self.target, second.target()]).await?;
        self.target = balancer.target()?;
        if let Some(several) = &mut self.several {
            several.second = Some((second, balancer));
        }
        Ok(())
    }
}
