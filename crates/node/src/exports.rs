//! Workers that make exports. Every node has some; whichever claims one first makes it, wherever it was asked for.

use std::sync::Arc;
use std::time::Duration;

use honnin_care::Care;
use honnin_terms::{Entropy, Stream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How often they look for what another node has left. What this node was asked for wakes them.
const LOOK: Duration = Duration::from_secs(5);

/// The workers of one node, before they begin.
#[derive(Clone)]
pub struct ExportWorkers {
    /// What makes exports.
    pub care: Arc<Care>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Told of each that was asked for here.
    pub wake: Arc<Notify>,
    /// Exports made at the same time.
    pub at_once: usize,
}

/// What wakes them, and the way to ring it.
pub fn bell() -> (Arc<Notify>, Arc<dyn Fn() + Send + Sync>) {
    let wake = Arc::new(Notify::new());
    let woken = Arc::clone(&wake);
    (wake, Arc::new(move || woken.notify_one()))
}

impl std::fmt::Debug for ExportWorkers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExportWorkers").field("at_once", &self.at_once).finish_non_exhaustive()
    }
}

impl ExportWorkers {
    /// Makes exports until it is dropped. What is being made then is made by another worker, once its claim has lapsed.
    pub async fn run(self) {
        let mut workers = JoinSet::new();
        for _ in 0..self.at_once.max(1) {
            workers.spawn(self.clone().work());
        }
        while workers.join_next().await.is_some() {
            // None ends by itself.
            tracing::error!("a worker that makes exports broke off; another takes its place");
            workers.spawn(self.clone().work());
        }
    }

    async fn work(self) {
        loop {
            match self.care.claim_export(Stream::begin(&self.entropy)).await {
                Ok(Some(work)) => self.care.make_export(work).await,
                Ok(None) => drop(timeout(LOOK, self.wake.notified()).await),
                Err(error) => {
                    tracing::warn!(%error, "exports that wait were not looked for");
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
    }
}
