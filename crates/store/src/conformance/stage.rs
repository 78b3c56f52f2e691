//! The stage of a promise: a store, people in it, and permits made the way the product makes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use honnin_access::ports::{KeyRelease, RecordKind, ReleaseError, RingWrite, SessionRow};
use honnin_access::{
    Answer, Append, Authorities, DelayBounds, Document, Drive, HashPool, Keep, ManageSessions, NewDevice,
    Operate, OwnerTag, PasswordRules, Permit, PoolBounds, Read, Ring, Session, SessionLimits, SetSpeed,
    SignInProof, SignInSettings, seal_document,
};
use honnin_seal::{AccountKey, Digest, Epoch, KeeperKey, OpenError, Place, Purpose, Secret, SessionToken};
use honnin_terms::{AccountId, Entropy, HoldingId, Id, Moment, RequestId, SessionId, Stream, TenantId};
use honnin_testkit::SeededEntropy;
use serde::Serialize;

use crate::{
    AccountKeyRow, AccountUpdate, Batch, Committed, DocumentKey, Progress, Store, StoredDocument,
    SubjectKeyRow,
};

/// Waits for an answer on this thread.
pub use pollster::block_on as done;

/// A keeper of account keys alone, so that nobody signs in by password. A sign-in name is the account's id.
struct StageKeeper;

impl StageKeeper {
    fn key() -> KeeperKey {
        KeeperKey::of_root(&Secret::from_octets([5; 32]), TenantId::FIRST, "stage").unwrap()
    }

    fn place(tenant: TenantId, account: AccountId, epoch: Epoch) -> Place<'static> {
        Place { epoch, ..Place::of_account(tenant, account, Purpose::AccountKeyForKeeper) }
    }
}

impl KeyRelease for StageKeeper {
    fn account_of(&self, _: TenantId, login: &str) -> AccountId {
        AccountId::from_octets(u128::from_str_radix(login, 16).unwrap_or_default().to_be_bytes())
    }
    fn open_record(&self, _: TenantId, _: AccountId, _: RecordKind, _: &[u8]) -> Result<Vec<u8>, OpenError> {
        Err(OpenError)
    }
    fn seal_record(
        &self,
        _: TenantId,
        _: AccountId,
        _: RecordKind,
        _: &[u8],
        _: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        Err(OpenError)
    }
    fn release<'a>(
        &'a self,
        proof: &SignInProof,
        sealed: &'a [u8],
        epoch: Epoch,
    ) -> Answer<'a, Result<AccountKey, ReleaseError>> {
        let opened = Self::key().unwrap_key(&Self::place(proof.tenant(), proof.account(), epoch), sealed);
        Answer::ready(opened.map_err(ReleaseError::from))
    }
    fn new_account_key(
        &self,
        tenant: TenantId,
        account: AccountId,
        epoch: Epoch,
        entropy: &dyn Entropy,
    ) -> Result<(AccountKey, Vec<u8>), OpenError> {
        let key = AccountKey::random(entropy);
        let sealed = Self::key().wrap(&Self::place(tenant, account, epoch), &key, entropy)?;
        Ok((key, sealed))
    }
}

/// A store, its tenant and the authorities over it.
pub struct Stage {
    /// The store that is to keep its promises.
    pub store: Arc<dyn Store>,
    /// The tenant that acts.
    pub tenant: TenantId,
    pub(super) authorities: Authorities,
    pub(super) entropy: SeededEntropy,
    pub(super) position: AtomicU64,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// A person who is signed in: her keys and one session.
#[derive(Debug)]
pub struct SignedIn {
    /// The account.
    pub account: AccountId,
    /// Her one line.
    pub line: HoldingId,
    /// The session's hash.
    pub row_hash: Digest,
    /// The session as it was written.
    pub session: SessionRow,
    token: SessionToken,
    pub(super) ring: Ring,
}

/// The moment promises begin: 2027-01-15T08:00:00Z. Seconds are counted from it.
const START_MILLIS: i64 = 1_800_000_000_000;

impl Stage {
    /// Sets the stage on an empty store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::of_tenant(store, TenantId::FIRST)
    }

    /// Another tenant on the same store.
    #[must_use]
    pub fn neighbour(&self) -> Self {
        Self::of_tenant(Arc::clone(&self.store), TenantId::new(self.tenant.number() + 1))
    }

    /// The same tenant on another store, where its feed goes on.
    #[must_use]
    pub fn on(&self, store: Arc<dyn Store>) -> Self {
        let position = AtomicU64::new(self.position.load(Ordering::SeqCst));
        Self { position, ..Self::of_tenant(store, self.tenant) }
    }

    /// Sets the stage for a tenant on a store that others use as well.
    pub fn of_tenant(store: Arc<dyn Store>, tenant: TenantId) -> Self {
        let settings = SignInSettings {
            session_limits: SessionLimits::default(),
            password_rules: PasswordRules::default(),
            code_seconds: 600,
            factors: honnin_access::FactorPolicy::Offered,
            passkeys: None,
            proof_rules: honnin_access::ProofRules::default(),
            consent_seconds: 600,
            delay_bounds: DelayBounds::default(),
            pool: HashPool::start(PoolBounds::default()).unwrap(),
        };
        let sessions: Arc<dyn Store> = Arc::clone(&store);
        let credentials: Arc<dyn Store> = Arc::clone(&store);
        let authorities = Authorities::new(tenant, sessions, credentials, Arc::new(StageKeeper), settings);
        let entropy = SeededEntropy::new(u64::from(tenant.number()) + 1_000);
        Self { store, tenant, authorities, entropy, position: AtomicU64::new(0) }
    }

    /// So many seconds after the promise began.
    pub fn at(&self, seconds: i64) -> Moment {
        Moment::from_millis(START_MILLIS).unwrap().plus_seconds(seconds)
    }

    /// Fresh octets; the same in every run.
    pub fn octets<const N: usize>(&self) -> [u8; N] {
        let mut octets = [0; N];
        self.entropy.fill(&mut octets);
        octets
    }

    /// A fresh id; the same in every run.
    pub fn id<T: Id>(&self) -> T {
        T::from_octets(self.octets())
    }

    pub(super) fn request(&self) -> RequestId {
        self.id()
    }

    /// A permit to append.
    pub fn append(&self, seconds: i64) -> Permit<Append> {
        self.authorities.feed.append(self.at(seconds), self.request())
    }

    /// A permit to drive the network.
    pub fn drive(&self, seconds: i64) -> Permit<Drive> {
        self.authorities.element.drive(self.at(seconds), self.request())
    }

    /// A permit to drive one line.
    pub fn drive_line(&self, account: AccountId, line: HoldingId) -> Permit<Drive> {
        self.authorities.element.drive_line(account, line, self.at(0), self.request())
    }

    /// A permit of the command line.
    pub fn operate(&self, seconds: i64) -> Permit<Operate> {
        self.authorities.operator.operate(self.at(seconds), self.request())
    }

    /// A permit to keep what nodes know together.
    pub fn keep(&self, seconds: i64) -> Permit<Keep> {
        self.authorities.node.keep(self.at(seconds), self.request())
    }

    /// Commits a batch as the next step of the stage's own feed.
    pub fn commit(&self, batch: Batch) {
        let position = self.position.fetch_add(1, Ordering::SeqCst) + 1;
        let moves = done(self.store.moved(&self.append(0))).unwrap().moves;
        let batch = Batch { moves, progress: Progress { position, state: Vec::new() }, ..batch };
        assert_eq!(done(self.store.commit(&self.append(0), "stage", batch)), Ok(Committed::Done));
    }

    /// Writes documents of an account.
    pub fn write(&self, account: AccountId, documents: Vec<StoredDocument>) {
        let update = AccountUpdate { account, account_key: None, subject_keys: Vec::new(), documents };
        self.commit(Batch { accounts: vec![update], ..Batch::default() });
    }

    /// A person with a line, known to the store and signed in.
    pub fn person(&self) -> SignedIn {
        self.person_with_line(self.id())
    }

    /// As [`Self::person`], with that line.
    pub fn person_with_line(&self, line: HoldingId) -> SignedIn {
        self.person_of(self.id(), line)
    }

    /// As [`Self::person`], with that account and line.
    pub fn person_of(&self, account: AccountId, line: HoldingId) -> SignedIn {
        let (account_key, by_keeper) =
            StageKeeper.new_account_key(self.tenant, account, 1, &self.entropy).unwrap();
        let (ring, sealed) = Ring::make((self.tenant, account, 1), &account_key, &self.entropy).unwrap();
        let update = AccountUpdate {
            account,
            account_key: Some(AccountKeyRow { epoch: 1, by_keeper, ring: sealed }),
            subject_keys: [None, Some(line)].map(|holding| SubjectKeyRow { holding, epoch: 1 }).into(),
            documents: Vec::new(),
        };
        self.commit(Batch { accounts: vec![update], ..Batch::default() });
        let login = format!("{:032x}", u128::from_be_bytes(*account.octets()));
        let device = NewDevice::of_nobody("a device".to_owned());
        let subscriber = &self.authorities.subscriber;
        let operate = self.operate(0);
        let signed_in = subscriber.sign_in_without_password(&operate, &login, device, &self.entropy);
        let token = done(signed_in).unwrap().token;
        let row_hash = token.row_hash();
        let found = done(self.store.session(self.tenant, &row_hash)).unwrap().unwrap();
        SignedIn { account, line, row_hash, session: SessionRow::clone(&found.session), token, ring }
    }

    /// The account's ring as it is, to be written with sessions that end or begin.
    pub fn ring(&self, account: AccountId, ended: Vec<SessionId>) -> RingWrite {
        let row = done(self.store.credential(self.tenant, account)).unwrap().unwrap();
        RingWrite { read_version: row.ring_version, sealed: row.ring, ended }
    }

    /// Writes a session of an account.
    pub fn insert(&self, row_hash: Digest, row: SessionRow) -> Result<(), crate::Error> {
        let ring = self.ring(row.account, Vec::new());
        done(self.store.insert_session(row_hash, row, ring))
    }

    /// A session of an account that opens nothing, signed in so many seconds after the start.
    pub fn session_row(&self, account: AccountId, seconds: i64) -> SessionRow {
        SessionRow {
            tenant: self.tenant,
            session: self.id(),
            account,
            epoch: 1,
            sealed: self.octets::<72>().to_vec(),
            ring_version: 1,
            since: self.at(seconds),
            last_seen: self.at(seconds),
            until: self.at(seconds + 180 * 86_400),
            device: self.octets::<48>().to_vec(),
        }
    }

    /// Opens her session.
    pub fn session(&self, person: &SignedIn, seconds: i64) -> Session {
        // Nothing is drawn for it: the stage seals what it writes itself.
        let stream = Stream::new(self.request(), Arc::new(SeededEntropy::new(0)));
        done(self.authorities.subscriber.session(&person.token, stream, self.at(seconds))).unwrap()
    }

    /// A permit to read her line.
    pub fn read(&self, person: &SignedIn) -> Permit<Read> {
        self.authorities.subscriber.read_line(&self.session(person, 0), person.line).unwrap()
    }

    /// A permit to read her account's own documents.
    pub fn read_account(&self, person: &SignedIn) -> Permit<Read> {
        self.authorities.subscriber.read_account(&self.session(person, 0)).unwrap()
    }

    /// A permit to ask for another speed of her line.
    pub fn set_speed(&self, person: &SignedIn, seconds: i64) -> Permit<SetSpeed> {
        self.authorities.subscriber.set_speed(&self.session(person, seconds), person.line).unwrap()
    }

    /// A permit over her sessions.
    pub fn manage(&self, person: &SignedIn, seconds: i64) -> Permit<ManageSessions> {
        self.authorities.subscriber.manage_sessions(&self.session(person, seconds)).unwrap()
    }

    /// Seals a document under the key of her line or of her account.
    pub fn seal<D: Document + Serialize>(
        &self,
        person: &SignedIn,
        holding: Option<HoldingId>,
        row: &[u8],
        document: &D,
    ) -> StoredDocument {
        let owner = OwnerTag { tenant: self.tenant, account: person.account, holding, position: 1 };
        let blob = seal_document(&person.ring, 1, &owner, row, document, &self.entropy).unwrap();
        StoredDocument { key: DocumentKey { holding, kind: D::KIND, row: row.to_vec() }, blob: blob.into() }
    }

    /// A document of that key whose blob opens nowhere.
    pub fn noise(&self, holding: Option<HoldingId>, kind: &'static str, row: &[u8]) -> StoredDocument {
        let key = DocumentKey { holding, kind, row: row.to_vec() };
        StoredDocument { key, blob: self.octets::<700>().to_vec().into() }
    }
}
