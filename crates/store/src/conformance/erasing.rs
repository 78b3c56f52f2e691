//! Promises of `OperatorRows::erase`.

use std::collections::BTreeMap;

use honnin_terms::{AccountId, Day, EntryRef, Held, Id, LogId};

use super::wishes::{set, wish};
use super::{SignedIn, Stage, done};
use crate::copying::{Cell, CopiedRow, Stretch, TABLES};
use crate::{Batch, DirectoryRow, Erased, Error, MoveReason, NewWish, NewWork, Queue, WishAnswer, WishKey};

/// Tables that have rows of an account.
const OF_ACCOUNTS: [&str; 11] = [
    "account",
    "session",
    "subject_key",
    "document",
    "speed",
    "wish_key",
    "consent",
    "work",
    "message",
    "directory",
    "account_merge",
];

type Rows = BTreeMap<&'static str, Vec<CopiedRow>>;

fn everything(stage: &Stage) -> Rows {
    let rows = |table| done(stage.store.rows_of(&stage.operate(0), &Stretch::whole(table), 10_000)).unwrap();
    TABLES.iter().map(|table| (table.name, rows(table))).collect()
}

fn names(row: &CopiedRow, account: AccountId) -> bool {
    row.iter().any(|cell| *cell == Cell::Octets(account.octets().to_vec()))
}

fn erase(stage: &Stage, person: &SignedIn) -> Result<Erased, Error> {
    done(stage.store.erase(&stage.operate(100), person.account))
}

fn note(stage: &Stage, undone: bool) {
    let entry = EntryRef { log: LogId::from_octets([7; 16]), index: 9 };
    done(stage.store.note_entry(&stage.operate(0), 1, undone, entry)).unwrap();
}

/// A row in every table that has rows of accounts.
fn fill(stage: &Stage, person: &SignedIn, document: u8) {
    let key = Some(WishKey { key: stage.octets(), request: [0; 32] });
    assert_eq!(set(stage, person, NewWish { key, ..wish(stage, 0, 0) }), Ok(WishAnswer::Accepted));
    let day = Day::from_number(20_000).unwrap();
    let held = Held { from: day, to: None };
    let entry = DirectoryRow { key: stage.octets(), holding: person.line, account: person.account, held };
    stage.commit(Batch { directory: vec![entry], ..Batch::default() });
    stage.write(person.account, vec![stage.noise(Some(person.line), "line", &[document])]);
    let (id, owner) = (stage.octets(), Some(person.account));
    let work = NewWork { queue: Queue::EXPORTS, id, owner, payload: vec![1], due: None, until: None };
    assert_eq!(done(stage.store.put_work(&stage.keep(0), work)), Ok(true));
}

pub fn an_erased_account_leaves_nothing_and_nobody_elses_row_changes(stage: &Stage) {
    let (other, hers) = (stage.person(), stage.person());
    fill(stage, &hers, 1);
    fill(stage, &other, 2);
    let neighbour = stage.neighbour();
    neighbour.person_of(hers.account, hers.line);
    // A line that came to her by a merge and went back: what is told of that is hers as well.
    let third = stage.person();
    stage.merged(1, &third, &hers, &[third.line]);
    stage.consent(&hers, 600);
    stage.consent(&other, 600);
    let back = stage.sealed_for(&hers, &third, &[third.line]);
    assert_eq!(stage.commit_move(back, MoveReason::Undoing { merge: 1 }, 20), Ok(()));
    note(stage, false);
    note(stage, true);
    stage.sign_in_again(&hers);
    let (before, theirs) = (everything(stage), everything(&neighbour));
    for table in OF_ACCOUNTS {
        assert!(before[table].iter().any(|row| names(row, hers.account)), "{table} has nothing of hers");
    }
    let merged = before["merged_holding"].len();
    assert_eq!(merged, 1);
    let of_hers = before.values().flatten().filter(|row| names(row, hers.account)).count();
    assert_eq!(erase(stage, &hers), Ok(Erased::Rows(u64::try_from(of_hers + merged).unwrap())));
    let after = everything(stage);
    assert_eq!(after["merged_holding"], Vec::<CopiedRow>::new());
    for (table, rows) in before.into_iter().filter(|(table, _)| *table != "merged_holding") {
        let others: Vec<CopiedRow> = rows.into_iter().filter(|row| !names(row, hers.account)).collect();
        assert_eq!(after[table], others, "{table}");
    }
    assert_eq!(everything(&neighbour), theirs);
    assert!(!stage.is_signed_in(&hers) && stage.is_signed_in(&other));
    assert_eq!(done(stage.store.credential(stage.tenant, hers.account)).unwrap().map(|_| ()), None);
    assert_eq!(erase(stage, &hers), Ok(Erased::Nobody));
}

pub fn an_account_that_hangs_on_a_merge_is_not_erased(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    stage.merged(1, &one, &other, &[one.line]);
    note(stage, false);
    let refused = |stage: &Stage| {
        let before = everything(stage);
        for person in [&one, &other] {
            assert_eq!(erase(stage, person), Ok(Erased::Merged));
        }
        assert_eq!(everything(stage), before);
    };
    refused(stage);
    let back = stage.sealed_for(&other, &one, &[one.line]);
    assert_eq!(stage.commit_move(back, MoveReason::Undoing { merge: 1 }, 20), Ok(()));
    // Nor as long as the journal does not know of it.
    refused(stage);
    note(stage, true);
    assert!(matches!(erase(stage, &one), Ok(Erased::Rows(_))));
}
