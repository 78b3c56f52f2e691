//! Sessions and permits that go to the wrong request, in a build that can be told to.

use honnin_seal::{HashWork, HouseWork};
use honnin_terms::faults::{self, Kept};

use crate::Source;
use crate::delay::Lane;
use crate::permit::{Read, Subject};
use crate::pool::turns::{Rank, Who};
use crate::{Permit, Session, SessionError, SubscriberAuthority};

/// What the comparison of an owner comes to, with that layer or without it.
pub(crate) fn owner(same: bool) -> bool {
    if !same && !faults::WITHOUT_OWNER.is_on() {
        faults::stopped("owner");
        return false;
    }
    true
}

/// Nobody's address: everybody's, where everybody is counted as one.
const ONE: Source = Source { site: 0, prefix: 0, address: 0 };

/// The lane of a try: one for the whole account, where that fault is planted.
pub(crate) fn lane(own: Lane) -> Lane {
    if faults::COUNTED_ACCOUNT.is_on() { Lane::Stranger(ONE) } else { own }
}

/// Whose work it is: everybody's alike, where that fault is planted, so that it is done in the order in which it came.
pub(crate) fn turn(own: Who) -> Who {
    if faults::UNFAIR_TURNS.is_on() {
        return Who { rank: Rank::Again, is_fresh: false, source: ONE, ..own };
    }
    own
}

/// The interval of refusals: none, where that fault is planted.
pub(crate) fn slot(own: std::time::Duration) -> std::time::Duration {
    if faults::PROMPT_REFUSAL.is_on() { std::time::Duration::ZERO } else { own }
}

/// All the work there is in the house: the hash's own, where that fault is planted.
pub(crate) fn house(all: HouseWork, own: HashWork) -> HouseWork {
    if faults::OWN_WORK_ONLY.is_on() { HouseWork::of_one(own) } else { all }
}

/// What one request leaves behind for the next.
#[derive(Debug, Default)]
pub(crate) struct KeptHere {
    sessions: Kept<(), Session>,
    /// By whether it is a line's.
    permits: Kept<bool, Permit<Read>>,
}

impl KeptHere {
    /// The session of the request before this one, where that fault is planted; nobody's the first time.
    pub(crate) fn session(&self, own: Session) -> Result<Session, SessionError> {
        if !faults::ANOTHERS_SESSION.is_on() {
            return Ok(own);
        }
        self.sessions.exchange((), own).ok_or(SessionError::Unknown)
    }

    /// The permit of the request before this one, where that fault is planted; none the first time.
    pub(crate) fn permit(&self, own: Option<Permit<Read>>) -> Option<Permit<Read>> {
        if !faults::ANOTHERS_PERMIT.is_on() {
            return own;
        }
        own.and_then(|own| self.permits.exchange(own.subject().holding.is_some(), own))
    }
}

impl SubscriberAuthority {
    /// The subject under the account that has the line, where that fault is planted.
    pub(crate) fn as_named(&self, subject: Subject) -> Subject {
        let holding = subject.holding.filter(|_| faults::NAMED_SUBJECT.is_on());
        let holder = holding.and_then(|holding| self.sessions.holder(subject.tenant, holding));
        holder.map_or(subject, |account| Subject { account, ..subject })
    }

    /// The session with the account that a header names in place of its own.
    pub fn believing(&self, session: Session, login: &str) -> Session {
        session.of_account(self.keys.account_of(self.tenant, login))
    }
}

/// A permit for whatever a fault needs to look at.
pub fn planted_permit<A: crate::Act>(subject: Subject) -> Permit<A> {
    let request = honnin_terms::Id::from_octets([0; 16]);
    let look = crate::Look { viewer: subject.account, basis: honnin_terms::Basis::Own };
    Permit::new(subject, look, None, honnin_terms::Moment::EPOCH, request)
}
