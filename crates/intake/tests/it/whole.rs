//! Sets are whole or not at all; what is not there yet is not taken; a moment is of its row.

use honnin_intake::fault::Reason;
use honnin_store::document::BillItems;
use honnin_terms::Moment;

use crate::rules::{ACCOUNTS, bucket, line, usage};
use crate::world::World;

/// One account with two lines.
fn two_lines() -> World {
    let world = World::new("ledger-a");
    let lines = line("hdo1", "mio1", "07000000001", "2025/01/01", "", "")
        + &line("hdo2", "mio1", "07000000002", "2025/01/01", "", "");
    world.take_rows(&[("契約者.csv", ACCOUNTS), ("回線.csv", &lines)]);
    world
}

fn left(world: &World, code: &str) -> (Vec<u64>, Option<String>) {
    let line = world.line("mio1", code, "2025-01-01").line;
    let kb = line.buckets.iter().map(|bucket| bucket.remaining.get() / 1000).collect();
    (kb, line.buckets_as_of.map(|at: Moment| at.to_string()))
}

const SIX: &str = "2026-11-19T21:00:00Z";

fn refused(world: &World, rows: &str) -> (u64, u64, Option<u64>) {
    let counts = world.take_rows(&[("データ残量.csv", rows)]).in_all();
    (counts.taken, counts.older, counts.quarantined.get(&Reason::Incomplete).copied())
}

#[test]
fn of_two_buckets_one_set_aside_leaves_the_last_whole_ones() {
    let world = two_lines();
    let whole = bucket("hdo1", "基本", 12_345, "20 06:00:00") + &bucket("hdo1", "繰越", 1_111, "20 06:00:00");
    world.take_rows(&[("データ残量.csv", &whole)]);
    let kept = (vec![1_111, 12_345], Some(SIX.to_owned()));
    assert_eq!(left(&world, "hdo1"), kept);
    let noon = |kind| {
        bucket("hdo1", kind, 12_000, "20 12:00:00")
            + &bucket("hdo1", "繰越", 1_000, "20 12:00:00")
            + &bucket("hdo2", "基本", 7, "20 12:00:00")
    };
    assert_eq!(refused(&world, &noon("ボーナス")), (1, 0, Some(1)), "the other line's is whole");
    assert_eq!(left(&world, "hdo1"), kept);
    assert_eq!(left(&world, "hdo2").0, [7]);
    // What else can be wrong with a row that still says whose it is.
    for wrong in [
        bucket("hdo1", "基本", 1, "20 12:00:00").replace("2026/12/31", "2026/13/31"),
        bucket("hdo1", "基本", 1, "20 12:00:00").replace("\"1\"", "\"1,2\",\"3\""),
        bucket("hdo1", "基本", 1, "20 12:00:00").replace("\"1\"", "\"1"),
        bucket("hdo1", "基本", 1, "62 12:00:00"),
        bucket("hdo1", "基本", 1, "20 12:00:00").replace("2026/11/20 12", "2062/11/20 12"),
    ] {
        let rows = wrong.clone() + &bucket("hdo1", "繰越", 1_000, "20 12:00:00");
        assert_eq!(refused(&world, &rows), (0, 0, Some(1)), "{wrong}");
        assert_eq!(left(&world, "hdo1"), kept, "{wrong}");
    }
}

#[test]
fn mended_and_tried_again_a_set_is_taken_together() {
    let mut world = two_lines();
    let rows = bucket("hdo1", "ボーナス", 12_000, "20 12:00:00").repeat(2)
        + &bucket("hdo1", "繰越", 1_000, "20 12:00:00");
    world.take_rows(&[("データ残量.csv", &rows)]);
    assert_eq!(left(&world, "hdo1"), (vec![], None), "nothing was ever said whole");
    assert!(world.line("mio1", "hdo1", "2025-01-01").line.own_buckets_lost);
    let text = std::fs::read_to_string(crate::reading::project("examples/ledger-a/mapping.toml")).unwrap();
    let text =
        text.replace("\"プレゼント\" = \"gift\"", "\"プレゼント\" = \"gift\", \"ボーナス\" = \"gift\"");
    world.mapping = honnin_intake::Mapping::parse(&text, "m.toml".as_ref()).unwrap();
    let counts = world.with_feed(|feed| feed.retry(&world.mapping, &mut |_| {})).unwrap().in_all();
    assert_eq!((counts.taken, counts.rows()), (3, 3), "two that are alike are two");
    assert_eq!(left(&world, "hdo1").0, [1_000, 12_000, 12_000]);
    assert_eq!(world.with_feed(|feed| feed.quarantined(0, 9)).unwrap(), []);
    assert!(!world.line("mio1", "hdo1", "2025-01-01").line.own_buckets_lost);
}

#[test]
fn stamps_a_second_apart_are_one_moment_and_the_oldest_is_shown() {
    let world = two_lines();
    let rows = bucket("hdo1", "基本", 12_345, "20 06:00:00") + &bucket("hdo1", "繰越", 1_111, "20 06:00:01");
    assert_eq!(refused(&world, &rows), (2, 0, None));
    assert_eq!(left(&world, "hdo1"), (vec![1_111, 12_345], Some(SIX.to_owned())));
    assert_eq!(world.take_rows(&[("データ残量.csv", &rows)]).in_all().repeated, 2);
}

#[test]
fn which_buckets_there_are_is_not_guessed_from_two_moments() {
    let two = |rows: &str| {
        let world = two_lines();
        let counts = world.take_rows(&[("データ残量.csv", rows)]).in_all();
        (left(&world, "hdo1").0, counts.older, counts.quarantined.get(&Reason::TwoMoments).copied())
    };
    let (basic, carried) = (|at| bucket("hdo1", "基本", 5, at), |at| bucket("hdo1", "繰越", 1, at));
    assert_eq!(two(&(basic("20 06:00:00") + &carried("20 09:00:00"))), (vec![], 1, Some(1)), "gone or not");
    let log =
        basic("20 06:00:00") + &carried("20 06:00:00") + &basic("20 09:00:00") + &carried("20 09:00:00");
    assert_eq!(two(&log), (vec![1, 5], 2, None), "each is told again: the newer ones stand");
    let twice = bucket("hdo1", "基本", 5, "20 06:00:00") + &bucket("hdo1", "基本", 4, "20 06:00:30");
    assert_eq!(two(&twice), (vec![], 0, Some(2)), "one bucket with two remainders in half a minute");
    let world = two_lines();
    world.take_rows(&[("データ残量.csv", &(basic("20 06:00:00") + &carried("20 06:00:00")))]);
    let later = world.take_rows(&[("データ残量.csv", &basic("20 09:00:00"))]).in_all();
    assert_eq!((later.taken, left(&world, "hdo1").0), (1, vec![5]), "another extract: the bucket is gone");
}

#[test]
fn a_row_from_the_future_stands_for_nobody() {
    let world = two_lines();
    let far = bucket("hdo2", "基本", 7, "20 06:00:00").replace("2026/11/20", "2062/11/20");
    let bill =
        |state: &str| format!("\"bil1\",\"mio1\",\"202610\",\"100\",\"9\",\"{state}\",\"20261126\"\r\n");
    let rows = far + &bucket("hdo1", "基本", 12, "20 06:00:00");
    let first = world.take_rows(&[("請求.csv", &bill("確定")), ("データ残量.csv", &rows)]).in_all();
    assert_eq!((first.taken, first.quarantined.get(&Reason::Future)), (2, Some(&1)));
    let second = world.take_rows(&[
        ("請求.csv", &bill("支払済")),
        ("データ残量.csv", &bucket("hdo1", "基本", 9, "20 18:00:00")),
    ]);
    assert_eq!((second.in_all().taken, second.in_all().rows()), (2, 2), "{second}");
    assert_eq!((left(&world, "hdo1").0, left(&world, "hdo2").0), (vec![9], vec![]));
    assert_eq!(world.shown("mio1").bills.unwrap().bills[0].0.state.word(), "paid");
}

#[test]
fn what_has_not_come_yet_is_set_aside_whatever_it_is() {
    let world = two_lines();
    let used = usage("U1", "07000000001", "11/20", 1).replace("2026/11/20", "2027/01/15");
    let bill = "\"bil9\",\"mio1\",\"206210\",\"1\",\"0\",\"確定\",\"20261126\"\r\n";
    let bought = "\"P1\",\"hdo1\",\"2026/12/01 10:00\",\"クーポン\",\"100\",\"200\"\r\n";
    let counts =
        world.take_rows(&[("利用量_1.csv", &used), ("請求.csv", bill), ("購入履歴.csv", bought)]).in_all();
    assert_eq!((counts.taken, counts.quarantined.get(&Reason::Future)), (0, Some(&3)), "{counts}");
    let soon = world.take_rows(&[("データ残量.csv", &bucket("hdo1", "基本", 9, "20 23:04:00"))]).in_all();
    assert_eq!(soon.taken, 1, "a clock may go before ours by as much as the mapping says");
}

#[test]
fn home_has_the_days_of_the_month_it_names() {
    let world = two_lines();
    let rows = usage("U1", "07000000001", "10/31", 3) + &usage("U2", "07000000001", "11/02", 4);
    world.take_rows(&[("利用量_1.csv", &(rows + &usage("U3", "07000000001", "09/30", 5)))]);
    let recent = world.line("mio1", "hdo1", "2025-01-01").line.recent_days;
    let days: Vec<_> = recent.iter().map(|day| day.day.to_string()).collect();
    assert_eq!(days, ["2026-10-31", "2026-11-02"]);
}

#[test]
fn items_that_are_not_all_there_are_not_shown_as_all() {
    let world = two_lines();
    let bill =
        |amount: u32| format!("\"b1\",\"mio1\",\"202610\",\"{amount}\",\"9\",\"確定\",\"20261126\"\r\n");
    let item = |place: u32, amount: &str| format!("\"b1\",\"{place}\",\"基本料金\",\"{amount}\"\r\n");
    let items = || world.shown("mio1").bills.unwrap().bills[0].1.clone();
    let take = |amount: u32, rows: &str| {
        let counts = world.take_rows(&[("請求.csv", &bill(amount)), ("請求明細.csv", rows)]).in_all();
        (counts.quarantined_in_all(), items().shown().len(), items().are_complete())
    };
    assert_eq!(take(5_378, &(item(1, "4631") + &item(2, "7,47"))), (2, 0, false), "one cannot be read");
    assert_eq!(take(5_378, &item(1, "4631")), (1, 0, false), "one was never written");
    assert_eq!(take(5_378, &(item(1, "4631") + &item(2, "747"))), (0, 2, true));
    assert_eq!(
        take(5_378, &(item(1, "4631") + "\"b1\",\"2\",\"通話料\r\n")),
        (2, 2, true),
        "the whole ones stay"
    );
    assert_eq!(take(6_000, &(item(1, "4631") + &item(2, "747"))), (2, 0, false), "of another amount");
    assert_eq!(take(6_000, &item(1, "6000")), (0, 1, true), "an item that is gone is gone");
    assert_eq!(take(6_100, &item(2, "100")), (0, 2, true), "only what is new, and it comes to the amount");
    assert_eq!(items(), items());
    assert!(matches!(items(), BillItems::Whole(..)));
}

#[test]
fn a_day_of_which_a_record_was_not_understood_says_so_until_it_is() {
    let world = two_lines();
    let bad = |text: &str| usage("U2", "07000000001", "11/02", 5).replace("\"5\"", text);
    let days = || {
        let recent = world.line("mio1", "hdo1", "2025-01-01").line.recent_days;
        recent.iter().map(|day| (day.high.get() / 1000, day.whole)).collect::<Vec<_>>()
    };
    world.take_rows(&[("利用量_1.csv", &(usage("U1", "07000000001", "11/02", 20) + &bad("\"-5\"")))]);
    assert_eq!(days(), [(20, false)]);
    world.take_rows(&[("利用量_2.csv", &(usage("U3", "07000000001", "11/03", 1) + &bad("\"5,\"x\"")))]);
    assert_eq!(days(), [(20, false), (1, true)], "the same row again");
    world.take_rows(&[("利用量_3.csv", &bad("\"5\""))]);
    assert_eq!(days(), [(25, false), (1, true)], "of one row it cannot be read which record it was");
    let unnamed = world.with_feed(|feed| feed.quarantined(0, 9)).unwrap();
    let unnamed = unnamed.into_iter().find(|row| row.reason == "quotes").unwrap();
    world.with_feed(|feed| feed.drop_quarantined(&world.mapping, &[unnamed.id], &mut |_| {})).unwrap();
    assert_eq!(days(), [(25, true), (1, true)], "a person says that it was no record");
    world.take_rows(&[("利用量_4.csv", &bad("\"-5\""))]);
    assert_eq!(days(), [(25, true), (1, true)], "what is known stays known");
}

#[test]
fn a_group_is_not_whole_without_one_of_its_lines() {
    let world = World::new("ledger-a");
    let lines = line("hdo1", "mio1", "07000000001", "2025/01/01", "", "grp1")
        + &line("hdo2", "mio1", "07000000002", "2025/01/01", "", "grp1");
    let third = line("hdo3", "mio1", "07000000003", "2025/01/01", "", "grp1");
    let buckets = |code: &str| bucket(code, "基本", 5, "20 06:00:00");
    let broken = third.replace("利用中", "休止");
    world.take_rows(&[
        ("契約者.csv", ACCOUNTS),
        ("回線.csv", &(lines + &broken)),
        ("データ残量.csv", &(buckets("hdo1") + &buckets("hdo2"))),
    ]);
    let share = || world.line("mio1", "hdo1", "2025-01-01").line.share.unwrap();
    assert_eq!((share().lines, share().whole), (2, false));
    world.take_rows(&[("データ残量.csv", &bucket("hdo1", "基本", 4, "20 07:00:00"))]);
    assert!(!share().whole, "nor after another extract that does not speak of it");
    world.take_rows(&[("回線.csv", &third)]);
    assert_eq!((share().lines, share().whole), (3, true));
    let bad = buckets("hdo3").replace("基本", "謎");
    world.take_rows(&[("データ残量.csv", &bad)]);
    assert!(!share().whole, "what the third has was said and not understood");
    world.take_rows(&[("データ残量.csv", &bucket("hdo3", "基本", 1, "20 08:00:00"))]);
    assert!(share().whole);
}

#[test]
fn an_older_word_of_one_line_of_a_group_does_not_replace_its_newer_one() {
    let world = World::new("ledger-a");
    let lines = line("hdo1", "mio1", "07000000001", "2025/01/01", "", "grp1")
        + &line("hdo2", "mio1", "07000000002", "2025/01/01", "", "grp1");
    let rows = bucket("hdo1", "基本", 5, "20 06:00:00") + &bucket("hdo2", "基本", 3, "20 09:00:00");
    world.take_rows(&[("契約者.csv", ACCOUNTS), ("回線.csv", &lines), ("データ残量.csv", &rows)]);
    let late = world.take_rows(&[("データ残量.csv", &bucket("hdo2", "基本", 8, "20 07:00:00"))]).in_all();
    assert_eq!((late.taken, late.older), (0, 1));
    assert_eq!(left(&world, "hdo1"), (vec![3, 5], Some(SIX.to_owned())));
}
