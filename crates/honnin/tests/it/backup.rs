//! Backups: made while it serves, brought back after everything else is lost, refused where one octet is another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::support::{Place, Ran, done, mentions, run_in, soon};

const LOGIN: &str = "mio30617284";
const PASSWORD: &str = "umi no mieru ie de";
const PORTS: [(&str, &str); 4] = [
    ("public", "[\"127.0.0.1:0\"]"),
    ("metrics", "\"127.0.0.1:0\""),
    ("checkpoints", "\"../elsewhere\""),
    ("checkpoint_every", "\"1 s\""),
];
/// What changes by being opened: who is signed in, and what nodes agree by.
const OF_THE_MOMENT: [&str; 3] = ["session", "control", "tick"];

fn refused(ran: &Ran, by: &[&str]) {
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    for by in by {
        assert!(ran.err.contains(by), "{by}: {}", ran.err);
    }
}

/// An installation with the ledger in it and one account that has a password.
fn begun() -> Place {
    let place = Place::begin(&PORTS);
    place.take_in();
    let code = place.invite(LOGIN);
    drop(place.serve().activated(LOGIN, &code, PASSWORD));
    place
}

/// Every row of every table, by table.
fn rows(data: &Path) -> BTreeMap<String, Vec<String>> {
    let store = Connection::open(data.join("store/honnin.sqlite")).unwrap();
    let mut tables =
        store.prepare("select name from sqlite_master where type = 'table' order by name").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let of = |table: &String| {
        let mut all = store.prepare(&format!("select * from {table}")).unwrap();
        let columns = all.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            (0..columns).map(|column| row.get::<_, Value>(column)).collect::<Result<Vec<_>, _>>()
        };
        let mut found: Vec<String> =
            all.query_map([], row).unwrap().map(|row| format!("{:?}", row.unwrap())).collect();
        found.sort();
        (table.clone(), found)
    };
    tables.iter().map(of).collect()
}

fn back_up(place: &Place, name: &str) -> PathBuf {
    let to = place.beside(name);
    done(&place.run(&["--as", "suzuki", "backup", "--to", to.to_str().unwrap()]));
    to
}

fn restore(data: &Path, from: &Path) -> Ran {
    run_in(data, &["--as", "suzuki", "restore", "--from", from.to_str().unwrap()])
}

fn everything(path: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { everything(&path, found) } else { found.push(path) }
    }
}

/// What is in the files of that directory, in any depth.
fn octets(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = Vec::new();
    everything(path, &mut files);
    files.into_iter().filter_map(|file| fs::read(&file).ok().map(|octets| (file, octets))).collect()
}

#[test]
fn a_backup_made_under_load_brings_back_everything_after_total_loss() {
    let place = begun();
    let serving = place.serve();
    let mut hers = serving.browser();
    hers.sign_in(LOGIN, PASSWORD);
    let before = hers.figures();
    let (ended, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    let backup = thread::scope(|scope| {
        for _ in 0..2 {
            let mut browser = hers.clone();
            let (ended, asked, before) = (&ended, &asked, &before);
            scope.spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    assert_eq!(browser.figures(), *before, "no request fails meanwhile");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while asked.load(Ordering::Relaxed) < 4 {
            thread::sleep(Duration::from_millis(20));
        }
        let from = asked.load(Ordering::Relaxed);
        let backup = back_up(&place, "backup");
        assert!(asked.load(Ordering::Relaxed) > from, "it was asked meanwhile");
        // What is written from now on is not in it; some of it leaves this machine.
        // The first that leaves may have been made before the backup was.
        for _ in 0..3 {
            let left = octets(&place.beside("elsewhere"));
            for _ in 0..600 {
                if octets(&place.beside("elsewhere")) != left {
                    break;
                }
                thread::sleep(Duration::from_millis(100));
            }
        }
        ended.store(true, Ordering::Relaxed);
        backup
    });
    serving.0.kill();
    let lost = rows(&place.data);
    assert!(
        !lost["session"].is_empty() && lost["document"].len() > 20,
        "{} documents, {} sessions",
        lost["document"].len(),
        lost["session"].len()
    );
    // Nothing that opens anything is in a backup, and no session.
    let key = fs::read_to_string(place.beside("key")).unwrap();
    let mut files = Vec::new();
    everything(&backup, &mut files);
    for file in &files {
        let octets = fs::read(file).unwrap();
        let has = octets.windows(key.trim().len()).any(|octets| octets == key.trim().as_bytes());
        assert!(!has, "{}", file.display());
    }
    assert!(rows(&backup)["session"].is_empty());
    fs::remove_dir_all(&place.data).unwrap();

    let told = restore(&place.data, &backup);
    done(&told);
    assert!(told.out.contains("everybody signs in again"), "{}", told.out);
    assert!(told.out.contains("had left this machine and are not here"), "{}", told.out);
    let found = rows(&place.data);
    assert_eq!(found.keys().collect::<Vec<_>>(), lost.keys().collect::<Vec<_>>());
    for (table, rows) in &lost {
        if !OF_THE_MOMENT.contains(&table.as_str()) {
            assert_eq!(found[table], *rows, "{table}");
        }
    }
    assert!(found["session"].is_empty());
    let verified = place.run(&["journal", "verify"]);
    done(&verified);
    let doctor = place.run(&["doctor"]);
    assert_eq!(
        doctor.code,
        Some(4),
        "the rows in quarantine of the sample, and nothing else: {}",
        doctor.out
    );
    assert_eq!(doctor.out.matches("ATTENTION").count(), 1, "{}", doctor.out);
    let acts = place.run(&["journal", "acts"]).out;
    assert!(
        acts.lines().any(|line| line.contains("suzuki") && line.contains("restore of the backup of")),
        "{acts}"
    );
    assert!(acts.contains(",continued,suzuki,"), "{acts}");

    let serving = place.serve();
    let site = format!("http://{}", serving.0.after("serving on "));
    hers.moved_to(&site);
    assert_eq!(hers.get("/api/v1/me").status, 401, "her session ended");
    let mut again = serving.browser();
    again.sign_in(LOGIN, PASSWORD);
    assert_eq!(again.figures(), before);
    drop(serving);
    done(&place.run(&["journal", "verify"]));
    let seen = place.run(&["journal", "who-saw", LOGIN]).out;
    assert!(seen.lines().count() > 8, "what was shown before and after: {seen}");
}

#[test]
fn a_backup_with_one_octet_cut_or_altered_is_refused_and_named() {
    let place = begun();
    let backup = back_up(&place, "backup");
    let to = place.beside("elsewhere-data");
    let mut files = Vec::new();
    everything(&backup, &mut files);
    let mut kinds: BTreeMap<String, PathBuf> = BTreeMap::new();
    for file in files.into_iter().filter(|file| fs::metadata(file).unwrap().len() > 0) {
        let parts: Vec<_> =
            file.strip_prefix(&backup).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
        // One of each kind: of the journal the part after the log's name tells it.
        let kind = if parts[0] == "journal" { parts[2].to_owned() } else { parts[0].to_owned() };
        kinds.entry(kind).or_insert(file);
    }
    assert!(kinds.len() >= 8, "{kinds:?}");
    for (kind, file) in &kinds {
        let whole = fs::read(file).unwrap();
        let name = file.to_str().unwrap();
        let cut = &whole[..whole.len() - 1];
        let mut altered = whole.clone();
        altered[whole.len() / 2] ^= 1;
        for octets in [cut, &altered[..]] {
            fs::write(file, octets).unwrap();
            let told = restore(&to, &backup);
            assert!([Some(1), Some(3)].contains(&told.code), "{kind}: {}{}", told.out, told.err);
            assert!(told.err.contains(name), "{kind}: {}", told.err);
            assert!(!to.exists(), "{kind}: nothing is left of it");
        }
        fs::remove_file(file).unwrap();
        let told = restore(&to, &backup);
        assert!(told.code != Some(0) && told.err.contains(name), "{kind}: {}", told.err);
        fs::write(file, &whole).unwrap();
    }
    // A file more, and a list that was written to fit: its check is the keyring's.
    let more = backup.join("isolated");
    fs::write(&more, "put in").unwrap();
    refused(&restore(&to, &backup), &["isolated", "not in its list"]);
    fs::remove_file(&more).unwrap();
    let list = backup.join("backup.toml");
    let text = fs::read_to_string(&list).unwrap();
    let settings = backup.join("honnin.toml");
    let whole = fs::read(&settings).unwrap();
    fs::write(&settings, [&whole[..], b"#"].concat()).unwrap();
    let digest = done_digest(&settings);
    let at = text.find("[file.\"honnin.toml\"]").unwrap();
    let (head, of_it) = text.split_at(at);
    let of_it =
        of_it.replacen(&format!("octets = {}", whole.len()), &format!("octets = {}", whole.len() + 1), 1);
    let old = of_it.split("sha256 = \"").nth(1).unwrap()[..64].to_owned();
    fs::write(&list, format!("{head}{}", of_it.replacen(&old, &digest, 1))).unwrap();
    refused(&restore(&to, &backup), &["backup.toml", "its check is not of this installation's keyring"]);
    fs::write(&settings, &whole).unwrap();
    fs::write(&list, &text).unwrap();
    // Without the key, and with another one.
    let key = place.beside("key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, "another key of more than thirty-two octets\n").unwrap();
    let told = restore(&to, &backup);
    assert!(told.code == Some(3) && told.err.contains("does not open with this key file"), "{}", told.err);
    fs::write(&key, right).unwrap();
    done(&restore(&to, &backup));
}

fn done_digest(file: &Path) -> String {
    let ran = std::process::Command::new("sha256sum").arg(file).output().unwrap();
    String::from_utf8(ran.stdout).unwrap()[..64].to_owned()
}

#[test]
fn a_restore_over_an_installation_is_refused_and_leaves_it_as_it_was() {
    let place = begun();
    let backup = back_up(&place, "backup");
    refused(&restore(&place.data, &backup), &["it is not empty", "never written over"]);
    let serving = place.serve();
    refused(&restore(&place.data, &backup), &["it is not empty"]);
    serving.browser().sign_in(LOGIN, PASSWORD);
    drop(serving);
    done(&place.run(&["journal", "verify"]));
    refused(&place.run(&["backup", "--to", backup.to_str().unwrap()]), &["it is not empty"]);
    let inside = place.data.join("backup");
    refused(&place.run(&["backup", "--to", inside.to_str().unwrap()]), &["inside the data directory"]);
    // A restore that was killed leaves no installation.
    let half = place.beside("half");
    fs::create_dir(&half).unwrap();
    fs::set_permissions(&half, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    for name in ["honnin.toml", "keyring.toml"] {
        fs::copy(backup.join(name), half.join(name)).unwrap();
    }
    fs::write(half.join("restoring"), "").unwrap();
    fs::set_permissions(half.join("restoring"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    refused(&run_in(&half, &["serve"]), &["was not finished"]);
}

#[test]
fn two_that_go_on_from_one_backup_never_write_one_log() {
    let place = begun();
    let backup = back_up(&place, "backup");
    let (first, second) = (place.beside("first"), place.beside("second"));
    for data in [&first, &second] {
        done(&restore(data, &backup));
    }
    let logs = |data: &Path| -> Vec<String> {
        let names = fs::read_dir(data.join("journal")).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let old = logs(&backup);
    let new =
        |data: &Path| -> Vec<String> { logs(data).into_iter().filter(|log| !old.contains(log)).collect() };
    assert!(!new(&first).is_empty() && !new(&second).is_empty());
    assert!(new(&first).iter().all(|log| !new(&second).contains(log)));
    // The old ones end where they were: whoever goes on with one of them all the same is found by the other's entry.
    let old_log = place.data.join("journal");
    let serving = place.serve();
    serving.browser().sign_in(LOGIN, PASSWORD);
    drop(serving);
    for log in &old {
        fs::remove_dir_all(first.join("journal").join(log)).unwrap();
        let copied = std::process::Command::new("cp")
            .arg("-a")
            .arg(old_log.join(log))
            .arg(first.join("journal"))
            .status();
        assert!(copied.unwrap().success());
    }
    let told = run_in(&first, &["journal", "verify"]);
    assert!(told.code == Some(6) && told.err.contains("goes on all the same"), "{}{}", told.out, told.err);
    done(&run_in(&second, &["journal", "verify"]));
}

#[test]
fn a_journal_that_outlived_its_store_is_kept_whole() {
    let place = begun();
    let backup = back_up(&place, "backup");
    let serving = place.serve();
    serving.browser().sign_in(LOGIN, PASSWORD);
    drop(serving);
    let entries = |out: &str| -> u64 {
        let counts = out.lines().filter_map(|line| line.strip_prefix("entries"));
        counts.map(|rest| rest.split_whitespace().next().unwrap().parse::<u64>().unwrap()).sum()
    };
    let before = entries(&place.run(&["journal", "verify"]).out);
    let lost = place.beside("lost");
    fs::rename(&place.data, &lost).unwrap();
    // One of somebody else is not taken.
    let other = begun();
    let theirs = other.data.join("journal");
    let told = run_in(
        &place.data,
        &["restore", "--from", backup.to_str().unwrap(), "--journal", theirs.to_str().unwrap()],
    );
    assert!(
        told.code == Some(1) && told.err.contains("does not go on from that of the backup"),
        "{}",
        told.err
    );
    let journal = lost.join("journal");
    let told = run_in(
        &place.data,
        &["restore", "--from", backup.to_str().unwrap(), "--journal", journal.to_str().unwrap()],
    );
    done(&told);
    assert!(!told.out.contains("missing"), "{}", told.out);
    let verified = place.run(&["journal", "verify"]);
    assert!(entries(&done(&verified).out) > before, "{}", verified.out);
    drop(place.serve());
}

/// How often an id stands in the store's file where rows are or were.
fn says(data: &Path, id: &[u8]) -> usize {
    mentions(&fs::read(data.join("store/honnin.sqlite")).unwrap(), id)
}

#[test]
fn an_erased_account_is_gone_with_its_keys_and_only_older_backups_hold_it() {
    let place = begun();
    let older = back_up(&place, "older");
    let before = rows(&place.data);
    let serving = place.serve();
    let mut hers = serving.browser();
    hers.sign_in(LOGIN, PASSWORD);
    let figures_before = hers.figures();
    assert_eq!(place.run(&["account", "erase", LOGIN]).code, Some(2), "it is asked for");
    let told = place.run(&["--as", "suzuki", "account", "erase", LOGIN, "--yes"]);
    assert!(done(&told).out.contains("hold it until you delete them"), "{}", told.out);
    assert!(soon(|| hers.get("/api/v1/me").status == 401), "the running server does not know");
    let again = serving.browser().send_json(
        "POST",
        "/api/v1/sessions",
        &format!(r#"{{"login":"{LOGIN}","password":"{PASSWORD}"}}"#),
    );
    assert_eq!(again.status, 401, "{}", again.body);
    drop(serving);
    let after = rows(&place.data);
    let gone: Vec<&String> = before["account"].iter().filter(|row| !after["account"].contains(row)).collect();
    assert_eq!(
        (gone.len(), before["account"].len() - after["account"].len()),
        (1, 1),
        "hers and nobody else's"
    );
    // Her id: the second column, sixteen octets as they are printed.
    let printed = gone[0].split("Blob(").nth(1).unwrap().split(')').next().unwrap();
    let numbers = printed.trim_matches(['[', ']']).split(", ").map(|octet| octet.parse::<u8>().unwrap());
    let id: Vec<u8> = numbers.collect();
    assert_eq!(id.len(), 16);
    assert!(says(&older, &id) > 3);
    assert_eq!(says(&place.data, &id), 0, "nor in what was deleted");
    for (table, rows) in &after {
        let (mine, theirs): (Vec<&String>, Vec<&String>) =
            before[table].iter().partition(|row| row.contains(printed));
        assert!(rows.iter().all(|row| !row.contains(printed)), "{table}");
        if !OF_THE_MOMENT.contains(&table.as_str()) {
            assert_eq!(rows.iter().collect::<Vec<_>>(), theirs, "{table}: everybody else's as it was");
        }
        assert!(
            !mine.is_empty()
                || !["account", "document", "subject_key", "directory"].contains(&table.as_str()),
            "{table}"
        );
    }
    let twice = place.run(&["account", "erase", LOGIN, "--yes"]);
    refused(&twice, &["the store has none of that name"]);
    assert!(place.run(&["journal", "acts"]).out.contains("account erase"));
    done(&place.run(&["journal", "verify"]));
    // What was made before holds her, which is said; what is made now does not.
    let newer = fs::read(back_up(&place, "newer").join("store/honnin.sqlite")).unwrap();
    assert!(!newer.windows(id.len()).any(|octets| octets == id), "nor in any space of a backup");
    fs::remove_dir_all(&place.data).unwrap();
    done(&restore(&place.data, &older));
    let serving = place.serve();
    let mut back = serving.browser();
    back.sign_in(LOGIN, PASSWORD);
    assert_eq!(back.figures(), figures_before);
}

#[test]
fn a_restore_brings_back_what_the_public_was_told() {
    let place = begun();
    done(&place.run(&["notice", "open", "slow"]));
    let backup = back_up(&place, "backup");
    assert!(backup.join("status/checkpoint").exists() && !backup.join("status/word").exists());
    let said = fs::read(place.data.join("status/checkpoint")).unwrap();
    fs::remove_dir_all(&place.data).unwrap();
    let told = restore(&place.data, &backup);
    done(&told);
    assert!(told.out.contains("notices  1 entries of the public record"), "{}", told.out);
    assert_eq!(fs::read(place.data.join("status/checkpoint")).unwrap(), said);
    done(&place.run(&["status", "verify"]));
    // It goes on from there, and no second record begins.
    let next = place.run(&["notice", "update", "0"]);
    done(&next);
    assert!(next.out.contains("entry 1 of the public record"), "{}", next.out);
}
