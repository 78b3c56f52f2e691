//! How the house stands: the answer to the one question of `care`, and the rule by which personal pages are stopped.
//!
//! A stop is a fact of the installation: it is written down, and every node reads it again and again. What a node knows of
//! it is never older than [`FRESH`] when something leaves; where it is, the node asks first.
//!
//! Stopped by rule: an opened document of another owner at once; documents or keys that do not open in three accounts
//! within a minute. Started again by the operator after `journal verify`, and by nothing else.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use honnin_access::Answer;
use honnin_care::{Alarm, House};
use honnin_figures::{self as figures, AlarmKind};
use honnin_journal::{Journal, State};
use honnin_terms::{AccountId, Audience, Clock, Less, Mode, Moment, Offer, RequestId, Stop, Strain};
use tokio::sync::Notify;

use crate::{LastLeft, ModeRow, PublicPath, Seen, Steady};

const ACCOUNTS: usize = 3;
const WITHIN_SECONDS: i64 = 60;
/// Accounts remembered at once; with three of them the rule has already spoken.
const MOST_REMEMBERED: usize = 64;

/// How old may be what a node knows of the others when something personal leaves, in milliseconds.
pub const FRESH: u64 = 700;
/// How often it is read, in milliseconds.
const POLL: u64 = 250;
/// After so many milliseconds without word from the store a node says so, and is not ready.
const SILENT: u64 = 5_000;

type OnStop = Box<dyn Fn(Stop) + Send + Sync>;
type OnWritten = Box<dyn Fn() + Send + Sync>;

/// What this node knows of the installation.
#[derive(Debug, Default)]
struct Known {
    /// Why personal pages are stopped here.
    stop: Option<Stop>,
    /// An alarm of this node that is not written down yet.
    owed: Option<Stop>,
    /// How many alarms this node has heard: what is written down is what was heard before the writing began.
    heard: u64,
    /// The newest writing of the row that was seen.
    revision: u64,
    /// Since when the row is known to be so.
    read_at: Option<u64>,
    /// How long reading it took, in milliseconds: how soon the store answers.
    read_took: u64,
    /// How much less a person has said is to be offered, by every node.
    forced: Option<Less>,
    /// How much less this node offers by what it measures.
    strained: Option<(Less, Strain)>,
}

impl Known {
    /// How much less is offered: the graver of what was said and what was measured.
    fn less(&self) -> Option<Mode> {
        let forced = self.forced.map(|less| (less, Strain::Forced));
        let graver = forced.into_iter().chain(self.strained).max_by_key(|(less, _)| *less)?;
        Some(graver.0.because(graver.1))
    }
}

/// What makes the stop one of all nodes.
struct Shared {
    row: ModeRow,
    steady: Arc<dyn Steady>,
    on_written: OnWritten,
    reading: tokio::sync::Mutex<()>,
    alarm: Notify,
}

/// That a checkpoint has to leave.
struct Leaves {
    left: Arc<LastLeft>,
    within_seconds: i64,
    clock: Arc<dyn Clock>,
}

impl Leaves {
    fn is_late(&self) -> bool {
        self.left.age(self.clock.now()).is_none_or(|age| age > self.within_seconds)
    }
}

/// How the house stands, on this node.
pub struct Standing {
    known: Mutex<Known>,
    shared: Option<Shared>,
    stopping: AtomicBool,
    path: Arc<PublicPath>,
    journal: Option<Arc<Journal>>,
    leaves: Option<Leaves>,
    seen: Mutex<HashMap<AccountId, Moment>>,
    on_stop: OnStop,
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing").field("mode", &self.mode()).finish_non_exhaustive()
    }
}

impl Standing {
    /// A house that stands alone. `stopped` as it was left; `on_stop` makes the stop last over a restart.
    pub fn new(
        stopped: Option<Stop>,
        path: Arc<PublicPath>,
        journal: Arc<Journal>,
        on_stop: impl Fn(Stop) + Send + Sync + 'static,
    ) -> Self {
        Self { journal: Some(journal), ..Self::without_journal(stopped, path, on_stop) }
    }

    /// The same without a journal that could be full.
    pub(crate) fn without_journal(
        stopped: Option<Stop>,
        path: Arc<PublicPath>,
        on_stop: impl Fn(Stop) + Send + Sync + 'static,
    ) -> Self {
        Self {
            known: Mutex::new(Known { stop: stopped, owed: stopped, ..Known::default() }),
            shared: None,
            stopping: AtomicBool::new(false),
            path,
            journal: None,
            leaves: None,
            seen: Mutex::new(HashMap::new()),
            on_stop: Box::new(on_stop),
        }
    }

    /// The same as one of many nodes that read and write that row. A stop that is not written down yet lasts over a
    /// restart by `on_stop`; `on_written` is told that it is no longer owed. [`Self::keep`] has to run.
    #[must_use]
    pub fn sharing(
        self,
        row: ModeRow,
        steady: Arc<dyn Steady>,
        on_written: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared {
            row,
            steady,
            on_written: Box::new(on_written),
            reading: tokio::sync::Mutex::new(()),
            alarm: Notify::new(),
        };
        Self { shared: Some(shared), ..self }
    }

    /// The same where a checkpoint of the journal has to leave at least so often, in seconds, or nothing personal is shown.
    #[must_use]
    pub fn leaving(self, left: Arc<LastLeft>, within_seconds: i64, clock: Arc<dyn Clock>) -> Self {
        Self { leaves: Some(Leaves { left, within_seconds, clock }), ..self }
    }

    /// Why personal pages wait for a person, where they do.
    pub fn stopped(&self) -> Option<Stop> {
        self.known().stop
    }

    /// From now on this node offers that much less by what it measures.
    pub fn strained(&self, less: Option<(Less, Strain)>) {
        let mut known = self.known();
        let before = std::mem::replace(&mut known.strained, less);
        drop(known);
        if before != less {
            let told = less.map_or(("none", "none"), |(less, strain)| (less.word(), strain.word()));
            tracing::warn!(
                less = told.0,
                because = told.1,
                "how much less is offered has changed, by what was measured"
            );
        }
    }

    /// How long the store took to answer, in milliseconds: the last answer, or how long it has been silent.
    pub fn store_millis(&self) -> u64 {
        let (took, read_at) = {
            let known = self.known();
            (known.read_took, known.read_at)
        };
        let silent = read_at.and_then(|at| self.age_of(Some(at))).unwrap_or(0).saturating_sub(POLL);
        took.max(silent)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what other nodes wrote, and writes down what this one has seen, until it is dropped.
    pub async fn keep(&self) {
        let Some(shared) = &self.shared else { return };
        loop {
            self.refresh(shared, 0).await;
            let mut alarm = pin!(shared.alarm.notified());
            let mut pause = shared.steady.sleep(POLL);
            // Whichever comes first.
            poll_fn(|cx| {
                let woken = alarm.as_mut().poll(cx).is_ready() || pause.as_mut().poll(cx).is_ready();
                if woken { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    }

    /// Makes what is known no older than `fresh` milliseconds, where the store answers.
    async fn refresh(&self, shared: &Shared, fresh: u64) {
        let one = shared.reading.lock().await;
        let begun = shared.steady.millis();
        let known_since = self.known().read_at;
        if fresh > 0 && known_since.is_some_and(|at| begun.saturating_sub(at) <= fresh) {
            return;
        }
        let (owed, heard) = {
            let known = self.known();
            (known.owed, known.heard)
        };
        if let Some(reason) = owed
            && let Ok(revision) = shared.row.stop(reason).await
        {
            let mut known = self.known();
            known.revision = revision;
            // What was heard meanwhile may have been heard after a person lifted what is written.
            if known.heard == heard {
                known.owed = None;
                drop(known);
                (shared.on_written)();
            }
        }
        let asked = shared.steady.millis();
        match shared.row.read().await {
            Ok(seen) => {
                self.follow(seen, begun);
                self.known().read_took = shared.steady.millis().saturating_sub(asked);
            }
            Err(error) => tracing::debug!(%error, "whether personal pages are stopped was not read"),
        }
        drop(one);
    }

    /// Draws the conclusions of what the row says.
    fn follow(&self, seen: Seen, begun: u64) {
        let mut known = self.known();
        // A row that was taken away or put back is no word of any of us.
        let Some(written) = seen.written.filter(|_| seen.revision >= known.revision) else {
            drop(known);
            return self.stop(Stop::ForeignMode);
        };
        known.revision = seen.revision;
        known.read_at = Some(begun);
        known.forced = written.forced;
        match (known.stop, written.stop) {
            (None, Some(reason)) => {
                known.stop = Some(reason);
                drop(known);
                told(reason, "personal pages are stopped: another node has seen it");
            }
            (Some(_), None) if known.owed.is_none() => {
                known.stop = None;
                drop(known);
                figures::isolated().set(0.0);
                tracing::warn!("personal pages go on: a person has lifted their stop");
            }
            (Some(_) | None, _) => {}
        }
    }

    /// How long ago the row was known to be so, in milliseconds; `None` where this node stands alone.
    fn age(&self) -> Option<u64> {
        let read_at = self.known().read_at;
        self.age_of(read_at)
    }

    fn age_of(&self, read_at: Option<u64>) -> Option<u64> {
        let shared = self.shared.as_ref()?;
        Some(read_at.map_or(u64::MAX, |at| shared.steady.millis().saturating_sub(at)))
    }

    fn judge(&self, mode: Mode, to: AccountId) -> Result<(), Mode> {
        match mode.audience() {
            Audience::Everybody => Ok(()),
            Audience::Canaries if self.path.is_canary(to) => Ok(()),
            Audience::Canaries | Audience::Nobody => Err(mode),
        }
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
        let mut known = self.known();
        let is_new = known.stop.is_none();
        let is_owed = known.owed.is_some();
        known.stop = known.stop.or(Some(reason));
        // Also where it is stopped already: lifting what was seen before does not lift this.
        if self.shared.is_some() {
            known.owed = known.owed.or(Some(reason));
            known.heard += 1;
        }
        drop(known);
        if is_new {
            told(reason, "personal pages are stopped");
        }
        if is_new || (self.shared.is_some() && !is_owed) {
            (self.on_stop)(reason);
        }
        if let Some(shared) = &self.shared {
            shared.alarm.notify_one();
        }
    }
}

fn told(reason: Stop, what: &'static str) {
    figures::isolated().set(1.0);
    figures::alarm!(AlarmKind::Isolated, reason = reason.word(), "{what}");
}

impl Standing {
    /// The mode, and how long ago the row was known to be so: one look at what is known and at the clock for both.
    fn stands(&self) -> (Mode, Option<u64>) {
        let (stop, read_at, less) = {
            let known = self.known();
            (known.stop, known.read_at, known.less())
        };
        let age = self.age_of(read_at);
        // Before its first word a node is about to have one.
        let is_silent = read_at.is_some() && age.is_some_and(|age| age > SILENT);
        (self.mode_of(stop, is_silent, less), age)
    }

    fn mode_of(&self, stop: Option<Stop>, is_silent: bool, less: Option<Mode>) -> Mode {
        if let Some(reason) = stop {
            return Mode::Isolated(reason);
        }
        match self.journal.as_ref().map(|journal| journal.state()) {
            Some(State::Failed) => return Mode::JournalFailed,
            Some(State::Full | State::Unanchored) => return Mode::JournalFull,
            Some(State::Ready) | None => {}
        }
        if self.leaves.as_ref().is_some_and(Leaves::is_late) {
            return Mode::Unwitnessed;
        }
        if is_silent {
            return Mode::Unsure;
        }
        match self.path.state().mode() {
            Mode::Open if self.stopping.load(Ordering::Acquire) => Mode::Stopping,
            Mode::Open if less.is_some() => less.unwrap_or(Mode::Open),
            Mode::Open if self.journal.as_ref().is_some_and(|journal| journal.is_clock_unsettled()) => {
                Mode::ClockApart
            }
            mode @ (Mode::Open
            | Mode::Brownout(_)
            | Mode::ReadOnly(_)
            | Mode::Isolated(_)
            | Mode::JournalFailed
            | Mode::JournalFull
            | Mode::ClockApart
            | Mode::Unwitnessed
            | Mode::Unsure
            | Mode::PathMixed
            | Mode::PathUnproven
            | Mode::Stopping) => mode,
        }
    }
}

impl House for Standing {
    fn mode(&self) -> Mode {
        self.stands().0
    }

    fn offers(&self, what: Offer) -> Result<(), Mode> {
        // The one word says the gravest; a node that stops, or whose path is not proven, offers no more for that.
        let less = self.known().less();
        let taken = [Some(self.mode()), less].into_iter().flatten().find(|mode| !mode.offers(what));
        taken.map_or(Ok(()), Err)
    }

    fn shows(&self, to: AccountId) -> Answer<'_, Result<(), Mode>> {
        let (mode, age) = self.stands();
        match &self.shared {
            Some(shared) if age.is_some_and(|age| age > FRESH) => Answer::later(async move {
                self.refresh(shared, FRESH).await;
                // Also where another one has asked for us, or the answer took its time.
                if self.age().is_some_and(|age| age > FRESH) {
                    return Err(Mode::Unsure);
                }
                self.judge(self.mode(), to)
            }),
            Some(_) | None => Answer::ready(self.judge(mode, to)),
        }
    }

    fn hears(&self, alarm: Alarm, request: RequestId) {
        let (kind, says) = match alarm {
            Alarm::DoesNotOpen { .. } => {
                (AlarmKind::DoesNotOpen, "something sealed does not open; the answer was withheld")
            }
            Alarm::ForeignOwner => {
                (AlarmKind::ForeignOwner, "an opened document names another owner; the answer was withheld")
            }
            Alarm::ForeignAnswer => {
                (AlarmKind::ForeignAnswer, "an answer was made for another request; it was withheld")
            }
        };
        figures::alarm!(kind, %request, "{says}");
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
        let path = Arc::new(PublicPath::watched(vec![account(1), account(2)]));
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
    fn what_is_heard_calls_somebody_and_so_does_the_stop_that_follows() {
        let alarms = [
            (Alarm::DoesNotOpen { account: account(1), at: Moment::EPOCH }, AlarmKind::DoesNotOpen, "0"),
            (Alarm::ForeignOwner, AlarmKind::ForeignOwner, "1"),
            (Alarm::ForeignAnswer, AlarmKind::ForeignAnswer, "1"),
        ];
        for (alarm, kind, isolated) in alarms {
            let counted = figures::counted_by(|| stand().hears(alarm, request()));
            let raised = |kind: AlarmKind| {
                counted.value(&format!("honnin_alarm_total{{kind=\"{}\"}}", kind.word())).unwrap()
            };
            assert_eq!((raised(kind).as_str(), raised(AlarmKind::Isolated).as_str()), ("1", isolated));
            assert_eq!(counted.value("honnin_isolated"), (isolated == "1").then(|| "1".to_owned()));
        }
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
    fn the_graver_of_what_is_said_and_measured_holds_and_shows_the_same() {
        let stand = stand();
        stand.strained(Some((Less::Brownout, Strain::Store)));
        assert_eq!(stand.mode(), Mode::Brownout(Strain::Store));
        assert!(stand.shows(3).is_ok() && stand.mode().is_ready());
        stand.known().forced = Some(Less::ReadOnly);
        assert_eq!(stand.mode(), Mode::ReadOnly(Strain::Forced));
        assert!(stand.shows(3).is_ok());
        stand.strained(None);
        stand.known().forced = None;
        assert_eq!(stand.mode(), Mode::Open);
        // What withholds personal pages comes first, whatever else is the case.
        stand.strained(Some((Less::ReadOnly, Strain::Room)));
        stand.hears(Alarm::ForeignOwner, request());
        assert!(matches!(stand.mode(), Mode::Isolated(_)) && stand.shows(3).is_err());
    }

    #[test]
    fn who_stops_is_sent_nothing_new_and_ends_what_was_begun() {
        let stand = stand();
        stand.stops();
        assert!(!stand.mode().is_ready() && stand.shows(3).is_ok());
    }

    #[test]
    fn what_is_taken_away_stays_so_while_a_node_stops() {
        let stand = stand();
        let offered = |what| House::offers(&*stand, what);
        stand.strained(Some((Less::ReadOnly, Strain::Room)));
        let taken = Err(Mode::ReadOnly(Strain::Room));
        stand.path.set(PathState::Unproven);
        assert_eq!(offered(Offer::Act), taken, "a path that is not proven gives nothing back");
        stand.path.set(PathState::Proven);
        stand.stops();
        assert_eq!(stand.mode(), Mode::Stopping);
        assert_eq!([Offer::SignIn, Offer::Act, Offer::Document].map(offered), [taken; 3]);
        stand.strained(Some((Less::Brownout, Strain::Queue)));
        let taken = Err(Mode::Brownout(Strain::Queue));
        assert_eq!([Offer::SignIn, Offer::Act, Offer::Document].map(offered), [Ok(()), Ok(()), taken]);
        stand.strained(None);
        assert_eq!(offered(Offer::Act), Ok(()), "what was begun is ended");
    }
}
