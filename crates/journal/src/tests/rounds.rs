//! A publication ends, however much is appended meanwhile; a day is kept in the history whatever its first round held.

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
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let journal = hold(&self.0).upgrade().filter(|_| to.ends_with(CHECKPOINT));
        if let Some(journal) = journal {
            assert!(put(&journal, &own(2, 1)).is_ok());
        }
        RealDisk.rename(from, to)
    }
}

#[test]
fn what_comes_while_it_publishes_waits_for_the_next_time() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Arriving::default());
    let shown: Arc<dyn Disk> = Arc::<Arriving>::clone(&disk);
    let journal = Arc::new(Journal::open_on(opening(dir.path(), small()), shown).unwrap());
    assert_eq!(put(&journal, &own(1, 1)), Ok(0));
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

#[test]
fn a_day_whose_first_round_filled_no_tile_is_kept_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    for entries in [0..100, 100..700] {
        assert!(append_all(&journal, entries.map(|n| own(n, 1))).iter().all(Result::is_ok));
        journal.publish().unwrap();
    }
    journal.close().unwrap();
    assert!(check(dir.path()).unwrap().history > 0);
}
