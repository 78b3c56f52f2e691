//! A store that goes wrong where it is told to: queries that forget whose rows they are for, rows that were exchanged,
//! reads that come out of a reused buffer. Only a build that can be told faults has it.
//!
//! It asks the engine inside only what every engine promises, so that it stands round any.

use std::fmt;
use std::sync::Arc;

use honnin_access::ports::{FoundSession, RingRow, RingWrite, SeenSession, SessionRow, SessionRows};
use honnin_access::{Append, Document, ManageSessions, Operate, Permit, Read, Subject, both, planted_permit};
use honnin_seal::Digest;
use honnin_store::decorate::Decorator;
use honnin_store::document::{Line, Profile};
use honnin_store::{
    Answer, Changed, Engine, Error, Figures, HomeRows, SpeedRow, Store, StoredAccount, StoredDocument,
    ViewRows, Watcher,
};
use honnin_terms::faults::{self, Kept};
use honnin_terms::{AccountId, HoldingId, TenantId};

type Blob = Option<Arc<[u8]>>;

/// What reads leave behind, by kind and row of the document.
pub(crate) type Reads = Kept<(&'static str, Vec<u8>), Blob>;

/// What the read before this one was sent, where that fault is planted.
pub(crate) fn after_the_one_before<'a>(
    reads: &'a Reads,
    kind: &'static str,
    row: &[u8],
    found: Answer<'a, Result<Blob, Error>>,
) -> Answer<'a, Result<Blob, Error>> {
    if !faults::REUSED_READ.is_on() {
        return found;
    }
    let row = row.to_vec();
    Answer::later(async move {
        let found = found.await?;
        Ok(reads.exchange((kind, row), found.clone()).unwrap_or(found))
    })
}

/// Home out of the reads it is of, each of which the faults know.
pub(crate) fn in_pieces<'a>(
    line: Answer<'a, Result<Blob, Error>>,
    wish: Answer<'a, Result<Option<Arc<SpeedRow>>, Error>>,
    profile: Answer<'a, Result<Blob, Error>>,
) -> Answer<'a, Result<HomeRows, Error>> {
    Answer::later(async move {
        let ((line, wish), profile) = both(both(line, wish), profile).await;
        Ok(HomeRows { line: line?, wish: wish?, profile: profile? })
    })
}

/// Accounts looked at together.
const PAGE: usize = 8;

/// An engine in which faults can be planted.
pub struct Faulty<S> {
    inner: S,
}

impl<S: fmt::Debug> fmt::Debug for Faulty<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Faulty").field(&self.inner).finish()
    }
}

impl<S: Store> Faulty<S> {
    /// Round an engine.
    pub const fn new(inner: S) -> Self {
        Self { inner }
    }

    /// Goes through all accounts, in the order of their ids, until one gives something.
    async fn first<T>(
        &self,
        tenant: TenantId,
        mut give: impl FnMut(&StoredAccount) -> Option<T> + Send,
    ) -> Result<Option<T>, Error> {
        let of = |account: AccountId| Subject { tenant, account, holding: None };
        let mut after = None;
        loop {
            let nobody = of(honnin_terms::Id::from_octets([0; 16]));
            let operate: Permit<Operate> = planted_permit(nobody);
            let ids = self.inner.account_ids(&operate, after, PAGE).await?;
            let Some(last) = ids.last() else { return Ok(None) };
            after = Some(*last);
            let append: Permit<Append> = planted_permit(nobody);
            let stored = self.inner.accounts(&append, &ids).await?;
            if let Some(found) = stored.iter().find_map(&mut give) {
                return Ok(Some(found));
            }
        }
    }

    /// A document in place of the one that was found.
    async fn document(
        &self,
        subject: Subject,
        kind: &'static str,
        row: Vec<u8>,
        found: Blob,
    ) -> Result<Blob, Error> {
        let Subject { tenant, account, holding } = subject;
        let is_it = |document: &&StoredDocument| document.key.kind == kind && document.key.row == row;
        let of = |stored: &StoredAccount| stored.documents.iter().find(is_it).map(|found| found.blob.clone());
        if faults::WRONG_WHERE.is_on() {
            return self.first(tenant, of).await;
        }
        if faults::SWAPPED_VIEW_ROW.is_on() || faults::SWAPPED_KEY_ROW.is_on() {
            return self.first(tenant, |stored| of(stored).filter(|_| stored.account != account)).await;
        }
        let forgotten = holding.is_some() && faults::FORGOTTEN_OWNER.is_on();
        if found.is_none() && (forgotten || faults::WITHOUT_ROWS.is_on()) {
            let of = |stored: &StoredAccount| {
                let same = |found: &&StoredDocument| is_it(found) && found.key.holding == holding;
                stored.documents.iter().find(same).map(|found| found.blob.clone())
            };
            return self.first(tenant, of).await;
        }
        Ok(found)
    }

    /// A session, or its ring, in place of the one that was found.
    async fn swapped(&self, found: FoundSession) -> Result<Option<FoundSession>, Error> {
        let FoundSession { session, ring } = found;
        let (tenant, account) = (session.tenant, session.account);
        let session = if faults::SWAPPED_SESSION_ROW.is_on() {
            let Some(another) = self.another_session(tenant, account).await? else { return Ok(None) };
            another
        } else {
            session
        };
        let ring = if session.account == account { ring } else { self.ring(tenant, session.account).await? };
        let ring = if faults::SWAPPED_KEY_ROW.is_on() {
            let others = |stored: &StoredAccount| Some(stored.account).filter(|other| *other != account);
            match self.first(tenant, others).await? {
                Some(other) => self.ring(tenant, other).await?,
                None => ring,
            }
        } else {
            ring
        };
        Ok(Some(FoundSession { session, ring }))
    }

    async fn another_session(
        &self,
        tenant: TenantId,
        account: AccountId,
    ) -> Result<Option<Arc<SessionRow>>, Error> {
        let mut passed = Vec::new();
        loop {
            let next = |stored: &StoredAccount| {
                Some(stored.account).filter(|other| *other != account && !passed.contains(other))
            };
            let Some(other) = self.first(tenant, next).await? else { return Ok(None) };
            let subject = Subject { tenant, account: other, holding: None };
            let manage: Permit<ManageSessions> = planted_permit(subject);
            if let Some(row) = self.inner.sessions(&manage).await?.pop() {
                return Ok(Some(Arc::new(row)));
            }
            passed.push(other);
        }
    }

    async fn ring(&self, tenant: TenantId, account: AccountId) -> Result<Arc<RingRow>, Error> {
        let row = self.inner.credential(tenant, account).await?.ok_or(Error::Corrupt)?;
        Ok(Arc::new(RingRow { epoch: row.epoch, version: row.ring_version, sealed: row.ring }))
    }
}

impl<S: Store> Decorator for Faulty<S> {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }
}

honnin_store::decorate! { [S: Store] Faulty<S>:
    CredentialRows DeviceRows NoticeRows SpeedRows FeedRows MergeRows OperatorRows ControlRows CopyRows ClaimRows
}

/// Hears of what this node has changed, and of nothing that others have.
struct HearsOneself(Arc<dyn Watcher>);

impl Watcher for HearsOneself {
    fn changed(&self, changed: &[Changed]) {
        let own = changed.iter().filter(|changed| **changed != Changed::Everything);
        self.0.changed(&own.cloned().collect::<Vec<_>>());
    }
}

impl<S: Store> Engine for Faulty<S> {
    fn figures(&self) -> Figures {
        self.inner.figures()
    }

    fn watch(&self, watcher: Arc<dyn Watcher>) {
        let is_deaf = faults::UNHEARD_CHANGES.is_on();
        self.inner.watch(if is_deaf { Arc::new(HearsOneself(watcher)) } else { watcher });
    }

    fn close(&self) -> Answer<'_, ()> {
        self.inner.close()
    }
}

impl<S: Store> ViewRows for Faulty<S> {
    fn view(&self, permit: &Permit<Read>, kind: &'static str, row: &[u8]) -> Answer<'_, Result<Blob, Error>> {
        let (subject, row) = (*permit.subject(), row.to_vec());
        let found = self.inner.view(permit, kind, &row);
        Answer::later(async move { self.document(subject, kind, row, found.await?).await })
    }

    fn home(&self, of_line: &Permit<Read>, of_account: &Permit<Read>) -> Answer<'_, Result<HomeRows, Error>> {
        let (line, profile) =
            (self.view(of_line, Line::KIND, &[]), self.view(of_account, Profile::KIND, &[]));
        in_pieces(line, self.inner.speed(of_line), profile)
    }
}

impl<S: Store> SessionRows for Faulty<S> {
    fn session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
    ) -> Answer<'_, Result<Option<FoundSession>, Error>> {
        let found = self.inner.session(tenant, row_hash);
        Answer::later(async move {
            match found.await {
                Ok(Some(found)) => self.swapped(found).await,
                Err(_) if faults::SILENCE_FOR_ABSENCE.is_on() => Ok(None),
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn holder(&self, tenant: TenantId, holding: HoldingId) -> Option<AccountId> {
        let has = |stored: &StoredAccount| {
            let has = stored.subject_keys.iter().any(|key| key.holding == Some(holding));
            has.then_some(stored.account)
        };
        at_once(self.first(tenant, has))?.ok().flatten()
    }

    fn insert_session(
        &self,
        row_hash: Digest,
        row: SessionRow,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), Error>> {
        self.inner.insert_session(row_hash, row, ring)
    }

    fn touch_session(&self, tenant: TenantId, row_hash: &Digest, seen: SeenSession) {
        self.inner.touch_session(tenant, row_hash, seen);
    }

    fn end_sessions(
        &self,
        tenant: TenantId,
        account: AccountId,
        ring: RingWrite,
    ) -> Answer<'_, Result<(), Error>> {
        self.inner.end_sessions(tenant, account, ring)
    }
}

/// What an engine answers in place; nothing of one that answers later.
fn at_once<T>(answer: impl Future<Output = T>) -> Option<T> {
    let mut answer = std::pin::pin!(answer);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match answer.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}
