//! Promises of `DeviceRows`.

use honnin_access::ports::SessionRow;

use super::{Stage, done};

pub fn an_account_lists_its_own_sessions_newest_first(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let newest = stage.session_row(one.account, 20);
    let older = stage.session_row(one.account, 10);
    let ended = SessionRow { until: stage.at(60), ..stage.session_row(one.account, 5) };
    for (hash, row) in [([1; 32], &newest), ([2; 32], &older), ([3; 32], &ended)] {
        done(stage.store.insert_session(hash, row.clone(), 16)).unwrap();
    }
    let listed = |person, seconds| done(stage.store.sessions(&stage.manage(person, seconds))).unwrap();
    let (first, second, third) = (newest, older, one.session.clone());
    assert_eq!(listed(&one, 59), [first.clone(), second.clone(), ended, third.clone()]);
    assert_eq!(listed(&one, 60).len(), 3, "what has ended is not listed");
    assert_eq!(listed(&other, 60).iter().map(|row| row.session).collect::<Vec<_>>(), [other.session.session]);
}

pub fn an_account_ends_its_own_sessions_only(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let end = |person, session| done(stage.store.end_one(&stage.manage(person, 0), session));
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap().is_some();
    assert_eq!(end(&other, one.session.session), Ok(false));
    assert!(found(one.row_hash));
    let second = stage.session_row(one.account, 1);
    done(stage.store.insert_session([1; 32], second.clone(), 16)).unwrap();
    assert!(found([1; 32]));
    assert_eq!(end(&one, second.session), Ok(true));
    assert_eq!([one.row_hash, [1; 32], other.row_hash].map(found), [true, false, true]);
    assert_eq!(end(&one, second.session), Ok(false));
}

pub fn all_sessions_but_one_end_together(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let found = |hash| done(stage.store.session(stage.tenant, &hash)).unwrap().is_some();
    let hashes = [[1; 32], [2; 32], one.row_hash, other.row_hash];
    for hash in [[1; 32], [2; 32]] {
        done(stage.store.insert_session(hash, stage.session_row(one.account, 1), 16)).unwrap();
    }
    assert_eq!(hashes.map(found), [true; 4]);
    let permit = stage.manage(&one, 0);
    assert_eq!(done(stage.store.end_others(&permit, one.session.session)), Ok(2));
    assert_eq!(hashes.map(found), [false, false, true, true]);
    assert_eq!(done(stage.store.end_others(&permit, one.session.session)), Ok(0));
    // A session that is not hers keeps nothing of hers and ends nothing of the other's.
    assert_eq!(done(stage.store.end_others(&permit, other.session.session)), Ok(1));
    assert_eq!(hashes.map(found), [false, false, false, true]);
}
