//! Copies of a journal, made while it is written.
//!
//! # Security
//! A copy is a journal: what is in it verifies, and whoever has no key reads pseudonyms. What it lacks is what was written
//! since. It is for the caller to copy what the journal answers for *before* the journal.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use honnin_terms::LogId;
use rustix::fs::{Mode, OFlags};

use crate::history::MOST_CARRIED_OCTETS;
use crate::layout::{self, CARRIED, CHECKPOINT, HISTORY, LOCK, PRUNED, SEGMENTS, numbered};
use crate::note::MOST_NOTE;
use crate::sheaf::Sheaf;

/// The published tree in a log's directory.
const TREE: &str = "tile";
/// Of a writer that is at it, or was when its machine went down.
const UNFINISHED: &str = "tmp";
/// How often is looked again for what was written or removed meanwhile.
const TRIES: usize = 16;

/// Copies every log of the journal in `root` into `to`, which is made. The index is left out: it is made again.
///
/// # Errors
/// What the system says; `WouldBlock` where a log changes faster than it can be copied.
pub fn copy(root: &Path, to: &Path) -> io::Result<()> {
    copy_in_steps(root, to, &mut || {})
}

/// As [`copy`], and calls `step` between two small pieces of work: whoever copies beside others lets them go first there.
///
/// # Errors
/// As [`copy`].
pub fn copy_in_steps(root: &Path, to: &Path, step: &mut dyn FnMut()) -> io::Result<()> {
    make(to)?;
    let mut sheaf = Sheaf::new(&File::sync_all, step);
    for log in layout::logs(root)? {
        let name = log.to_string();
        copy_log(&root.join(&name), &to.join(&name), &mut sheaf)?;
    }
    File::open(to)?.sync_all()
}

/// Whether a process has that log open.
///
/// # Errors
/// What the system says.
pub fn is_written(root: &Path, log: LogId) -> io::Result<bool> {
    match lock(root, log) {
        Ok(_) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Every log of a journal, kept from whoever would write it until dropped.
#[derive(Debug)]
pub struct Held {
    _locks: Vec<File>,
}

/// Takes the lock of every log there is; `None` where a process has one of them open.
///
/// # Errors
/// What the system says.
pub fn hold(root: &Path) -> io::Result<Option<Held>> {
    let mut locks = Vec::new();
    for log in layout::logs(root)? {
        match lock(root, log) {
            Ok(held) => locks.extend(held),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(Some(Held { _locks: locks }))
}

/// The lock of a log, where that has one already.
fn lock(root: &Path, log: LogId) -> Result<Option<File>, TryLockError> {
    // Whoever asks may be root, and what lies there another user's: no link is followed, and no pipe is waited for.
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = root.join(log.to_string()).join(LOCK);
    let lock = match rustix::fs::open(&file, flags, Mode::empty()).map_err(io::Error::from) {
        Ok(lock) => File::from(lock),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(TryLockError::Error(error)),
    };
    lock.try_lock()?;
    Ok(Some(lock))
}

fn make(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// A round of files that belong together: segments are opened before the checkpoint is read, so that what is not in its
/// tree yet is in them; the tree only grows, so that it holds what the checkpoint says whenever it is copied after.
fn copy_log(from: &Path, to: &Path, sheaf: &mut Sheaf<'_>) -> io::Result<()> {
    make(to)?;
    for _ in 0..TRIES {
        let segments = layout::open_segments(from)?;
        let Some(checkpoint) = layout::read(&from.join(CHECKPOINT), MOST_NOTE)? else { continue };
        // A segment that was begun in between may be published in part, and is not among those that are open.
        let firsts: Vec<u64> = segments.iter().map(|(first, _)| *first).collect();
        if layout::numbers(from, SEGMENTS)?.iter().any(|first| !firsts.contains(first)) {
            continue;
        }
        // Before the first publication there is none.
        let mut whole = !from.join(TREE).exists();
        for _ in 0..TRIES {
            if whole {
                break;
            }
            let mut gone = false;
            copy_tree(&from.join(TREE), &to.join(TREE), &mut gone, sheaf)?;
            // One that went was made part of a wider one, which may not have been there when it was looked for.
            whole = !gone;
        }
        if !whole {
            continue;
        }
        copy_tree(&from.join(HISTORY), &to.join(HISTORY), &mut false, sheaf)?;
        for name in [CARRIED, PRUNED] {
            if let Some(octets) = layout::read(&from.join(name), MOST_CARRIED_OCTETS)? {
                sheaf.write(&to.join(name), &mut octets.as_slice())?;
            }
        }
        make(&to.join(SEGMENTS))?;
        for (first, mut segment) in segments {
            sheaf.write_segment(&numbered(to, SEGMENTS, first), &mut segment)?;
        }
        sheaf.write(&to.join(CHECKPOINT), &mut checkpoint.as_slice())?;
        sheaf.bind()?;
        File::open(to.join(SEGMENTS))?.sync_all()?;
        return File::open(to)?.sync_all();
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "the journal changes faster than it can be copied"))
}

/// Copies files that are not there yet: one that is there never changes.
fn copy_tree(from: &Path, to: &Path, gone: &mut bool, sheaf: &mut Sheaf<'_>) -> io::Result<()> {
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>(),
        Err(error) => Err(error),
    };
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            *gone = true;
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    make(to)?;
    // Widest last: what a wider one takes the place of is found to be gone before that is looked for.
    let names: BTreeSet<_> = entries.into_iter().map(|entry| entry.file_name()).collect();
    for name in names {
        let (from, to) = (from.join(&name), to.join(&name));
        if to.extension().is_some_and(|extension| extension == UNFINISHED) {
            continue;
        }
        let about = match fs::metadata(&from) {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                *gone = true;
                continue;
            }
            Err(error) => return Err(error),
        };
        if about.is_dir() {
            copy_tree(&from, &to, gone, sheaf)?;
        } else if !to.exists() {
            match File::open(&from) {
                Ok(mut file) => sheaf.write(&to, &mut file)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => *gone = true,
                Err(error) => return Err(error),
            }
        }
    }
    File::open(to)?.sync_all()
}
