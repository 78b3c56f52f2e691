//! The rules of taking in, one at a time, on a few rows.

use honnin_intake::fault::Reason;
use honnin_terms::Octets;

use crate::world::World;

pub(crate) const ACCOUNTS: &str = "\"mio1\",\"髙木　一\",\"ﾀｶｷﾞ\",\"a@example.jp\",\"1990/01/01\",\"2020/01/01\",\"有効\",\"2026/11/20 05:00:00\"\r\n\
    \"mio2\",\"田中　二\",\"ﾀﾅｶ\",\"b@example.jp\",\"1990/01/01\",\"2020/01/01\",\"有効\",\"2026/11/20 05:00:00\"\r\n";

pub(crate) fn line(code: &str, account: &str, number: &str, from: &str, to: &str, share: &str) -> String {
    format!(
        "\"s{code}\",\"{code}\",\"{account}\",\"{number}\",\"8981000\",\"音声SIM\",\"2ギガプラン\",\"850\",\"2020/01/01\",\
         \"{from}\",\"{to}\",\"利用中\",\"なし\",\"{share}\",\"ON\"\r\n"
    )
}

pub(crate) fn bucket(line: &str, kind: &str, remaining: u32, at: &str) -> String {
    format!("\"{line}\",\"\",\"{kind}\",\"2000000\",\"{remaining}\",\"2026/12/31\",\"\",\"2026/11/{at}\"\r\n")
}

pub(crate) fn usage(record: &str, number: &str, day: &str, kb: u32) -> String {
    format!("\"{record}\",\"{number}\",\"2026/{day}\",\"{kb}\",\"0\"\r\n")
}

pub(crate) fn high(world: &World, login: &str, code: &str, from: &str) -> Vec<u64> {
    let shown = world.line(login, code, from);
    shown
        .months
        .iter()
        .flat_map(honnin_store::document::UsageMonth::days)
        .map(|day| day.high.get() / 1000)
        .collect()
}

/// Two accounts; `hdo1` was of the first until October and is of the second since.
pub(crate) fn two_holders() -> World {
    let world = World::new("ledger-a");
    let lines = line("hdo1", "mio1", "07000000001", "2025/01/01", "2026/10/31", "")
        + &line("hdo1", "mio2", "070-0000-0001", "2026/11/01", "", "");
    world.take_rows(&[("契約者.csv", ACCOUNTS), ("回線.csv", &lines)]);
    world
}

#[test]
fn late_usage_goes_to_who_held_the_number_on_that_day() {
    let world = two_holders();
    let rows = usage("U1", "07000000001", "11/02", 20) + &usage("U2", "070-0000-0001", "10/31", 31);
    let summary = world.take_rows(&[("利用量_202611.csv", &rows)]);
    assert_eq!(summary.in_all().taken, 2);
    assert_eq!(high(&world, "mio1", "hdo1", "2025-01-01"), [31]);
    assert_eq!(high(&world, "mio2", "hdo1", "2026-11-01"), [20]);
}

#[test]
fn two_names_that_differ_in_case_or_width_are_not_made_one() {
    for other in ["MIO1", "ｍｉｏ1", "Mio1"] {
        let world = World::new("ledger-a");
        let accounts =
            ACCOUNTS.to_owned() + &ACCOUNTS.lines().next().unwrap().replace("mio1", other) + "\r\n";
        let lines = line("hdo1", "mio1", "07000000001", "2025/01/01", "", "")
            + &line("hdo2", other, "07000000002", "2025/01/01", "", "");
        let files = [("契約者.csv", accounts.as_str()), ("回線.csv", lines.as_str())];
        let counts = world.take_rows(&files).in_all();
        assert_eq!((counts.taken, counts.quarantined.get(&Reason::Conflict)), (3, Some(&2)), "{other}");
        let shown = world.shown("mio1");
        assert_eq!((shown.profile.login.as_str(), shown.lines.len()), ("mio1", 1), "{other}");
        let later = line("hdo3", other, "07000000003", "2025/01/01", "", "");
        let counts = world.take_rows(&[("回線.csv", &later)]).in_all();
        assert_eq!((counts.taken, counts.quarantined.get(&Reason::Conflict)), (0, Some(&1)), "{other}");
    }
}

#[test]
fn another_record_of_the_same_day_adds_and_the_same_record_does_not() {
    let world = two_holders();
    let rows = usage("U1", "07000000001", "11/02", 20) + &usage("U2", "07000000001", "11/02", 5);
    world.take_rows(&[("利用量_1.csv", &rows)]);
    let rows = usage("U1", "070-0000-0001", "11/02", 20) + &usage("U3", "07000000001", "11/03", 7);
    let counts = world.take_rows(&[("利用量_2.csv", &rows)]).in_all();
    assert_eq!((counts.taken, counts.repeated), (1, 1), "the hyphens of a number are no other content");
    assert_eq!(high(&world, "mio2", "hdo1", "2026-11-01"), [25, 7]);
}

#[test]
fn the_same_record_with_other_content_is_a_conflict_whoever_it_names() {
    let world = two_holders();
    let rows = usage("U1", "07000000001", "11/02", 20) + &usage("U1", "07000000001", "10/02", 20);
    let counts = world.take_rows(&[("利用量_1.csv", &rows)]).in_all();
    assert_eq!((counts.taken, counts.quarantined.get(&Reason::Conflict)), (1, Some(&1)));
    let counts = world.take_rows(&[("利用量_2.csv", &usage("U1", "07000000001", "11/02", 21))]).in_all();
    assert_eq!((counts.taken, counts.quarantined.get(&Reason::Conflict)), (0, Some(&1)));
    let kept = world.with_feed(|feed| feed.quarantined(0, 9)).unwrap();
    assert_eq!(kept.iter().map(|row| (row.file.as_str(), row.line)).next_back(), Some(("利用量_2.csv", 2)));
}

#[test]
fn good_rows_around_a_bad_one_are_taken() {
    let world = two_holders();
    let rows =
        usage("U1", "07000000001", "11/02", 1) + "\"open\r\n" + &usage("U2", "07000000001", "11/03", 2);
    let counts = world.take_rows(&[("利用量_1.csv", &rows)]).in_all();
    assert_eq!((counts.taken, counts.quarantined.get(&Reason::Quotes)), (2, Some(&1)));
}

#[test]
fn usage_of_a_number_nobody_held_is_tried_again_when_the_contract_has_come() {
    let world = World::new("ledger-a");
    let early = usage("U1", "07000000001", "11/02", 20) + &usage("U2", "07099999999", "11/02", 9);
    let counts = world.take_rows(&[("契約者.csv", ACCOUNTS), ("利用量_1.csv", &early)]).in_all();
    assert_eq!(counts.unknown_number, 2);
    let contract = line("hdo1", "mio2", "07000000001", "2026/11/01", "", "");
    world.take_rows(&[("回線.csv", &contract)]);
    let counts = world.with_feed(|feed| feed.retry(&world.mapping, &mut |_| {})).unwrap().in_all();
    assert_eq!((counts.taken, counts.unknown_number), (1, 1));
    assert_eq!(high(&world, "mio2", "hdo1", "2026-11-01"), [20]);
    let left = world.with_feed(|feed| feed.quarantined(0, 9)).unwrap();
    assert_eq!(left.iter().map(|row| row.line).collect::<Vec<_>>(), [3], "the one taken has left");
}

#[test]
fn a_row_set_aside_leaves_when_its_file_is_taken_again_and_it_is_good_now() {
    let world = World::new("ledger-a");
    let early = usage("U1", "07000000001", "11/02", 20);
    world.take_rows(&[("契約者.csv", ACCOUNTS), ("利用量_1.csv", &early)]);
    let contract = line("hdo1", "mio2", "07000000001", "2026/11/01", "", "");
    let counts = world.take_rows(&[("回線.csv", &contract), ("利用量_1.csv", &early)]).in_all();
    assert_eq!((counts.taken, counts.unknown_number), (2, 0));
    assert_eq!(world.with_feed(|feed| feed.quarantined(0, 9)).unwrap(), []);
}

#[test]
fn a_word_the_mapping_lacks_is_tried_again_with_a_better_mapping() {
    let mut world = World::new("ledger-a");
    let contract = line("hdo1", "mio1", "07000000001", "2026/11/01", "", "").replace("利用中", "休止");
    let summary = world.take_rows(&[("契約者.csv", ACCOUNTS), ("回線.csv", &contract)]);
    assert_eq!(summary.in_all().quarantined.get(&Reason::Value), Some(&1));
    let text = std::fs::read_to_string(crate::reading::project("examples/ledger-a/mapping.toml")).unwrap();
    let text = text.replace("\"利用中\" = \"active\"", "\"利用中\" = \"active\", \"休止\" = \"suspended\"");
    world.mapping = honnin_intake::Mapping::parse(&text, "m.toml".as_ref()).unwrap();
    let counts = world.with_feed(|feed| feed.retry(&world.mapping, &mut |_| {})).unwrap().in_all();
    assert_eq!((counts.taken, counts.rows()), (1, 1));
    assert_eq!(world.line("mio1", "hdo1", "2026-11-01").line.status.word(), "suspended");
}

#[test]
fn a_row_of_an_account_nobody_named_is_set_aside() {
    let world = World::new("ledger-a");
    let contract = line("hdo9", "mio9", "07000000009", "2026/11/01", "", "");
    let bill = "\"bil1\",\"mio9\",\"202610\",\"100\",\"9\",\"確定\",\"20261126\"\r\n";
    let counts = world.take_rows(&[("回線.csv", &contract), ("請求.csv", bill)]).in_all();
    assert_eq!(counts.quarantined.get(&Reason::UnknownAccount), Some(&2));
    assert_eq!(world.store.content().accounts.len(), 0);
}

#[test]
fn buckets_of_an_earlier_moment_never_replace_later_ones() {
    let world = two_holders();
    world.take_rows(&[("データ残量.csv", &bucket("hdo1", "基本", 500, "20 06:00:00"))]);
    let counts = world.take_rows(&[("データ残量.csv", &bucket("hdo1", "基本", 900, "19 06:00:00"))]).in_all();
    assert_eq!((counts.taken, counts.repeated, counts.older), (0, 0, 1));
    let remaining = |world: &World| {
        let line = world.line("mio2", "hdo1", "2026-11-01").line;
        line.buckets.iter().map(|bucket| bucket.remaining).collect::<Vec<_>>()
    };
    assert_eq!(remaining(&world), [Octets::new(500_000)]);
    let later = bucket("hdo1", "基本", 400, "20 12:00:00") + &bucket("hdo1", "繰越", 3, "20 12:00:00");
    assert_eq!(world.take_rows(&[("データ残量.csv", &later)]).in_all().taken, 2);
    assert_eq!(remaining(&world), [Octets::new(3_000), Octets::new(400_000)]);
    world.take_rows(&[("データ残量.csv", &bucket("hdo1", "基本", 399, "20 13:00:00"))]);
    assert_eq!(remaining(&world), [Octets::new(399_000)], "what the newest moment does not name is gone");
}

#[test]
fn two_gifts_that_are_alike_are_two() {
    let world = two_holders();
    let gifts = bucket("hdo1", "プレゼント", 100, "20 06:00:00").repeat(2);
    assert_eq!(world.take_rows(&[("データ残量.csv", &gifts)]).in_all().taken, 2);
    assert_eq!(world.line("mio2", "hdo1", "2026-11-01").line.buckets.len(), 2);
    assert_eq!(world.take_rows(&[("データ残量.csv", &gifts)]).in_all().repeated, 2);
    assert_eq!(world.line("mio2", "hdo1", "2026-11-01").line.buckets.len(), 2);
}

#[test]
fn lines_that_share_show_the_buckets_of_all_and_how_many_they_are() {
    let world = World::new("ledger-a");
    let lines = line("hdo1", "mio1", "07000000001", "2025/01/01", "", "grp1")
        + &line("hdo2", "mio1", "07000000002", "2025/02/01", "", "grp1")
        + &line("hdo3", "mio1", "07000000003", "2025/03/01", "2026/11/01", "grp1")
        + &line("hdo4", "mio1", "07000000004", "2025/04/01", "", "");
    let buckets = bucket("hdo1", "基本", 1, "20 06:00:00")
        + &bucket("hdo2", "基本", 2, "20 06:00:00")
        + &bucket("hdo4", "基本", 4, "20 06:00:00");
    world.take_rows(&[("契約者.csv", ACCOUNTS), ("回線.csv", &lines), ("データ残量.csv", &buckets)]);
    let shown = |code: &str, from: &str| {
        let line = world.line("mio1", code, from).line;
        let kb: Vec<u64> = line.buckets.iter().map(|bucket| bucket.remaining.get() / 1000).collect();
        (line.share.map(|share| share.lines), kb.iter().sum::<u64>())
    };
    assert_eq!(shown("hdo1", "2025-01-01"), (Some(2), 3));
    assert_eq!(shown("hdo2", "2025-02-01"), (Some(2), 3));
    assert_eq!(shown("hdo3", "2025-03-01"), (None, 0), "an ended line shares nothing");
    assert_eq!(shown("hdo4", "2025-04-01"), (None, 4));
    world.take_rows(&[("データ残量.csv", &bucket("hdo2", "基本", 20, "20 07:00:00"))]);
    assert_eq!(shown("hdo1", "2025-01-01"), (Some(2), 21), "one line's news are the group's news");
    let oldest = world.line("mio1", "hdo2", "2025-02-01").line.buckets_as_of;
    assert_eq!(oldest, "2026-11-20T06:00:00+09:00".parse().ok(), "no younger than the oldest figure in it");
}

#[test]
fn a_number_that_left_a_line_is_its_holders_no_longer() {
    let world = World::new("ledger-a");
    let dated = bucket("hdo1", "基本", 1, "10 06:00:00");
    let first = line("hdo1", "mio1", "07000000001", "2025/01/01", "", "");
    world.take_rows(&[("契約者.csv", ACCOUNTS), ("回線.csv", &first), ("データ残量.csv", &dated)]);
    let changed = line("hdo1", "mio1", "07000000002", "2025/01/01", "", "");
    let dated = bucket("hdo1", "基本", 1, "15 06:00:00");
    world.take_rows(&[("回線.csv", &changed), ("データ残量.csv", &dated)]);
    let reissued = line("hdo7", "mio2", "07000000001", "2026/11/18", "", "");
    let rows = usage("U1", "07000000001", "11/05", 1)
        + &usage("U2", "07000000001", "11/20", 2)
        + &usage("U3", "07000000002", "11/19", 3);
    let counts = world.take_rows(&[("回線.csv", &reissued), ("利用量_1.csv", &rows)]).in_all();
    assert_eq!(counts.taken, 4);
    assert_eq!(high(&world, "mio1", "hdo1", "2025-01-01"), [1, 3]);
    assert_eq!(high(&world, "mio2", "hdo7", "2026-11-18"), [2]);
}

#[test]
fn a_bill_is_known_by_its_number_and_shown_as_it_is_now() {
    let world = two_holders();
    let bill =
        |state: &str| format!("\"bil1\",\"mio1\",\"202610\",\"100\",\"9\",\"{state}\",\"20261126\"\r\n");
    let dated = |hour: u32| bucket("hdo1", "基本", 5, &format!("20 {hour:02}:00:00"));
    let items = "\"bil1\",\"1\",\"基本料金\",\"100\"\r\n\"bil2\",\"1\",\"基本料金\",\"7\"\r\n";
    let summary = world.take_rows(&[
        ("請求.csv", &bill("確定")),
        ("請求明細.csv", items),
        ("データ残量.csv", &dated(6)),
    ]);
    assert_eq!(summary.in_all().quarantined.get(&Reason::UnknownBill), Some(&1));
    let state = || world.shown("mio1").bills.unwrap().bills[0].0.state.word();
    assert_eq!(state(), "final");
    world.take_rows(&[("請求.csv", &bill("支払済")), ("データ残量.csv", &dated(7))]);
    assert_eq!(state(), "paid");
    assert_eq!(world.shown("mio1").bills.unwrap().bills[0].1.shown().len(), 1, "its lines stay");
}

#[test]
fn text_that_looks_like_a_formula_is_only_text() {
    let world = World::new("ledger-a");
    let accounts = ACCOUNTS.replace("田中　二", "=HYPERLINK(\"\"http://x\"\",\"\"y\"\")");
    world.take_rows(&[("契約者.csv", &accounts)]);
    assert_eq!(world.shown("mio2").profile.name, "=HYPERLINK(\"http://x\",\"y\")");
}

#[test]
fn a_second_layout_goes_in_with_its_own_mapping() {
    let world = World::new("ledger-b");
    let summary = world.take(&[crate::reading::project("tests/data/ledger-b")]).unwrap();
    let usage = summary.of_kind("usage");
    assert_eq!((usage.taken, usage.unknown_number), (3, 1));
    assert_eq!(
        usage.quarantined.get(&Reason::NearBoundary),
        Some(&1),
        "two minutes before a change of holder"
    );
    assert_eq!(usage.quarantined.get(&Reason::Time), Some(&1));
    let line = world.line("C-2", "S-1", "2026-11-16").line;
    assert_eq!(line.terms.plan, "Small");
    assert_eq!(line.buckets[0].remaining, Octets::new(1 << 30));
    assert_eq!(
        world.store.content().notices.values().next().unwrap().body,
        "On 25 November\nfrom 02:00 to 04:00."
    );
    assert_eq!(world.shown("C-2").bills.unwrap().bills[0].0.amount.get(), -55);
}
