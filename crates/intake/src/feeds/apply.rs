//! The second half of a run: rows set aside, notices, then account after account in the order of ids.
//!
//! Merging and sealing run here, committing runs on a thread beside it; at most three batches exist at a time.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use honnin_store::{Batch, Committed, Progress, QuarantineRow, RecordKey};
use pollster::block_on;

use crate::facts::event::{Fact, Source};
use crate::facts::item::Item;
use crate::facts::merge::Ground;
use crate::facts::records::{self, Record, Records};
use crate::facts::{Taken, Verdict, record_of, take, take_notice};
use crate::feeds::quarantine;
use crate::feeds::run::{FEED, Feed, Input, Phase, RunError, RunState, Tick};
use crate::feeds::scan::Scanned;
use crate::feeds::spilled::{FIRST_OF_ACCOUNTS, NOTICES, REJECTED, Rejected, Spilled};
use crate::feeds::summary::Counts;

/// How many rows set aside go into one transaction.
const REJECTED_PER_STEP: usize = 2_000;
/// How many records are asked for at a time.
const RECORDS_AT_A_TIME: usize = 4_096;

/// Where the second half begins.
pub(crate) struct Outset<'a> {
    pub(crate) state: RunState,
    pub(crate) scanned: Scanned<'a>,
    pub(crate) inputs: &'a [Input<'a>],
    pub(crate) partitions: usize,
}

/// Sends batches to the writer and hears what became of them.
struct Commits {
    sender: SyncSender<Batch>,
    answers: Receiver<Result<(), RunError>>,
    /// Records of batches that are not yet known to be durable: the store may not show them yet.
    in_flight: VecDeque<HashMap<RecordKey, [u8; 16]>>,
    state: RunState,
    /// How many moves of holdings there had been when the run read who has what.
    moves: u64,
    position: u64,
    /// The step being prepared.
    step: u64,
    /// Steps before this one were committed by an earlier process.
    resume_at: u64,
}

impl Commits {
    /// Hands a prepared step on. A step that writes nothing is committed with the one after it.
    fn submit(&mut self, batch: Batch) -> Result<(), RunError> {
        self.step += 1;
        self.state.next_step = self.step;
        if is_empty(&batch) { Ok(()) } else { self.send(batch) }
    }

    fn send(&mut self, batch: Batch) -> Result<(), RunError> {
        self.position += 1;
        let state = postcard::to_allocvec(&self.state).map_err(|_| RunError::WriterGone)?;
        let progress = Progress { position: self.position, state };
        self.in_flight.push_back(batch.seen.iter().map(|row| (row.record, row.content)).collect());
        if self.sender.send(Batch { moves: self.moves, progress, ..batch }).is_err() {
            for answer in &self.answers {
                answer?;
            }
            return Err(RunError::WriterGone);
        }
        Ok(())
    }

    /// Whether an earlier process has committed this step; passes it over.
    fn skips(&mut self) -> bool {
        let skips = self.step < self.resume_at;
        self.step += u64::from(skips);
        skips
    }

    fn hear(&mut self) -> Result<(), RunError> {
        while let Ok(answer) = self.answers.try_recv() {
            answer?;
            self.in_flight.pop_front();
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Counts>, RunError> {
        self.state.done = true;
        self.send(Batch::default())?;
        drop(self.sender);
        for answer in &self.answers {
            answer?;
            self.in_flight.pop_front();
        }
        if self.in_flight.is_empty() { Ok(self.state.counts) } else { Err(RunError::WriterGone) }
    }

    fn count(&mut self, source: Source, verdict: Verdict) {
        let counts = usize::try_from(source.file).ok().and_then(|n| self.state.counts.get_mut(n));
        let Some(counts) = counts else { return };
        match verdict {
            Verdict::Taken => counts.taken += 1,
            Verdict::Repeated => counts.repeated += 1,
            Verdict::Older => counts.older += 1,
            Verdict::Refused(fault) => counts.add_fault(fault.reason),
        }
    }
}

fn is_empty(batch: &Batch) -> bool {
    let Batch { accounts, directory, seen, notices, quarantine, released, moves: _, progress: _ } = batch;
    accounts.is_empty()
        && directory.is_empty()
        && seen.is_empty()
        && notices.is_empty()
        && quarantine.is_empty()
        && released.is_empty()
}

/// Commits batches one after another and says what became of each; ends with the first that fails.
fn write(feed: Feed<'_>, batches: &Receiver<Batch>, answers: &Sender<Result<(), RunError>>) {
    for batch in batches {
        let answer = match block_on(feed.store.commit(feed.permit, FEED, batch)) {
            Ok(Committed::Done) => Ok(()),
            Ok(Committed::Stale { position: _ } | Committed::Overtaken) => Err(RunError::Overtaken),
            Err(error) => Err(RunError::Store(error)),
        };
        let failed = answer.is_err();
        if answers.send(answer).is_err() || failed {
            return;
        }
    }
}

/// How many rows of a file that are alike were met.
type Alike = HashMap<RecordKey, u32>;

/// Applies a run.
pub(crate) struct Apply<'a> {
    feed: Feed<'a>,
    ground: Ground<'a>,
    /// Rows in quarantine when the run began; those that are taken now leave it.
    kept: HashSet<RecordKey>,
}

impl<'a> Apply<'a> {
    /// Looks up what is in quarantine.
    pub(crate) fn new(feed: &Feed<'a>, ground: Ground<'a>) -> Result<Self, RunError> {
        let mut kept = HashSet::new();
        quarantine::each(feed, &mut |row| {
            kept.insert(row.record);
            Ok(())
        })?;
        Ok(Self { feed: *feed, ground, kept })
    }

    /// Applies all steps that are not committed yet; the counts of the whole run.
    pub(crate) fn run(
        &self,
        outset: Outset<'_>,
        progress: &mut dyn FnMut(Tick<'_>),
    ) -> Result<Vec<Counts>, RunError> {
        let feed = self.feed;
        thread::scope(|scope| {
            let (sender, batches) = sync_channel(1);
            let (tell, answers) = channel();
            scope.spawn(move || write(feed, &batches, &tell));
            let Outset { state, scanned, inputs, partitions } = outset;
            let (resume_at, position) = (state.next_step, self.ground.position);
            let in_flight = VecDeque::new();
            let moves = self.ground.moves.count();
            let mut commits =
                Commits { sender, answers, in_flight, state, moves, position, step: 0, resume_at };
            self.rejected(&scanned, inputs, &mut commits)?;
            self.notices(&scanned, inputs, &mut commits)?;
            let mut rows = 0;
            for partition in 0..partitions {
                let place = FIRST_OF_ACCOUNTS + partition;
                if !commits.skips() {
                    let items = items_of(&scanned, place)?;
                    self.partition(&items, &scanned, inputs, &mut commits)?;
                }
                rows += scanned.spill.items_in(place);
                let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
                let steps = (count(partition + 1), count(partitions));
                progress(Tick { phase: Phase::Applying, file: "", rows, steps });
            }
            commits.finish()
        })
    }

    fn rejected(
        &self,
        scanned: &Scanned<'_>,
        inputs: &[Input<'_>],
        commits: &mut Commits,
    ) -> Result<(), RunError> {
        let mut waiting = Vec::new();
        let mut alike = Alike::default();
        scanned.spill.read(REJECTED, |spilled| {
            if let Spilled::Rejected(rejected) = spilled {
                let record = self.record(rejected.source, &rejected.raw, inputs, &mut alike);
                waiting.extend(record.map(|record| (record, rejected)));
            }
            if waiting.len() < REJECTED_PER_STEP {
                return Ok(());
            }
            self.set_aside(std::mem::take(&mut waiting), scanned, inputs, commits)
        })?;
        self.set_aside(waiting, scanned, inputs, commits)
    }

    fn set_aside(
        &self,
        rows: Vec<(RecordKey, Rejected)>,
        scanned: &Scanned<'_>,
        inputs: &[Input<'_>],
        commits: &mut Commits,
    ) -> Result<(), RunError> {
        if commits.skips() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for (record, Rejected { source, told, raw, reason: _ }) in rows {
            batch.quarantine.extend(self.quarantined(record, (source, told, &raw), scanned, inputs)?);
        }
        commits.submit(batch)
    }

    /// The key of a row in quarantine.
    fn record(
        &self,
        source: Source,
        raw: &[u8],
        inputs: &[Input<'_>],
        alike: &mut Alike,
    ) -> Option<RecordKey> {
        let name = inputs.get(usize::try_from(source.file).ok()?)?.name();
        let before = alike.entry(quarantine::record(self.feed.keeper, name, raw, 0)).or_default();
        let record = quarantine::record(self.feed.keeper, name, raw, *before);
        *before += 1;
        Some(record)
    }

    fn quarantined(
        &self,
        record: RecordKey,
        (source, told, raw): (Source, String, &[u8]),
        scanned: &Scanned<'_>,
        inputs: &[Input<'_>],
    ) -> Result<Option<QuarantineRow>, RunError> {
        let Ok(place) = usize::try_from(source.file) else { return Ok(None) };
        let (Some(input), Some(stood)) = (inputs.get(place), scanned.stood.get(place)) else {
            return Ok(None);
        };
        let Feed { permit, keeper, .. } = self.feed;
        let sealed = quarantine::seal(permit, keeper, &record, stood, raw)?;
        let (file, line) = (input.name().to_owned(), source.line);
        Ok(Some(QuarantineRow { file, line, reason: told, sealed, record, at: permit.at() }))
    }

    /// Counts a row and writes down what its verdict asks for.
    fn conclude(
        &self,
        row: (Source, &[u8]),
        verdict: Verdict,
        about: (&Scanned<'_>, &[Input<'_>], &mut Alike),
        batch: &mut Batch,
        commits: &mut Commits,
    ) -> Result<(), RunError> {
        let ((source, raw), (scanned, inputs, alike)) = (row, about);
        commits.count(source, verdict);
        let refused = matches!(verdict, Verdict::Refused(_));
        if !refused && self.kept.is_empty() {
            return Ok(());
        }
        let Some(record) = self.record(source, raw, inputs, alike) else { return Ok(()) };
        if let Verdict::Refused(fault) = verdict {
            let row = (source, fault.to_string(), raw);
            batch.quarantine.extend(self.quarantined(record, row, scanned, inputs)?);
        } else if self.kept.contains(&record) {
            batch.released.push(record);
        }
        Ok(())
    }

    fn notices(
        &self,
        scanned: &Scanned<'_>,
        inputs: &[Input<'_>],
        commits: &mut Commits,
    ) -> Result<(), RunError> {
        if commits.skips() {
            return Ok(());
        }
        let keeper = self.feed.keeper;
        let mut rows = Vec::new();
        scanned.spill.read(NOTICES, |spilled| -> Result<(), RunError> {
            if let Spilled::Notice(source, fact, raw) = spilled {
                let record = records::of_notice(keeper, &fact);
                rows.push((source, fact, raw, record));
            }
            Ok(())
        })?;
        let mut records = self.known(rows.iter().map(|(.., record)| record.key).collect(), commits)?;
        let mut batch = Batch::default();
        let mut alike = Alike::default();
        for (source, fact, raw, record) in rows {
            let verdict = take_notice(keeper, &fact, record, &mut records, &mut batch);
            self.conclude((source, &raw), verdict, (scanned, inputs, &mut alike), &mut batch, commits)?;
        }
        batch.seen = records.into_taken();
        commits.submit(batch)
    }

    fn partition(
        &self,
        items: &[Item],
        scanned: &Scanned<'_>,
        inputs: &[Input<'_>],
        commits: &mut Commits,
    ) -> Result<(), RunError> {
        let recorded: Vec<Option<Record>> =
            items.iter().map(|item| record_of(self.feed.keeper, &item.fact)).collect();
        let keys = recorded.iter().flatten().map(|record| record.key).collect();
        let mut records = self.known(keys, commits)?;
        let ground = Ground { position: commits.position + 1, ..self.ground };
        let Taken { mut batch, verdicts } = take(ground, self.feed.store, items, &recorded, &mut records)?;
        let mut alike = Alike::default();
        for (item, verdict) in items.iter().zip(verdicts) {
            // Of a row that was not understood was told when it was read.
            if matches!(item.fact, Fact::Lost(_)) {
                continue;
            }
            let row = (item.source, item.raw.as_slice());
            self.conclude(row, verdict, (scanned, inputs, &mut alike), &mut batch, commits)?;
        }
        batch.seen = records.into_taken();
        commits.submit(batch)
    }

    /// What is known of these records: by the store, and by batches on their way to it.
    fn known(&self, mut keys: Vec<RecordKey>, commits: &mut Commits) -> Result<Records, RunError> {
        // Before the store is asked: a batch that becomes durable in between is then seen twice, not never.
        commits.hear()?;
        keys.sort_unstable();
        keys.dedup();
        let mut records = Records::default();
        for some in keys.chunks(RECORDS_AT_A_TIME) {
            let contents = block_on(self.feed.store.seen(self.feed.permit, some))?;
            for (key, content) in some.iter().zip(contents) {
                let waiting = || commits.in_flight.iter().find_map(|batch| batch.get(key).copied());
                if let Some(content) = content.or_else(waiting) {
                    records.know(*key, content);
                }
            }
        }
        Ok(records)
    }
}

/// The items of a partition by account, kind, file and line: what names an account or a line comes first.
fn items_of(scanned: &Scanned<'_>, partition: usize) -> Result<Vec<Item>, RunError> {
    let mut items = Vec::new();
    scanned.spill.read(partition, |spilled| -> Result<(), RunError> {
        if let Spilled::Item(item) = spilled {
            items.push(item);
        }
        Ok(())
    })?;
    items.sort_by_key(|item| (item.account, item.fact.kind(), item.source));
    Ok(items)
}
