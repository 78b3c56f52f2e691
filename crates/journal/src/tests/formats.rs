use honnin_seal::Digest;
use proptest::prelude::*;

use super::*;
use crate::history::parse_carried;
use crate::segment::{Frame, scan};

prop_compose! {
    fn moments()(millis in -1_000_000_000_000i64..10_000_000_000_000) -> Moment {
        Moment::from_millis(millis).unwrap()
    }
}

prop_compose! {
    fn places()(log: [u8; 16], index: u64) -> EntryRef {
        EntryRef { log: LogId::from_octets(log), index }
    }
}

fn bases() -> impl Strategy<Value = Basis> {
    prop_oneof![Just(Basis::Own), places().prop_map(Basis::Grant), places().prop_map(Basis::Case)]
}

prop_compose! {
    fn entries()(
        kind in prop::sample::select(Kind::ALL.to_vec()),
        (moment, order, until) in (moments(), moments(), moments()),
        viewer: [u8; 16], other in proptest::option::of(any::<[u8; 16]>()),
        (basis, about) in (bases(), proptest::option::of(places())),
        unsettled: bool, what: u16, channel: u8, epoch: u32,
        body in proptest::collection::vec(any::<u8>(), 0..MOST_BODY),
    ) -> Entry {
        let (viewer, owner) = (Pseudonym(viewer), Pseudonym(other.unwrap_or(viewer)));
        let until = kind.row().ends.then_some(until);
        Entry { kind, moment, order, unsettled, viewer, owner, basis, about, until, what, channel, epoch, body }
    }
}

proptest! {
    #[test]
    fn an_entry_reads_back_what_it_writes(entry in entries()) {
        prop_assert_eq!(parse_entry(&entry.octets()), Ok(entry));
    }

    #[test]
    fn octets_that_are_read_as_an_entry_are_the_octets_of_that_entry(
        entry in entries(), place in 0usize..42, octet: u8,
    ) {
        let mut octets = entry.octets();
        octets[place] = octet;
        if let Ok(read) = parse_entry(&octets) {
            prop_assert_eq!(read.octets(), octets);
        }
    }

    #[test]
    fn no_octets_make_a_reader_panic(octets in proptest::collection::vec(any::<u8>(), 0..3000)) {
        drop(parse_entry(&octets));
        drop(parse_bundle(&octets));
        drop(parse_checkpoint(&octets));
        drop(parse_carried(&octets));
        drop(scan(&octets, 0, u64::MAX, &chain()));
    }

    #[test]
    fn no_altered_checkpoint_verifies(size in 0u64..1 << 40, root: [u8; 32], place: prop::sample::Index, flip in 1u8..=255) {
        let mut octets = Checkpoint::sign(ORIGIN, size, &root, &signing_key()).unwrap();
        let whole = parse_checkpoint(&octets).unwrap();
        prop_assert_eq!((whole.size, whole.root, whole.origin.as_str()), (size, root, ORIGIN));
        prop_assert!(whole.verify(&verifying_key()).is_ok());
        let place = place.index(octets.len());
        octets[place] ^= flip;
        let verified = parse_checkpoint(&octets).map(|read| read.verify(&verifying_key()));
        prop_assert!(!matches!(verified, Ok(Ok(()))));
    }

    #[test]
    fn a_frame_with_an_altered_octet_is_none(count in 1usize..20, place: prop::sample::Index, flip in 1u8..=255) {
        let mut octets = frame(0, count, [1; 32]).octets().to_vec();
        prop_assert_eq!(Frame::parse(&octets, &chain()).unwrap(), frame(0, count, [1; 32]));
        let place = place.index(octets.len());
        octets[place] ^= flip;
        prop_assert!(Frame::parse(&octets, &chain()).is_err());
    }
}

/// A frame of entries of ten octets.
fn frame(first: u64, count: usize, before: Digest) -> Frame {
    let mut octets = vec![0; crate::segment::HEAD];
    for _ in 0..count {
        crate::bundle::push(&mut octets, b"ten octets").unwrap();
    }
    Frame::of(octets, (first, first), before, &chain()).unwrap()
}

#[test]
fn the_octets_of_an_entry_are_fixed_so_that_a_new_build_reads_old_journals() {
    let entry = Entry {
        kind: Kind::CaseOpened,
        moment: Moment::from_millis(0x0102_0304_0506).unwrap(),
        order: Moment::from_millis(0x0102_0304_0507).unwrap(),
        unsettled: true,
        viewer: Pseudonym([0xaa; 16]),
        owner: Pseudonym([0xbb; 16]),
        basis: Basis::Case(place(9)),
        about: Some(place(10)),
        until: Some(Moment::from_millis(0x0102_0304_0508).unwrap()),
        what: 0x1122,
        channel: 3,
        epoch: 4,
        body: vec![0xcc],
    };
    let expected = concat!(
        "0204033e",
        "1122",
        "00000004",
        "0000010203040506",
        "0000010203040507",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "abababababababababababababababab0000000000000009",
        "abababababababababababababababab000000000000000a",
        "0000010203040508",
        "cc",
    );
    assert_eq!(data_encoding::HEXLOWER.encode(&entry.octets()), expected);
    let own = Entry { owner: entry.viewer, ..Entry::blank(Kind::SignedIn, entry.moment, 4) };
    let own = Entry { viewer: Pseudonym([0xaa; 16]), owner: Pseudonym([0xaa; 16]), ..own };
    assert_eq!(own.octets().len(), 42);
}

#[test]
fn the_example_of_the_standard_reads_as_a_checkpoint() {
    let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    let checkpoint = parse_checkpoint(note.as_bytes()).unwrap();
    assert_eq!((checkpoint.origin.as_str(), checkpoint.size), ("example.com/behind-the-sofa", 20_852_163));
    assert!(checkpoint.verify(&verifying_key()).is_err(), "signed with a key we do not know");
}

#[test]
fn a_key_named_in_another_tool_verifies_its_note() {
    // The example of signed-note's implementations: key 530d903a, given as 0x01 and 32 octets in base64.
    let note = "This is an example message.\n\n\
        \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let key = data_encoding::BASE64.decode(b"AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").unwrap();
    let key = VerifyingKey(key[1..].try_into().unwrap());
    let note = crate::note::Note::parse(note.as_bytes()).unwrap();
    assert!(note.verify("example.com/foo", &key).is_ok());
    assert!(note.verify("example.com/bar", &key).is_err());
    assert!(note.verify("example.com/foo", &verifying_key()).is_err());
}

#[test]
fn a_torn_last_frame_is_cut_and_a_broken_one_before_a_whole_one_is_damage() {
    let first = frame(5, 3, [1; 32]);
    let second = frame(8, 4, first.tag);
    let third = frame(12, 1, second.tag);
    let frames = [first, second, third];
    let mut segment: Vec<u8> = frames.iter().flat_map(|frame| frame.octets().to_vec()).collect();
    let whole = segment.len();
    segment.resize(whole + 4096, 0);
    let found = scan(&segment, 5, u64::MAX, &chain()).unwrap();
    assert_eq!((found.frames.len(), found.torn), (3, None));
    let last = whole - frames[2].octets().len();
    for place in last..whole {
        let mut torn = segment.clone();
        torn[place..whole].fill(0);
        let found = scan(&torn, 5, u64::MAX, &chain()).unwrap();
        assert!(found.frames.len() == 2 && found.torn.is_none_or(|at| at == last) || found.frames.len() == 3);
    }
    for place in 0..last {
        let mut broken = segment.clone();
        broken[place] ^= 1;
        assert!(scan(&broken, 5, u64::MAX, &chain()).is_err(), "{place}");
    }
    let superseded = scan(&segment, 5, 8, &chain()).unwrap();
    assert_eq!(
        (superseded.frames.len(), superseded.torn),
        (1, None),
        "the next segment took the place of the rest"
    );
}

#[test]
fn files_stand_where_the_standard_says() {
    let dir = Path::new("");
    assert_eq!(crate::layout::tile(dir, 0, 1_234_067, 256), Path::new("tile/0/x001/x234/067"));
    assert_eq!(crate::layout::tile(dir, 1, 0, 17), Path::new("tile/1/000.p/17"));
    assert_eq!(crate::layout::bundle(dir, 1000, 256), Path::new("tile/entries/x001/000"));
    assert_eq!(crate::layout::bundle(dir, 273, 112), Path::new("tile/entries/273.p/112"));
}
