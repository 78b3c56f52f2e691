//! An authority over rows in memory, with two accounts in it.

use std::sync::{Arc, Mutex, MutexGuard};

use honnin_access::ports::{
    CredentialRow, CredentialRows, FoundSession, KeyChange, KeyRelease, RecordKind, ReleaseError, RingRow,
    RingWrite, RowError, SeenSession, SessionRow, SessionRows,
};
use honnin_access::{
    Answer, Authorities, ControlRows, DelayBounds, ExpectedWork, FactorPolicy, HashPool, NewDevice,
    PasskeySite, PasswordRules, PoolBounds, ProofRules, Ring, Session, SessionError, SessionLimits, SignIn,
    SignInError, SignInProof, SignInSettings, SignedIn, Source,
};
use honnin_seal::{
    AccountKey, Digest, Epoch, HashCost, KeeperKey, MacKey, OpenError, PasswordHash, Place, Purpose, Secret,
    SessionToken,
};
use honnin_terms::{AccountId, Entropy, HoldingId, Id, Moment, RequestId, Stream, TenantId};
use honnin_testkit::SeededEntropy;

pub(crate) const TENANT: TenantId = TenantId::FIRST;
pub(crate) const EPOCH: Epoch = 3;

/// The moment of sign-in.
pub(crate) fn start() -> Moment {
    "2026-11-20T06:00:00+09:00".parse().unwrap()
}

pub(crate) const PASSWORD: &str = "umi no mieru ie";

pub(crate) const COST: HashCost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };

/// Somebody with one line and one session.
pub(crate) struct Person {
    /// The name she signs in with.
    pub(crate) login: String,
    pub(crate) account: AccountId,
    pub(crate) line: HoldingId,
    pub(crate) token: SessionToken,
    pub(crate) row: SessionRow,
    /// Opens what is hers.
    pub(crate) ring: Ring,
    credential: CredentialRow,
}

/// Signs somebody in, as the product does.
pub(crate) async fn person(number: u8) -> Person {
    let entropy = SeededEntropy::new(u64::from(number));
    let (account, line) = (AccountId::from_octets([number; 16]), HoldingId::from_octets([number + 100; 16]));
    let (key, account_key) = Keeper.new_account_key(TENANT, account, EPOCH, &entropy).unwrap();
    let (ring, sealed) = Ring::make((TENANT, account, EPOCH), &key, &entropy).unwrap();
    let credential = CredentialRow {
        epoch: EPOCH,
        account_key,
        ring: sealed,
        ring_version: 0,
        password: None,
        code: None,
        version: 1,
    };
    let stage = Stage::over(Rows::default());
    stage.rows.hold().credentials.push((account, credential));
    let login = number.to_string();
    stage.give(&login, &hash(PASSWORD)).await;
    let token = stage.begin(&login, number).await.unwrap().token;
    let mut held = stage.rows.hold();
    let (_, row) = held.sessions.pop().unwrap();
    let (_, credential) = held.credentials.pop().unwrap();
    drop(held);
    Person { login, account, line, token, row, ring, credential }
}

/// Sessions and credentials, as an engine keeps them.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) sessions: Vec<(Digest, SessionRow)>,
    pub(crate) credentials: Vec<(AccountId, CredentialRow)>,
    /// What was noted as seen.
    pub(crate) seen: Vec<(Digest, SeenSession)>,
    /// When holders were left a message.
    pub(crate) told: Vec<Moment>,
    /// What somebody else does just before the next write of a ring.
    pub(crate) before: Option<fn(&mut Held)>,
    /// What it puts in place of a credential.
    pub(crate) changed: Option<(AccountId, CredentialRow)>,
}

impl Held {
    pub(crate) fn credential(&mut self, account: AccountId) -> &mut CredentialRow {
        &mut self.credentials.iter_mut().find(|(owner, _)| *owner == account).unwrap().1
    }

    fn write(&mut self, account: AccountId, ring: &RingWrite) -> Result<(), RowError> {
        if let Some(before) = self.before.take() {
            before(self);
        }
        let row = self.credential(account);
        if row.ring_version != ring.read_version {
            return Err(RowError::Conflict);
        }
        (row.ring, row.ring_version) = (ring.sealed.clone(), row.ring_version + 1);
        self.sessions.retain(|(_, row)| row.account != account || !ring.ended.contains(&row.session));
        Ok(())
    }
}

/// Rows in memory.
pub(crate) struct Rows {
    held: Mutex<Held>,
    /// Every read of a credential waits here, so that a test can have two read before either writes.
    pub(crate) reading: tokio::sync::Semaphore,
}

impl Default for Rows {
    fn default() -> Self {
        Self { held: Mutex::default(), reading: tokio::sync::Semaphore::new(1_000) }
    }
}

impl Rows {
    pub(crate) fn hold(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }
}

impl SessionRows for Rows {
    fn session(&self, _: TenantId, row_hash: &Digest) -> Answer<'_, Result<Option<FoundSession>, RowError>> {
        let mut held = self.hold();
        let found = held.sessions.iter().find(|(hash, _)| hash == row_hash).map(|(_, row)| row.clone());
        Answer::ready(Ok(found.map(|session| {
            let CredentialRow { epoch, ring_version: version, ring, .. } =
                held.credential(session.account).clone();
            let ring = Arc::new(RingRow { epoch, version, sealed: ring });
            FoundSession { session: Arc::new(session), ring }
        })))
    }
    fn insert_session(
        &self,
        row_hash: Digest,
        row: SessionRow,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), RowError>> {
        let mut held = self.hold();
        let written = held.write(row.account, &ring);
        Answer::ready(written.map(|()| held.sessions.push((row_hash, row))))
    }
    fn touch_session(&self, _: TenantId, row_hash: &Digest, seen: SeenSession) {
        self.hold().seen.push((*row_hash, seen));
    }
    fn end_sessions(
        &self,
        _: TenantId,
        account: AccountId,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(self.hold().write(account, &ring))
    }
}

impl CredentialRows for Rows {
    fn credential(
        &self,
        _: TenantId,
        account: AccountId,
    ) -> Answer<'_, Result<Option<CredentialRow>, RowError>> {
        let held = self.hold();
        let found = held.credentials.iter().find(|(owner, _)| *owner == account).map(|(_, row)| row.clone());
        drop(held);
        Answer::later(async move {
            drop(self.reading.acquire().await.unwrap());
            Ok(found)
        })
    }
    fn replace_credential(
        &self,
        _: TenantId,
        account: AccountId,
        row: CredentialRow,
        keys: Option<KeyChange>,
    ) -> Answer<'_, Result<(), RowError>> {
        let mut held = self.hold();
        if held.credential(account).version != row.version {
            return Answer::ready(Err(RowError::Conflict));
        }
        if let Some(KeyChange { epoch, account_key, ring, keep, told }) = keys {
            if let Err(error) = held.write(account, &ring) {
                return Answer::ready(Err(error));
            }
            let kept = keep.as_ref().map(|(hash, _)| *hash);
            held.sessions.retain(|(hash, row)| row.account != account || Some(*hash) == kept);
            for (_, session) in held.sessions.iter_mut().filter(|(_, row)| row.account == account) {
                let sealed = keep.as_ref().map(|(_, sealed)| sealed.clone()).unwrap();
                (session.epoch, session.sealed) = (epoch, sealed);
            }
            let stored = held.credential(account);
            (stored.epoch, stored.account_key) = (epoch, account_key);
            held.told.extend(told);
        }
        let stored = held.credential(account);
        (stored.password, stored.code, stored.version) = (row.password, row.code, row.version + 1);
        Answer::ready(Ok(()))
    }
}

/// A keeper whose seal of records is the account's id before the octets.
struct Keeper;

fn sealed_for(account: AccountId, octets: &[u8]) -> Vec<u8> {
    [account.octets().as_slice(), octets].concat()
}

fn opened(account: AccountId, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    sealed.strip_prefix(account.octets()).map(<[u8]>::to_vec).ok_or(OpenError)
}

fn hash(password: &str) -> PasswordHash {
    COST.hasher().hash(password.as_bytes(), &SeededEntropy::new(5)).unwrap()
}

impl Keeper {
    fn key() -> KeeperKey {
        KeeperKey::of_root(&Secret::from_octets([5; 32]), TENANT, "stage").unwrap()
    }

    fn place(account: AccountId, epoch: Epoch) -> Place<'static> {
        Place { epoch, ..Place::of_account(TENANT, account, Purpose::AccountKeyForKeeper) }
    }
}

impl KeyRelease for Keeper {
    fn account_of(&self, _: TenantId, login: &str) -> AccountId {
        // A name that is no number is of nobody, and each of another nobody.
        let made_up = || {
            let named = honnin_seal::digest(&[login.as_bytes()]);
            AccountId::from_octets(*named.first_chunk().unwrap())
        };
        login.parse().map_or_else(|_| made_up(), |number| AccountId::from_octets([number; 16]))
    }
    fn open_record(
        &self,
        _: TenantId,
        account: AccountId,
        _: RecordKind,
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        opened(account, sealed)
    }
    fn seal_record(
        &self,
        _: TenantId,
        account: AccountId,
        _: RecordKind,
        record: &[u8],
        _: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        Ok(sealed_for(account, record))
    }
    fn release<'a>(
        &'a self,
        proof: &SignInProof,
        sealed: &'a [u8],
        epoch: Epoch,
    ) -> Answer<'a, Result<AccountKey, ReleaseError>> {
        let opened = Self::key().unwrap_key(&Self::place(proof.account(), epoch), sealed);
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
        let sealed = Self::key().wrap(&Self::place(account, epoch), &key, entropy)?;
        Ok((key, sealed))
    }
}

/// Where passkeys are good.
pub(crate) const ORIGIN: &str = "https://my.example.jp";

/// The authorities over those rows.
pub(crate) struct Stage {
    pub(crate) rows: Arc<Rows>,
    pub(crate) authorities: Authorities,
}

impl Stage {
    pub(crate) fn of(people: &[&Person]) -> Self {
        Self::with(people, quick())
    }

    /// With those bounds of guessing.
    pub(crate) fn with(people: &[&Person], delay_bounds: DelayBounds) -> Self {
        Self::bounded(Self::holding(people), delay_bounds)
    }

    fn holding(people: &[&Person]) -> Rows {
        let rows = Rows::default();
        for person in people {
            let mut held = rows.hold();
            held.sessions.push((person.token.row_hash(), person.row.clone()));
            held.credentials.push((person.account, person.credential.clone()));
        }
        rows
    }

    fn over(rows: Rows) -> Self {
        Self::bounded(rows, quick())
    }

    fn bounded(rows: Rows, delay_bounds: DelayBounds) -> Self {
        let proof_rules = ProofRules { settle_seconds: 0, ..ProofRules::default() };
        Self::build(rows, delay_bounds, (FactorPolicy::Offered, proof_rules), SessionLimits::default())
    }

    /// Where sessions last so long.
    pub(crate) fn lasting(people: &[&Person], limits: SessionLimits) -> Self {
        let rules = (FactorPolicy::Offered, ProofRules::default());
        Self::build(Self::holding(people), quick(), rules, limits)
    }

    fn build(
        rows: Rows,
        delay_bounds: DelayBounds,
        (factors, proof_rules): (FactorPolicy, ProofRules),
        session_limits: SessionLimits,
    ) -> Self {
        let settings = SignInSettings {
            session_limits,
            password_rules: PasswordRules::default(),
            code_seconds: 60,
            factors,
            passkeys: PasskeySite::of_origin(ORIGIN),
            proof_rules,
            consent_seconds: 60,
            delay_bounds,
            pool: HashPool::start(PoolBounds { threads: 1, cost: COST, ..PoolBounds::default() }).unwrap(),
        };
        let rows = Arc::new(rows);
        let (sessions, credentials) = (Arc::<Rows>::clone(&rows), Arc::<Rows>::clone(&rows));
        let authorities = Authorities::new(TENANT, sessions, credentials, Arc::new(Keeper), settings);
        Self { rows, authorities }
    }

    /// Where everybody has a second factor.
    pub(crate) fn demanding(people: &[&Person]) -> Self {
        let rules = (FactorPolicy::Required, ProofRules::default());
        Self::build(Self::holding(people), quick(), rules, SessionLimits::default())
    }

    /// Where the password is not enough on a new device for a day.
    pub(crate) fn wary(people: &[&Person]) -> Self {
        let rules = (FactorPolicy::Offered, ProofRules::default());
        Self::build(Self::holding(people), quick(), rules, SessionLimits::default())
    }

    /// The same, counting guesses there.
    pub(crate) fn counting(mut self, guesses: Arc<dyn ControlRows>) -> Self {
        let key = MacKey::of_secret(&Secret::from_octets([6; 32]));
        self.authorities.subscriber = self.authorities.subscriber.counting(guesses, key);
        self
    }

    /// Takes somebody's password away.
    pub(crate) fn suspend(&self, who: &Person) {
        self.rows.hold().credential(who.account).password = None;
    }

    /// Gives somebody a password by its hash.
    pub(crate) async fn give(&self, login: &str, hash: &PasswordHash) {
        let permit = self.authorities.operator.operate(start(), RequestId::from_octets([7; 16]));
        let entropy = SeededEntropy::new(6);
        let expected = self.authorities.subscriber.expect_hash(&permit, hash).await;
        assert_ne!(expected, Ok(ExpectedWork::TooMany));
        let given = self.authorities.subscriber.import_password(&permit, login, hash, &entropy).await;
        assert!(given.unwrap());
    }

    /// Another session of that name, made at the operator's hands.
    pub(crate) async fn begin(&self, login: &str, seed: u8) -> Result<SignedIn, SignInError> {
        let operate = self.authorities.operator.operate(start(), RequestId::from_octets([8; 16]));
        let entropy = SeededEntropy::new(1_000 + u64::from(seed));
        let subscriber = &self.authorities.subscriber;
        subscriber.sign_in_without_password(&operate, login, stranger(1), &entropy).await
    }

    /// Signs in by password.
    pub(crate) async fn sign_in(&self, login: &str, password: &str) -> Result<SignedIn, SignInError> {
        let stream = stream(77);
        let request = SignIn { login, password, device: stranger(1), now: start(), stream: &stream };
        self.authorities.subscriber.sign_in(request).await
    }

    /// Signs in by password as a program does, in a request of its own.
    pub(crate) async fn sign_in_as_program(
        &self,
        login: &str,
        password: &str,
        seed: u64,
    ) -> Result<SignedIn, SignInError> {
        let stream = stream(7_000 + seed);
        let device = NewDevice { is_program: true, ..stranger(1) };
        let request = SignIn { login, password, device, now: start(), stream: &stream };
        self.authorities.subscriber.sign_in(request).await
    }

    /// Sets another password by one-time code, as its holder.
    pub(crate) async fn activate(&self, login: &str, password: &str) -> SignedIn {
        let operate = self.authorities.operator.operate(start(), RequestId::from_octets([8; 16]));
        let (stream, subscriber) = (stream(78), &self.authorities.subscriber);
        let invitation = subscriber.invitation(&operate, login, &stream).await.unwrap().unwrap();
        let code = invitation.code().reveal().to_owned();
        subscriber.issue(invitation).await.unwrap();
        let request = SignIn { login, password, device: stranger(1), now: start(), stream: &stream };
        subscriber.activate(request, &code).await.unwrap()
    }

    /// The session of that person, so many seconds after she signed in.
    pub(crate) async fn session(&self, person: &Person, seconds: i64) -> Result<Session, SessionError> {
        self.session_of(&person.token, seconds).await
    }

    /// The session of a token, so many seconds after the start.
    pub(crate) async fn session_of(
        &self,
        token: &SessionToken,
        seconds: i64,
    ) -> Result<Session, SessionError> {
        // What is drawn for one session is not drawn for another.
        let seed = u64::from_be_bytes(*token.row_hash().first_chunk().unwrap());
        self.authorities.subscriber.session(token, stream(seed), start().plus_seconds(seconds)).await
    }
}

/// Refusals leave at once.
fn quick() -> DelayBounds {
    DelayBounds { answer_millis: 0, ..DelayBounds::default() }
}

/// A device nobody has seen, from that prefix.
pub(crate) fn stranger(prefix: u64) -> NewDevice {
    let source = Source { site: prefix, prefix, address: prefix << 8 };
    NewDevice { name: "Firefox (Linux)".to_owned(), source, mark: None, is_program: false }
}

/// The randomness of a request.
pub(crate) fn stream(seed: u64) -> Stream {
    Stream::new(RequestId::from_octets([9; 16]), Arc::new(SeededEntropy::new(seed)))
}
