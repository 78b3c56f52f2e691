//! What stands round an engine, whichever it is: a cache of ciphertext, and the faults that can be planted in a store.

mod bounds;
mod cache;
#[cfg(honnin_faults)]
mod faulty;

use std::fmt;
use std::sync::Arc;

use honnin_access::ports::{FoundSession, RingWrite, SeenSession, SessionRow, SessionRows};
use honnin_access::{Document, Drive, Permit, Read, SetSpeed, Subject};
use honnin_seal::Digest;
use honnin_store::decorate::Decorator;
use honnin_store::document::{Line, Profile};
use honnin_store::{
    Answer, Claim, ClaimedWish, DriveMaterial, Engine, Error, Figures, HomeRows, NewWish, Outcome, SpeedRow,
    SpeedRows, Store, ViewRows, Watcher, WishAnswer, WishKey,
};
use honnin_terms::{AccountId, Moment, TenantId};
#[cfg(honnin_faults)]
use honnin_terms::{HoldingId, faults};

pub use bounds::Bounds;
#[cfg(honnin_faults)]
pub use faulty::Faulty;

use cache::{Cache, Hit, ViewKey};

/// An engine whose hottest reads are kept in memory: ciphertext, as it is stored.
pub struct Cached<S> {
    inner: S,
    cache: Arc<Cache>,
    #[cfg(honnin_faults)]
    reads: faulty::Reads,
}

impl<S: Store> Cached<S> {
    /// Round an engine, which tells it of every change.
    pub fn new(inner: S, bounds: &Bounds) -> Self {
        let cache = Arc::new(Cache::new(bounds));
        inner.watch(Arc::<Cache>::clone(&cache));
        Self {
            inner,
            cache,
            #[cfg(honnin_faults)]
            reads: faulty::Reads::default(),
        }
    }

    /// The wish of a line that came out of a permit.
    fn wish<'a>(
        &'a self,
        line: Subject,
        ask: impl FnOnce(&'a S) -> Answer<'a, Result<Option<Arc<SpeedRow>>, Error>>,
    ) -> Answer<'a, Result<Option<Arc<SpeedRow>>, Error>> {
        if let Hit::Known(found) = self.cache.speed(&line) {
            return Answer::ready(Ok(found));
        }
        let before = self.cache.missed();
        kept(ask(&self.inner), move |found| self.cache.keep_speed(before, &line, found.as_ref()))
    }

    /// A document of a subject that came out of a permit.
    fn document<'a>(
        &'a self,
        (subject, kind, row): (Subject, &'static str, &[u8]),
        ask: impl FnOnce(&'a S) -> Answer<'a, Result<Option<Arc<[u8]>>, Error>>,
    ) -> Answer<'a, Result<Option<Arc<[u8]>>, Error>> {
        let Some(key) = ViewKey::new(subject, kind, row) else { return ask(&self.inner) };
        if let Hit::Known(found) = self.cache.view(&key) {
            return Answer::ready(Ok(found));
        }
        let before = self.cache.missed();
        kept(ask(&self.inner), move |found| self.cache.keep_view(before, &key, found.as_ref()))
    }
}

impl<S: fmt::Debug> fmt::Debug for Cached<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cached").field(&self.inner).finish()
    }
}

/// An answer of which something is kept as it passes: in place where it is there at once.
fn kept<'a, T: Send + Unpin + 'a>(
    answer: Answer<'a, Result<T, Error>>,
    keep: impl FnOnce(&T) + Send + 'a,
) -> Answer<'a, Result<T, Error>> {
    match answer {
        Answer::Ready(found) => {
            if let Some(Ok(found)) = &found {
                keep(found);
            }
            Answer::Ready(found)
        }
        later @ Answer::Later(_) => Answer::later(async move {
            let found = later.await?;
            keep(&found);
            Ok(found)
        }),
    }
}

impl<S: Store> Decorator for Cached<S> {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }
}

honnin_store::decorate! { [S: Store] Cached<S>:
    CredentialRows DeviceRows NoticeRows FeedRows MergeRows OperatorRows ControlRows CopyRows ClaimRows
}

impl<S: Store> SessionRows for Cached<S> {
    fn session(
        &self,
        tenant: TenantId,
        row_hash: &Digest,
    ) -> Answer<'_, Result<Option<FoundSession>, Error>> {
        let key = (tenant, *row_hash);
        if let Some(found) = self.cache.session(&key) {
            return Answer::ready(Ok(Some(found)));
        }
        let before = self.cache.missed();
        kept(self.inner.session(tenant, row_hash), move |found| {
            if let Some(found) = found {
                self.cache.keep_session(before, &key, found);
            }
        })
    }

    #[cfg(honnin_faults)]
    fn holder(&self, tenant: TenantId, holding: HoldingId) -> Option<AccountId> {
        self.inner.holder(tenant, holding)
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
        self.cache.note_seen(&(tenant, *row_hash), &seen);
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

impl<S: Store> ViewRows for Cached<S> {
    fn view(
        &self,
        permit: &Permit<Read>,
        kind: &'static str,
        row: &[u8],
    ) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>> {
        let found = self.document((*permit.subject(), kind, row), |inner| inner.view(permit, kind, row));
        #[cfg(honnin_faults)]
        let found = faulty::after_the_one_before(&self.reads, kind, row, found);
        found
    }

    fn home(&self, of_line: &Permit<Read>, of_account: &Permit<Read>) -> Answer<'_, Result<HomeRows, Error>> {
        #[cfg(honnin_faults)]
        if faults::REUSED_READ.is_on() {
            let (line, profile) =
                (self.view(of_line, Line::KIND, &[]), self.view(of_account, Profile::KIND, &[]));
            return faulty::in_pieces(line, self.speed(of_line), profile);
        }
        let line = *of_line.subject();
        let (Some(of_line_key), Some(profile_key)) =
            (ViewKey::new(line, Line::KIND, &[]), ViewKey::new(*of_account.subject(), Profile::KIND, &[]))
        else {
            return self.inner.home(of_line, of_account);
        };
        let kept_here =
            (self.cache.view(&of_line_key), self.cache.speed(&line), self.cache.view(&profile_key));
        if let (Hit::Known(line), Hit::Known(wish), Hit::Known(profile)) = kept_here {
            return Answer::ready(Ok(HomeRows { line, wish, profile }));
        }
        // All of it at once: what is kept of it already is as new as what comes.
        let before = self.cache.missed();
        kept(self.inner.home(of_line, of_account), move |found: &HomeRows| {
            self.cache.keep_view(before, &of_line_key, found.line.as_ref());
            self.cache.keep_speed(before, &line, found.wish.as_ref());
            self.cache.keep_view(before, &profile_key, found.profile.as_ref());
        })
    }
}

impl<S: Store> SpeedRows for Cached<S> {
    fn speed(&self, permit: &Permit<Read>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>> {
        self.wish(*permit.subject(), |inner| inner.speed(permit))
    }

    fn speed_to_set(&self, permit: &Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<SpeedRow>>, Error>> {
        self.wish(*permit.subject(), |inner| inner.speed_to_set(permit))
    }

    fn wish_of_key(
        &self,
        permit: &Permit<SetSpeed>,
        key: &WishKey,
    ) -> Answer<'_, Result<Option<WishAnswer>, Error>> {
        self.inner.wish_of_key(permit, key)
    }

    fn set_wish(&self, permit: &Permit<SetSpeed>, wish: NewWish) -> Answer<'_, Result<WishAnswer, Error>> {
        self.inner.set_wish(permit, wish)
    }

    fn contract_to_set(&self, permit: &Permit<SetSpeed>) -> Answer<'_, Result<Option<Arc<[u8]>>, Error>> {
        self.document((*permit.subject(), Line::KIND, &[]), |inner| inner.contract_to_set(permit))
    }

    fn claim(&self, permit: &Permit<Drive>, claim: Claim) -> Answer<'_, Result<Vec<ClaimedWish>, Error>> {
        self.inner.claim(permit, claim)
    }

    fn drive_material(&self, permit: &Permit<Drive>) -> Answer<'_, Result<Option<DriveMaterial>, Error>> {
        self.inner.drive_material(permit)
    }

    fn settle(&self, permit: &Permit<Drive>, outcome: Outcome) -> Answer<'_, Result<(), Error>> {
        self.inner.settle(permit, outcome)
    }

    fn backlog(&self, permit: &Permit<Drive>) -> Answer<'_, Result<(u64, Option<Moment>), Error>> {
        self.inner.backlog(permit)
    }
}

impl<S: Store> Engine for Cached<S> {
    fn figures(&self) -> Figures {
        Figures { cache: self.cache.figures(), ..self.inner.figures() }
    }

    fn watch(&self, watcher: Arc<dyn Watcher>) {
        self.inner.watch(watcher);
    }

    fn close(&self) -> Answer<'_, ()> {
        self.inner.close()
    }
}
