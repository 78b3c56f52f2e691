//! Promises of `FeedRows` about the directory, the records seen and quarantine.

use honnin_terms::{Day, Held};

use super::{Stage, done};
use crate::{Batch, DirectoryRow, Progress, QuarantineRow, SeenRow};

fn held(from: i32, to: Option<i32>) -> Held {
    Held { from: Day::from_number(from).unwrap(), to: to.map(|day| Day::from_number(day).unwrap()) }
}

fn directory(stage: &Stage) -> Vec<DirectoryRow> {
    done(stage.store.directory(&stage.append(0), None, 100)).unwrap()
}

pub fn the_directory_is_walked_page_by_page(stage: &Stage) {
    let entry = |key: u8| DirectoryRow {
        key: [key; 16],
        holding: stage.id(),
        account: stage.id(),
        held: held(20_000, None),
    };
    // Keys with several holdings, so that a page ends within one.
    let mut rows: Vec<_> = [4, 1, 1, 1, 0, 9, 9].map(entry).to_vec();
    stage.commit(Batch { directory: rows.clone(), ..Batch::default() });
    rows.sort_by_key(|row| (row.key, row.holding));
    for most in [1, 2, 3, 7, 8] {
        let mut walked: Vec<DirectoryRow> = Vec::new();
        loop {
            let after = walked.last().map(|row| (row.key, row.holding));
            let page = done(stage.store.directory(&stage.append(0), after, most)).unwrap();
            assert!(page.len() <= most);
            if page.is_empty() {
                break;
            }
            walked.extend(page);
        }
        assert_eq!(walked, rows, "pages of {most}");
    }
}

pub fn holders_are_found_by_their_keys_only(stage: &Stage) {
    let entry = |key: u8| DirectoryRow {
        key: [key; 16],
        holding: stage.id(),
        account: stage.id(),
        held: held(20_000, None),
    };
    let mut rows: Vec<_> = [3, 1, 2, 1].map(entry).to_vec();
    stage.commit(Batch { directory: rows.clone(), ..Batch::default() });
    rows.sort_by_key(|row| (row.key, row.holding));
    let found = |stage: &Stage, keys: &[u8]| {
        let keys: Vec<_> = keys.iter().map(|key| [*key; 16]).collect();
        done(stage.store.holders(&stage.append(0), &keys)).unwrap()
    };
    assert_eq!(found(stage, &[1]), rows[..2]);
    assert_eq!(found(stage, &[3, 7, 1, 3]), [rows[0], rows[1], rows[3]]);
    assert_eq!(found(stage, &[7]), []);
    assert_eq!(found(stage, &[]), []);
    assert_eq!(found(&stage.neighbour(), &[1, 2, 3]), []);
}

pub fn a_directory_entry_of_the_same_key_and_holding_is_replaced(stage: &Stage) {
    let first =
        DirectoryRow { key: [1; 16], holding: stage.id(), account: stage.id(), held: held(20_000, None) };
    // The number goes to another holder, and the first holding ends.
    let ended = DirectoryRow { held: held(20_000, Some(20_100)), ..first };
    let next =
        DirectoryRow { key: [1; 16], holding: stage.id(), account: stage.id(), held: held(20_200, None) };
    let elsewhere = DirectoryRow { key: [0; 16], ..first };
    stage.commit(Batch { directory: vec![first], ..Batch::default() });
    assert_eq!(directory(stage), [first]);
    stage.commit(Batch { directory: vec![next, ended, elsewhere], ..Batch::default() });
    let mut expected = vec![ended, next, elsewhere];
    expected.sort_by_key(|row| (row.key, row.holding));
    assert_eq!(directory(stage), expected);
}

pub fn seen_records_are_told_in_the_order_asked(stage: &Stage) {
    let rows: Vec<SeenRow> =
        (0..300).map(|_| SeenRow { record: stage.octets(), content: stage.octets() }).collect();
    stage.commit(Batch { seen: rows.clone(), ..Batch::default() });
    let mut asked: Vec<_> = rows.iter().map(|row| row.record).collect();
    let mut expected: Vec<_> = rows.iter().map(|row| Some(row.content)).collect();
    asked.insert(100, stage.octets());
    expected.insert(100, None);
    asked.push(rows[0].record);
    expected.push(Some(rows[0].content));
    assert_eq!(done(stage.store.seen(&stage.append(0), &asked)), Ok(expected));
    assert_eq!(done(stage.store.seen(&stage.append(0), &[])), Ok(Vec::new()));
}

pub fn the_latest_content_of_a_record_stands(stage: &Stage) {
    for content in [[1; 16], [2; 16]] {
        stage.commit(Batch { seen: vec![SeenRow { record: [7; 16], content }], ..Batch::default() });
        assert_eq!(done(stage.store.seen(&stage.append(0), &[[7; 16]])), Ok(vec![Some(content)]));
    }
}

fn broken(stage: &Stage, record: u8, seconds: i64) -> QuarantineRow {
    QuarantineRow {
        file: "使用量.csv".to_owned(),
        line: u64::from(record),
        reason: "unknown_unit".to_owned(),
        sealed: stage.octets::<60>().to_vec(),
        record: [record; 16],
        at: stage.at(seconds),
    }
}

fn quarantined(stage: &Stage, skip: u64, most: usize) -> Vec<QuarantineRow> {
    done(stage.store.quarantined(&stage.append(0), skip, most)).unwrap()
}

pub fn a_broken_row_is_kept_once_and_goes_when_released(stage: &Stage) {
    let first = broken(stage, 1, 0);
    stage.commit(Batch { quarantine: vec![first.clone()], ..Batch::default() });
    let again = QuarantineRow { at: stage.at(9), reason: "other".to_owned(), ..first.clone() };
    stage.commit(Batch { quarantine: vec![again, broken(stage, 2, 9)], ..Batch::default() });
    assert_eq!(quarantined(stage, 0, 1), [first]);
    assert_eq!(quarantined(stage, 0, 10).len(), 2);
    stage.commit(Batch { released: vec![[1; 16], [8; 16]], ..Batch::default() });
    assert_eq!(quarantined(stage, 0, 10).iter().map(|row| row.record).collect::<Vec<_>>(), [[2; 16]]);
}

pub fn quarantine_is_listed_oldest_first(stage: &Stage) {
    let rows = [(5, 30), (4, 10), (3, 20), (2, 20)].map(|(record, seconds)| broken(stage, record, seconds));
    stage.commit(Batch { quarantine: rows.to_vec(), ..Batch::default() });
    let records =
        |skip, most| quarantined(stage, skip, most).iter().map(|row| row.record[0]).collect::<Vec<_>>();
    assert_eq!(records(0, 10), [4, 2, 3, 5]);
    assert_eq!(records(1, 2), [2, 3]);
    assert_eq!(records(4, 2), [0; 0]);
}

pub fn tenants_have_nothing_of_each_other(stage: &Stage) {
    let one = stage.person();
    let seen = vec![SeenRow { record: [7; 16], content: [1; 16] }];
    let directory_row =
        DirectoryRow { key: [1; 16], holding: one.line, account: one.account, held: held(20_000, None) };
    let quarantine = vec![broken(stage, 1, 0)];
    stage.commit(Batch { seen, quarantine, directory: vec![directory_row], ..Batch::default() });
    let neighbour = stage.neighbour();
    let permit = neighbour.append(0);
    assert_eq!(done(neighbour.store.accounts(&permit, &[one.account])), Ok(Vec::new()));
    assert_eq!(done(neighbour.store.seen(&permit, &[[7; 16]])), Ok(vec![None]));
    assert_eq!(done(neighbour.store.progress(&permit, "stage")), Ok(None));
    assert_eq!(directory(&neighbour), []);
    assert_eq!(quarantined(&neighbour, 0, 10), []);
    assert_eq!(done(neighbour.store.account_ids(&neighbour.operate(0), None, 10)), Ok(Vec::new()));
    // Its own feed of the same name begins at one, and releasing takes nothing from the other.
    let batch = Batch {
        released: vec![[1; 16]],
        progress: Progress { position: 1, state: Vec::new() },
        ..Batch::default()
    };
    assert_eq!(done(neighbour.store.commit(&permit, "stage", batch)), Ok(crate::Committed::Done));
    assert_eq!(quarantined(stage, 0, 10).len(), 1);
}
