//! An authority over rows in memory, with two accounts in it.

use std::sync::{Arc, Mutex};

use honnin_access::ports::{
    CredentialRow, CredentialRows, KeyRelease, RowError, SessionRow, SessionRows, SubjectKeyRow,
};
use honnin_access::{
    Answer, Authorities, DelayBounds, HashPool, PasswordRules, PoolBounds, Session, SessionError,
    SessionLimits, SignInProof, SignInSettings, session_mark,
};
use honnin_seal::{
    AccountKey, Digest, Epoch, HashCost, Mark, OpenError, PasswordHash, Place, Purpose, SessionKey,
    SessionToken, SubjectKey,
};
use honnin_terms::{AccountId, Entropy, HoldingId, Id, Moment, RequestId, SessionId, Stream, TenantId};
use honnin_testkit::SeededEntropy;

pub(crate) const TENANT: TenantId = TenantId::FIRST;
pub(crate) const EPOCH: Epoch = 3;

/// The moment of sign-in.
pub(crate) fn start() -> Moment {
    "2026-11-20T06:00:00+09:00".parse().unwrap()
}

pub(crate) const PASSWORD: &str = "umi no mieru ie";

const COST: HashCost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };

/// Somebody with one line and one session.
pub(crate) struct Person {
    /// The name she signs in with.
    pub(crate) login: String,
    pub(crate) account: AccountId,
    pub(crate) line: HoldingId,
    pub(crate) token: SessionToken,
    pub(crate) row: SessionRow,
    /// Of the line.
    pub(crate) key: SubjectKey,
    keys: Vec<(AccountId, SubjectKeyRow)>,
}

/// The account key in a session's row, bound to all that the row is.
pub(crate) fn session_place(account: AccountId, session: SessionId, epoch: Epoch) -> Place<'static> {
    let place = Place::of_account(TENANT, account, Purpose::AccountKeyForSession);
    Place { session: Some(session), epoch, ..place }
}

pub(crate) fn key_place(account: AccountId, holding: Option<HoldingId>, epoch: Epoch) -> Place<'static> {
    Place { holding, epoch, ..Place::of_account(TENANT, account, Purpose::SubjectKeyForAccount) }
}

pub(crate) fn person(number: u8) -> Person {
    marked(number, session_mark)
}

/// Somebody whose session says it is of whomever `mark` names.
pub(crate) fn marked(number: u8, mark: fn(&Digest, AccountId) -> Mark) -> Person {
    let entropy = SeededEntropy::new(u64::from(number));
    let (account, line) = (AccountId::from_octets([number; 16]), HoldingId::from_octets([number + 100; 16]));
    let (token, session) = (SessionToken::random(&entropy), SessionId::from_octets([number; 16]));
    let account_key = AccountKey::random(&entropy);
    let session_key = SessionKey::of_session(&token, session).unwrap();
    let mark = mark(&token.row_hash(), account);
    let place = session_place(account, session, EPOCH);
    let wrapped_key = session_key.wrap_marked(&place, &account_key, &mark, &entropy).unwrap();
    let (key, own) = (SubjectKey::random(&entropy), SubjectKey::random(&entropy));
    let row = |holding, key: &SubjectKey| {
        let by_account = account_key.wrap(&key_place(account, holding, EPOCH), key, &entropy).unwrap();
        (account, SubjectKeyRow { holding, epoch: EPOCH, by_keeper: Vec::new(), by_account })
    };
    let keys = vec![row(Some(line), &key), row(None, &own)];
    let row = SessionRow {
        tenant: TENANT,
        session,
        account,
        epoch: EPOCH,
        wrapped_key,
        since: start(),
        last_seen: start(),
        until: start().plus_seconds(SessionLimits::default().absolute_seconds),
        device: Vec::new(),
    };
    Person { login: number.to_string(), account, line, token, row, key, keys }
}

/// Rows in memory.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) sessions: Mutex<Vec<(Digest, SessionRow)>>,
    pub(crate) keys: Mutex<Vec<(AccountId, SubjectKeyRow)>>,
    pub(crate) touched: Mutex<Vec<Moment>>,
}

impl SessionRows for Rows {
    fn session(
        &self,
        _: TenantId,
        row_hash: &Digest,
    ) -> Answer<'_, Result<Option<Arc<SessionRow>>, RowError>> {
        let sessions = self.sessions.lock().unwrap();
        let found = sessions.iter().find(|(hash, _)| hash == row_hash).map(|(_, row)| Arc::new(row.clone()));
        Answer::ready(Ok(found))
    }
    fn subject_key(
        &self,
        _: TenantId,
        account: AccountId,
        holding: Option<HoldingId>,
    ) -> Answer<'_, Result<Option<Arc<SubjectKeyRow>>, RowError>> {
        let keys = self.keys.lock().unwrap();
        let found = keys.iter().find(|(owner, row)| *owner == account && row.holding == holding);
        Answer::ready(Ok(found.map(|(_, row)| Arc::new(row.clone()))))
    }
    fn insert_session(&self, _: Digest, _: SessionRow, _: usize) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
    fn touch_session(&self, _: TenantId, _: &Digest, seen: Moment) -> Answer<'_, Result<(), RowError>> {
        self.touched.lock().unwrap().push(seen);
        Answer::ready(Ok(()))
    }
    fn end_session(&self, _: TenantId, _: &Digest) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
}

/// Passwords, and a keeper whose seal is the account's id before the octets.
struct Keeper {
    password: PasswordHash,
}

fn sealed(account: AccountId, octets: &[u8]) -> Vec<u8> {
    [account.octets().as_slice(), octets].concat()
}

fn opened(account: AccountId, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    sealed.strip_prefix(account.octets()).map(<[u8]>::to_vec).ok_or(OpenError)
}

impl CredentialRows for Keeper {
    fn credential(
        &self,
        _: TenantId,
        account: AccountId,
    ) -> Answer<'_, Result<Option<CredentialRow>, RowError>> {
        let password = Some(sealed(account, self.password.expose().as_bytes()));
        let row = CredentialRow { epoch: EPOCH, account_key: Vec::new(), password, code: None, version: 1 };
        Answer::ready(Ok(Some(row)))
    }
    fn replace_credential(
        &self,
        _: TenantId,
        _: AccountId,
        _: CredentialRow,
        _: Option<Moment>,
    ) -> Answer<'_, Result<(), RowError>> {
        Answer::ready(Err(RowError::Unavailable))
    }
}

impl KeyRelease for Keeper {
    fn account_of(&self, _: TenantId, login: &str) -> AccountId {
        AccountId::from_octets([login.parse().unwrap_or(0); 16])
    }
    fn open_password(
        &self,
        _: TenantId,
        account: AccountId,
        sealed: &[u8],
    ) -> Result<PasswordHash, OpenError> {
        let text = String::from_utf8(opened(account, sealed)?).map_err(|_| OpenError)?;
        PasswordHash::parse(&text).map_err(|_| OpenError)
    }
    fn seal_password(
        &self,
        _: TenantId,
        account: AccountId,
        hash: &PasswordHash,
        _: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        Ok(sealed(account, hash.expose().as_bytes()))
    }
    fn open_code(&self, _: TenantId, account: AccountId, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        opened(account, sealed)
    }
    fn seal_code(
        &self,
        _: TenantId,
        account: AccountId,
        record: &[u8],
        _: &dyn Entropy,
    ) -> Result<Vec<u8>, OpenError> {
        Ok(sealed(account, record))
    }
    fn release(&self, _: &SignInProof, _: &[u8], _: Epoch) -> Result<AccountKey, OpenError> {
        Err(OpenError)
    }
    fn device_mark(&self, _: TenantId, account: AccountId) -> [u8; 16] {
        *account.octets()
    }
}

/// The authorities over those rows.
pub(crate) struct Stage {
    pub(crate) rows: Arc<Rows>,
    pub(crate) authorities: Authorities,
}

impl Stage {
    pub(crate) fn of(people: &[&Person]) -> Self {
        let rows = Arc::new(Rows::default());
        for person in people {
            rows.sessions.lock().unwrap().push((person.token.row_hash(), person.row.clone()));
            rows.keys.lock().unwrap().extend(person.keys.iter().cloned());
        }
        let settings = SignInSettings {
            session_limits: SessionLimits::default(),
            password_rules: PasswordRules::default(),
            code_seconds: 60,
            consent_seconds: 60,
            delay_bounds: DelayBounds::default(),
            pool: HashPool::start(PoolBounds { threads: 1, queue: 1, cost: COST }).unwrap(),
        };
        let password = COST.hasher().hash(PASSWORD.as_bytes(), &SeededEntropy::new(5)).unwrap();
        let (sessions, keeper) = (Arc::<Rows>::clone(&rows), Arc::new(Keeper { password }));
        let credentials = Arc::<Keeper>::clone(&keeper);
        let authorities = Authorities::new(TENANT, sessions, credentials, keeper, settings);
        Self { rows, authorities }
    }

    /// The session of that person, so many seconds after she signed in.
    pub(crate) async fn session(&self, person: &Person, seconds: i64) -> Result<Session, SessionError> {
        // What is drawn for one person is not drawn for another.
        let entropy = SeededEntropy::new(u64::from_be_bytes(*person.account.octets().first_chunk().unwrap()));
        let stream = Stream::new(RequestId::from_octets([9; 16]), Arc::new(entropy));
        self.authorities.subscriber.session(&person.token, stream, start().plus_seconds(seconds)).await
    }
}
