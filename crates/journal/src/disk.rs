//! The few acts on files that durability rests on, behind a trait so that tests can make each of them fail.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, syncfs};

use crate::pace::Steps;

/// Acts on files. Each is done when it returns without an error; after an error it may or may not be done.
///
/// As they stand here they are the real thing; a test writes anew the acts that it makes fail.
pub(crate) trait Disk: Send + Sync {
    /// Makes an empty file, in place of one of that name.
    fn create(&self, path: &Path) -> io::Result<File> {
        File::options().read(true).write(true).create(true).truncate(true).open(path)
    }

    /// Reserves that many octets for a file; they read as zeros.
    fn allocate(&self, file: &File, length: u64) -> io::Result<()> {
        match fallocate(file, FallocateFlags::empty(), 0, length) {
            Err(error) if error == rustix::io::Errno::OPNOTSUPP => fill(self, file, length),
            done => done.map_err(io::Error::from),
        }
    }

    /// Writes all octets at that place.
    fn write_at(&self, file: &File, octets: &[u8], at: u64) -> io::Result<()> {
        file.write_all_at(octets, at)
    }

    /// Makes what was written to the file durable.
    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    /// Names a file anew, in place of one of that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    /// Makes the names in a directory durable.
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    /// Makes everything durable that was written, since that file was opened, to the volume it is on.
    fn sync_volume(&self, on: &File) -> io::Result<()> {
        syncfs(on).map_err(io::Error::from)
    }

    /// Removes a file; one that is not there is no error.
    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }
}

/// The real thing.
#[derive(Debug)]
pub(crate) struct RealDisk;

impl Disk for RealDisk {}

/// Writes zeros over the whole of a file.
///
/// A preallocated block that was never written costs a change of the file system's own records at the first
/// sync after its first write; one that holds zeros does not.
pub(crate) fn fill<D: Disk + ?Sized>(disk: &D, file: &File, length: u64) -> io::Result<()> {
    fill_between(disk, file, 0, length)
}

/// The same of a part of it.
pub(crate) fn fill_between<D: Disk + ?Sized>(disk: &D, file: &File, mut at: u64, end: u64) -> io::Result<()> {
    static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
    while at < end {
        let step = usize::try_from(end - at).unwrap_or(usize::MAX).min(ZEROS.len());
        disk.write_at(file, ZEROS.get(..step).unwrap_or(&ZEROS), at)?;
        at += u64::try_from(step).unwrap_or(u64::MAX);
    }
    Ok(())
}

/// Whether an error says that there is no room.
pub(crate) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// From so many files on, the volume is synced once in place of each file.
///
/// A sync of one file costs the file system about as much as one of them all, and a busy round writes a hundred.
/// Below it the volume is left alone, because others may be writing to it.
const MANY_FILES: usize = 8;

/// Files that get their names in one step.
const NAMES: usize = 16;

/// Writes whole files so that each is there whole or not at all, all of them and durable after [`Self::finish`].
pub(crate) struct Durable<'a> {
    disk: &'a dyn Disk,
    /// Any file of the volume, opened before anything is written: a sync tells of failures since then.
    volume: File,
    written: Vec<Written>,
    /// The first of what was written, to be synced one by one while there are few.
    few: Vec<File>,
    directories: BTreeSet<PathBuf>,
}

/// A file that was written beside its place.
struct Written {
    beside: PathBuf,
    place: PathBuf,
}

impl<'a> Durable<'a> {
    /// Begins; the directory must be there and on the volume of whatever is written.
    pub(crate) fn new(disk: &'a dyn Disk, directory: &Path) -> io::Result<Self> {
        let volume = File::open(directory)?;
        Ok(Self { disk, volume, written: Vec::new(), few: Vec::new(), directories: BTreeSet::new() })
    }

    /// Writes a file beside its place.
    pub(crate) fn write(&mut self, path: &Path, octets: &[u8]) -> io::Result<()> {
        self.make(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        let beside = path.with_extension("tmp");
        let file = self.disk.create(&beside)?;
        self.disk.write_at(&file, octets, 0)?;
        if self.few.len() < MANY_FILES {
            self.few.push(file);
        }
        self.written.push(Written { beside, place: path.to_owned() });
        Ok(())
    }

    fn make(&mut self, directory: &Path) -> io::Result<()> {
        if directory.is_dir() {
            return Ok(());
        }
        if let Some(parent) = directory.parent() {
            self.make(parent)?;
            self.directories.insert(parent.to_owned());
        }
        match fs::create_dir(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// Makes what was written durable, then puts it into its place, then makes all names durable.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.finish_in(&mut Steps::at_once())
    }

    /// As [`Self::finish`], in steps.
    pub(crate) fn finish_in(&mut self, steps: &mut Steps<'_>) -> io::Result<()> {
        let (written, few) = (std::mem::take(&mut self.written), std::mem::take(&mut self.few));
        if written.len() < MANY_FILES {
            for file in &few {
                self.disk.sync(file)?;
            }
        } else {
            self.disk.sync_volume(&self.volume)?;
        }
        // A crash here leaves files beside their places, which nobody reads and the next writing replaces.
        for some in written.chunks(NAMES) {
            steps.done();
            for Written { beside, place } in some {
                self.disk.rename(beside, place)?;
                self.directories.extend(place.parent().map(Path::to_owned));
            }
        }
        steps.done();
        // A crash here leaves the old content of each or the new one, whole.
        if self.directories.len() < MANY_FILES {
            for directory in &self.directories {
                self.disk.sync_directory(directory)?;
            }
        } else {
            self.disk.sync_volume(&self.volume)?;
        }
        self.directories.clear();
        Ok(())
    }
}
