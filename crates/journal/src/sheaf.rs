//! Files of a copy, written one by one and made durable together, a bounded part of them at a time.
//!
//! Whoever serves makes its journal durable on the same volume many times a second. A sync of each small file of a copy has
//! the file system write its own records each time, and the server's syncs wait behind them; a sync of everything at the end
//! floods the volume. So files are begun to be written out as soon as they are there, and synced so many at a time: the
//! first sync of a sheaf writes the records of all, and no more than that much waits to be written at any moment.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Advice, fadvise};

use crate::entry::HEADER;
use crate::segment::ALIGN;

/// What is read and written at once.
const PIECE: usize = 64 * 1024;
/// So many files, or octets of files, wait for their sync at most.
pub(crate) const MOST_FILES: usize = 64;
pub(crate) const MOST_OCTETS: u64 = 4 << 20;
/// How much is kept of the zeros after the last octet that is none: a frame may end in zeros of its own, of nobody's entry
/// without a body, and they are fewer than the longest head of an entry.
const ZEROS: usize = HEADER.next_multiple_of(ALIGN);

type Sync<'a> = dyn Fn(&File) -> io::Result<()> + 'a;

/// Files that were written and are not durable yet.
pub(crate) struct Sheaf<'a> {
    sync: &'a Sync<'a>,
    step: &'a mut dyn FnMut(),
    files: Vec<File>,
    octets: u64,
}

impl<'a> Sheaf<'a> {
    /// Begins; `sync` makes a file durable, and `step` is called between two pieces of work.
    pub(crate) fn new(sync: &'a Sync<'a>, step: &'a mut dyn FnMut()) -> Self {
        Self { sync, step, files: Vec::new(), octets: 0 }
    }

    /// Makes durable what is not yet.
    pub(crate) fn bind(&mut self) -> io::Result<()> {
        self.octets = 0;
        for file in self.files.drain(..) {
            (self.sync)(&file)?;
            (self.step)();
        }
        Ok(())
    }

    /// Writes a file.
    pub(crate) fn write(&mut self, to: &Path, from: &mut dyn Read) -> io::Result<()> {
        let file = made(to)?;
        let (mut piece, mut written) = (vec![0; PIECE], 0);
        loop {
            let read = from.read(&mut piece)?;
            let Some(octets) = piece.get(..read).filter(|octets| !octets.is_empty()) else { break };
            file.write_all_at(octets, written)?;
            written += count(read);
            self.wrote(&file, read)?;
        }
        self.take(file)
    }

    /// Writes a segment without what was reserved and not yet written, but for some of it. A frame ends where the next may
    /// begin.
    pub(crate) fn write_segment(&mut self, to: &Path, segment: &mut File) -> io::Result<()> {
        let file = made(to)?;
        let (mut piece, mut written, mut end) = (vec![0; PIECE], 0, 0);
        loop {
            let read = segment.read(&mut piece)?;
            let Some(octets) = piece.get(..read).filter(|octets| !octets.is_empty()) else { break };
            if let Some(last) = octets.iter().rposition(|octet| *octet != 0) {
                // Zeros in between are not written; they read as zeros.
                file.write_all_at(octets, written)?;
                end = written + count(last + 1);
            }
            written += count(read);
            self.wrote(&file, read)?;
        }
        file.set_len(end.next_multiple_of(count(ALIGN)).saturating_add(count(ZEROS)).min(written))?;
        self.take(file)
    }

    /// A piece of a file was written, which is not whole yet.
    fn wrote(&mut self, file: &File, octets: usize) -> io::Result<()> {
        self.octets += count(octets);
        if self.octets >= MOST_OCTETS {
            (self.sync)(file)?;
            self.bind()?;
        }
        (self.step)();
        Ok(())
    }

    /// A file is whole.
    fn take(&mut self, file: File) -> io::Result<()> {
        // Has the system begin to write it out, without waiting; where it does not, its sync does.
        fadvise(&file, 0, None, Advice::DontNeed).unwrap_or_default();
        self.files.push(file);
        if self.files.len() >= MOST_FILES { self.bind() } else { Ok(()) }
    }
}

fn made(to: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(to)
}

fn count(octets: usize) -> u64 {
    u64::try_from(octets).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn a_large_file_is_synced_every_few_megabytes() {
        let (dir, lengths, mut steps) = (tempfile::tempdir().unwrap(), RefCell::new(Vec::new()), 0);
        let sync = |file: &File| {
            lengths.borrow_mut().push(file.metadata()?.len());
            Ok(())
        };
        let mut step = || steps += 1;
        let length = 3 * MOST_OCTETS + 5;
        let mut sheaf = Sheaf::new(&sync, &mut step);
        sheaf.write(&dir.path().join("large"), &mut io::repeat(7).take(length)).unwrap();
        sheaf.bind().unwrap();
        drop(sheaf);
        assert_eq!(*lengths.borrow(), [MOST_OCTETS, 2 * MOST_OCTETS, 3 * MOST_OCTETS, length]);
        assert!(steps >= length / count(PIECE), "others go first between two pieces: {steps}");
    }

    #[test]
    fn small_files_are_synced_together_and_each_of_them() {
        let synced = RefCell::new(Vec::new());
        let sync = |_: &File| {
            synced.borrow_mut().push(());
            Ok(())
        };
        let dir = tempfile::tempdir().unwrap();
        let mut step = || {};
        let mut sheaf = Sheaf::new(&sync, &mut step);
        for number in 0..=MOST_FILES {
            sheaf.write(&dir.path().join(number.to_string()), &mut &b"tile"[..]).unwrap();
            let done = synced.borrow().len();
            assert_eq!(done, if number + 1 < MOST_FILES { 0 } else { MOST_FILES });
        }
        sheaf.bind().unwrap();
        assert_eq!(synced.borrow().len(), MOST_FILES + 1);
    }

    #[test]
    fn a_sync_that_fails_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut step = || {};
        let fails = |_: &File| Err(io::ErrorKind::StorageFull.into());
        let mut sheaf = Sheaf::new(&fails, &mut step);
        sheaf.write(&dir.path().join("file"), &mut &b"tile"[..]).unwrap();
        assert_eq!(sheaf.bind().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
