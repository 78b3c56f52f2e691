//! What somebody with an account on the machine can and cannot do: modes of files, demos, signals, certificates.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{Browser, Demo, Place, Ran, directory_of_sample, mapping, soon};

const LOGIN: &str = "mio30617284";
const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn refused(ran: &Ran, by: &str) {
    assert_eq!(ran.code, Some(3), "{by}: {}", ran.err);
    assert!(ran.err.contains(by), "{by}: {}", ran.err);
}

/// Everything below a directory, itself included.
fn everything(path: &Path, found: &mut Vec<PathBuf>) {
    found.push(path.to_owned());
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            everything(&entry.unwrap().path(), found);
        }
    }
}

fn take_in(place: &Place) {
    let (mapping, sample) = (mapping(), directory_of_sample());
    let taken =
        place.run(&["intake", "files", "--mapping", mapping.to_str().unwrap(), sample.to_str().unwrap()]);
    assert_eq!(taken.code, Some(0), "{}", taken.err);
}

#[test]
fn every_file_is_its_owners_alone_and_one_that_is_not_is_refused() {
    let place = Place::begin(&PORTS);
    take_in(&place);
    drop(place.serve());
    let mut all = Vec::new();
    everything(&place.data, &mut all);
    assert!(all.len() > 6, "{all:?}");
    let open = all.iter().filter(|path| fs::metadata(path).unwrap().mode() & 0o077 != 0);
    let open: Vec<&PathBuf> = open.filter(|path| !path.ends_with("journal.pub")).collect();
    assert!(open.is_empty(), "{open:?}");
    let journal = all.iter().find(|path| path.is_file() && path.to_str().unwrap().contains("/journal/"));
    let of = |name: &str| place.data.join(name);
    let files = [
        (place.data.clone(), 0o755, 0o700),
        (of("keyring.toml"), 0o644, 0o600),
        (of("journal"), 0o750, 0o700),
        (journal.unwrap().clone(), 0o644, 0o600),
        (of("store/honnin.sqlite"), 0o660, 0o600),
        (of("honnin.toml"), 0o666, 0o600),
    ];
    for (path, wrong, right) in files {
        chmod(&path, wrong);
        for args in [&["doctor"][..], &["serve"], &["config", "check"], &["account", "merges"]] {
            refused(&place.run(args), path.to_str().unwrap());
        }
        chmod(&path, right);
    }
    assert_eq!(place.run(&["doctor"]).code, Some(0));
}

#[test]
fn a_directory_that_was_open_is_closed_by_init() {
    let place = Place::begin(&[]);
    let (data, key) = (place.beside("open"), place.beside("key2"));
    fs::create_dir(&data).unwrap();
    chmod(&data, 0o755);
    let words = ["init", data.to_str().unwrap(), "--key-file", key.to_str().unwrap()];
    assert_eq!(crate::support::honnin(words).code, Some(0));
    assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o700);
}

#[test]
fn a_demo_refuses_a_real_installation_and_no_clock_is_planted_in_one() {
    let place = Place::begin(&PORTS);
    take_in(&place);
    let data = place.data.to_str().unwrap();
    for more in
        [&[][..], &["--now", "2030-01-01T00:00:00Z"], &["--sessions", "8", "--sessions-out", "/dev/null"]]
    {
        let args = ["--data", data, "demo", "--listen", "127.0.0.1:0"];
        let ran = crate::support::honnin(args.iter().chain(more));
        assert_eq!(ran.code, Some(1), "{more:?}: {}", ran.err);
        assert!(ran.err.contains("not a demo installation"), "{more:?}: {}", ran.err);
    }
    let hundred_years = 100 * 365 * 86_400_000_u64;
    fs::write(place.data.join("demo-clock"), format!("{hundred_years}\n")).unwrap();
    chmod(&place.data.join("demo-clock"), 0o600);
    let invited = place.run(&["account", "invite", LOGIN]);
    assert_eq!(invited.code, Some(0), "{}", invited.err);
    let until = invited.out.lines().find_map(|line| line.strip_prefix("until")).unwrap().trim();
    assert!(until < "2100", "{until}");
}

#[test]
fn a_demo_says_on_every_page_and_command_that_it_is_one() {
    let place = Place::for_demo(&PORTS);
    let demo = Demo::start(["--data", place.data.to_str().unwrap()]);
    for path in ["/sign-in", "/notices", "/activate"] {
        let page = demo.browser().get(path).body;
        assert!(page.contains("デモ環境・架空のお客様の情報です"), "{path}: {page}");
    }
    assert_eq!(demo.stop(), Some(0));
    for args in [&["doctor"][..], &["account", "merges"], &["key", "check"], &["journal", "verify"]] {
        let ran = place.run(args);
        assert!(ran.err.contains("demo installation"), "{args:?}: {}", ran.err);
    }
    assert!(place.run(&["doctor"]).out.contains("of a demo"));
    let keyring = place.data.join("keyring.toml");
    let text = fs::read_to_string(&keyring).unwrap();
    fs::write(&keyring, text.replace("demo = true", "demo = false")).unwrap();
    assert_eq!(place.run(&["key", "check"]).code, Some(3), "it is bound to the seal");
}

#[test]
fn metrics_beyond_loopback_need_a_token_or_a_decision() {
    let place = Place::begin(&[("metrics", "\"0.0.0.0:0\"")]);
    refused(&place.run(&["config", "check"]), "listen.metrics_token");
    let token = place.beside("token");
    fs::write(&token, "a token of at least thirty-two octets\n").unwrap();
    chmod(&token, 0o600);
    let written = format!("\"{}\"", token.display());
    let guarded = Place::begin(&[PORTS[0], ("metrics", "\"0.0.0.0:0\""), ("metrics_token", &written)]);
    let serving = guarded.serve();
    let port = serving.0.after("metrics on http://").trim_end_matches("/metrics").rsplit(':').next().unwrap();
    let mut monitor = Browser::new(&format!("http://127.0.0.1:{port}"));
    assert_eq!(monitor.get("/metrics").status, 401);
    let bearer = ("authorization", "Bearer a token of at least thirty-two octets");
    assert_eq!(monitor.ask("GET", "/metrics", &[bearer], "").status, 200);
    assert_eq!(monitor.get("/readyz").status, 200);
}

#[test]
fn a_hangup_reopens_the_log_and_ends_nothing() {
    let place = Place::begin(&[PORTS[0], PORTS[1], ("directory", "\"logs\"")]);
    let serving = place.serve();
    serving.browser().get("/sign-in");
    let log = place.data.join("logs/honnin.log");
    let moved = place.data.join("logs/moved");
    assert!(soon(|| log.exists()));
    fs::rename(&log, &moved).unwrap();
    serving.0.signal("-HUP");
    assert!(
        soon(|| serving.browser().get("/sign-in").status == 200 && log.exists()),
        "the log is a new file"
    );
    let before = fs::read(&moved).unwrap().len();
    serving.browser().get("/sign-in");
    assert!(soon(|| fs::read_to_string(&log).unwrap().contains("/sign-in")));
    assert_eq!(fs::read(&moved).unwrap().len(), before);
    assert_eq!(serving.0.stop("-TERM"), Some(0));
}

/// What `journal acts` lists: act, operator, note.
fn acts(place: &Place) -> Vec<(String, String, String)> {
    let told = place.run(&["journal", "acts", "--json"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    let told: serde_json::Value = serde_json::from_str(&told.out).unwrap();
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    let row = |row| (text(row, "act"), text(row, "operator"), text(row, "note"));
    told["acts"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn every_act_is_an_entry_under_the_name_of_who_did_it() {
    let place = Place::begin(&PORTS);
    take_in(&place);
    let serving = place.serve();
    let by = |args: &[&str], name: &str| place.run(&[args, &["--as", name]].concat());
    // Beside a server that has the log of its own open.
    assert_eq!(by(&["account", "invite", LOGIN], "sato").code, Some(0));
    let hashes = place.beside("hashes.csv");
    let hash = "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0$XyWRr9JsVPPbhOn2gJuLhPuKuBQGBbKbdwMAK2rhF3U";
    fs::write(&hashes, format!("login,phc\n{LOGIN},{hash}\n")).unwrap();
    assert_eq!(by(&["account", "import-hashes", "--yes", hashes.to_str().unwrap()], "suzuki").code, Some(0));
    assert_eq!(by(&["journal", "who-saw", LOGIN], "sato").code, Some(0));
    assert_eq!(by(&["account", "unmerge", "--yes", "7"], "mori").code, Some(1));
    drop(serving);
    fs::write(place.data.join("isolated"), "foreign_owner\n").unwrap();
    assert_eq!(by(&["isolation", "lift", "--yes"], "mori").code, Some(0));
    let mut told = acts(&place);
    let named = |act: &str, name: &str, note: &str| (act.to_owned(), name.to_owned(), note.to_owned());
    let taken: Vec<String> = told.drain(..2).map(|(act, _, note)| format!("{act} {note}")).collect();
    assert_eq!(taken, ["intake_run files", "operated done"]);
    let expected = [
        named("invited", "sato", ""),
        named("hashes_imported", "suzuki", ""),
        named("credential_imported", "suzuki", ""),
        named("asked", "sato", ""),
        named("operated", "mori", "unmerge"),
        named("isolation_lifted", "mori", "foreign_owner"),
    ];
    assert_eq!(told, expected);
    assert_eq!(place.run(&["journal", "verify"]).code, Some(0));
    let mut sudo = crate::support::command();
    sudo.arg("--data").arg(&place.data).args(["account", "invite", LOGIN]);
    assert!(
        sudo.env("SUDO_USER", "kato").env("USER", "root").stdout(Stdio::null()).status().unwrap().success()
    );
    assert_eq!(acts(&place).pop(), Some(named("invited", "kato", "")));
}

#[test]
fn what_cannot_be_written_down_is_not_done() {
    let place = Place::begin(&PORTS);
    take_in(&place);
    let invited = place.run(&["account", "invite", LOGIN]);
    let code = invited.out.lines().next().unwrap().trim_start_matches("code").trim().to_owned();
    // The only log there is is that of commands.
    let log = fs::read_dir(place.data.join("journal")).unwrap().next().unwrap().unwrap().path();
    let aside = place.beside("log");
    fs::rename(&log, &aside).unwrap();
    fs::write(&log, "").unwrap();
    chmod(&log, 0o600);
    let hashes = place.beside("hashes.csv");
    fs::write(&hashes, "login,phc\n").unwrap();
    fs::write(place.data.join("isolated"), "a test\n").unwrap();
    let refused: [&[&str]; 3] = [
        &["account", "invite", LOGIN],
        &["account", "import-hashes", "--yes", hashes.to_str().unwrap()],
        &["account", "unmerge", "--yes", "1"],
    ];
    for args in refused {
        let ran = place.run(args);
        assert!(ran.code == Some(1) && ran.out.is_empty(), "{args:?}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains("cannot record the act in the journal"), "{args:?}: {}", ran.err);
    }
    assert_eq!(place.run(&["isolation", "lift", "--yes"]).code, Some(6));
    assert!(place.data.join("isolated").exists());
    fs::remove_file(place.data.join("isolated")).unwrap();
    fs::remove_file(&log).unwrap();
    fs::rename(&aside, &log).unwrap();
    let form = [("login", LOGIN), ("code", code.as_str()), ("password", "umi no mieru ie de")];
    let serving = place.serve();
    assert_eq!(serving.browser().post_form("/activate", &form).status, 303, "the first code is still good");
}

/// A certificate of `openssl`'s own making; `None` where it is not on this machine.
fn certificate(place: &Place, name: &str, days: u32) -> Option<[PathBuf; 2]> {
    let [chain, key] = ["pem", "key"].map(|kind| place.beside(&format!("{name}.{kind}")));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days"]);
    openssl
        .args([&days.to_string(), "-subj", &format!("/CN={name}"), "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&chain);
    let made = openssl.stdin(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    assert!(made.success());
    chmod(&key, 0o600);
    Some([chain, key])
}

/// The name in the certificate that is shown there.
fn shown(address: &str) -> String {
    let line =
        format!("openssl s_client -connect {address} </dev/null 2>/dev/null | openssl x509 -noout -subject");
    let asked = Command::new("sh").args(["-c", &line]).output().unwrap();
    String::from_utf8(asked.stdout).unwrap()
}

fn with_tls(chain: &Path, key: &Path, more: &[(&str, &str)]) -> Place {
    let [chain, key] = [chain, key].map(|path| format!("\"{}\"", path.display()));
    let mut settings = vec![
        PORTS[1],
        ("help", "\"https://help.example/\""),
        ("tls_certificate", chain.as_str()),
        ("tls_key", key.as_str()),
    ];
    settings.extend(more);
    Place::begin(&settings)
}

#[test]
fn a_renewed_certificate_is_taken_and_an_absent_address_stops_no_other() {
    let files = Place::begin(&[]);
    let Some([chain, key]) = certificate(&files, "one", 30) else {
        println!("skipped: openssl is not on this machine");
        return;
    };
    // 192.0.2.1 (RFC 5737) is on no machine.
    let place = with_tls(&chain, &key, &[("public", "[\"127.0.0.1:0\", \"192.0.2.1:44399\"]")]);
    let serving = place.serve();
    let address = serving.0.after("serving on ").to_owned();
    assert!(shown(&address).contains("one"), "{}", shown(&address));
    let two = certificate(&files, "two", 30).unwrap();
    // Half of a renewal is not taken: the key is still that of the other.
    fs::copy(&two[0], &chain).unwrap();
    serving.0.signal("-HUP");
    thread::sleep(Duration::from_millis(300));
    assert!(shown(&address).contains("one"), "{}", shown(&address));
    let monitor = serving.0.after("metrics on ").trim_end_matches("/metrics").to_owned();
    let mut monitor = Browser::new(&monitor);
    let raised = "\nhonnin_alarm_total{kind=\"certificate\"} 1\n";
    assert!(soon(|| monitor.get("/metrics").body.contains(raised)), "{}", monitor.get("/metrics").body);
    fs::copy(&two[1], &key).unwrap();
    serving.0.signal("-HUP");
    assert!(soon(|| shown(&address).contains("two")), "{}", shown(&address));
    let told = monitor.get("/metrics").body;
    assert!(told.contains("honnin_certificate_expires_timestamp_seconds 1"), "{told}");
    assert_eq!(serving.0.stop("-TERM"), Some(0));
}

#[test]
fn config_check_and_doctor_say_what_serve_would_of_certificates() {
    let files = Place::begin(&[]);
    let made = ["one", "two"].map(|name| certificate(&files, name, 30));
    let [Some([chain, key]), Some([_, other])] = made else {
        println!("skipped: openssl is not on this machine");
        return;
    };
    let missing = files.beside("missing");
    let ways = [(&other, "another certificate"), (&missing, "missing")];
    for (key, says) in ways {
        let place = with_tls(&chain, key, &[PORTS[0]]);
        for args in [&["config", "check"][..], &["serve"]] {
            refused(&place.run(args), says);
        }
        assert!(place.run(&["doctor"]).out.contains("ATTENTION"));
    }
    let place = with_tls(&chain, &key, &[PORTS[0]]);
    assert_eq!(place.run(&["config", "check"]).code, Some(0));
    assert_eq!(place.run(&["doctor"]).code, Some(0));
    chmod(&key, 0o644);
    for args in [&["config", "check"][..], &["serve"]] {
        refused(&place.run(args), "other users can read it");
    }
    let [short, key] = certificate(&files, "short", 3).unwrap();
    let soon = with_tls(&short, &key, &[PORTS[0]]).run(&["doctor"]);
    assert!(soon.code == Some(4) && soon.out.contains("renew it"), "{}", soon.out);
    let twice = Place::begin(&[("public", "[\"127.0.0.1:44398\", \"127.0.0.1:44398\"]")]);
    says_as_serve(&twice, "listed twice");

    let way = [("public_url", "\"https://my.example.jp\""), ("authorities", "\"/nowhere.pem\"")];
    let looked = Place::begin(&[PORTS[0], PORTS[1], way[0], way[1]]);
    says_as_serve(&looked, "/nowhere.pem");
}

/// `config check` says what `serve` says, word for word, and neither does anything.
fn says_as_serve(place: &Place, says: &str) {
    let [checked, served] = [&["config", "check"][..], &["serve"]].map(|args| place.run(args));
    refused(&checked, says);
    refused(&served, says);
    let told = |ran: &Ran| {
        let lines = ran.err.lines().filter(|line| line.contains(says));
        lines
            .map(|line| line.split_once("cannot ").map_or(line, |(_, rest)| rest).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&checked), told(&served));
}

/// Runs `openssl` beside the place; what it makes is there.
fn openssl(files: &Place, words: &[&str]) {
    let mut openssl = Command::new("openssl");
    openssl.args(words).current_dir(files.beside("")).stdin(Stdio::null()).stderr(Stdio::null());
    assert!(openssl.stdout(Stdio::null()).status().unwrap().success(), "{words:?}");
}

#[test]
fn encrypted_keys_and_reversed_chains_are_named_before_and_at_the_start() {
    let files = Place::begin(&[]);
    let Some([chain, key]) = certificate(&files, "one", 30) else {
        println!("skipped: openssl is not on this machine");
        return;
    };
    openssl(&files, &["pkey", "-in", "one.key", "-aes256", "-passout", "pass:secret", "-out", "shut.key"]);
    let shut = files.beside("shut.key");
    chmod(&shut, 0o600);
    says_as_serve(&with_tls(&chain, &shut, &[PORTS[0]]), "it is encrypted");
    // One that another signed stands behind what signed it.
    let [authority, _] = certificate(&files, "authority", 30).unwrap();
    let both = [&authority, &chain].map(|file| fs::read_to_string(file).unwrap()).concat();
    let reversed = files.beside("reversed.pem");
    fs::write(&reversed, both).unwrap();
    says_as_serve(
        &with_tls(&reversed, &key, &[PORTS[0]]),
        "it is reversed; put the server's certificate first",
    );
}

#[test]
fn doctor_is_well_again_when_each_cause_is_gone() {
    let place = Place::begin(&PORTS);
    take_in(&place);
    let well = |what: &str| {
        let told = place.run(&["doctor"]);
        assert_eq!(told.code, Some(0), "{what}: {}", told.out);
    };
    let not_well = |what: &str, says: &str| {
        let told = place.run(&["doctor"]);
        assert!(told.code == Some(4) && told.out.contains(says), "{what}: {}", told.out);
    };
    well("taken in");
    // A row that was set aside and dropped.
    let extract = place.beside("extract");
    fs::create_dir(&extract).unwrap();
    for file in fs::read_dir(directory_of_sample()).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&file, extract.join(file.file_name().unwrap())).unwrap();
    }
    let buckets = extract.join("データ残量.csv");
    // A kind of bucket that the mapping does not know.
    let row = b"\"hdo20846173\",\"\",\"?\",\"1\",\"1\",\"2026/11/30\",\"\",\"2026/11/20 06:00:00\"\r\n";
    let more = [&fs::read(&buckets).unwrap()[..], &row[..]].concat();
    fs::write(&buckets, more).unwrap();
    let (mapping, extract) = (mapping(), extract.to_str().unwrap().to_owned());
    let mapping = mapping.to_str().unwrap();
    assert_eq!(place.run(&["intake", "files", "--mapping", mapping, &extract]).code, Some(4));
    not_well("a row set aside", "quarantine");
    let listed = place.run(&["quarantine", "list", "--json"]).out;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    for row in listed["rows"].as_array().unwrap() {
        let name = row["row"].as_str().or_else(|| row["name"].as_str()).unwrap();
        let drop = ["quarantine", "drop", "--yes", "--mapping", mapping, name];
        assert_eq!(place.run(&drop).code, Some(0), "{row}");
    }
    well("the row is dropped");
    // Pages that were stopped and are lifted.
    fs::write(place.data.join("isolated"), "foreign_owner\n").unwrap();
    not_well("isolated", "honnin isolation lift");
    assert_eq!(place.run(&["isolation", "lift", "--yes"]).code, Some(0));
    well("lifted");
    drop(place.serve());
    well("served");
}
