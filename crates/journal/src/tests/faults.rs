//! Each act on the disk fails once as failed and not done, and once as failed although done.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Arc, Mutex};

use super::*;
use crate::disk::{Disk, RealDisk};
use crate::queue::hold;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Create,
    Allocate,
    Write,
    Sync,
    Rename,
    SyncDirectory,
    SyncVolume,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The act fails and is not done.
    Lost,
    /// The act is done and says that it failed.
    Kept,
    /// As `Lost`, for want of room, until the test makes room.
    NoRoom,
}

/// A disk that fails the nth act of a kind from the moment it is told to.
#[derive(Default)]
struct FailingDisk(Mutex<Plan>);

#[derive(Default)]
struct Plan {
    fault: Option<(Act, usize, Fault)>,
    /// Whether only the writer's acts are counted, whatever the publisher does beside it.
    of_writer: bool,
    struck: bool,
    /// What unsynced writes replaced, newest last, so that a lost sync can lose them.
    unsynced: Vec<(u64, File, u64, Vec<u8>)>,
}

impl FailingDisk {
    fn fail(&self, act: Act, after: usize, fault: Fault) {
        hold(&self.0).fault = Some((act, after, fault));
    }

    /// Fails the writer's next act of that kind.
    fn fail_writer(&self, act: Act, fault: Fault) {
        let mut plan = hold(&self.0);
        (plan.fault, plan.of_writer) = (Some((act, 0, fault)), true);
    }

    fn heal(&self) -> bool {
        let mut plan = hold(&self.0);
        plan.fault = None;
        std::mem::take(&mut plan.struck)
    }

    fn act<T>(&self, act: Act, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let fault = {
            let mut plan = hold(&self.0);
            let counts = !plan.of_writer || std::thread::current().name() == Some("journal writer");
            match plan.fault.filter(|_| counts) {
                Some((wanted, 0, fault)) if wanted == act => {
                    plan.struck = true;
                    if fault != Fault::NoRoom {
                        plan.fault = None;
                    }
                    Some(fault)
                }
                Some((wanted, after, fault)) if wanted == act => {
                    plan.fault = Some((wanted, after - 1, fault));
                    None
                }
                Some(_) | None => None,
            }
        };
        match fault {
            None => work(),
            Some(Fault::Lost) => Err(io::Error::other("the test says so")),
            Some(Fault::NoRoom) => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::Kept) => work().and(Err(io::Error::other("the test says so"))),
        }
    }

    /// Forgets or takes back what was written to a file and not synced.
    fn settle(&self, synced: &File, lose: bool) {
        let number = synced.metadata().unwrap().ino();
        let written: Vec<_> = hold(&self.0).unsynced.extract_if(.., |write| write.0 == number).collect();
        for (_, file, at, before) in written.into_iter().rev().filter(|_| lose) {
            file.write_all_at(&before, at).unwrap();
        }
    }
}

impl Disk for FailingDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.act(Act::Create, || RealDisk.create(path))
    }
    fn allocate(&self, file: &File, length: u64) -> io::Result<()> {
        self.act(Act::Allocate, || RealDisk.allocate(file, length))
    }
    fn write_at(&self, file: &File, octets: &[u8], at: u64) -> io::Result<()> {
        self.act(Act::Write, || {
            let mut before = vec![0; octets.len()];
            let _: usize = file.read_at(&mut before, at)?;
            hold(&self.0).unsynced.push((file.metadata()?.ino(), file.try_clone()?, at, before));
            RealDisk.write_at(file, octets, at)
        })
    }
    fn sync(&self, file: &File) -> io::Result<()> {
        let outcome = self.act(Act::Sync, || {
            self.settle(file, false);
            RealDisk.sync(file)
        });
        self.settle(file, outcome.is_err());
        outcome
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.act(Act::Rename, || RealDisk.rename(from, to))
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.act(Act::SyncDirectory, || RealDisk.sync_directory(path))
    }
    fn sync_volume(&self, on: &File) -> io::Result<()> {
        self.act(Act::SyncVolume, || RealDisk.sync_volume(on))
    }
}

const ACTS: [Act; 6] = [Act::Create, Act::Allocate, Act::Write, Act::Sync, Act::Rename, Act::SyncDirectory];

fn start(dir: &Path, disk: &Arc<FailingDisk>, bounds: Bounds) -> Journal {
    let disk: Arc<dyn Disk> = Arc::<FailingDisk>::clone(disk);
    Journal::open_on(opening(dir, bounds), disk).unwrap()
}

/// What was acknowledged is there; what is there was appended; nothing else.
fn nothing_was_lost(dir: &Path, acknowledged: &[(u64, Entry)], appended: usize) {
    let journal = open(dir);
    for (index, entry) in acknowledged {
        assert_eq!(journal.read_at(*index).unwrap(), *entry, "entry {index} was acknowledged");
    }
    assert!(journal.size() <= u64::try_from(appended).unwrap(), "an entry is there twice");
    journal.close().unwrap();
    check(dir).unwrap();
}

#[test]
fn whatever_fails_once_nothing_acknowledged_is_lost() {
    let mut struck = 0;
    for act in ACTS {
        for fault in [Fault::Lost, Fault::Kept] {
            for after in 0..7 {
                let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(FailingDisk::default()));
                // Segments of four entries, so that rotation fails too.
                let bounds = Bounds { segment_octets: 1024, ..Bounds::default() };
                let journal = start(dir.path(), &disk, bounds);
                let (mut acknowledged, mut appended) = (Vec::new(), 0);
                disk.fail(act, after, fault);
                for n in 0..40 {
                    let entry = own(n, u8::try_from(n).unwrap());
                    appended += 1;
                    if let Ok(index) = put(&journal, &entry) {
                        acknowledged.push((index, entry));
                    }
                    if n % 8 == 7 {
                        // A failed publication is made good by a later one.
                        drop(journal.publish());
                    }
                }
                if journal.state() != State::Failed {
                    journal.publish().unwrap();
                    assert!(check(dir.path()).is_ok(), "{act:?} {fault:?} {after}");
                }
                struck += usize::from(disk.heal());
                drop(journal);
                nothing_was_lost(dir.path(), &acknowledged, appended);
            }
        }
    }
    assert!(struck > 60, "only {struck} of the faults were met");
}

#[test]
fn a_volume_that_was_not_synced_is_made_good_by_the_next_round() {
    for fault in [Fault::Lost, Fault::Kept] {
        for after in 0..2 {
            let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(FailingDisk::default()));
            let journal = start(dir.path(), &disk, Bounds::default());
            // A round of many files: ten bundles and as many tiles.
            let held = hold(&journal.shared_for_tests().shelf);
            let outcomes = append_all(&journal, (0..2_600).map(|n| own(n, 5)));
            assert!(outcomes.iter().all(Result::is_ok));
            disk.fail(Act::SyncVolume, after, fault);
            drop(held);
            drop(journal.publish());
            assert!(check(dir.path()).is_ok(), "what is published is whole");
            assert!(disk.heal(), "{fault:?} {after}");
            journal.publish().unwrap();
            assert_eq!(check(dir.path()).unwrap().size, 2_600);
            drop(journal);
        }
    }
}

#[test]
fn after_a_failed_sync_nothing_is_taken_until_it_is_opened_again() {
    for fault in [Fault::Lost, Fault::Kept] {
        let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(FailingDisk::default()));
        let journal = start(dir.path(), &disk, small());
        assert_eq!(put(&journal, &own(1, 1)), Ok(0));
        journal.publish().unwrap();
        disk.fail_writer(Act::Sync, fault);
        assert_eq!(put(&journal, &own(2, 1)), Err(AppendError::Failed));
        assert_eq!(put(&journal, &own(3, 1)), Err(AppendError::Failed));
        assert_eq!(journal.state(), State::Failed);
        drop(journal);
        let journal = open(dir.path());
        // What was kept is recorded although nobody was told: a disclosure too many, never one too few.
        assert_eq!(journal.size(), if fault == Fault::Kept { 2 } else { 1 });
        assert!(put(&journal, &own(4, 1)).is_ok());
        journal.close().unwrap();
        check(dir.path()).unwrap();
    }
}

#[test]
fn a_full_disk_refuses_entries_and_takes_them_again_when_there_is_room() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(FailingDisk::default()));
    let bounds = Bounds { segment_octets: 1024, ..Bounds::default() };
    let journal = start(dir.path(), &disk, bounds);
    let mut acknowledged = Vec::new();
    assert_eq!(put(&journal, &own(0, 1)), Ok(0));
    acknowledged.push((0, own(0, 1)));
    // A spare that the publisher is still making when room runs out would be room that is found later.
    assert!(soon(|| hold(&journal.shared_for_tests().spare).is_some()), "never came: a spare lies ready");
    disk.fail(Act::Allocate, 0, Fault::NoRoom);
    let mut refused = 0;
    for n in 1..30 {
        match put(&journal, &own(n, 1)) {
            Ok(index) => acknowledged.push((index, own(n, 1))),
            Err(error) => {
                assert_eq!(error, AppendError::Full);
                refused += 1;
            }
        }
    }
    assert!(refused >= 20 && acknowledged.len() > 2, "the reserve was used up first: {refused}");
    assert_eq!(journal.state(), State::Full);
    assert_eq!(
        journal
            .by_owner(&Query { pseudonyms: &[person(1)], from: at(0), to: at(99), before: None, limit: 99 })
            .unwrap()
            .len(),
        acknowledged.len(),
        "what is there can be read"
    );
    assert!(disk.heal());
    assert!(soon(|| journal.state() == State::Ready), "never came: ready without an entry having to try");
    acknowledged.push((put(&journal, &own(31, 1)).unwrap(), own(31, 1)));
    journal.close().unwrap();
    nothing_was_lost(dir.path(), &acknowledged, acknowledged.len());
}

#[test]
fn what_would_still_fit_is_not_written_behind_a_segment_that_could_not_be_opened() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(FailingDisk::default()));
    let bounds = Bounds { segment_octets: 1024, ..Bounds::default() };
    let journal = start(dir.path(), &disk, bounds);
    let mut acknowledged = vec![(0, own(0, 1))];
    assert_eq!(put(&journal, &own(0, 1)), Ok(0));
    assert!(soon(|| hold(&journal.shared_for_tests().spare).is_some()), "never came: a spare lies ready");
    let held = hold(&journal.shared_for_tests().shelf);
    disk.fail(Act::Allocate, 0, Fault::NoRoom);
    // Takes the spare away, so that the next segment has to be allocated.
    drop(hold(&journal.shared_for_tests().spare).take());
    let long = Entry { body: vec![7; 900], ..own(1, 1) };
    assert_eq!(put(&journal, &long), Err(AppendError::Full));
    // Shorter ones would fit behind the first.
    for n in 2..4 {
        if let Ok(index) = put(&journal, &own(n, 1)) {
            acknowledged.push((index, own(n, 1)));
        }
    }
    disk.heal();
    for n in 4..12 {
        acknowledged.push((put(&journal, &own(n, 1)).unwrap(), own(n, 1)));
    }
    check(dir.path()).unwrap();
    drop(held);
    drop(journal);
    nothing_was_lost(dir.path(), &acknowledged, acknowledged.len());
}

#[test]
fn where_nothing_can_be_published_the_segments_stay_within_their_bound() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(FailingDisk::default()));
    let bounds = Bounds { segment_octets: 1024, most_segments: 3, ..Bounds::default() };
    let journal = start(dir.path(), &disk, bounds);
    let held = hold(&journal.shared_for_tests().shelf);
    let outcomes: Vec<_> = (0..40).map(|n| put(&journal, &own(n, 1))).collect();
    let taken = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert!(taken == 15, "{taken}");
    assert_eq!(outcomes.last(), Some(&Err(AppendError::Full)));
    drop(held);
    journal.publish().unwrap();
    assert!(put(&journal, &own(41, 1)).is_ok(), "room again once it is published");
}

#[test]
fn a_crash_between_any_two_steps_of_publishing_is_repaired() {
    for steps in 0..14 {
        let (dir, disk) = (tempfile::tempdir().unwrap(), Arc::new(FailingDisk::default()));
        // The head is anchored once, by the test: files that another thread names anew cannot be copied.
        let still = Bounds { anchor_millis: 3_600_000, ..small() };
        let journal = start(dir.path(), &disk, still);
        let entries: Vec<Entry> = (0..300).map(|n| own(n, 5)).collect();
        disk.fail(Act::Rename, steps, Fault::NoRoom);
        assert!(append_all(&journal, entries.clone()).iter().all(|outcome| outcome.is_ok() || steps == 0));
        drop(journal.publish());
        journal.anchor().unwrap();
        // The directory as one moment leaves it: the publisher, which tries again by itself, waits while it is copied.
        let held = hold(&journal.shared_for_tests().shelf);
        let crashed = tempfile::tempdir().unwrap();
        for file in files(dir.path()) {
            let target = crashed.path().join(file.strip_prefix(dir.path()).unwrap());
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(&file, target).unwrap();
        }
        drop(held);
        let size = journal.size();
        assert_eq!(check(crashed.path()).unwrap().unpublished + check(crashed.path()).unwrap().size, size);
        let again = open(crashed.path());
        assert_eq!(again.size(), size);
        again.close().unwrap();
        assert_eq!(check(crashed.path()).unwrap().size, size);
        disk.heal();
    }
}

#[test]
fn a_torn_batch_is_cut_and_an_altered_one_is_fatal() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(FailingDisk::default());
    let journal = start(dir.path(), &disk, small());
    let held = hold(&journal.shared_for_tests().shelf);
    for n in 0..5 {
        assert!(put(&journal, &own(n, 1)).is_ok());
    }
    let segment = log_dir(dir.path()).join("segments").join(format!("{:020}", 0));
    let octets = fs::read(&segment).unwrap();
    let checkpoint = fs::read(log_dir(dir.path()).join("checkpoint")).unwrap();
    drop(held);
    drop(journal);
    let crashed = |alter: &dyn Fn(&mut Vec<u8>)| {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(log_dir(dir.path()).join("segments")).unwrap();
        fs::write(log_dir(dir.path()).join("checkpoint"), &checkpoint).unwrap();
        let mut octets = octets.clone();
        alter(&mut octets);
        fs::write(log_dir(dir.path()).join("segments").join(format!("{:020}", 0)), octets).unwrap();
        dir
    };
    let used = octets.iter().rposition(|octet| *octet != 0).unwrap();
    let torn = crashed(&|octets| octets[used - 40..].fill(0));
    let report = check(torn.path()).unwrap();
    assert_eq!((report.size, report.unpublished, report.unfinished), (0, 4, true));
    let as_it_is = Opening { as_it_is: true, ..opening(torn.path(), small()) };
    let journal = Journal::open(as_it_is).unwrap();
    assert!(journal.opened().cut);
    assert_eq!((journal.size(), put(&journal, &own(9, 1))), (4, Ok(4)));
    journal.close().unwrap();
    assert!(!check(torn.path()).unwrap().unfinished);

    let altered = crashed(&|octets| octets[100] ^= 1);
    assert!(matches!(check(altered.path()), Err(Violation::Malformed { .. })));
    let refused = Journal::open(opening(altered.path(), small()));
    assert!(matches!(refused, Err(StartError::Mismatch(_))));
}
