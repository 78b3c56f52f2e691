//! The publisher works in short steps and stands back after each: nobody waits for it meanwhile, and a crash at any of those
//! moments is repaired.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::*;
use crate::disk::{Disk, RealDisk};
use crate::index::{CHUNK, Maker, Row};
use crate::pace::{Pace, Steps};
use crate::publish::{prepare_spare, publish_held, stand_back};
use crate::queue::hold;
use crate::run::{OWNER, Run, Stretch};
use crate::shelf::Shared;
use crate::tiles::Tiles;

/// However long the machine takes for it.
const LONG: Duration = Duration::from_hours(1);

/// A head that is anchored once stays as it is while a test copies files.
fn still(segment_octets: u64) -> Bounds {
    Bounds { segment_octets, anchor_millis: 3_600_000, ..Bounds::default() }
}

/// A clock by which every step takes a millisecond.
fn ticking() -> impl Fn() -> Duration {
    let ticks = Cell::new(0);
    move || {
        ticks.set(ticks.get() + 1);
        Duration::from_millis(ticks.get())
    }
}

/// What a crash at this moment would leave.
fn crashed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in files(dir) {
        let target = copy.path().join(file.strip_prefix(dir).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, target).unwrap();
    }
    copy
}

/// Appends so many entries; their publisher is held by the test.
fn fill(journal: &Journal, count: i64) {
    for first in (0..count).step_by(1_000) {
        let some = (first..count.min(first + 1_000)).map(|n| own(n / 100, 5));
        assert!(append_all(journal, some).iter().all(Result::is_ok));
    }
    journal.anchor().unwrap();
}

/// Counts what is done to the disk.
#[derive(Default)]
struct Counted(AtomicUsize);

impl Counted {
    fn one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Disk for Counted {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.one();
        RealDisk.create(path)
    }
    fn write_at(&self, file: &File, octets: &[u8], at: u64) -> io::Result<()> {
        self.one();
        RealDisk.write_at(file, octets, at)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.one();
        RealDisk.rename(from, to)
    }
}

#[test]
fn a_round_is_made_in_short_steps() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(Counted::default()));
    let shown: Arc<dyn Disk> = Arc::<Counted>::clone(&disk);
    let journal = Journal::open_on(opening(dir.path(), still(16 << 20)), shown).unwrap();
    let shared = journal.shared_for_tests();
    let mut shelf = hold(&shared.shelf);
    fill(&journal, 20_000);
    let before = disk.0.load(Ordering::Relaxed);
    let pauses = RefCell::new(vec![before]);
    let (clock, sleep) = (ticking(), |_| pauses.borrow_mut().push(disk.0.load(Ordering::Relaxed)));
    publish_held(shared, &mut shelf, &mut Steps::of(Pace::of(LONG), &clock, &sleep)).unwrap();
    drop(shelf);
    pauses.borrow_mut().push(disk.0.load(Ordering::Relaxed));
    let acts: Vec<usize> = pauses.borrow().windows(2).map(|two| two[1] - two[0]).collect();
    assert!(acts.iter().sum::<usize>() > 400, "a round of many files: {acts:?}");
    assert!(acts.iter().all(|acts| *acts <= 20), "{acts:?}");
    journal.close().unwrap();
    assert_eq!(check(dir.path()).unwrap().size, 20_000);
}

#[test]
fn a_run_of_the_index_is_made_in_short_steps() {
    let dir = tempfile::tempdir().unwrap();
    let chain = chain();
    let tiles = Tiles { dir: dir.path(), size: 0 };
    let maker = Maker { disk: &RealDisk, tiles, chain: &chain, minimum: 0 };
    let name =
        |n: u64| Pseudonym(n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes().repeat(2).try_into().unwrap());
    let row =
        |n| Row::of(&Entry { viewer: name(n), owner: name(n), ..Entry::blank(Kind::Disclosure, at(1), 1) });
    let rows: Vec<Row> = (0..30_000).map(row).collect();
    let pauses = Cell::new(0);
    let (clock, sleep) = (ticking(), |_| pauses.set(pauses.get() + 1));
    maker.chunk(0, 0, &rows, &mut Steps::of(Pace::of(LONG), &clock, &sleep)).unwrap();
    // Taken in eight parts, sorted in 32, written in five.
    assert_eq!(pauses.get(), 8 + 32 + 5);
    let run = Run::open(dir.path(), Stretch { level: 0, number: 0 }, &chain).unwrap();
    assert!(run.check().is_ok());
    for n in [0, 1, 4_095, 4_096, 29_999] {
        assert_eq!(run.find(name(n), OWNER, CHUNK, 9).unwrap(), [u32::try_from(n).unwrap()]);
    }
}

#[test]
fn whoever_comes_while_it_stands_back_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Arc::new(Journal::open(opening(dir.path(), still(64 << 10))).unwrap());
    let shared = journal.shared_for_tests();
    let mut shelf = hold(&shared.shelf);
    fill(&journal, 2_600);
    let came = Cell::new(0);
    let sleep = |_| {
        came.set(came.get() + 1);
        let (guest, (said, heard)) = (Arc::clone(&journal), channel());
        std::thread::spawn(move || {
            let query = Query { pseudonyms: &[person(6)], from: at(0), to: at(99), before: None, limit: 99 };
            let index = put(&guest, &own(50, 6));
            said.send(index.is_ok() && !guest.by_owner(&query).unwrap().is_empty()).unwrap();
        });
        assert_eq!(heard.recv_timeout(Duration::from_mins(1)), Ok(true), "step {}", came.get());
    };
    let clock = ticking();
    publish_held(shared, &mut shelf, &mut Steps::of(Pace::of(LONG), &clock, &sleep)).unwrap();
    assert!(came.get() > 10, "{}", came.get());
    drop(shelf);
    journal.publish().unwrap();
    assert_eq!(check(dir.path()).unwrap().size, 2_600 + came.get());
}

#[test]
fn a_crash_while_it_stands_back_is_repaired() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(opening(dir.path(), still(64 << 10))).unwrap();
    let shared = journal.shared_for_tests();
    let mut shelf = hold(&shared.shelf);
    fill(&journal, 2_600);
    let crashes = Cell::new(0);
    let sleep = |_| {
        crashes.set(crashes.get() + 1);
        let copy = crashed(dir.path());
        let report = check(copy.path()).unwrap();
        assert_eq!(report.size + report.unpublished, 2_600, "step {}", crashes.get());
        let again = open(copy.path());
        assert_eq!((again.size(), put(&again, &own(60, 7))), (2_600, Ok(2_600)));
        again.close().unwrap();
        assert_eq!(check(copy.path()).unwrap().size, 2_601, "step {}", crashes.get());
    };
    let clock = ticking();
    publish_held(shared, &mut shelf, &mut Steps::of(Pace::of(LONG), &clock, &sleep)).unwrap();
    assert!(crashes.get() > 10, "{}", crashes.get());
    drop(shelf);
    journal.close().unwrap();
    assert_eq!(check(dir.path()).unwrap().size, 2_600);
}

#[test]
fn a_spare_that_is_half_made_is_nobodys_segment() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(opening(dir.path(), still(3 << 20))).unwrap();
    let shared = Arc::clone(&journal.shared);
    fill(&journal, 10);
    // Its publisher, which would make one as well, has ended.
    journal.close().unwrap();
    drop(hold(&shared.spare).take());
    let pieces = Cell::new(0);
    let sleep = |_| {
        pieces.set(pieces.get() + 1);
        let copy = crashed(dir.path());
        let again = open(copy.path());
        assert_eq!((again.size(), put(&again, &own(60, 7))), (10, Ok(10)));
        again.close().unwrap();
        assert_eq!(check(copy.path()).unwrap().size, 11);
        // Whoever needs one before it is made makes one of its own.
        assert!(hold(&shared.spare).is_none());
    };
    let clock = ticking();
    prepare_spare(&shared, &mut Steps::of(Pace::of(LONG), &clock, &sleep));
    assert_eq!(pieces.get(), 3, "a megabyte in each step");
    assert!(hold(&shared.spare).is_some());
}

#[test]
fn closing_waits_for_nobody_who_stands_back() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(opening(dir.path(), small())).unwrap();
    let (said, heard) = channel();
    let begins = |shared: Arc<Shared>| {
        let said = said.clone();
        std::thread::spawn(move || {
            stand_back(&shared, LONG);
            said.send(()).unwrap();
        });
    };
    let shared = Arc::clone(&journal.shared);
    begins(Arc::clone(&shared));
    journal.close().unwrap();
    begins(shared);
    for which in ["before", "after"] {
        assert_eq!(heard.recv_timeout(Duration::from_mins(1)), Ok(()), "{which}");
    }
}
