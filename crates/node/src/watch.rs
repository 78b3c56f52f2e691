//! What follows from what the canaries see.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use honnin_canary::{Finding, Seen};
use honnin_figures::{self as figures, AlarmKind};
use honnin_terms::{Clock, Moment};

use crate::{PathState, PublicPath};

/// How often the canaries look, and what follows from what they see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchBounds {
    /// How often they look. Default 10 s.
    pub every: Duration,
    /// How often they look while personal pages are refused. Default 1 s.
    pub again: Duration,
    /// So many seconds personal pages go on while there is no answer that says anything. Default 300.
    pub patience_seconds: i64,
    /// After something was found: looks in a row that must find nothing. Default 3.
    pub passes: u32,
}

impl Default for WatchBounds {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(10),
            again: Duration::from_secs(1),
            patience_seconds: 300,
            passes: 3,
        }
    }
}

/// Causes somebody is called for until it is well again; who does not look after so many looks after no other.
const MOST_CAUSES: usize = 16;

/// What the rounds so far come to.
pub struct Watch {
    path: Arc<PublicPath>,
    bounds: WatchBounds,
    clock: Arc<dyn Clock>,
    /// A file that says what was found, for `doctor`; there while personal pages are refused.
    marker: PathBuf,
    /// Rounds in a row that found nothing.
    passed: u32,
    /// How many are needed.
    needed: u32,
    /// When the path was last seen to keep people apart.
    last_passed: Option<Moment>,
    /// What somebody was called for since it was last well: for each cause once, and not at every round, however often
    /// they take turns.
    told: BTreeSet<String>,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Watch {
    /// A watch of that path; `marker` says what was found while personal pages are refused.
    pub const fn new(
        path: Arc<PublicPath>,
        bounds: WatchBounds,
        clock: Arc<dyn Clock>,
        marker: PathBuf,
    ) -> Self {
        Self { path, bounds, clock, marker, passed: 0, needed: 1, last_passed: None, told: BTreeSet::new() }
    }

    /// Nobody has looked yet.
    pub(crate) fn begin(&self) {
        self.note("nobody has looked yet");
        gauge(false);
    }

    /// Whether personal pages are shown.
    pub(crate) fn is_open(&self) -> bool {
        self.path.state().is_open()
    }

    /// How long until the next round.
    pub(crate) fn pause(&self) -> Duration {
        if self.is_open() { self.bounds.every } else { self.bounds.again }
    }

    /// Draws the conclusions of a round; it may not have come about at all.
    pub(crate) fn follow(&mut self, seen: Result<Seen, String>) {
        match seen {
            Ok(Seen::Apart(answers)) => self.passed(answers),
            Ok(Seen::Mixed(finding)) => self.mixed(&finding),
            Ok(Seen::Unanswered(reason)) => self.unknown(&reason.to_string()),
            Err(reason) => self.unknown(&reason),
        }
    }

    fn passed(&mut self, answers: u32) {
        count("passed");
        self.passed = self.passed.saturating_add(1);
        self.last_passed = Some(self.clock.now());
        if !self.is_open() && self.passed >= self.needed {
            self.path.set(PathState::Proven);
            gauge(true);
            fs::remove_file(&self.marker).unwrap_or_default();
            tracing::info!(answers, "the public path keeps people apart; personal pages are shown");
        }
        if self.is_open() {
            self.needed = 1;
            self.told.clear();
        }
    }

    fn mixed(&mut self, finding: &Finding) {
        let Finding { fault, page } = finding;
        // Nothing is done before this.
        self.path.set(PathState::Mixed);
        gauge(false);
        count("mixed");
        self.passed = 0;
        self.needed = self.bounds.passes;
        let what = format!("{} ({page}: {})", fault.meaning(), fault.word());
        self.note(&what);
        if self.is_news(&what) {
            figures::alarm!(
                AlarmKind::PublicPath,
                fault = fault.word(),
                page,
                "{}; personal pages are refused until the public path keeps people apart",
                fault.meaning()
            );
        }
    }

    fn unknown(&mut self, reason: &str) {
        count("unanswered");
        // A path that was found guilty is trusted again after rounds in a row that find nothing.
        self.passed = 0;
        let is_old = |last: Moment| self.clock.now().seconds_since(last) >= self.bounds.patience_seconds;
        if self.is_open() && self.last_passed.is_none_or(is_old) {
            self.path.set(PathState::Unproven);
            gauge(false);
            figures::alarm!(
                AlarmKind::PublicPath,
                reason,
                "nothing is known of the public path for too long; personal pages are refused"
            );
        }
        if !self.is_open() {
            self.note(&format!("the canaries learn nothing: {reason}"));
        }
        if self.is_news(reason) {
            figures::alarm!(AlarmKind::Canaries, reason, "the canaries learned nothing of the public path");
        }
    }

    /// Whether nobody was called for that since it was last well.
    fn is_news(&mut self, what: &str) -> bool {
        self.told.len() < MOST_CAUSES && self.told.insert(what.to_owned())
    }

    fn note(&self, what: &str) {
        // What `doctor` cannot read it does not tell; the state itself is in memory.
        fs::write(&self.marker, format!("{what}\n")).unwrap_or_default();
    }
}

fn count(result: &'static str) {
    figures::canary_rounds(result).increment(1);
}

fn gauge(proven: bool) {
    figures::set(&figures::public_path_proven(), u64::from(proven));
}

#[cfg(test)]
mod tests {
    use honnin_canary::Fault;
    use honnin_terms::Id;
    use honnin_testkit::{FixedClock, TestDir};

    use super::*;

    struct Stand {
        watch: Watch,
        path: Arc<PublicPath>,
        clock: Arc<FixedClock>,
        dir: TestDir,
    }

    impl Stand {
        fn new() -> Self {
            let (dir, clock) = (TestDir::new(), Arc::new(FixedClock::at("2026-11-20T06:00:00+09:00")));
            let path =
                Arc::new(PublicPath::watched(vec![Id::from_octets([1; 16]), Id::from_octets([2; 16])]));
            let shared = Arc::<FixedClock>::clone(&clock);
            let marker = dir.join("public-path");
            let watch = Watch::new(Arc::clone(&path), WatchBounds::default(), shared, marker);
            watch.begin();
            Self { watch, path, clock, dir }
        }

        fn passes(&mut self) -> PathState {
            self.watch.follow(Ok(Seen::Apart(4)));
            self.path.state()
        }

        fn mixes(&mut self) -> PathState {
            self.watch.follow(Ok(Seen::Mixed(Finding { fault: Fault::Foreign, page: "/lines" })));
            self.path.state()
        }

        fn is_silent(&mut self) -> PathState {
            self.watch.follow(Err("nobody answers".to_owned()));
            self.path.state()
        }

        fn noted(&self) -> Option<String> {
            fs::read_to_string(self.dir.join("public-path")).ok()
        }
    }

    #[test]
    fn one_look_opens_at_the_start_and_three_in_a_row_after_something_was_found() {
        let mut stand = Stand::new();
        assert_eq!(stand.noted().as_deref(), Some("nobody has looked yet\n"));
        assert_eq!(stand.watch.pause(), Duration::from_secs(1));
        assert_eq!(stand.is_silent(), PathState::Unproven);
        assert!(stand.noted().unwrap().contains("nobody answers"));
        assert_eq!(stand.passes(), PathState::Proven);
        assert_eq!((stand.noted(), stand.watch.pause()), (None, Duration::from_secs(10)));
        assert_eq!(stand.mixes(), PathState::Mixed);
        assert!(stand.noted().unwrap().contains("/lines: foreign"));
        assert_eq!([stand.passes(), stand.passes(), stand.mixes()], [PathState::Mixed; 3], "not in a row");
        assert_eq!([stand.passes(), stand.passes(), stand.is_silent()], [PathState::Mixed; 3], "nor this");
        assert_eq!([stand.passes(), stand.passes()], [PathState::Mixed; 2]);
        assert_eq!(stand.passes(), PathState::Proven);
    }

    #[test]
    fn silence_is_borne_as_long_as_the_settings_say_and_no_longer() {
        let mut stand = Stand::new();
        stand.passes();
        let patience = WatchBounds::default().patience_seconds;
        stand.clock.advance_seconds(patience - 1);
        assert_eq!(stand.is_silent(), PathState::Proven);
        stand.clock.advance_seconds(1);
        assert_eq!(stand.is_silent(), PathState::Unproven);
        assert_eq!(stand.passes(), PathState::Proven, "silence is no guilt: one look is enough");
        stand.clock.advance_seconds(patience - 1);
        assert_eq!(stand.is_silent(), PathState::Proven, "counted from the last answer");
    }

    #[test]
    fn somebody_is_called_once_for_each_cause_until_it_is_well() {
        let mut stand = Stand::new();
        let series = |stand: &mut Stand, work: &dyn Fn(&mut Stand)| {
            let counted = figures::counted_by(|| work(stand));
            ["canaries", "public_path"]
                .map(|kind| counted.value(&format!("honnin_alarm_total{{kind=\"{kind}\"}}")).unwrap())
        };
        let silent = |stand: &mut Stand| {
            for round in 0..21 {
                let reason = if round % 2 == 0 { "nobody answers" } else { "the connection was refused" };
                stand.watch.follow(Err(reason.to_owned()));
            }
        };
        assert_eq!(series(&mut stand, &silent), ["2", "0"], "two causes that take turns");
        let mixed = |stand: &mut Stand| (0..21).for_each(|_| assert_eq!(stand.mixes(), PathState::Mixed));
        assert_eq!(series(&mut stand, &mixed), ["0", "1"]);
        assert_eq!([stand.passes(), stand.passes(), stand.passes()][2], PathState::Proven);
        assert_eq!(series(&mut stand, &silent), ["2", "0"], "it was well in between");
    }

    #[test]
    fn a_path_that_is_not_known_for_too_long_calls_somebody() {
        let mut stand = Stand::new();
        stand.passes();
        stand.clock.advance_seconds(WatchBounds::default().patience_seconds);
        let counted = figures::counted_by(|| assert_eq!(stand.is_silent(), PathState::Unproven));
        assert_eq!(counted.value("honnin_alarm_total{kind=\"public_path\"}").as_deref(), Some("1"));
    }
}
