//! The key file in shares: made, kept by people, and brought back when the machine and the key file are lost.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::support::{Place, Ran, done, honnin, run_in};

const LOGIN: &str = "mio30617284";
const PASSWORD: &str = "umi no mieru ie de";
const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];

fn refused(ran: &Ran, by: &[&str]) {
    assert_ne!(ran.code, Some(0), "{}", ran.out);
    for by in by {
        assert!(ran.err.contains(by), "{by}: {}", ran.err);
    }
}

/// Makes shares in a directory of that name; their files.
fn shares(place: &Place, name: &str, (needed, of): (u8, u8)) -> Vec<PathBuf> {
    let (to, needed, shares) = (place.beside(name), needed.to_string(), of.to_string());
    let words = ["--as", "suzuki", "key", "escrow", "make", "--shares", &shares, "--needed", &needed, "--to"];
    done(&place.run(&[&words[..], &[to.to_str().unwrap()]].concat()));
    (1..=of).map(|number| to.join(format!("honnin-key-share-{number}-of-{of}.txt"))).collect()
}

/// Brings a key file back, with no installation at hand.
fn back(files: &[&PathBuf], to: &Path) -> Ran {
    let files = files.iter().map(|file| file.to_str().unwrap());
    let words = ["--data", "/nowhere", "key", "escrow", "restore", "--to", to.to_str().unwrap()];
    honnin(words.into_iter().chain(files))
}

#[test]
fn three_of_five_and_a_backup_bring_everything_back_after_total_loss() {
    let place = Place::begin(&PORTS);
    place.take_in();
    let code = place.invite(LOGIN);
    let serving = place.serve();
    let mut hers = serving.activated(LOGIN, &code, PASSWORD);
    let before = hers.figures();
    assert!(place.run(&["doctor"]).out.contains("no shares of the key file were made"));

    let files = shares(&place, "shares", (3, 5));
    let key = place.beside("key");
    let lost = fs::read_to_string(&key).unwrap();
    for file in &files {
        assert_eq!(fs::metadata(file).unwrap().mode() & 0o777, 0o600, "{}", file.display());
        let text = fs::read_to_string(file).unwrap();
        assert!(
            !text.contains(lost.trim()) && text.contains("any 3 of them bring the key file back"),
            "{text}"
        );
    }
    assert_eq!(fs::metadata(files[0].parent().unwrap()).unwrap().mode() & 0o777, 0o700);
    let acts = place.run(&["journal", "acts"]).out;
    assert!(acts.lines().any(|line| line.ends_with("key_act,suzuki,,5 3,key escrow made")), "{acts}");
    let doctor = place.run(&["doctor"]).out;
    assert!(doctor.contains("bring back the present key file"), "{doctor}");
    let backup = place.beside("backup");
    done(&place.run(&["backup", "--to", backup.to_str().unwrap()]));
    drop(serving);

    fs::remove_dir_all(&place.data).unwrap();
    fs::remove_file(&key).unwrap();
    let restore = ["restore", "--from", backup.to_str().unwrap()];
    refused(&run_in(&place.data, &restore), &["cannot read the key file"]);
    refused(&back(&[&files[4], &files[1]], &key), &["3 shares are needed, and 2 are there"]);
    assert!(!key.exists());
    done(&back(&[&files[4], &files[1], &files[2]], &key));
    assert_eq!(fs::metadata(&key).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&key).unwrap(), lost);
    done(&run_in(&place.data, &restore));
    done(&place.run(&["key", "check"]));
    let serving = place.serve();
    let mut again = serving.browser();
    again.sign_in(LOGIN, PASSWORD);
    assert_eq!(again.figures(), before);
    drop(serving);
    done(&place.run(&["journal", "verify"]));
}

#[test]
fn shares_that_are_wrong_mixed_typed_wrong_or_altered_are_told_apart() {
    let place = Place::begin(&PORTS);
    let (ours, later) = (shares(&place, "ours", (2, 3)), shares(&place, "later", (2, 3)));
    let to = place.beside("back");
    let name = |file: &PathBuf| file.display().to_string();
    refused(&back(&[&ours[0], &later[1]], &to), &["are not of one set", &name(&later[1])]);
    refused(&back(&[&ours[0], &ours[0]], &to), &["the same share, number 1"]);
    refused(&back(&[&ours[0], &place.data.join("honnin.toml")], &to), &["no share is in it"]);
    refused(&back(&[&ours[0], &place.beside("nobody")], &to), &["cannot read the share"]);
    // One sign of the third line.
    let typed = place.beside("typed.txt");
    let text = fs::read_to_string(&ours[1]).unwrap();
    let line = text.lines().find(|line| line.starts_with("03  ")).unwrap();
    let sign = if line.as_bytes()[4] == b'7' { '8' } else { '7' };
    fs::write(&typed, text.replace(line, &format!("03  {sign}{}", &line[5..]))).unwrap();
    refused(&back(&[&ours[0], &typed], &to), &["typed.txt: its line 3 is not as it was written"]);
    assert!(!to.exists(), "nothing is written of it");
    // As people type it, and nothing but what is between the two lines.
    let block = &text[text.find("-----BEGIN").unwrap()..];
    let small: Vec<String> = block
        .lines()
        .map(
            |line| {
                if line.starts_with('0') { line.to_lowercase().replace(' ', "  ") } else { line.to_owned() }
            },
        )
        .collect();
    fs::write(&typed, small.join("\r\n")).unwrap();
    done(&back(&[&ours[2], &typed], &to));
    assert_eq!(fs::read(&to).unwrap(), fs::read(place.beside("key")).unwrap());
    refused(&back(&[&ours[0], &ours[1]], &to), &["is never overwritten"]);
    let inside = ["key", "escrow", "restore", ours[0].to_str().unwrap(), ours[1].to_str().unwrap(), "--to"];
    let key = place.data.join("key");
    refused(&place.run(&[&inside[..], &[key.to_str().unwrap()]].concat()), &["inside the data directory"]);
    assert!(!key.exists());
}

#[test]
fn shares_are_written_whole_after_the_journal_or_not_at_all() {
    let place = Place::begin(&PORTS);
    let make = |shares: &str, needed: &str, to: &Path| {
        let words = ["key", "escrow", "make", "--shares", shares, "--needed", needed, "--to"];
        place.run(&[&words[..], &[to.to_str().unwrap()]].concat())
    };
    let to = place.beside("shares");
    assert_eq!(make("3", "4", &to).code, Some(2));
    assert_eq!(make("3", "1", &to).code, Some(2), "one share would be the key");
    refused(&make("3", "2", &place.data.join("shares")), &["inside the data directory"]);
    // One that is there is nobody's to overwrite, and none is put beside it.
    fs::create_dir(&to).unwrap();
    let there = to.join("honnin-key-share-2-of-3.txt");
    fs::write(&there, "somebody's").unwrap();
    refused(&make("3", "2", &to), &["never overwritten", "share-2-of-3"]);
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(&there).unwrap(), "somebody's");
    assert!(!to.parent().unwrap().join("data/shares").exists());
    fs::remove_file(&there).unwrap();
    let acts = || place.run(&["journal", "acts"]).out.matches("key escrow made").count();
    assert_eq!(acts(), 0);
    done(&make("3", "2", &to));
    assert_eq!(acts(), 1);
    // Where the act cannot be written no share is.
    for log in fs::read_dir(place.data.join("journal")).unwrap().map(|entry| entry.unwrap().path()) {
        if log.is_dir() {
            fs::write(log.join("checkpoint"), []).unwrap();
        }
    }
    let other = place.beside("other");
    refused(&make("3", "2", &other), &["record the act in the journal"]);
    assert!(!other.exists());
}

#[test]
fn doctor_says_that_shares_are_of_the_key_file_of_before() {
    let place = Place::begin(&PORTS);
    let files = shares(&place, "shares", (2, 2));
    let new = place.beside("key-of-2027");
    done(&place.run(&["key", "rotate", "--to", new.to_str().unwrap()]));
    let settings = place.data.join("honnin.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace(place.beside("key").to_str().unwrap(), new.to_str().unwrap())).unwrap();
    done(&place.run(&["key", "rotate", "--finish", "--yes"]));
    let doctor = place.run(&["doctor"]);
    assert_eq!(doctor.code, Some(4), "{}", doctor.out);
    assert!(doctor.out.contains("are of the key file of before"), "{}", doctor.out);
    // They bring back the file of before, which opens backups of before.
    let old = place.beside("old");
    done(&back(&[&files[0], &files[1]], &old));
    assert_eq!(fs::read(&old).unwrap(), fs::read(place.beside("key")).unwrap());
    shares(&place, "new", (2, 3));
    let doctor = place.run(&["doctor"]);
    assert_eq!(doctor.code, Some(0), "{}", doctor.out);
}
