//! A publication ends, however much is appended meanwhile.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use super::*;
use crate::disk::{Disk, RealDisk};
use crate::layout::CHECKPOINT;
use crate::queue::hold;

/// A disk on which an entry is appended whenever a checkpoint gets its name, while it is told so.
#[derive(Default)]
struct Arriving(Mutex<Weak<Journal>>);

impl Disk for Arriving {
    fn create(&self, path: &Path) -> io::Result<File> {
        RealDisk.create(path)
    }
    fn allocate(&self, file: &File, length: u64) -> io::Result<()> {
        RealDisk.allocate(file, length)
    }
    fn write_at(&self, file: &File, octets: &[u8], at: u64) -> io::Result<()> {
        RealDisk.write_at(file, octets, at)
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        RealDisk.sync(file)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let journal = hold(&self.0).upgrade().filter(|_| to.ends_with(CHECKPOINT));
        if let Some(journal) = journal {
            assert!(journal.append_blocking(&own(2, 1)).is_ok());
        }
        RealDisk.rename(from, to)
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_directory(path)
    }
    fn sync_volume(&self, on: &File) -> io::Result<()> {
        RealDisk.sync_volume(on)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
}

#[test]
fn what_comes_while_it_publishes_waits_for_the_next_time() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Arriving::default());
    let shown: Arc<dyn Disk> = Arc::<Arriving>::clone(&disk);
    let journal = Arc::new(Journal::open_on(dir.path(), ORIGIN, signing_key(), small(), shown).unwrap());
    assert_eq!(journal.append_blocking(&own(1, 1)), Ok(0));
    *hold(&disk.0) = Arc::downgrade(&journal);
    let (done, ended) = channel();
    let publishing = Arc::clone(&journal);
    std::thread::spawn(move || {
        let outcome = publishing.publish();
        drop(publishing);
        done.send(outcome.is_ok()).unwrap();
    });
    let ended = ended.recv_timeout(Duration::from_mins(1));
    *hold(&disk.0) = Weak::new();
    assert_eq!(ended, Ok(true), "it went on for what came meanwhile");
    // The publisher's own thread may be appending its last one.
    for _ in 0..6_000 {
        if Arc::strong_count(&journal) == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Arc::into_inner(journal).unwrap().close().unwrap();
    assert!(check(dir.path()).unwrap().size >= 2);
}
