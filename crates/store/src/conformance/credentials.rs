//! Promises of `CredentialRows`.

use honnin_access::ports::{CredentialRow, KeyChange, RingWrite};
use honnin_terms::AccountId;

use super::{Stage, done};
use crate::Error;

pub fn a_credential_is_replaced_only_where_its_version_was_read(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let read = |account| done(stage.store.credential(stage.tenant, account)).unwrap().unwrap();
    let replace = |row: &CredentialRow, account| {
        done(stage.store.replace_credential(stage.tenant, account, row.clone(), None))
    };
    let fresh = read(one.account);
    assert_eq!((&fresh.password, &fresh.code), (&None, &None));
    let first = CredentialRow { password: Some(vec![1; 90]), code: Some(vec![2; 60]), ..fresh.clone() };
    assert_eq!(replace(&first, one.account), Ok(()));
    let stored = read(one.account);
    assert_eq!((&stored.password, &stored.code), (&first.password, &first.code));
    assert_ne!(stored.version, fresh.version);
    let late = CredentialRow { password: Some(vec![3; 90]), code: None, ..fresh.clone() };
    assert_eq!(replace(&late, one.account), Err(Error::Conflict));
    assert_eq!(read(one.account), stored);
    let cleared = CredentialRow {
        code: None,
        epoch: 9,
        account_key: vec![9],
        ring: vec![9],
        ring_version: 9,
        ..stored.clone()
    };
    assert_eq!(replace(&cleared, one.account), Ok(()));
    let now = read(one.account);
    assert_eq!((&now.password, &now.code), (&stored.password, &None));
    assert_eq!((now.epoch, now.account_key), (fresh.epoch, fresh.account_key), "the account key stays");
    assert_eq!((now.ring_version, now.ring), (fresh.ring_version, fresh.ring), "and so does the ring");
    assert_eq!(read(other.account).password, None);
}

pub fn a_new_password_ends_the_sessions_of_its_account_and_of_no_other(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap().is_some();
    stage.insert([1; 32], stage.session_row(one.account, 1)).unwrap();
    let hashes = [one.row_hash, [1; 32], other.row_hash];
    assert_eq!(hashes.map(found), [true; 3]);
    let read = || done(stage.store.credential(stage.tenant, one.account)).unwrap().unwrap();
    let messages = || done(stage.store.report(&stage.operate(0))).unwrap().messages;
    let unread = CredentialRow { version: read().version + 1, ..read() };
    let replace = |row: CredentialRow, told: Option<_>| {
        let ring = RingWrite { read_version: row.ring_version, sealed: vec![9; 90], ended: Vec::new() };
        let (epoch, account_key) = (row.epoch + 1, vec![8; 76]);
        let keys = told.map(|at| KeyChange { epoch, account_key, ring, keep: None, told: Some(at) });
        done(stage.store.replace_credential(stage.tenant, one.account, row, keys))
    };
    assert_eq!(replace(unread, Some(stage.at(5))), Err(Error::Conflict));
    assert_eq!((hashes.map(found), messages()), ([true; 3], (0, None)), "a conflict ends nothing");
    assert_eq!(replace(read(), Some(stage.at(5))), Ok(()));
    assert_eq!((hashes.map(found), messages()), ([false, false, true], (1, Some(stage.at(5)))));
    assert_eq!(replace(read(), Some(stage.at(9))), Ok(()));
    assert_eq!(messages(), (2, Some(stage.at(5))));
    assert_eq!(replace(read(), None), Ok(()));
    assert_eq!(messages().0, 2, "without ending sessions nobody is told");
}

pub fn an_unknown_account_has_no_credential(stage: &Stage) {
    let known = stage.person();
    let unknown: AccountId = stage.id();
    assert_eq!(done(stage.store.credential(stage.tenant, unknown)), Ok(None));
    assert_eq!(done(stage.store.credential(stage.neighbour().tenant, known.account)), Ok(None));
    let row = done(stage.store.credential(stage.tenant, known.account)).unwrap().unwrap();
    assert_eq!(done(stage.store.replace_credential(stage.tenant, unknown, row, None)), Err(Error::Conflict));
    assert_eq!(done(stage.store.credential(stage.tenant, unknown)), Ok(None));
}
