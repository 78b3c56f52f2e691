//! Somebody with the files and without the keys: every file of a log edited, cut, forged, taken from elsewhere, put
//! back, at rest and between a crash and the next start. Nothing of it is ever signed.

use honnin_seal::Digest;

use super::*;
use crate::segment::Frame;

/// A log as a crash leaves it: entries published, entries only durable, everything anchored.
fn crashed() -> tempfile::TempDir {
    let dir = filled(300);
    let journal = open(dir.path());
    // Held: nothing more is published.
    let held = crate::queue::hold(&journal.shared_for_tests().shelf);
    for n in 300..320 {
        assert!(put(&journal, &own(n, 1)).is_ok());
    }
    journal.anchor().unwrap();
    let copy = copy(dir.path());
    drop(held);
    copy
}

pub(super) fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for file in files(from) {
        let target = to.path().join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, target).unwrap();
    }
    to
}

/// The heads that are anchored, as whoever verifies has them from elsewhere.
fn anchored(dir: &Path) -> Trust {
    let head = FileAnchor(dir.join("anchors")).read(the_log()).unwrap().unwrap();
    Trust { heads: vec![(the_log(), head)], ..trust() }
}

fn last_segment(dir: &Path) -> PathBuf {
    let names = files(&log_dir(dir).join("segments"));
    names.into_iter().rfind(|name| !name.ends_with("spare")).unwrap()
}

/// The places of frames in a segment, with its used length.
fn frames(octets: &[u8]) -> (Vec<usize>, usize) {
    let (mut at, mut places) = (0, Vec::new());
    while let Ok(frame) = Frame::parse(&octets[at..], &chain()) {
        places.push(at);
        at += frame.octets().len();
    }
    (places, at)
}

/// What the start and the verifier make of it: whether either noticed, and what a start signs.
fn noticed(dir: &Path) -> bool {
    let verified = verify(dir, &anchored(dir), None);
    let opened = Journal::open(opening(dir, small()));
    let refused = opened.is_err();
    if let Ok(journal) = opened {
        journal.close().unwrap();
    }
    if !refused {
        // Whatever was signed verifies against what only the key can have written.
        assert!(check(dir).is_ok());
    }
    assert_eq!(verified.is_err(), refused, "the start and the verifier say the same: {verified:?}");
    refused
}

#[test]
fn what_a_crash_leaves_opens_again_whole() {
    let dir = crashed();
    assert!(verify(dir.path(), &anchored(dir.path()), None).is_ok());
    let journal = open(dir.path());
    let opened = journal.opened();
    assert_eq!((opened.size, opened.unpublished, opened.cut), (320, 20, false));
}

#[test]
fn a_frame_zeroed_or_cut_after_a_crash_is_missed() {
    let whole = crashed();
    let segment = last_segment(whole.path());
    let (places, end) = frames(&fs::read(&segment).unwrap());
    for place in places {
        let dir = copy(whole.path());
        let segment = last_segment(dir.path());
        let mut octets = fs::read(&segment).unwrap();
        octets[place..end].fill(0);
        fs::write(&segment, &octets).unwrap();
        assert!(noticed(dir.path()), "zeroed from {place}");
        octets.truncate(place);
        fs::write(&segment, &octets).unwrap();
        assert!(noticed(dir.path()), "cut at {place}");
    }
}

#[test]
fn a_forged_frame_is_never_signed() {
    let whole = crashed();
    let (_, end) = frames(&fs::read(last_segment(whole.path())).unwrap());
    let foreign = entry(at(400), 3, 1, Basis::Own, Kind::Disclosure);
    // By somebody who knows the shape and not the key; and by one who has the key of another installation.
    let other = Chain::new(&MacKey::of_secret(&Secret::from_octets([9; 32])), the_log());
    let dir = copy(whole.path());
    let segment = last_segment(dir.path());
    let mut octets = fs::read(&segment).unwrap();
    let mut forged = vec![0; crate::segment::HEAD];
    crate::bundle::push(&mut forged, &foreign.octets()).unwrap();
    let before: Digest = octets[frames(&octets).0.last().unwrap() + 56..][..32].try_into().unwrap();
    let forged = Frame::of(forged, (320, 320), before, &other).unwrap();
    octets[end..end + forged.octets().len()].copy_from_slice(forged.octets());
    fs::write(&segment, &octets).unwrap();
    let report = check(dir.path()).unwrap();
    assert!(report.unfinished && report.size + report.unpublished == 320, "not counted, and said");
    let journal = open(dir.path());
    assert!(journal.opened().cut, "said by the start");
    assert_eq!(journal.size(), 320);
    journal.close().unwrap();
    let mut seen = 0;
    verify_each(dir.path(), &trust(), None, &mut |_, entry| {
        seen += u64::from(entry.viewer == person(3) && entry.owner == person(1));
    })
    .unwrap();
    assert_eq!(seen, 0);
}

#[test]
fn every_file_edited_cut_swapped_or_taken_away_is_noticed() {
    let whole = crashed();
    let read: Vec<(PathBuf, Vec<u8>)> = files(&log_dir(whole.path()))
        .into_iter()
        .map(|file| (file.strip_prefix(whole.path()).unwrap().to_owned(), fs::read(&file).unwrap()))
        .filter(|(name, octets)| !octets.is_empty() && !name.ends_with("spare") && !name.ends_with("lock"))
        .collect();
    assert!(read.len() > 6, "{read:?}");
    let mut tried = 0;
    for (number, (name, octets)) in read.iter().enumerate() {
        // Of a segment the zeros behind its frames hold nothing.
        let used = octets.iter().rposition(|octet| *octet != 0).unwrap() + 1;
        let other = &read[(number + 1) % read.len()].1;
        let mut attacks: Vec<Option<Vec<u8>>> =
            vec![None, Some(Vec::new()), Some(octets[..used / 2].to_vec())];
        for part in 0..4 {
            let mut zeroed = octets.clone();
            zeroed[used * part / 4..used * (part + 1) / 4].fill(0);
            let mut edited = octets.clone();
            edited[used * part / 4] ^= 0x11;
            attacks.extend([Some(zeroed), Some(edited)]);
        }
        attacks.push(Some(other.clone()));
        for (attack, with) in
            attacks.into_iter().enumerate().filter(|(_, with)| with.as_ref() != Some(octets))
        {
            let dir = copy(whole.path());
            let path = dir.path().join(name);
            match with {
                Some(with) => fs::write(&path, with).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            // Older heads of the tree and what is below it the start does not read; the verifier does.
            let verified = verify(dir.path(), &anchored(dir.path()), None);
            let opened = Journal::open(opening(dir.path(), small()));
            let history = name.to_string_lossy().contains("history");
            // An older head of the same tree loses nothing where the frames since are there: all of it is proven still.
            let whole = verified.as_ref().is_ok_and(|report| report.entries() == 320);
            assert!(verified.is_err() || whole, "{} attack {attack}: {verified:?}", name.display());
            if let Ok(journal) = opened {
                // What lies deep in the tree a start does not read. What it signs is honest all the same: with the honest
                // file in its place again everything verifies.
                journal.close().unwrap();
                let told = name.to_string_lossy();
                if told.contains("tile") || history {
                    fs::write(&path, octets).unwrap();
                }
                let signed = check(dir.path());
                assert!(signed.is_ok(), "{} attack {attack}: {signed:?}", name.display());
            }
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
}

#[test]
fn another_journal_put_in_its_place_is_noticed() {
    let dir = crashed();
    let foreign = tempfile::tempdir().unwrap();
    let stranger = || SigningKey::of_seed(&Secret::from_octets([9; 32])).unwrap();
    let keys = LogKeys { signing: stranger(), chain: MacKey::of_secret(&Secret::from_octets([9; 32])) };
    let journal = Journal::open(Opening { keys, ..opening(foreign.path(), small()) }).unwrap();
    assert!(put(&journal, &own(1, 1)).is_ok());
    journal.close().unwrap();
    fs::remove_dir_all(log_dir(dir.path())).unwrap();
    fs::rename(log_dir(foreign.path()), log_dir(dir.path())).unwrap();
    assert!(verify(dir.path(), &anchored(dir.path()), None).is_err());
    assert!(matches!(Journal::open(opening(dir.path(), small())), Err(StartError::Foreign)));
}

#[test]
fn a_log_put_back_to_an_older_state_is_noticed() {
    let dir = filled(100);
    let older = copy(dir.path());
    let journal = open(dir.path());
    assert!(put(&journal, &own(101, 1)).is_ok());
    journal.close().unwrap();
    fs::remove_dir_all(log_dir(dir.path())).unwrap();
    fs::rename(log_dir(older.path()), log_dir(dir.path())).unwrap();
    assert!(noticed(dir.path()));
    assert!(matches!(Journal::open(opening(dir.path(), small())), Err(StartError::Shorter(101))));
    // Taken away whole, it is not taken for a new one either.
    fs::remove_dir_all(log_dir(dir.path())).unwrap();
    assert!(matches!(Journal::open(opening(dir.path(), small())), Err(StartError::Shorter(101))));
    assert!(verify(dir.path(), &anchored(dir.path()), None).is_err());
}

#[test]
fn a_log_without_its_anchored_head_opens_only_as_a_person_says() {
    let dir = filled(10);
    fs::remove_dir_all(dir.path().join("anchors")).unwrap();
    // Whoever asks the verifier with what is anchored now is told as well.
    let report = verify(dir.path(), &trust(), None).unwrap();
    let breach = report.was_anchored(&chain_key(), &[]).unwrap_err();
    assert!(matches!(breach.violation, Violation::Unanchored), "{breach:?}");
    assert!(matches!(Journal::open(opening(dir.path(), small())), Err(StartError::Unanchored)));
    let journal = Journal::open(Opening { as_it_is: true, ..opening(dir.path(), small()) }).unwrap();
    journal.close().unwrap();
    open(dir.path()).close().unwrap();
}

#[test]
fn a_head_that_was_put_back_is_noticed_with_the_files_as_they_are() {
    let dir = filled(100);
    let older = copy(&dir.path().join("anchors"));
    let journal = open(dir.path());
    assert!(put(&journal, &own(101, 1)).is_ok());
    journal.anchor().unwrap();
    // Its frame says how much was anchored before it.
    assert!(put(&journal, &own(102, 1)).is_ok());
    let crashed = copy(dir.path());
    journal.close().unwrap();
    for dir in [crashed.path(), dir.path()] {
        assert!(check(dir).is_ok());
        let now = fs::read(dir.join("anchors").join(the_log().to_string())).unwrap();
        let head = |octets: &[u8]| vec![(the_log(), octets.to_vec())];
        let report = verify(dir, &anchored(dir), None).unwrap();
        assert!(report.was_anchored(&chain_key(), &head(&now)).is_ok());
        fs::copy(older.path().join(the_log().to_string()), dir.join("anchors").join(the_log().to_string()))
            .unwrap();
        let old = fs::read(dir.join("anchors").join(the_log().to_string())).unwrap();
        let report = verify(dir, &anchored(dir), None).unwrap();
        let breach = report.was_anchored(&chain_key(), &head(&old)).unwrap_err();
        assert!(matches!(breach.violation, Violation::Older(100, 101)), "{breach:?}");
        let opened = Journal::open(opening(dir, small()));
        assert!(matches!(opened, Err(StartError::Older(100, 101))), "{opened:?}");
        // A person who has looked goes on, and from then on the head is as it is.
        let journal = Journal::open(Opening { as_it_is: true, ..opening(dir, small()) }).unwrap();
        journal.close().unwrap();
        open(dir).close().unwrap();
    }
}

/// An anchor that does not answer.
struct Silent(std::sync::atomic::AtomicBool);

impl Anchor for Silent {
    fn read(&self, _log: LogId) -> Result<Option<Vec<u8>>, AnchorError> {
        Ok(None)
    }
    fn write(&self, _log: LogId, _head: &[u8]) -> Result<(), AnchorError> {
        if self.0.load(Ordering::Relaxed) { Err(AnchorError("it is away".to_owned())) } else { Ok(()) }
    }
}

#[test]
fn what_cannot_be_anchored_is_not_taken_for_long() {
    let dir = tempfile::tempdir().unwrap();
    let silent = Arc::new(Silent(false.into()));
    let anchor: Arc<dyn Anchor> = Arc::<Silent>::clone(&silent);
    let bounds = Bounds { anchor_millis: 1, longest_unanchored_millis: 300, ..small() };
    let journal = Journal::open(Opening { anchor, ..opening(dir.path(), bounds) }).unwrap();
    silent.0.store(true, Ordering::Relaxed);
    let mut refused = None;
    for n in 0..400 {
        match put(&journal, &own(n, 1)) {
            Ok(_) => std::thread::sleep(std::time::Duration::from_millis(50)),
            Err(error) => {
                refused = Some(error);
                break;
            }
        }
    }
    assert_eq!(refused, Some(AppendError::Unanchored), "as long as the bound says and no longer");
    assert_eq!(journal.state(), State::Unanchored);
    silent.0.store(false, Ordering::Relaxed);
    journal.anchor().unwrap();
    assert_eq!(journal.state(), State::Ready);
    assert!(put(&journal, &own(500, 1)).is_ok());
}

#[test]
fn what_was_anchored_before_it_is_called_durable_is_not_owed() {
    let dir = tempfile::tempdir().unwrap();
    let bounds = Bounds { anchor_millis: 600_000, longest_unanchored_millis: 0, ..small() };
    let journal = Journal::open(opening(dir.path(), bounds)).unwrap();
    assert!(put(&journal, &own(1, 1)).is_ok());
    journal.anchor().unwrap();
    // The writer, where whoever anchors was quicker than it.
    for _ in 0..2 {
        crate::anchoring::note_durable(journal.shared_for_tests(), journal.size());
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert_eq!((journal.state(), journal.unanchored_millis()), (State::Ready, 0));
    assert!(put(&journal, &own(2, 1)).is_ok());
}
