//! Promises of `MergeRows` about what is told of merges, and to whom.

use honnin_access::Document;

use honnin_terms::{EntryRef, Id, LogId};

use super::{Stage, done};
use crate::document::Line;
use crate::{MergeRow, MoveReason, MovedHolding};

pub fn a_line_that_moved_twice_is_told_by_where_it_came_from_and_where_it_is(stage: &Stage) {
    let (one, other, third) = (stage.person(), stage.person(), stage.person());
    let kept = stage.another_line(&one);
    stage.merged(1, &one, &other, &[one.line, kept]);
    stage.merged(2, &other, &third, &[one.line]);
    let holding = |holding, now| MovedHolding { holding, home: one.account, now };
    let mut both = [holding(one.line, third.account), holding(kept, other.account)];
    both.sort_unstable();
    assert_eq!(stage.moved(), both);
    assert_eq!(stage.neighbour().moved(), []);
    let back = stage.sealed_for(&third, &other, &[one.line]);
    assert_eq!(stage.commit_move(back, MoveReason::Undoing { merge: 2 }, 20), Ok(()));
    let mut first = [holding(one.line, other.account), holding(kept, other.account)];
    first.sort_unstable();
    assert_eq!(stage.moved(), first);
    let back = stage.sealed_for(&other, &one, &[one.line, kept]);
    assert_eq!(stage.commit_move(back, MoveReason::Undoing { merge: 1 }, 20), Ok(()));
    assert_eq!(stage.moved(), []);
}

pub fn a_merge_is_listed_to_both_accounts_and_to_no_other(stage: &Stage) {
    let (one, other, third) = (stage.person(), stage.person(), stage.person());
    stage.merged(1, &one, &other, &[one.line]);
    let fourth = stage.person();
    stage.merged(2, &fourth, &third, &[fourth.line]);
    let numbers = |rows: Vec<MergeRow>| rows.iter().map(|row| row.merge).collect::<Vec<_>>();
    let of = |account, most| done(stage.store.merges(&stage.operate(0), account, most)).unwrap();
    assert_eq!(numbers(of(None, 10)), [2, 1]);
    assert_eq!(numbers(of(None, 1)), [2]);
    for person in [&one, &other] {
        let [row] = &of(Some(person.account), 10)[..] else { panic!("one merge was of her account") };
        assert_eq!((row.merge, row.gave, row.took), (1, one.account, other.account));
        assert_eq!((row.holdings.as_slice(), row.at), (&[one.line][..], stage.at(10)));
        assert_eq!((row.undone_at, row.sealed.len()), (None, 80));
    }
    assert_eq!(numbers(of(Some(third.account), 10)), [2]);
    assert!(numbers(of(Some(stage.person().account), 10)).is_empty());
    assert_eq!(done(stage.neighbour().store.merges(&stage.neighbour().operate(0), None, 10)), Ok(Vec::new()));
}

pub fn a_merge_is_owed_to_the_journal_until_it_is_noted(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let operate = stage.operate(0);
    let owed = |stage: &Stage| {
        let rows = done(stage.store.unjournaled_merges(&stage.operate(0), 10)).unwrap();
        rows.iter().map(|row| (row.merge, row.entry, row.undone_entry)).collect::<Vec<_>>()
    };
    let entry = |index| EntryRef { log: LogId::from_octets([7; 16]), index };
    assert_eq!(owed(stage), []);
    stage.merged(1, &one, &other, &[one.line]);
    let third = stage.person();
    stage.merged(2, &third, &other, &[third.line]);
    assert_eq!(owed(stage), [(1, None, None), (2, None, None)]);
    assert_eq!(done(stage.store.unjournaled_merges(&operate, 1)).unwrap().len(), 1);
    done(stage.store.note_entry(&stage.neighbour().operate(0), 1, false, entry(9))).unwrap();
    assert_eq!(owed(stage), [(1, None, None), (2, None, None)], "a neighbour's note is of her own merges");
    done(stage.store.note_entry(&operate, 1, false, entry(70))).unwrap();
    assert_eq!(owed(stage), [(2, None, None)]);
    done(stage.store.note_entry(&operate, 2, false, entry(71))).unwrap();
    let back = stage.sealed_for(&other, &one, &[one.line]);
    assert_eq!(stage.commit_move(back, MoveReason::Undoing { merge: 1 }, 20), Ok(()));
    assert_eq!(owed(stage), [(1, Some(entry(70)), None)]);
    done(stage.store.note_entry(&operate, 1, true, entry(72))).unwrap();
    assert_eq!(owed(stage), []);
    let rows = done(stage.store.merges(&operate, Some(one.account), 10)).unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.entry, row.undone_entry)).collect::<Vec<_>>(),
        [(Some(entry(70)), Some(entry(72)))]
    );
}

/// The neighbour has accounts and lines of the same names, which no two tenants have.
pub fn a_merge_of_one_tenant_touches_no_other(stage: &Stage) {
    let neighbour = stage.neighbour();
    let (one, other) = (stage.person(), stage.person());
    let theirs = [&one, &other].map(|person| neighbour.person_of(person.account, person.line));
    for (stage, person) in [(stage, &one), (&neighbour, &theirs[0])] {
        stage.write(person.account, vec![stage.noise(Some(person.line), Line::KIND, b"")]);
    }
    for person in &theirs {
        neighbour.consent(person, 600);
    }
    let before = neighbour.everything(&theirs[0], &theirs[1]);
    stage.merged(1, &one, &other, &[one.line]);
    assert_eq!(neighbour.everything(&theirs[0], &theirs[1]), before);
    let stored = |of: &super::SignedIn| {
        let stored = done(stage.store.accounts(&neighbour.append(0), &[of.account])).unwrap().remove(0);
        stored.subject_keys.iter().any(|row| row.holding == Some(one.line))
    };
    assert!(stored(&theirs[0]) && !stored(&theirs[1]));
    let back = stage.sealed_for(&other, &one, &[one.line]);
    assert_eq!(stage.commit_move(back, MoveReason::Undoing { merge: 1 }, 20), Ok(()));
    assert_eq!(neighbour.everything(&theirs[0], &theirs[1]), before);
}
