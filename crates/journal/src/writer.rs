//! The writer: the one thread that appends to segments.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use honnin_seal::Digest;

use crate::bounds::State;
use crate::disk::is_full;
use crate::layout::{SEGMENTS, SPARE, numbered};
use crate::queue::{Forming, hold};
use crate::segment::Frame;
use crate::shelf::{Shared, Spare};
use crate::{AppendError, anchoring};

/// Entries that wait for publication before the publisher is woken early: 64 bundles.
///
/// A round has some ten syncs besides those of its full bundles. At tens of thousands of entries a second a
/// round for every bundle would cost more than the entries, and the writer's own sync would wait for it.
const MANY: u64 = 64 * crate::bundle::WIDE;

/// A frame is written with zeros up to the next multiple of this, the page size of common machines.
///
/// The segment holds zeros there already. But a page written only in part is first read from the disk, where it is no
/// longer in memory, and everybody who waits for the batch would wait for that.
const PAGE: u64 = 4096;

struct Active {
    file: File,
    at: u64,
    length: u64,
}

/// The thread's own state.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    segment: Option<Active>,
    next: u64,
    /// The check of the frame before.
    before: Digest,
    /// The pages of the batch that is being written.
    pages: Vec<u8>,
}

/// Whatever ends the writer, nobody waits for ever.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        if panicked {
            self.0.set_state(State::Failed);
        }
        self.0.queue.refuse(if panicked { AppendError::Failed } else { AppendError::Closed });
        while let Some(forming) = self.0.queue.next() {
            forming.release(Err(AppendError::Failed));
        }
    }
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, next: u64, before: Digest) -> Self {
        Self { shared, segment: None, next, before, pages: Vec::new() }
    }

    /// Writes batches until the queue is closed.
    pub(crate) fn run(mut self) {
        let ending = Ending(Arc::clone(&self.shared));
        while let Some(mut forming) = self.shared.queue.next() {
            let outcome = self.append(&mut forming);
            match outcome {
                Ok(_) => self.shared.set_state(State::Ready),
                Err(AppendError::Full) => self.shared.set_state(State::Full),
                Err(_) => {
                    self.shared.set_state(State::Failed);
                    self.shared.queue.refuse(AppendError::Failed);
                }
            }
            forming.release(outcome);
        }
        drop(ending);
    }

    /// Makes one batch durable; gives the index of its first entry.
    fn append(&mut self, forming: &mut Forming) -> Result<u64, AppendError> {
        if self.shared.state() == State::Failed {
            return Err(AppendError::Failed);
        }
        let first = self.next;
        let octets = std::mem::take(&mut forming.octets);
        // Before the frame is written, so that it never says too much.
        let anchored = hold(&self.shared.anchored).size;
        let frame = Frame::of(octets, (first, anchored), self.before, &self.shared.chain)
            .map_err(|_| AppendError::TooLong)?;
        let length = u64::try_from(frame.octets().len()).map_err(|_| AppendError::TooLong)?;
        if self.segment.as_ref().is_none_or(|active| active.at + length > active.length) {
            // Whether or not a segment is opened, the old one is at its end: a file that a failure leaves under the
            // next index says that nothing from that index on stands in front of it.
            self.segment = None;
            let opened = self.open_segment(length);
            // The next spare is wanted, or room by publishing what is there.
            self.shared.wanted.notify_one();
            self.segment = Some(opened?);
        }
        let Some(active) = self.segment.as_mut() else { return Err(AppendError::Failed) };
        // A failed write leaves part of a frame where the next one will be written; until then it reads as a
        // batch that nobody was told of.
        let end = (active.at + length).next_multiple_of(PAGE).min(active.length);
        self.pages.clear();
        self.pages.extend_from_slice(frame.octets());
        self.pages.resize(usize::try_from(end - active.at).map_err(|_| AppendError::TooLong)?, 0);
        self.shared.disk.write_at(&active.file, &self.pages, active.at).map_err(|error| refuse(&error))?;
        // A crash here may leave the frame, whole or torn: recorded, and never acknowledged.
        // After a failed sync the kernel may have dropped the pages and call the next sync a success, so nothing
        // that this run wrote can be believed any more: failed until the segments are read again.
        self.shared.disk.sync(&active.file).map_err(|_| AppendError::Failed)?;
        // From here on a crash loses nothing of this batch.
        active.at += length;
        (self.next, self.before) = (frame.end(), frame.tag);
        let waiting = {
            let mut tail = hold(&self.shared.tail);
            tail.push(frame, std::mem::take(&mut forming.rows));
            tail.next - tail.published
        };
        anchoring::note_durable(&self.shared, self.next);
        if waiting >= MANY {
            self.shared.wanted.notify_one();
        }
        Ok(first)
    }

    /// Takes the spare segment, or makes one where none is ready.
    fn open_segment(&self, least: u64) -> Result<Active, AppendError> {
        let Shared { dir, disk, bounds, .. } = &*self.shared;
        let mut segments = hold(&self.shared.segments);
        if segments.len() >= bounds.most_segments && segments.last() != Some(&self.next) {
            return Err(AppendError::Full);
        }
        let path = numbered(dir, SEGMENTS, self.next);
        let folder = dir.join(SEGMENTS);
        let length = bounds.segment_octets.max(least);
        let file = if let Some(Spare(file)) = self.take_spare(&folder, &path, least)? {
            file
        } else {
            let file = disk.create(&path).map_err(|error| refuse(&error))?;
            disk.allocate(&file, length).map_err(|error| refuse(&error))?;
            disk.sync(&file).map_err(|error| refuse(&error))?;
            file
        };
        // The name must be durable before anything in the segment is acknowledged.
        disk.sync_directory(&folder).map_err(|error| refuse(&error))?;
        if segments.last() != Some(&self.next) {
            segments.push(self.next);
        }
        Ok(Active { file, at: 0, length })
    }

    /// The spare segment under its new name, where one is ready and large enough.
    fn take_spare(&self, folder: &Path, path: &Path, least: u64) -> Result<Option<Spare>, AppendError> {
        let Shared { disk, bounds, .. } = &*self.shared;
        // Held until the file has its name: the publisher makes the next spare as soon as it sees none, and while
        // the old name is still taken it would empty the segment we are about to write to.
        let mut ready = hold(&self.shared.spare);
        let spare = ready.take().filter(|_| least <= bounds.segment_octets);
        if spare.is_some() {
            // A crash after this leaves an empty segment, which holds no entry and is removed when covered.
            disk.rename(&folder.join(SPARE), path).map_err(|error| refuse(&error))?;
        }
        drop(ready);
        Ok(spare)
    }
}

fn refuse(error: &io::Error) -> AppendError {
    if is_full(error) { AppendError::Full } else { AppendError::Failed }
}
