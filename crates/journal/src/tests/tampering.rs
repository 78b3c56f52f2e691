use super::insiders::copy;
use super::*;

/// A journal with a grant, a case, a disclosure on each, pruned at the front: every kind of file.
fn full() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let grant = beginning(at(0), 2, 1, Kind::Grant, at(100_000));
    let entries = (1..800).map(|n| own(n, 1));
    assert!(append_all(&journal, std::iter::once(grant).chain(entries)).iter().all(Result::is_ok));
    journal.publish().unwrap();
    assert_eq!(journal.prune(at(300)).unwrap(), 256);
    assert!(put(&journal, &entry(at(801), 2, 1, Basis::Grant(place(0)), Kind::Disclosure)).is_ok());
    journal.close().unwrap();
    dir
}

#[test]
fn an_altered_octet_in_any_file_is_found() {
    let dir = full();
    let whole = check(dir.path()).unwrap();
    assert_eq!((whole.on_basis, whole.history > 0, whole.minimum), (1, true, 256));
    let mut tried = 0;
    for file in files(&log_dir(dir.path())) {
        let octets = fs::read(&file).unwrap();
        let name = file.strip_prefix(log_dir(dir.path())).unwrap().to_owned();
        if name.starts_with("lock") || name.ends_with("spare") {
            continue; // Hold nothing: the one is empty, the other was never written to.
        }
        // A partial file that a later checkpoint outgrew is read by nobody.
        let outgrown = name.to_string_lossy().contains(".p/") && !name.ends_with(whole_width(&name));
        let step = (octets.len() / 23).max(1);
        for place in (0..octets.len()).step_by(step).filter(|_| !outgrown) {
            let mut altered = octets.clone();
            altered[place] ^= 0x20;
            fs::write(&file, &altered).unwrap();
            let found = check(dir.path());
            assert!(found.is_err() || found.unwrap() != whole, "{} at {place}", name.display());
            tried += 1;
        }
        fs::write(&file, &octets).unwrap();
    }
    assert!(tried > 200, "{tried}");
    assert_eq!(check(dir.path()).unwrap(), whole);
}

/// The width of the partial file that the tree of 801 entries has there.
fn whole_width(name: &Path) -> &'static str {
    if name.starts_with("tile/1") { "3" } else { "33" }
}

#[test]
fn a_missing_file_of_the_tree_is_found() {
    let dir = full();
    for file in ["checkpoint", "carried", "pruned", "tile/0/001", "tile/entries/002", "tile/1/000.p/3"] {
        let copy = copy(dir.path());
        fs::remove_file(log_dir(copy.path()).join(file)).unwrap();
        assert!(check(copy.path()).is_err(), "{file}");
    }
}

#[test]
fn swapped_bundles_are_found() {
    let dir = filled(700);
    let (a, b) = (log_dir(dir.path()).join("tile/entries/000"), log_dir(dir.path()).join("tile/entries/001"));
    let (first, second) = (fs::read(&a).unwrap(), fs::read(&b).unwrap());
    fs::write(&a, second).unwrap();
    fs::write(&b, first).unwrap();
    assert!(matches!(check(dir.path()), Err(Violation::Differs { .. })));
    let (a, b) = (log_dir(dir.path()).join("tile/0/000"), log_dir(dir.path()).join("tile/0/001"));
    let (first, second) = (fs::read(&a).unwrap(), fs::read(&b).unwrap());
    fs::write(&a, second).unwrap();
    fs::write(&b, first).unwrap();
    // Bundles and tiles both swapped agree with each other, and not with the signed root.
    assert!(check(dir.path()).is_err());
}

#[test]
fn a_dropped_tail_of_published_entries_is_found() {
    let dir = filled(700);
    let shorter = filled(600);
    for file in ["tile/entries/002.p/188", "tile/0/002.p/188"] {
        fs::remove_file(log_dir(dir.path()).join(file)).unwrap();
    }
    for file in ["tile/entries/002.p/88", "tile/0/002.p/88"] {
        let _: u64 = fs::copy(log_dir(shorter.path()).join(file), log_dir(dir.path()).join(file)).unwrap();
    }
    assert!(check(dir.path()).is_err());
    assert!(matches!(Journal::open(opening(dir.path(), small())), Err(StartError::Mismatch(_))));
}

#[test]
fn a_forged_checkpoint_is_found() {
    let dir = filled(10);
    let whole = check(dir.path()).unwrap();
    let stranger = SigningKey::of_seed(&Secret::from_octets([9; 32])).unwrap();
    let origin = format!("{ORIGIN}/{}", the_log());
    let forged = Checkpoint::sign(&origin, whole.size, &whole.root, &stranger).unwrap();
    fs::write(log_dir(dir.path()).join("checkpoint"), forged).unwrap();
    assert!(matches!(check(dir.path()), Err(Violation::Signature(_))));
    let other = Checkpoint::sign(&origin, whole.size, &[3; 32], &signing_key()).unwrap();
    fs::write(log_dir(dir.path()).join("checkpoint"), other).unwrap();
    assert!(matches!(check(dir.path()), Err(Violation::Root(10))));
}

#[test]
fn a_minimum_index_that_was_not_signed_is_found() {
    let dir = filled(700);
    let stranger = SigningKey::of_seed(&Secret::from_octets([9; 32])).unwrap();
    let note = crate::history::sign_pruned(ORIGIN, 256, at(300), &stranger).unwrap();
    fs::write(log_dir(dir.path()).join("pruned"), note).unwrap();
    fs::remove_file(log_dir(dir.path()).join("tile/entries/000")).unwrap();
    assert!(matches!(check(dir.path()), Err(Violation::Signature(_))));
}

/// What the verifier says of a journal of these entries.
fn judged(entries: &[Entry]) -> Result<One, Violation> {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    assert!(append_all(&journal, entries.iter().cloned()).iter().all(Result::is_ok));
    // Judged twice: while it is in the segment only or partly published, and when it is published.
    let live = check(dir.path()).is_ok();
    journal.close().unwrap();
    let closed = check(dir.path());
    assert_eq!(live, closed.is_ok());
    closed
}

#[test]
fn a_disclosure_needs_a_basis_valid_at_its_moment() {
    let grant = |seconds| beginning(at(seconds), 2, 1, Kind::Grant, at(1000));
    let case = beginning(at(0), 8, 1, Kind::CaseOpened, at(50));
    let seen = |seconds, viewer, owner, basis| entry(at(seconds), viewer, owner, basis, Kind::Disclosure);
    let on = Basis::Grant(place(0));
    let in_case = Basis::Case(place(0));
    let revoked = ending(at(20), 2, 1, Kind::Revocation, 0);
    let closed = ending(at(20), 8, 1, Kind::CaseClosed, 0);

    let right = [
        vec![seen(1, 3, 3, Basis::Own)],
        vec![grant(0), seen(1, 2, 1, on)],
        vec![grant(0), seen(1000, 2, 1, on)],
        vec![case.clone(), seen(50, 8, 1, in_case)],
        vec![grant(0), revoked.clone(), seen(20, 2, 1, on)],
        vec![grant(0), revoked.clone(), grant(21), seen(30, 2, 1, Basis::Grant(place(2)))],
    ];
    for entries in right {
        let report = judged(&entries).unwrap();
        assert_eq!(report.to_owner + report.on_basis, 1);
    }

    let other_epoch = Entry { epoch: 2, ..seen(1, 2, 1, on) };
    let wrong = [
        ("no basis", vec![seen(1, 2, 1, Basis::Own)]),
        ("a basis that is not there", vec![grant(0), seen(1, 2, 1, Basis::Grant(place(7)))]),
        ("a basis that comes later", vec![seen(0, 2, 1, Basis::Grant(place(1))), grant(1)]),
        ("a disclosure as basis", vec![seen(1, 2, 2, Basis::Own), seen(2, 2, 2, on)]),
        ("an expired grant", vec![grant(0), seen(1001, 2, 1, on)]),
        ("an expired case", vec![case.clone(), seen(51, 8, 1, in_case)]),
        ("a revoked grant", vec![grant(0), revoked.clone(), seen(21, 2, 1, on)]),
        ("a closed case", vec![case.clone(), closed.clone(), seen(21, 8, 1, in_case)]),
        ("another viewer's grant", vec![grant(0), seen(1, 3, 1, on)]),
        ("another owner's grant", vec![grant(0), seen(1, 2, 3, on)]),
        ("a grant the other way round", vec![grant(0), seen(1, 1, 2, on)]),
        ("a grant of another epoch", vec![grant(0), other_epoch]),
        ("a case used as a grant", vec![case.clone(), seen(1, 8, 1, on)]),
        ("a grant used as a case", vec![grant(0), seen(1, 2, 1, in_case)]),
        ("an end of nothing", vec![revoked]),
        ("a case ended as a grant", vec![case, ending(at(1), 8, 1, Kind::Revocation, 0)]),
        ("a grant ended by a stranger", vec![grant(0), ending(at(1), 3, 1, Kind::Revocation, 0)]),
    ];
    for (what, entries) in wrong {
        assert!(matches!(judged(&entries), Err(Violation::NoBasis { .. })), "{what}");
    }
}

#[test]
fn only_disclosures_of_the_period_are_judged() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let foreign = entry(at(10), 2, 1, Basis::Own, Kind::Disclosure);
    assert!(append_all(&journal, [own(5, 1), foreign, own(15, 1)]).iter().all(Result::is_ok));
    journal.close().unwrap();
    let count = |from, to| check_period(dir.path(), Some((at(from), at(to)))).map(|r| r.to_owner);
    assert_eq!(count(0, 10).unwrap(), 1);
    assert_eq!(count(11, 99).unwrap(), 1);
    assert!(matches!(count(10, 11), Err(Violation::NoBasis { index: 1, .. })));
}
