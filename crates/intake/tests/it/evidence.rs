//! What a file, its name and its neighbours say is not passed over; a record that was wrong can be corrected.

use honnin_intake::fault::Reason;
use honnin_intake::files::Suspect;
use honnin_intake::{Mapping, RunError, Summary};
use honnin_testkit::TestDir;

use crate::reading::project;
use crate::world::World;

const ACCOUNTS: &str = "account,name,kana,mail,born,as_of\nu001,朝比奈 一郎,ｱｻﾋﾅ,u001@example.jp,1980/01/02,2026/11/20 05:00:00\n";
const LINES: &str = "line,account,number,plan,monthly,from,to,status,hs\nl001,u001,07001110001,20ギガ,2000,2024/04/01,,active,ON\n\
    l002,u001,07001110002,20ギガ,2000,2024/04/01,,active,ON\n";
const HEAD: &str = "line,kind,granted,remaining,expires,as_of\n";

fn bucket(line: &str, left: u32, hour: u32) -> String {
    format!("{line},basic,20000000,{left},2026/12/31,2026/11/20 {hour:02}:00:00\n")
}

fn used(rows: &str) -> String {
    format!("rec,number,day,high,low\n{rows}")
}

/// The mapping of the field with changes.
fn world(changes: &[(&str, &str)]) -> World {
    let mut text = std::fs::read_to_string(project("tests/data/field/mapping.toml")).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let mut world = World::new("ledger-a");
    world.mapping = Mapping::parse(&text, "mapping.toml".as_ref()).unwrap();
    world
}

fn take(world: &World, files: &[(&str, &str)]) -> Result<Summary, RunError> {
    let dir = TestDir::new();
    for (name, content) in files {
        dir.write(name, content);
    }
    world.take(&[dir.path().to_owned()])
}

fn left(world: &World, code: &str) -> Vec<u64> {
    let line = world.line("u001", code, "2024-04-01").line;
    line.buckets.iter().map(|bucket| bucket.remaining.get() / 1000).collect()
}

fn days(world: &World) -> Vec<u64> {
    let line = world.line("u001", "l001", "2024-04-01").line;
    line.recent_days.iter().map(|day| day.high.get() / 1000).collect()
}

#[test]
fn a_file_that_is_not_finished_takes_nothing_of_its_extract_in() {
    let world = world(&[]);
    for cut in ["line,kind,granted,remaining,expires,as_of\nl001,basic,20000000,12", "", "line,kind"] {
        let told = take(&world, &[("accounts.csv", ACCOUNTS), ("buckets.csv", cut)]).unwrap_err().to_string();
        assert!(told.contains("buckets.csv to its end"), "{told}");
        assert_eq!(world.store.content().accounts.len(), 0);
    }
    assert!(
        take(&world, &[("accounts.csv", &(ACCOUNTS.to_owned() + "\u{1a}"))]).is_ok(),
        "as older systems end"
    );
    let any = self::world(&[("encoding = \"utf-8\"", "encoding = \"utf-8\"\nfinished = \"any\"")]);
    assert!(take(&any, &[("accounts.csv", ACCOUNTS.trim_end())]).is_ok(), "where the mapping says so");
}

#[test]
fn a_companion_says_that_a_file_is_whole_and_how_long_it_is() {
    let world = world(&[("row = \"account\"", "row = \"account\"\ncompanion = \".ok\"")]);
    let with = |told: &str| take(&world, &[("accounts.csv", ACCOUNTS), ("accounts.csv.ok", told)]);
    let refused = take(&world, &[("accounts.csv", ACCOUNTS)]).unwrap_err().to_string();
    assert!(refused.contains("companion file is not there"), "{refused}");
    assert!(with("12\n").unwrap_err().to_string().contains("not the size"));
    let summary = with(&format!("{}\n", ACCOUNTS.len())).unwrap();
    assert_eq!((summary.in_all().taken, summary.unknown_files.len()), (1, 0));
    assert!(with("").is_ok());
}

#[test]
fn files_that_may_be_meant_are_told_and_a_readme_is_not() {
    let world = world(&[("row = \"bill\"", "row = \"bill\"\noptional = true")]);
    let summary = take(
        &world,
        &[
            ("accounts.csv", ACCOUNTS),
            ("README.md", "read me"),
            ("Lines.csv", LINES),
            ("other.csv", "x\n"),
            ("usage1.csv.gz", "x"),
            ("buckets.csv.tmp", "x"),
        ],
    )
    .unwrap();
    let suspects: Vec<_> =
        summary.unknown_files.iter().map(|file| (file.name.as_str(), &file.suspect)).collect();
    let behind = |pattern: &str| Some(Suspect::Behind(pattern.to_owned()));
    assert_eq!(
        suspects,
        [
            ("Lines.csv", &Some(Suspect::Case("lines*.csv".to_owned()))),
            ("README.md", &None),
            ("buckets.csv.tmp", &behind("buckets*.csv")),
            ("other.csv", &Some(Suspect::Ending)),
            ("usage1.csv.gz", &behind("usage*.csv")),
        ]
    );
    assert_eq!(summary.absent_patterns, ["lines*.csv", "buckets*.csv", "usage*.csv", "items*.csv"]);
    assert!(!summary.is_clean());
}

#[test]
fn a_correction_wins_by_a_rule_or_by_a_person_and_not_by_itself() {
    let row = |kb: u32| used(&format!("r1,07001110001,2026/11/02,{kb},0\n"));
    let files = |usage: &str| take_all(usage);
    for (rule, wanted) in [("set_aside", [5, 5]), ("latest", [5, 7])] {
        let world = world(&[("[rows]", &format!("corrections = \"{rule}\"\n[rows]"))]);
        let seen = [5, 7].map(|kb| {
            let files = files(&row(kb));
            take(&world, &files.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>())
                .unwrap();
            days(&world)[0]
        });
        assert_eq!(seen, wanted, "{rule}");
        if rule == "set_aside" {
            let kept = world.with_feed(|feed| feed.quarantined(0, 9)).unwrap();
            assert_eq!((kept.len(), kept[0].reason.as_str()), (1, "conflict"));
            let opened = world.with_feed(|feed| feed.open_quarantined(&world.mapping, &kept[0].id)).unwrap();
            assert_eq!(opened.cells[3], ("high".to_owned(), "7".to_owned()));
            let ids = [kept[0].id.clone()];
            world.with_feed(|feed| feed.accept(&world.mapping, &ids, &mut |_| {})).unwrap();
            assert_eq!(days(&world), [7]);
            assert_eq!(world.with_feed(|feed| feed.quarantined(0, 9)).unwrap(), []);
        }
    }
}

fn take_all(usage: &str) -> Vec<(&'static str, String)> {
    vec![
        ("accounts.csv", ACCOUNTS.to_owned()),
        ("lines.csv", LINES.to_owned()),
        ("usage1.csv", usage.to_owned()),
    ]
}

#[test]
fn a_correction_of_another_day_leaves_nothing_on_the_day_before() {
    let world = world(&[("[rows]", "corrections = \"latest\"\n[rows]")]);
    for row in ["r1,07001110001,2026/10/31,5,0\n", "r1,07001110001,2026/11/02,6,0\n"] {
        let files = take_all(&used(row));
        take(&world, &files.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>()).unwrap();
    }
    assert_eq!(days(&world), [6]);
}

#[test]
fn a_row_that_was_never_written_is_missed_where_the_ledger_counts() {
    let world = world(&[("kind = \"kind\"", "kind = \"kind\"\nset_rows = \"rows\"")]);
    let head = HEAD.replace("as_of\n", "as_of,rows\n");
    let row = |text: String, rows: u32| text.trim_end().to_owned() + &format!(",{rows}\n");
    let all = head.clone() + &row(bucket("l001", 5, 6), 1);
    take(&world, &[("accounts.csv", ACCOUNTS), ("lines.csv", LINES), ("buckets.csv", &all)]).unwrap();
    let part = head + &row(bucket("l001", 4, 9), 2);
    let counts = take(&world, &[("buckets.csv", &part)]).unwrap().in_all();
    assert_eq!((counts.quarantined.get(&Reason::Incomplete), left(&world, "l001")), (Some(&1), vec![5]));
}

#[test]
fn a_row_that_names_nobody_holds_back_what_the_mapping_says() {
    let rows = HEAD.to_owned() + &bucket("l001", 5, 9) + "garbage\n" + &bucket("l002", 6, 9);
    for (key, wanted) in [
        ("", [vec![5], vec![6]]),
        ("grouped = true\n", [vec![], vec![]]),
        ("strict = true\n", [vec![], vec![]]),
    ] {
        let world = world(&[("row = \"bucket\"\n", &format!("row = \"bucket\"\n{key}"))]);
        take(&world, &[("accounts.csv", ACCOUNTS), ("lines.csv", LINES), ("buckets.csv", &rows)]).unwrap();
        assert_eq!([left(&world, "l001"), left(&world, "l002")], wanted, "{key}");
    }
    let named = HEAD.to_owned() + &bucket("l001", 5, 9) + "l002,basic,20,000,1,2\n" + &bucket("l002", 6, 9);
    let world = world(&[]);
    take(&world, &[("accounts.csv", ACCOUNTS), ("lines.csv", LINES), ("buckets.csv", &named)]).unwrap();
    assert_eq!([left(&world, "l001"), left(&world, "l002")], [vec![5], vec![]]);
}

#[test]
fn a_row_that_leaves_out_whose_it_is_belongs_to_the_row_above() {
    for sign in ["", "〃", "同上", "\u{3000}"] {
        let world = world(&[]);
        let rows =
            bucket("l001", 5, 9) + &bucket(sign, 4, 9).replace("basic", "gift") + &bucket("l002", 6, 9);
        let used = used(&format!("r1,07001110001,2026/11/18,3,0\nr2,{sign},2026/11/18,4,0\n"));
        let bills = "bill,account,month,amount,tax,state,due\nb1,u001,202610,30,,final,\n";
        let items = format!("bill,pos,item,amount\nb1,1,基本料金,30\n{sign},2,通話料,0\n");
        let files = [
            ("accounts.csv", ACCOUNTS),
            ("lines.csv", LINES),
            ("buckets.csv", &(HEAD.to_owned() + &rows)),
            ("usage.csv", &used),
            ("bills.csv", bills),
            ("items.csv", &items),
        ];
        let counts = take(&world, &files).unwrap().in_all();
        assert_eq!(counts.quarantined.get(&Reason::Missing), Some(&3), "{sign}");
        assert_eq!([left(&world, "l001"), left(&world, "l002")], [vec![], vec![6]], "{sign}");
        let day = &world.line("u001", "l001", "2024-04-01").line.recent_days[0];
        assert_eq!((day.high.get(), day.whole), (3_000, false), "{sign}");
        let bills = world.shown("u001").bills.unwrap();
        assert_eq!(bills.bills[0].1, honnin_store::document::BillItems::Incomplete, "{sign}");
    }
}

#[test]
fn what_the_row_above_says_is_read_as_its_own_cell_is() {
    let written = "line = { heading = \"line\", replace = { \"ID-\" = \"\" } }\nkind = \"kind\"";
    let world = world(&[("line = \"line\"\nkind = \"kind\"", written)]);
    let rows = bucket("ID-l001", 5, 9) + &bucket("", 4, 9).replace("basic", "gift") + &bucket("l002", 6, 9);
    let rows = HEAD.to_owned() + &rows;
    take(&world, &[("accounts.csv", ACCOUNTS), ("lines.csv", LINES), ("buckets.csv", &rows)]).unwrap();
    assert_eq!([left(&world, "l001"), left(&world, "l002")], [vec![], vec![6]]);
}

#[test]
fn a_row_that_cannot_be_cut_names_its_line_whatever_nobody_sees_beside_it() {
    let world = world(&[]);
    let broken = "l001\u{200b},\"gift,20000000,4,2026/12/31,2026/11/20 09:00:00\n";
    let rows = HEAD.to_owned() + &bucket("l001", 5, 9) + broken + &bucket("l002", 6, 9);
    take(&world, &[("accounts.csv", ACCOUNTS), ("lines.csv", LINES), ("buckets.csv", &rows)]).unwrap();
    assert_eq!([left(&world, "l001"), left(&world, "l002")], [vec![], vec![6]]);
}

#[test]
fn what_is_tried_again_takes_no_part_for_the_whole() {
    for (key, row) in
        [("", ",gift,20000000,4,2026/12/31,2026/11/20 09:00:00\n"), ("grouped = true\n", "garbage\n")]
    {
        let world = world(&[("row = \"bucket\"\n", &format!("row = \"bucket\"\n{key}"))]);
        let rows = HEAD.to_owned() + &bucket("l001", 5, 9) + row;
        take(&world, &[("accounts.csv", ACCOUNTS), ("lines.csv", LINES), ("buckets.csv", &rows)]).unwrap();
        let none: Vec<u64> = Vec::new();
        assert_eq!(left(&world, "l001"), none, "{key}");
        world.with_feed(|feed| feed.retry(&world.mapping, &mut |_| {})).unwrap();
        assert_eq!(left(&world, "l001"), none, "{key}: what stood beside it is still not known");
    }
}

#[test]
fn a_bucket_that_stands_twice_is_not_counted_twice() {
    let gift = |left: u32| bucket("l001", left, 9).replace("basic", "gift");
    let twice = |rows: &[(&str, String)], changes: &[(&str, &str)]| {
        let world = world(changes);
        take(&world, &[("accounts.csv", ACCOUNTS), ("lines.csv", LINES)]).unwrap();
        let files: Vec<(&str, String)> =
            rows.iter().map(|(name, rows)| (*name, HEAD.to_owned() + rows)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, rows)| (*name, rows.as_str())).collect();
        let counts = take(&world, &files).unwrap().in_all();
        (left(&world, "l001"), counts.quarantined.get(&Reason::ToldTwice).copied())
    };
    let one = |rows: String| twice(&[("buckets.csv", rows)], &[]);
    assert_eq!(one(bucket("l001", 5, 9).repeat(2)), (vec![], Some(2)), "an export written twice");
    assert_eq!(one(bucket("l001", 5, 9) + &bucket("l001", 4, 9)), (vec![], Some(2)), "two remainders of one");
    assert_eq!(one(gift(5).repeat(2)), (vec![5, 5], None), "two gifts");
    let apart = twice(&[("buckets1.csv", gift(5)), ("buckets2.csv", gift(4))], &[]);
    assert_eq!(apart, (vec![], Some(2)), "one gift, or two of which each file has one");
    assert_eq!(twice(&[("buckets1.csv", gift(5)), ("buckets2.csv", gift(5))], &[]), (vec![5], None));
}

#[test]
fn what_never_expires_and_the_moment_in_a_name_can_be_said() {
    let world = world(&[
        (
            "expires_on = \"expires\"\nas_of = \"as_of\"",
            "expires_on = { heading = \"expires\", never = [\"9999/12/31\"] }",
        ),
        (
            "row = \"bucket\"\n",
            "row = \"bucket\"\nmoment = \"buckets_%Y%m%d%H%M.csv\"\nignore = [\"as_of\"]\n",
        ),
    ]);
    let rows = HEAD.to_owned() + &bucket("l001", 5, 9).replace("2026/12/31", "9999/12/31");
    let files = [("accounts.csv", ACCOUNTS), ("lines.csv", LINES), ("buckets_202611200730.csv", &rows)];
    take(&world, &files).unwrap();
    let line = world.line("u001", "l001", "2024-04-01").line;
    assert_eq!(line.buckets[0].expires_on, None);
    assert_eq!(line.buckets_as_of, "2026-11-20T07:30:00+09:00".parse().ok());
    let other =
        take(&world, &[("accounts.csv", ACCOUNTS), ("buckets_today.csv", &rows)]).unwrap_err().to_string();
    assert!(other.contains("read the moment of"), "{other}");
}
