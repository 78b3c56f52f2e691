//! Promises of `ClaimRows`.

use honnin_terms::AccountId;

use super::control::all;
use super::{Stage, done};
use crate::{ClaimedWork, Error, NewWork, Queue, Settled, WorkId, WorkRow};

const QUEUE: Queue = Queue::SWEEPS;

fn work(stage: &Stage, id: u8, seconds: i64) -> NewWork {
    let due = Some(stage.at(seconds));
    NewWork { queue: QUEUE, id: [id; 16], owner: None, payload: vec![id], due, until: None }
}

fn put(stage: &Stage, work: NewWork) -> bool {
    done(stage.store.put_work(&stage.keep(0), work)).unwrap()
}

fn claim(stage: &Stage, seconds: i64, most: usize) -> Vec<ClaimedWork> {
    done(stage.store.claim_work(&stage.keep(seconds), QUEUE, 60, most)).unwrap()
}

fn claim_one(stage: &Stage, seconds: i64) -> ClaimedWork {
    let [claimed] = <[ClaimedWork; 1]>::try_from(claim(stage, seconds, 10)).unwrap();
    claimed
}

fn settle(stage: &Stage, seconds: i64, claimed: &ClaimedWork, settled: Settled) -> Result<(), Error> {
    done(stage.store.settle_work(&stage.keep(seconds), QUEUE, &claimed.work.id, claimed.fence, settled))
}

fn found(stage: &Stage, seconds: i64, id: u8) -> Option<WorkRow> {
    done(stage.store.work(&stage.keep(seconds), QUEUE, &[id; 16])).unwrap()
}

const LATER: Settled = Settled::Again { payload: None, due: None };

pub fn work_is_put_once_and_claimed_once_while_its_lease_lasts(stage: &Stage) {
    assert!(put(stage, work(stage, 1, 5)));
    assert!(!put(stage, NewWork { payload: vec![9], ..work(stage, 1, 0) }));
    assert!(claim(stage, 4, 10).is_empty(), "it is not due");
    assert!(claim(&stage.neighbour(), 5, 10).is_empty(), "it is of another tenant");
    assert!(done(stage.store.claim_work(&stage.keep(5), Queue::EXPORTS, 60, 10)).unwrap().is_empty());
    let claimed = claim_one(stage, 5);
    assert_eq!((claimed.work.id, &*claimed.work.payload, claimed.work.tries), ([1; 16], &[1][..], 1));
    assert!(claim(stage, 64, 10).is_empty(), "its lease lasts");
    assert_eq!(claim_one(stage, 65).work.tries, 2);
    for id in 2..10 {
        put(stage, work(stage, id, 0));
    }
    let permit = stage.keep(65);
    let claims = (0..4).map(|_| stage.store.claim_work(&permit, QUEUE, 60, 3)).collect();
    let mut all: Vec<WorkId> =
        all(claims).into_iter().flat_map(Result::unwrap).map(|claimed| claimed.work.id).collect();
    all.sort_unstable();
    assert_eq!(all, (2..10).map(|id| [id; 16]).collect::<Vec<_>>(), "each is had by one");
}

pub fn work_that_is_claimed_again_is_the_second_ones(stage: &Stage) {
    put(stage, work(stage, 1, 0));
    let first = claim_one(stage, 0);
    let second = claim_one(stage, 60);
    assert!(second.fence > first.fence);
    for settled in [Settled::Done, LATER, Settled::Longer { lease_seconds: 9 }] {
        assert_eq!(settle(stage, 61, &first, settled), Err(Error::Conflict));
    }
    assert_eq!(found(stage, 61, 1).map(|work| (work.tries, work.due)), Some((2, Some(stage.at(0)))));
    let neighbour = stage.neighbour();
    assert_eq!(settle(&neighbour, 61, &second, Settled::Done), Err(Error::Conflict));
    assert_eq!(settle(stage, 200, &second, Settled::Done), Ok(()), "nobody has claimed it since");
}

pub fn a_fence_never_comes_twice(stage: &Stage) {
    put(stage, work(stage, 1, 0));
    let first = claim_one(stage, 0);
    assert_eq!(settle(stage, 0, &first, Settled::Done), Ok(()));
    put(stage, work(stage, 1, 0));
    let second = claim_one(stage, 0);
    assert!(second.fence > first.fence);
    assert_eq!(settle(stage, 0, &first, Settled::Done), Err(Error::Conflict));
}

pub fn work_that_is_done_is_gone_and_can_be_put_again(stage: &Stage) {
    put(stage, work(stage, 1, 0));
    let claimed = claim_one(stage, 0);
    assert_eq!(settle(stage, 0, &claimed, Settled::Done), Ok(()));
    assert_eq!(found(stage, 0, 1), None);
    assert_eq!(settle(stage, 0, &claimed, Settled::Done), Err(Error::Conflict));
    assert!(put(stage, work(stage, 1, 0)));
    assert_eq!(claim_one(stage, 0).work.tries, 1);
}

pub fn work_is_done_again_when_it_is_due_with_what_was_left(stage: &Stage) {
    put(stage, work(stage, 1, 0));
    let claimed = claim_one(stage, 0);
    let again = Settled::Again { payload: Some(vec![7, 7]), due: Some(stage.at(30)) };
    assert_eq!(settle(stage, 1, &claimed, again), Ok(()));
    assert!(claim(stage, 29, 10).is_empty());
    let claimed = claim_one(stage, 30);
    assert_eq!((&*claimed.work.payload, claimed.work.tries), (&[7, 7][..], 2));
    assert_eq!(settle(stage, 31, &claimed, LATER), Ok(()));
    assert!(claim(stage, 9_999, 10).is_empty(), "nothing more is to do");
    let kept = found(stage, 9_999, 1).unwrap();
    assert_eq!((&*kept.payload, kept.due, kept.at), (&[7, 7][..], None, stage.at(0)));
}

pub fn a_lease_lasts_longer_for_who_is_still_at_it(stage: &Stage) {
    put(stage, work(stage, 1, 0));
    let claimed = claim_one(stage, 0);
    assert_eq!(settle(stage, 50, &claimed, Settled::Longer { lease_seconds: 60 }), Ok(()));
    assert!(claim(stage, 109, 10).is_empty());
    assert_eq!(settle(stage, 109, &claimed, LATER), Ok(()));
    assert_eq!(settle(stage, 109, &claimed, Settled::Longer { lease_seconds: 60 }), Err(Error::Conflict));
}

pub fn work_past_its_time_is_neither_claimed_nor_found(stage: &Stage) {
    let short = || NewWork { until: Some(stage.at(60)), ..work(stage, 1, 0) };
    put(stage, short());
    assert!(found(stage, 59, 1).is_some());
    assert_eq!(found(stage, 60, 1), None);
    assert!(claim(stage, 60, 10).is_empty());
    assert_eq!(done(stage.store.waiting(&stage.keep(60), QUEUE)), Ok((0, None)));
    assert_eq!(done(stage.store.works(&stage.keep(60), QUEUE, None, None, 10)), Ok(Vec::new()));
    assert_eq!(done(stage.store.put_work(&stage.keep(59), short())), Ok(false));
    let again = NewWork { until: Some(stage.at(90)), ..short() };
    assert_eq!(done(stage.store.put_work(&stage.keep(60), again)), Ok(true));
    let swept = |seconds| done(stage.store.sweep(&stage.operate(seconds), stage.at(0), stage.at(0)));
    assert_eq!((swept(89), swept(90)), (Ok(0), Ok(1)));
}

pub fn work_that_is_dropped_is_nobodys_any_more(stage: &Stage) {
    let drop = |stage: &Stage, payload: Option<&[u8]>| {
        done(stage.store.drop_work(&stage.keep(0), QUEUE, &[1; 16], payload.map(<[u8]>::to_vec)))
    };
    put(stage, work(stage, 1, 0));
    let claimed = claim_one(stage, 0);
    assert_eq!(drop(&stage.neighbour(), None), Ok(false));
    assert_eq!(drop(stage, Some(&[9])), Ok(false), "it says something else by now");
    assert_eq!(drop(stage, Some(&[1])), Ok(true));
    assert_eq!((drop(stage, None), found(stage, 0, 1)), (Ok(false), None));
    assert_eq!(settle(stage, 0, &claimed, LATER), Err(Error::Conflict));
    put(stage, NewWork { due: None, ..work(stage, 1, 0) });
    assert!(claim(stage, 9_999, 10).is_empty(), "it is only kept");
    assert_eq!(drop(stage, None), Ok(true));
}

pub fn at_most_so_much_work_is_claimed_the_longest_due_first(stage: &Stage) {
    for (id, due) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
        put(stage, work(stage, id, due));
    }
    let ids = |most| claim(stage, 30, most).iter().map(|claimed| claimed.work.id[0]).collect::<Vec<_>>();
    assert_eq!(ids(2), [2, 4]);
    assert_eq!(ids(9), [3, 1]);
}

pub fn work_is_listed_by_its_owner_and_counted_by_its_queue(stage: &Stage) {
    let (hers, his): (AccountId, AccountId) = (stage.id(), stage.id());
    for (id, owner, due) in [(1, Some(hers), 0), (2, Some(his), 10), (3, Some(hers), 99), (4, None, 5)] {
        put(stage, NewWork { owner, ..work(stage, id, due) });
    }
    let list = |owner, after: Option<u8>, most| -> Vec<u8> {
        let after = after.map(|id| [id; 16]);
        let works = done(stage.store.works(&stage.keep(0), QUEUE, owner, after, most)).unwrap();
        works.iter().map(|work| work.id[0]).collect()
    };
    assert_eq!(list(Some(hers), None, 9), [1, 3]);
    assert_eq!(list(None, None, 9), [1, 2, 3, 4]);
    assert_eq!(list(None, Some(2), 1), [3]);
    assert_eq!(done(stage.store.waiting(&stage.keep(20), QUEUE)), Ok((3, Some(stage.at(0)))));
    assert_eq!(found(stage, 0, 2).unwrap().owner, Some(his));
    let claimed = claim(stage, 0, 1);
    assert_eq!(
        done(stage.store.waiting(&stage.keep(20), QUEUE)),
        Ok((3, Some(stage.at(0)))),
        "a claim counts"
    );
    assert_eq!(settle(stage, 20, &claimed[0], Settled::Done), Ok(()));
    assert_eq!(done(stage.store.waiting(&stage.keep(20), QUEUE)), Ok((2, Some(stage.at(5)))));
}
