//! Ciphertext that was read lately, so that the hottest reads ask no engine.
//!
//! What is cached is bound to its place, so a wrong hit would only fail to open; it must not happen all the same.
//! A value read before a change and kept after it would be such a hit. Therefore each value is kept only where no
//! change was made known since before it was read, and keeping and making known exclude each other.

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use honnin_access::Subject;
use honnin_access::ports::{FoundSession, RingRow, SeenSession, SessionRow};
use honnin_seal::Digest;
use honnin_store::{CacheFigures, Changed, SpeedRow, Watcher};
#[cfg(honnin_faults)]
use honnin_terms::faults;
use honnin_terms::{AccountId, TenantId};
use quick_cache::Weighter;
use quick_cache::sync::Cache as Entries;

use crate::Bounds;

/// Names one document. Rows longer than a month's number do not occur in what is hot and are not cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ViewKey {
    subject: Subject,
    kind: &'static str,
    row: [u8; ROW],
    row_octets: u8,
}

/// Longest row key that is cached, in octets.
const ROW: usize = 16;

impl ViewKey {
    pub(crate) fn new(subject: Subject, kind: &'static str, row: &[u8]) -> Option<Self> {
        let mut octets = [0; ROW];
        octets.get_mut(..row.len())?.copy_from_slice(row);
        Some(Self { subject, kind, row: octets, row_octets: u8::try_from(row.len()).ok()? })
    }
}

#[cfg(honnin_faults)]
impl ViewKey {
    /// The key without its subject, where that fault is planted.
    fn by_kind_alone(&self) -> Self {
        if !faults::WRONGLY_KEYED_CACHE.is_on() {
            return *self;
        }
        let nobody = honnin_terms::Id::from_octets([0; 16]);
        Self { subject: Subject { account: nobody, holding: None, ..self.subject }, ..*self }
    }
}

/// A session's key, for all of them one where that fault is planted.
#[cfg(honnin_faults)]
fn wrongly_keyed(key: &SessionKey) -> SessionKey {
    if faults::WRONGLY_KEYED_SESSIONS.is_on() { (key.0, [0; 32]) } else { *key }
}

/// How many changes were known before an engine was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Before(u64);

/// What the cache has to say of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hit<T> {
    /// Nothing: the engine has to be asked.
    Nothing,
    /// That there is this one, or that there is none.
    Known(Option<T>),
}

impl<T> From<Option<Option<T>>> for Hit<T> {
    fn from(kept: Option<Option<T>>) -> Self {
        kept.map_or(Self::Nothing, Self::Known)
    }
}

/// Names one session.
pub(crate) type SessionKey = (TenantId, Digest);

/// Names the ring of an account.
pub(crate) type RingKey = (TenantId, AccountId);

/// Weighs a value by the octets it keeps in memory, nearly.
trait Weight {
    fn octets(&self) -> usize;
}

impl Weight for Arc<SessionRow> {
    fn octets(&self) -> usize {
        size_of::<SessionRow>() + self.sealed.len() + self.device.len()
    }
}

impl Weight for Arc<RingRow> {
    fn octets(&self) -> usize {
        size_of::<RingRow>() + self.sealed.len()
    }
}

impl Weight for Option<Arc<[u8]>> {
    fn octets(&self) -> usize {
        self.as_ref().map_or(0, |blob| blob.len())
    }
}

impl Weight for Option<Arc<SpeedRow>> {
    fn octets(&self) -> usize {
        self.as_ref().map_or(0, |row| size_of::<SpeedRow>() + row.blob.len())
    }
}

/// What the cache itself takes for an entry beside key and value.
const ENTRY: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Scales;

impl<K, V: Weight> Weighter<K, V> for Scales {
    fn weight(&self, _: &K, value: &V) -> u64 {
        u64::try_from(value.octets() + size_of::<K>() + size_of::<V>() + ENTRY).unwrap_or(u64::MAX)
    }
}

type Shelf<K, V> = Entries<K, V, Scales>;

pub(crate) struct Cache {
    /// Counts the changes made known. Read-locked while a value is kept, write-locked while a change is made known.
    changes: RwLock<u64>,
    sessions: Shelf<SessionKey, Arc<SessionRow>>,
    rings: Shelf<RingKey, Arc<RingRow>>,
    views: Shelf<ViewKey, Option<Arc<[u8]>>>,
    speeds: Shelf<Subject, Option<Arc<SpeedRow>>>,
    misses: AtomicU64,
    not_kept: AtomicU64,
    drops: AtomicU64,
}

fn shelf<K: Eq + Hash, V: Weight + Clone>(octets: u64, usual: u64) -> Shelf<K, V> {
    Entries::with_weighter(usize::try_from(octets / usual).unwrap_or(usize::MAX), octets, Scales)
}

impl Cache {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        Self {
            changes: RwLock::new(0),
            sessions: shelf(bounds.sessions, 512),
            rings: shelf(bounds.rings, 384),
            views: shelf(bounds.documents, 1_024),
            speeds: shelf(bounds.wishes, 384),
            misses: AtomicU64::new(0),
            not_kept: AtomicU64::new(0),
            drops: AtomicU64::new(0),
        }
    }

    /// A session with its ring, where both are here and of one moment: what is kept of the two may be of two, and then
    /// both are read again together.
    pub(crate) fn session(&self, key: &SessionKey) -> Option<FoundSession> {
        #[cfg(honnin_faults)]
        let key = &wrongly_keyed(key);
        let session = self.sessions.get(key)?;
        let ring = self.rings.get(&(key.0, session.account))?;
        let of_one_moment = ring.epoch == session.epoch && ring.version >= session.ring_version;
        of_one_moment.then_some(FoundSession { session, ring })
    }

    /// Keeps a session and its ring. An unknown one is not remembered: anybody can make up tokens.
    pub(crate) fn keep_session(&self, before: Before, key: &SessionKey, found: &FoundSession) {
        #[cfg(honnin_faults)]
        let key = &wrongly_keyed(key);
        let FoundSession { session, ring } = found;
        self.keep(before, || {
            self.sessions.insert(*key, Arc::clone(session));
            self.rings.insert((key.0, session.account), Arc::clone(ring));
        });
    }

    pub(crate) fn view(&self, key: &ViewKey) -> Hit<Arc<[u8]>> {
        #[cfg(honnin_faults)]
        let key = &key.by_kind_alone();
        self.views.get(key).into()
    }

    pub(crate) fn keep_view(&self, before: Before, key: &ViewKey, found: Option<&Arc<[u8]>>) {
        #[cfg(honnin_faults)]
        let key = &key.by_kind_alone();
        self.keep(before, || self.views.insert(*key, found.cloned()));
    }

    pub(crate) fn speed(&self, line: &Subject) -> Hit<Arc<SpeedRow>> {
        self.speeds.get(line).into()
    }

    pub(crate) fn keep_speed(&self, before: Before, line: &Subject, found: Option<&Arc<SpeedRow>>) {
        self.keep(before, || self.speeds.insert(*line, found.cloned()));
    }

    /// Counts a miss and says how many changes were known before the engine is asked.
    pub(crate) fn missed(&self) -> Before {
        self.misses.fetch_add(1, Ordering::Relaxed);
        Before(*self.changes.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a value only where nothing was made known since `before`. Never waits: a cache may forget.
    fn keep(&self, before: Before, insert: impl FnOnce()) {
        match self.changes.try_read() {
            Ok(now) if *now == before.0 => insert(),
            Ok(_) | Err(_) => {
                self.not_kept.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn drop_everything(&self) {
        self.sessions.clear();
        self.rings.clear();
        self.views.clear();
        self.speeds.clear();
        self.drops.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes in a cached session when it was last seen, ahead of the store. A session that ended is not brought back:
    /// ending it has removed it under the same lock.
    pub(crate) fn note_seen(&self, key: &SessionKey, seen: &SeenSession) {
        let _changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        let older = |row: &Arc<SessionRow>| row.last_seen < seen.at && row.epoch == seen.epoch;
        if let Some(row) = self.sessions.peek(key).filter(older) {
            let (last_seen, sealed) = (seen.at, seen.sealed.clone());
            self.sessions.insert(*key, Arc::new(SessionRow { last_seen, sealed, ..SessionRow::clone(&row) }));
        }
    }

    pub(crate) fn figures(&self) -> CacheFigures {
        let entries = [self.sessions.len(), self.rings.len(), self.views.len(), self.speeds.len()];
        let octets = [self.sessions.weight(), self.rings.weight(), self.views.weight(), self.speeds.weight()];
        CacheFigures {
            misses: self.misses.load(Ordering::Relaxed),
            not_kept: self.not_kept.load(Ordering::Relaxed),
            drops: self.drops.load(Ordering::Relaxed),
            entries: u64::try_from(entries.iter().sum::<usize>()).unwrap_or(u64::MAX),
            octets: octets.iter().sum(),
        }
    }
}

impl Watcher for Cache {
    /// Makes changes known: after they are durable and before anybody is told so.
    fn changed(&self, stale: &[Changed]) {
        let mut changes = self.changes.write().unwrap_or_else(PoisonError::into_inner);
        *changes += 1;
        for change in stale {
            match change {
                Changed::Session(tenant, row_hash) => drop(self.sessions.remove(&(*tenant, *row_hash))),
                Changed::Ring(tenant, account) => drop(self.rings.remove(&(*tenant, *account))),
                Changed::View { subject, kind, row } => {
                    if let Some(key) = ViewKey::new(*subject, kind, row) {
                        self.views.remove(&key);
                    }
                }
                Changed::Speed(line) => drop(self.speeds.remove(line)),
                Changed::Everything => self.drop_everything(),
            }
        }
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
