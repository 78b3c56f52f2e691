//! Opening: reads what is published, replays the segments, and refuses where the two do not agree.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use honnin_seal::{BadSignature, Digest, SigningKey, leaf_digest};

use crate::bundle::{self, WIDE};
use crate::chain::{AnchorError, Chain, Head};
use crate::disk::{Disk, Durable};
use crate::index::{self, CHUNK, Maker, Row};
use crate::layout::{self, CHECKPOINT, HISTORY, LOCK, PRUNED, SEGMENTS, SPARE, numbered};
use crate::merkle::Edge;
use crate::note::{BadFormat, Checkpoint, MOST_NOTE, is_name, parse_checkpoint};
use crate::queue::Time;
use crate::run::Stretch;
use crate::segment::{Frame, MOST_SEGMENT, scan};
use crate::shelf::{Kept, Shelf};
use crate::tail::Tail;
use crate::tiles::Tiles;
use crate::{history, parse_entry};

/// Why a journal does not open. All but `Locked`, `Anchor` and `Io` are fatal: a person looks at it with `journal verify`.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process writes this journal.
    #[error("lock the journal: another process has it open")]
    Locked,
    /// The origin cannot name a signing key.
    #[error("open the journal: its origin is empty or has spaces")]
    Origin,
    /// The checkpoint is of another journal or signed with another key.
    #[error("open the journal: its checkpoint is not of this origin and key")]
    Foreign,
    /// The log is shorter than what was anchored, or its frames there are others: entries that were acknowledged are gone.
    #[error(
        "open the journal: {0} entries were anchored, and the log does not have them; restore its files as they were"
    )]
    Shorter(u64),
    /// The log has entries, and nothing is anchored for it.
    #[error("open the journal: it has entries and no anchored head; restore the store that belongs to it")]
    Unanchored,
    /// Less is anchored than the log says there was once: what is anchored was put back.
    #[error(
        "open the journal: {0} entries are anchored, and {1} were once; the store is older than the journal, restore the one that belongs to it"
    )]
    Older(u64, u64),
    /// The place of the head does not answer.
    #[error("ask for the anchored head of the journal")]
    Anchor(#[from] AnchorError),
    /// What is published does not agree with itself or with the segments.
    #[error("open the journal: {0}")]
    Mismatch(&'static str),
    /// A file could not be read or written.
    #[error("read the files of the journal")]
    Io(#[from] io::Error),
    /// A note could not be signed.
    #[error("sign a checkpoint")]
    Sign(#[from] BadSignature),
}

/// What opening finds.
pub(crate) struct Found {
    pub(crate) lock: File,
    pub(crate) shelf: Shelf,
    pub(crate) tail: Tail,
    pub(crate) kept: Kept,
    pub(crate) segments: Vec<u64>,
    pub(crate) time: Time,
    /// The head after each frame that is left.
    pub(crate) heads: Vec<Head>,
    /// So much was anchored when the last frame was written.
    pub(crate) anchored: u64,
    /// Whether a broken last batch was cut.
    pub(crate) cut: bool,
}

impl Found {
    /// Whether the log has come as far as that, the same way.
    pub(crate) fn reaches(&self, kept: &Head) -> Result<(), StartError> {
        let there = match self.heads.iter().find(|head| head.size == kept.size) {
            Some(head) => head == kept,
            // Published and signed: frames below may be gone.
            None => kept.size <= self.tail.published,
        };
        if there { Ok(()) } else { Err(StartError::Shorter(kept.size)) }
    }
}

impl Found {
    /// Whether as much is anchored as the log itself says there was.
    pub(crate) const fn was_anchored(&self, kept: &Head) -> Result<(), StartError> {
        // Where no frame is left nothing was written since all of it was anchored.
        let anchored = if self.heads.is_empty() { self.tail.published } else { self.anchored };
        if kept.size < anchored { Err(StartError::Older(kept.size, anchored)) } else { Ok(()) }
    }
}

/// Locks the directory and reads the journal in it; makes an empty one where there is none.
pub(crate) fn open(
    dir: &Path,
    origin: &str,
    key: &SigningKey,
    chain: &Chain,
    disk: &dyn Disk,
) -> Result<Found, StartError> {
    if !is_name(origin) {
        return Err(StartError::Origin);
    }
    fs::create_dir_all(dir.join(SEGMENTS))?;
    let lock = File::options().write(true).create(true).truncate(false).open(dir.join(LOCK))?;
    lock.try_lock().map_err(|error| match error {
        fs::TryLockError::WouldBlock => StartError::Locked,
        fs::TryLockError::Error(error) => StartError::Io(error),
    })?;
    let checkpoint = read_checkpoint(dir, origin, key, disk)?;
    let tiles = Tiles { dir, size: checkpoint.size };
    let shelf = read_shelf(tiles, &checkpoint.root)?;
    let kept = match layout::read(&dir.join(PRUNED), MOST_NOTE)? {
        Some(octets) => history::parse_pruned(&octets, origin, &key.verifying_key()?)
            .map_err(|_| StartError::Mismatch("the minimum index is not signed by this journal"))?,
        None => Kept::default(),
    };
    // A spare of an earlier run may have been renamed and not durably so: it is made anew.
    disk.remove(&dir.join(SEGMENTS).join(SPARE))?;
    let mut tail = Tail::default();
    (tail.published, tail.next) = (tiles.size, tiles.size);
    tail.edge = Arc::new(shelf.edge.clone());
    tail.first_row = kept.minimum.max(tiles.size / CHUNK * CHUNK);
    tail.rows = index::rows_of(tiles, tail.first_row, tiles.size)?.into();
    tail.tag = chain.start(tiles.size, &checkpoint.root);
    let mut time = last_time(tiles)?;
    let mut replayed = Replayed { time: &mut time, heads: Vec::new(), anchored: 0, cut: false };
    let segments = replay(tiles, disk, chain, &mut tail, &mut replayed)?;
    let Replayed { heads, anchored, cut, .. } = replayed;
    let maker = Maker { disk, tiles, chain, minimum: kept.minimum };
    for stretch in Stretch::cover(tail.first_row / CHUNK) {
        if stretch.end() > kept.minimum && !stretch.path(dir).exists() {
            maker.make(stretch)?;
        }
    }
    Ok(Found { lock, shelf, tail, kept, segments, time, heads, anchored, cut })
}

/// What the last published entries say of the time.
fn last_time(tiles: Tiles<'_>) -> Result<Time, StartError> {
    let Some(last) = tiles.size.checked_sub(1) else { return Ok(Time::default()) };
    let octets = tiles.entry(last)?.ok_or(StartError::Mismatch("its last entry is missing"))?;
    let last = parse_entry(&octets).map_err(|_| StartError::Mismatch("its last entry is malformed"))?;
    Ok(Time { order: last.order, clock: last.moment, unsettled: last.unsettled })
}

struct Replayed<'a> {
    time: &'a mut Time,
    heads: Vec<Head>,
    anchored: u64,
    cut: bool,
}

fn read_checkpoint(
    dir: &Path,
    origin: &str,
    key: &SigningKey,
    disk: &dyn Disk,
) -> Result<Checkpoint, StartError> {
    let path = dir.join(CHECKPOINT);
    let octets = match layout::read(&path, MOST_NOTE)? {
        Some(octets) => octets,
        None if layout::numbers(dir, SEGMENTS)?.is_empty() && !dir.join("tile").exists() => {
            let octets = Checkpoint::sign(origin, 0, &Edge::default().root(), key)?;
            let mut out = Durable::new(disk, dir)?;
            // The journal's own name too, so that a crash leaves no segment without a checkpoint.
            out.write(&path, &octets)?;
            out.finish()?;
            disk.sync_directory(
                dir.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")),
            )?;
            octets
        }
        None => return Err(StartError::Mismatch("its checkpoint is missing")),
    };
    let checkpoint =
        parse_checkpoint(&octets).map_err(|_| StartError::Mismatch("its checkpoint is malformed"))?;
    if checkpoint.origin != origin || checkpoint.verify(&key.verifying_key()?).is_err() {
        return Err(StartError::Foreign);
    }
    Ok(checkpoint)
}

/// Recomputes the right edge from the tiles and the partial bundle, and compares it with the checkpoint.
pub(crate) fn read_shelf(tiles: Tiles<'_>, root: &Digest) -> Result<Shelf, StartError> {
    let damaged = |_| StartError::Mismatch("the right edge of its tree is damaged");
    let mut levels = Vec::new();
    for level in 0u8.. {
        let hashes = tiles.size >> (8 * u32::from(level)).min(63);
        if hashes == 0 {
            break;
        }
        let partial = !hashes.is_multiple_of(WIDE);
        levels.push(if partial { tiles.tile(level, hashes / WIDE).map_err(damaged)? } else { Vec::new() });
    }
    let mut bundle = Vec::new();
    if let Some(leaves) = levels.first().filter(|leaves| !leaves.is_empty()) {
        let entries = tiles.bundle(tiles.size / WIDE).map_err(damaged)?;
        if !entries.iter().map(|entry| leaf_digest(entry)).eq(leaves.iter().copied()) {
            return Err(StartError::Mismatch("the last bundle does not agree with its tile"));
        }
        for entry in entries {
            bundle::push(&mut bundle, &entry).map_err(|_| StartError::Mismatch("an entry is too long"))?;
        }
    }
    let edge = Edge::of_tiles(levels, tiles.size);
    if edge.root() != *root {
        return Err(StartError::Mismatch("its tree does not agree with the checkpoint"));
    }
    let history_size = layout::numbers(tiles.dir, HISTORY)?.last().copied().unwrap_or(0);
    Ok(Shelf { edge, bundle, history_size, day: None })
}

/// Reads the segments: what is published must be the same there, what is not is taken into the tail.
fn replay(
    tiles: Tiles<'_>,
    disk: &dyn Disk,
    chain: &Chain,
    tail: &mut Tail,
    replayed: &mut Replayed<'_>,
) -> Result<Vec<u64>, StartError> {
    let damaged = |_: BadFormat| StartError::Mismatch("a segment is damaged");
    let firsts = layout::numbers(tiles.dir, SEGMENTS)?;
    let limits = firsts.iter().skip(1).copied().chain([u64::MAX]);
    let mut before: Option<Head> = None;
    for (first, limit) in firsts.iter().copied().zip(limits) {
        let path = numbered(tiles.dir, SEGMENTS, first);
        let octets = layout::read(&path, MOST_SEGMENT)?.unwrap_or_default();
        let found = scan(&octets, first, limit, chain).map_err(damaged)?;
        if first > tail.next {
            return Err(StartError::Mismatch("entries before a segment are missing"));
        }
        let end = found.frames.last().map_or(first, Frame::end);
        if end < limit.min(tail.published) {
            return Err(StartError::Mismatch("a segment lacks entries that are published"));
        }
        for frame in found.frames {
            // Frames of two segments follow each other as those of one do.
            if before.is_some_and(|before| before.size == frame.first && before.tag != frame.before) {
                return Err(StartError::Mismatch("segments do not follow each other"));
            }
            before = Some(frame.head());
            replayed.heads.push(frame.head());
            replayed.anchored = replayed.anchored.max(frame.anchored);
            tail.tag = frame.tag;
            take_frame(tiles, frame, tail, replayed.time)?;
        }
        if let Some(torn) = found.torn {
            replayed.cut = true;
            cut(disk, &path, octets.len(), torn)?;
        }
    }
    Ok(firsts)
}

fn take_frame(tiles: Tiles<'_>, frame: Frame, tail: &mut Tail, time: &mut Time) -> Result<(), StartError> {
    if frame.end() <= tiles.size {
        let mut published = Vec::new();
        for number in frame.first / WIDE..=(frame.end() - 1) / WIDE {
            match tiles.tile(0, number) {
                Ok(hashes) => published.extend((number * WIDE..).zip(hashes)),
                // Below the minimum index a tile may be gone.
                Err(_) => return Ok(()),
            }
        }
        let same = |(index, leaf): (u64, &Digest)| {
            published.binary_search_by_key(&index, |(at, _)| *at).ok().and_then(|at| published.get(at))
                == Some(&(index, *leaf))
        };
        return if (frame.first..).zip(&frame.leaves).all(same) {
            Ok(())
        } else {
            Err(StartError::Mismatch("a segment does not agree with what is published"))
        };
    }
    if frame.first != tail.next {
        return Err(StartError::Mismatch("a batch is published in part"));
    }
    let entries: Result<Vec<_>, _> = frame.entries().into_iter().map(parse_entry).collect();
    let entries = entries.map_err(|_| StartError::Mismatch("a segment holds what is no entry"))?;
    for entry in &entries {
        time.follow(entry);
    }
    let rows = entries.iter().map(Row::of).collect();
    tail.push(frame, rows);
    Ok(())
}

/// Cuts a batch that a crash left unfinished: nobody was told of it.
fn cut(disk: &dyn Disk, path: &Path, length: usize, torn: usize) -> io::Result<()> {
    let file = File::options().read(true).write(true).open(path)?;
    disk.write_at(&file, &vec![0; length - torn], u64::try_from(torn).unwrap_or(u64::MAX))?;
    // A crash here leaves it torn or cut; the next opening comes here again.
    disk.sync(&file)
}
