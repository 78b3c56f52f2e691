//! How the house stands: the answer to the one question of `care`, and the rule by which personal pages are stopped.
//!
//! Stopped by rule: an opened document of another owner at once; documents or keys that do not open in three accounts
//! within a minute. Started again by the operator after `journal verify`, and by nothing else.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use honnin_access::Answer;
use honnin_care::{Alarm, House};
use honnin_journal::{Journal, State};
use honnin_terms::{AccountId, Audience, Mode, Moment, RequestId, Stop};

use crate::PublicPath;

const ACCOUNTS: usize = 3;
const WITHIN_SECONDS: i64 = 60;
/// Accounts remembered at once; with three of them the rule has already spoken.
const MOST_REMEMBERED: usize = 64;

type OnStop = Box<dyn Fn(Stop) + Send + Sync>;

/// How the house stands, on this node.
pub struct Standing {
    stopped: Mutex<Option<Stop>>,
    stopping: AtomicBool,
    path: Arc<PublicPath>,
    journal: Arc<Journal>,
    seen: Mutex<HashMap<AccountId, Moment>>,
    on_stop: OnStop,
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing").field("mode", &self.mode()).finish_non_exhaustive()
    }
}

impl Standing {
    /// `stopped` as it was left; `on_stop` makes the stop last over a restart.
    pub fn new(
        stopped: Option<Stop>,
        path: Arc<PublicPath>,
        journal: Arc<Journal>,
        on_stop: impl Fn(Stop) + Send + Sync + 'static,
    ) -> Self {
        Self {
            stopped: Mutex::new(stopped),
            stopping: AtomicBool::new(false),
            path,
            journal,
            seen: Mutex::new(HashMap::new()),
            on_stop: Box::new(on_stop),
        }
    }

    /// Why personal pages wait for a person, where they do.
    pub fn stopped(&self) -> Option<Stop> {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something of this account did not open.
    fn does_not_open(&self, account: AccountId, now: Moment) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, at| now.seconds_since(*at) < WITHIN_SECONDS);
        if seen.len() < MOST_REMEMBERED {
            seen.insert(account, now);
        }
        if seen.len() >= ACCOUNTS {
            self.stop(Stop::ManyDoNotOpen);
        }
    }

    fn stop(&self, reason: Stop) {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if stopped.is_none() {
            *stopped = Some(reason);
            metrics::gauge!("honnin_isolated").set(1.0);
            tracing::error!(alarm = "isolated", reason = reason.word(), "personal pages are stopped");
            (self.on_stop)(reason);
        }
    }
}

impl House for Standing {
    fn mode(&self) -> Mode {
        if let Some(reason) = self.stopped() {
            return Mode::Isolated(reason);
        }
        match self.journal.state() {
            State::Failed => return Mode::JournalFailed,
            State::Full | State::Unanchored => return Mode::JournalFull,
            State::Ready => {}
        }
        let mode = self.path.state().mode();
        let stopping = mode == Mode::Open && self.stopping.load(Ordering::Acquire);
        if stopping { Mode::Stopping } else { mode }
    }

    fn shows(&self, to: AccountId) -> Answer<'_, Result<(), Mode>> {
        let mode = self.mode();
        Answer::ready(match mode.audience() {
            Audience::Everybody => Ok(()),
            Audience::Canaries if self.path.is_canary(to) => Ok(()),
            Audience::Canaries | Audience::Nobody => Err(mode),
        })
    }

    fn hears(&self, alarm: Alarm, request: RequestId) {
        let (kind, says) = match alarm {
            Alarm::DoesNotOpen { .. } => {
                ("does_not_open", "something sealed does not open; the answer was withheld")
            }
            Alarm::ForeignOwner => {
                ("foreign_owner", "an opened document names another owner; the answer was withheld")
            }
            Alarm::ForeignAnswer => {
                ("foreign_answer", "an answer was made for another request; it was withheld")
            }
        };
        metrics::counter!("honnin_alarm_total", "kind" => kind).increment(1);
        tracing::error!(alarm = kind, %request, "{says}");
        match alarm {
            Alarm::DoesNotOpen { account, at } => self.does_not_open(account, at),
            Alarm::ForeignOwner => self.stop(Stop::ForeignOwner),
            Alarm::ForeignAnswer => self.stop(Stop::ForeignAnswer),
        }
    }

    fn stops(&self) {
        self.stopping.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use honnin_journal::{Bounds, FileAnchor, LogKeys, Opening};
    use honnin_seal::{MacKey, Secret, SigningKey};
    use honnin_terms::{Id, LogId};
    use honnin_testkit::TestDir;

    use crate::PathState;

    fn request() -> RequestId {
        RequestId::from_octets([9; 16])
    }

    fn account(number: u8) -> AccountId {
        AccountId::from_octets([number; 16])
    }

    /// A house with a journal of its own, watched by two canaries, and whom it told that it stopped.
    struct Stand {
        standing: Standing,
        path: Arc<PublicPath>,
        told: Arc<Mutex<Vec<Stop>>>,
        _dir: TestDir,
    }

    impl std::ops::Deref for Stand {
        type Target = Standing;
        fn deref(&self) -> &Standing {
            &self.standing
        }
    }

    fn stand() -> Stand {
        let dir = TestDir::new();
        let signing = SigningKey::of_seed(&Secret::from_octets([7; 32])).unwrap();
        let bounds = Bounds { segment_octets: 1 << 16, ..Bounds::default() };
        let journal = Journal::open(Opening {
            root: dir.join("journal"),
            log: LogId::from_octets([7; 16]),
            origin: "test/journal".to_owned(),
            keys: LogKeys { signing, chain: MacKey::of_secret(&Secret::from_octets([7; 32])) },
            bounds,
            anchor: Arc::new(FileAnchor(dir.join("anchors"))),
            steady: None,
            as_it_is: false,
        });
        let journal = journal.unwrap();
        let path = Arc::new(PublicPath::watched([account(1), account(2)]));
        path.set(PathState::Proven);
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let standing = Standing::new(None, Arc::clone(&path), Arc::new(journal), move |reason| {
            tell.lock().unwrap().push(reason);
        });
        Stand { standing, path, told, _dir: dir }
    }

    impl Stand {
        fn does_not_open(&self, account: AccountId, seconds: i64) {
            let at = Moment::EPOCH.plus_seconds(seconds);
            self.hears(Alarm::DoesNotOpen { account, at }, request());
        }

        fn is_stopped(&self) -> bool {
            self.stopped().is_some()
        }

        fn shows(&self, number: u8) -> Result<(), Mode> {
            let Answer::Ready(Some(said)) = self.standing.shows(account(number)) else {
                panic!("the answer is not there at once")
            };
            said
        }
    }

    #[test]
    fn one_account_whose_blob_does_not_open_stops_nobody_else() {
        let stand = stand();
        (0..100).for_each(|_| stand.does_not_open(account(1), 0));
        assert!(!stand.is_stopped());
    }

    #[test]
    fn three_accounts_within_a_minute_stop_personal_pages_once() {
        let stand = stand();
        stand.does_not_open(account(1), 0);
        stand.does_not_open(account(2), 61);
        stand.does_not_open(account(3), 62);
        assert!(!stand.is_stopped(), "the first is more than a minute old");
        stand.does_not_open(account(4), 63);
        stand.does_not_open(account(5), 64);
        assert!(stand.is_stopped());
        assert_eq!(*stand.told.lock().unwrap(), [Stop::ManyDoNotOpen]);
    }

    #[test]
    fn an_account_counts_for_a_minute_and_not_a_second_longer() {
        for (seconds, stops) in [(59, true), (60, false)] {
            let stand = stand();
            stand.does_not_open(account(1), 0);
            stand.does_not_open(account(2), 0);
            stand.does_not_open(account(3), seconds);
            assert_eq!(stand.is_stopped(), stops, "after {seconds} seconds");
        }
    }

    #[test]
    fn what_is_remembered_of_accounts_has_a_bound() {
        let stand = stand();
        (0..100).for_each(|number| stand.does_not_open(account(number), 0));
        assert_eq!(stand.seen.lock().unwrap().len(), MOST_REMEMBERED);
    }

    #[test]
    fn a_foreign_owner_stops_personal_pages_at_once() {
        let stand = stand();
        stand.hears(Alarm::ForeignOwner, request());
        assert_eq!(stand.mode(), Mode::Isolated(Stop::ForeignOwner));
        assert_eq!(stand.shows(1), Err(Mode::Isolated(Stop::ForeignOwner)), "a canary neither");
    }

    #[test]
    fn a_path_that_is_watched_is_open_to_the_canaries_alone_until_it_is_proven() {
        let stand = stand();
        for (state, mode) in [
            (PathState::Unproven, Mode::PathUnproven),
            (PathState::Proven, Mode::Open),
            (PathState::Mixed, Mode::PathMixed),
        ] {
            stand.path.set(state);
            assert_eq!(stand.mode(), mode);
            assert_eq!(stand.shows(3).is_ok(), mode == Mode::Open, "{state:?}");
            assert!(stand.shows(1).is_ok() && stand.shows(2).is_ok(), "{state:?}");
        }
    }

    #[test]
    fn who_stops_is_sent_nothing_new_and_ends_what_was_begun() {
        let stand = stand();
        stand.stops();
        assert!(!stand.mode().is_ready() && stand.shows(3).is_ok());
    }
}
