//! What an element adapter promises: to set a line's speed under a fence, and to say what it has.

use std::fmt;
use std::time::Duration;

use honnin_access::Answer;
use honnin_terms::{ElementSession, Moment, Msisdn};

/// By what an element knows a line. A personal value: its `Debug` has no digits, and adapters keep it out of logs.
#[derive(Clone, PartialEq, Eq)]
pub struct LineAddress {
    number: Msisdn,
    session: Option<ElementSession>,
}

impl LineAddress {
    /// The address of the line with that number, and of what the element has said it has set up for it.
    pub(crate) const fn new(number: Msisdn, session: Option<ElementSession>) -> Self {
        Self { number, session }
    }

    /// The digits, country code first, without `+` (RADIUS Calling-Station-Id; CAMARA `phoneNumber` adds the `+`).
    pub fn digits(&self) -> &str {
        self.number.digits()
    }

    /// What the element has called what it set up for the line, with whatever order that was (RADIUS Acct-Session-Id,
    /// CAMARA `assignmentId`). It may be over: then the number counts.
    pub const fn session(&self) -> Option<&ElementSession> {
        self.session.as_ref()
    }
}

impl fmt::Debug for LineAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineAddress(..)")
    }
}

/// The speed of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    /// Whether high speed is on.
    pub high: bool,
}

/// Puts orders to one line in order; an element refuses an order older than the newest it has taken.
///
/// The moment of the wish comes first: it grows from wish to wish of a line, also where a number goes to another
/// holder whose claims count from 1 again, and where a store was restored from an older copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence {
    /// When the wish was asked for.
    pub asked_at: Moment,
    /// Which claim of the line's row sends it.
    pub claim: u64,
}

impl Fence {
    /// Older than any order for that wish, and newer than any for a wish before it.
    pub const fn before_wish_of(asked_at: Moment) -> Self {
        Self { asked_at, claim: 0 }
    }

    /// As a token that an element keeps with an order and compares as text: the later fence is the greater one, 33 letters
    /// long (a correlator, a `State` attribute, a column of the gateway).
    pub fn token(self) -> String {
        format!("{:016x}-{:016x}", self.asked_at.millis().max(0), self.claim)
    }
}

/// Why an element refuses. What may succeed if tried again is [`SetAnswer::NoAnswer`], not a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It has taken a newer order for the line.
    OlderFence,
    /// It knows no such line.
    NoSuchLine,
    /// The line may not have it.
    NotAllowed,
    /// Another reason, by the element's own code.
    Code(u32),
}

impl Refusal {
    /// The word in metrics and logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OlderFence => "older_fence",
            Self::NoSuchLine => "no_such_line",
            Self::NotAllowed => "not_allowed",
            Self::Code(_) => "other",
        }
    }
}

/// What an element says to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetAnswer {
    /// Done, or done before under the same fence.
    Applied,
    /// Taken; whether it is done, the element says later, when it is asked. What it calls the order or what it sets up,
    /// where it has a name for it: whoever asks or orders next brings it along.
    Accepted(Option<ElementSession>),
    /// Not done, and the line is what it was.
    Refused(Refusal),
    /// No word within the deadline: it may have been done or not.
    NoAnswer,
}

impl SetAnswer {
    /// The word in metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Accepted(_) => "accepted",
            Self::Refused(refusal) => refusal.word(),
            Self::NoAnswer => "no_answer",
        }
    }
}

/// What an element says of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryAnswer {
    /// The line's speed, and the fence of the order that made it so.
    State {
        /// Whether high speed is on.
        high: bool,
        /// The newest order it has taken.
        fence: Fence,
    },
    /// It has taken the order under that fence and is still at it.
    UnderWay(Fence),
    /// It had taken the order under that fence and has refused it since; the line is what it was.
    Refused(Refusal, Fence),
    /// It has taken no order for the line yet.
    Unknown,
    /// No word within the deadline.
    NoAnswer,
}

impl QueryAnswer {
    /// The word in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::State { .. } => "state",
            Self::UnderWay(_) => "under_way",
            Self::Refused(refusal, _) => refusal.word(),
            Self::Unknown => "unknown",
            Self::NoAnswer => "no_answer",
        }
    }
}

/// A network element, or the gateway before it.
///
/// Orders are idempotent by fence: the same order again is [`SetAnswer::Applied`] and changes nothing; an older one
/// is [`Refusal::OlderFence`]. The fence goes with the order ([`Fence::token`]) and comes back with the answers, so that no
/// node has to remember which it was. A call that is dropped may have reached the element.
pub trait Element: Send + Sync {
    /// The adapter's name, for the page's footer, `doctor` and metrics.
    fn name(&self) -> &'static str;
    /// Sets a line's speed; answers within `deadline` or not at all.
    fn set<'a>(
        &'a self,
        line: &'a LineAddress,
        speed: Speed,
        fence: Fence,
        deadline: Duration,
    ) -> Answer<'a, SetAnswer>;
    /// Says what a line has; answers within `deadline` or not at all.
    fn query<'a>(&'a self, line: &'a LineAddress, deadline: Duration) -> Answer<'a, QueryAnswer>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_digit() {
        let address = LineAddress::new(Msisdn::parse("07007439572", "81").unwrap(), None);
        assert_eq!(address.digits(), "817007439572");
        assert_eq!(format!("{address:?}"), "LineAddress(..)");
    }

    #[test]
    fn an_order_of_a_newer_wish_is_newer_whatever_its_claim() {
        let fence = |seconds, claim| Fence { asked_at: Moment::EPOCH.plus_seconds(seconds), claim };
        assert!(fence(1, 1) > fence(0, 900), "a number reissued begins above the former holder's orders");
        assert!(fence(1, 2) > fence(1, 1));
        let start = Fence::before_wish_of(Moment::EPOCH.plus_seconds(1));
        assert!(fence(0, u64::MAX) < start && start < fence(1, 1));
        let mut fences = [fence(2, 3), fence(1, 10), fence(1, 9), fence(1_800_000_000, 0), start];
        fences.sort_unstable();
        assert!(fences.map(Fence::token).is_sorted(), "tokens are compared as text");
        assert!(fences.iter().all(|fence| fence.token().len() == 33));
    }
}
