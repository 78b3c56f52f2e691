//! All logs of a journal asked as one: by a node that writes one of them and reads the others.

use super::*;

fn log(number: u8) -> LogId {
    LogId::from_octets([number; 16])
}

fn open_log(dir: &Path, number: u8) -> Arc<Journal> {
    Arc::new(Journal::open(Opening { log: log(number), ..opening(dir, Bounds::default()) }).unwrap())
}

/// The heads as their anchor has them.
fn heads(dir: &Path, numbers: &[u8]) -> Vec<(LogId, Vec<u8>)> {
    let anchor = opening(dir, Bounds::default()).anchor;
    let head = |number: &u8| anchor.read(log(*number)).unwrap().map(|head| (log(*number), head));
    numbers.iter().filter_map(head).collect()
}

fn logs_of(dir: &Path, own: &Arc<Journal>) -> Logs {
    Logs::new(Arc::clone(own), dir.to_owned(), verifying_key(), chain_key())
}

fn publish(journal: &Journal) {
    journal.publish().unwrap();
    journal.anchor().unwrap();
}

fn all(names: &[Pseudonym], before: Option<EntryRef>, limit: usize) -> Asking<'_> {
    Asking { names, from: at(0), to: at(10_000_000), before, limit }
}

#[test]
fn who_has_seen_is_answered_of_all_logs_in_order_and_in_pages() {
    let dir = tempfile::tempdir().unwrap();
    let journals = [1, 2, 3].map(|number| open_log(dir.path(), number));
    let grant = put(&journals[0], &beginning(at(0), 5, 3, Kind::Grant, at(1_000_000))).unwrap();
    let grant = Basis::Grant(EntryRef { log: log(1), index: grant });
    let mut written = Vec::new();
    for second in 1..40i64 {
        let place = usize::try_from(second * second % 3).unwrap();
        // Two of a moment in two logs, and somebody else's in between.
        let moment = at(second / 2);
        let look = entry(moment, 5, 3, grant, Kind::Disclosure);
        let index = put(&journals[place], &look).unwrap();
        written.push((moment, EntryRef { log: journals[place].log(), index }));
        put(&journals[place], &own(second / 2, 4)).unwrap();
    }
    for journal in &journals {
        publish(journal);
    }
    for own in &journals {
        let logs = logs_of(dir.path(), own);
        assert!(logs.by_owner(&all(&[person(3)], None, 9)).is_err(), "nothing is known of the others yet");
        assert_eq!(logs.by_others(&[person(3)], at(0)), None);
        logs.follow(&heads(dir.path(), &[1, 2, 3]), 1).unwrap();
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = logs.by_owner(&all(&[person(3)], before, 4)).unwrap();
            before = page.last().copied();
            seen.extend(page.iter().copied());
            if page.len() < 4 {
                break;
            }
        }
        let moments: Vec<Moment> = seen.iter().map(|entry| logs.read(*entry).unwrap().moment).collect();
        assert!(moments.is_sorted_by(|one, other| one >= other), "newest first");
        let grant_and_looks = written.len() + 1;
        assert_eq!(seen.len(), grant_and_looks, "each once");
        assert!(written.iter().all(|(_, entry)| seen.contains(entry)));
        assert_eq!(logs.by_others(&[person(3)], at(0)), Some(39));
        let (newest, count) = logs.looks_by_others(&[person(3)], at(0), 5).unwrap();
        assert_eq!((newest.len(), count), (5, 39));
        assert_eq!(logs.read(newest[0]).unwrap().moment, at(19));
    }
}

#[test]
fn what_another_node_writes_is_seen_once_it_is_published() {
    let dir = tempfile::tempdir().unwrap();
    let (own, other) = (open_log(dir.path(), 1), open_log(dir.path(), 2));
    let logs = logs_of(dir.path(), &own);
    logs.follow(&heads(dir.path(), &[1, 2]), 1).unwrap();
    let count = || logs.by_owner(&all(&[person(3)], None, 900)).unwrap().len();
    for round in 1..=3 {
        for _ in 0..150 {
            put(&other, &super::own(round, 3)).unwrap();
        }
        publish(&other);
        logs.refresh(1).unwrap();
        assert_eq!(count(), 150 * usize::try_from(round).unwrap());
    }
    // Of an epoch whose names this node does not know yet nothing is taken in, until it does.
    let (who, details) = (account(3), details());
    let act = Act::new(Kind::Disclosure, at(9), Party::Account(who), Party::Account(who), &details);
    put(&other, &keys(2).seal(&act, &Counting::default()).unwrap()).unwrap();
    publish(&other);
    logs.refresh(1).unwrap();
    assert_eq!(count(), 450);
    logs.refresh(2).unwrap();
    let names = [keys(1).account(who), keys(2).account(who)];
    assert_eq!(logs.by_owner(&all(&names, None, 900)).unwrap().len(), 451);
}

#[test]
fn another_log_is_found_by_its_index_and_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let (own, other) = (open_log(dir.path(), 1), open_log(dir.path(), 2));
    let first = put(&other, &super::own(1, 3)).unwrap();
    let blank = Entry { viewer: person(1), owner: person(1), ..Entry::blank(Kind::Disclosure, at(2), 1) };
    let logs = logs_of(dir.path(), &own);
    let heads_now = || heads(dir.path(), &[1, 2]);
    logs.follow(&heads_now(), 1).unwrap();
    let mut newest = first;
    for round in 0..17 {
        assert!(append_all(&other, std::iter::repeat_n(blank.clone(), 4_096)).iter().all(Result::is_ok));
        if round % 4 == 0 {
            newest = put(&other, &super::own(3, 3)).unwrap();
            publish(&other);
            logs.refresh(1).unwrap();
        }
    }
    publish(&other);
    let asked = |logs: &Logs| -> Vec<u64> {
        let found = logs.by_owner(&all(&[person(3)], None, 9)).unwrap();
        found.into_iter().map(|entry| entry.index).collect()
    };
    logs.refresh(1).unwrap();
    let followed = asked(&logs);
    assert_eq!((followed.len(), followed[0], followed[5]), (6, newest, first));
    // One that comes later reads only what no run has.
    let later = logs_of(dir.path(), &own);
    later.follow(&heads_now(), 1).unwrap();
    assert_eq!(asked(&later), followed);
    fs::remove_dir_all(dir.path().join(log(2).to_string()).join("index")).unwrap();
    assert_eq!((asked(&later), asked(&logs)), (followed.clone(), followed));
    // Without its index an entry that was given another's name is not left out unnoticed.
    let bundle = crate::layout::bundle(&dir.path().join(log(2).to_string()), 0, 256);
    let mut octets = fs::read(&bundle).unwrap();
    let mut altered = 0;
    while let Some(place) = octets.windows(16).position(|name| name == person(3).0) {
        octets[place..place + 16].copy_from_slice(&person(1).0);
        altered += 1;
    }
    assert!(altered > 0, "the first entry names her");
    fs::write(&bundle, octets).unwrap();
    for logs in [later, logs] {
        assert!(logs.by_owner(&all(&[person(3)], None, 9)).is_err());
    }
}

#[test]
fn acts_and_failed_sign_ins_are_answered_of_all_logs() {
    let dir = tempfile::tempdir().unwrap();
    let journals = [1, 2].map(|number| open_log(dir.path(), number));
    let of = |kind, seconds, viewer| Entry {
        viewer: person(viewer),
        owner: person(3),
        ..Entry::blank(kind, at(seconds), 1)
    };
    let mut acts = Vec::new();
    for second in 1..=6i64 {
        let journal = &journals[usize::try_from(second % 2).unwrap()];
        let index = put(journal, &of(Kind::SignedIn, second, 3)).unwrap();
        acts.push(EntryRef { log: journal.log(), index });
        put(journal, &of(Kind::SignInFailed, second, 9)).unwrap();
    }
    acts.reverse();
    // The other log has a run of them: beyond its rows in memory only its index tells an act from a look.
    for kind in [Kind::Disclosure, Kind::SignInFailed] {
        for _ in 0..9 {
            let between = std::iter::repeat_n(of(kind, 7, 9), 4_096);
            assert!(append_all(&journals[1], between).iter().all(Result::is_ok));
        }
    }
    for journal in &journals {
        publish(journal);
    }
    let names = [person(3)];
    for own in &journals {
        let logs = logs_of(dir.path(), own);
        assert!(logs.acts_on(&all(&names, None, 9)).is_err(), "nothing is known of the others yet");
        assert!(logs.failures_on(&all(&names, None, 9)).is_err());
        logs.follow(&heads(dir.path(), &[1, 2]), 1).unwrap();
        assert_eq!(logs.acts_on(&all(&names, None, 9)).unwrap(), acts);
        assert_eq!(logs.acts_on(&all(&names, None, 4)).unwrap(), acts[..4]);
        assert_eq!(logs.acts_on(&all(&names, Some(acts[2]), 9)).unwrap(), acts[3..]);
        let before = Asking { to: at(7), ..all(&names, None, 9) };
        let failed: Vec<Moment> = (1..=6).rev().map(at).collect();
        assert_eq!(logs.failures_on(&before).unwrap(), failed);
        assert_eq!(logs.failures_on(&all(&names, None, 5)).unwrap(), [at(7); 5]);
    }
    fs::remove_dir_all(dir.path().join(log(2).to_string()).join("index")).unwrap();
    let logs = logs_of(dir.path(), &journals[0]);
    logs.follow(&heads(dir.path(), &[1, 2]), 1).unwrap();
    assert_eq!(logs.acts_on(&all(&names, None, 9)).unwrap(), acts, "without its index");
}

#[test]
fn a_log_that_is_gone_or_was_put_back_is_never_taken_for_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let (own, other) = (open_log(dir.path(), 1), open_log(dir.path(), 2));
    put(&other, &super::own(1, 3)).unwrap();
    publish(&other);
    let (there, older) = (dir.path().join(log(2).to_string()), dir.path().join("older"));
    let checkpoint = fs::read(there.join("checkpoint")).unwrap();
    put(&other, &super::own(2, 3)).unwrap();
    publish(&other);
    let logs = logs_of(dir.path(), &own);
    let known = heads(dir.path(), &[1, 2]);
    logs.follow(&known, 1).unwrap();
    assert_eq!(logs.by_others(&[person(3)], at(0)), Some(0));
    drop(other);
    let newest = fs::read(there.join("checkpoint")).unwrap();
    fs::write(there.join("checkpoint"), &checkpoint).unwrap();
    assert!(logs.follow(&known, 1).is_err(), "put back");
    assert_eq!(logs.by_others(&[person(3)], at(0)), None);
    assert!(logs.by_owner(&all(&[person(3)], None, 9)).is_err());
    fs::write(there.join("checkpoint"), &newest).unwrap();
    assert!(logs.follow(&known, 1).is_ok());
    fs::rename(&there, &older).unwrap();
    for logs in [logs, logs_of(dir.path(), &own)] {
        assert!(logs.follow(&known, 1).is_err(), "gone");
        assert!(logs.by_owner(&all(&[person(3)], None, 9)).is_err());
    }
}
