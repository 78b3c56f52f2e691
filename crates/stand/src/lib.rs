//! A house for tests, put together as the binary puts one together, with what tests can afford: on any engine, for any
//! tenant, with a log for each node a test starts.
//!
//! Only tests depend on it. It panics where the machine does not give it, so that the test fails at the line that asks.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a test without its house cannot go on")]

mod nobody;

use std::fmt;
use std::sync::Arc;

use honnin_access::ports::{CredentialRows, SessionRows};
use honnin_access::{
    Authorities, DelayBounds, FactorPolicy, GateAuthority, HashPool, NodeAuthority, PasskeySite,
    PasswordRules, PoolBounds, ProofRules, SessionLimits, SignInSettings, SubscriberAuthority,
};
use honnin_care::{CareParts, ExportBounds, Exports, Gate, House, Recorder};
use honnin_journal::{EpochKeys, FileAnchor, Journal, LogKeys, Opening};
use honnin_keeper::{Keeper, Silent};
use honnin_seal::{HashCost, IndexKey, KeeperKey, Secret};
use honnin_store::Store;
use honnin_store_sqlite::{Bounds, Sqlite};
use honnin_terms::{Entropy, Id, LogId, TenantId, Zone};
use honnin_testkit::{FixedClock, SeededEntropy, TestDir};

pub use nobody::Nobody;

/// Argon2id at a cost for tests.
pub const COST: HashCost = HashCost { memory_kib: 32, passes: 1, lanes: 1 };

const KEY_FILE: &[u8] = b"a key file for tests: long enough, and worth nothing";

/// Sign-in with cheap hashes and no time to wait for a refusal.
pub fn sign_in() -> SignInSettings {
    SignInSettings {
        // Who comes after a minute is noted as seen, so that tests see what that costs without waiting for what they made to end.
        session_limits: SessionLimits { touch_seconds: 60, ..SessionLimits::default() },
        password_rules: PasswordRules::default(),
        code_seconds: 3600,
        factors: FactorPolicy::Offered,
        passkeys: PasskeySite::of_origin("https://my.example.jp"),
        proof_rules: ProofRules { settle_seconds: 0, ..ProofRules::default() },
        consent_seconds: 900,
        delay_bounds: DelayBounds { answer_millis: 0, ..DelayBounds::default() },
        pool: HashPool::start(PoolBounds { cost: COST, ..PoolBounds::default() }).unwrap(),
    }
}

/// What a house is built on: one tenant's keys, and chance that repeats. Making a key out of a key file takes its time,
/// as it must, so that houses may share a ground.
#[derive(Clone)]
pub struct Ground {
    /// Whose.
    pub tenant: TenantId,
    /// The keys.
    pub keeper: Arc<Keeper>,
    /// The randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where the keyring lies. Last, so that it goes last.
    _dir: Arc<TestDir>,
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ground(..)")
    }
}

impl Ground {
    /// Of a tenant, with a keyring of its own.
    pub fn of(tenant: TenantId) -> Self {
        let dir = TestDir::new();
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        Keeper::create(dir.path(), KEY_FILE, &*entropy).unwrap();
        let opened = Keeper::open(dir.path(), KEY_FILE, tenant, Arc::clone(&entropy), Arc::new(Silent));
        Self { tenant, keeper: Arc::new(opened.unwrap()), entropy, _dir: Arc::new(dir) }
    }

    /// What may be done, each part by its own authority, where these are the rows of sign-in.
    pub fn authorities<R>(&self, rows: &Arc<R>, settings: SignInSettings) -> Authorities
    where
        R: SessionRows + CredentialRows + 'static,
    {
        let (sessions, credentials) = (Arc::<R>::clone(rows), Arc::<R>::clone(rows));
        Authorities::new(self.tenant, sessions, credentials, Arc::<Keeper>::clone(&self.keeper), settings)
    }
}

/// A store on a ground, with its time and its directory.
pub struct Stand<E> {
    /// Its keys and its randomness.
    pub ground: Ground,
    /// The engine.
    pub store: Arc<E>,
    /// Its time.
    pub clock: Arc<FixedClock>,
    /// Where store and journal lie. Last, so that it goes last.
    pub dir: TestDir,
}

impl<E> fmt::Debug for Stand<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stand(..)")
    }
}

impl<E: Store + 'static> Stand<E> {
    /// On an engine made of the embedded one.
    pub fn on(ground: &Ground, clock: FixedClock, bounds: Bounds, engine: impl FnOnce(Sqlite) -> E) -> Self {
        let (dir, clock) = (TestDir::new(), Arc::new(clock));
        honnin_store_sqlite::create(dir.path()).unwrap();
        let sqlite = Sqlite::open(dir.path(), bounds, Arc::<FixedClock>::clone(&clock)).unwrap();
        Self { ground: ground.clone(), store: Arc::new(engine(sqlite)), clock, dir }
    }

    /// What may be done in it, each part by its own authority.
    pub fn authorities(&self, settings: SignInSettings) -> Authorities {
        self.ground.authorities(&self.store, settings)
    }

    /// The journal, with the log of that node.
    pub fn journal(&self, log: LogId) -> Arc<Journal> {
        let keeper = &self.ground.keeper;
        let signing = keeper.journal_signing_key().unwrap();
        let journal = Journal::open(Opening {
            root: self.dir.join("journal"),
            log,
            origin: "test/journal".to_owned(),
            keys: LogKeys { signing, chain: keeper.journal_chain_key().unwrap() },
            bounds: honnin_journal::Bounds { segment_octets: 1 << 20, ..Default::default() },
            anchor: Arc::new(FileAnchor(self.dir.join("anchors"))),
            steady: None,
            as_it_is: false,
        });
        Arc::new(journal.unwrap())
    }

    /// What subscribers can do in it.
    pub fn care(&self, subscriber: SubscriberAuthority, gate: Gate, exports: Exports) -> CareParts {
        CareParts {
            subscriber,
            store: Arc::<E>::clone(&self.store),
            gate,
            clock: Arc::<FixedClock>::clone(&self.clock),
            exports,
            zone: Zone::named("Asia/Tokyo").unwrap(),
            wish_seconds: 60,
            // What is attacked here is not stopped by a count.
            most_strays: usize::MAX,
            wake: Arc::new(|| {}),
        }
    }
}

/// The log of the node that a house with one has.
pub fn the_log() -> LogId {
    LogId::from_octets([0xab; 16])
}

/// The keys of the journal's epoch: the same for whoever writes and for whoever looks.
pub fn epoch() -> EpochKeys {
    let (tenant, root) = (TenantId::FIRST, Secret::from_octets([8; 32]));
    let pseudonym = IndexKey::of_root(&root, tenant, "epoch 1").unwrap();
    let body = KeeperKey::of_root(&root, tenant, "epoch 1").unwrap();
    EpochKeys { tenant, epoch: 1, pseudonym, body }
}

/// The way out into that journal, of a house that stands like that.
pub fn gate(authority: GateAuthority, journal: &Arc<Journal>, house: Arc<dyn House>) -> Gate {
    Gate::new(authority, Recorder::new(Arc::clone(journal), vec![epoch()]), house)
}

/// Exports that nobody makes.
pub fn exports(node: NodeAuthority) -> Exports {
    Exports { bounds: ExportBounds::default(), node: Arc::new(node), wake: Arc::new(|| {}) }
}

#[cfg(test)]
mod tests {
    use honnin_terms::{Clock, RequestId};

    use super::*;

    #[test]
    fn no_permit_of_another_tenant_moves_the_keeper() {
        let clock = FixedClock::at("2026-11-20T06:00:00+09:00");
        let stand = Stand::on(&Ground::of(TenantId::FIRST), clock, Bounds::default(), |sqlite| sqlite);
        let keeper = &stand.ground.keeper;
        let feed_of = |tenant| {
            let (sessions, credentials) = (Arc::clone(&stand.store), Arc::clone(&stand.store));
            Authorities::new(tenant, sessions, credentials, Arc::<Keeper>::clone(keeper), sign_in()).feed
        };
        let permit = |tenant| feed_of(tenant).append(stand.clock.now(), RequestId::from_octets([1; 16]));
        let (own, other) = (permit(TenantId::FIRST), permit(TenantId::new(2)));
        let account = keeper.account_id("mio1");
        assert!(keeper.new_account(&own, account).is_ok() && keeper.new_account(&other, account).is_err());
        let sealed = keeper.seal_quarantined(&own, &[1; 16], b"a row").unwrap();
        assert_eq!(keeper.open_quarantined(&own, &[1; 16], &sealed).unwrap(), b"a row");
        assert!(keeper.open_quarantined(&other, &[1; 16], &sealed).is_err());
        assert!(
            keeper.seal_quarantined(&other, &[1; 16], b"a row").is_err(),
            "nothing is sealed for another"
        );
    }
}
