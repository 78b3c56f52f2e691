//! Every input that is kept, played again: what the fuzzer once found stays found, and the seeds still fit.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails here has told where"
)]

use std::fs;
use std::path::PathBuf;

use honnin_hostile::{
    Connections, Doorstep, JournalFiles, LedgerRows, MappingFile, Requests, SealedBlobs, Target, Tokens,
};

/// What all kept inputs together may take. Unit: octets.
const MOST: u64 = 300 * 1024;

fn corpus(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name)
}

fn kept(name: &str) -> Vec<(String, Vec<u8>)> {
    let mut kept: Vec<_> = fs::read_dir(corpus(name))
        .unwrap_or_else(|error| panic!("{name} has no inputs: {error}"))
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect();
    kept.sort();
    kept
}

/// Plays every kept input of a target, and each of them cut in half.
fn played<T: Target>() {
    let mut target = T::open().unwrap();
    let inputs = kept(T::NAME);
    assert!(inputs.len() >= 10, "{} has {} inputs", T::NAME, inputs.len());
    for (name, octets) in inputs {
        for part in [&octets[..], &octets[..octets.len() / 2]] {
            if let Err(wrong) = target.play(part) {
                panic!("{} {name}, {} octets of it: {wrong}", T::NAME, part.len());
            }
        }
    }
}

#[test]
fn every_kept_mapping_file_is_taken_or_refused_with_a_reason() {
    played::<MappingFile>();
}

#[test]
fn every_kept_ledger_file_is_read_to_its_end() {
    played::<LedgerRows>();
}

#[test]
fn every_kept_token_is_one_thing_or_nothing() {
    played::<Tokens>();
}

#[test]
fn no_kept_blob_opens_that_nobody_sealed() {
    played::<SealedBlobs>();
}

#[test]
fn no_kept_journal_file_proves_another_journal() {
    played::<JournalFiles>();
}

#[test]
fn every_kept_request_is_answered_and_shows_nobody_else() {
    played::<Requests>();
}

#[test]
fn every_kept_doorstep_leads_to_one_house_or_to_none() {
    played::<Doorstep>();
}

#[test]
fn every_kept_connection_ends_and_shows_nobody_else() {
    played::<Connections>();
}

#[test]
fn the_kept_inputs_stay_small() {
    let targets = fs::read_dir(corpus("")).unwrap().map(|entry| entry.unwrap().file_name());
    let inputs = targets.flat_map(|name| kept(&name.to_string_lossy()));
    let octets: u64 = inputs.map(|(_, octets)| u64::try_from(octets.len()).unwrap()).sum();
    assert!(octets <= MOST, "{octets} octets; minimise the corpora with `cargo xtask fuzz --keep`");
}
