//! Public logs: the tree over several tiles, and what is found of a log that is not what it was.

use honnin_seal::{Secret, SigningKey};

use crate::{NotAppended, PublicLog, Unlike, pack, parse_verifier_key, read_public, unpack, verifier_key};

const ORIGIN: &str = "test/notices";

fn key() -> SigningKey {
    SigningKey::of_seed(&Secret::from_octets([7; 32])).unwrap()
}

#[test]
fn a_public_log_longer_than_a_tile_reads_back_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (place, public) = (dir.path().join("log"), key().verifying_key().unwrap());
    let mut log = PublicLog::open(&place, ORIGIN, key(), &[]).unwrap();
    for number in 0..300_u64 {
        assert_eq!(log.append(format!("entry {number}").as_bytes()).unwrap(), number);
    }
    assert!(matches!(PublicLog::open(&place, ORIGIN, key(), &[]), Err(NotAppended::Locked)));
    drop(log);
    let read = read_public(&place, ORIGIN, &public, &[]).unwrap();
    assert_eq!((read.entries.len(), read.entries[299].as_slice()), (300, &b"entry 299"[..]));
    assert!(place.join("tile/entries/000").exists() && place.join("tile/1/000.p/1").exists());
    // The narrower forms of the open bundle do not pile up.
    assert_eq!(std::fs::read_dir(place.join("tile/entries/001.p")).unwrap().count(), 2);
    let mut log = PublicLog::open(&place, ORIGIN, key(), &[(300, read.root)]).unwrap();
    assert_eq!(log.append(b"one more").unwrap(), 300);
    drop(log);
    let more = read_public(&place, ORIGIN, &public, &[(300, read.root)]).unwrap();
    assert_eq!(more.entries.len(), 301);
    let packed = pack(&more).unwrap();
    assert_eq!(unpack(&packed, ORIGIN, &public).unwrap().entries, more.entries);
    assert!(unpack(&packed[..packed.len() - 10], ORIGIN, &public).is_err());
    assert!(matches!(read_public(&place, "other/notices", &public, &[]), Err(Unlike::OtherName(_))));
    let head = (302, read.root);
    assert!(matches!(
        read_public(&place, ORIGIN, &public, &[head]),
        Err(Unlike::Shorter { has: 301, had: 302 })
    ));
}

#[test]
fn a_key_is_told_to_others_in_one_line() {
    let public = key().verifying_key().unwrap();
    let line = verifier_key(ORIGIN, &public);
    let (name, read) = parse_verifier_key(&format!("{line}\n")).unwrap();
    assert_eq!((name.as_str(), read.0), (ORIGIN, public.0));
    for wrong in [line.replacen("test", "best", 1), line.replacen('+', "", 1), String::new()] {
        assert!(parse_verifier_key(&wrong).is_err(), "{wrong}");
    }
}
