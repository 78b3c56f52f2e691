//! The thread that has the head kept outside of the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::queue::hold;
use crate::shelf::Shared;

/// How far the head is anchored.
#[derive(Debug, Default)]
pub(crate) struct Anchored {
    pub(crate) size: u64,
    /// Since when there is something durable that is not anchored.
    since: Option<Instant>,
    /// The longest time for which something durable was not anchored.
    longest: Duration,
}

impl Anchored {
    pub(crate) const fn of(size: u64) -> Self {
        Self { size, since: None, longest: Duration::ZERO }
    }

    /// The longest time for which something durable was not anchored.
    pub(crate) const fn longest(&self) -> Duration {
        self.longest
    }

    /// For how long there has been something that is not anchored.
    pub(crate) fn unanchored(&self) -> Duration {
        self.since.map(|since| since.elapsed()).unwrap_or_default()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long another place does not answer is no moment of the journal's"
)]
fn now() -> Instant {
    Instant::now()
}

/// Says that everything before `next` is durable, and stops the taking where none was anchored for too long.
pub(crate) fn note_durable(shared: &Shared, next: u64) {
    let mut anchored = hold(&shared.anchored);
    // Whoever anchors may have been quicker: then nothing is owed, and what is said here is said for ever, for a head that
    // stays as it is is not anchored again.
    if anchored.size >= next {
        return;
    }
    let longest = Duration::from_millis(shared.bounds.longest_unanchored_millis);
    if anchored.since.get_or_insert_with(now).elapsed() > longest {
        shared.queue.set_adrift(true);
    }
}

/// Anchors until the journal is closed, at most once in each period and only where the log has grown.
pub(crate) fn run(shared: &Arc<Shared>) {
    let period = Duration::from_millis(shared.bounds.anchor_millis.max(1));
    let mut told = false;
    loop {
        let stop = *hold(&shared.stop);
        match anchor(shared) {
            Ok(()) => told = false,
            Err(error) if !told => {
                told = true;
                tracing::warn!(%error, "anchor the head of the journal; it is tried again");
            }
            Err(_) => {}
        }
        if stop {
            return;
        }
        let guard = hold(&shared.stop);
        if !*guard {
            drop(shared.stopped.wait_timeout(guard, period));
        }
    }
}

/// Anchors the head as it is now.
pub(crate) fn anchor(shared: &Shared) -> Result<(), crate::AnchorError> {
    let _one_at_a_time = hold(&shared.anchoring);
    let head = hold(&shared.tail).head();
    if hold(&shared.anchored).size == head.size {
        return Ok(());
    }
    // What is durable from here on is not in this head.
    let begun = now();
    shared.anchor.write(shared.log, &head.octets(&shared.chain))?;
    {
        let mut anchored = hold(&shared.anchored);
        // Read while nobody else says what is owed: what becomes durable after this is said after this.
        let next = hold(&shared.tail).next;
        anchored.size = head.size;
        anchored.longest = anchored.longest.max(anchored.unanchored());
        anchored.since = (next > head.size).then_some(begun);
        shared.queue.set_adrift(false);
    }
    tracing::trace!(log = %shared.log, size = head.size, "anchored the head of the journal");
    Ok(())
}
