//! Copies made while the journal is written, and logs that others go on from.

use std::sync::atomic::AtomicBool;

use super::*;

#[test]
fn a_copy_made_while_it_is_written_verifies_and_opens() {
    let (dir, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let anchors = dir.path().join("anchors");
    let opening = |root: &Path| Opening {
        anchor: Arc::new(FileAnchor(anchors.clone())),
        ..super::opening(root, Bounds { segment_octets: 16 * 1024, ..Bounds::default() })
    };
    let root = dir.path().join("journal");
    let (journal, done) = (Journal::open(opening(&root)).unwrap(), AtomicBool::new(false));
    let (durable, mut are_full) = (AtomicU64::new(0), false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut written = 0;
            while !done.load(Ordering::Relaxed) {
                for outcome in append_all(&journal, (0..40).map(|n| own(1, n % 9))) {
                    assert!(outcome.is_ok());
                }
                written += 40;
                durable.store(written, Ordering::Release);
                journal.publish().unwrap();
            }
        });
        for number in 0..12 {
            // Half of them are made when tiles are full, however slowly this machine writes.
            are_full |= number == 6 && soon(|| durable.load(Ordering::Acquire) > 600);
            let before = durable.load(Ordering::Acquire);
            let to = copies.path().join(number.to_string());
            copy(&root, &to).unwrap();
            let report = verify(&to, &trust(), None).unwrap();
            assert!(report.entries() >= before, "what was durable before it began is in it");
        }
        done.store(true, Ordering::Relaxed);
    });
    drop(journal);
    assert!(are_full, "tiles became full meanwhile");
    for number in 0..12 {
        let to = copies.path().join(number.to_string());
        let opened = Journal::open(Opening { as_it_is: true, ..opening(&to) }).unwrap();
        let size = opened.size();
        opened.close().unwrap();
        assert_eq!(check(&to).unwrap().size, size);
    }
}

#[test]
fn a_copy_has_the_whole_of_a_frame_that_ends_in_zeros() {
    // Nobody's entry without a body ends in zeros: with so many of them in one frame a block of it is nothing else.
    for number in 1..=8 {
        let (dir, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let journal = open(dir.path());
        let nobodys = (0..number).map(|_| Entry::blank(Kind::Started, at(50), 1));
        assert!(append_all(&journal, nobodys).iter().all(Result::is_ok));
        journal.close().unwrap();
        let to = copies.path().join("copy");
        copy(dir.path(), &to).unwrap();
        match verify(&to, &trust(), None) {
            Ok(report) => assert!(report.entries() >= number, "{number}"),
            Err(breach) => panic!("{number} entries: {breach:?}"),
        }
    }
}

#[test]
fn others_go_first_between_two_entries_and_each_is_verified_once() {
    let (dir, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for number in [1, 2] {
        let log = LogId::from_octets([number; 16]);
        let journal = Journal::open(Opening { log, ..opening(dir.path(), small()) }).unwrap();
        assert!(append_all(&journal, (0..30).map(|n| own(1, n))).iter().all(Result::is_ok));
        journal.close().unwrap();
    }
    let (to, mut steps) = (copies.path().join("copy"), 0);
    crate::copy_in_steps(dir.path(), &to, &mut || steps += 1).unwrap();
    assert!(steps >= 4, "a segment and a checkpoint of each log: {steps}");
    let mut steps = 0;
    let report = crate::verify_in_steps(&to, &trust(), None, &mut || steps += 1).unwrap();
    assert_eq!((report.entries(), steps), (60, 60));
}

#[test]
fn whether_a_log_is_written_is_seen_by_its_lock() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!is_written(dir.path(), the_log()).unwrap(), "there is none");
    let journal = open(dir.path());
    assert!(is_written(dir.path(), the_log()).unwrap());
    journal.close().unwrap();
    assert!(!is_written(dir.path(), the_log()).unwrap());
    drop(open(dir.path()));
}

#[test]
fn a_journal_that_is_held_is_opened_by_nobody_and_one_that_is_written_is_not_held() {
    let dir = tempfile::tempdir().unwrap();
    assert!(hold(dir.path()).unwrap().is_some(), "there is none");
    let other =
        || Journal::open(Opening { log: LogId::from_octets([9; 16]), ..opening(dir.path(), small()) });
    other().unwrap().close().unwrap();
    let journal = open(dir.path());
    assert!(hold(dir.path()).unwrap().is_none(), "one of two is written");
    journal.close().unwrap();
    let held = hold(dir.path()).unwrap().unwrap();
    assert!(matches!(other(), Err(StartError::Locked)));
    drop(held);
    other().unwrap().close().unwrap();
    // Whose house it is put a link there, or a pipe, and whoever asks is root.
    let lock = log_dir(dir.path()).join(crate::layout::LOCK);
    std::fs::remove_file(&lock).unwrap();
    let elsewhere = dir.path().join("elsewhere");
    std::fs::write(&elsewhere, "another's").unwrap();
    std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
    assert!(hold(dir.path()).is_err());
    std::fs::remove_file(&lock).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &lock, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(hold(dir.path()).is_err(), "and it does not wait");
}

#[test]
fn a_log_that_others_go_on_from_gets_no_entry_more() {
    let log = |number| LogId::from_octets([number; 16]);
    let continued = |index| Entry {
        owner: Pseudonym::NOBODY,
        about: Some(EntryRef { log: log(1), index }),
        ..entry(at(50), 7, 7, Basis::Own, Kind::Continued)
    };
    let judged = |old: u8, last: u64| {
        let dir = tempfile::tempdir().unwrap();
        for (number, entries) in
            [(1, (0..old).map(|n| own(n.into(), n)).collect()), (2, vec![continued(last)])]
        {
            let journal =
                Journal::open(Opening { log: log(number), ..opening(dir.path(), small()) }).unwrap();
            assert!(append_all(&journal, entries).iter().all(Result::is_ok));
            journal.close().unwrap();
        }
        // With no key of the checks too: whoever has the public key sees that there are two of one log.
        let outside =
            verify(dir.path(), &Trust::of_key(verifying_key()), None).map_err(|breach| breach.violation);
        let found = verify(dir.path(), &trust(), None).map_err(|breach| breach.violation);
        assert_eq!(outside.is_ok(), found.is_ok());
        found
    };
    assert!(judged(3, 2).is_ok());
    assert!(matches!(judged(4, 2), Err(Violation::GoesOn(3))), "somebody went on with it");
    assert!(matches!(judged(2, 2), Err(Violation::Shorter(3))), "what it had is not there");
    assert!(matches!(judged(0, 2), Err(Violation::Shorter(3))));
}
