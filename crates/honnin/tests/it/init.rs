//! `honnin init`: what it makes and what it refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use honnin_testkit::TestDir;

use crate::support::{Ran, honnin};

fn init(data: &Path, key: &Path) -> Ran {
    honnin(["init", data.to_str().unwrap(), "--key-file", key.to_str().unwrap()])
}

#[test]
fn it_makes_settings_that_can_be_used_and_a_key_outside() {
    let dir = TestDir::new();
    let (data, key) = (dir.join("data"), dir.join("key"));
    let ran = init(&data, &key);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let settings = fs::read_to_string(data.join("honnin.toml")).unwrap();
    assert!(settings.contains(&format!("key_file = \"{}\"", key.display())), "{settings}");
    let checked = honnin(["--data", data.to_str().unwrap(), "config", "check"]);
    assert_eq!(checked.code, Some(0), "{}", checked.err);
    let opened = honnin(["--data", data.to_str().unwrap(), "key", "check"]);
    assert_eq!(opened.code, Some(0), "{}", opened.err);
    let key = fs::read_to_string(key).unwrap();
    assert!(!ran.out.contains(key.trim()) && !settings.contains(key.trim()), "the key is printed nowhere");
}

#[test]
fn it_never_overwrites() {
    let dir = TestDir::new();
    let (data, key) = (dir.join("data"), dir.join("key"));
    assert_eq!(init(&data, &key).code, Some(0));
    let before = fs::read(data.join("honnin.toml")).unwrap();
    let again = init(&data, &key);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("nothing is ever overwritten"), "{}", again.err);
    assert_eq!(fs::read(data.join("honnin.toml")).unwrap(), before);
}

#[test]
fn a_key_file_inside_the_data_directory_is_refused_and_nothing_is_made() {
    let dir = TestDir::new();
    let data = dir.join("data");
    let ran = init(&data, &data.join("key"));
    assert_eq!(ran.code, Some(3));
    assert!(ran.err.contains("inside the data directory"), "{}", ran.err);
    assert!(!data.exists());
}

#[test]
fn a_key_file_that_others_can_read_is_refused_and_nothing_is_made() {
    let dir = TestDir::new();
    let key = dir.write("key", "a long passphrase somebody wrote there\n");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = init(&dir.join("data"), &key);
    assert_eq!(ran.code, Some(3));
    assert!(
        ran.err.contains("other users can read it") && !ran.err.contains("somebody wrote"),
        "{}",
        ran.err
    );
    assert!(!dir.join("data").exists());
}

#[test]
fn another_key_does_not_open_the_keyring() {
    let dir = TestDir::new();
    let (data, key) = (dir.join("data"), dir.join("key"));
    assert_eq!(init(&data, &key).code, Some(0));
    fs::write(&key, "another passphrase that is long enough\n").unwrap();
    let opened = honnin(["--data", data.to_str().unwrap(), "key", "check"]);
    assert_eq!(opened.code, Some(3));
    assert!(opened.err.contains("does not open with this key file"), "{}", opened.err);
}

#[test]
fn without_a_key_file_it_does_not_begin() {
    let dir = TestDir::new();
    let ran = honnin(["init", dir.join("data").to_str().unwrap()]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("--key-file"), "{}", ran.err);
}
