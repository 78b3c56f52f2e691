//! Two worlds of the ledger: whatever it says of a neighbour, what is stored of the viewer is the same.

use std::cell::RefCell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::rules::{ACCOUNTS, bucket, line, usage};
use crate::world::World;

/// What the ledger says of the neighbour, or of nobody.
#[derive(Debug, Clone)]
enum Said {
    Line {
        place: u8,
        ended: bool,
    },
    Usage {
        place: u8,
        day: u8,
        kb: u32,
    },
    Bucket {
        place: u8,
        kb: u32,
        hour: u8,
    },
    /// A row nobody can read, in that file.
    Broken {
        file: usize,
        how: usize,
    },
}

/// Where it stands beside the viewer's rows.
#[derive(Debug, Clone)]
struct Row {
    said: Said,
    first: bool,
}

const FILES: [&str; 3] = ["回線.csv", "利用量_1.csv", "データ残量.csv"];

const BROKEN: [&str; 6] = [
    "\"\"\r\n",
    "\"mio2\",\"x\"\r\n",
    "\"not a row at all\r\n",
    "\"V1\",\"07000000102\",\"2026/13/45\",\"1\",\"0\"\r\n",
    "\"V2\",\"07000000102\",\"2026/11/02\",\"-1\",\"0\"\r\n",
    ",,,,,,,,,,,,,,,,,,,,\r\n",
];

fn number(place: u8) -> String {
    format!("0700000010{place}")
}

impl Said {
    /// The file, and the row in it.
    fn row(&self, record: usize) -> (usize, String) {
        match *self {
            Self::Line { place, ended } => {
                let to = if ended { "2026/11/10" } else { "" };
                (0, line(&format!("hdo10{place}"), "mio2", &number(place), "2025/01/01", to, ""))
            }
            Self::Usage { place, day, kb } => {
                (1, usage(&format!("N{record}"), &number(place), &format!("11/{:02}", 1 + day), kb))
            }
            Self::Bucket { place, kb, hour } => {
                (2, bucket(&format!("hdo10{place}"), "基本", kb, &format!("20 0{hour}:00:00")))
            }
            Self::Broken { file, how } => (file, BROKEN[how].to_owned()),
        }
    }
}

fn row() -> impl Strategy<Value = Row> {
    let said = prop_oneof![
        (0..3_u8, any::<bool>()).prop_map(|(place, ended)| Said::Line { place, ended }),
        (0..4_u8, 0..18_u8, 0..1000_u32).prop_map(|(place, day, kb)| Said::Usage { place, day, kb }),
        (0..4_u8, 0..1000_u32, 1..10_u8).prop_map(|(place, kb, hour)| Said::Bucket { place, kb, hour }),
        (0..FILES.len(), 0..BROKEN.len()).prop_map(|(file, how)| Said::Broken { file, how }),
    ];
    (said, any::<bool>()).prop_map(|(said, first)| Row { said, first })
}

/// Takes in what the ledger says of the viewer, with the neighbour's rows round it, and gives what is stored of her.
fn stored(world: &World, rows: &[Row]) -> String {
    let hers = [
        line("hdo1", "mio1", "07000000001", "2025/01/01", "", "")
            + &line("hdo2", "mio1", "07000000002", "2025/01/01", "", ""),
        usage("U1", "07000000001", "11/02", 20) + &usage("U2", "07000000002", "11/03", 31),
        bucket("hdo1", "基本", 700, "20 05:00:00") + &bucket("hdo2", "追加", 50, "20 05:00:00"),
    ];
    let mut files = [const { String::new() }; 3];
    for (record, Row { said, .. }) in rows.iter().enumerate().filter(|(_, row)| row.first) {
        let (file, row) = said.row(record);
        files[file].push_str(&row);
    }
    files.iter_mut().zip(hers).for_each(|(file, hers)| file.push_str(&hers));
    for (record, Row { said, .. }) in rows.iter().enumerate().filter(|(_, row)| !row.first) {
        let (file, row) = said.row(record);
        files[file].push_str(&row);
    }
    let [lines, used, left] = &files;
    let taken: Vec<(&str, &str)> =
        [("契約者.csv", ACCOUNTS), (FILES[0], lines), (FILES[1], used), (FILES[2], left)].to_vec();
    world.take_rows(&taken);
    format!("{:?}", world.shown("mio1"))
}

#[test]
fn what_the_ledger_says_of_a_neighbour_changes_nothing_of_what_is_stored_of_the_viewer() {
    let world = RefCell::new(Some(World::new("ledger-a")));
    let fresh = |rows: &[Row]| {
        let empty = world.borrow_mut().take().unwrap().emptied();
        let stored = stored(&empty, rows);
        *world.borrow_mut() = Some(empty);
        stored
    };
    let alone = fresh(&[]);
    let config = Config { failure_persistence: None, cases: 64, ..Config::default() };
    let held = TestRunner::new(config).run(&vec(row(), 0..12), |rows| {
        prop_assert_eq!(&fresh(&rows), &alone);
        Ok(())
    });
    if let Err(error) = held {
        panic!("{error}");
    }
}
