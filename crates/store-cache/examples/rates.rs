//! How fast the engine is on this machine: documents written, rows read from the cache and from the file.
//!
//! `cargo run --release -p honnin-store-cache --example rates -- [ACCOUNTS]`
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a measurement reads the clock, prints, and ends where something is refused"
)]

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use honnin_access::Document;
use honnin_store::conformance::{Stage, done};
use honnin_store::document::{Line, Profile};
use honnin_store::{AccountKeyRow, AccountUpdate, Batch, NewWish, Progress, SubjectKeyRow, read_view};
use honnin_store::{Answer, Error, SeenRow, Store};
use honnin_store_cache::Cached;
use honnin_store_sqlite::{Bounds, Sqlite};
use honnin_terms::{AccountId, HoldingId, Id, TenantId};
use honnin_testkit::{FixedClock, SeededEntropy, TestDir};

const READS: usize = 300_000;
const BATCH: usize = 2_000;

fn timed(what: &str, count: usize, work: impl FnOnce()) {
    let begun = Instant::now();
    work();
    let seconds = begun.elapsed().as_secs_f64();
    println!("{what:<44} {:>10.0}/s {:>10.0} ns", count as f64 / seconds, seconds * 1e9 / count as f64);
}

/// What a read answers; this engine answers in place.
fn at_once<T>(answer: Answer<'_, Result<Option<T>, Error>>) -> Option<T> {
    match answer {
        Answer::Ready(found) => found.unwrap().unwrap(),
        Answer::Later(answer) => done(answer).unwrap(),
    }
}

/// The ids spread over the whole range, as keyed hashes do, ascending with the number.
fn account(number: usize, of: usize) -> AccountId {
    let step = u128::MAX / (of as u128 + 1);
    AccountId::from_octets((step * (number as u128 + 1)).to_be_bytes())
}

fn update(stage: &Stage, account: AccountId) -> AccountUpdate {
    let holding = HoldingId::from_octets(*account.octets());
    AccountUpdate {
        account,
        account_key: Some(AccountKeyRow { epoch: 1, by_keeper: vec![1; 72], ring: vec![2; 600] }),
        subject_keys: vec![SubjectKeyRow { holding: Some(holding), epoch: 1 }],
        documents: vec![stage.noise(None, Profile::KIND, b""), stage.noise(Some(holding), Line::KIND, b"")],
    }
}

fn write(store: &dyn Store, stage: &Stage, accounts: usize) {
    let entropy = SeededEntropy::new(9);
    let (mut spent, mut position) = (0.0, 0);
    for first in (0..accounts).step_by(BATCH) {
        let numbers = first..(first + BATCH).min(accounts);
        position += 1;
        let seen = numbers.clone().map(|_| {
            let mut record = [0; 16];
            honnin_terms::Entropy::fill(&entropy, &mut record);
            SeenRow { record, content: record }
        });
        let batch = Batch {
            seen: seen.collect(),
            accounts: numbers.map(|number| update(stage, account(number, accounts))).collect(),
            progress: Progress { position, state: Vec::new() },
            ..Batch::default()
        };
        let permit = stage.append(0);
        let begun = Instant::now();
        done(store.commit(&permit, "rates", batch)).unwrap();
        spent += begun.elapsed().as_secs_f64();
    }
    let rows = 5 * accounts;
    println!("{:<44} {:>10.0}/s (of five rows each account)", "rows written in batches", rows as f64 / spent);
}

/// Reads of so many among the accounts, in no order.
fn read(store: &dyn Store, accounts: usize, among: usize, threads: usize, what: &str) {
    timed(what, READS * threads, || {
        thread::scope(|scope| {
            for begin in 0..threads {
                scope.spawn(move || {
                    for turn in 0..READS {
                        let of = account((turn * 7_919 + begin * 104_729) % among, accounts);
                        assert!(at_once(store.credential(TenantId::FIRST, of)).is_some());
                    }
                });
            }
        });
    });
}

fn main() {
    let accounts = std::env::args().nth(1).map_or(200_000, |text| text.parse().unwrap());
    let dir = TestDir::new();
    let clock = Arc::new(FixedClock::at("2027-01-15T08:00:00Z"));
    honnin_store_sqlite::create(dir.path()).unwrap();
    let engine = Sqlite::open(dir.path(), Bounds::default(), Arc::<FixedClock>::clone(&clock)).unwrap();
    let store: Arc<dyn Store> = Arc::new(Cached::new(engine, &honnin_store_cache::Bounds::default()));
    let stage = Stage::new(Arc::clone(&store));
    write(&*store, &stage, accounts);

    let person = stage.person();
    stage.write(person.account, vec![stage.noise(Some(person.line), Line::KIND, b"")]);
    let permit = stage.read(&person);
    timed("view, cached", READS, || {
        for _ in 0..READS {
            assert!(at_once(read_view::<Line>(&*store, &permit, b"")).is_some());
        }
    });
    timed("session, cached", READS, || {
        for _ in 0..READS {
            assert!(at_once(store.session(TenantId::FIRST, &person.row_hash)).is_some());
        }
    });
    read(&*store, accounts, 20_000, 1, "keys of 20,000 accounts");
    let tries = 2_000;
    let people: Vec<_> = (0..64).map(|_| stage.person()).collect();
    timed("wishes, 64 at once", tries, || {
        thread::scope(|scope| {
            for person in &people {
                let (store, stage) = (&store, &stage);
                scope.spawn(move || {
                    for revision in 0..(tries / 64) as u64 {
                        let wish = NewWish {
                            read_revision: revision,
                            blob: vec![7; 200],
                            epoch: 1,
                            version: revision + 1,
                            at: stage.at(0),
                            least_seconds: 0,
                            key: None,
                            key_seconds: 0,
                        };
                        done(store.set_wish(&stage.set_speed(person, 0), wish)).unwrap();
                    }
                });
            }
        });
    });
    println!("{:?}", store.figures().cache);
    drop((stage, permit));
    drop(store);

    let small = Bounds::default();
    for (mapped, label) in [(small, "mapped"), (Bounds { reader_map_octets: 0, ..small }, "not mapped")] {
        let store = Sqlite::open(dir.path(), mapped, Arc::<FixedClock>::clone(&clock)).unwrap();
        read(&store, accounts, accounts, 1, &format!("keys of an account, {label}, 1 thread"));
        read(&store, accounts, accounts, 2, &format!("keys of an account, {label}, 2 threads"));
    }
}
