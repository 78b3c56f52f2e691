//! The engine behind a counter: which calls were made for the viewer, and which for anybody else.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use honnin_access::ports::{
    CredentialRow, CredentialRows, FoundSession, KeyChange, RingWrite, RowError, SeenSession, SessionRow,
    SessionRows,
};
use honnin_seal::Digest;
use honnin_store::decorate::{Call, Decorator};
use honnin_store::{Answer, Store};
use honnin_store_cache::Cached;
use honnin_store_sqlite::Sqlite;
use honnin_terms::{AccountId, Id, RequestId, SessionId, TenantId};

/// The first octet of the names of the viewer's requests.
pub(super) const HERS: u8 = 0xaa;

/// An engine that answers later and in another order, counted at its ports: above its caches, so that a hit counts as a
/// call.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) inner: Cached<Sqlite>,
    viewer: AccountId,
    hers: Mutex<Vec<&'static str>>,
    /// Sessions that were made, and of which account; made-up tokens as whoever shows them.
    sessions: Mutex<HashMap<Digest, (AccountId, Option<SessionId>)>>,
    messages_to_others: AtomicU64,
}

impl Counted {
    pub(super) fn new(inner: Cached<Sqlite>, viewer: AccountId) -> Self {
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

impl Counted {
    /// Puts a session beside the account's others, as somebody with the database could.
    pub(super) async fn put_session(&self, row_hash: Digest, row: SessionRow) {
        let (tenant, account) = (row.tenant, row.account);
        let credential = self.inner.credential(tenant, account).await.unwrap();
        let (read_version, sealed) = credential.map(|row| (row.ring_version, row.ring)).unwrap_or_default();
        let ring = RingWrite { read_version, sealed, ended: Vec::new() };
        self.insert_session(row_hash, row, ring).await.unwrap();
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
    ) -> Answer<'_, Result<Option<FoundSession>, RowError>> {
        self.note("session", self.shown_by_her(row_hash));
        self.inner.session(tenant, row_hash)
    }
    fn insert_session(
        &self,
        row_hash: Digest,
        row: SessionRow,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), RowError>> {
        self.sessions.lock().unwrap().insert(row_hash, (row.account, Some(row.session)));
        self.note("insert_session", self.is_hers(row.account));
        self.inner.insert_session(row_hash, row, ring)
    }
    fn touch_session(&self, tenant: TenantId, row_hash: &Digest, seen: SeenSession) {
        self.note("touch_session", self.shown_by_her(row_hash));
        self.inner.touch_session(tenant, row_hash, seen);
    }
    fn end_sessions(
        &self,
        tenant: TenantId,
        account: AccountId,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), RowError>> {
        self.note("end_sessions", self.is_hers(account));
        self.inner.end_sessions(tenant, account, ring)
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
        keys: Option<KeyChange>,
    ) -> Answer<'_, Result<(), RowError>> {
        let hers = self.is_hers(account);
        self.note("replace_credential", hers);
        let told = keys.as_ref().is_some_and(|keys| keys.told.is_some());
        let answer = self.inner.replace_credential(tenant, account, row, keys);
        Answer::later(async move {
            let done = answer.await;
            if done.is_ok() && told && !hers {
                self.messages_to_others.fetch_add(1, Ordering::SeqCst);
            }
            done
        })
    }
}

/// Calls with a permit are counted by the request the permit was given for. Notices are everybody's and kept for a few
/// seconds: who reads them for all follows from who comes first.
impl Decorator for Counted {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }

    fn around<'a, T: Send + Unpin + 'a>(&'a self, call: Call, answer: Answer<'a, T>) -> Answer<'a, T> {
        self.note(call.name, call.request.is_some_and(asked_by_her));
        answer
    }
}

honnin_store::decorate! { [] Counted:
    ViewRows DeviceRows NoticeRows SpeedRows FeedRows MergeRows OperatorRows ControlRows CopyRows ClaimRows Engine
}
