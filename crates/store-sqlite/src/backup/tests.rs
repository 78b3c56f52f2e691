use std::sync::atomic::{AtomicUsize, Ordering};

use honnin_testkit::TestDir;

use super::*;

/// A store with so many megabytes in a table of its own, and where a copy of it goes.
fn filled(megabytes: usize) -> (TestDir, PathBuf, PathBuf) {
    let dir = TestDir::new();
    let (file, copy) = (dir.join("full.sqlite"), dir.join("copy.sqlite"));
    let connection = Connection::open(&file).unwrap();
    let made = "create table t (n integer primary key, octets blob) strict;
                create table session (tenant integer, row_hash blob, primary key (tenant, row_hash)) strict, without rowid;
                begin";
    connection.execute_batch(made).unwrap();
    for _ in 0..megabytes * 100 {
        connection.execute("insert into t (octets) values (randomblob(10000))", []).unwrap();
    }
    for _ in 0..=MOST_SESSIONS {
        connection.execute("insert into session values (1, randomblob(32))", []).unwrap();
    }
    connection.execute_batch("commit").unwrap();
    File::create(&copy).unwrap();
    (dir, file, copy)
}

fn counting() -> (Arc<AtomicUsize>, Step) {
    let steps = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&steps);
    let step = move || {
        counted.fetch_add(1, Ordering::Relaxed);
    };
    (steps, Arc::new(step))
}

#[test]
fn a_copy_lets_others_go_first_many_times_and_is_whole() {
    let (_dir, file, copy) = filled(1);
    let (steps, step) = counting();
    write(&file, &copy, &step).unwrap();
    assert!(steps.load(Ordering::Relaxed) > 5, "{steps:?}");
    let rows = |file: &Path, table: &str| -> i64 {
        let connection = Connection::open(file).unwrap();
        connection.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((rows(&copy, "t"), rows(&copy, "session")), (100, 0));
    assert_eq!((rows(&file, "t"), rows(&file, "session")), (100, MOST_SESSIONS + 1));
}

#[test]
fn a_large_copy_reaches_the_disk_a_few_megabytes_at_a_time() {
    let (_dir, file, copy) = filled(12);
    let (_steps, step) = counting();
    let lengths = Arc::new(Mutex::new(vec![0]));
    let seen = Arc::clone(&lengths);
    let sync = move |copy: &File| {
        seen.lock().unwrap().push(copy.metadata()?.len());
        Ok(())
    };
    let between = Between { sync: Arc::new(sync), ..Between::new(&copy, &schema::log_of(&file), &step) };
    let name = copy.to_str().unwrap();
    let mut from = Connection::open(&file).unwrap();
    between.run(&mut from, |from| from.execute("vacuum into ?1", [name]).map(drop)).unwrap();
    let lengths = lengths.lock().unwrap();
    assert!(lengths.windows(2).all(|two| two[1] - two[0] < 2 * MOST_UNWRITTEN), "{lengths:?}");
    assert!(length(&copy) - lengths.last().unwrap() < 8 * MOST_UNWRITTEN, "{lengths:?}");
}

#[test]
fn a_copy_that_does_not_reach_the_disk_is_told_as_such() {
    let (_dir, file, copy) = filled(6);
    let (_steps, step) = counting();
    let sync = |_: &File| Err(std::io::ErrorKind::StorageFull.into());
    let between = Between { sync: Arc::new(sync), ..Between::new(&copy, &schema::log_of(&file), &step) };
    let name = copy.to_str().unwrap();
    let mut from = Connection::open(&file).unwrap();
    match between.run(&mut from, |from| from.execute("vacuum into ?1", [name]).map(drop)) {
        Err(StartError::System(reason)) => assert_eq!(reason.kind(), std::io::ErrorKind::StorageFull),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_copy_beside_a_log_that_grew_much_goes_on_without_pauses() {
    let (_dir, file, copy) = filled(1);
    let (steps, step) = counting();
    let log = schema::log_of(&copy);
    let between = Between::new(&copy, &log, &step);
    let mut each = between.each(Arc::default()).unwrap();
    assert!(!each());
    assert_eq!(steps.load(Ordering::Relaxed), 1);
    // Long, and with nothing in it.
    File::create(&log).unwrap().set_len(MOST_GROWN).unwrap();
    assert!(!each());
    assert_eq!(steps.load(Ordering::Relaxed), 1, "{}", file.display());
}
