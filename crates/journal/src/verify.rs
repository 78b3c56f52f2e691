//! The verifier: proves from the files alone what the journal promises. It shares the formats with the writer and
//! none of its acts; it needs no key but the public one, writes nothing and never panics.
//!
//! What is durable and not yet in a signed tree is proven only to who has the key of the checks ([`Trust::chain`]); for
//! others it is as if it were not there.

mod rules;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;

use honnin_seal::{Digest, MacKey, VerifyingKey, leaf_digest};
use honnin_terms::{EntryRef, LogId, Moment};

use crate::bundle::{MOST_BUNDLE, WIDE, WIDTH};
use crate::chain::{Chain, Head};
use crate::history::{MOST_CARRIED_OCTETS, parse_carried, parse_pruned};
use crate::layout::{self, CARRIED, CHECKPOINT, HISTORY, INDEX, PRUNED, SEGMENTS, numbered};
use crate::merkle::{Edge, Tile};
use crate::note::{MOST_NOTE, parse_checkpoint};
use crate::run::{Run, Stretch, TOP};
use crate::segment::{MOST_SEGMENT, Scan, scan};
use crate::shelf::Kept;
use crate::tiles::Tiles;
use crate::{BadFormat, Checkpoint, Entry, parse_bundle, parse_entry, verifier_key};

use rules::{Rules, Wrong};

/// What is believed before anything is read. It never comes from the directory that is checked.
#[derive(Debug)]
pub struct Trust {
    /// The key that signs checkpoints.
    pub key: VerifyingKey,
    /// The key of the checks of frames, where one has it.
    pub chain: Option<MacKey>,
    /// The heads that were anchored, read before this. Each of these logs must be there and reach its head.
    pub heads: Vec<(LogId, Vec<u8>)>,
}

impl Trust {
    /// That of somebody who has the public key and nothing else.
    pub const fn of_key(key: VerifyingKey) -> Self {
        Self { key, chain: None, heads: Vec::new() }
    }
}

/// What was proven of all logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Each log.
    pub logs: Vec<LogReport>,
    /// Disclosures in the period to the owner.
    pub to_owner: u64,
    /// Disclosures in the period on the basis of a grant or a case.
    pub on_basis: u64,
    /// Grants, cases and merges of the whole journal, carried ones included.
    pub bases: u64,
}

impl Report {
    /// Entries that were proven.
    pub fn entries(&self) -> u64 {
        self.logs.iter().map(|log| log.size + log.unpublished).sum()
    }

    /// From when on all entries of every log are kept; `None` where nothing was pruned.
    pub fn kept_from(&self) -> Option<Moment> {
        self.logs.iter().filter_map(|log| log.kept_from).max()
    }
}

impl Report {
    /// Compares heads that were read after the files with what the files say was anchored.
    ///
    /// # Errors
    /// [`Violation::Older`] where a head was put back, [`Violation::Head`] where it is not of its log and key.
    pub fn was_anchored(&self, chain: &MacKey, heads: &[(LogId, Vec<u8>)]) -> Result<(), Breach> {
        for report in &self.logs {
            let breach = |violation| Breach { log: Some(report.log), violation };
            let Some((log, octets)) = heads.iter().find(|(log, _)| *log == report.log) else {
                // A log is anchored before its first entry: where there are entries and no head, it was taken away.
                if report.size + report.unpublished > 0 {
                    return Err(breach(Violation::Unanchored));
                }
                continue;
            };
            let head = Head::parse(octets, &Chain::new(chain, *log)).map_err(|_| breach(Violation::Head))?;
            if head.size < report.anchored {
                return Err(breach(Violation::Older(head.size, report.anchored)));
            }
        }
        Ok(())
    }
}

/// What was proven of one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// The log.
    pub log: LogId,
    /// Its name in its checkpoint. The caller compares it with the one it expects.
    pub origin: String,
    /// Its key as others are told it (signed-note).
    pub verifier_key: String,
    /// Entries in the signed tree.
    pub size: u64,
    /// Root of the signed tree; to be compared with a checkpoint kept elsewhere.
    pub root: Digest,
    /// Entries below this index were pruned.
    pub minimum: u64,
    /// All entries from this moment on are kept; `None` where nothing was pruned.
    pub kept_from: Option<Moment>,
    /// Entries that are durable and not yet in the signed tree; none are seen without the key of the checks.
    pub unpublished: u64,
    /// Whether a batch stands unfinished at the end of a segment: a crash, a writer at work, or somebody's hand.
    pub unfinished: bool,
    /// Older checkpoints that were found to be of the same tree.
    pub history: u64,
    /// So much was anchored when its last frame was written; 0 without the key of the checks. A head that is read after
    /// this and says less was put back.
    pub anchored: u64,
    /// How often the clock was set.
    pub clock_sets: u64,
    /// Whether it was set and nobody has said since that it is right.
    pub unsettled: bool,
}

/// What is wrong, and in which log.
#[derive(Debug, thiserror::Error)]
#[error("verify the log {}", log.map_or_else(|| "(none)".to_owned(), |log| log.to_string()))]
pub struct Breach {
    /// The log; `None` where it is about all of them.
    pub log: Option<LogId>,
    /// What is wrong.
    #[source]
    pub violation: Violation,
}

/// What was found to be wrong. Indexes name entries, never people.
#[derive(Debug, thiserror::Error)]
pub enum Violation {
    /// A file is missing or cannot be read.
    #[error("read {0}")]
    Unreadable(&'static str, #[source] io::Error),
    /// A file is not of its shape.
    #[error("read {what}, from entry {index} on")]
    Malformed {
        /// Which kind of file.
        what: &'static str,
        /// The first entry the file stands for.
        index: u64,
    },
    /// A note is not signed with the key.
    #[error("verify the signature of {0}")]
    Signature(&'static str),
    /// Two files do not agree.
    #[error("compare {what}, from entry {index} on: the octets differ")]
    Differs {
        /// Which files.
        what: &'static str,
        /// The first entry they stand for.
        index: u64,
    },
    /// The tree is not the one that was signed.
    #[error("compare the root of {0} entries with the signed one")]
    Root(u64),
    /// A disclosure without a basis that was valid at that moment.
    #[error("find a valid basis for entry {index}: {why}")]
    NoBasis {
        /// The disclosure, or the end of a basis that does not exist.
        index: u64,
        /// What is wrong with its basis.
        why: &'static str,
    },
    /// An entry lies more than a minute before an earlier one.
    #[error("compare the times of entries: entry {0} goes back by more than a minute")]
    TimeWentBack(u64),
    /// The log is not there, or does not reach what was anchored.
    #[error("find the {0} entries that were anchored")]
    Shorter(u64),
    /// Less is anchored than the log says there was once.
    #[error("compare what is anchored: {0} entries are, and {1} were; the store is older than the journal")]
    Older(u64, u64),
    /// The log has entries, and nothing is anchored for it.
    #[error(
        "find the anchored head: the log has entries and none; the store is not the one that belongs to the journal"
    )]
    Unanchored,
    /// A head that was anchored is not of this log and key.
    #[error("verify the anchored head")]
    Head,
    /// The period begins before what is kept.
    #[error("prove the period: entries before {before} were pruned")]
    Pruned {
        /// All entries from this moment on are kept.
        before: Moment,
    },
}

fn unreadable(what: &'static str) -> impl FnOnce(io::Error) -> Violation {
    move |error| Violation::Unreadable(what, error)
}

/// Verifies a journal, the directory of all logs: trees, signatures, times, acts and disclosures, across the logs.
///
/// Disclosures are judged within the period (first moment included, last one not), or all of them. Safe to run
/// beside the writers, but for the moment in which one prunes.
///
/// # Errors
/// The first [`Violation`] found.
pub fn verify(root: &Path, trust: &Trust, period: Option<(Moment, Moment)>) -> Result<Report, Breach> {
    verify_each(root, trust, period, &mut |_, _| {})
}

/// As [`verify`], and hands over every entry of the period with its place, each log from its oldest on.
///
/// Those that are durable and not yet published are among them: an answer from the files while the writer goes on.
/// Good only where the whole verifies; what was handed over before a violation proves nothing.
///
/// # Errors
/// As [`verify`].
pub fn verify_each(
    root: &Path,
    trust: &Trust,
    period: Option<(Moment, Moment)>,
    each: &mut dyn FnMut(EntryRef, &Entry),
) -> Result<Report, Breach> {
    let nowhere = |violation| Breach { log: None, violation };
    let logs = layout::logs(root).map_err(|error| nowhere(Violation::Unreadable("the logs", error)))?;
    if let Some((log, _)) = trust.heads.iter().find(|(log, _)| !logs.contains(log)) {
        return Err(Breach { log: Some(*log), violation: Violation::Shorter(0) });
    }
    if logs.is_empty() {
        return Err(nowhere(Violation::Unreadable("the logs", io::ErrorKind::NotFound.into())));
    }
    if logs.len() > 1 {
        // Good only where all of them verify, and that is known when the last was read: handed over in a second pass.
        let report = across(root, &logs, trust, period, &mut |_, _| {})?;
        let mut rules = Rules::new(period);
        for log in &logs {
            let at_log = |violation| Breach { log: Some(*log), violation };
            one_log(root, *log, trust, period, &mut rules, each).map_err(at_log)?;
        }
        return Ok(report);
    }
    across(root, &logs, trust, period, each)
}

/// Verifies those logs together.
fn across(
    root: &Path,
    logs: &[LogId],
    trust: &Trust,
    period: Option<(Moment, Moment)>,
    each: &mut dyn FnMut(EntryRef, &Entry),
) -> Result<Report, Breach> {
    // One log may rest on what another had not yet when that was read: then all are read again.
    const TRIES: usize = 4;
    for again in 1..=TRIES {
        let mut rules = Rules::new(period);
        let mut read = Vec::with_capacity(logs.len());
        for log in logs {
            let at_log = |violation| Breach { log: Some(*log), violation };
            read.push(one_log(root, *log, trust, period, &mut rules, each).map_err(at_log)?);
        }
        match rules.finish() {
            Ok(()) => {
                let Rules { to_owner, on_basis, .. } = rules;
                return Ok(Report { logs: read, to_owner, on_basis, bases: rules.bases() });
            }
            Err((_, Wrong::NotYetRead)) if again < TRIES => {}
            Err((log, Wrong::NotYetRead)) => {
                let (index, why) = (0, "it rests on an entry that is not there");
                return Err(Breach { log: Some(log), violation: Violation::NoBasis { index, why } });
            }
            Err((log, Wrong::Violation(violation))) => return Err(Breach { log: Some(log), violation }),
        }
    }
    Err(Breach { log: None, violation: Violation::Malformed { what: "the logs", index: 0 } })
}

fn one_log(
    root: &Path,
    log: LogId,
    trust: &Trust,
    period: Option<(Moment, Moment)>,
    rules: &mut Rules,
    each: &mut dyn FnMut(EntryRef, &Entry),
) -> Result<LogReport, Violation> {
    let dir = &root.join(log.to_string());
    let chain = trust.chain.as_ref().map(|key| Chain::new(key, log));
    // Opened before the checkpoint is read: a segment that is removed later stays readable, and one that was
    // removed before is covered by that checkpoint.
    let segments = open_segments(dir).map_err(unreadable("the segments"))?;
    let checkpoint = read_checkpoint(&dir.join(CHECKPOINT), &trust.key, "the checkpoint")?;
    // Signed by the same key for another log it is somebody else's tree.
    if !checkpoint.origin.ends_with(&format!("/{log}")) {
        return Err(Violation::Signature("the checkpoint"));
    }
    let kept = read_kept(dir, &checkpoint, &trust.key)?;
    if let (Some((start, _)), Some(from)) = (period, kept.from)
        && start < from
    {
        return Err(Violation::Pruned { before: from });
    }
    rules.begin_log(log, kept.minimum);
    let mut walk = Walk {
        log,
        tiles: Tiles { dir, size: checkpoint.size },
        minimum: kept.minimum,
        edge: Edge::default(),
        rules,
        period,
        each,
        history: read_history(dir, &checkpoint, &trust.key)?,
        seen: 0,
    };
    walk.pruned_part()?;
    walk.kept_part()?;
    if walk.edge.root() != checkpoint.root {
        return Err(Violation::Root(checkpoint.size));
    }
    let (mut unpublished, mut unfinished, mut anchored) = (0, false, 0);
    if let Some(chain) = &chain {
        index_runs(dir, chain)?;
        let mut heads = Vec::new();
        (unpublished, unfinished, anchored) = walk.segments(&segments, chain, &mut heads)?;
        for (_, octets) in trust.heads.iter().filter(|(of, _)| *of == log) {
            let head = Head::parse(octets, chain).map_err(|_| Violation::Head)?;
            let there = match heads.iter().find(|other| other.size == head.size) {
                Some(other) => *other == head,
                None => head.size <= checkpoint.size,
            };
            if !there {
                return Err(Violation::Shorter(head.size));
            }
        }
    }
    let Walk { rules, seen, .. } = walk;
    Ok(LogReport {
        log,
        verifier_key: verifier_key(&checkpoint.origin, &trust.key),
        origin: checkpoint.origin,
        size: checkpoint.size,
        root: checkpoint.root,
        minimum: kept.minimum,
        kept_from: kept.from,
        unpublished,
        unfinished,
        history: seen,
        anchored,
        clock_sets: rules.clock_sets,
        unsettled: rules.is_unsettled(),
    })
}

/// Checks every block of the index. It is derived, so one that is missing is made again; one that is there and wrong is
/// somebody's hand.
fn index_runs(dir: &Path, chain: &Chain) -> Result<(), Violation> {
    for level in 0..=TOP {
        let folder = dir.join(INDEX).join(level.to_string());
        for number in layout::numbers(&folder, "").map_err(unreadable("the index"))? {
            let stretch = Stretch { level, number };
            match Run::open(dir, stretch, chain).and_then(|run| run.check()) {
                // Made one with others meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(_) => {
                    return Err(Violation::Differs {
                        what: "the index with its checks",
                        index: stretch.start(),
                    });
                }
                Ok(()) => {}
            }
        }
    }
    Ok(())
}

fn open_segments(dir: &Path) -> io::Result<Vec<(u64, File)>> {
    let mut open = Vec::new();
    for first in layout::numbers(dir, SEGMENTS)? {
        match File::open(numbered(dir, SEGMENTS, first)) {
            Ok(file) => open.push((first, file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(open)
}

fn read_checkpoint(path: &Path, key: &VerifyingKey, what: &'static str) -> Result<Checkpoint, Violation> {
    let octets = layout::read(path, MOST_NOTE)
        .and_then(|octets| octets.ok_or(io::ErrorKind::NotFound.into()))
        .map_err(unreadable(what))?;
    let checkpoint = parse_checkpoint(&octets).map_err(|_| Violation::Malformed { what, index: 0 })?;
    checkpoint.verify(key).map_err(|_| Violation::Signature(what))?;
    Ok(checkpoint)
}

fn read_kept(dir: &Path, checkpoint: &Checkpoint, key: &VerifyingKey) -> Result<Kept, Violation> {
    const WHAT: &str = "the minimum index";
    let Some(octets) = layout::read(&dir.join(PRUNED), MOST_NOTE).map_err(unreadable(WHAT))? else {
        return Ok(Kept::default());
    };
    let kept = parse_pruned(&octets, &checkpoint.origin, key).map_err(|_| Violation::Signature(WHAT))?;
    if kept.minimum > checkpoint.size { Err(Violation::Malformed { what: WHAT, index: 0 }) } else { Ok(kept) }
}

/// The history: each older tree head by its size.
fn read_history(
    dir: &Path,
    now: &Checkpoint,
    key: &VerifyingKey,
) -> Result<BTreeMap<u64, Digest>, Violation> {
    const WHAT: &str = "a checkpoint of the history";
    let mut history = BTreeMap::new();
    for size in layout::numbers(dir, HISTORY).map_err(unreadable(WHAT))? {
        let checkpoint = read_checkpoint(&numbered(dir, HISTORY, size), key, WHAT)?;
        // One that is newer than the checkpoint we hold was made while we read.
        if checkpoint.origin != now.origin || checkpoint.size != size || !size.is_multiple_of(WIDE) {
            return Err(Violation::Differs { what: WHAT, index: size });
        }
        if size <= now.size {
            history.insert(size, checkpoint.root);
        }
    }
    Ok(history)
}

/// Reads the frames of a segment that may be growing.
///
/// Reading it takes a while: a frame that was half written when its octets were read can be followed by one that
/// was whole when those were. Read again, the first is whole too; damage stays.
fn scan_open(mut file: &File, first: u64, limit: u64, chain: &Chain) -> io::Result<Result<Scan, BadFormat>> {
    const TRIES: usize = 8;
    let mut found = Err(BadFormat("a segment"));
    for _ in 0..TRIES {
        file.rewind()?;
        found = scan(&layout::read_open(file, MOST_SEGMENT)?, first, limit, chain);
        if found.is_ok() {
            break;
        }
    }
    Ok(found)
}

/// One pass over the journal, from the first entry to the last.
struct Walk<'a> {
    log: LogId,
    tiles: Tiles<'a>,
    minimum: u64,
    edge: Edge,
    rules: &'a mut Rules,
    period: Option<(Moment, Moment)>,
    each: &'a mut dyn FnMut(EntryRef, &Entry),
    history: BTreeMap<u64, Digest>,
    seen: u64,
}

impl Walk<'_> {
    /// Below the minimum index: takes the roots of the lowest tiles from level 1, and proves what is carried.
    fn pruned_part(&mut self) -> Result<(), Violation> {
        const WHAT: &str = "the carried grants";
        let octets =
            layout::read(&self.tiles.dir.join(CARRIED), MOST_CARRIED_OCTETS).map_err(unreadable(WHAT))?;
        let carried = parse_carried(&octets.unwrap_or_default())
            .map_err(|_| Violation::Malformed { what: WHAT, index: 0 })?;
        let mut carried = carried.into_iter().peekable();
        let mut roots: Vec<Digest> = Vec::new();
        for number in 0..self.minimum / WIDE {
            if number.is_multiple_of(WIDE) {
                roots = self.tiles.tile(1, number / WIDE).map_err(unreadable("a hash tile"))?;
            }
            let position = usize::try_from(number % WIDE).unwrap_or(WIDTH);
            let root = roots
                .get(position)
                .ok_or(Violation::Malformed { what: "a hash tile", index: number * WIDE })?;
            while let Some(one) = carried.next_if(|one| one.index / WIDE <= number) {
                if one.index / WIDE != number || !one.is_under(root) {
                    return Err(Violation::Differs { what: WHAT, index: one.index });
                }
                let entry = parse_entry(&one.octets)
                    .map_err(|_| Violation::Malformed { what: WHAT, index: one.index })?;
                self.rules.carry(EntryRef { log: self.log, index: one.index }, &entry)?;
            }
            let mut full = Vec::new();
            self.edge.push_tile_root(*root, &mut full);
            self.compare(&full)?;
        }
        Ok(())
    }

    fn kept_part(&mut self) -> Result<(), Violation> {
        for number in self.minimum / WIDE..self.tiles.size.div_ceil(WIDE) {
            let index = number * WIDE;
            let width = self.tiles.width(0, number);
            let entries = self.read_bundle(number, width)?;
            let mut full = Vec::new();
            for (index, octets) in (index..).zip(&entries) {
                self.edge.push(leaf_digest(octets), &mut full);
                let entry =
                    parse_entry(octets).map_err(|_| Violation::Malformed { what: "an entry", index })?;
                self.judge(index, &entry)?;
            }
            self.compare(&full)?;
        }
        let partial: Vec<Tile> = self.edge.partial().collect();
        self.compare_tiles(&partial)
    }

    fn read_bundle(&self, number: u64, width: usize) -> Result<Vec<Vec<u8>>, Violation> {
        const WHAT: &str = "an entry bundle";
        let dir = self.tiles.dir;
        let index = number * WIDE;
        let malformed = Violation::Malformed { what: WHAT, index };
        let partial =
            layout::read(&layout::bundle(dir, number, width), MOST_BUNDLE).map_err(unreadable(WHAT))?;
        let exact = partial.is_some();
        let octets = match partial {
            Some(octets) => octets,
            None => layout::read(&layout::bundle(dir, number, WIDTH), MOST_BUNDLE)
                .and_then(|octets| octets.ok_or(io::ErrorKind::NotFound.into()))
                .map_err(unreadable(WHAT))?,
        };
        let Ok(entries) = parse_bundle(&octets) else { return Err(malformed) };
        if entries.len() < width || (exact && entries.len() != width) {
            return Err(malformed);
        }
        Ok(entries.into_iter().take(width).map(<[u8]>::to_vec).collect())
    }

    /// Judges one entry and hands it over where it lies in the period.
    fn judge(&mut self, index: u64, entry: &Entry) -> Result<(), Violation> {
        let at = EntryRef { log: self.log, index };
        self.rules.judge(at, entry)?;
        if self.period.is_none_or(|(start, end)| entry.moment >= start && entry.moment < end) {
            (self.each)(at, entry);
        }
        Ok(())
    }

    /// Compares tiles that became full with their files, and the tree with the history.
    fn compare(&mut self, full: &[Tile]) -> Result<(), Violation> {
        self.compare_tiles(full)?;
        if let Some(root) = self.history.get(&self.edge.size()) {
            if *root != self.edge.root() {
                return Err(Violation::Root(self.edge.size()));
            }
            self.seen += 1;
        }
        Ok(())
    }

    fn compare_tiles(&self, tiles: &[Tile]) -> Result<(), Violation> {
        for tile in tiles {
            let index = tile.number.saturating_mul(WIDE);
            let octets = layout::read(
                &layout::tile(self.tiles.dir, tile.level, tile.number, tile.hashes.len()),
                WIDTH * 32,
            );
            let expected = tile.hashes.as_flattened();
            let same = match octets.map_err(unreadable("a hash tile"))? {
                Some(octets) => octets == expected,
                // A partial tile may be gone once the full one is there.
                None => self
                    .tiles
                    .tile(tile.level, tile.number)
                    .map_err(unreadable("a hash tile"))?
                    .as_flattened()
                    .starts_with(expected),
            };
            if !same {
                return Err(Violation::Differs { what: "a hash tile with its entries", index });
            }
        }
        Ok(())
    }

    /// Compares the segments with what is published, and judges what is not. Gives the count of the latter and
    /// whether a batch is unfinished.
    fn segments(
        &mut self,
        segments: &[(u64, File)],
        chain: &Chain,
        heads: &mut Vec<Head>,
    ) -> Result<(u64, bool, u64), Violation> {
        const WHAT: &str = "a segment";
        let size = self.tiles.size;
        let (mut next, mut unfinished, mut anchored) = (size, false, 0);
        let limits = segments.iter().skip(1).map(|(first, _)| *first).chain([u64::MAX]);
        for ((first, file), limit) in segments.iter().zip(limits) {
            let first = *first;
            let malformed = || Violation::Malformed { what: WHAT, index: first };
            let found =
                scan_open(file, first, limit, chain).map_err(unreadable(WHAT))?.map_err(|_| malformed())?;
            let end = found.frames.last().map_or(first, crate::segment::Frame::end);
            // The last segment we saw may have been followed by others since, and those be published: then it
            // ends early, and cleanly.
            let early = end < limit.min(size) && (limit != u64::MAX || found.torn.is_some());
            if first > next || early {
                return Err(malformed());
            }
            unfinished |= found.torn.is_some();
            for frame in found.frames {
                let before = heads.last().copied();
                if before.is_some_and(|before: Head| before.size == frame.first && !frame.follows(&before)) {
                    return Err(malformed());
                }
                heads.push(frame.head());
                anchored = anchored.max(frame.anchored);
                for ((index, leaf), octets) in (frame.first..).zip(&frame.leaves).zip(frame.entries()) {
                    if index < size {
                        self.compare_leaf(index, leaf)?;
                    } else {
                        let entry = parse_entry(octets).map_err(|_| malformed())?;
                        self.judge(index, &entry)?;
                        next = index + 1;
                    }
                }
            }
        }
        // Where no frame is left nothing was written since all of it was anchored.
        if heads.is_empty() {
            anchored = size;
        }
        Ok((next - size, unfinished, anchored))
    }

    fn compare_leaf(&self, index: u64, leaf: &Digest) -> Result<(), Violation> {
        if index < self.minimum {
            return Ok(());
        }
        let hash = self.tiles.node(0, index).map_err(unreadable("a hash tile"))?;
        let differs = Violation::Differs { what: "a segment with what is published", index };
        if hash == *leaf { Ok(()) } else { Err(differs) }
    }
}
