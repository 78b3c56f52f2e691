//! A run that is stopped at any commit and started again ends as if it had not been stopped.

use honnin_intake::RunError;
use honnin_testkit::TestDir;

use crate::memory::Breakdown;
use crate::reading::project;
use crate::world::World;

/// Every row of the shipped ledger that belongs to one of its first accounts, with the broken ones and orphans.
fn extract() -> TestDir {
    const ACCOUNTS: usize = 8;
    let dir = TestDir::new();
    let read = |name: &str| {
        let octets = std::fs::read(project("tests/data/ledger-a").join(name)).unwrap();
        encoding_rs::SHIFT_JIS.decode(&octets).0.into_owned()
    };
    let cell = |row: &str, place: usize| row.split(',').nth(place).unwrap_or_default().to_owned();
    let column =
        |rows: &str, place: usize| rows.lines().skip(1).map(|row| cell(row, place)).collect::<Vec<_>>();
    let kept = |name: &str, place: usize, of: &[String]| {
        let rows = read(name);
        let number = |text: &str| text.replace('-', "");
        let keeps = |row: &&str| of.iter().any(|code| number(code) == number(&cell(row, place)));
        let (heading, rest) = rows.split_once("\r\n").unwrap();
        let broken =
            |row: &&str| row.starts_with("\"U9") || row.starts_with("\"U0004348") || row.starts_with("\"壊");
        let rest = rest.lines().filter(|row| keeps(row) || broken(row));
        let text = [heading].into_iter().chain(rest).chain([""]).collect::<Vec<_>>().join("\r\n");
        dir.write(name, encoding_rs::SHIFT_JIS.encode(&text).0);
        text
    };
    let accounts: Vec<_> = column(&read("契約者.csv"), 0).into_iter().take(ACCOUNTS).collect();
    kept("契約者.csv", 0, &accounts);
    let lines = kept("回線.csv", 2, &accounts);
    let (codes, numbers) = (column(&lines, 1), column(&lines, 3));
    for name in ["利用量_202610.csv", "利用量_202611.csv"] {
        kept(name, 1, &numbers);
    }
    kept("データ残量.csv", 0, &codes);
    kept("購入履歴.csv", 1, &codes);
    let bills = column(&kept("請求.csv", 1, &accounts), 0);
    kept("請求明細.csv", 0, &bills);
    dir.write("お知らせ.csv", encoding_rs::SHIFT_JIS.encode(&read("お知らせ.csv")).0);
    dir
}

fn world() -> World {
    let mut world = World::new("ledger-a");
    world.partition_octets = 12 * 1024;
    world
}

#[test]
fn stopped_at_any_commit_and_started_again_the_end_is_the_same() {
    let extract = extract();
    let extract = [extract.path().to_owned()];
    let mut world = world();
    let summary = world.take(&extract).unwrap();
    assert!(summary.in_all().taken > 700 && summary.in_all().quarantined_in_all() == 5);
    let everything = world.everything();
    let commits = world.store.content().commits;
    assert!(commits > 6, "{commits} commits are too few to stop between");
    for at in 0..commits {
        for how in [Breakdown::Lost, Breakdown::Kept] {
            world = world.emptied();
            world.store.break_after(at, how);
            assert!(matches!(world.take(&extract), Err(RunError::Store(_))), "{at} {how:?}");
            let again = world.take(&extract).unwrap();
            // The last commit kept means the run was done: taken again it repeats.
            if (at, how) != (commits - 1, Breakdown::Kept) {
                assert_eq!(again, summary, "{at} {how:?}");
            }
            assert_eq!(world.everything(), everything, "{at} {how:?}");
        }
    }
}

#[test]
fn stopped_again_and_again_it_still_comes_to_its_end() {
    let extract = extract();
    let extract = [extract.path().to_owned()];
    let world = world();
    let summary = world.take(&extract).unwrap();
    let everything = world.everything();
    let world = world.emptied();
    let mut stops = 0;
    let again = loop {
        world.store.break_after(2, Breakdown::Lost);
        match world.take(&extract) {
            Ok(summary) => break summary,
            Err(_) => stops += 1,
        }
        assert!(stops < 100, "each start goes on where the last one stopped");
    };
    assert!(stops > 2);
    assert_eq!(again, summary);
    assert_eq!(world.everything(), everything);
}

#[test]
fn two_at_a_time_are_told_apart() {
    let extract = extract();
    let extract = [extract.path().to_owned()];
    let world = world();
    world.store.content().progress.position = 1;
    let overtaken = world.with_feed(|feed| {
        let mut moved = false;
        feed.take(&world.mapping, &extract, &mut |_| {
            // Another process commits while this one reads.
            if !std::mem::replace(&mut moved, true) {
                world.store.content().progress.position = 2;
            }
        })
    });
    assert!(overtaken.is_ok(), "while reading nothing is lost: the position is looked up afterwards");
    let overtaken = world.with_feed(|feed| {
        feed.take(&world.mapping, &extract, &mut |tick| {
            if tick.phase == honnin_intake::Phase::Applying {
                world.store.content().progress.position += 1;
            }
        })
    });
    assert!(matches!(overtaken, Err(RunError::Overtaken)));
}
