//! Promises of `SessionRows`.

use std::time::Duration;

use honnin_access::ports::{SessionRow, SubjectKeyRow};
use honnin_terms::HoldingId;

use super::{Stage, done};
use crate::{AccountUpdate, Batch, Error};

pub fn a_session_is_found_by_its_hash_and_tenant_only(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let found = |tenant, hash| done(stage.store.session(tenant, &hash)).unwrap();
    for person in [&one, &other, &one] {
        assert_eq!(found(stage.tenant, person.row_hash).as_deref(), Some(&person.session));
    }
    let mut nearly = one.row_hash;
    nearly[31] ^= 1;
    assert_eq!(found(stage.tenant, nearly), None);
    assert_eq!(found(stage.neighbour().tenant, one.row_hash), None);
}

pub fn a_session_that_ended_is_not_found_again(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap();
    assert!(found(one.row_hash).is_some());
    for _ in 0..2 {
        done(stage.store.end_session(stage.tenant, &one.row_hash)).unwrap();
        assert_eq!(found(one.row_hash), None);
        assert!(found(other.row_hash).is_some());
    }
    done(stage.store.end_session(stage.neighbour().tenant, &other.row_hash)).unwrap();
    assert!(found(other.row_hash).is_some());
}

pub fn the_oldest_sessions_beyond_the_bound_end(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap().is_some();
    let hashes = [1_u8, 2, 3, 4].map(|number| [number; 32]);
    for (hash, seconds) in hashes.into_iter().zip(1..) {
        done(stage.store.insert_session(hash, stage.session_row(one.account, seconds), 3)).unwrap();
        assert!(found(hash));
    }
    assert!(!found(one.row_hash), "five of three: the oldest has ended");
    assert_eq!(hashes.map(found), [false, true, true, true]);
    assert!(found(other.row_hash), "another account's sessions are not counted");
}

pub fn a_new_session_stays_whatever_the_clock_said_before(stage: &Stage) {
    let one = stage.person();
    done(stage.store.insert_session([1; 32], stage.session_row(one.account, -3_600), 1)).unwrap();
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap().is_some();
    assert_eq!([one.row_hash, [1; 32]].map(found), [false, true]);
}

/// An engine may take a moment to note it.
pub fn a_touch_is_noted_and_never_moves_back(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let listed = || {
        let found = done(stage.store.sessions(&stage.manage(&one, 0))).unwrap();
        found.iter().map(|row| row.last_seen).collect::<Vec<_>>()
    };
    let wait_for = |seconds| {
        for _ in 0..500 {
            if listed() == [stage.at(seconds)] {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the touch was not noted within five seconds");
    };
    let touch =
        |seconds| done(stage.store.touch_session(stage.tenant, &one.row_hash, stage.at(seconds))).unwrap();
    let seen = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap().unwrap().last_seen;
    assert_eq!(seen(one.row_hash), stage.at(0));
    touch(120);
    wait_for(120);
    assert_eq!(seen(one.row_hash), stage.at(120));
    touch(60);
    touch(121);
    wait_for(121);
    assert_eq!(seen(one.row_hash), stage.at(121));
    assert_eq!(seen(other.row_hash), stage.at(0));
}

pub fn a_session_is_written_once(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let theirs = SessionRow { account: other.account, ..stage.session_row(other.account, 1) };
    assert_eq!(done(stage.store.insert_session(one.row_hash, theirs, 16)), Err(Error::Conflict));
    assert_eq!(
        done(stage.store.session(stage.tenant, &one.row_hash)).unwrap().as_deref(),
        Some(&one.session)
    );
}

pub fn a_key_is_found_by_its_subject_only_and_newest_first(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let found = |tenant, account, holding| done(stage.store.subject_key(tenant, account, holding)).unwrap();
    let epoch = |account, holding| found(stage.tenant, account, holding).map(|row| row.epoch);
    assert_eq!(epoch(one.account, Some(one.line)), Some(1));
    assert_eq!(epoch(one.account, None), Some(1));
    assert_eq!(epoch(one.account, Some(other.line)), None);
    assert_eq!(epoch(other.account, Some(one.line)), None);
    assert_eq!(found(stage.neighbour().tenant, one.account, None), None);
    let unknown: HoldingId = stage.id();
    assert_eq!(epoch(one.account, Some(unknown)), None);

    let key =
        |holding, epoch| SubjectKeyRow { holding, epoch, by_keeper: vec![1; 72], by_account: vec![2; 72] };
    let keys = vec![key(Some(one.line), 3), key(Some(one.line), 2), key(Some(unknown), 1)];
    let update =
        AccountUpdate { account: one.account, account_key: None, subject_keys: keys, documents: Vec::new() };
    stage.commit(Batch { accounts: vec![update], ..Batch::default() });
    assert_eq!(epoch(one.account, Some(one.line)), Some(3));
    assert_eq!(found(stage.tenant, one.account, Some(unknown)).as_deref(), Some(&key(Some(unknown), 1)));
    assert_eq!(epoch(one.account, None), Some(1));
}
