//! Promises of `MergeRows` about consents and what moves.

use honnin_access::{Document, Permit, SetSpeed};
use honnin_terms::HoldingId;

use super::moving::FEED;
use super::wishes::wish;
use super::{SignedIn, Stage, done};
use crate::document::{Line, Purchases, UsageMonth};
use crate::{
    Batch, Committed, Error, Move, MoveReason, MovedHolding, NewWish, Progress, StoredAccount, WishAnswer,
    WishKey, read_view,
};

/// Two people with a line each; the first has some more of hers.
fn two(stage: &Stage) -> (SignedIn, SignedIn) {
    let (one, other) = (stage.person(), stage.person());
    let mut documents = vec![stage.noise(Some(one.line), Line::KIND, b"")];
    documents.push(stage.noise(Some(one.line), UsageMonth::KIND, b"2026-11"));
    stage.write(one.account, documents);
    stage.write(other.account, vec![stage.noise(Some(other.line), Line::KIND, b"")]);
    (one, other)
}

fn stored(stage: &Stage, person: &SignedIn) -> StoredAccount {
    done(stage.store.accounts(&stage.append(0), &[person.account])).unwrap().remove(0)
}

/// What is stored of one line of an account: its documents and its newest key.
fn of_line(stage: &Stage, person: &SignedIn, line: HoldingId) -> impl PartialEq + std::fmt::Debug + use<> {
    let StoredAccount { documents, subject_keys, .. } = stored(stage, person);
    let documents: Vec<_> =
        documents.into_iter().filter(|document| document.key.holding == Some(line)).collect();
    (documents, subject_keys.into_iter().find(|row| row.holding == Some(line)))
}

pub fn a_consent_is_its_accounts_own_and_a_new_one_replaces_it(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    assert_eq!(stage.consent_of(one.account), None);
    stage.consent(&one, 600);
    let newer = stage.consent(&one, 700);
    let row = stage.consent_of(one.account).unwrap();
    assert_eq!((row.sealed, row.until), (newer, stage.at(700)));
    assert_eq!(stage.consent_of(other.account), None);
    assert_eq!(stage.neighbour().consent_of(one.account), None);
}

pub fn a_merge_needs_what_both_owners_have_left_and_uses_it_up(stage: &Stage) {
    let (one, other) = two(stage);
    let third = stage.person();
    let (hers, his) = (stage.consent(&one, 600), stage.consent(&other, 700));
    let theirs = stage.consent(&third, 600);
    let before = stage.everything(&one, &other);
    let merge = |consents, seconds| {
        let moving = stage.sealed_for(&one, &other, &[one.line]);
        stage.commit_move(moving, stage.merge(1, consents), seconds)
    };
    let [a, b] = [one.account, other.account];
    for (consents, seconds) in [
        ([(a, hers.clone()), (b, vec![1; 60])], 10),
        ([(a, vec![1; 60]), (b, his.clone())], 10),
        ([(a, his.clone()), (b, hers.clone())], 10),
        ([(a, hers.clone()), (a, hers.clone())], 10),
        ([(a, hers.clone()), (b, theirs)], 10),
        ([(a, hers.clone()), (b, his.clone())], 600),
    ] {
        assert_eq!(merge(consents, seconds), Err(Error::Conflict));
        assert_eq!(stage.everything(&one, &other), before);
    }
    let both = [(a, hers), (b, his)];
    assert_eq!(merge(both.clone(), 599), Ok(()));
    assert_eq!([a, b].map(|account| stage.consent_of(account)), [None, None]);
    assert!(stage.consent_of(third.account).is_some(), "somebody else's stays");
    let again = stage.of_nothing(&one, &other);
    assert_eq!(stage.commit_move(again, stage.merge(2, both), 599), Err(Error::Conflict), "used up");
}

pub fn a_line_moves_with_all_that_is_its_own_and_nothing_else_does(stage: &Stage) {
    let (one, other) = two(stage);
    let stays = stage.another_line(&one);
    let line = one.line;
    let kept = of_line(stage, &one, stays);
    let his_own = of_line(stage, &other, other.line);
    let before = stage.read(&one);
    let view = |permit, kind| done(stage.store.view(permit, kind, b"")).unwrap();
    assert!(view(&before, Line::KIND).is_some());
    let too_early = stage.read_line(&other, line);
    assert_eq!(view(&too_early, Line::KIND), None);
    stage.merged(1, &one, &other, &[line]);

    let permit = stage.read_line(&other, line);
    assert_eq!(permit.subject().account, other.account);
    let _opened = stage.opened(&permit);
    assert!(view(&permit, Line::KIND).is_some());
    assert!(done(read_view::<UsageMonth>(&*stage.store, &permit, b"2026-11")).unwrap().is_some());

    assert!(!stage.is_signed_in(&one) && stage.is_signed_in(&other));
    for kind in [Line::KIND, Purchases::KIND] {
        assert_eq!(view(&before, kind), None, "nothing is left to a permit of before");
    }
    let epoch = |person: &SignedIn, line| {
        let stored = done(stage.store.accounts(&stage.append(0), &[person.account])).unwrap().remove(0);
        stored.subject_keys.iter().find(|row| row.holding == Some(line)).map(|row| row.epoch)
    };
    assert_eq!((epoch(&one, line), epoch(&one, stays), epoch(&other, line)), (None, Some(1), Some(2)));
    assert_eq!(of_line(stage, &one, stays), kept);
    assert_eq!(of_line(stage, &other, other.line), his_own);
    let told = done(stage.store.report(&stage.operate(0))).unwrap();
    assert_eq!((told.accounts, told.holdings, told.messages), (2, 3, (2, Some(stage.at(10)))));
}

pub fn a_wish_goes_with_its_line_and_so_does_its_key(stage: &Stage) {
    let (one, other) = two(stage);
    let key = WishKey { key: [1; 32], request: [2; 32] };
    let keyed = NewWish { key: Some(key), version: 7, ..wish(stage, 0, 0) };
    let set = |permit: &Permit<SetSpeed>, wish| done(stage.store.set_wish(permit, wish));
    assert_eq!(set(&stage.set_speed_of(&one, one.line), keyed.clone()), Ok(WishAnswer::Accepted));
    let late = stage.set_speed_of(&one, one.line);
    stage.merged(1, &one, &other, &[one.line]);
    let permit = stage.set_speed_of(&other, one.line);
    assert_eq!(done(stage.store.speed_to_set(&permit)).unwrap().unwrap().revision, 2);
    assert_eq!(set(&permit, NewWish { epoch: 2, ..keyed }), Ok(WishAnswer::Repeated(7)));
    assert_eq!(set(&permit, NewWish { epoch: 2, ..wish(stage, 2, 100) }), Ok(WishAnswer::Accepted));
    assert!(set(&late, wish(stage, 0, 200)).is_err(), "one that was on its way is left with nobody");
    assert_eq!(done(stage.store.speed_to_set(&late)), Ok(None));
}

pub fn what_is_written_after_a_move_was_read_stops_it(stage: &Stage) {
    let (one, other) = two(stage);
    let consents = [&one, &other].map(|person| (person.account, stage.consent(person, 600)));
    let set = |revision, seconds| {
        let permit = stage.set_speed_of(&one, one.line);
        assert_eq!(
            done(stage.store.set_wish(&permit, wish(stage, revision, seconds))),
            Ok(WishAnswer::Accepted)
        );
    };
    let refused = |moving: Move, steps: Option<u64>| {
        let before = stage.everything(&one, &other);
        let reason = stage.merge(1, consents.clone());
        let refused = match steps {
            Some(steps) => stage.commit_move_at(steps, moving, reason, 10),
            None => stage.commit_move(moving, reason, 10),
        };
        assert_eq!(refused, Err(Error::Conflict));
        assert_eq!(stage.everything(&one, &other), before);
    };
    let read = || stage.sealed_for(&one, &other, &[one.line]);
    let moving = read();
    set(0, 0);
    refused(moving, None);
    let moving = read();
    set(1, 100);
    refused(moving, None);
    let steps = stage.material(&one, &other).unwrap().steps;
    let moving = read();
    stage.write(one.account, vec![stage.noise(Some(one.line), Line::KIND, b"")]);
    refused(moving, Some(steps));
    // A step of a feed of any name, also its first.
    let (steps, moving) = (stage.material(&one, &other).unwrap().steps, read());
    let first = Batch { progress: Progress { position: 1, state: Vec::new() }, ..Batch::default() };
    assert_eq!(done(stage.store.commit(&stage.append(0), "changes", first)), Ok(Committed::Done));
    refused(moving, Some(steps));
    stage.position.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    let moving = read();
    stage.merged(1, &one, &other, &[one.line]);
    refused(moving, None);
}

pub fn a_feed_that_read_before_a_move_writes_nothing_after_it(stage: &Stage) {
    let (one, other) = two(stage);
    let before = done(stage.store.moved(&stage.append(0))).unwrap().moves;
    let step = |feed: &str, position, moves| {
        let progress = Progress { position, state: Vec::new() };
        done(stage.store.commit(&stage.append(0), feed, Batch { moves, progress, ..Batch::default() }))
    };
    assert_eq!(step("changes", 1, before), Ok(Committed::Done));
    let steps = stage.material(&one, &other).unwrap().steps;
    let consents = [&one, &other].map(|person| (person.account, stage.consent(person, 600)));
    let moving = stage.sealed_for(&one, &other, &[one.line]);
    assert_eq!(stage.commit_move_at(steps, moving, stage.merge(1, consents), 10), Ok(()));
    let after = stage.everything(&one, &other);
    // Whatever its name, and also one that has never written.
    let own = stage.position.load(std::sync::atomic::Ordering::SeqCst);
    for (feed, position) in [(FEED, own + 1), ("changes", 2), ("new", 1)] {
        assert_eq!(step(feed, position, before), Ok(Committed::Overtaken), "{feed}");
    }
    assert_eq!(stage.everything(&one, &other), after);
    let now = done(stage.store.moved(&stage.append(0))).unwrap().moves;
    assert!(now > before);
    assert_eq!(step("new", 1, now), Ok(Committed::Done));
    stage.write(other.account, vec![stage.noise(Some(one.line), Line::KIND, b"")]);
}

pub fn a_merge_undone_leaves_everything_as_it_was(stage: &Stage) {
    let (one, other) = two(stage);
    let line = one.line;
    let before = [&one, &other].map(|person| stored(stage, person));
    stage.merged(1, &one, &other, &[line]);
    assert_eq!(stage.moved(), [MovedHolding { holding: line, home: one.account, now: other.account }]);

    let own = |account: &StoredAccount, holding| {
        account.documents.iter().filter(|one| one.key.holding == holding).cloned().collect::<Vec<_>>()
    };
    let [hers, his] = &before;
    let key = hers.subject_keys.iter().find(|row| row.holding == Some(line)).copied();
    let back = || Move {
        keys: key.iter().copied().collect(),
        into_documents: own(hers, Some(line)).into_iter().chain(own(hers, None)).collect(),
        from_documents: own(his, None),
        ..stage.sealed_for(&other, &one, &[line])
    };
    let undo = |merge| stage.commit_move(back(), MoveReason::Undoing { merge }, 20);
    let merged = stage.everything(&one, &other);
    assert_eq!(undo(2), Err(Error::Conflict), "there is no such merge");
    assert_eq!(stage.everything(&one, &other), merged);
    assert_eq!(undo(1), Ok(()));
    // The profiles are made anew by every move; here there were none before.
    let without_profiles = [&one, &other].map(|person| {
        let mut account = stored(stage, person);
        account.documents.retain(|document| document.key.holding.is_some());
        account
    });
    assert_eq!(without_profiles, before);
    assert_eq!(stage.moved(), []);
    assert!(!stage.is_signed_in(&other), "whoever loses lines is signed out");
    let row = done(stage.store.merges(&stage.operate(0), None, 10)).unwrap().remove(0);
    assert_eq!((row.at, row.undone_at), (stage.at(10), Some(stage.at(20))));
    let undone = stage.everything(&one, &other);
    let again = stage.commit_move(stage.of_nothing(&other, &one), MoveReason::Undoing { merge: 1 }, 30);
    assert_eq!(again, Err(Error::Conflict));
    assert_eq!(stage.everything(&one, &other), undone);
}
