//! What the journal promises, tried from outside and with failing disks.

mod batches;
mod clock;
mod copies;
mod faults;
mod formats;
mod insiders;
mod life;
mod logs;
mod public;
mod rounds;
mod runs;
mod several;
mod spare;
mod steps;
mod tampering;
mod trees;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use honnin_seal::{IndexKey, KeeperKey, MacKey, Secret, SigningKey, VerifyingKey};
use honnin_terms::{AccountId, Basis, Entropy, EntryRef, Id, LogId, Moment, TenantId};
use honnin_testkit::soon;

use crate::chain::Chain;
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

fn the_log() -> LogId {
    LogId::from_octets([0xab; 16])
}

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

fn details() -> Details {
    Details { note: "holding 12".to_owned(), ..Details::default() }
}

/// The entry of that index of the tests' log.
fn place(index: u64) -> EntryRef {
    EntryRef { log: the_log(), index }
}

fn entry(moment: Moment, viewer: u8, owner: u8, basis: Basis, kind: Kind) -> Entry {
    let (viewer, owner, details) = (account(viewer), account(owner), details());
    let act = Act::new(kind, moment, Party::Account(viewer), Party::Account(owner), &details);
    let act = Act { basis, what: 1, channel: 2, ..act };
    keys(1).seal(&act, &Counting::default()).unwrap()
}

/// A grant or a case.
fn beginning(moment: Moment, viewer: u8, owner: u8, kind: Kind, until: Moment) -> Entry {
    Entry { until: Some(until), ..entry(moment, viewer, owner, Basis::Own, kind) }
}

/// The end of one.
fn ending(moment: Moment, viewer: u8, owner: u8, kind: Kind, ends: u64) -> Entry {
    Entry { about: Some(place(ends)), ..entry(moment, viewer, owner, Basis::Own, kind) }
}

/// The person saw her own data.
fn own(seconds: i64, who: u8) -> Entry {
    entry(at(seconds), who, who, Basis::Own, Kind::Disclosure)
}

fn small() -> Bounds {
    Bounds { segment_octets: 64 * 1024, ..Bounds::default() }
}

fn chain_key() -> MacKey {
    MacKey::of_secret(&root())
}

fn chain() -> Chain {
    Chain::new(&chain_key(), the_log())
}

/// The tests' log in that directory, whose head is anchored beside it.
fn opening(dir: &Path, bounds: Bounds) -> Opening {
    Opening {
        root: dir.to_owned(),
        log: the_log(),
        origin: ORIGIN.to_owned(),
        keys: LogKeys { signing: signing_key(), chain: chain_key() },
        bounds,
        anchor: Arc::new(FileAnchor(dir.join("anchors"))),
        steady: None,
        as_it_is: false,
    }
}

fn open(dir: &Path) -> Journal {
    Journal::open(opening(dir, small())).unwrap()
}

/// Where the tests' log is.
fn log_dir(dir: &Path) -> PathBuf {
    dir.join(the_log().to_string())
}

/// What was proven of the only log.
#[derive(Debug, PartialEq)]
struct One {
    log: LogReport,
    to_owner: u64,
    on_basis: u64,
    bases: u64,
}

impl std::ops::Deref for One {
    type Target = LogReport;
    fn deref(&self) -> &LogReport {
        &self.log
    }
}

fn trust() -> Trust {
    Trust { chain: Some(chain_key()), ..Trust::of_key(verifying_key()) }
}

fn check_period(dir: &Path, period: Option<(Moment, Moment)>) -> Result<One, Violation> {
    let Report { mut logs, to_owner, on_basis, bases } =
        verify(dir, &trust(), period).map_err(|breach| breach.violation)?;
    assert_eq!(logs.len(), 1);
    Ok(One { log: logs.remove(0), to_owner, on_basis, bases })
}

fn check(dir: &Path) -> Result<One, Violation> {
    check_period(dir, None)
}

/// Appends one; its index.
fn put(journal: &Journal, entry: &Entry) -> Result<u64, AppendError> {
    journal.append_blocking(entry).map(|place| place.index)
}

/// Appends many entries as they would come together, then waits for all.
fn append_all(journal: &Journal, entries: impl IntoIterator<Item = Entry>) -> Vec<Result<u64, AppendError>> {
    let waiting: Vec<Append> = entries.into_iter().map(|entry| journal.append(&entry)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut outcomes = Vec::new();
        for append in waiting {
            outcomes.push(append.await.map(|place| place.index));
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

/// All files of a directory, sorted.
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
