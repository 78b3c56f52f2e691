//! Promises of `SpeedRows` to the subscriber.

use honnin_access::Document;

use super::{SignedIn, Stage, done};
use crate::document::Line;
use crate::{Error, NewWish, WishAnswer, WishKey};

/// A wish that is sealed for nobody, asked for so many seconds after the start.
pub(super) fn wish(stage: &Stage, read_revision: u64, seconds: i64) -> NewWish {
    NewWish {
        read_revision,
        blob: stage.octets::<120>().to_vec(),
        epoch: 1,
        version: read_revision + 1,
        at: stage.at(seconds),
        least_seconds: 60,
        key: None,
        key_seconds: 86_400,
    }
}

pub(super) fn set(stage: &Stage, person: &SignedIn, wish: NewWish) -> Result<WishAnswer, Error> {
    done(stage.store.set_wish(&stage.set_speed(person, 0), wish))
}

/// Revision and blob of her line.
fn stored(stage: &Stage, person: &SignedIn) -> Option<(u64, Vec<u8>)> {
    let read = done(stage.store.speed(&stage.read(person))).unwrap();
    let to_set = done(stage.store.speed_to_set(&stage.set_speed(person, 0))).unwrap();
    assert_eq!(read, to_set);
    read.map(|row| (row.revision, row.blob.to_vec()))
}

pub fn a_wish_is_read_back_as_it_was_written(stage: &Stage) {
    let one = stage.person();
    assert_eq!(stored(stage, &one), None);
    let (first, second) = (wish(stage, 0, 0), wish(stage, 1, 60));
    assert_eq!(set(stage, &one, first.clone()), Ok(WishAnswer::Accepted));
    assert_eq!(stored(stage, &one), Some((1, first.blob)));
    assert_eq!(set(stage, &one, second.clone()), Ok(WishAnswer::Accepted));
    assert_eq!(stored(stage, &one), Some((2, second.blob)));
}

pub fn a_wish_that_read_an_old_revision_is_a_conflict(stage: &Stage) {
    let one = stage.person();
    assert_eq!(set(stage, &one, wish(stage, 1, 0)), Err(Error::Conflict), "there is no row yet");
    let first = wish(stage, 0, 0);
    assert_eq!(set(stage, &one, first.clone()), Ok(WishAnswer::Accepted));
    for old in [0, 2] {
        let key = Some(WishKey { key: stage.octets(), request: stage.octets() });
        let late = NewWish { key, ..wish(stage, old, 100) };
        assert_eq!(set(stage, &one, late.clone()), Err(Error::Conflict));
        let of_key = done(stage.store.wish_of_key(&stage.set_speed(&one, 0), &late.key.unwrap()));
        assert_eq!(of_key, Ok(None), "the key of a refused wish is free");
    }
    assert_eq!(stored(stage, &one), Some((1, first.blob)));
}

pub fn two_wishes_of_a_line_keep_their_distance(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    assert_eq!(set(stage, &one, wish(stage, 0, 0)), Ok(WishAnswer::Accepted));
    for (seconds, wait) in [(0, 60), (1, 59), (59, 1)] {
        assert_eq!(set(stage, &one, wish(stage, 1, seconds)), Ok(WishAnswer::TooSoon(wait)));
    }
    assert_eq!(
        set(stage, &other, wish(stage, 0, 1)),
        Ok(WishAnswer::Accepted),
        "another line has its own distance"
    );
    assert_eq!(set(stage, &one, wish(stage, 1, 60)), Ok(WishAnswer::Accepted));
    assert_eq!(set(stage, &one, wish(stage, 2, 61)), Ok(WishAnswer::TooSoon(59)));
}

fn keyed(stage: &Stage, read_revision: u64, seconds: i64, key: WishKey) -> NewWish {
    NewWish { key: Some(key), ..wish(stage, read_revision, seconds) }
}

pub fn a_repeated_key_makes_no_second_wish(stage: &Stage) {
    let one = stage.person();
    let key = WishKey { key: [1; 32], request: [2; 32] };
    let of_key = |seconds| done(stage.store.wish_of_key(&stage.set_speed(&one, seconds), &key));
    assert_eq!(of_key(0), Ok(None));
    assert_eq!(set(stage, &one, NewWish { version: 7, ..keyed(stage, 0, 0, key) }), Ok(WishAnswer::Accepted));
    let after = stored(stage, &one);
    // Whatever else would be wrong with it: too soon, an old revision.
    for (revision, seconds) in [(0, 1), (1, 1), (1, 100), (9, 3_600)] {
        assert_eq!(set(stage, &one, keyed(stage, revision, seconds, key)), Ok(WishAnswer::Repeated(7)));
    }
    assert_eq!(of_key(100), Ok(Some(WishAnswer::Repeated(7))));
    assert_eq!(stored(stage, &one), after);
}

pub fn a_key_used_for_another_request_is_refused(stage: &Stage) {
    let one = stage.person();
    assert_eq!(
        set(stage, &one, keyed(stage, 0, 0, WishKey { key: [1; 32], request: [2; 32] })),
        Ok(WishAnswer::Accepted)
    );
    let after = stored(stage, &one);
    let other_request = WishKey { key: [1; 32], request: [3; 32] };
    assert_eq!(set(stage, &one, keyed(stage, 1, 100, other_request)), Ok(WishAnswer::KeyReused));
    let of_key = done(stage.store.wish_of_key(&stage.set_speed(&one, 100), &other_request));
    assert_eq!(of_key, Ok(Some(WishAnswer::KeyReused)));
    assert_eq!(stored(stage, &one), after);
}

pub fn a_key_counts_for_its_own_line_until_its_time(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let key = WishKey { key: [1; 32], request: [2; 32] };
    let day = 86_400;
    assert_eq!(set(stage, &one, keyed(stage, 0, 0, key)), Ok(WishAnswer::Accepted));
    assert_eq!(done(stage.store.wish_of_key(&stage.set_speed(&other, 0), &key)), Ok(None));
    assert_eq!(set(stage, &other, keyed(stage, 0, 0, key)), Ok(WishAnswer::Accepted));
    assert_eq!(set(stage, &one, keyed(stage, 1, day - 1, key)), Ok(WishAnswer::Repeated(1)));
    assert_eq!(done(stage.store.wish_of_key(&stage.set_speed(&one, day), &key)), Ok(None));
    assert_eq!(set(stage, &one, keyed(stage, 1, day, key)), Ok(WishAnswer::Accepted));
    assert_eq!(set(stage, &one, keyed(stage, 2, day + 100, key)), Ok(WishAnswer::Repeated(2)));
}

/// Both accounts hold the same line, as no ledger would have it.
pub fn another_accounts_wish_is_unreachable_with_a_permit(stage: &Stage) {
    let one = stage.person();
    let other = stage.person_with_line(one.line);
    let (hers, theirs) = (wish(stage, 0, 0), wish(stage, 0, 0));
    assert_eq!(set(stage, &one, hers.clone()), Ok(WishAnswer::Accepted));
    assert_eq!(stored(stage, &other), None);
    assert_eq!(set(stage, &other, theirs.clone()), Ok(WishAnswer::Accepted));
    assert_eq!(stored(stage, &one), Some((1, hers.blob)));
    assert_eq!(stored(stage, &other), Some((1, theirs.blob)));
}

pub fn the_contract_a_wish_is_judged_by_is_the_lines_own(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let contract = stage.noise(Some(one.line), Line::KIND, b"");
    stage.write(one.account, vec![contract.clone(), stage.noise(None, Line::KIND, b"")]);
    let read = |person| done(stage.store.contract_to_set(&stage.set_speed(person, 0))).unwrap();
    assert_eq!(read(&one), Some(contract.blob));
    assert_eq!(read(&other), None);
}
