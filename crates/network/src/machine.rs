//! One wish from claimed to settled: a pure state machine on passed-in time.
//!
//! It holds three laws. A wish is confirmed, and what the network has is changed, only by the element's word. After
//! a try without an answer the element is asked before anything is sent again. A refusal leaves what was.

use honnin_store::document::Wish;
use honnin_terms::{Moment, SpeedReason, SpeedState};

use crate::Bounds;
use crate::element::{Fence, QueryAnswer, Refusal, SetAnswer, Speed};

/// Whether the network may be told something of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is held and in use.
    InUse,
    /// The operator has stopped it: asking is harmless, sending is not wanted.
    Suspended,
    /// It is no longer held. The number may be another person's by now: not a word to the element.
    Ended,
}

/// What the reconciler has to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Call [`Course::sending`], write the wish down, then send it; if the write conflicts, send nothing.
    Send,
    /// Ask the element what the line has.
    Ask,
    /// Write the wish down as it stands and look again at that moment; never, where there is none.
    Rest(Option<Moment>),
}

/// The course of one wish under one claim.
#[derive(Debug, Clone)]
pub struct Course<'a> {
    bounds: &'a Bounds,
    wish: Wish,
    fence: Fence,
    tries: u32,
    standing: Standing,
}

impl<'a> Course<'a> {
    /// Takes up a claimed wish. `tries` counts the claims since it was asked for, this one included.
    pub const fn new(bounds: &'a Bounds, wish: Wish, claim: u64, tries: u32, standing: Standing) -> Self {
        let fence = Fence { asked_at: wish.asked_at, claim };
        Self { bounds, wish, fence, tries, standing }
    }

    /// The wish as it now stands.
    pub const fn wish(&self) -> &Wish {
        &self.wish
    }

    /// The fence of this claim.
    pub const fn fence(&self) -> Fence {
        self.fence
    }

    /// What to send.
    pub const fn speed(&self) -> Speed {
        Speed { high: self.wish.high }
    }

    /// The first act.
    pub fn begin(&mut self, now: Moment) -> Act {
        match (self.wish.state, self.standing) {
            (SpeedState::Confirmed | SpeedState::Failed, _) => Act::Rest(None),
            (SpeedState::Accepted, Standing::InUse) => Act::Send,
            // Nothing was sent, so the speed is what it was.
            (SpeedState::Accepted, Standing::Suspended | Standing::Ended) => {
                self.wish.reason = SpeedReason::Suspended;
                self.turn(SpeedState::Failed, now);
                Act::Rest(None)
            }
            (SpeedState::Pending | SpeedState::Unknown, Standing::InUse | Standing::Suspended) => Act::Ask,
            (SpeedState::Pending | SpeedState::Unknown, Standing::Ended) => {
                self.turn(SpeedState::Unknown, now);
                Act::Rest(None)
            }
        }
    }

    /// The wish is about to be sent; to be written down before it is.
    pub fn sending(&mut self, now: Moment) {
        // An unknown wish stays unknown while it is sent again: the person is not told less than we know.
        if self.wish.state == SpeedState::Accepted {
            self.turn(SpeedState::Pending, now);
        }
    }

    /// The element answered an order, or did not. `roll` is a random number, for spreading the next try.
    pub fn on_set(&mut self, answer: SetAnswer, now: Moment, roll: u32) -> Act {
        match answer {
            SetAnswer::Applied => self.confirm(now),
            // It is asked for its word later, and nothing is sent again before.
            SetAnswer::Accepted(session) => {
                self.wish.session = session.or_else(|| self.wish.session.take());
                self.wait(now, roll)
            }
            // A newer claim may have overtaken this one, and then the store will not take what we write; where the
            // store was restored from an older copy there is none, and only asking again tells.
            SetAnswer::NoAnswer | SetAnswer::Refused(Refusal::OlderFence) => self.wait(now, roll),
            SetAnswer::Refused(Refusal::NoSuchLine | Refusal::NotAllowed | Refusal::Code(_)) => {
                self.fail(now)
            }
        }
    }

    /// The element said what the line has, or did not.
    pub fn on_query(&mut self, answer: QueryAnswer, now: Moment, roll: u32) -> Act {
        match answer {
            QueryAnswer::State { high, fence } => {
                self.wish.applied_high = Some(high);
                // The same speed under an older wish's fence proves nothing: an order of a wish in between may still
                // be on its way, and only one of ours keeps it out.
                if high == self.wish.high && self.is_ours(fence) {
                    return self.confirm(now);
                }
                self.send_again(now, roll)
            }
            QueryAnswer::UnderWay(fence) if self.is_ours(fence) => self.wait(now, roll),
            QueryAnswer::Refused(Refusal::OlderFence, fence) if self.is_ours(fence) => self.wait(now, roll),
            QueryAnswer::Refused(_, fence) if self.is_ours(fence) => self.fail(now),
            // What an older wish came to says nothing of this one.
            QueryAnswer::UnderWay(_) | QueryAnswer::Refused(..) | QueryAnswer::Unknown => {
                self.send_again(now, roll)
            }
            QueryAnswer::NoAnswer => self.wait(now, roll),
        }
    }

    /// The element is left alone until then; nothing was sent or asked.
    pub fn on_closed(&mut self, until: Moment, now: Moment, roll: u32) -> Act {
        match self.wait(now, roll) {
            Act::Rest(Some(due)) => Act::Rest(Some(due.max(until))),
            act @ (Act::Send | Act::Ask | Act::Rest(None)) => act,
        }
    }

    fn send_again(&mut self, now: Moment, roll: u32) -> Act {
        match self.standing {
            Standing::InUse => Act::Send,
            Standing::Suspended | Standing::Ended => self.wait(now, roll),
        }
    }

    fn is_ours(&self, fence: Fence) -> bool {
        fence > Fence::before_wish_of(self.wish.asked_at)
    }

    fn fail(&mut self, now: Moment) -> Act {
        self.turn(SpeedState::Failed, now);
        Act::Rest(None)
    }

    fn confirm(&mut self, now: Moment) -> Act {
        self.wish.applied_high = Some(self.wish.high);
        self.turn(SpeedState::Confirmed, now);
        Act::Rest(None)
    }

    fn wait(&mut self, now: Moment, roll: u32) -> Act {
        let unknown_at = self.wish.asked_at.plus_seconds(self.bounds.unknown_after_seconds);
        if now >= unknown_at {
            self.turn(SpeedState::Unknown, now);
        }
        let unknown = self.wish.state == SpeedState::Unknown;
        let longest =
            if unknown { self.bounds.longest_unknown_wait_millis } else { self.bounds.longest_wait_millis };
        let due = after_millis(now, wait_millis(self.bounds.first_wait_millis, longest, self.tries, roll));
        // Looked at again when the time is up, so that the person is told then.
        Act::Rest(Some(if unknown { due } else { due.min(unknown_at) }))
    }

    fn turn(&mut self, state: SpeedState, now: Moment) {
        if self.wish.state != state {
            self.wish.state = state;
            self.wish.changed_at = now;
        }
    }
}

/// The wait after that many tries: doubled with each, bounded, of which a random half is taken off.
fn wait_millis(first: i64, longest: i64, tries: u32, roll: u32) -> i64 {
    let doublings = tries.saturating_sub(1).min(32);
    let whole = first.saturating_mul(1_i64 << doublings).min(longest);
    let half = whole / 2;
    whole - half.saturating_mul(i64::from(roll >> 16)) / 65_536
}

/// That many milliseconds later; stays within what can be counted.
pub(crate) fn after_millis(moment: Moment, millis: i64) -> Moment {
    Moment::from_millis(moment.millis().saturating_add(millis)).unwrap_or(moment)
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
