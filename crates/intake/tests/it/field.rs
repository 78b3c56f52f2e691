//! What real systems do to files, case by case: `cargo xtask field` prints the lines.

use honnin_intake::fault::Reason;
use honnin_intake::{Mapping, RunError, Summary};
use honnin_store::document::Line;

use crate::reading::project;
use crate::world::World;

/// What a case comes to: what was seen, and whether that is right.
type Seen = (String, bool);

/// A case: its directories in turn, changes of the mapping, when the last is taken in.
struct Case {
    name: &'static str,
    dirs: &'static [&'static str],
    mapping: &'static [(&'static str, &'static str)],
    now: &'static str,
    see: fn(&World, &[Result<Summary, RunError>]) -> Seen,
}

const EVENING: &str = "2026-11-28T18:30:00+09:00";

const STAMP: &str = "expires_on = \"expires\"\nas_of = \"as_of\"";

fn line(world: &World, login: &str) -> Line {
    let code = login.replace('u', "l");
    world.line(login, &code, "2024-04-01").line
}

/// Remainders of a line in KB, and the moment.
fn left(world: &World, login: &str) -> String {
    let line = line(world, login);
    let kb: Vec<u64> = line.buckets.iter().map(|bucket| bucket.remaining.get() / 1000).collect();
    format!("{kb:?} at {}", line.buckets_as_of.map_or("no time".to_owned(), |at| at.to_string()))
}

fn seen(told: String, right: bool) -> Seen {
    (told, right)
}

fn is_clean(taken: &[Result<Summary, RunError>]) -> bool {
    taken
        .iter()
        .all(|summary| summary.as_ref().is_ok_and(|summary| summary.in_all().quarantined_in_all() == 0))
}

fn counted(taken: &Result<Summary, RunError>, reason: Reason) -> u64 {
    let summary = taken.as_ref().ok().map(Summary::in_all).unwrap_or_default();
    summary.quarantined.get(&reason).copied().unwrap_or(0)
}

fn whole(world: &World, taken: &[Result<Summary, RunError>], wanted: &str) -> Seen {
    let told = left(world, "u001");
    let right = is_clean(taken) && told == wanted;
    seen(told, right)
}

const CASES: &[Case] = &[
    Case {
        name: "F01 fractions of a second, said",
        dirs: &["F01"],
        mapping: &[(
            STAMP,
            "expires_on = \"expires\"\nas_of = { heading = \"as_of\", shape = \"%Y-%m-%d %H:%M:%S%.f\" }",
        )],
        now: EVENING,
        see: |world, taken| whole(world, taken, "[1111000, 12345678] at 2026-11-27T21:00:00.123Z"),
    },
    Case {
        name: "F01 fractions of a second, not said",
        dirs: &["F01"],
        mapping: &[],
        now: EVENING,
        see: |world, taken| {
            let told = format!("{}, bad_time {}", left(world, "u001"), counted(&taken[0], Reason::Time));
            seen(told.clone(), told == "[] at no time, bad_time 3")
        },
    },
    Case {
        name: "F02 one-digit hours; four hours apart",
        dirs: &["F02"],
        mapping: &[(
            STAMP,
            "expires_on = \"expires\"\nas_of = { heading = \"as_of\", shape = \"%Y/%m/%d %-H:%M\" }",
        )],
        now: EVENING,
        see: |world, taken| {
            let told = format!(
                "u001 {}, u002 {}, two_moments {}",
                left(world, "u001"),
                left(world, "u002"),
                counted(&taken[0], Reason::TwoMoments)
            );
            seen(
                told.clone(),
                told == "u001 [] at no time, u002 [7654321] at 2026-11-27T21:00:00Z, two_moments 1",
            )
        },
    },
    Case {
        name: "F04 numbers with the country code first",
        dirs: &["F04-F05"],
        mapping: &[(
            "number = \"number\"\nat",
            "number = { heading = \"number\", form = \"international\" }\nat",
        )],
        now: EVENING,
        see: |_, taken| {
            let counts = taken[0].as_ref().unwrap().of_kind("usage");
            let told =
                format!("usage taken {}, bad_number {}", counts.taken, counted(&taken[0], Reason::Number));
            // Of thirteen, 8170…, +81-70-… and +8107001110001-like ones; what a spreadsheet spoilt is none.
            seen(
                told,
                counts.taken >= 2
                    && counts.taken + counted(&taken[0], Reason::Number) + counts.unknown_number == 13,
            )
        },
    },
    Case {
        name: "F10 a UTF-8 mark under cp932",
        dirs: &["F10"],
        mapping: &[("encoding = \"utf-8\"", "encoding = \"cp932\"")],
        now: EVENING,
        see: |world, taken| {
            let told = taken[0].as_ref().map_or_else(ToString::to_string, ToString::to_string);
            let right = told.contains("mark of UTF-8") && world.store.content().accounts.is_empty();
            seen(told.replace(env!("CARGO_MANIFEST_DIR"), ""), right)
        },
    },
    Case {
        name: "F14 a name in another case",
        dirs: &["F14-upper"],
        mapping: &[],
        now: EVENING,
        see: |_, taken| {
            let told =
                taken[0].as_ref().map(|summary| format!("{:?}", summary.unknown_files)).unwrap_or_default();
            seen(
                told.clone(),
                told.contains("BUCKETS.CSV")
                    && told.contains("Case")
                    && !taken[0].as_ref().unwrap().is_clean(),
            )
        },
    },
    Case {
        name: "F14 a name whose letters have marks of their own",
        dirs: &["F14-nfd"],
        mapping: &[("name = \"buckets*.csv\"", "name = \"データ残量*.csv\"")],
        now: EVENING,
        see: |world, taken| whole(world, taken, "[1111000, 12345678] at 2026-11-27T21:00:00Z"),
    },
    Case {
        name: "F16 cut in its last cell, then whole",
        dirs: &["F16-first", "F16-whole"],
        mapping: &[],
        now: EVENING,
        see: |world, taken| {
            let refused =
                matches!(&taken[0], Err(error) if error.to_string().contains("its last line has no end"));
            let used: u64 = line(world, "u001").recent_days.iter().map(|day| day.high.get() / 1000).sum();
            let told = format!("refused {refused}, then {}, used {used}", left(world, "u001"));
            seen(told.clone(), told == "refused true, then [12345678] at 2026-11-27T21:00:00Z, used 3000000")
        },
    },
    Case {
        name: "F17 one of two buckets set aside",
        dirs: &["F17-first", "F17-second"],
        mapping: &[],
        now: EVENING,
        see: |world, taken| {
            let told =
                format!("{}, incomplete {}", left(world, "u001"), counted(&taken[1], Reason::Incomplete));
            seen(told.clone(), told == "[1111000, 12345678] at 2026-11-27T21:00:00Z, incomplete 1")
        },
    },
    Case {
        name: "F18 one item of a bill set aside",
        dirs: &["F18"],
        mapping: &[],
        now: EVENING,
        see: |world, _| {
            let bills = world.shown("u001").bills.unwrap();
            let (bill, items) = &bills.bills[0];
            let told = format!(
                "{} yen over {} items, complete {}",
                bill.amount,
                items.shown().len(),
                items.are_complete()
            );
            seen(told.clone(), told == "5,378 yen over 0 items, complete false")
        },
    },
    Case {
        name: "F19 somebody else's row of 2062",
        dirs: &["F19-first", "F19-second"],
        mapping: &[],
        now: EVENING,
        see: |world, taken| {
            let state = world.shown("u001").bills.unwrap().bills[0].0.state.word();
            let told = format!(
                "{}, bill {state}, future {}",
                left(world, "u001"),
                counted(&taken[0], Reason::Future)
            );
            seen(told.clone(), told == "[1111000, 99000] at 2026-11-28T09:00:00Z, bill paid, future 1")
        },
    },
    Case {
        name: "F20 two stamps a second apart",
        dirs: &["F20"],
        mapping: &[],
        now: EVENING,
        see: |world, taken| whole(world, taken, "[1111000, 12345678] at 2026-11-27T21:00:01Z"),
    },
    Case {
        name: "F32 everything expires at midnight",
        dirs: &["F32"],
        mapping: &[],
        now: "2026-12-31T23:30:00+09:00",
        see: |world, taken| whole(world, taken, "[1111000, 12345678] at 2026-12-31T14:00:00Z"),
    },
    Case {
        name: "F33 no bucket for a line",
        dirs: &["F33"],
        mapping: &[],
        now: EVENING,
        see: |world, taken| whole(world, taken, "[] at no time"),
    },
    Case {
        name: "F35 usage of next January",
        dirs: &["F35"],
        mapping: &[],
        now: EVENING,
        see: |world, taken| {
            let used: u64 = line(world, "u001").recent_days.iter().map(|day| day.high.get() / 1000).sum();
            let told = format!("November {used}, future {}", counted(&taken[0], Reason::Future));
            seen(told.clone(), told == "November 3000000, future 1")
        },
    },
    Case {
        name: "F36 names of every kind",
        dirs: &["F36-F37"],
        mapping: &[],
        now: EVENING,
        see: |world, _| {
            let shown = world.shown("u001");
            let bills = shown.bills.unwrap().bills;
            let items = |code: &str| {
                let (_, items) = bills.iter().find(|(bill, _)| bill.code == code).unwrap();
                (items.shown().len(), items.are_complete())
            };
            let told = format!("b012 {:?}, b013 {:?}", items("b012"), items("b013"));
            let right =
                shown.profile.name.starts_with("𠮷田") && shown.profile.name.contains("葛\u{e0100}城");
            seen(told.clone(), right && told == "b012 (150, true), b013 (0, false)")
        },
    },
    Case {
        name: "F40 usage of the month of the bill",
        dirs: &["F18"],
        mapping: &[("month = \"month\"\n", "month = \"month\"\nused_in = { months_before = 0 }\n")],
        now: EVENING,
        see: |world, _| {
            let used = world.shown("u001").bills.unwrap().bills[0].0.used_in.map(|month| month.to_string());
            seen(format!("used in {used:?}"), used.as_deref() == Some("2026-10"))
        },
    },
    Case {
        name: "F40 a mapping that does not say it",
        dirs: &["F18"],
        mapping: &[],
        now: EVENING,
        see: |world, _| {
            let used = world.shown("u001").bills.unwrap().bills[0].0.used_in;
            seen(format!("used in {used:?}"), used.is_none())
        },
    },
];

#[test]
fn every_case_of_the_field_is_seen_right() {
    let field = project("tests/data/field");
    let text = std::fs::read_to_string(field.join("mapping.toml")).unwrap();
    let mut world = World::new("ledger-a");
    let mut wrong = 0;
    for Case { name, dirs, mapping, now, see } in CASES {
        let mut changed = text.clone();
        for (from, to) in *mapping {
            assert!(changed.contains(from), "{name}: the mapping does not say {from}");
            changed = changed.replace(from, to);
        }
        world = world.emptied();
        world.mapping = Mapping::parse(&changed, "mapping.toml".as_ref()).unwrap();
        world.now = now.parse().unwrap();
        let taken: Vec<_> = dirs.iter().map(|dir| world.take(&[field.join(dir)])).collect();
        let (told, right) = see(&world, &taken);
        println!("field: {} {name}: {told}", if right { "ok  " } else { "FAIL" });
        wrong += usize::from(!right);
    }
    assert_eq!(wrong, 0, "cases are seen wrong");
}
