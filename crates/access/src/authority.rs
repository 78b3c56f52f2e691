//! Authorities: the makers of permits, each a value that is made once and moved into the one room that may use it.

use std::sync::Arc;

use honnin_seal::{MacKey, Spent};
use honnin_terms::{AccountId, Basis, HoldingId, Id, Moment, RequestId, TenantId};

use crate::control::ControlRows;
use crate::delay::{SharedTries, Tries};
use crate::permit::{Append, Drive, Keep, Look, Operate, Subject};
use crate::ports::{CredentialRows, KeyRelease, SessionRows};
use crate::works::{SharedWorks, Works};
use crate::{Ahead, FactorPolicy, HashPool, PasskeySite, PasswordRules, Permit, ProofRules, SessionLimits};

/// Gives permits to signed-in subscribers. Belongs to `care`.
pub struct SubscriberAuthority {
    pub(crate) tenant: TenantId,
    pub(crate) sessions: Arc<dyn SessionRows>,
    pub(crate) credentials: Arc<dyn CredentialRows>,
    pub(crate) keys: Arc<dyn KeyRelease>,
    pub(crate) session_limits: SessionLimits,
    pub(crate) password_rules: PasswordRules,
    pub(crate) code_seconds: i64,
    pub(crate) factors: FactorPolicy,
    pub(crate) passkeys: Option<PasskeySite>,
    pub(crate) proof_rules: ProofRules,
    pub(crate) consent_seconds: i64,
    pub(crate) pool: HashPool,
    pub(crate) tries: Tries,
    pub(crate) works: Arc<Works>,
    pub(crate) guesses: Option<Arc<dyn ControlRows>>,
    #[cfg(honnin_faults)]
    pub(crate) kept: crate::planted::KeptHere,
}

/// Gives permits to append what the ledger says. Belongs to `intake`.
#[derive(Debug)]
pub struct FeedAuthority(TenantId);

/// Gives permits to drive the network. Belongs to `network`.
#[derive(Debug)]
pub struct ElementAuthority(TenantId);

/// Gives permits to what the operator does at the command line. Belongs to the binary.
#[derive(Debug)]
pub struct OperatorAuthority(pub(crate) TenantId);

/// Gives permits to keep what nodes know together and the work that outlives a request. Belongs to the binary.
#[derive(Debug)]
pub struct NodeAuthority(TenantId);

/// Opens owned values at the way out. Belongs to the egress gate of `care`.
#[derive(Debug)]
pub struct GateAuthority(());

macro_rules! no_content {
    ($($name:ident)+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}
no_content!(SubscriberAuthority);

/// All authorities of one tenant. Made once, in the binary; the lint list refuses its maker elsewhere.
#[derive(Debug)]
pub struct Authorities {
    /// For `care`.
    pub subscriber: SubscriberAuthority,
    /// For `intake`.
    pub feed: FeedAuthority,
    /// For `network`.
    pub element: ElementAuthority,
    /// For the command line.
    pub operator: OperatorAuthority,
    /// For the nodes of the installation.
    pub node: NodeAuthority,
    /// For the egress gate.
    pub gate: GateAuthority,
}

impl Authorities {
    /// Makes the authorities of a tenant.
    pub fn new(
        tenant: TenantId,
        sessions: Arc<dyn SessionRows>,
        credentials: Arc<dyn CredentialRows>,
        keys: Arc<dyn KeyRelease>,
        settings: crate::SignInSettings,
    ) -> Self {
        let crate::SignInSettings {
            session_limits,
            password_rules,
            code_seconds,
            factors,
            passkeys,
            proof_rules,
            consent_seconds,
            delay_bounds,
            pool,
        } = settings;
        let works = Works::of(pool.cost());
        let subscriber = SubscriberAuthority {
            tenant,
            sessions,
            credentials,
            keys,
            session_limits,
            password_rules,
            code_seconds,
            factors,
            passkeys,
            proof_rules,
            consent_seconds,
            pool,
            tries: Tries::new(delay_bounds, None),
            works,
            guesses: None,
            #[cfg(honnin_faults)]
            kept: crate::planted::KeptHere::default(),
        };
        Self {
            subscriber,
            feed: FeedAuthority(tenant),
            element: ElementAuthority(tenant),
            operator: OperatorAuthority(tenant),
            node: NodeAuthority(tenant),
            gate: GateAuthority(()),
        }
    }
}

/// The viewer of acts that no subscriber does: no account has this id, because ids are keyed hashes.
pub(crate) const NOBODY: [u8; 16] = [0; 16];

/// Such a permit shows nothing: the gate lets nothing out that is not its viewer's own.
pub(crate) fn nobodys() -> Look {
    Look { viewer: AccountId::from_octets(NOBODY), basis: Basis::Own }
}

pub(crate) fn of_tenant(tenant: TenantId) -> Subject {
    Subject { tenant, account: AccountId::from_octets(NOBODY), holding: None }
}

impl SubscriberAuthority {
    /// How long sessions last, and how many there may be.
    pub const fn session_limits(&self) -> SessionLimits {
        self.session_limits
    }
}

impl FeedAuthority {
    /// A permit to append to the tenant's views.
    pub fn append(&self, at: Moment, request: RequestId) -> Permit<Append> {
        Permit::new(of_tenant(self.0), nobodys(), None, at, request)
    }
}

impl ElementAuthority {
    /// A permit to drive the tenant's network.
    pub fn drive(&self, at: Moment, request: RequestId) -> Permit<Drive> {
        Permit::new(of_tenant(self.0), nobodys(), None, at, request)
    }

    /// A permit to drive one line of one account.
    pub fn drive_line(
        &self,
        account: AccountId,
        line: HoldingId,
        at: Moment,
        request: RequestId,
    ) -> Permit<Drive> {
        let subject = Subject { tenant: self.0, account, holding: Some(line) };
        Permit::new(subject, nobodys(), None, at, request)
    }
}

impl OperatorAuthority {
    /// A permit for an act at the command line.
    pub fn operate(&self, at: Moment, request: RequestId) -> Permit<Operate> {
        Permit::new(of_tenant(self.0), nobodys(), None, at, request)
    }
}

impl NodeAuthority {
    /// The same once more, for another part of the node.
    #[must_use]
    pub const fn again(&self) -> Self {
        Self(self.0)
    }

    /// A permit to keep what is of the installation and of nobody in particular.
    pub fn keep(&self, at: Moment, request: RequestId) -> Permit<Keep> {
        Permit::new(of_tenant(self.0), nobodys(), None, at, request)
    }
}

impl SubscriberAuthority {
    /// The same, counting guesses together with the other nodes. By the key lanes and sites are named among them: it is the
    /// same on all.
    #[must_use]
    pub fn counting(self, guesses: Arc<dyn ControlRows>, key: MacKey) -> Self {
        let tries = Tries::new(*self.tries.bounds(), Some(key));
        Self { guesses: Some(guesses), tries, ..self }
    }

    /// What this node tells the others of who guesses.
    pub fn shared_tries(&self) -> SharedTries {
        self.tries.shared()
    }

    /// What this node hears of what hashes cost.
    pub fn shared_works(&self) -> SharedWorks {
        SharedWorks::of(&self.works)
    }

    /// How many hashes were computed, and how many wait.
    pub fn hashes(&self) -> (u64, usize) {
        self.pool.figures()
    }

    /// How long whoever signs in now would wait for a hash.
    pub fn hashes_ahead(&self) -> Ahead {
        self.pool.ahead()
    }

    /// What was computed for all hashes that are done.
    pub fn spent(&self) -> Spent {
        self.pool.spent()
    }

    /// The rules of new passwords.
    pub const fn password_rules(&self) -> &PasswordRules {
        &self.password_rules
    }

    /// The account of a sign-in name, whether there is one or not: a keyed hash.
    pub fn account_of(&self, login: &str) -> AccountId {
        self.keys.account_of(self.tenant, login.trim())
    }

    /// The tenant it serves.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }
}
