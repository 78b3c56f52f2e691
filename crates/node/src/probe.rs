//! Looking at the public path again and again.

use honnin_canary::{Seen, Unanswered, Way, full, one_of};
use tokio::time::{Instant, sleep_until};

use crate::canaries::Canaries;
use crate::watch::Watch;

/// Who looks, at what, and who draws conclusions.
#[derive(Debug)]
pub struct Probe {
    /// The way they take.
    pub way: Way,
    /// Who looks.
    pub canaries: Canaries,
    /// Who draws conclusions.
    pub watch: Watch,
}

impl Probe {
    /// Looks until the runtime ends or the future is dropped.
    pub async fn run(mut self) {
        self.watch.begin();
        for turn in 0.. {
            let begun = Instant::now();
            let seen = self.look(turn).await;
            self.watch.follow(seen);
            // Counted from its beginning: a slow round does not make the next one later.
            sleep_until(begun + self.watch.pause()).await;
        }
    }

    /// One round. While nobody is shown anything every page is asked for, so that a path comes back as a whole.
    async fn look(&mut self, turn: u64) -> Result<Seen, String> {
        let seen = self.ask(turn).await?;
        if !matches!(seen, Seen::Unanswered(Unanswered::SignedOut)) {
            return Ok(seen);
        }
        // Sessions end. One that was given just now and is not taken is an answer that does not come.
        self.canaries.sign_out();
        self.ask(turn).await
    }

    async fn ask(&mut self, turn: u64) -> Result<Seen, String> {
        let canaries = self.canaries.ready().await.map_err(|reason| told(&reason))?;
        Ok(if self.watch.is_open() {
            one_of(&self.way, &canaries, turn).await
        } else {
            full(&self.way, &canaries).await
        })
    }
}

/// The reason and what it came from, outermost first.
fn told(reason: &dyn std::error::Error) -> String {
    let mut text = reason.to_string();
    let mut cause = reason.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
