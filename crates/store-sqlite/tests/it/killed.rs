//! Killed at any moment while it writes: position and rows agree afterwards.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use honnin_access::Document;
use honnin_store::conformance::{Stage, done};
use honnin_store::document::Line;
use honnin_store::{AccountUpdate, Batch, Committed, FeedRows, Progress, SeenRow};
use honnin_store_sqlite::{Bounds, Sqlite};
use honnin_terms::{AccountId, HoldingId, Id};
use honnin_testkit::TestDir;

use crate::opened;

const FEED: &str = "files";
const CHILD: &str = "killed::a_child_commits_batches_until_it_is_killed";

pub(crate) fn open(dir: &Path) -> (Arc<Sqlite>, Stage) {
    // Small enough that checkpoints happen all the time.
    let bounds = Bounds { log_checkpoint_octets: 128 * 1024, ..Bounds::default() };
    let store = Arc::new(Sqlite::open(dir, bounds, opened::clock()).unwrap());
    let stage = opened::stage(&store);
    (store, stage)
}

fn records(position: u64) -> Vec<SeenRow> {
    let record = |number: u64| u128::from(position * 1_000 + number).to_be_bytes();
    (0..50).map(|number| SeenRow { record: record(number), content: record(number) }).collect()
}

fn account() -> AccountId {
    AccountId::from_octets([5; 16])
}

fn step(stage: &Stage, position: u64) -> Batch {
    let holding = HoldingId::from_octets(u128::from(position).to_be_bytes());
    let documents = (0..20_u8).map(|row| stage.noise(Some(holding), Line::KIND, &[row])).collect();
    let key = honnin_store::AccountKeyRow { epoch: 1, by_keeper: vec![1; 72], ring: vec![2; 90] };
    let update =
        AccountUpdate { account: account(), account_key: Some(key), subject_keys: Vec::new(), documents };
    Batch {
        accounts: vec![update],
        seen: records(position),
        progress: Progress { position, state: position.to_be_bytes().to_vec() },
        ..Batch::default()
    }
}

fn position(store: &Sqlite, stage: &Stage) -> u64 {
    let progress = done(store.progress(&stage.append(0), FEED)).unwrap().unwrap_or_default();
    assert!(progress.position == 0 || progress.state == progress.position.to_be_bytes());
    progress.position
}

/// A test of this file's program as a process of its own, told that directory.
pub(crate) fn spawned(child: &str, dir: &Path) -> Child {
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", child])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(process.stdin.take().unwrap(), "{}", dir.display()).unwrap();
    process
}

/// What it acknowledges, until it ends.
pub(crate) fn told(process: &mut Child) -> impl Iterator<Item = u64> + use<> {
    let said = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    said.filter_map(|line| line.rsplit_once("acknowledged ")?.1.parse::<u64>().ok())
}

/// The directory a child is told; by itself it is told none.
pub(crate) fn directory() -> Option<PathBuf> {
    let mut dir = String::new();
    std::io::stdin().lock().read_line(&mut dir).unwrap();
    Some(dir.trim()).filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

/// Tells the parent that something is durable: from here on it may not be lost.
pub(crate) fn acknowledge(number: u64) {
    println!("acknowledged {number}");
    std::io::stdout().flush().unwrap();
}

/// Asked by the test below in a process of its own; by itself it is told no directory and ends.
#[test]
#[ignore = "the child of the test below"]
fn a_child_commits_batches_until_it_is_killed() {
    let Some(dir) = directory() else { return };
    let (store, stage) = open(&dir);
    for next in position(&store, &stage) + 1.. {
        assert_eq!(done(store.commit(&stage.append(0), FEED, step(&stage, next))), Ok(Committed::Done));
        acknowledge(next);
    }
}

#[test]
fn killed_at_any_moment_position_and_rows_agree() {
    let dir = TestDir::new();
    drop(opened::create(&dir, Bounds::default()));
    let mut acknowledged = 0;
    for round in 0..12 {
        let mut child = spawned(CHILD, dir.path());
        let mut told = told(&mut child);
        // Each round it is let live a little longer; the kill falls somewhere into the step after that.
        for _ in 0..=round * 3 {
            acknowledged = told.next().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = told.last().unwrap_or(acknowledged);

        let (store, stage) = open(dir.path());
        let stands = position(&store, &stage);
        assert!(
            (acknowledged..=acknowledged + 1).contains(&stands),
            "{acknowledged} told, stands at {stands}"
        );
        let asked: Vec<_> = (1..=stands + 1).flat_map(records).collect();
        let keys: Vec<_> = asked.iter().map(|row| row.record).collect();
        let taken = done(store.seen(&stage.append(0), &keys)).unwrap();
        let expected: Vec<_> = asked.iter().map(|row| Some(row.content)).collect();
        let (of_all, of_the_next) = (50 * usize::try_from(stands).unwrap(), [None; 50]);
        assert_eq!(taken[..of_all], expected[..of_all]);
        assert_eq!(taken[of_all..], of_the_next);
        let stored = done(store.accounts(&stage.append(0), &[account()])).unwrap();
        assert_eq!(stored[0].documents.len(), 20 * usize::try_from(stands).unwrap());
        done(honnin_store::OperatorRows::report(&*store, &stage.operate(0))).unwrap();
    }
    assert!(acknowledged >= 12);
}
