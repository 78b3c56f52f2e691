use honnin_access::ports::SeenSession;
use honnin_terms::{AccountId, HoldingId, Id, Moment};

use super::*;

/// What the engine holds, as numbers: each value is `[number; 8]`.
fn value(number: u8) -> Arc<[u8]> {
    Arc::from([number; 8])
}

fn key(number: u8) -> ViewKey {
    let holding = Some(HoldingId::from_octets([2; 16]));
    let subject = Subject { tenant: TenantId::FIRST, account: AccountId::from_octets([number; 16]), holding };
    ViewKey::new(subject, "line", b"").unwrap()
}

fn cache() -> Cache {
    Cache::new(&Bounds::default())
}

const NOT_CACHED: Hit<Arc<[u8]>> = Hit::Nothing;

fn cached(cache: &Cache, key: &ViewKey) -> Hit<Arc<[u8]>> {
    cache.view(key)
}

/// Reads through the cache what the engine holds.
fn read(cache: &Cache, key: &ViewKey, held: Option<&Arc<[u8]>>) {
    let before = cache.missed();
    cache.keep_view(before, key, held);
}

fn changed(key: &ViewKey) -> Changed {
    let row = key.row[..usize::from(key.row_octets)].to_vec();
    Changed::View { subject: key.subject, kind: key.kind, row }
}

#[test]
fn what_was_read_is_kept_and_so_is_its_absence() {
    let cache = cache();
    read(&cache, &key(1), Some(&value(1)));
    read(&cache, &key(2), None);
    assert_eq!(cached(&cache, &key(1)), Hit::Known(Some(value(1))));
    assert_eq!(cached(&cache, &key(2)), Hit::Known(None));
    assert_eq!(cached(&cache, &key(3)), NOT_CACHED);
    assert_eq!((cache.figures().misses, cache.figures().entries), (2, 2));
}

#[test]
fn a_value_read_before_a_change_is_not_kept_after_it() {
    let cache = cache();
    // The read is under way; the change becomes known before the read comes back.
    let before = cache.missed();
    cache.changed(&[changed(&key(1))]);
    cache.keep_view(before, &key(1), Some(&value(1)));
    assert_eq!(
        cached(&cache, &key(1)),
        NOT_CACHED,
        "who asks after the change may not be told the old value"
    );
    read(&cache, &key(1), Some(&value(2)));
    assert_eq!(cached(&cache, &key(1)), Hit::Known(Some(value(2))));
    assert_eq!(cache.figures().not_kept, 1);
}

#[test]
fn a_value_read_before_everything_was_dropped_is_not_kept_after_it() {
    let cache = cache();
    read(&cache, &key(2), Some(&value(1)));
    let before = cache.missed();
    cache.changed(&[Changed::Everything]);
    cache.keep_view(before, &key(1), Some(&value(1)));
    assert_eq!((cached(&cache, &key(1)), cached(&cache, &key(2))), (NOT_CACHED, NOT_CACHED));
    assert_eq!(cache.figures().drops, 1);
}

#[test]
fn a_value_is_not_kept_while_a_change_is_made_known() {
    let cache = cache();
    let before = cache.missed();
    {
        // Between the count of changes and the removal.
        let mut changes = cache.changes.write().unwrap();
        *changes += 1;
        for before in [before, Before(before.0 + 1)] {
            cache.keep_view(before, &key(1), Some(&value(1)));
        }
    }
    assert_eq!(cached(&cache, &key(1)), NOT_CACHED);
    assert_eq!(cache.figures().not_kept, 2);
}

#[test]
fn a_change_of_one_thing_leaves_the_others() {
    let cache = cache();
    for number in [1, 2] {
        read(&cache, &key(number), Some(&value(number)));
    }
    cache.changed(&[changed(&key(1)), Changed::Speed(key(2).subject)]);
    assert_eq!((cached(&cache, &key(1)), cached(&cache, &key(2))), (NOT_CACHED, Hit::Known(Some(value(2)))));
}

#[test]
fn a_key_names_kind_row_and_subject() {
    let subject = key(1).subject;
    let named = |kind, row: &[u8]| ViewKey::new(subject, kind, row);
    assert_ne!(named("line", b""), named("line", b"\0"));
    assert_ne!(named("line", b"a"), named("usage", b"a"));
    assert_ne!(named("line", b""), Some(key(2)));
    assert_eq!(named("line", &[0; ROW + 1]), None, "too long to be cached, never cut short");
}

fn session(account: u8) -> SessionRow {
    let moment = Moment::EPOCH;
    SessionRow {
        tenant: TenantId::FIRST,
        session: honnin_terms::SessionId::from_octets([1; 16]),
        account: AccountId::from_octets([account; 16]),
        epoch: 1,
        sealed: vec![1; 72],
        ring_version: 0,
        since: moment,
        last_seen: moment,
        until: moment.plus_seconds(100),
        device: Vec::new(),
    }
}

fn ring(version: u64) -> RingRow {
    RingRow { epoch: 1, version, sealed: vec![3; 80] }
}

const SESSION: SessionKey = (TenantId::FIRST, [1; 32]);

fn keep_session(cache: &Cache, session: SessionRow, version: u64) {
    let before = cache.missed();
    let found = FoundSession { session: Arc::new(session), ring: Arc::new(ring(version)) };
    cache.keep_session(before, &SESSION, &found);
}

#[test]
fn a_session_is_found_with_a_ring_of_its_moment_only() {
    let cache = cache();
    keep_session(&cache, SessionRow { ring_version: 4, ..session(1) }, 4);
    assert_eq!(cache.session(&SESSION).map(|found| found.ring.version), Some(4));
    assert_eq!(cache.session(&(TenantId::FIRST, [2; 32])), None);
    cache.changed(&[Changed::Ring(TenantId::FIRST, session(1).account)]);
    assert_eq!(cache.session(&SESSION), None, "both are read again");
    keep_session(&cache, SessionRow { ring_version: 4, ..session(1) }, 3);
    assert_eq!(cache.session(&SESSION), None, "a ring from before the session");
    keep_session(&cache, SessionRow { epoch: 2, ..session(1) }, 4);
    assert_eq!(cache.session(&SESSION), None, "a ring of another account key");
}

#[test]
fn a_session_that_ended_is_not_brought_back_by_a_late_touch() {
    let cache = cache();
    let later = Moment::EPOCH.plus_seconds(60);
    keep_session(&cache, session(1), 0);
    let note = |at, epoch| cache.note_seen(&SESSION, &SeenSession { at, epoch, sealed: vec![2; 72] });
    note(later.plus_seconds(1), 2);
    note(later, 1);
    let found = cache.session(&SESSION).unwrap().session;
    assert_eq!((found.last_seen, &found.sealed), (later, &vec![2; 72]), "as it was sealed for this epoch");
    note(Moment::EPOCH, 1);
    assert_eq!(cache.session(&SESSION).unwrap().session.last_seen, later, "never backwards");
    cache.changed(&[Changed::Session(SESSION.0, SESSION.1)]);
    note(later, 1);
    assert_eq!(cache.session(&SESSION), None);
}

#[test]
fn the_cache_stays_within_its_bound() {
    let cache = Cache::new(&Bounds { documents: 64 * 1024, ..Bounds::default() });
    let subject = |number: u32| Subject {
        tenant: TenantId::new(number),
        account: AccountId::from_octets([1; 16]),
        holding: None,
    };
    for number in 0..5_000 {
        let key = ViewKey::new(subject(number), "line", b"").unwrap();
        read(&cache, &key, Some(&Arc::from([1; 700])));
        assert!(cache.figures().octets <= 64 * 1024);
    }
    assert!(cache.figures().entries > 10);
}
