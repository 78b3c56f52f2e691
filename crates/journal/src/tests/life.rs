use super::*;

fn ask(names: &[Pseudonym], limit: usize) -> Query<'_> {
    Query { pseudonyms: names, from: Moment::EPOCH, to: at(1_000_000), before: None, limit }
}

#[test]
fn entries_get_consecutive_indexes_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let entries: Vec<Entry> = (0..600).map(|n| own(n, 3)).collect();
    let outcomes = append_all(&journal, entries.clone());
    assert_eq!(outcomes, (0..600).map(Ok).collect::<Vec<_>>());
    for (index, entry) in (0..).zip(&entries) {
        assert_eq!(journal.read_at(index).unwrap(), *entry);
    }
    journal.publish().unwrap();
    for (index, entry) in (0..).zip(&entries) {
        assert_eq!(journal.read_at(index).unwrap(), *entry);
    }
    assert!(matches!(journal.read_at(600), Err(ReadError::NotWritten)));
    assert_eq!(put(&journal, &own(600, 3)), Ok(600));
    journal.close().unwrap();
    let report = check(dir.path()).unwrap();
    assert_eq!((report.size, report.to_owner, report.unpublished, report.unfinished), (601, 601, 0, false));
}

#[test]
fn details_open_with_their_own_entry_and_epoch_only() {
    let one = own(1, 3);
    assert_eq!(keys(1).open(&one).unwrap(), details());
    assert!(keys(1).open(&Entry { owner: person(4), ..one.clone() }).is_err());
    assert!(keys(1).open(&Entry { moment: at(2), ..one.clone() }).is_err());
    assert!(keys(2).open(&one).is_err());
    assert_ne!(keys(1).account(account(3)), keys(2).account(account(3)), "epochs cannot be linked");
}

#[test]
fn a_journal_opened_again_goes_on_where_it_was() {
    let dir = filled(300);
    for round in 0..5 {
        let journal = open(dir.path());
        assert_eq!(put(&journal, &own(300 + round, 1)).unwrap(), u64::try_from(300 + round).unwrap());
        drop(journal);
        assert_eq!(check(dir.path()).unwrap().size, u64::try_from(301 + round).unwrap());
    }
    let segments = fs::read_dir(log_dir(dir.path()).join("segments")).unwrap().count();
    assert!(segments <= 3, "covered segments are removed: {segments}");
}

#[test]
fn looks_by_others_are_counted_by_owner_also_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let grant = Basis::Grant(place(0));
    let until = at(1_000_000);
    put(&journal, &beginning(at(0), 5, 3, Kind::Grant, until)).unwrap();
    put(&journal, &own(1, 3)).unwrap();
    let look = |seconds| entry(at(seconds), 5, 3, grant, Kind::Disclosure);
    let first = put(&journal, &look(2)).unwrap();
    put(&journal, &own(3, 5)).unwrap();
    let second = put(&journal, &look(4)).unwrap();
    // What somebody did is no look, and what she saw of others is theirs.
    put(&journal, &ending(at(5), 5, 3, Kind::Revocation, 0)).unwrap();
    let asks = |journal: &Journal| {
        assert_eq!(journal.by_others(&[person(3)], at(0)), Some(2));
        assert_eq!(journal.by_others(&[person(9), person(3)], at(3)), Some(1));
        assert_eq!(journal.by_others(&[person(5)], at(0)), Some(0));
        assert_eq!(journal.looks_by_others(&[person(3)], at(0)), Some(vec![(first, at(2)), (second, at(4))]));
    };
    asks(&journal);
    journal.close().unwrap();
    let journal = open(dir.path());
    asks(&journal);
    drop(journal);
    asks(&open(dir.path()));
}

#[test]
fn looks_by_others_are_found_behind_a_chunk_of_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(opening(dir.path(), Bounds::default())).unwrap();
    put(&journal, &beginning(at(0), 5, 3, Kind::Grant, at(1_000_000))).unwrap();
    let look = put(&journal, &entry(at(1), 5, 3, Basis::Grant(place(0)), Kind::Disclosure)).unwrap();
    let blank = Entry { viewer: person(1), owner: person(1), ..Entry::blank(Kind::Disclosure, at(2), 1) };
    for _ in 0..17 {
        let outcomes = append_all(&journal, std::iter::repeat_n(blank.clone(), 4_096));
        assert!(outcomes.iter().all(Result::is_ok));
    }
    journal.publish().unwrap();
    journal.close().unwrap();
    let journal = Journal::open(opening(dir.path(), Bounds::default())).unwrap();
    assert!(journal.shared_for_tests().tail.lock().unwrap().first_row > 0, "the first chunk is a run");
    assert_eq!(journal.looks_by_others(&[person(3)], at(0)), Some(vec![(look, at(1))]));
    assert_eq!(journal.by_others(&[person(1)], at(0)), Some(0));
}

#[test]
fn acts_and_failed_sign_ins_are_found_behind_a_chunk_without_what_stands_between() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(opening(dir.path(), Bounds::default())).unwrap();
    let of = |kind, seconds, viewer| Entry {
        viewer: person(viewer),
        owner: person(3),
        ..Entry::blank(kind, at(seconds), 1)
    };
    put(&journal, &of(Kind::PasswordChanged, 1, 3)).unwrap();
    put(&journal, &of(Kind::SignInFailed, 1, 9)).unwrap();
    put(&journal, &of(Kind::SignedIn, 1, 3)).unwrap();
    for kind in [Kind::SignInFailed, Kind::Disclosure] {
        let blank = of(kind, 2, if kind == Kind::Disclosure { 3 } else { 9 });
        for _ in 0..9 {
            let outcomes = append_all(&journal, std::iter::repeat_n(blank.clone(), 4_096));
            assert!(outcomes.iter().all(Result::is_ok));
        }
    }
    put(&journal, &of(Kind::SignedOut, 3, 3)).unwrap();
    let (names, others) = ([person(3)], [person(9)]);
    let asks = |journal: &Journal| {
        let query =
            |limit, from, to| Query { pseudonyms: &names, from: at(from), to: at(to), before: None, limit };
        assert_eq!(journal.acts_on(&query(10, 0, 9)).unwrap(), [73_731, 2, 0]);
        assert_eq!(journal.acts_on(&query(2, 0, 9)).unwrap(), [73_731, 2]);
        assert_eq!(journal.failures_on(&query(10, 0, 2)).unwrap(), [at(1)]);
        assert_eq!(journal.failures_on(&query(5, 0, 9)).unwrap(), [at(2); 5]);
        assert_eq!(journal.by_viewer(&Query { pseudonyms: &others, ..query(3, 0, 2) }).unwrap(), [1]);
    };
    asks(&journal);
    journal.publish().unwrap();
    journal.close().unwrap();
    let journal = Journal::open(opening(dir.path(), Bounds::default())).unwrap();
    assert!(journal.shared_for_tests().tail.lock().unwrap().first_row > 0, "the first chunk is a run");
    asks(&journal);
}

#[test]
fn only_one_writer_has_a_journal() {
    let dir = filled(1);
    let journal = open(dir.path());
    let second = Journal::open(opening(dir.path(), small()));
    assert!(matches!(second, Err(StartError::Locked)));
    drop(journal);
    open(dir.path()).close().unwrap();
}

#[test]
fn a_journal_of_another_name_or_key_does_not_open() {
    let dir = filled(5);
    let other = SigningKey::of_seed(&Secret::from_octets([9; 32])).unwrap();
    let keys = LogKeys { signing: other, chain: chain_key() };
    let foreign = Journal::open(Opening { keys, ..opening(dir.path(), small()) });
    assert!(matches!(foreign, Err(StartError::Foreign)));
    let renamed =
        Journal::open(Opening { origin: "other.example".to_owned(), ..opening(dir.path(), small()) });
    assert!(matches!(renamed, Err(StartError::Foreign)));
}

#[test]
fn who_saw_answers_exactly_and_in_pages() {
    let dir = filled(1000);
    let journal = open(dir.path());
    let names = [keys(2).account(account(4)), person(4)];
    let all: Vec<u64> = (0..1000).filter(|n| n % 10 == 4).rev().collect();
    assert_eq!(journal.by_owner(&ask(&names, 1000)).unwrap(), all);
    assert_eq!(journal.by_viewer(&ask(&names, 7)).unwrap(), all[..7]);
    let next = Query { before: Some(all[6]), ..ask(&names, 7) };
    assert_eq!(journal.by_owner(&next).unwrap(), all[7..14]);
    let hour = Query { from: at(100), to: at(200), ..ask(&names, 1000) };
    assert_eq!(
        journal.by_owner(&hour).unwrap(),
        (100..200).filter(|n| n % 10 == 4).rev().collect::<Vec<u64>>()
    );
    assert_eq!(journal.by_owner(&ask(&[person(77)], 10)).unwrap(), Vec::<u64>::new());
}

#[test]
fn the_index_can_be_deleted_or_altered_and_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(opening(dir.path(), Bounds::default())).unwrap();
    for block in 0..34i64 {
        let names = (0..2000i64).map(|n| own(block, u8::try_from(n % 50).unwrap()));
        assert!(append_all(&journal, names).iter().all(Result::is_ok));
    }
    let names = [person(7)];
    let before = journal.by_owner(&ask(&names, 5000)).unwrap();
    assert_eq!(before.len(), 68_000 / 50);
    journal.close().unwrap();
    let index = log_dir(dir.path()).join("index/0").join(format!("{:020}", 0));
    let made = fs::read(&index).unwrap();
    assert_eq!(check(dir.path()).unwrap().to_owner, 68_000);

    fs::remove_file(&index).unwrap();
    let journal = Journal::open(opening(dir.path(), Bounds::default())).unwrap();
    assert_eq!(journal.by_owner(&ask(&names, 5000)).unwrap(), before);
    assert!(fs::read(&index).unwrap() == made);

    let mut altered = made.clone();
    altered[70] ^= 1;
    fs::write(&index, &altered).unwrap();
    assert!(matches!(check(dir.path()), Err(Violation::Differs { .. })));
    assert_eq!(journal.by_owner(&ask(&names, 5000)).unwrap(), before);
    assert!(fs::read(&index).unwrap() == made, "an altered index file is made again");

    // Five rows cut out of it, as if they had never been; and a block of it put in another's place.
    let cut = [&made[..4096 + 12 * 50], &made[4096 + 12 * 55..]].concat();
    let moved = [&made[..8192], &made[12_288..16_384], &made[12_288..]].concat();
    for spoiled in [cut, moved, made[..4096].to_vec(), Vec::new()] {
        fs::write(&index, &spoiled).unwrap();
        assert!(matches!(check(dir.path()), Err(Violation::Differs { .. })));
        assert_eq!(journal.by_owner(&ask(&names, 5000)).unwrap(), before);
        // Who else is named there is answered right as well; blocks nobody asked for may be as they were spoiled.
        assert_eq!(journal.by_owner(&ask(&[person(8)], 5000)).unwrap().len(), before.len());
    }
    fs::write(&index, &made).unwrap();
    // An entry edited below the index is not answered either.
    let bundle = log_dir(dir.path()).join("tile/entries/000");
    let honest = fs::read(&bundle).unwrap();
    let mut edited = honest.clone();
    edited[2 + 10] ^= 1;
    fs::write(&bundle, &edited).unwrap();
    assert!(matches!(journal.read_at(0), Err(ReadError::Io(_))));
    fs::write(&bundle, &honest).unwrap();

    // The proofs of the same journal, over two levels of tiles.
    for index in [0, 255, 256, 65_535, 65_536, 67_999] {
        let proof = journal.inclusion_proof(index).unwrap();
        let leaf = honnin_seal::leaf_digest(&journal.read_at(index).unwrap().octets());
        assert!(verify_inclusion(&leaf, index, proof.size, &proof.path, &proof.root), "{index}");
    }
    // Pruning inside the second chunk: the tree, the history and later proofs stay.
    let report = check(dir.path()).unwrap();
    assert!(report.history > 0);
    let minimum = journal.prune(at(33)).unwrap();
    assert_eq!(minimum, 66_000 / 256 * 256);
    assert!(!index.exists());
    let pruned = check(dir.path()).unwrap();
    assert_eq!((pruned.root, pruned.history, pruned.minimum), (report.root, report.history, minimum));
    assert!(matches!(journal.read_at(0), Err(ReadError::NotAnswerable { .. })));
    assert!(matches!(journal.by_owner(&ask(&names, 10)), Err(ReadError::NotAnswerable { .. })));
    let proof = journal.inclusion_proof(67_000).unwrap();
    let leaf = honnin_seal::leaf_digest(&journal.read_at(67_000).unwrap().octets());
    assert!(verify_inclusion(&leaf, 67_000, proof.size, &proof.path, &proof.root));
    drop(journal);
    let journal = Journal::open(opening(dir.path(), Bounds::default())).unwrap();
    let kept = Query { from: pruned.kept_from.unwrap(), ..ask(&names, 5000) };
    // The bundle at the minimum still holds entries of a moment that is not kept whole: those are not answered.
    let expected: Vec<u64> = before.iter().copied().filter(|index| *index >= 66_000).collect();
    let found = journal.by_owner(&kept).unwrap();
    assert_eq!(found, expected);
}

#[test]
fn a_grant_in_force_outlives_the_pruning_of_its_bundle() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let grants = [
        beginning(at(0), 2, 1, Kind::Grant, at(100_000)),
        beginning(at(0), 3, 1, Kind::Grant, at(500)),
        beginning(at(0), 4, 1, Kind::Grant, at(100_000)),
        ending(at(1), 4, 1, Kind::Revocation, 2),
    ];
    let filling = (0..2000).map(|n| own(2 + n, 1));
    assert!(append_all(&journal, grants.into_iter().chain(filling)).iter().all(Result::is_ok));
    journal.publish().unwrap();
    let later = entry(at(2002), 2, 1, Basis::Grant(place(0)), Kind::Disclosure);
    assert!(put(&journal, &later).is_ok());
    journal.publish().unwrap();
    assert_eq!(journal.prune(at(1000)).unwrap(), 768);
    assert_eq!(journal.prune(at(1000)).unwrap(), 768, "again changes nothing");
    let report = check(dir.path()).unwrap();
    assert_eq!((report.on_basis, report.bases, report.minimum), (1, 1, 768));
    assert!(matches!(
        check_period(dir.path(), Some((at(0), at(10)))),
        Err(Violation::Pruned { before }) if Some(before) == report.kept_from
    ));
    let revoked = entry(at(2003), 4, 1, Basis::Grant(place(2)), Kind::Disclosure);
    let index = put(&journal, &revoked).unwrap();
    assert!(matches!(check(dir.path()), Err(Violation::NoBasis { index: found, .. }) if found == index));
}

#[test]
fn too_long_an_entry_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let long = Entry { body: vec![0; MOST_BODY + 1], ..own(1000, 1) };
    assert_eq!(put(&open(dir.path()), &long), Err(AppendError::TooLong));
}

#[test]
fn the_verifier_hands_over_every_entry_of_a_period_published_or_not() {
    let dir = filled(300);
    let journal = open(dir.path());
    put(&journal, &own(300, 3)).unwrap();
    let mut found = Vec::new();
    let period = Some((at(298), at(301)));
    verify_each(dir.path(), &trust(), period, &mut |at, entry| found.push((at.index, entry.moment))).unwrap();
    assert_eq!(found, [(298, at(298)), (299, at(299)), (300, at(300))]);
}

#[test]
fn the_verifier_runs_beside_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    // Segments small enough to be rotated under the verifier's eyes, and as many as the disk's pace may need.
    let bounds = Bounds { segment_octets: 256 * 1024, most_segments: 64, ..Bounds::default() };
    let journal = Journal::open(opening(dir.path(), bounds)).unwrap();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for block in 0..40 {
                assert!(append_all(&journal, (0..400).map(|_| own(block, 6))).iter().all(Result::is_ok));
            }
        });
        let mut seen = 0;
        while !writing.is_finished() {
            let report = check(dir.path()).unwrap();
            assert!(report.size + report.unpublished >= seen, "it never goes back");
            seen = report.size + report.unpublished;
        }
    });
    journal.close().unwrap();
    assert_eq!(check(dir.path()).unwrap().size, 16_000);
}

#[test]
fn what_waits_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let bounds = Bounds { most_waiting_octets: 50, ..small() };
    let journal = Journal::open(opening(dir.path(), bounds)).unwrap();
    assert_eq!(put(&journal, &own(1, 1)), Err(AppendError::Busy));
}

#[test]
fn many_tasks_append_at_once_and_every_index_is_given_once() {
    let dir = tempfile::tempdir().unwrap();
    let journal = std::sync::Arc::new(open(dir.path()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let mut indexes: Vec<u64> = runtime.block_on(async {
        let tasks: Vec<_> = (0..50u8)
            .map(|who| {
                let journal = std::sync::Arc::clone(&journal);
                tokio::spawn(async move {
                    let mut given = Vec::new();
                    for n in 0..40 {
                        given.push(journal.append(&own(n, who)).await.unwrap().index);
                    }
                    given
                })
            })
            .collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        all
    });
    indexes.sort_unstable();
    assert_eq!(indexes, (0..2000).collect::<Vec<u64>>());
    assert_eq!(journal.by_owner(&ask(&[person(9)], 100)).unwrap().len(), 40);
}
