//! Whatever rows are dropped, doubled, cut, reordered, spoilt, early or late: what is shown was said whole, at the moment
//! that stands beside it.

use std::cell::RefCell;

use honnin_intake::Mapping;
use honnin_testkit::TestDir;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::reading::project;
use crate::world::World;

/// What happens to a file on its way.
#[derive(Debug, Clone, Copy)]
enum Mangled {
    Whole,
    Dropped(usize),
    Doubled(usize),
    Cut(usize),
    Turned,
    Spoilt(usize, usize),
}

/// Puts these in the place of parts of a row.
const SPOILT: [(&str, &str); 6] = [
    ("basic", "謎"),
    (",3", ",x"),
    (",", ",,"),
    ("2026/11/20", "2062/11/20"),
    ("b1,", "\"b1,"),
    ("l001,", "\"l001,"),
];

impl Mangled {
    fn of(self, rows: &[String], head: &str) -> String {
        let mut rows = rows.to_vec();
        let place = |place: usize| place % rows.len();
        match self {
            Self::Whole | Self::Cut(_) => {}
            Self::Dropped(at) => drop(rows.remove(place(at))),
            Self::Doubled(at) => rows.push(rows[place(at)].clone()),
            Self::Turned => rows.reverse(),
            Self::Spoilt(at, how) => {
                let (from, to) = SPOILT[how % SPOILT.len()];
                let at = place(at);
                rows[at] = rows[at].replacen(from, to, 1);
            }
        }
        let mut text = head.to_owned() + &rows.concat();
        if let Self::Cut(octets) = self {
            text.truncate(text.len() - octets % (text.len() - head.len()).max(1));
        }
        text
    }
}

fn mangled() -> impl Strategy<Value = Mangled> {
    prop_oneof![
        3 => Just(Mangled::Whole),
        1 => (0..3_usize).prop_map(Mangled::Dropped),
        1 => (0..3_usize).prop_map(Mangled::Doubled),
        1 => (0..90_usize).prop_map(Mangled::Cut),
        1 => Just(Mangled::Turned),
        3 => (0..3_usize, 0..6_usize).prop_map(|(at, how)| Mangled::Spoilt(at, how)),
    ]
}

/// What the ledger says at an hour: the remainders of three buckets, and the items of a bill.
fn said(hour: u64) -> (Vec<u64>, Vec<i64>) {
    (vec![1_000 + hour, 2_000 + hour, 3_000 + hour], vec![100 + i64::try_from(hour).unwrap(), 7, 40])
}

fn files(hour: u64, (buckets, items): (Mangled, Mangled)) -> Vec<(&'static str, String)> {
    let (left, amounts) = said(hour);
    let kinds = ["basic", "carried_over", "gift"];
    let bucket = |(left, kind): (&u64, &str)| {
        format!("l001,{kind},20000000,{left},2026/12/31,2026/11/20 {hour:02}:00:00,3\n")
    };
    let bucket: Vec<String> = left.iter().zip(kinds).map(bucket).collect();
    let item = |(place, amount): (usize, &i64)| format!("b1,{place},item {place},{amount}\n");
    let item: Vec<String> = amounts.iter().enumerate().map(item).collect();
    let amount: i64 = amounts.iter().sum();
    vec![
        ("accounts.csv", "account,name,kana,mail,born,as_of\nu001,朝比奈,x,u001@example.jp,1980/01/02,2026/11/20 00:00:00\n".to_owned()),
        ("lines.csv", "line,account,number,plan,monthly,from,to,status,hs\nl001,u001,07001110001,20ギガ,2000,2024/04/01,,active,ON\n".to_owned()),
        ("bills.csv", format!("bill,account,month,amount,tax,state,due\nb1,u001,202610,{amount},,final,\n")),
        ("buckets.csv", buckets.of(&bucket, "line,kind,granted,remaining,expires,as_of,rows\n")),
        ("items.csv", items.of(&item, "bill,pos,item,amount\n")),
    ]
}

#[test]
fn what_is_shown_was_said_whole_at_the_moment_beside_it() {
    let text = std::fs::read_to_string(project("tests/data/field/mapping.toml")).unwrap();
    let text = text.replace("kind = \"kind\"", "kind = \"kind\"\nset_rows = \"rows\"");
    let world = RefCell::new(Some(World::new("ledger-a")));
    let config = Config { failure_persistence: None, cases: 96, ..Config::default() };
    let shown = RefCell::new((0_u32, 0_u32));
    let held = TestRunner::new(config).run(&vec((1..9_u64, mangled(), mangled()), 1..6), |words| {
        let mut empty = world.borrow_mut().take().unwrap().emptied();
        empty.mapping = Mapping::parse(&text, "mapping.toml".as_ref()).unwrap();
        let mut told = Ok(());
        for (hour, buckets, items) in words {
            let dir = TestDir::new();
            for (name, content) in files(hour, (buckets, items)) {
                dir.write(name, content);
            }
            // An unfinished file is refused, and nothing is taken.
            drop(empty.take(&[dir.path().to_owned()]));
            told = told.and_then(|()| look(&empty, &mut shown.borrow_mut()));
        }
        *world.borrow_mut() = Some(empty);
        told
    });
    if let Err(error) = held {
        panic!("{error}");
    }
    let (buckets, items) = *shown.borrow();
    assert!(buckets > 50 && items > 50, "something was shown: {buckets}, {items}");
}

fn look(world: &World, shown: &mut (u32, u32)) -> Result<(), TestCaseError> {
    if world.store.content().accounts.is_empty() {
        return Ok(());
    }
    let line = world.line("u001", "l001", "2024-04-01").line;
    let mut left: Vec<u64> = line.buckets.iter().map(|bucket| bucket.remaining.get() / 1000).collect();
    left.sort_unstable();
    match line.buckets_as_of {
        None => prop_assert!(left.is_empty()),
        Some(as_of) => {
            let midnight = "2026-11-20T00:00:00+09:00".parse().unwrap();
            let hour = u64::try_from(as_of.seconds_since(midnight) / 3600).unwrap();
            prop_assert_eq!(&left, &said(hour).0, "as of {}", as_of);
            shown.0 += 1;
        }
    }
    let bills = world.shown("u001").bills.unwrap();
    let (bill, items) = &bills.bills[0];
    let amounts: Vec<i64> = items.shown().iter().map(|item| item.amount.get()).collect();
    if !amounts.is_empty() {
        prop_assert!((1..9).any(|hour| said(hour).1 == amounts), "{:?}", amounts);
        prop_assert_eq!(amounts.iter().sum::<i64>(), bill.amount.get());
        shown.1 += 1;
    }
    Ok(())
}
