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

const NOT_CACHED: Result<Option<Arc<[u8]>>, Error> = Err(Error::Unavailable);

/// What a read gives where the engine does not answer.
fn cached(cache: &Cache, key: &ViewKey) -> Result<Option<Arc<[u8]>>, Error> {
    cache.view(key, || NOT_CACHED)
}

#[test]
fn what_was_read_is_kept_and_so_is_its_absence() {
    let cache = cache();
    assert_eq!(cache.view(&key(1), || Ok(Some(value(1)))), Ok(Some(value(1))));
    assert_eq!(cache.view(&key(2), || Ok(None)), Ok(None));
    assert_eq!(cached(&cache, &key(1)), Ok(Some(value(1))));
    assert_eq!(cached(&cache, &key(2)), Ok(None));
    assert_eq!(cached(&cache, &key(3)), NOT_CACHED);
    assert_eq!((cache.figures().misses, cache.figures().entries), (3, 2), "a refused read is not kept");
}

#[test]
fn a_value_read_before_a_change_is_not_kept_after_it() {
    let cache = cache();
    // The read is under way; the change becomes known before the read comes back.
    let late = cache.view(&key(1), || {
        let old = Some(value(1));
        cache.forget([Changed::View(key(1))].into_iter());
        Ok(old)
    });
    assert_eq!(late, Ok(Some(value(1))), "who asked before the change may be told the old value");
    assert_eq!(cached(&cache, &key(1)), NOT_CACHED, "who asks after it may not");
    assert_eq!(cache.view(&key(1), || Ok(Some(value(2)))), Ok(Some(value(2))));
    assert_eq!(cached(&cache, &key(1)), Ok(Some(value(2))));
    assert_eq!(cache.figures().not_kept, 1);
}

#[test]
fn a_value_read_before_everything_was_dropped_is_not_kept_after_it() {
    let cache = cache();
    assert_eq!(cache.view(&key(2), || Ok(Some(value(1)))), Ok(Some(value(1))));
    let late = cache.view(&key(1), || {
        cache.forget_all();
        Ok(Some(value(1)))
    });
    assert_eq!(late, Ok(Some(value(1))));
    assert_eq!((cached(&cache, &key(1)), cached(&cache, &key(2))), (NOT_CACHED, NOT_CACHED));
    assert_eq!(cache.figures().drops, 1);
}

#[test]
fn a_value_is_not_kept_while_a_change_is_made_known() {
    let cache = cache();
    let read = cache.missed();
    let (meanwhile, waiting) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let (begun, has_begun) = std::sync::mpsc::channel();
        let cache = &cache;
        // Stands between the count of changes and the removal until the reader has come back.
        scope.spawn(move || {
            cache.forget([Changed::View(key(1))].into_iter().inspect(|_| {
                begun.send(()).unwrap();
                waiting.recv().unwrap();
            }));
        });
        has_begun.recv().unwrap();
        cache.keep(read, || cache.views.insert(key(1), Some(value(1))));
        cache.keep(read + 1, || cache.views.insert(key(1), Some(value(1))));
        meanwhile.send(()).unwrap();
    });
    assert_eq!(cached(&cache, &key(1)), NOT_CACHED);
    assert_eq!(cache.figures().not_kept, 2);
}

#[test]
fn a_change_of_one_thing_leaves_the_others() {
    let cache = cache();
    for number in [1, 2] {
        assert_eq!(cache.view(&key(number), || Ok(Some(value(number)))), Ok(Some(value(number))));
    }
    cache.forget([Changed::View(key(1)), Changed::Speed(key(2).subject)].into_iter());
    assert_eq!((cached(&cache, &key(1)), cached(&cache, &key(2))), (NOT_CACHED, Ok(Some(value(2)))));
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

#[test]
fn an_unknown_session_is_asked_for_each_time() {
    let cache = cache();
    let key = (TenantId::FIRST, [1; 32]);
    assert_eq!(cache.session(&key, || Ok(None)), Ok(None));
    let found = cache.session(&key, || Ok(Some(session(1)))).unwrap();
    assert_eq!(found.as_deref(), Some(&session(1)));
}

#[test]
fn a_session_that_ended_is_not_brought_back_by_a_late_touch() {
    let cache = cache();
    let key = (TenantId::FIRST, [1; 32]);
    let later = Moment::EPOCH.plus_seconds(60);
    cache.session(&key, || Ok(Some(session(1)))).unwrap();
    let note = |at, epoch| cache.note_seen(&key, &SeenSession { at, epoch, sealed: vec![2; 72] });
    note(later.plus_seconds(1), 2);
    note(later, 1);
    let seen = |found: Option<Arc<SessionRow>>| found.map(|row| row.last_seen);
    let found = cache.session(&key, || Ok(None)).unwrap().unwrap();
    assert_eq!((found.last_seen, &found.sealed), (later, &vec![2; 72]), "as it was sealed for this epoch");
    note(Moment::EPOCH, 1);
    assert_eq!(seen(cache.session(&key, || Ok(None)).unwrap()), Some(later), "never backwards");
    cache.forget([Changed::Session(key)].into_iter());
    note(later, 1);
    assert_eq!(cache.session(&key, || Ok(None)), Ok(None));
}

#[test]
fn the_cache_stays_within_its_bound() {
    let cache = Cache::new(&Bounds { view_cache_octets: 64 * 1024, ..Bounds::default() });
    let subject = |number: u32| Subject {
        tenant: TenantId::new(number),
        account: AccountId::from_octets([1; 16]),
        holding: None,
    };
    for number in 0..5_000 {
        let key = ViewKey::new(subject(number), "line", b"").unwrap();
        cache.view(&key, || Ok(Some(Arc::from([1; 700])))).unwrap();
        assert!(cache.figures().octets <= 64 * 1024);
    }
    assert!(cache.figures().entries > 10);
}
