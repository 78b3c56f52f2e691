//! Promises of `CopyRows`.

use std::sync::atomic::{AtomicU64, Ordering};

use honnin_access::ports::CredentialRow;
use honnin_access::{ControlRow, Operate, Permit};

use super::{SignedIn, Stage, done};
use crate::copying::{
    Cell, Copied, CopiedRow, FoundColumn, Run, Side, Stretch, TABLES, Table, compare_table, copy_table,
    difference, first_filled, is_copied_by, mark, marked, unmark,
};
use crate::{Answer, Batch, ControlName, CopyRows, Error, NewControl, NewWork, NoticeRow, Queue, SeenRow};

const COPIED_BY: &[u8] = b"an installation";
const RUN: Run = [1; 16];

fn table(name: &str) -> &'static Table {
    TABLES.iter().find(|table| table.name == name).unwrap()
}

fn all(stage: &Stage, table: &'static Table) -> Vec<CopiedRow> {
    done(stage.store.rows_of(&stage.operate(0), &Stretch::whole(table), 10_000)).unwrap()
}

/// People, and rows in most tables, a nothing among them.
pub fn fill(stage: &Stage) -> Vec<SignedIn> {
    let people: Vec<SignedIn> = (0..5).map(|_| stage.person()).collect();
    // More documents than a page.
    for person in &people {
        stage.write(
            person.account,
            (0..60).map(|row| stage.noise(Some(person.line), "line", &[row])).collect(),
        );
    }
    let seen = (0..9).map(|_| SeenRow { record: stage.octets(), content: stage.octets() }).collect();
    let notice = NoticeRow {
        notice: stage.id(),
        code: "7".to_owned(),
        published_at: stage.at(0),
        kind: "工事".to_owned(),
        title: "夜間".to_owned(),
        body: "a '\\ \u{1f5fb} text".to_owned(),
    };
    stage.commit(Batch { seen, notices: vec![notice], ..Batch::default() });
    let credential = done(stage.store.credential(stage.tenant, people[0].account)).unwrap().unwrap();
    let credential = CredentialRow { password: Some(vec![1; 40]), ..credential };
    done(stage.store.replace_credential(stage.tenant, people[0].account, credential, None)).unwrap();
    for of in ["a", "c/1", "copz", "zone"] {
        let new = NewControl { value: stage.octets::<9>().to_vec(), until: (of == "a").then(|| stage.at(9)) };
        done(stage.store.swap_control(&stage.keep(0), &ControlName::new(of).unwrap(), 0, Some(new))).unwrap();
    }
    // The mark of a copy lies behind a whole page of them.
    let many = |number: u16| {
        let [name, value] = [Cell::Text(format!("b/{number:03}")), Cell::Octets(vec![7])];
        vec![name, Cell::Number(number.into()), value, Cell::Number(0), Cell::Nothing]
    };
    let ends = ["b", "c"].map(|end| Some(vec![Cell::Text(end.to_owned())]));
    let stretch = Stretch { table: table("control"), after: ends[0].clone(), through: ends[1].clone() };
    done(stage.store.replace_rows(&stage.operate(0), &stretch, (0..300).map(many).collect(), None)).unwrap();
    let work = NewWork {
        queue: Queue::EXPORTS,
        id: stage.octets(),
        owner: Some(people[1].account),
        payload: vec![1],
        due: None,
        until: None,
    };
    assert_eq!(done(stage.store.put_work(&stage.keep(0), work)), Ok(true));
    people
}

pub fn its_tables_are_those_of_the_one_list(stage: &Stage) {
    let found = done(stage.store.columns(&stage.operate(0))).unwrap();
    assert_eq!(difference(&found), None);
}

pub fn rows_come_out_page_by_page_in_the_order_of_their_keys(stage: &Stage) {
    fill(stage);
    for table in TABLES {
        let whole = all(stage, table);
        let key = |row: &CopiedRow| row[..table.key.len()].to_vec();
        assert!(whole.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])), "{}", table.name);
        let (mut paged, mut after) = (Vec::new(), None);
        while !table.key.is_empty() {
            let stretch = Stretch { table, after: after.take(), through: None };
            let page = done(stage.store.rows_of(&stage.operate(0), &stretch, 2)).unwrap();
            let Some(last) = page.last() else { break };
            after = Some(key(last));
            let up_to = Stretch { through: after.clone(), ..stretch };
            assert_eq!(
                done(stage.store.rows_of(&stage.operate(0), &up_to, 9)).unwrap(),
                page,
                "{}",
                table.name
            );
            paged.extend(page);
        }
        assert!(table.key.is_empty() || paged == whole, "{}", table.name);
        assert!(all(&stage.neighbour(), table).is_empty(), "nothing of another tenant");
    }
    assert_eq!(all(stage, table("document")).len(), 300);
    assert_eq!(all(stage, table("tick")).len(), 1);
    assert!(all(stage, table("account")).iter().flatten().any(|cell| *cell == Cell::Nothing));
}

pub fn rows_take_the_place_of_whatever_stands_in_their_stretch(stage: &Stage) {
    fill(stage);
    let seen = table("seen");
    let whole = all(stage, seen);
    let key = |row: &CopiedRow| Some(row[..1].to_vec());
    let stretch = Stretch { table: seen, after: key(&whole[1]), through: key(&whole[5]) };
    let mut others = vec![whole[3].clone(), whole[5].clone()];
    others[0][1] = Cell::Octets(vec![9; 16]);
    done(stage.store.replace_rows(&stage.operate(0), &stretch, others.clone(), None)).unwrap();
    let expected = [&whole[..2], &others, &whole[6..]].concat();
    assert_eq!(all(stage, seen), expected);
    // A row that is there outside the stretch takes the whole of it back.
    let twice = vec![whole[4].clone(), whole[0].clone()];
    done(stage.store.replace_rows(&stage.operate(0), &stretch, twice, None)).unwrap_err();
    assert_eq!(all(stage, seen), expected);
}

/// An engine that dies after so many writes of a copy.
struct Mortal<'a> {
    inner: &'a dyn CopyRows,
    writes: AtomicU64,
}

impl CopyRows for Mortal<'_> {
    fn columns(&self, permit: &Permit<Operate>) -> Answer<'_, Result<Vec<FoundColumn>, Error>> {
        self.inner.columns(permit)
    }

    fn rows_of(
        &self,
        permit: &Permit<Operate>,
        stretch: &Stretch,
        most: usize,
    ) -> Answer<'_, Result<Vec<CopiedRow>, Error>> {
        self.inner.rows_of(permit, stretch, most)
    }

    fn put_mark(
        &self,
        permit: &Permit<Operate>,
        value: Vec<u8>,
        found: Option<ControlRow>,
    ) -> Answer<'_, Result<ControlRow, Error>> {
        self.inner.put_mark(permit, value, found)
    }

    fn replace_rows(
        &self,
        permit: &Permit<Operate>,
        stretch: &Stretch,
        rows: Vec<CopiedRow>,
        mark: Option<ControlRow>,
    ) -> Answer<'_, Result<(), Error>> {
        match self.writes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => self.inner.replace_rows(permit, stretch, rows, mark),
            Err(_) => Answer::ready(Err(Error::Unavailable)),
        }
    }
}

/// Every row of every table, as the engine gives them.
pub fn everything(stage: &Stage) -> Vec<(&'static str, Vec<CopiedRow>)> {
    TABLES.iter().map(|table| (table.name, all(stage, table))).collect()
}

/// Goes through all tables from one stage to another; writes until `writes` of them are done, or compares.
pub fn copy_all(from: &Stage, to: &Stage, writes: Option<u64>) -> Result<Copied, Error> {
    let own = match done(marked(&*to.store, &to.keep(0)))? {
        Some(own) => own,
        None => done(mark(&*to.store, &to.operate(0), (COPIED_BY, RUN), None))?,
    };
    go_through(from, to, writes, &own)
}

/// The same in the run of that mark.
fn go_through(from: &Stage, to: &Stage, writes: Option<u64>, own: &ControlRow) -> Result<Copied, Error> {
    let copy = Mortal { inner: &*to.store, writes: AtomicU64::new(writes.unwrap_or(0)) };
    let permits = [from.operate(0), to.operate(0)];
    let source = Side { rows: &*from.store, permit: &permits[0] };
    let copy = Side { rows: &copy, permit: &permits[1] };
    let mut sum = Copied::default();
    for table in TABLES {
        let copied = match writes {
            Some(_) => done(copy_table(source, copy, table, own))?,
            None => done(compare_table(source, copy, table, Some(own)))?,
        };
        sum = Copied { rows: sum.rows + copied.rows, differed: sum.differed + copied.differed };
    }
    Ok(sum)
}

pub fn a_copy_that_was_killed_goes_on_and_ends_as_its_source_row_by_row(stage: &Stage) {
    fill(stage);
    let copy = stage.neighbour();
    let filled = || done(first_filled(&*copy.store, &copy.operate(0))).unwrap();
    assert_eq!(filled(), None);
    let mut tries = 0;
    let sum = loop {
        // Two pages at most, the mark among them, and then it is killed.
        match copy_all(stage, &copy, Some(2)) {
            Ok(sum) => break sum,
            Err(Error::Unavailable) if tries < 99 => tries += 1,
            Err(other) => panic!("{other}"),
        }
        assert!(filled().is_some() && done(marked(&*copy.store, &copy.keep(0))).unwrap().is_some());
    };
    assert!(tries >= 4, "it was killed {tries} times");
    let rows: usize = everything(stage).iter().map(|(_, rows)| rows.len()).sum();
    assert_eq!(sum.rows, u64::try_from(rows).unwrap());
    assert_eq!(copy_all(stage, &copy, None), Ok(Copied { differed: 0, ..sum }));
    assert_ne!(everything(stage), everything(&copy), "it has a mark");
    let own = done(marked(&*copy.store, &copy.keep(0))).unwrap().unwrap();
    done(unmark(&*copy.store, &copy.operate(0), &own)).unwrap();
    assert_eq!(everything(stage), everything(&copy));
}

pub fn a_row_altered_in_a_copy_is_found_and_put_right(stage: &Stage) {
    fill(stage);
    let copy = stage.neighbour();
    copy_all(stage, &copy, Some(u64::MAX)).unwrap();
    let differs = || copy_all(stage, &copy, None).unwrap().differed;
    assert_eq!(differs(), 0);
    let document = table("document");
    let rows = all(&copy, document);
    let key = |row: &CopiedRow| row[..4].to_vec();
    let put = |after: Option<&CopiedRow>, through: Option<&CopiedRow>, rows: Vec<CopiedRow>| {
        let stretch = Stretch { table: document, after: after.map(key), through: through.map(key) };
        done(copy.store.replace_rows(&copy.operate(0), &stretch, rows, None)).unwrap();
    };
    // In the second page.
    let mut altered = rows[270].clone();
    let Cell::Octets(blob) = &mut altered[4] else { panic!("{altered:?}") };
    blob[300] ^= 1;
    put(Some(&rows[269]), Some(&rows[270]), vec![altered]);
    assert_eq!(differs(), 1, "one bit of one blob");
    put(Some(&rows[2]), Some(&rows[3]), Vec::new());
    assert_eq!(differs(), 2, "and a row that went");
    let mut beyond = rows[299].clone();
    beyond[0] = Cell::Octets(vec![255; 16]);
    put(Some(&rows[299]), None, vec![beyond]);
    assert_eq!(differs(), 3, "and one behind the last");
    assert_eq!(copy_all(stage, &copy, Some(u64::MAX)).unwrap().differed, 3);
    assert_eq!(differs(), 0);
    assert_eq!(all(&copy, document), rows);
}

pub fn a_store_has_one_mark_and_is_empty_only_without_it(stage: &Stage) {
    let filled = || done(first_filled(&*stage.store, &stage.operate(0))).unwrap();
    let found = || done(marked(&*stage.store, &stage.keep(0))).unwrap();
    assert_eq!((filled(), found()), (None, None));
    let own = done(mark(&*stage.store, &stage.operate(0), (COPIED_BY, RUN), None)).unwrap();
    assert_eq!(done(mark(&*stage.store, &stage.operate(0), (b"another", RUN), None)), Err(Error::Conflict));
    assert!(is_copied_by(&own, COPIED_BY) && !is_copied_by(&own, b"another"));
    assert!(is_copied_by(&ControlRow { value: COPIED_BY.to_vec(), ..own.clone() }, COPIED_BY));
    assert_eq!((filled().is_some(), found()), (true, Some(own.clone())));
    done(unmark(&*stage.store, &stage.operate(0), &own)).unwrap();
    assert_eq!(found(), None);
    assert_eq!(done(unmark(&*stage.store, &stage.operate(0), &own)), Err(Error::Conflict));
}

pub fn a_run_that_was_stopped_writes_nothing_once_another_goes_on_or_has_ended(stage: &Stage) {
    fill(stage);
    let copy = stage.neighbour();
    let begin = |run: u8, found: Option<&ControlRow>| {
        done(mark(&*copy.store, &copy.operate(0), (COPIED_BY, [run; 16]), found))
    };
    let first = begin(1, None).unwrap();
    // It is stopped after two pages, and given again.
    assert_eq!(go_through(stage, &copy, Some(2), &first), Err(Error::Unavailable));
    let second = begin(2, Some(&first)).unwrap();
    let found = everything(&copy);
    assert!(is_copied_by(&second, COPIED_BY) && second != first);
    assert_eq!(begin(3, Some(&first)), Err(Error::Conflict), "it was taken over by another");
    let whole = |run: &ControlRow| go_through(stage, &copy, Some(u64::MAX), run);
    assert_eq!(whole(&first), Err(Error::Conflict), "the first goes on while the second is at it");
    assert_eq!(everything(&copy), found);
    assert_eq!(done(unmark(&*copy.store, &copy.operate(0), &first)), Err(Error::Conflict));
    // Once the counter of revisions was copied one comes a second time.
    whole(&second).unwrap();
    let third = begin(3, Some(&second)).unwrap();
    let forged = ControlRow { value: second.value.clone(), ..third.clone() };
    assert_eq!(done(unmark(&*copy.store, &copy.operate(0), &forged)), Err(Error::Conflict));
    whole(&third).unwrap();
    done(unmark(&*copy.store, &copy.operate(0), &third)).unwrap();
    // It serves: what is written from now on is not taken back.
    done(copy.store.replace_rows(&copy.operate(0), &Stretch::whole(table("notice")), Vec::new(), None))
        .unwrap();
    let serves = everything(&copy);
    for stopped in [&first, &second, &third] {
        assert_eq!(whole(stopped), Err(Error::Conflict), "it goes on over a store that serves");
        assert_eq!(done(unmark(&*copy.store, &copy.operate(0), stopped)), Err(Error::Conflict));
    }
    assert_eq!(everything(&copy), serves);
}

pub fn a_run_that_saw_a_store_empty_begins_nothing_once_another_has_filled_it(stage: &Stage) {
    fill(stage);
    let copy = stage.neighbour();
    let begin = |run: u8, found: Option<&ControlRow>| {
        done(mark(&*copy.store, &copy.operate(0), (COPIED_BY, [run; 16]), found))
    };
    // The first looks, and is stopped.
    assert_eq!(done(first_filled(&*copy.store, &copy.operate(0))), Ok(None));
    assert_eq!(done(marked(&*copy.store, &copy.keep(0))), Ok(None));
    // The second is given, and ends.
    let second = begin(2, None).unwrap();
    go_through(stage, &copy, Some(u64::MAX), &second).unwrap();
    done(unmark(&*copy.store, &copy.operate(0), &second)).unwrap();
    let serves = everything(&copy);
    // The first goes on: no mark is there, as when it looked.
    assert_eq!(begin(1, None), Err(Error::Conflict));
    assert_eq!(begin(1, Some(&second)), Err(Error::Conflict), "nor in the place of one that was taken away");
    assert_eq!(everything(&copy), serves);
    // One row of any table is enough.
    for table in TABLES.iter().filter(|table| !table.key.is_empty()) {
        let row = all(stage, table).into_iter().next();
        let Some(row) = row else { continue };
        for other in TABLES {
            done(copy.store.replace_rows(&copy.operate(0), &Stretch::whole(other), Vec::new(), None))
                .unwrap();
        }
        done(copy.store.replace_rows(&copy.operate(0), &Stretch::whole(table), vec![row], None)).unwrap();
        assert_eq!(begin(1, None), Err(Error::Conflict), "{}", table.name);
    }
}
