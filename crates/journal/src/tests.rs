//! What the journal promises, tried from outside and with failing disks.

mod faults;
mod formats;
mod life;
mod rounds;
mod spare;
mod tampering;
mod trees;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use honnin_seal::{IndexKey, KeeperKey, Secret, SigningKey, VerifyingKey};
use honnin_terms::{AccountId, Entropy, Id, Moment, TenantId};

use crate::*;

/// Entropy that never repeats and needs no system.
#[derive(Default)]
struct Counting(AtomicU64);
impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed);
        bytes.iter_mut().zip(next.to_le_bytes().into_iter().cycle()).for_each(|(to, from)| *to = from);
    }
}

const ORIGIN: &str = "self.example.jp/journal/1";

fn root() -> Secret {
    Secret::from_octets([7; 32])
}

fn signing_key() -> SigningKey {
    SigningKey::of_seed(&root()).unwrap()
}

fn verifying_key() -> VerifyingKey {
    signing_key().verifying_key().unwrap()
}

fn keys(epoch: u32) -> EpochKeys {
    let label = format!("journal {epoch}");
    EpochKeys {
        tenant: TenantId::FIRST,
        epoch,
        pseudonym: IndexKey::of_root(&root(), TenantId::FIRST, &label).unwrap(),
        body: KeeperKey::of_root(&root(), TenantId::FIRST, &label).unwrap(),
    }
}

fn account(number: u8) -> AccountId {
    AccountId::from_octets([number; 16])
}

fn person(number: u8) -> Pseudonym {
    keys(1).account(account(number))
}

/// So many seconds after the beginning of the tests' day.
fn at(seconds: i64) -> Moment {
    "2026-11-20T06:00:00+09:00".parse::<Moment>().unwrap().plus_seconds(seconds)
}

fn entry(moment: Moment, viewer: u8, owner: u8, basis: Basis, kind: Kind) -> Entry {
    let (viewer, owner) = (person(viewer), person(owner));
    let new = NewEntry { moment, viewer, owner, basis, kind, what: 1, channel: 2, details: b"holding 12" };
    keys(1).seal(&new, &Counting::default()).unwrap()
}

/// The person saw her own data.
fn own(seconds: i64, who: u8) -> Entry {
    entry(at(seconds), who, who, Basis::Self_, Kind::Disclosure)
}

fn small() -> Bounds {
    Bounds { segment_octets: 64 * 1024, ..Bounds::default() }
}

fn open(dir: &Path) -> Journal {
    Journal::open(dir, ORIGIN, signing_key(), small()).unwrap()
}

fn check(dir: &Path) -> Result<Report, Violation> {
    verify(dir, &verifying_key(), None)
}

/// Appends many entries as they would come together, then waits for all.
fn append_all(journal: &Journal, entries: impl IntoIterator<Item = Entry>) -> Vec<Result<u64, AppendError>> {
    let waiting: Vec<Append> = entries.into_iter().map(|entry| journal.append(&entry)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut outcomes = Vec::new();
        for append in waiting {
            outcomes.push(append.await);
        }
        outcomes
    })
}

/// A closed journal of `count` disclosures, one a second, of the persons 0 to 9 in turn.
fn filled(count: u16) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let entries = (0..count).map(|n| own(i64::from(n), u8::try_from(n % 10).unwrap()));
    assert!(append_all(&journal, entries).iter().all(Result::is_ok));
    journal.close().unwrap();
    dir
}

/// All files of a journal, sorted.
fn files(dir: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
