//! Step-up: what a dangerous act asks for beside a session, and whether it was shown.
//!
//! A password alone is enough where its account was used for a while: who has stolen it comes from a device that nobody
//! knows, and is asked for what he has not. The owner has that time to see the entry on her page and to sign him out.

use honnin_terms::Moment;

use crate::{ProvenBy, Session, SubscriberAuthority};

/// When a proof is asked for anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofRules {
    /// A proof is fresh for so many seconds. Default 600.
    pub fresh_seconds: i64,
    /// On a device that was not known the password alone is enough after so many seconds. Default 86,400.
    pub settle_seconds: i64,
}

impl Default for ProofRules {
    fn default() -> Self {
        Self { fresh_seconds: 600, settle_seconds: 86_400 }
    }
}

/// What was last shown by who has a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) by: ProvenBy,
    pub(crate) at: Moment,
    /// From then on the password alone is enough on that device.
    pub(crate) settled: Moment,
}

impl Session {
    /// From when on the password alone is enough on its device.
    pub const fn settles_at(&self) -> Moment {
        self.inside().proof.settled
    }

    pub(crate) fn has_settled(&self) -> bool {
        self.at() >= self.settles_at()
    }
}

impl SubscriberAuthority {
    /// From when on a password is enough on a device that is known since now, by that.
    pub(crate) fn settles(&self, by: ProvenBy, now: Moment) -> Moment {
        if by.is_strong() { now } else { now.plus_seconds(self.proof_rules.settle_seconds) }
    }

    /// Whether the session's proof is so fresh that a dangerous act asks for no other. A password is one where there is no
    /// second factor: setting one up ends every other session, and the one that goes on has shown a code.
    pub fn is_proven(&self, session: &Session) -> bool {
        let Proof { by, .. } = session.inside().proof;
        let proven = self.has_fresh_proof(session) && (by.is_strong() || session.has_settled());
        #[cfg(honnin_faults)]
        let proven = proven || honnin_terms::faults::UNASKED_PROOF.is_on();
        proven
    }

    fn has_fresh_proof(&self, session: &Session) -> bool {
        let age = session.at().seconds_since(session.inside().proof.at);
        (0..self.proof_rules.fresh_seconds).contains(&age)
    }

    /// Whether who is signed in there may show the password in place of a fresh proof: not where there is a second
    /// factor, and not on a device that was not known.
    pub(crate) fn may_confirm(&self, session: &Session, has_factor: bool) -> bool {
        let enough = if has_factor {
            self.has_fresh_proof(session) && session.inside().proof.by.is_strong()
        } else {
            self.is_proven(session) || session.has_settled()
        };
        #[cfg(honnin_faults)]
        let enough = enough || honnin_terms::faults::UNASKED_PROOF.is_on();
        enough
    }
}
