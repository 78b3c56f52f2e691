//! Promises of `SessionRows`.

use honnin_access::ports::{KeyChange, RingWrite, SeenSession, SessionRow};
use honnin_testkit::soon;

use super::{Stage, done};
use crate::Error;

pub fn a_session_is_found_by_its_hash_and_tenant_only(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let found = |tenant, hash| done(stage.store.session(tenant, &hash)).unwrap();
    for person in [&one, &other, &one] {
        let found = found(stage.tenant, person.row_hash).unwrap();
        let credential = done(stage.store.credential(stage.tenant, person.account)).unwrap().unwrap();
        assert_eq!(*found.session, person.session);
        assert_eq!(
            (found.ring.epoch, found.ring.version, &found.ring.sealed),
            (credential.epoch, credential.ring_version, &credential.ring)
        );
    }
    let mut nearly = one.row_hash;
    nearly[31] ^= 1;
    assert_eq!(found(stage.tenant, nearly), None);
    assert_eq!(found(stage.neighbour().tenant, one.row_hash), None);
}

pub fn a_session_that_ended_is_not_found_again(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap();
    let end = |account, session| {
        let ring = stage.ring(account, vec![session]);
        done(stage.store.end_sessions(stage.tenant, account, ring))
    };
    assert!(found(one.row_hash).is_some());
    assert_eq!(end(other.account, one.session.session), Ok(()), "of another account: nothing ends");
    assert!(found(one.row_hash).is_some());
    for _ in 0..2 {
        assert_eq!(end(one.account, one.session.session), Ok(()));
        assert_eq!(found(one.row_hash), None);
        assert!(found(other.row_hash).is_some());
    }
    let neighbour = stage.neighbour();
    let ring = RingWrite { ended: vec![other.session.session], ..stage.ring(other.account, Vec::new()) };
    assert_eq!(
        done(stage.store.end_sessions(neighbour.tenant, other.account, ring)),
        Err(Error::Conflict),
        "there is no such account"
    );
    assert!(found(other.row_hash).is_some());
}

pub fn sessions_end_with_the_one_that_takes_their_place(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap().is_some();
    let row = stage.session_row(one.account, 1);
    let ring = stage.ring(one.account, vec![one.session.session, other.session.session]);
    assert_eq!(done(stage.store.insert_session([1; 32], row, ring)), Ok(()));
    assert_eq!([one.row_hash, [1; 32], other.row_hash].map(found), [false, true, true]);
}

pub fn a_ring_is_written_only_where_its_version_was_read(stage: &Stage) {
    let one = stage.person();
    let read = || done(stage.store.credential(stage.tenant, one.account)).unwrap().unwrap();
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap();
    let (before, old) = (read(), stage.ring(one.account, vec![one.session.session]));
    let written = RingWrite { sealed: vec![7; 90], ended: Vec::new(), ..old.clone() };
    assert_eq!(done(stage.store.end_sessions(stage.tenant, one.account, written)), Ok(()));
    let after = read();
    assert_eq!((after.ring_version, &after.ring), (before.ring_version + 1, &vec![7; 90]));
    assert_eq!((after.epoch, after.version), (before.epoch, before.version), "nothing else is another");
    let shown = found(one.row_hash).unwrap().ring;
    assert_eq!(
        (shown.version, &shown.sealed),
        (after.ring_version, &after.ring),
        "it is read with the session"
    );
    let row = stage.session_row(one.account, 1);
    assert_eq!(done(stage.store.insert_session([1; 32], row, old.clone())), Err(Error::Conflict));
    assert_eq!(done(stage.store.end_sessions(stage.tenant, one.account, old)), Err(Error::Conflict));
    assert!(found([1; 32]).is_none() && found(one.row_hash).is_some(), "a conflict begins and ends nothing");
    assert_eq!(read(), after);
}

pub fn a_new_account_key_ends_all_sessions_but_the_one_that_goes_on(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    stage.insert([1; 32], stage.session_row(one.account, 1)).unwrap();
    let read = || done(stage.store.credential(stage.tenant, one.account)).unwrap().unwrap();
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap();
    let row = read();
    let change = |read_version| KeyChange {
        epoch: row.epoch + 1,
        account_key: vec![8; 76],
        ring: RingWrite { read_version, sealed: vec![9; 90], ended: Vec::new() },
        keep: Some((one.row_hash, vec![3; 120])),
        told: None,
    };
    let replace =
        |keys| done(stage.store.replace_credential(stage.tenant, one.account, row.clone(), Some(keys)));
    assert_eq!(replace(change(row.ring_version + 1)), Err(Error::Conflict));
    assert_eq!(read(), row, "a conflict changes nothing");
    assert!(found([1; 32]).is_some());
    assert_eq!(replace(change(row.ring_version)), Ok(()));
    let after = read();
    assert_eq!((after.epoch, &after.account_key, &after.ring), (row.epoch + 1, &vec![8; 76], &vec![9; 90]));
    assert_eq!((after.ring_version, after.version), (row.ring_version + 1, row.version + 1));
    let kept = found(one.row_hash).unwrap();
    let expected = SessionRow {
        epoch: after.epoch,
        sealed: vec![3; 120],
        ring_version: after.ring_version,
        ..one.session.clone()
    };
    assert_eq!((&*kept.session, kept.ring.version), (&expected, after.ring_version));
    assert!(found([1; 32]).is_none() && found(other.row_hash).is_some());
    assert_eq!(done(stage.store.report(&stage.operate(0))).unwrap().messages.0, 0, "nobody is to be told");
}

/// An engine may take a moment to note it.
pub fn a_touch_is_noted_and_never_moves_back(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    // What is written as sealed opens nothing, so the permit is asked for before.
    let permit = stage.manage(&one, 0);
    let listed = || {
        let found = done(stage.store.sessions(&permit)).unwrap();
        found.iter().map(|row| row.last_seen).collect::<Vec<_>>()
    };
    let sealed =
        || done(stage.store.session(stage.tenant, &one.row_hash)).unwrap().unwrap().session.sealed.clone();
    let wait_for = |seconds: i64| {
        let is_noted =
            || listed() == [stage.at(seconds)] && sealed() == [u8::try_from(seconds).unwrap(); 120];
        assert!(soon(is_noted), "the touch was not noted within two minutes");
    };
    let touch_of = |seconds, epoch, filler| {
        let seen = SeenSession { at: stage.at(seconds), epoch, sealed: vec![filler; 120] };
        stage.store.touch_session(stage.tenant, &one.row_hash, seen);
    };
    let touch = |seconds: i64| touch_of(seconds, 1, u8::try_from(seconds).unwrap());
    let seen = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap().unwrap().session.last_seen;
    assert_eq!(seen(one.row_hash), stage.at(0));
    touch(120);
    wait_for(120);
    assert_eq!(seen(one.row_hash), stage.at(120));
    touch(60);
    touch(121);
    wait_for(121);
    assert_eq!(seen(one.row_hash), stage.at(121));
    touch_of(200, 2, 5);
    touch(122);
    // What was sealed for another epoch is not written.
    wait_for(122);
    assert_eq!(seen(other.row_hash), stage.at(0));
}

pub fn a_session_is_written_once(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let theirs = SessionRow { account: other.account, ..stage.session_row(other.account, 1) };
    assert_eq!(stage.insert(one.row_hash, theirs), Err(Error::Conflict));
    let found = done(stage.store.session(stage.tenant, &one.row_hash)).unwrap().unwrap();
    assert_eq!(*found.session, one.session);
}
