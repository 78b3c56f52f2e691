//! What is done by itself, again and again: figures, sweeping, pruning, new epochs of the journal.
//!
//! On a thread of its own, because it waits for disks.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use honnin_access::{NodeAuthority, Operate, OperatorAuthority, Permit};
use honnin_care::Care;
use honnin_figures::{self as figures, AlarmKind};
use honnin_journal::{Act, Details, Journal, Kind, Party, State};
use honnin_keeper::Keeper;
use honnin_store::{Figures, OTHERS_ROWS, Store};
use honnin_terms::{Clock, Entropy, Mode, Moment};
use tokio::runtime::Handle;

use crate::duty::{Duties, Duty};
use crate::epochs::destroy;
use crate::nodes::here;
use crate::rollout::stay;
use crate::{Epochs, Fault, Owed, PublicPath, accounts, follow_clock, heads, journal_merges, kept, request};
use crate::{Runs, leave};

/// How often figures are taken.
const FIGURES: Duration = Duration::from_secs(5);
/// A day more than an epoch may last before its keys are destroyed: it ends at the first look after its time.
const GRACE_SECONDS: i64 = 86_400;

/// How often, and how long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpkeepBounds {
    /// Sweeping, pruning and epochs are looked at so often, in seconds.
    pub every_seconds: i64,
    /// Sessions that were not used for so many seconds end.
    pub idle_seconds: i64,
    /// Keys of feeds and records that were seen are forgotten after so many seconds.
    pub remember_seconds: i64,
    /// An epoch of the journal lasts so many seconds.
    pub epoch_seconds: i64,
    /// Entries of the journal are kept so many seconds.
    pub retention_seconds: i64,
}

/// What upkeep works on.
pub struct Upkeep {
    /// How often, and how long.
    pub bounds: UpkeepBounds,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The keys.
    pub keeper: Arc<Keeper>,
    /// The engine.
    pub store: Arc<dyn Store>,
    /// The journal.
    pub journal: Arc<Journal>,
    /// What has keys to renew.
    pub care: Arc<Care>,
    /// Permits.
    pub operator: Arc<OperatorAuthority>,
    /// Permits for what nodes agree by.
    pub node: NodeAuthority,
    /// The name of this node.
    pub name: String,
    /// What it runs.
    pub runs: Runs,
    /// Whose canaries are let in.
    pub path: Arc<PublicPath>,
}

impl fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upkeep(..)")
    }
}

/// Upkeep at work.
#[derive(Debug)]
pub struct Running {
    stop: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Running {
    /// Ends it and waits for what it is doing.
    pub fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("upkeep ended before its time");
        }
    }
}

impl Upkeep {
    /// Begins. With its own figures it takes those that only the binary knows, every few seconds.
    ///
    /// # Errors
    /// The system's reason where a thread cannot be started.
    pub fn start(self, figures: impl Fn() + Send + 'static) -> std::io::Result<Running> {
        let (stop, stopped) = sync_channel(0);
        let handle = Handle::current();
        let thread = thread::Builder::new()
            .name("upkeep".to_owned())
            .spawn(move || self.run(&figures, &handle, &stopped))?;
        Ok(Running { stop, thread })
    }

    fn run(&self, figures: &dyn Fn(), handle: &Handle, stopped: &Receiver<()>) {
        let every = self.bounds.every_seconds;
        let mut due = self.clock.now();
        let (mut told_mode, mut sets, mut foreign, mut has_stopped) = (Mode::Open, None, None, false);
        loop {
            figures();
            self.figures(handle);
            // One moment for the whole round: what is swept and pruned was judged by it.
            let now = self.clock.now();
            told("clock", self.clock(now, &mut sets, handle));
            has_stopped = journal_stopped(self.journal.state(), has_stopped);
            told("mode", self.mode(&mut told_mode));
            told("nodes", handle.block_on(self.nodes(now)));
            // By a clock that jumped everything would have had its time. It waits until a person has looked.
            let settled = !self.journal.is_clock_unsettled();
            self.others_rows(now, &mut foreign, handle);
            told("epochs", handle.block_on(self.epochs(now, settled)));
            told("logs", handle.block_on(self.logs(now)));
            told("merges", self.merges(now, handle));
            if (now >= due || due.seconds_since(now) > every) && settled {
                due = now.plus_seconds(every);
                self.tidy(now, handle);
            }
            match stopped.recv_timeout(FIGURES) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        told("nodes", handle.block_on(self.leaves()));
    }

    /// What comes after this node is not compared with it.
    async fn leaves(&self) -> Result<(), Fault> {
        let permit = self.node.keep(self.clock.now(), request(&*self.entropy));
        Ok(leave(&*self.store, &permit, &self.keeper, self.journal.log()).await?)
    }

    /// States as figures. None of them names anybody.
    fn figures(&self, handle: &Handle) {
        let Figures { waiting_writes, cache } = self.store.figures();
        let set = figures::set;
        set(&figures::queue_depth(), waiting_writes);
        set(&figures::cache_bytes(), cache.octets);
        set(&figures::cache_entries(), cache.entries);
        figures::cache_misses().absolute(cache.misses);
        set(&figures::journal_entries(), self.journal.size());
        set(&figures::unanchored_entries(), self.journal.unanchored());
        figures::set_millis(&figures::unanchored(), self.journal.unanchored_millis());
        figures::set_millis(&figures::unanchored_longest(), self.journal.longest_unanchored_millis());
        set(&figures::journal_ready(), u64::from(self.journal.state() == State::Ready));
        let mode = self.care.house().mode();
        set(&figures::isolated(), u64::from(matches!(mode, Mode::Isolated(_))));
        set(&figures::ready(), u64::from(mode.is_ready()));
        set(&figures::clock_apart(), u64::from(self.journal.is_clock_unsettled()));
        let permit = self.operator.operate(self.clock.now(), request(&*self.entropy));
        // A store that does not answer says so by itself; the figure stays as it was.
        if let Ok(Some(at)) = handle.block_on(taken_in(&*self.store, &permit)) {
            set(&figures::ledger_taken_in(), at.millis().unsigned_abs() / 1_000);
        }
    }

    /// A clock that jumped is written down though nobody asks for anything, and so is the word of who looked at it.
    fn clock(&self, now: Moment, seen: &mut Option<u64>, handle: &Handle) -> Result<(), Fault> {
        let epochs = self.care.gate().recorder().epochs();
        let Some(keys) = epochs.last() else { return Ok(()) };
        // What was found in the round before is durable by now, and is seen by who looks for it.
        let Some(sets) = look_at_clock(&self.journal, now, keys.epoch, seen) else { return Ok(()) };
        let permit = self.node.keep(now, request(&*self.entropy));
        let rows = (&*self.store, &permit);
        let word = follow_clock(&self.journal, &self.keeper, rows, (keys, sets), (now, &*self.entropy));
        handle.block_on(word).map(drop)
    }

    /// Writes down that the house stands otherwise than before. A stop is obeyed at once and written down after it.
    fn mode(&self, told: &mut Mode) -> Result<(), Fault> {
        let mode = self.care.house().mode();
        let writable = self.journal.state() == State::Ready;
        if mode == *told || !writable {
            return Ok(());
        }
        let (kind, note) = if let Mode::Isolated(stop) = mode {
            (Kind::Isolated, stop.word())
        } else {
            (Kind::ModeChanged, mode.word())
        };
        let details = Details { note: note.to_owned(), ..Details::default() };
        let act = Act::new(kind, self.clock.now(), Party::Nobody, Party::Nobody, &details);
        pollster::block_on(self.care.gate().recorder().write(&act, &*self.entropy))?;
        *told = mode;
        Ok(())
    }

    /// Calls somebody where an extract had rows of another operator. A store that does not answer says so by itself.
    fn others_rows(&self, now: Moment, heard: &mut Option<Moment>, handle: &Handle) {
        let permit = self.operator.operate(now, request(&*self.entropy));
        if let Ok(Some(at)) = handle.block_on(others_rows(&*self.store, &permit)) {
            hear_of_others_rows(now, at, heard);
        }
    }

    /// Each part on its own: one that fails is tried again next time and holds up no other.
    fn tidy(&self, now: Moment, handle: &Handle) {
        told("sweep", self.sweep(now, handle));
        told("prune", handle.block_on(self.prune(now)));
    }

    /// Says that this node is there, and lets the canaries of all that are in.
    async fn nodes(&self, now: Moment) -> Result<(), Fault> {
        let permit = self.node.keep(now, request(&*self.entropy));
        let own = (self.name.as_str(), self.journal.log());
        let known = here(&*self.store, &permit, own).await?;
        let others = known.iter().map(|node| node.name.as_str()).filter(|name| *name != self.name);
        let names = others.chain([self.name.as_str()]);
        self.path.look(names.flat_map(|name| accounts(&self.keeper, name)).collect());
        Ok(stay(&*self.store, &permit, &self.keeper, own, &self.runs).await?)
    }

    /// Takes in the logs of all other nodes, after the epochs they may have been written under.
    async fn logs(&self, now: Moment) -> Result<(), Fault> {
        let permit = self.node.keep(now, request(&*self.entropy));
        let heads = heads(&*self.store, &permit).await?;
        let recorder = self.care.gate().recorder();
        Ok(recorder.logs().follow(&heads, recorder.newest_epoch())?)
    }

    fn duties(&self) -> Duties<'_> {
        let Self { store, node, clock, entropy, .. } = self;
        Duties { rows: &**store, authority: node, clock: &**clock, entropy: &**entropy }
    }

    /// Merges of accounts that a command made beside us: written by one node.
    fn merges(&self, now: Moment, handle: &Handle) -> Result<(), Fault> {
        let permit = self.operator.operate(now, request(&*self.entropy));
        let Self { keeper, store, node, clock, entropy, .. } = self;
        let logs = self.care.gate().recorder().logs();
        let owed = Owed { logs, keeper, store: &**store, node, clock: &**clock, entropy: &**entropy };
        let written = handle.block_on(journal_merges(owed, &permit))?;
        if written > 0 {
            tracing::info!(entries = written, "wrote merges of accounts into the journal");
        }
        Ok(())
    }

    /// Done by one node for all.
    fn sweep(&self, now: Moment, handle: &Handle) -> Result<(), Fault> {
        let permit = self.operator.operate(now, request(&*self.entropy));
        let idle = now.plus_seconds(-self.bounds.idle_seconds);
        let forget = now.plus_seconds(-self.bounds.remember_seconds);
        handle.block_on(async {
            let Some(on) = self.duties().claim(Duty::SWEEP).await? else { return Ok(()) };
            let gone = self.store.sweep(&permit, idle, forget).await?;
            tracing::debug!(gone, "swept the store");
            // A little before the next look, so that no node comes just too early.
            let again = self.bounds.every_seconds.saturating_mul(9) / 10;
            Ok(self.duties().done(Duty::SWEEP, on, again).await?)
        })
    }

    /// Follows what another node has begun, and begins a new one where it is time and nobody has.
    async fn epochs(&self, now: Moment, may_begin: bool) -> Result<(), Fault> {
        let permit = self.node.keep(now, request(&*self.entropy));
        let longest = if may_begin { self.bounds.epoch_seconds } else { i64::MAX };
        let recorder = self.care.gate().recorder();
        let known = recorder.newest_epoch();
        let epochs = Epochs::at(&*self.store, &permit, &self.keeper, known, longest).await?;
        if epochs.present() != known {
            epochs.mark(&self.journal, now)?;
            self.care.gate().set_epochs(epochs.keys);
        }
        Ok(())
    }

    async fn prune(&self, now: Moment) -> Result<(), Fault> {
        let kept_from = now.plus_seconds(-self.bounds.retention_seconds);
        self.journal.prune(kept_from)?;
        let longest = self.bounds.epoch_seconds.saturating_add(GRACE_SECONDS);
        let permit = self.node.keep(now, request(&*self.entropy));
        destroy(&*self.store, &permit, &self.keeper, kept_from.plus_seconds(-longest)).await?;
        // Also what another node has destroyed is forgotten here.
        self.care.gate().set_epochs(kept(&*self.store, &permit, &self.keeper).await?);
        Ok(())
    }
}

/// Whether the journal takes no entry. It cannot write that down itself: somebody is called, once each time it stops.
fn journal_stopped(state: State, before: bool) -> bool {
    let has_stopped = state != State::Ready;
    if has_stopped && !before {
        figures::alarm!(
            AlarmKind::Journal,
            ?state,
            "the journal takes no entry, and nothing personal is shown until it does; look at the data volume"
        );
    }
    has_stopped
}

/// Calls somebody, once each time the clock was found to be set: by this look, by an entry that a request wrote before it, or
/// by the first entry of a start; and once where it is so since before the start. `seen` is how often it was found at the last
/// look.
fn look_at_clock(journal: &Journal, now: Moment, epoch: u32, seen: &mut Option<u64>) -> Option<u64> {
    journal.look_at_clock(now, epoch);
    let sets = journal.clock_sets();
    if sets > seen.unwrap_or(0) || (seen.is_none() && journal.is_clock_unsettled()) {
        figures::alarm!(
            AlarmKind::Clock,
            "the clock stands elsewhere than the time that went by would have it; look at it, then `honnin clock accept`"
        );
    }
    (seen.replace(sets) == Some(sets)).then_some(sets)
}

/// How long after it an extract with rows of another operator still calls somebody at a start. Unit: seconds.
const NEWS: i64 = 86_400;

/// Calls somebody once for each extract with rows of another operator, also for one that came while nobody served.
fn hear_of_others_rows(now: Moment, at: Moment, heard: &mut Option<Moment>) {
    if heard.replace(at) != Some(at) && now.seconds_since(at) < NEWS {
        figures::alarm!(
            AlarmKind::OthersRows,
            "an extract has rows of another operator's subscribers; they were set aside; see `honnin quarantine list`"
        );
    }
}

/// When an extract last had rows of another operator, where one ever had.
///
/// # Errors
/// [`honnin_store::Error`].
async fn others_rows(
    rows: &dyn Store,
    permit: &Permit<Operate>,
) -> Result<Option<Moment>, honnin_store::Error> {
    let feeds = rows.feeds(permit).await?;
    Ok(feeds.into_iter().find(|(feed, _)| feed == OTHERS_ROWS).map(|(_, at)| at))
}

/// When the ledger was last taken in, where it ever was.
///
/// # Errors
/// [`honnin_store::Error`].
pub async fn taken_in(
    rows: &dyn Store,
    permit: &Permit<Operate>,
) -> Result<Option<Moment>, honnin_store::Error> {
    let feeds = rows.feeds(permit).await?;
    Ok(feeds
        .into_iter()
        .filter(|(feed, _)| !crate::canaries::is_own(feed) && feed != OTHERS_ROWS)
        .map(|(_, at)| at)
        .max())
}

fn told(what: &'static str, done: Result<(), Fault>) {
    if let Err(error) = done {
        figures::upkeep_failed(what).increment(1);
        tracing::error!(what, %error, "upkeep failed and is tried again");
    }
}

#[cfg(test)]
mod tests {
    use honnin_journal::{Bounds, Entry, FileAnchor, LogKeys, Opening};
    use honnin_seal::{MacKey, Secret, SigningKey};
    use honnin_terms::{Id, LogId};
    use honnin_testkit::TestDir;

    use super::*;

    fn raised(kind: AlarmKind, work: impl FnOnce()) -> String {
        figures::counted_by(work).value(&format!("honnin_alarm_total{{kind=\"{}\"}}", kind.word())).unwrap()
    }

    #[test]
    fn a_journal_that_takes_no_entry_calls_somebody_once_each_time() {
        let states = [State::Ready, State::Full, State::Full, State::Ready, State::Failed, State::Unanchored];
        let raised = raised(AlarmKind::Journal, || {
            let ends = states.into_iter().fold(false, |before, state| journal_stopped(state, before));
            assert!(ends);
        });
        assert_eq!(raised, "2");
    }

    fn journal(dir: &TestDir) -> Journal {
        let signing = SigningKey::of_seed(&Secret::from_octets([7; 32])).unwrap();
        Journal::open(Opening {
            root: dir.join("journal"),
            log: LogId::from_octets([7; 16]),
            origin: "test/journal".to_owned(),
            keys: LogKeys { signing, chain: MacKey::of_secret(&Secret::from_octets([7; 32])) },
            bounds: Bounds { segment_octets: 1 << 16, ..Bounds::default() },
            anchor: Arc::new(FileAnchor(dir.join("anchors"))),
            steady: Some(Arc::new(|| 0)),
            as_it_is: false,
        })
        .unwrap()
    }

    /// Looks ten times, a second apart, from so many seconds after the first entry; how often somebody was called.
    fn looked(journal: &Journal, from: i64, seen: &mut Option<u64>) -> String {
        raised(AlarmKind::Clock, || {
            for second in 0..10 {
                look_at_clock(journal, at(from + second), 1, seen);
            }
        })
    }

    fn at(seconds: i64) -> Moment {
        Moment::EPOCH.plus_seconds(1_000_000 + seconds)
    }

    #[test]
    fn a_clock_that_jumps_calls_somebody_once() {
        let dir = TestDir::new();
        let journal = journal(&dir);
        let mut seen = None;
        journal.append_blocking(&Entry::blank(Kind::Started, at(0), 1)).unwrap();
        assert_eq!(looked(&journal, 30, &mut seen), "0");
        assert_eq!(looked(&journal, 86_400, &mut seen), "1");
        // The entry of a request comes before the look.
        journal.append_blocking(&Entry::blank(Kind::Started, at(3 * 86_400), 1)).unwrap();
        assert_eq!(looked(&journal, 3 * 86_400, &mut seen), "1");
    }

    #[test]
    fn each_extract_with_rows_of_others_calls_somebody_once() {
        let mut heard = None;
        let raised = |heard: &mut Option<Moment>, seconds: &[i64], found: i64| {
            raised(AlarmKind::OthersRows, || {
                for now in seconds {
                    hear_of_others_rows(at(*now), at(found), heard);
                }
            })
        };
        assert_eq!(raised(&mut None, &[NEWS], 0), "0", "it is no news any more");
        assert_eq!(raised(&mut heard, &[60, 65, 70], 0), "1", "it came before this start");
        assert_eq!(raised(&mut heard, &[90, 95], 88), "1");
        assert_eq!(raised(&mut heard, &[100], 88), "0");
    }

    #[test]
    fn a_start_by_a_clock_that_was_set_calls_somebody_once() {
        let dir = TestDir::new();
        let begun = |seconds: i64| {
            let journal = journal(&dir);
            journal.append_blocking(&Entry::blank(Kind::Started, at(seconds), 1)).unwrap();
            let called = looked(&journal, seconds, &mut None);
            journal.close().unwrap();
            called
        };
        assert_eq!(begun(0), "0");
        assert_eq!(begun(20 * 86_400), "0", "it was away");
        assert_eq!(begun(400 * 86_400), "1");
        assert_eq!(begun(400 * 86_400 + 3_600), "1", "nobody has looked at it since");
    }
}
