//! The key file is changed while subscribers are answered, and a step that is killed anywhere is done by giving it again.

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::{Place, Ran, command};

const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];

fn done(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
}

#[test]
fn a_key_file_is_changed_under_load_without_a_failed_request() {
    let place = Place::begin(&PORTS);
    let (old, new) = (place.beside("key"), place.beside("key-of-2027"));
    let (new_text, finish) = (new.to_str().unwrap().to_owned(), ["key", "rotate", "--finish", "--yes"]);
    let serving = place.serve();
    let (ended, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut browser = serving.browser();
            while !ended.load(Ordering::Relaxed) {
                // A wrong sign-in asks the keeper for a credential and writes an entry.
                let form = [("login", "nobody-here"), ("password", "not a password")];
                assert_eq!(browser.post_form("/sign-in", &form).status, 401);
                assert_eq!(browser.get("/healthz").status, 200);
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
        while asked.load(Ordering::Relaxed) < 2 {
            thread::sleep(Duration::from_millis(10));
        }
        done(&place.run(&["--as", "suzuki", "key", "rotate", "--to", &new_text]));
        let doctor = place.run(&["doctor"]);
        assert!(doctor.code == Some(4) && doctor.out.contains("with another key;"), "{}", doctor.out);
        let settings = place.data.join("honnin.toml");
        let text = fs::read_to_string(&settings).unwrap();
        fs::write(&settings, text.replace(old.to_str().unwrap(), &new_text)).unwrap();
        assert_eq!(place.run(&["key", "rotate", "--finish"]).code, Some(2), "it is asked for");
        done(&place.run(&["--as", "suzuki", finish[0], finish[1], finish[2], finish[3]]));
        let so_far = asked.load(Ordering::Relaxed);
        while asked.load(Ordering::Relaxed) < so_far + 2 {
            thread::sleep(Duration::from_millis(10));
        }
        ended.store(true, Ordering::Relaxed);
    });
    drop(serving);
    done(&place.run(&["doctor"]));
    done(&place.run(&["key", "check"]));
    let acts = place.run(&["journal", "acts"]).out;
    for note in ["key rotate begun", "key rotate finished"] {
        assert!(acts.lines().any(|line| line.contains("suzuki") && line.contains(note)), "{acts}");
    }
    // The one of before opens nothing.
    let settings = place.data.join("honnin.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace(&new_text, old.to_str().unwrap())).unwrap();
    let refused = place.run(&["key", "check"]);
    assert!(
        refused.code == Some(3) && refused.err.contains("does not open with this key file"),
        "{}",
        refused.err
    );
}

/// Whoever forgets to set `keys.key_file` takes the rotation back, and must not destroy the key that opens the keyring.
#[test]
fn a_rotation_that_is_finished_with_the_older_key_says_so() {
    let place = Place::begin(&PORTS);
    let new = place.beside("key-of-2027");
    done(&place.run(&["key", "rotate", "--to", new.to_str().unwrap()]));
    let finished = place.run(&["key", "rotate", "--finish", "--yes"]);
    done(&finished);
    assert!(finished.out.contains("the rotation was taken back"), "{}", finished.out);
    assert!(!finished.out.contains("destroy"), "{}", finished.out);
    done(&place.run(&["key", "check"]));
}

#[test]
fn a_rotation_killed_at_any_moment_is_done_by_giving_it_again() {
    let place = Place::begin(&PORTS);
    let new = place.beside("another");
    let words = ["--data", place.data.to_str().unwrap(), "key", "rotate", "--to", new.to_str().unwrap()];
    let mut killed = 0;
    for millis in (0..400).step_by(25) {
        let mut child = command().args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(millis));
        killed += u32::from(child.try_wait().unwrap().is_none());
        drop(child.kill());
        child.wait().unwrap();
        done(&place.run(&["key", "check"]));
    }
    assert!(killed > 0, "none was killed");
    // A key file that a crash left empty is refused by name, and never written over.
    if fs::metadata(&new).is_ok_and(|about| about.len() == 0) {
        fs::remove_file(&new).unwrap();
    }
    done(&crate::support::honnin(words));
    let settings = place.data.join("honnin.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace(place.beside("key").to_str().unwrap(), new.to_str().unwrap())).unwrap();
    done(&place.run(&["key", "check"]));
    done(&place.run(&["key", "rotate", "--finish", "--yes"]));
    done(&place.run(&["key", "check"]));
}
