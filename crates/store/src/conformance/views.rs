//! Promises of `ViewRows`.

use std::sync::Arc;

use honnin_access::Document;
use honnin_terms::{HoldingId, Month};

use super::{Stage, done};
use crate::document::{Bills, Line, Profile, UsageMonth, month_row};
use crate::{HomeRows, read_view};

fn bills(stage: &Stage) -> Bills {
    Bills {
        as_of: honnin_terms::Said::by_ledger(stage.at(0)),
        source: "sample".to_owned(),
        bills: Vec::new(),
    }
}

/// Both accounts have documents under the same holding, kind and row, as no ledger would have it.
pub fn another_accounts_views_are_unreachable_with_a_permit(stage: &Stage) {
    let line: HoldingId = stage.id();
    let (one, other) = (stage.person_with_line(line), stage.person_with_line(line));
    let third = stage.person();
    let (hers, theirs) = (stage.noise(Some(line), Line::KIND, b""), stage.noise(Some(line), Line::KIND, b""));
    stage.write(one.account, vec![hers.clone()]);
    stage.write(other.account, vec![theirs.clone()]);
    let read = |person| done(read_view::<Line>(&*stage.store, &stage.read(person), b"")).unwrap();
    for _ in 0..2 {
        assert_eq!(read(&one), Some(Arc::clone(&hers.blob)));
        assert_eq!(read(&other), Some(Arc::clone(&theirs.blob)));
        assert_eq!(read(&third), None);
        // The account's own documents are another subject.
        assert_eq!(done(read_view::<Line>(&*stage.store, &stage.read_account(&one), b"")), Ok(None));
    }
}

pub fn a_view_is_found_by_its_kind_and_row(stage: &Stage) {
    let one = stage.person();
    let month = |number| month_row(Month::new(2026, number).unwrap());
    let places = [
        (Line::KIND, Vec::new()),
        (UsageMonth::KIND, month(10).to_vec()),
        (UsageMonth::KIND, month(11).to_vec()),
    ];
    let long = [7; 40];
    let mut written: Vec<_> =
        places.iter().map(|(kind, row)| stage.noise(Some(one.line), kind, row)).collect();
    written.push(stage.noise(Some(one.line), UsageMonth::KIND, &long));
    stage.write(one.account, written.clone());
    let permit = stage.read(&one);
    let read = |kind, row: &[u8]| done(stage.store.view(&permit, kind, row)).unwrap();
    for _ in 0..2 {
        for document in &written {
            assert_eq!(read(document.key.kind, &document.key.row), Some(Arc::clone(&document.blob)));
        }
        assert_eq!(read(UsageMonth::KIND, &month(12)), None);
        assert_eq!(read(UsageMonth::KIND, b""), None);
        assert_eq!(read(UsageMonth::KIND, &long[..39]), None);
        assert_eq!(read(Bills::KIND, b""), None);
    }
}

pub fn a_view_opens_with_the_permit_that_read_it(stage: &Stage) {
    let (one, other) = (stage.person(), stage.person());
    let document = stage.seal(&one, None, b"", &bills(stage));
    stage.write(one.account, vec![document]);
    let permit = stage.read_account(&one);
    let blob = done(read_view::<Bills>(&*stage.store, &permit, b"")).unwrap().unwrap();
    assert!(permit.open::<Bills>(b"", &blob).is_ok());
    assert!(stage.read_account(&other).open::<Bills>(b"", &blob).is_err());
    assert!(stage.read(&one).open::<Bills>(b"", &blob).is_err());
}

pub fn a_view_that_was_absent_is_found_once_it_is_written(stage: &Stage) {
    let one = stage.person();
    let permit = stage.read(&one);
    let read = || done(read_view::<Line>(&*stage.store, &permit, b"")).unwrap();
    for _ in 0..2 {
        assert_eq!(read(), None);
    }
    let document = stage.noise(Some(one.line), Line::KIND, b"");
    stage.write(one.account, vec![document.clone()]);
    assert_eq!(read(), Some(document.blob));
}

pub fn a_view_that_was_made_anew_is_read_anew(stage: &Stage) {
    let one = stage.person();
    let permit = stage.read(&one);
    for _ in 0..20 {
        let document = stage.noise(Some(one.line), Line::KIND, b"");
        stage.write(one.account, vec![document.clone()]);
        for _ in 0..2 {
            let read = done(read_view::<Line>(&*stage.store, &permit, b""));
            assert_eq!(read, Ok(Some(Arc::clone(&document.blob))));
        }
    }
}

/// Whatever is kept of a part of it. Another account has the same under the same holding.
pub fn home_is_what_each_of_its_reads_finds(stage: &Stage) {
    let line: HoldingId = stage.id();
    let (one, other) = (stage.person_with_line(line), stage.person_with_line(line));
    let (of_line, of_account) = (stage.read(&one), stage.read_account(&one));
    let home = || {
        let each = HomeRows {
            line: done(read_view::<Line>(&*stage.store, &of_line, b"")).unwrap(),
            wish: done(stage.store.speed(&of_line)).unwrap(),
            profile: done(read_view::<Profile>(&*stage.store, &of_account, b"")).unwrap(),
        };
        for _ in 0..2 {
            assert_eq!(done(stage.store.home(&of_line, &of_account)).unwrap(), each);
        }
        each
    };
    assert_eq!(home(), HomeRows::default());
    let documents = || [stage.noise(Some(line), Line::KIND, b""), stage.noise(None, Profile::KIND, b"")];
    let [hers, her_profile] = documents();
    stage.write(other.account, documents().into());
    assert_eq!(home(), HomeRows::default());
    stage.write(one.account, vec![hers.clone()]);
    assert_eq!(home(), HomeRows { line: Some(Arc::clone(&hers.blob)), ..HomeRows::default() });
    let wish = super::wishes::wish(stage, 0, 0);
    done(stage.store.set_wish(&stage.set_speed(&one, 0), wish.clone())).unwrap();
    stage.write(one.account, vec![her_profile.clone()]);
    let found = home();
    assert_eq!((found.line, found.profile), (Some(hers.blob), Some(her_profile.blob)));
    assert_eq!(found.wish.map(|row| (row.revision, row.blob.to_vec())), Some((1, wish.blob)));
    // What was read first is not what is found later.
    let [newer, _] = documents();
    stage.write(one.account, vec![newer.clone()]);
    assert_eq!(home().line, Some(newer.blob));
}
