//! The stage of a promise: a store, people in it, and permits made the way the product makes them.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use honnin_access::ports::{KeyRelease, SessionRow, SubjectKeyRow};
use honnin_access::{
    Append, Authorities, DelayBounds, Document, Drive, HashPool, Keep, ManageSessions, Operate, OwnerTag,
    PasswordRules, Permit, PoolBounds, Read, Session, SessionLimits, SetSpeed, SignInProof, SignInSettings,
    seal_document, session_mark,
};
use honnin_seal::{
    AccountKey, Digest, Epoch, OpenError, PasswordHash, Place, Purpose, SessionKey, SessionToken, SubjectKey,
};
use honnin_terms::{AccountId, Entropy, HoldingId, Id, Moment, RequestId, SessionId, Stream, TenantId};
use honnin_testkit::SeededEntropy;
use serde::Serialize;

use crate::{AccountKeyRow, AccountUpdate, Batch, Committed, DocumentKey, Progress, Store, StoredDocument};

/// Waits for an answer on this thread.
pub fn done<T>(answer: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut answer = pin!(answer);
    loop {
        match answer.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// No keeper: the stage holds the account keys itself, so that nobody signs in by password.
struct NoKeeper;

impl KeyRelease for NoKeeper {
    fn account_of(&self, _: TenantId, _: &str) -> AccountId {
        AccountId::from_octets([0; 16])
    }
    fn open_password(&self, _: TenantId, _: AccountId, _: &[u8]) -> Result<PasswordHash, OpenError> {
        Err(OpenError)
    }
    fn seal_password(
        &self,
        _: TenantId,
        _: AccountId,
        _: &PasswordHash,
        _: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        Err(OpenError)
    }
    fn open_code(&self, _: TenantId, _: AccountId, _: &[u8]) -> Result<Vec<u8>, OpenError> {
        Err(OpenError)
    }
    fn seal_code(&self, _: TenantId, _: AccountId, _: &[u8], _: &dyn Entropy) -> Result<Vec<u8>, OpenError> {
        Err(OpenError)
    }
    fn release(&self, _: &SignInProof, _: &[u8], _: Epoch) -> Result<AccountKey, OpenError> {
        Err(OpenError)
    }
    fn device_mark(&self, _: TenantId, _: AccountId) -> [u8; 16] {
        [0; 16]
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
    pub(super) account_key: AccountKey,
    token: SessionToken,
    keys: [(Option<HoldingId>, SubjectKey); 2],
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

    fn of_tenant(store: Arc<dyn Store>, tenant: TenantId) -> Self {
        let settings = SignInSettings {
            session_limits: SessionLimits::default(),
            password_rules: PasswordRules::default(),
            code_seconds: 600,
            consent_seconds: 600,
            delay_bounds: DelayBounds::default(),
            pool: HashPool::start(PoolBounds::default()).unwrap(),
        };
        let sessions: Arc<dyn Store> = Arc::clone(&store);
        let credentials: Arc<dyn Store> = Arc::clone(&store);
        let authorities = Authorities::new(tenant, sessions, credentials, Arc::new(NoKeeper), settings);
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
        let batch = Batch { progress: Progress { position, state: Vec::new() }, ..batch };
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
        let account_key = AccountKey::random(&self.entropy);
        let keys = [None, Some(line)].map(|holding| (holding, SubjectKey::random(&self.entropy)));
        let subject_keys = keys.iter().map(|(holding, key)| {
            let place = Place::of_account(self.tenant, account, Purpose::SubjectKeyForAccount);
            let by_account =
                account_key.wrap(&Place { holding: *holding, ..place }, key, &self.entropy).unwrap();
            SubjectKeyRow { holding: *holding, epoch: 1, by_keeper: self.octets::<72>().to_vec(), by_account }
        });
        let update = AccountUpdate {
            account,
            account_key: Some(AccountKeyRow { epoch: 1, by_keeper: self.octets::<72>().to_vec() }),
            subject_keys: subject_keys.collect(),
            documents: Vec::new(),
        };
        self.commit(Batch { accounts: vec![update], ..Batch::default() });
        let token = SessionToken::random(&self.entropy);
        let session: SessionId = self.id();
        let place = Place::of_account(self.tenant, account, Purpose::AccountKeyForSession);
        let place = Place { session: Some(session), ..place };
        let row_hash = token.row_hash();
        let mark = session_mark(&row_hash, account);
        let key = SessionKey::of_session(&token, session).unwrap();
        let wrapped_key = key.wrap_marked(&place, &account_key, &mark, &self.entropy);
        let session =
            SessionRow { session, wrapped_key: wrapped_key.unwrap(), ..self.session_row(account, 0) };
        done(self.store.insert_session(row_hash, session.clone(), 16)).unwrap();
        SignedIn { account, line, row_hash, session, account_key, token, keys }
    }

    /// A session of an account that opens nothing, signed in so many seconds after the start.
    pub fn session_row(&self, account: AccountId, seconds: i64) -> SessionRow {
        SessionRow {
            tenant: self.tenant,
            session: self.id(),
            account,
            epoch: 1,
            wrapped_key: self.octets::<72>().to_vec(),
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
        done(self.authorities.subscriber.read_line(&self.session(person, 0), person.line)).unwrap().unwrap()
    }

    /// A permit to read her account's own documents.
    pub fn read_account(&self, person: &SignedIn) -> Permit<Read> {
        done(self.authorities.subscriber.read_account(&self.session(person, 0))).unwrap().unwrap()
    }

    /// A permit to ask for another speed of her line.
    pub fn set_speed(&self, person: &SignedIn, seconds: i64) -> Permit<SetSpeed> {
        done(self.authorities.subscriber.set_speed(&self.session(person, seconds), person.line))
            .unwrap()
            .unwrap()
    }

    /// A permit over her sessions.
    pub fn manage(&self, person: &SignedIn, seconds: i64) -> Permit<ManageSessions> {
        done(self.authorities.subscriber.manage_sessions(&self.session(person, seconds))).unwrap().unwrap()
    }

    /// Seals a document under the key of her line or of her account.
    pub fn seal<D: Document + Serialize>(
        &self,
        person: &SignedIn,
        holding: Option<HoldingId>,
        row: &[u8],
        document: &D,
    ) -> StoredDocument {
        let (_, key) = person.keys.iter().find(|(of, _)| *of == holding).unwrap();
        let owner = OwnerTag { tenant: self.tenant, account: person.account, holding, position: 1 };
        let blob = seal_document(key, 1, &owner, row, document, &self.entropy).unwrap();
        StoredDocument { key: DocumentKey { holding, kind: D::KIND, row: row.to_vec() }, blob: blob.into() }
    }

    /// A document of that key whose blob opens nowhere.
    pub fn noise(&self, holding: Option<HoldingId>, kind: &'static str, row: &[u8]) -> StoredDocument {
        let key = DocumentKey { holding, kind, row: row.to_vec() };
        StoredDocument { key, blob: self.octets::<700>().to_vec().into() }
    }
}
