//! The only room that can make a [`Permit`]: sign-in, sessions, the policy table, owned values.
//!
//! Knows nothing of SQL and of HTTP. What it must read before a permit exists comes through the two ports of
//! [`ports`], which is the complete list of permit-less reads of the product.

#[cfg(test)]
extern crate self as honnin_access;

mod answer;
mod authority;
mod consent;
mod control;
mod delay;
mod document;
mod ending;
mod naming;
mod owned;
mod passwords;
mod permit;
#[cfg(honnin_faults)]
mod planted;
pub mod policy;
mod pool;
pub mod ports;
mod proof;
mod recent;
mod ring;
mod session;
mod sign_in;
mod told;
mod works;

pub use answer::{Answer, all, both};
pub use authority::{
    Authorities, ElementAuthority, FeedAuthority, GateAuthority, NodeAuthority, OperatorAuthority,
    SubscriberAuthority,
};
pub use consent::{Consent, ConsentRow, MergeConsent, MergeRefused, MergeSide, Proven};
pub use control::{ControlName, ControlRow, ControlRows, NewControl, Swapped};
pub use delay::{DelayBounds, SharedTries, Source, UNASKED, reserve_guesses};
#[cfg(honnin_faults)]
pub use document::planted as planted_documents;
pub use document::{Document, DocumentError, epoch_of, open_document, seal_document};
pub use naming::LineNames;
pub use owned::{Name, NotTogether, Opened, Owned, OwnerTag};
pub use passwords::{LeakList, PasswordRefused, PasswordRules};
pub use permit::{
    Act, AgreeToMerge, Append, Drive, EndSessions, Export, Keep, Look, ManagePasskeys, ManageSessions,
    NameLines, Operate, Permit, Read, SetSpeed, Subject,
};
#[cfg(honnin_faults)]
pub use planted::planted_permit;
pub use pool::{Ahead, HashPool, PoolBounds};
pub use proof::ProofRules;
pub use ring::{FIRST_EPOCH, Ring};
pub use session::{Session, SessionError, SessionKind, SessionLimits};
pub use sign_in::{
    ActivateError, CodeText, FactorChange, FactorError, FactorPolicy, FactorProof, FactorState, Forget,
    Invitation, KnownDevice, LONGEST_PASSKEY_PART, MARK_OCTETS, MOST_PASSKEYS, NewDevice, NewFactor,
    NewPasskey, PasskeyChallenge, PasskeyError, PasskeyMade, PasskeyProof, PasskeyShown, PasskeySignIn,
    PasskeySite, PasskeyState, ProvenBy, ReleasedFor, SecondStep, SessionDevice, SignIn, SignInError,
    SignInProof, SignInSettings, SignedIn, SupportCase, Ticket, TokenProof,
};
pub use works::{ExpectedWork, HASH_WORK_HEARD, SharedWorks, hashes_over};
