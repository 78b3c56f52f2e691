//! The verifier: proves from the files alone what the journal promises. It shares the formats with the writer and
//! none of its acts; it needs no key but the public one, writes nothing and never panics.
//!
//! What is durable and not yet in a signed tree is proven only to who has the key of the checks ([`Trust::chain`]); for
//! others it is as if it were not there.

mod found;
mod rules;
mod walk;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use honnin_seal::{Digest, MacKey, VerifyingKey};
use honnin_terms::{EntryRef, LogId, Moment};

use crate::bundle::WIDE;
use crate::chain::{Chain, Head};
use crate::history::parse_pruned;
use crate::layout::{self, CHECKPOINT, HISTORY, INDEX, PRUNED, numbered};
use crate::merkle::Edge;
use crate::note::{MOST_NOTE, parse_checkpoint};
use crate::run::{Run, Stretch, TOP};
use crate::shelf::Kept;
use crate::tiles::Tiles;
use crate::{Checkpoint, Entry, verifier_key};

pub use found::{Breach, LogReport, Report, Violation};
use rules::{Rules, Wrong};
use walk::Walk;

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
    verify_in_steps(root, trust, period, &mut || {})
}

/// As [`verify`], and calls `step` between two entries: whoever verifies beside others lets them go first there.
///
/// # Errors
/// As [`verify`].
pub fn verify_in_steps(
    root: &Path,
    trust: &Trust,
    period: Option<(Moment, Moment)>,
    step: &mut dyn FnMut(),
) -> Result<Report, Breach> {
    // Nothing is handed over: one pass is enough, however many logs there are.
    across(root, &all_logs(root, trust)?, trust, period, &mut |_, _| step())
}

/// The logs there are, none of those that are anchored missing among them.
fn all_logs(root: &Path, trust: &Trust) -> Result<Vec<LogId>, Breach> {
    let nowhere = |violation| Breach { log: None, violation };
    let logs = layout::logs(root).map_err(|error| nowhere(Violation::Unreadable("the logs", error)))?;
    if let Some((log, _)) = trust.heads.iter().find(|(log, _)| !logs.contains(log)) {
        return Err(Breach { log: Some(*log), violation: Violation::Shorter(0) });
    }
    if logs.is_empty() {
        return Err(nowhere(Violation::Unreadable("the logs", io::ErrorKind::NotFound.into())));
    }
    Ok(logs)
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
    let logs = all_logs(root, trust)?;
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
    let segments = layout::open_segments(dir).map_err(unreadable("the segments"))?;
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
