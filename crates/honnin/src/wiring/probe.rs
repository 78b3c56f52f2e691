//! Looking at the public path again and again.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use honnin_canary::{Seen, Unanswered, Way, full, one_of};
use tokio::time::{Instant, sleep_until};

use super::canaries::Canaries;
use super::watch::Watch;
use crate::failure::Failure;
use crate::installation::Installation;
use crate::settings::Settings;

/// The way to the public address, where subscribers are told one.
///
/// # Errors
/// [`Failure`]: which setting or file, and why.
pub(super) fn way(installation: &Installation) -> Result<Option<Way>, Failure> {
    let Settings { tenant, canary, .. } = &installation.settings;
    if tenant.public_url.is_empty() {
        return Ok(None);
    }
    let authorities = canary.authorities.path().unwrap_or(Path::new(""));
    let file = installation.base().join(authorities);
    let roots = fs::read(&file).map_err(|reason| {
        Failure::from(reason).during(&format!("read {} (canary.authorities)", file.display()))
    })?;
    let address: Option<SocketAddr> = canary.connect_to.parse().ok();
    let way = Way::new(&tenant.public_url, address, &roots, canary.answer.duration());
    way.map(Some).map_err(|reason| Failure::settings(&reason).during("use [canary] of the settings"))
}

/// Who looks, at what, and who draws conclusions.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) way: Way,
    pub(super) canaries: Canaries,
    pub(super) watch: Watch,
}

impl Probe {
    /// Looks until the runtime ends or the future is dropped.
    pub(super) async fn run(mut self) {
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
        let canaries = self.canaries.ready().await.map_err(|reason| Failure::from(reason).to_string())?;
        Ok(if self.watch.is_open() {
            one_of(&self.way, &canaries, turn).await
        } else {
            full(&self.way, &canaries).await
        })
    }
}
