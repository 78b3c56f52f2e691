//! Promises of `DeviceRows`.

use honnin_access::ports::SessionRow;

use super::{Stage, done};

pub fn an_account_lists_its_own_sessions_newest_first(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let newest = stage.session_row(one.account, 20);
    let older = stage.session_row(one.account, 10);
    let ended = SessionRow { until: stage.at(60), ..stage.session_row(one.account, 5) };
    for (hash, row) in [([1; 32], &newest), ([2; 32], &older), ([3; 32], &ended)] {
        stage.insert(hash, row.clone()).unwrap();
    }
    let listed = |person, seconds| done(stage.store.sessions(&stage.manage(person, seconds))).unwrap();
    let (first, second, third) = (newest, older, one.session.clone());
    assert_eq!(listed(&one, 59), [first.clone(), second.clone(), ended, third.clone()]);
    assert_eq!(listed(&one, 60).len(), 3, "what has ended is not listed");
    assert_eq!(listed(&other, 60).iter().map(|row| row.session).collect::<Vec<_>>(), [other.session.session]);
}
