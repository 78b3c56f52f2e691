//! The publisher: derives bundles, tiles and checkpoint from what the writer made durable.
//!
//! Starting, running and closing all go through [`publish`], so that recovery is exercised all day long.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use honnin_seal::BadSignature;

use crate::bounds::State;
use crate::bundle::{self, WIDE, WIDTH};
use crate::disk::{Durable, fill_between, is_full};
use crate::index;
use crate::layout::{self, CHECKPOINT, HISTORY, SEGMENTS, SPARE, numbered};
use crate::merkle::{Edge, Tile};
use crate::note::{BadFormat, Checkpoint};
use crate::pace::{Pace, Steps};
use crate::queue::hold;
use crate::segment::Frame;
use crate::shelf::{Shared, Shelf, Spare};

/// Entries published in one round, about; bounds the memory of a round.
const ROUND: usize = 65_536;
/// From the beginning of a round to that of the next: so long an entry waits for its own.
const PERIOD: Duration = Duration::from_secs(1);
/// How much longer a round may take because it stands back for those who wait.
const SPREAD: Duration = Duration::from_millis(250);
/// How much more where a long run of the index is made, of a million entries or more.
pub(crate) const MORE: Duration = Duration::from_millis(500);
/// A round that took its whole time is not followed by the next at once.
const LEAST: Duration = Duration::from_millis(50);
/// Zeros written to a spare segment, and synced, in one step.
const PIECE: u64 = 1 << 20;
const DAY_MILLIS: i64 = 86_400_000;

/// Why entries could not be published. They are durable in their segments and are published at the next try.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A file could not be written.
    #[error("write a file of the published journal")]
    Io(#[from] io::Error),
    /// The checkpoint could not be signed.
    #[error("sign a checkpoint")]
    Sign(#[from] BadSignature),
    /// An entry is not of the shape this build writes.
    #[error("read an entry back")]
    Format(#[from] BadFormat),
}

/// Publishes until the journal is closed.
pub(crate) fn run(shared: &Arc<Shared>) {
    let start = now();
    let (clock, sleep) = (|| start.elapsed(), |rest| stand_back(shared, rest));
    loop {
        let stop = *hold(&shared.stop);
        // Where there is no room nobody is answered, and room comes of publishing.
        let left = if stop || shared.state() == State::Full { Duration::ZERO } else { SPREAD };
        let steps = || Steps::of(Pace::of(left), &clock, &sleep);
        let begun = clock();
        if let Err(error) = publish_in(shared, &mut steps()) {
            tracing::warn!(%error, cause = std::error::Error::source(&error), "publish the journal");
        }
        if stop {
            return;
        }
        prepare_spare(shared, &mut steps());
        let guard = hold(&shared.stop);
        if !*guard {
            let wait = PERIOD.saturating_sub(clock().saturating_sub(begun));
            drop(shared.wanted.wait_timeout(guard, wait.max(LEAST)));
        }
    }
}

/// Sleeps, unless the journal is being closed, or there is no room and nobody is answered until it publishes.
pub(crate) fn stand_back(shared: &Shared, rest: Duration) {
    let stop = hold(&shared.stop);
    if !*stop && shared.state() != State::Full {
        drop(shared.stopped.wait_timeout(stop, rest));
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a step took is no moment of the journal's")]
fn now() -> Instant {
    Instant::now()
}

/// Publishes everything that is durable now. What comes meanwhile waits for the next time: under load there is always
/// some, and a round for every few hundred entries would cost more than the entries.
pub(crate) fn publish(shared: &Shared) -> Result<(), PublishError> {
    publish_in(shared, &mut Steps::at_once())
}

/// As [`publish`], in steps.
pub(crate) fn publish_in(shared: &Shared, steps: &mut Steps<'_>) -> Result<(), PublishError> {
    publish_held(shared, &mut hold(&shared.shelf), steps)
}

pub(crate) fn publish_held(
    shared: &Shared,
    shelf: &mut Shelf,
    steps: &mut Steps<'_>,
) -> Result<(), PublishError> {
    let durable = hold(&shared.tail).next;
    loop {
        let frames = {
            let tail = hold(&shared.tail);
            if tail.published >= durable { Vec::new() } else { tail.unpublished(ROUND) }
        };
        if frames.is_empty() {
            break;
        }
        round(shared, shelf, &frames, steps)?;
    }
    index::write_full_chunks(shared, steps)?;
    Ok(())
}

fn round(
    shared: &Shared,
    shelf: &mut Shelf,
    frames: &[Arc<Frame>],
    steps: &mut Steps<'_>,
) -> Result<(), PublishError> {
    let dir = &shared.dir;
    let (mut edge, mut open, mut full) = (shelf.edge.clone(), shelf.bundle.clone(), Vec::new());
    let mut out = Durable::new(&*shared.disk, dir)?;
    for frame in frames {
        for (entry, leaf) in frame.entries().into_iter().zip(&frame.leaves) {
            bundle::push(&mut open, entry)?;
            let before = full.len();
            edge.push(*leaf, &mut full);
            if edge.size().is_multiple_of(WIDE) {
                out.write(&layout::bundle(dir, edge.size() / WIDE - 1, WIDTH), &open)?;
                open.clear();
                write_tiles(dir, full.iter().skip(before), &mut out)?;
                steps.done();
            }
        }
    }
    let partial: Vec<Tile> = edge.partial().collect();
    if let Some(lowest) = partial.first().filter(|tile| tile.level == 0) {
        out.write(&layout::bundle(dir, lowest.number, lowest.hashes.len()), &open)?;
    }
    write_tiles(dir, partial.iter(), &mut out)?;
    out.finish_in(steps)?;
    // A crash here leaves bundles and tiles beyond the checkpoint. They are derived from durable entries, so the
    // next round writes the same octets again.
    let root = edge.root();
    out.write(&dir.join(CHECKPOINT), &Checkpoint::sign(&shared.origin, edge.size(), &root, &shared.key)?)?;
    out.finish()?;
    // From here on the tree of that size is published: it may grow and never change.
    let day = frames.last().and_then(|frame| last_day(frame));
    keep_history(shared, shelf, &edge, day, &mut out)?;
    hold(&shared.tail).set_published(edge.clone());
    (shelf.edge, shelf.bundle) = (edge, open);
    steps.done();
    tidy(shared, &full, shelf.edge.size());
    Ok(())
}

fn write_tiles<'a>(
    dir: &Path,
    tiles: impl Iterator<Item = &'a Tile>,
    out: &mut Durable<'_>,
) -> io::Result<()> {
    for tile in tiles {
        let path = layout::tile(dir, tile.level, tile.number, tile.hashes.len());
        out.write(&path, tile.hashes.as_flattened())?;
    }
    Ok(())
}

fn last_day(frame: &Frame) -> Option<i64> {
    let entry = crate::parse_entry(frame.entries().last()?).ok()?;
    Some(entry.order.millis().div_euclid(DAY_MILLIS))
}

/// Keeps a checkpoint of the full tiles for ever, at every 65,536 entries and at every day with entries: about
/// 200 octets each. Such a size can be recomputed even when the entries below it are pruned.
fn keep_history(
    shared: &Shared,
    shelf: &mut Shelf,
    edge: &Edge,
    day: Option<i64>,
    out: &mut Durable<'_>,
) -> Result<(), PublishError> {
    let whole = edge.whole_tiles();
    let crossed = whole.size() / index::CHUNK > shelf.history_size / index::CHUNK;
    if whole.size() == shelf.history_size || !(crossed || day != shelf.day) {
        return Ok(());
    }
    let note = Checkpoint::sign(&shared.origin, whole.size(), &whole.root(), &shared.key)?;
    out.write(&numbered(&shared.dir, HISTORY, whole.size()), &note)?;
    out.finish()?;
    // Only now is the day done: its first rounds may have filled no tile yet.
    (shelf.history_size, shelf.day) = (whole.size(), day);
    Ok(())
}

/// Removes what is not needed any more. A file that stays after a failure or a crash is in nobody's way.
fn tidy(shared: &Shared, full: &[Tile], published: u64) {
    for tile in full {
        let widths = |path: std::path::PathBuf| path.with_extension("p");
        let paths = [
            Some(widths(layout::tile(&shared.dir, tile.level, tile.number, WIDTH))),
            (tile.level == 0).then(|| widths(layout::bundle(&shared.dir, tile.number, WIDTH))),
        ];
        for path in paths.into_iter().flatten() {
            drop(fs::remove_dir_all(path));
        }
    }
    let mut segments = hold(&shared.segments);
    // The last segment is the one being written.
    while let [first, second, ..] = segments.as_slice() {
        if *second > published || shared.disk.remove(&numbered(&shared.dir, SEGMENTS, *first)).is_err() {
            break;
        }
        segments.remove(0);
    }
}

/// Reserves the next segment before it is needed, and says when there is room again.
pub(crate) fn prepare_spare(shared: &Shared, steps: &mut Steps<'_>) {
    if hold(&shared.spare).is_none() {
        match make_spare(shared, steps) {
            Ok(spare) => *hold(&shared.spare) = Some(spare),
            Err(error) if is_full(&error) => return,
            Err(error) => {
                tracing::warn!(%error, "reserve a segment of the journal");
                return;
            }
        }
    }
    if shared.state() == State::Full && hold(&shared.segments).len() < shared.bounds.most_segments {
        shared.set_state(State::Ready);
    }
}

fn make_spare(shared: &Shared, steps: &mut Steps<'_>) -> io::Result<Spare> {
    let Shared { disk, bounds, .. } = shared;
    let path = shared.dir.join(SEGMENTS).join(SPARE);
    let made = disk.create(&path).and_then(|file| {
        disk.allocate(&file, bounds.segment_octets)?;
        let mut at = 0;
        while at < bounds.segment_octets {
            let end = bounds.segment_octets.min(at + PIECE);
            fill_between(&**disk, &file, at, end)?;
            // Now rather than all at the end: what comes to the disk at one go, the writer's sync waits for.
            disk.sync(&file)?;
            at = end;
            steps.done();
        }
        Ok(Spare(file))
    });
    if made.is_err() {
        // Half a spare would hold the room that the last entries may need.
        drop(disk.remove(&path));
    }
    made
}
