//! Promises of `NoticeRows`.

use super::{Stage, done};
use crate::{Batch, NoticeRow};

fn notice(stage: &Stage, seconds: i64) -> NoticeRow {
    NoticeRow {
        notice: stage.id(),
        code: format!("N{seconds}"),
        published_at: stage.at(seconds),
        kind: "maintenance".to_owned(),
        title: "メンテナンスのお知らせ".to_owned(),
        body: "深夜に一部の機能を停止します。".to_owned(),
    }
}

pub fn a_notice_is_shown_from_its_moment_on(stage: &Stage) {
    let (early, late) = (notice(stage, 10), notice(stage, 20));
    stage.commit(Batch { notices: vec![early.clone(), late.clone()], ..Batch::default() });
    let list = |seconds| done(stage.store.notices(stage.tenant, stage.at(seconds))).unwrap();
    assert_eq!(list(9), []);
    assert_eq!(list(10), std::slice::from_ref(&early));
    assert_eq!(list(20), [late.clone(), early.clone()], "newest first");
    let one = |seconds| done(stage.store.notice(stage.tenant, late.notice, stage.at(seconds))).unwrap();
    assert_eq!(one(19), None);
    assert_eq!(one(20), Some(late.clone()));
    let neighbour = stage.neighbour().tenant;
    assert_eq!(done(stage.store.notices(neighbour, stage.at(20))), Ok(Vec::new()));
    assert_eq!(done(stage.store.notice(neighbour, early.notice, stage.at(20))), Ok(None));
}

pub fn at_most_two_hundred_notices_are_listed(stage: &Stage) {
    let notices = (0..205).map(|seconds| notice(stage, seconds)).collect();
    stage.commit(Batch { notices, ..Batch::default() });
    let listed = done(stage.store.notices(stage.tenant, stage.at(1_000))).unwrap();
    assert_eq!((listed.len(), listed[0].published_at), (200, stage.at(204)));
}

pub fn a_notice_of_the_same_id_is_replaced(stage: &Stage) {
    let first = notice(stage, 10);
    let second = NoticeRow { body: "延期しました。".to_owned(), ..first.clone() };
    for version in [&first, &second] {
        stage.commit(Batch { notices: vec![version.clone()], ..Batch::default() });
        assert_eq!(
            done(stage.store.notices(stage.tenant, stage.at(10))).unwrap(),
            std::slice::from_ref(version)
        );
    }
}
