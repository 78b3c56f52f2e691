//! Several logs of one journal: what one says of another is proven with both.

use super::*;

fn log(number: u8) -> LogId {
    LogId::from_octets([number; 16])
}

fn open_log(dir: &Path, number: u8) -> Journal {
    Journal::open(Opening { log: log(number), ..opening(dir, small()) }).unwrap()
}

/// What two logs of those entries come to.
fn judged(first: &[Entry], second: &[Entry]) -> Result<Report, Violation> {
    let dir = tempfile::tempdir().unwrap();
    for (number, entries) in [(1, first), (2, second)] {
        let journal = open_log(dir.path(), number);
        assert!(append_all(&journal, entries.iter().cloned()).iter().all(Result::is_ok));
        journal.close().unwrap();
    }
    let mut handed = 0;
    let report = verify_each(dir.path(), &trust(), None, &mut |_, _| handed += 1);
    let report = report.map_err(|breach| breach.violation)?;
    assert_eq!(handed, report.entries());
    Ok(report)
}

fn in_log(number: u8, index: u64) -> EntryRef {
    EntryRef { log: log(number), index }
}

fn seen(seconds: i64, basis: EntryRef) -> Entry {
    entry(at(seconds), 2, 1, Basis::Grant(basis), Kind::Disclosure)
}

#[test]
fn a_basis_in_another_log_is_proven_whichever_is_read_first() {
    let grant = beginning(at(0), 2, 1, Kind::Grant, at(1000));
    let other = beginning(at(0), 3, 1, Kind::Grant, at(1000));
    let revoked = |ends| Entry { about: Some(ends), ..entry(at(20), 2, 1, Basis::Own, Kind::Revocation) };
    for here in [1, 2] {
        let there = 3 - here;
        let both = |of_grant: Vec<Entry>, of_look: Vec<Entry>| {
            if here == 1 { judged(&of_grant, &of_look) } else { judged(&of_look, &of_grant) }
        };
        let basis = in_log(here, 0);
        let report = both(vec![grant.clone()], vec![seen(5, basis), own(6, 4)]).unwrap();
        assert_eq!((report.on_basis, report.to_owner, report.bases), (1, 1, 1));
        assert!(both(vec![grant.clone(), revoked(basis)], vec![seen(20, basis)]).is_ok());
        assert!(both(vec![grant.clone()], vec![seen(5, basis), revoked(basis)]).is_ok());
        let wrong = [
            ("no such entry", vec![grant.clone()], vec![seen(5, in_log(here, 7))]),
            ("an entry of another log", vec![grant.clone()], vec![seen(5, in_log(there, 1))]),
            ("between other people", vec![other.clone()], vec![seen(5, basis)]),
            ("expired", vec![grant.clone()], vec![seen(1001, basis)]),
            ("long before it", vec![beginning(at(500), 2, 1, Kind::Grant, at(1000))], vec![seen(5, basis)]),
            ("ended in its own log", vec![grant.clone(), revoked(basis)], vec![seen(200, basis)]),
            ("ended by another's", vec![other.clone()], vec![revoked(basis)]),
            (
                "ended where it was used, then used there",
                vec![grant.clone(), seen(200, basis)],
                vec![revoked(basis)],
            ),
        ];
        for (what, of_grant, of_look) in wrong {
            let found = both(of_grant, of_look);
            assert!(matches!(found, Err(Violation::NoBasis { .. })), "{what} {here}: {found:?}");
        }
    }
}

#[test]
fn a_log_under_the_name_of_another_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    for number in [1, 2] {
        let journal = open_log(dir.path(), number);
        assert!(put(&journal, &own(1, number)).is_ok());
        journal.close().unwrap();
    }
    let name = |number| dir.path().join(log(number).to_string());
    assert!(verify(dir.path(), &trust(), None).is_ok());
    fs::rename(name(2), name(3)).unwrap();
    assert!(matches!(
        verify(dir.path(), &trust(), None),
        Err(Breach { log: Some(_), violation: Violation::Signature(_) })
    ));
    fs::remove_dir_all(name(1)).unwrap();
    fs::rename(name(3), name(1)).unwrap();
    assert!(verify(dir.path(), &trust(), None).is_err());
}
