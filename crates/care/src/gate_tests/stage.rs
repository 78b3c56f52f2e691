//! A gate with a journal of its own, two people with two lines each, and documents that may say whatever they like.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use honnin_access::ports::{
    CredentialRow, CredentialRows, FoundSession, KeyChange, KeyRelease, RecordKind, ReleaseError, RingRow,
    RingWrite, RowError, SeenSession, SessionRow, SessionRows,
};
use honnin_access::{
    Answer, Authorities, DelayBounds, Document, DocumentError, HashPool, NewDevice, Owned, PasswordRules,
    PoolBounds, Ring, Session, SessionLimits, SignInProof, SignInSettings, Subject, SubscriberAuthority,
};
use honnin_journal::{Bounds, EpochKeys, FileAnchor, Journal, LogKeys, Opening};
use honnin_seal::{
    AccountKey, Digest, Epoch, HashCost, IndexKey, KeeperKey, MacKey, OpenError, Place, Purpose, Secret,
    SessionToken, SigningKey,
};
use honnin_terms::{
    AccountId, Audience, Entropy, HoldingId, Id, LogId, Mode, Moment, RequestId, Stop, Stream, TenantId,
};
use honnin_testkit::{SeededEntropy, TestDir};
use serde::Deserialize;

use crate::{Alarm, Gate, House, Recorder};

pub(super) const TENANT: TenantId = TenantId::FIRST;
const EPOCH: Epoch = 3;

/// The moment of sign-in.
pub(super) fn start() -> Moment {
    "2026-11-20T06:00:00+09:00".parse().unwrap()
}

pub(super) fn request(number: u8) -> RequestId {
    RequestId::from_octets([number; 16])
}

/// What the documents of these tests say.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Note(pub(super) u8);

impl Document for Note {
    const KIND: &'static str = "note";
    const SCHEMA: u16 = 1;
}

/// Somebody with two lines and one session.
pub(super) struct Person {
    pub(super) account: AccountId,
    pub(super) lines: [HoldingId; 2],
    pub(super) token: SessionToken,
    ring: Ring,
    found: FoundSession,
}

/// What an answer is that waits for nobody.
fn at_once<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits for somebody"),
    }
}

/// Signs somebody in, as the product does.
pub(super) fn person(number: u8) -> Person {
    let entropy = SeededEntropy::new(u64::from(number));
    let account = AccountId::from_octets([number; 16]);
    let lines = [100, 200].map(|first| HoldingId::from_octets([first + number; 16]));
    let rows = Arc::new(Rows::default());
    let (key, account_key) = rows.new_account_key(TENANT, account, EPOCH, &entropy).unwrap();
    let (ring, sealed) = Ring::make((TENANT, account, EPOCH), &key, &entropy).unwrap();
    let (password, code) = (None, None);
    let row = CredentialRow {
        epoch: EPOCH,
        account_key,
        ring: sealed,
        ring_version: 0,
        password,
        code,
        version: 1,
    };
    rows.credential.lock().unwrap().replace(row);
    let Authorities { subscriber, operator, .. } = authorities(Arc::clone(&rows));
    let device = NewDevice::of_nobody(String::new());
    let (operate, login) = (operator.operate(start(), request(0)), number.to_string());
    let signing_in = subscriber.sign_in_without_password(&operate, &login, device, &entropy);
    let token = at_once(signing_in).unwrap().token;
    let found = rows.sessions.lock().unwrap().pop().unwrap().1;
    Person { account, lines, token, ring, found }
}

impl Person {
    pub(super) fn subject(&self, holding: Option<HoldingId>) -> Subject {
        Subject { tenant: TENANT, account: self.account, holding }
    }

    /// A document sealed for one subject of hers that says it is of whomever `owner` names.
    fn sealed(&self, at: &Subject, owner: &Subject) -> Vec<u8> {
        let Subject { tenant, account, holding } = *owner;
        let mut plain = tenant.number().to_be_bytes().to_vec();
        plain.extend_from_slice(account.octets());
        plain.push(u8::from(holding.is_some()));
        plain.extend_from_slice(holding.as_ref().map_or(&[0; 16], |id| id.octets()));
        plain.extend_from_slice(&5_u64.to_be_bytes());
        plain.push(42);
        let place = Place::of_account(at.tenant, at.account, Purpose::Document(Note::KIND));
        let place = Place { holding: at.holding, schema: Note::SCHEMA, epoch: EPOCH, ..place };
        let key = self.ring.kind(at.holding, EPOCH, Note::KIND).unwrap();
        let sealed = key.seal(&place, &plain, &SeededEntropy::new(6)).unwrap();
        [&Note::SCHEMA.to_be_bytes()[..], &EPOCH.to_be_bytes(), &sealed].concat()
    }
}

/// The way out, and everything that stands on it.
pub(super) struct Stage {
    pub(super) subscriber: SubscriberAuthority,
    pub(super) gate: Gate,
    pub(super) journal: Arc<Journal>,
    pub(super) house: Arc<Told>,
    _dir: TestDir,
}

/// A house that stands as a test says, stops at the first alarm, and keeps what it heard.
pub(super) struct Told {
    mode: Mutex<Mode>,
    canary: Option<AccountId>,
    pub(super) heard: Mutex<Vec<Alarm>>,
}

impl Told {
    pub(super) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }
}

impl House for Told {
    fn mode(&self) -> Mode {
        *self.mode.lock().unwrap()
    }

    fn shows(&self, to: AccountId) -> Answer<'_, Result<(), Mode>> {
        let mode = self.mode();
        let open = match mode.audience() {
            Audience::Everybody => true,
            Audience::Canaries => self.canary == Some(to),
            Audience::Nobody => false,
        };
        // Later, as on an engine behind a socket.
        Answer::later(async move {
            tokio::task::yield_now().await;
            if open { Ok(()) } else { Err(mode) }
        })
    }

    fn hears(&self, alarm: Alarm, _: RequestId) {
        self.heard.lock().unwrap().push(alarm);
        self.set(Mode::Isolated(Stop::ForeignOwner));
    }

    fn stops(&self) {
        self.set(Mode::Stopping);
    }
}

impl Stage {
    pub(super) fn of(people: &[&Person]) -> Self {
        Self::with_canary(people, None)
    }

    pub(super) fn with_canary(people: &[&Person], canary: Option<AccountId>) -> Self {
        Self::with(people, canary, Bounds::default())
    }

    /// Where the journal takes no entry.
    pub(super) fn without_room(people: &[&Person]) -> Self {
        Self::with(people, None, Bounds { most_waiting_octets: 0, ..Bounds::default() })
    }

    fn with(people: &[&Person], canary: Option<AccountId>, bounds: Bounds) -> Self {
        let dir = TestDir::new();
        let signing = SigningKey::of_seed(&Secret::from_octets([7; 32])).unwrap();
        let bounds = Bounds { segment_octets: 1 << 16, ..bounds };
        let root = dir.join("journal");
        let journal = Journal::open(Opening {
            anchor: Arc::new(FileAnchor(dir.join("anchors"))),
            root,
            log: LogId::from_octets([7; 16]),
            origin: "test/journal".to_owned(),
            keys: LogKeys { signing, chain: MacKey::of_secret(&Secret::from_octets([7; 32])) },
            bounds,
            steady: None,
            as_it_is: false,
        });
        let journal = journal.unwrap();
        let Authorities { subscriber, gate, .. } = authorities(Arc::new(Rows::of(people)));
        let house = Told { mode: Mutex::new(Mode::Open), canary, heard: Mutex::new(Vec::new()) };
        let (journal, house) = (Arc::new(journal), Arc::new(house));
        let asked = Arc::<Told>::clone(&house);
        let gate = Gate::new(gate, Recorder::new(Arc::clone(&journal), vec![epoch(1)]), asked);
        Self { subscriber, gate, journal, house, _dir: dir }
    }

    /// What the house heard.
    pub(super) fn heard(&self) -> Vec<Alarm> {
        self.house.heard.lock().unwrap().clone()
    }

    /// Her session in that request, so many seconds after she signed in.
    pub(super) async fn session(&self, person: &Person, number: u8, seconds: i64) -> Session {
        self.session_drawing(person, number, seconds, Arc::new(SeededEntropy::new(9))).await
    }

    /// As [`Self::session`], with randomness of the test's own.
    pub(super) async fn session_drawing(
        &self,
        person: &Person,
        number: u8,
        seconds: i64,
        entropy: Arc<dyn Entropy>,
    ) -> Session {
        let stream = Stream::new(request(number), entropy);
        self.subscriber.session(&person.token, stream, start().plus_seconds(seconds)).await.unwrap()
    }

    /// A document of a line of hers, or of her account, as it should be.
    pub(super) fn note(&self, person: &Person, session: &Session, line: Option<HoldingId>) -> Owned<Note> {
        self.note_of(person, session, line, &person.subject(line)).unwrap()
    }

    /// A document she may ask for, that opens with her key, and that says it is of `owner`.
    pub(super) fn note_of(
        &self,
        person: &Person,
        session: &Session,
        line: Option<HoldingId>,
        owner: &Subject,
    ) -> Result<Owned<Note>, DocumentError> {
        let permit = match line {
            Some(line) => self.subscriber.read_line(session, line),
            None => self.subscriber.read_account(session),
        };
        permit.unwrap().open(&[], &person.sealed(&person.subject(line), owner))
    }
}

/// The keys of an epoch of the journal.
pub(super) fn epoch(number: Epoch) -> EpochKeys {
    let root = Secret::from_octets([8; 32]);
    let label = format!("epoch {number}");
    EpochKeys {
        tenant: TENANT,
        epoch: number,
        pseudonym: IndexKey::of_root(&root, TENANT, &label).unwrap(),
        body: KeeperKey::of_root(&root, TENANT, &label).unwrap(),
    }
}

/// Sessions in memory, one account's credential while she signs in, and a keeper of account keys.
#[derive(Default)]
struct Rows {
    sessions: Mutex<Vec<(Digest, FoundSession)>>,
    credential: Mutex<Option<CredentialRow>>,
}

impl Rows {
    fn of(people: &[&Person]) -> Self {
        let sessions = people.iter().map(|person| (person.token.row_hash(), person.found.clone())).collect();
        Self { sessions: Mutex::new(sessions), credential: Mutex::default() }
    }

    fn key() -> KeeperKey {
        KeeperKey::of_root(&Secret::from_octets([5; 32]), TENANT, "stage").unwrap()
    }
}

fn key_place(account: AccountId, epoch: Epoch) -> Place<'static> {
    Place { epoch, ..Place::of_account(TENANT, account, Purpose::AccountKeyForKeeper) }
}

fn authorities(rows: Arc<Rows>) -> Authorities {
    let cost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };
    let settings = SignInSettings {
        session_limits: SessionLimits::default(),
        password_rules: PasswordRules::default(),
        code_seconds: 60,
        factors: honnin_access::FactorPolicy::Offered,
        passkeys: None,
        proof_rules: honnin_access::ProofRules::default(),
        consent_seconds: 60,
        delay_bounds: DelayBounds::default(),
        pool: HashPool::start(PoolBounds { threads: 1, queue: 1, cost }).unwrap(),
    };
    let (sessions, credentials) = (Arc::<Rows>::clone(&rows), Arc::<Rows>::clone(&rows));
    Authorities::new(TENANT, sessions, credentials, rows, settings)
}

impl SessionRows for Rows {
    fn session(&self, _: TenantId, row_hash: &Digest) -> Answer<'_, Result<Option<FoundSession>, RowError>> {
        let sessions = self.sessions.lock().unwrap();
        let found = sessions.iter().find(|(hash, _)| hash == row_hash);
        Answer::ready(Ok(found.map(|(_, found)| found.clone())))
    }
    fn insert_session(
        &self,
        row_hash: Digest,
        row: SessionRow,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), RowError>> {
        let ring = RingRow { epoch: row.epoch, version: ring.read_version + 1, sealed: ring.sealed };
        let found = FoundSession { session: Arc::new(row), ring: Arc::new(ring) };
        self.sessions.lock().unwrap().push((row_hash, found));
        Answer::ready(Ok(()))
    }
    fn touch_session(&self, _: TenantId, _: &Digest, _: SeenSession) {}
    fn end_sessions(&self, _: TenantId, _: AccountId, _: RingWrite) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
}

impl CredentialRows for Rows {
    fn credential(&self, _: TenantId, _: AccountId) -> Answer<'_, Result<Option<CredentialRow>, RowError>> {
        Answer::ready(Ok(self.credential.lock().unwrap().clone()))
    }
    fn replace_credential(
        &self,
        _: TenantId,
        _: AccountId,
        _: CredentialRow,
        _: Option<KeyChange>,
    ) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
}

impl KeyRelease for Rows {
    fn account_of(&self, _: TenantId, login: &str) -> AccountId {
        AccountId::from_octets([login.parse().unwrap_or(0); 16])
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
        let opened = Self::key().unwrap_key(&key_place(proof.account(), epoch), sealed);
        Answer::ready(opened.map_err(ReleaseError::from))
    }
    fn new_account_key(
        &self,
        _: TenantId,
        account: AccountId,
        epoch: Epoch,
        entropy: &dyn Entropy,
    ) -> Result<(AccountKey, Vec<u8>), OpenError> {
        let key = AccountKey::random(entropy);
        let sealed = Self::key().wrap(&key_place(account, epoch), &key, entropy)?;
        Ok((key, sealed))
    }
}
