//! Newcomers: when one is let in while others wait long inside, and how many may wait outside.

use std::time::Duration;

use super::Bounds;

/// The door.
#[derive(Debug, Default)]
pub(crate) struct Door {
    /// When the last newcomer was let in, and turns that have ended since.
    opened: Duration,
    ended: u32,
}

impl Door {
    /// A turn has ended.
    pub(crate) const fn ended(&mut self) {
        self.ended = self.ended.saturating_add(1);
    }

    /// A newcomer was let in.
    pub(crate) const fn opened(&mut self, now: Duration) {
        *self = Self { opened: now, ended: 0 };
    }

    /// Whether one is let in though others wait long inside.
    pub(crate) fn is_somebodys_turn(&self, now: Duration, bounds: &Bounds) -> bool {
        self.ended >= bounds.turns_for_a_newcomer || now.saturating_sub(self.opened) >= bounds.knock
    }
}

/// The fewest that may wait outside.
const FEWEST: u32 = 8;

/// How many may wait outside, at one entrance: as many as are let in within the time that a place there stays fresh.
///
/// How long somebody has waited outside nobody tells. But where the queue was empty once within that time, nobody in it
/// has waited longer; and where it was not, those who were let in meanwhile are as many as it may hold.
#[derive(Debug)]
pub struct Outside {
    full: u32,
    most: u32,
    fresh: Duration,
    since: Duration,
    let_in: u32,
    /// How many were the time before, where somebody waited all the time: who is let in comes in bursts.
    before: u32,
    /// Whether nobody was outside at some moment since.
    was_empty: bool,
}

impl Outside {
    /// As many as that, at the most and at first.
    pub const fn new(full: u32, fresh: Duration) -> Self {
        Self { full, most: full, fresh, since: Duration::ZERO, let_in: 0, before: u32::MAX, was_empty: true }
    }

    /// One of those outside was taken.
    pub const fn took_one(&mut self) {
        self.let_in = self.let_in.saturating_add(1);
    }

    /// Nobody is outside.
    pub const fn is_empty(&mut self) {
        self.was_empty = true;
    }

    /// Whether fewer may wait than at first.
    pub const fn is_short(&self) -> bool {
        self.most < self.full
    }

    /// How many may wait from now on, where that has changed.
    pub fn changed(&mut self, now: Duration) -> Option<u32> {
        if now.saturating_sub(self.since) < self.fresh {
            return None;
        }
        // Longer again step by step: at once it would be full of those who come all the time.
        let least = self.let_in.min(self.before).max(FEWEST);
        let longer = if self.was_empty { self.most.saturating_mul(2) } else { least };
        let before = std::mem::replace(&mut self.most, longer.min(self.full));
        self.before = if self.was_empty { u32::MAX } else { self.let_in };
        (self.since, self.let_in, self.was_empty) = (now, 0, false);
        (self.most != before).then_some(self.most)
    }
}
