//! The engine behind a counter: which calls were made for the viewer, and which for anybody else.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use honnin_access::ports::{CredentialRow, CredentialRows, RowError, SessionRow, SessionRows, SubjectKeyRow};
use honnin_access::{
    AgreeToMerge, Append, ConsentRow, Drive, ManageSessions, Operate, Permit, Read, SetSpeed,
};
use honnin_seal::Digest;
use honnin_store::{
    Answer, Batch, Claim, ClaimedWish, Committed, DeviceRows, DirectoryRow, DriveMaterial, Error, FeedRows,
    MergeMaterial, MergeRow, MergeRows, Move, MoveReason, MovedHolding, NewWish, NoticeRow, NoticeRows,
    OperatorRows, Outcome, Progress, QuarantineRow, RecordKey, SpeedRow, SpeedRows, StoreReport,
    StoredAccount, ViewRows, WishAnswer, WishKey,
};
use honnin_store_sqlite::Sqlite;
use honnin_terms::{AccountId, HoldingId, Id, Moment, NoticeId, RequestId, SessionId, TenantId};

/// The first octet of the names of the viewer's requests.
pub(super) const HERS: u8 = 0xaa;

/// The embedded engine, counted at its ports: above its caches, so that a hit counts as a call.
pub(super) struct Counted {
    pub(super) inner: Sqlite,
    viewer: AccountId,
    hers: Mutex<Vec<&'static str>>,
    /// Sessions that were made, and of which account; made-up tokens as whoever shows them.
    sessions: Mutex<HashMap<Digest, (AccountId, Option<SessionId>)>>,
    messages_to_others: AtomicU64,
}

impl Counted {
    pub(super) fn new(inner: Sqlite, viewer: AccountId) -> Self {
        Self {
            inner,
            viewer,
            hers: Mutex::default(),
            sessions: Mutex::default(),
            messages_to_others: AtomicU64::new(0),
        }
    }

    /// The calls made for the viewer since it was last asked, in their order.
    pub(super) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.hers.lock().unwrap())
    }

    /// Messages that were left for anybody else: one with each password that was set.
    pub(super) fn messages_to_others(&self) -> u64 {
        self.messages_to_others.load(Ordering::SeqCst)
    }

    /// Says who shows a token that no session has.
    pub(super) fn made_up(&self, row_hash: Digest, by: AccountId) {
        self.sessions.lock().unwrap().insert(row_hash, (by, None));
    }

    /// How many sessions there have been, of everybody.
    pub(super) fn count_of_sessions(&self) -> u64 {
        u64::try_from(self.sessions.lock().unwrap().len()).unwrap()
    }

    /// The public names of an account's sessions, in ascending order.
    pub(super) fn sessions_of(&self, account: AccountId) -> Vec<SessionId> {
        let sessions = self.sessions.lock().unwrap();
        let of = sessions.values().filter(|(owner, _)| *owner == account);
        let mut names: Vec<SessionId> = of.filter_map(|(_, session)| *session).collect();
        names.sort();
        names
    }

    fn note(&self, call: &'static str, hers: bool) {
        if hers {
            self.hers.lock().unwrap().push(call);
        }
    }

    fn is_hers(&self, account: AccountId) -> bool {
        account == self.viewer
    }

    fn shown_by_her(&self, row_hash: &Digest) -> bool {
        let account = self.sessions.lock().unwrap().get(row_hash).map(|(account, _)| *account);
        self.is_hers(account.expect("every token a script shows is known"))
    }
}

fn asked_by_her(request: RequestId) -> bool {
    request.octets()[0] == HERS
}

impl SessionRows for Counted {
    fn session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
    ) -> Answer<'_, Result<Option<Arc<SessionRow>>, RowError>> {
        self.note("session", self.shown_by_her(row_hash));
        self.inner.session(tenant, row_hash)
    }
    fn subject_key(
        &self,
        tenant: TenantId,
        account: AccountId,
        holding: Option<HoldingId>,
    ) -> Answer<'_, Result<Option<Arc<SubjectKeyRow>>, RowError>> {
        self.note("subject_key", self.is_hers(account));
        self.inner.subject_key(tenant, account, holding)
    }
    fn insert_session(
        &self,
        row_hash: Digest,
        row: SessionRow,
        most: usize,
    ) -> Answer<'_, Result<(), RowError>> {
        self.sessions.lock().unwrap().insert(row_hash, (row.account, Some(row.session)));
        self.note("insert_session", self.is_hers(row.account));
        self.inner.insert_session(row_hash, row, most)
    }
    fn touch_session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
        seen: Moment,
    ) -> Answer<'_, Result<(), RowError>> {
        self.note("touch_session", self.shown_by_her(row_hash));
        self.inner.touch_session(tenant, row_hash, seen)
    }
    fn end_session(&self, tenant: TenantId, row_hash: &Digest) -> Answer<'_, Result<(), RowError>> {
        self.note("end_session", self.shown_by_her(row_hash));
        self.inner.end_session(tenant, row_hash)
    }
}

impl CredentialRows for Counted {
    fn credential(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Answer<'_, Result<Option<CredentialRow>, RowError>> {
        self.note("credential", self.is_hers(account));
        self.inner.credential(tenant, account)
    }
    fn replace_credential(
        &self,
        tenant: TenantId,
        account: AccountId,
        row: CredentialRow,
        end_sessions: Option<Moment>,
    ) -> Answer<'_, Result<(), RowError>> {
        let hers = self.is_hers(account);
        self.note("replace_credential", hers);
        let answer = self.inner.replace_credential(tenant, account, row, end_sessions);
        Answer::later(async move {
            let done = answer.await;
            if done.is_ok() && end_sessions.is_some() && !hers {
                self.messages_to_others.fetch_add(1, Ordering::SeqCst);
            }
            done
        })
    }
}

/// Calls with a permit, by the request the permit was given for.
macro_rules! by_permit {
    ($($port:ident { $(fn $name:ident($permit:ty $(, $argument:ident: $kind:ty)*) -> $answer:ty;)+ })+) => {$(
        impl $port for Counted {
            $(fn $name(&self, permit: &$permit $(, $argument: $kind)*) -> $answer {
                self.note(stringify!($name), asked_by_her(permit.request()));
                self.inner.$name(permit $(, $argument)*)
            })+
        }
    )+};
}

by_permit! {
    ViewRows {
        fn view(Permit<Read>, kind: &'static str, row: &[u8]) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>>;
    }
    DeviceRows {
        fn sessions(Permit<ManageSessions>) -> Answer<'_, Result<Vec<SessionRow>, Error>>;
        fn end_one(Permit<ManageSessions>, session: SessionId) -> Answer<'_, Result<bool, Error>>;
        fn end_others(Permit<ManageSessions>, keep: SessionId) -> Answer<'_, Result<usize, Error>>;
    }
    SpeedRows {
        fn speed(Permit<Read>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>>;
        fn speed_to_set(Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>>;
        fn wish_of_key(Permit<SetSpeed>, key: &WishKey) -> Answer<'_, Result<Option<WishAnswer>, Error>>;
        fn set_wish(Permit<SetSpeed>, wish: NewWish) -> Answer<'_, Result<WishAnswer, Error>>;
        fn contract_to_set(Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>>;
        fn claim(Permit<Drive>, claim: Claim) -> Answer<'_, Result<Vec<ClaimedWish>, Error>>;
        fn drive_material(Permit<Drive>) -> Answer<'_, Result<Option<DriveMaterial>, Error>>;
        fn settle(Permit<Drive>, outcome: Outcome) -> Answer<'_, Result<(), Error>>;
        fn backlog(Permit<Drive>) -> Answer<'_, Result<(u64, Option<Moment>), Error>>;
    }
    FeedRows {
        fn progress(Permit<Append>, feed: &str) -> Answer<'_, Result<Option<Progress>, Error>>;
        fn directory(Permit<Append>, entry: &mut dyn FnMut(DirectoryRow)) -> Result<(), Error>;
        fn moved(Permit<Append>) -> Answer<'_, Result<Vec<MovedHolding>, Error>>;
        fn accounts(Permit<Append>, accounts: &[AccountId]) -> Answer<'_, Result<Vec<StoredAccount>, Error>>;
        fn seen(Permit<Append>, records: &[RecordKey]) -> Answer<'_, Result<Vec<Option<[u8; 16]>>, Error>>;
        fn commit(Permit<Append>, feed: &str, batch: Batch) -> Answer<'_, Result<Committed, Error>>;
        fn quarantined(Permit<Append>, skip: u64, most: usize) -> Answer<'_, Result<Vec<QuarantineRow>, Error>>;
    }
    MergeRows {
        fn put_consent(Permit<AgreeToMerge>, row: ConsentRow) -> Answer<'_, Result<(), Error>>;
        fn consent(Permit<Operate>, account: AccountId) -> Answer<'_, Result<Option<ConsentRow>, Error>>;
        fn merge_material(
            Permit<Operate>,
            feed: &str,
            from: AccountId,
            into: AccountId
        ) -> Answer<'_, Result<Option<MergeMaterial>, Error>>;
        fn commit_move(
            Permit<Operate>,
            feed: &str,
            position: u64,
            moving: Move,
            reason: MoveReason
        ) -> Answer<'_, Result<(), Error>>;
        fn merges(
            Permit<Operate>,
            of: Option<AccountId>,
            most: usize
        ) -> Answer<'_, Result<Vec<MergeRow>, Error>>;
        fn unjournaled_merges(Permit<Operate>, most: usize) -> Answer<'_, Result<Vec<MergeRow>, Error>>;
        fn note_entry(
            Permit<Operate>,
            merge: u64,
            undone: bool,
            entry: u64
        ) -> Answer<'_, Result<(), Error>>;
    }
    OperatorRows {
        fn report(Permit<Operate>) -> Answer<'_, Result<StoreReport, Error>>;
        fn account_ids(
            Permit<Operate>,
            after: Option<AccountId>,
            most: usize
        ) -> Answer<'_, Result<Vec<AccountId>, Error>>;
        fn sweep(Permit<Operate>, idle_before: Moment, forget_before: Moment) -> Answer<'_, Result<u64, Error>>;
    }
}

/// Notices are everybody's and kept for a few seconds: who reads them for all follows from who comes first.
impl NoticeRows for Counted {
    fn notices(&self, tenant: TenantId, now: Moment) -> Answer<'_, Result<Vec<NoticeRow>, Error>> {
        self.inner.notices(tenant, now)
    }
    fn notice(
        &self,
        tenant: TenantId,
        notice: NoticeId,
        now: Moment,
    ) -> Answer<'_, Result<Option<NoticeRow>, Error>> {
        self.inner.notice(tenant, notice, now)
    }
}
