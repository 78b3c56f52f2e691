//! Looking at the public path again and again, and what follows from what is seen.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use honnin_canary::{Finding, Seen, Unanswered, Way, full, one_of};
use honnin_care::{PathState, PublicPath};
use honnin_terms::Moment;
use tokio::time::sleep;

use super::canaries::Canaries;
use super::rooms::SharedClock;
use crate::failure::Failure;
use crate::installation::Installation;
use crate::settings::{Canary, Settings};

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

/// Who looks, at what, how often.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) way: Way,
    pub(super) canaries: Canaries,
    pub(super) path: Arc<PublicPath>,
    pub(super) settings: Canary,
    pub(super) clock: SharedClock,
    /// A file that says what was found, for `doctor`; there while personal pages are refused.
    pub(super) marker: PathBuf,
}

/// What the rounds so far come to.
#[derive(Debug)]
struct Course {
    /// Rounds in a row that found nothing.
    passed: u32,
    /// How many are needed.
    needed: u32,
    /// When the path was last seen to keep people apart.
    last_passed: Option<Moment>,
    rounds: u64,
}

impl Probe {
    /// Looks until the runtime ends or the future is dropped.
    pub(super) async fn run(mut self) {
        self.note("not looked at yet");
        gauge(false);
        let mut course = Course { passed: 0, needed: 1, last_passed: None, rounds: 0 };
        loop {
            let seen = self.look(course.rounds).await;
            course.rounds += 1;
            self.follow(seen, &mut course);
            sleep(self.pause()).await;
        }
    }

    fn pause(&self) -> Duration {
        let Canary { every, again, .. } = &self.settings;
        if self.path.state().is_open() { every.duration() } else { again.duration() }
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
        Ok(if self.path.state().is_open() {
            one_of(&self.way, &canaries, turn).await
        } else {
            full(&self.way, &canaries).await
        })
    }

    fn follow(&self, seen: Result<Seen, String>, course: &mut Course) {
        match seen {
            Ok(Seen::Apart(answers)) => self.passed(answers, course),
            Ok(Seen::Mixed(finding)) => self.mixed(&finding, course),
            Ok(Seen::Unanswered(reason)) => self.unknown(&reason.to_string(), course),
            Err(reason) => self.unknown(&reason, course),
        }
    }

    fn passed(&self, answers: u32, course: &mut Course) {
        count("passed");
        course.passed = course.passed.saturating_add(1);
        course.last_passed = Some(self.clock.0.now());
        if self.path.state() != PathState::Proven && course.passed >= course.needed {
            self.path.set(PathState::Proven);
            gauge(true);
            fs::remove_file(&self.marker).unwrap_or_default();
            tracing::info!(answers, "the public path keeps people apart; personal pages are shown");
        }
    }

    fn mixed(&self, finding: &Finding, course: &mut Course) {
        let Finding { fault, page } = finding;
        // Nothing is done before this.
        let before = self.path.set(PathState::Mixed);
        gauge(false);
        count("mixed");
        course.passed = 0;
        course.needed = self.settings.passes;
        if before != PathState::Mixed {
            metrics::counter!("honnin_alarm_total", "kind" => "public_path").increment(1);
        }
        tracing::error!(
            alarm = "public_path",
            fault = fault.word(),
            page,
            "{}; personal pages are refused until the public path keeps people apart",
            fault.meaning()
        );
        self.note(&format!("{} ({page}: {})", fault.meaning(), fault.word()));
    }

    fn unknown(&self, reason: &str, course: &mut Course) {
        count("unanswered");
        tracing::warn!(alarm = "canaries", reason, "the canaries learned nothing of the public path");
        metrics::counter!("honnin_alarm_total", "kind" => "canaries").increment(1);
        if course.needed > 1 {
            // Found guilty before: only looks in a row that find nothing say otherwise.
            course.passed = 0;
        }
        let patience = self.settings.patience.whole_seconds();
        let is_old = |last: Moment| self.clock.0.now().seconds_since(last) >= patience;
        if self.path.state().is_open() && course.last_passed.is_none_or(is_old) {
            self.path.set(PathState::Unproven);
            gauge(false);
            course.passed = 0;
            tracing::error!(
                alarm = "public_path",
                reason,
                "nothing is known of the public path for too long; personal pages are refused"
            );
        }
        if !self.path.state().is_open() {
            self.note(&format!("the canaries learn nothing: {reason}"));
        }
    }

    fn note(&self, what: &str) {
        // What `doctor` cannot read it does not tell; the state itself is in memory.
        fs::write(&self.marker, format!("{what}\n")).unwrap_or_default();
    }
}

fn count(result: &'static str) {
    metrics::counter!("honnin_canary_rounds_total", "result" => result).increment(1);
}

fn gauge(proven: bool) {
    metrics::gauge!("honnin_public_path_proven").set(if proven { 1.0 } else { 0.0 });
}
