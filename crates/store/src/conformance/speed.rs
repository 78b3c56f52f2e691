//! Promises of `SpeedRows` to the reconciler.

use honnin_access::Document;

use super::wishes::{set, wish};
use super::{SignedIn, Stage, done};
use crate::document::Line;
use crate::{Claim, ClaimedWish, Error, Outcome, SpeedRow, WishAnswer};

/// Claims for 30 seconds.
fn claim(stage: &Stage, seconds: i64, most: usize) -> Vec<ClaimedWish> {
    let claim = Claim { now: stage.at(seconds), lease_seconds: 30, most };
    done(stage.store.claim(&stage.drive(seconds), claim)).unwrap()
}

fn settle(stage: &Stage, claimed: &ClaimedWish, due: Option<i64>) -> Result<(), Error> {
    let ClaimedWish { account, holding, row, fence, tries: _ } = claimed;
    let outcome = Outcome {
        fence: *fence,
        read_revision: row.revision,
        blob: stage.octets::<120>().to_vec(),
        due_at: due.map(|seconds| stage.at(seconds)),
    };
    done(stage.store.settle(&stage.drive_line(*account, *holding), outcome))
}

/// A person who asked for another speed at that moment.
fn asking(stage: &Stage, seconds: i64) -> SignedIn {
    let person = stage.person();
    assert_eq!(set(stage, &person, wish(stage, 0, seconds)), Ok(WishAnswer::Accepted));
    person
}

fn one_of(mut claimed: Vec<ClaimedWish>) -> ClaimedWish {
    assert_eq!(claimed.len(), 1);
    claimed.remove(0)
}

pub fn a_due_wish_is_claimed_once_while_its_lease_lasts(stage: &Stage) {
    let one = asking(stage, 0);
    assert_eq!(claim(stage, -1, 10), [], "it is not due yet");
    let first = one_of(claim(stage, 0, 10));
    assert_eq!((first.account, first.holding), (one.account, one.line));
    assert_eq!((first.row.revision, first.tries), (1, 1));
    assert_eq!(done(stage.store.speed(&stage.read(&one))).unwrap().as_deref(), Some(&first.row));
    assert_eq!(claim(stage, 29, 10), []);
    let second = one_of(claim(stage, 30, 10));
    assert!(second.fence > first.fence);
    assert_eq!((second.tries, second.row), (2, first.row));
}

pub fn at_most_so_many_wishes_are_claimed_the_oldest_first(stage: &Stage) {
    let people = [3, 1, 2].map(|seconds| asking(stage, seconds));
    let accounts = |claimed: Vec<ClaimedWish>| {
        let mut accounts: Vec<_> = claimed.iter().map(|wish| wish.account).collect();
        accounts.sort_unstable();
        accounts
    };
    let sorted = |mut accounts: Vec<_>| {
        accounts.sort_unstable();
        accounts
    };
    assert_eq!(accounts(claim(stage, 10, 2)), sorted(vec![people[1].account, people[2].account]));
    assert_eq!(accounts(claim(stage, 10, 2)), [people[0].account]);
}

pub fn a_settled_wish_is_not_claimed_again(stage: &Stage) {
    let one = asking(stage, 0);
    let claimed = one_of(claim(stage, 0, 10));
    assert_eq!(settle(stage, &claimed, None), Ok(()));
    assert_eq!(claim(stage, 1_000, 10), []);
    let row = done(stage.store.speed(&stage.read(&one))).unwrap().unwrap();
    assert_eq!(row.revision, 2);
    assert_ne!(row.blob, claimed.row.blob, "the outcome is what is read");
    assert_eq!(settle(stage, &claimed, None), Err(Error::Conflict), "it is settled once");
    assert_eq!(set(stage, &one, wish(stage, 2, 100)), Ok(WishAnswer::Accepted));
    assert_eq!(one_of(claim(stage, 100, 10)).tries, 1, "a new wish begins anew");
}

pub fn a_wish_is_looked_at_again_when_it_is_due(stage: &Stage) {
    asking(stage, 0);
    let first = one_of(claim(stage, 0, 10));
    assert_eq!(settle(stage, &first, Some(50)), Ok(()));
    assert_eq!(claim(stage, 49, 10), []);
    let second = one_of(claim(stage, 50, 10));
    assert!(second.fence > first.fence);
    assert_eq!((second.row.revision, second.tries), (2, 2));
}

pub fn a_claim_may_write_more_than_once(stage: &Stage) {
    let one = asking(stage, 0);
    let claimed = one_of(claim(stage, 0, 10));
    assert_eq!(settle(stage, &claimed, Some(20)), Ok(()));
    let row = done(stage.store.speed(&stage.read(&one))).unwrap().unwrap();
    let next = ClaimedWish { row: SpeedRow::clone(&row), ..claimed.clone() };
    assert_eq!(next.row.revision, claimed.row.revision + 1);
    assert_eq!(settle(stage, &next, None), Ok(()));
    assert_eq!(claim(stage, 1_000, 10), []);
    assert_eq!(settle(stage, &claimed, None), Err(Error::Conflict));
}

pub fn a_line_is_driven_with_its_own_key_and_contract(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let material =
        |account, line| done(stage.store.drive_material(&stage.drive_line(account, line))).unwrap();
    assert_eq!(material(one.account, one.line), None, "there is no contract yet");
    let contract = stage.noise(Some(one.line), Line::KIND, b"");
    stage.write(one.account, vec![contract.clone()]);
    let found = material(one.account, one.line).unwrap();
    assert_eq!(found.line, contract.blob);
    let stored = done(stage.store.accounts(&stage.append(0), &[one.account])).unwrap();
    assert_eq!(found.key, stored[0].account_key);
    assert_eq!(material(other.account, one.line), None);
    assert_eq!(material(one.account, other.line), None);
}

pub fn an_older_claim_settles_nothing(stage: &Stage) {
    let one = asking(stage, 0);
    let old = one_of(claim(stage, 0, 10));
    let new = one_of(claim(stage, 30, 10));
    assert_eq!(settle(stage, &old, None), Err(Error::Conflict));
    let elsewhere = ClaimedWish { account: stage.person().account, ..new.clone() };
    assert_eq!(settle(stage, &elsewhere, None), Err(Error::Conflict), "the line is another's");
    assert_eq!(done(stage.store.speed(&stage.read(&one))).unwrap().as_deref(), Some(&new.row));
    assert_eq!(settle(stage, &new, None), Ok(()));
}

pub fn a_newer_wish_makes_the_older_ones_outcome_a_conflict(stage: &Stage) {
    let one = asking(stage, 0);
    let old = one_of(claim(stage, 55, 10));
    let newer = wish(stage, 1, 60);
    assert_eq!(set(stage, &one, newer.clone()), Ok(WishAnswer::Accepted));
    assert_eq!(settle(stage, &old, None), Err(Error::Conflict));
    let row = done(stage.store.speed(&stage.read(&one))).unwrap().unwrap();
    assert_eq!((row.revision, row.blob.to_vec()), (2, newer.blob));
    let next = one_of(claim(stage, 60, 10));
    assert!(next.fence > old.fence, "claimed at once, with a newer fence");
    assert_eq!(next.row.revision, 2);
}

pub fn the_backlog_counts_what_is_due_or_claimed(stage: &Stage) {
    let backlog = |seconds| done(stage.store.backlog(&stage.drive(seconds))).unwrap();
    assert_eq!(backlog(0), (0, None));
    asking(stage, 1);
    asking(stage, 2);
    assert_eq!(backlog(2), (2, Some(stage.at(1))));
    let oldest = one_of(claim(stage, 2, 1));
    assert_eq!(backlog(2), (2, Some(stage.at(1))), "a claimed one counts");
    assert_eq!(settle(stage, &oldest, Some(100)), Ok(()));
    assert_eq!(backlog(3), (1, Some(stage.at(2))), "one that waits for its time does not");
    assert_eq!(backlog(100), (2, Some(stage.at(1))));
    assert_eq!(done(stage.store.backlog(&stage.neighbour().drive(100))), Ok((0, None)));
}
