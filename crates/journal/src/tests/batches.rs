//! How entries become durable together, and how whoever waits for them is woken.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::*;
use crate::queue::hold;

/// Counts how often it was woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Woken {
    fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll(append: &mut Append, woken: &Arc<Woken>) -> Poll<Result<EntryRef, AppendError>> {
    Pin::new(append).poll(&mut Context::from_waker(&Waker::from(Arc::clone(woken))))
}

/// Waits until so many entries are durable.
#[track_caller]
fn until(journal: &Journal, size: u64) {
    assert!(soon(|| journal.size() >= size), "{} of {size} entries are durable", journal.size());
}

#[test]
fn who_is_ready_together_becomes_durable_by_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Arc::new(open(dir.path()));
    // The publisher forgets frames.
    let still = hold(&journal.shared_for_tests().shelf);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let tasks = (0..40u8).map(|who| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move { journal.append(&own(1, who)).await.unwrap() })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
    assert_eq!(hold(&journal.shared_for_tests().tail).unpublished(usize::MAX).len(), 1);
    drop(still);
}

#[test]
fn one_of_a_thread_is_woken_and_wakes_its_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let mut waiting: Vec<Append> = (0..4).map(|who| journal.append(&own(1, who))).collect();
    let woken: Vec<Arc<Woken>> = (0..4).map(|_| Arc::default()).collect();
    // The first leads and is woken by itself, once round; then it calls.
    for place in [0, 1, 2, 3, 0] {
        assert!(poll(&mut waiting[place], &woken[place]).is_pending());
    }
    let times = || woken.iter().map(|woken| woken.times()).collect::<Vec<_>>();
    until(&journal, 4);
    assert!(soon(|| times() != [1, 0, 0, 0]), "the first is not woken");
    assert_eq!(times(), [2, 0, 0, 0]);
    assert!(poll(&mut waiting[0], &woken[0]).is_ready());
    assert_eq!(times(), [2, 1, 1, 1]);
}

#[test]
fn who_leaves_leaves_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    // Nobody has ever asked for it.
    drop(journal.append(&own(1, 1)));
    until(&journal, 1);
    // Who was to call the writer, before it did.
    let mut waiting: Vec<Append> = (0..3).map(|who| journal.append(&own(1, who))).collect();
    let woken: Vec<Arc<Woken>> = (0..3).map(|_| Arc::default()).collect();
    for place in 0..3 {
        assert!(poll(&mut waiting[place], &woken[place]).is_pending());
    }
    drop(waiting.remove(0));
    until(&journal, 4);
    // Who was woken for the others, before it woke them.
    assert!(soon(|| woken[1].times() > 0), "she is not woken");
    assert_eq!(woken[2].times(), 0);
    drop(waiting.remove(0));
    assert_eq!(woken[2].times(), 1);
    assert!(poll(&mut waiting[0], &woken[2]).is_ready());
}

#[test]
fn each_thread_is_woken() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let here: Arc<Woken> = Arc::default();
    let (mut first, mut second) = (journal.append(&own(1, 1)), journal.append(&own(1, 2)));
    assert!(poll(&mut first, &here).is_pending());
    // Another thread, whose answer does not wait for this one to look.
    let there: Arc<Woken> = Arc::default();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| poll(&mut second, &there).is_pending());
        assert!(waits.join().unwrap());
    });
    assert!(poll(&mut first, &here).is_pending(), "it calls now");
    assert!(soon(|| there.times() > 0), "who stayed is not woken");
    assert!(poll(&mut second, &here).is_ready());
}

#[test]
fn more_than_enough_does_not_wait_to_be_called() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path());
    let waiting: Vec<Append> = (0..64).map(|who| journal.append(&own(1, who % 10))).collect();
    until(&journal, 64);
    drop(waiting);
}
