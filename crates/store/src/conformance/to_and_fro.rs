//! Lines that move to and fro until somebody kills the process, and what must then be found.
//!
//! An engine calls [`move_to_and_fro`] in a process of its own and [`a_move_is_whole`] after it was killed.

use honnin_access::Document;
use honnin_terms::{AccountId, HoldingId};

use super::wishes::{set, wish};
use super::{Stage, done};
use crate::document::{Line, UsageMonth};
use crate::{MoveReason, MovedHolding, WishAnswer};

/// Documents of the line besides the one that every move seals.
const DOCUMENTS: u8 = 20;
/// Steps of the feed before the first move: two people and their documents.
const STEPS: u64 = 3;

/// Merges a line into another account and undoes that, for ever. `told` is given how many moves are durable.
pub fn move_to_and_fro(stage: &Stage, told: impl Fn(u64)) {
    let (one, other) = (stage.person(), stage.person());
    let mut documents = vec![stage.noise(Some(one.line), Line::KIND, b"")];
    documents.extend((1..DOCUMENTS).map(|row| stage.noise(Some(one.line), UsageMonth::KIND, &[row])));
    stage.write(one.account, documents);
    assert_eq!(set(stage, &one, wish(stage, 0, 0)), Ok(WishAnswer::Accepted));
    for merge in 1.. {
        // Whoever loses lines is signed out, and signs in again to agree.
        for person in [&one, &other] {
            stage.sign_in_again(person);
        }
        stage.merged(merge, &one, &other, &[one.line]);
        told(merge * 2 - 1);
        let back = stage.sealed_for(&other, &one, &[one.line]);
        assert_eq!(stage.commit_move(back, MoveReason::Undoing { merge }, 20), Ok(()));
        told(merge * 2);
    }
}

/// Fails where a line is with both accounts or with none, or where anything of it is elsewhere. Gives how many moves
/// there were.
pub fn a_move_is_whole(stage: &Stage) -> u64 {
    let operate = stage.operate(0);
    let merges = done(stage.store.merges(&operate, None, 10_000)).unwrap();
    let Some(latest) = merges.first() else { return 0 };
    let holds = latest.undone_at.is_none();
    let moves = latest.merge * 2 - u64::from(holds);
    let (gave, took, line) = (latest.gave, latest.took, latest.holdings[0]);
    let (has, has_not) = if holds { (took, gave) } else { (gave, took) };
    assert_eq!(merges.iter().filter(|row| row.undone_at.is_none()).count(), usize::from(holds));

    let in_all = usize::from(DOCUMENTS) + 1;
    assert_eq!(of_line(stage, has, line), (in_all, 1));
    assert_eq!(of_line(stage, has_not, line), (0, 0));
    let wishes = |from, into| {
        let material = done(stage.store.merge_material(&operate, from, into)).unwrap().unwrap();
        (material.wishes.iter().map(|(holding, _)| *holding).collect::<Vec<_>>(), material.steps)
    };
    assert_eq!(wishes(has, has_not), (vec![line], STEPS));
    assert_eq!(wishes(has_not, has).0, []);
    let shown = if holds { vec![MovedHolding { holding: line, home: gave, now: took }] } else { Vec::new() };
    assert_eq!(stage.moved(), shown);
    assert_eq!(done(stage.store.moved(&stage.append(0))).unwrap().moves, moves);
    if holds {
        assert_eq!([gave, took].map(|account| stage.consent_of(account)), [None, None]);
    }
    assert_eq!(done(stage.store.report(&operate)).unwrap().messages.0, moves * 2);
    moves
}

/// How many documents and keys an account has of a line.
fn of_line(stage: &Stage, account: AccountId, line: HoldingId) -> (usize, usize) {
    let stored = done(stage.store.accounts(&stage.append(0), &[account])).unwrap().remove(0);
    let documents = stored.documents.iter().filter(|document| document.key.holding == Some(line));
    let keys = stored.subject_keys.iter().filter(|row| row.holding == Some(line));
    (documents.count(), keys.count())
}
