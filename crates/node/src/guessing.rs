//! Each second every node tells the others in a row of its own who guesses at it, and hears of them who guesses there. A
//! sign-in asks nobody: it goes by what was heard last. So is told what hashes there are cost, which every wrong guess does.
//!
//! Whoever can write the store can have a guesser forgotten, as on a node that is started again, or hold somebody who
//! knows her password for as long as a guesser; no count in it opens anything.

use std::fmt;
use std::sync::Arc;

use honnin_access::{
    ControlName, ControlRows, Keep, NewControl, NodeAuthority, Permit, SharedTries, SharedWorks,
};
use honnin_store::Error;
use honnin_terms::{Clock, Entropy, Id, LogId, Moment};

use crate::{Steady, request};

const KIND: &str = "tries";
/// How often, in milliseconds.
const EVERY: u64 = 1_000;
/// Nodes that are heard.
const MOST: usize = 100;
/// So long a row is believed that its node does not write again, in seconds. What is in it is forgotten sooner.
const BELIEVED: i64 = 3_600;

/// What tells and hears, on one node.
pub struct Guessing {
    /// What this node knows of guessing.
    pub tries: SharedTries,
    /// What hashes cost in the house.
    pub works: SharedWorks,
    /// Where the rows stand.
    pub rows: Arc<dyn ControlRows>,
    /// Permits for them.
    pub authority: Arc<NodeAuthority>,
    /// The time of day, as all nodes tell it.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// A clock that only goes on.
    pub steady: Arc<dyn Steady>,
    /// The log of this node: no two have one.
    pub log: LogId,
}

impl fmt::Debug for Guessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guessing(..)")
    }
}

impl Guessing {
    /// Works until it is dropped.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "guesses are counted by what this node knows");
            }
            self.steady.sleep(EVERY).await;
        }
    }

    /// Hears what the others say, and says what this node has to say.
    ///
    /// # Errors
    /// [`Error`] where the store does not answer: what was heard before counts until its time is over.
    pub async fn look(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let permit = self.authority.keep(now, request(&*self.entropy));
        // One is heard whatever becomes of the other.
        let works = self.works.look(&*self.rows, &permit).await;
        self.share(now, &permit).await?;
        works
    }

    async fn share(&self, now: Moment, permit: &Permit<Keep>) -> Result<(), Error> {
        let name = ControlName::of(KIND, self.log.octets());
        let rows = self.rows.controls(permit, &format!("{KIND}/"), None, MOST).await?;
        let others = rows.iter().filter(|(other, _)| *other != name);
        self.tries.hear(now, others.map(|(_, row)| (row.at, row.value.as_slice())));
        let own = rows.iter().find(|(other, _)| *other == name).map(|(_, row)| row);
        let told = self.tries.told(now);
        let is_said = own.map(|row| row.value.as_slice()) == told.as_deref();
        let is_young = own.is_none_or(|row| now.seconds_since(row.at).abs() < BELIEVED / 2);
        if is_said && is_young {
            return Ok(());
        }
        let new = told.map(|value| NewControl { value, until: Some(now.plus_seconds(BELIEVED)) });
        // Nobody else writes this row: where it was changed it is written a second later.
        self.rows.swap_control(permit, &name, own.map_or(0, |row| row.revision), new).await?;
        Ok(())
    }
}
