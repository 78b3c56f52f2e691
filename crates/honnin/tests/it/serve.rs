//! `honnin serve`: an installation from its beginning to a subscriber's page, and to its end.

use std::fs;
use std::path::{Path, PathBuf};

use honnin_testkit::TestDir;

use crate::support::{Browser, Place, Ran, Running, command, honnin};

const LOGIN: &str = "mio30617284";

/// An installation with the sample ledger, on free ports, that logs to files.
struct House {
    dir: TestDir,
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

impl House {
    fn new() -> Self {
        let house = Self { dir: TestDir::new() };
        let (data, key) = (house.data(), house.dir.join("key"));
        let begun = honnin(["init", data.to_str().unwrap(), "--key-file", key.to_str().unwrap()]);
        assert_eq!(begun.code, Some(0), "{}", begun.err);
        let file = data.join("honnin.toml");
        let settings = fs::read_to_string(&file).unwrap();
        let settings =
            settings.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:9090", "127.0.0.1:0");
        fs::write(&file, settings.replace("directory = \"\"", "directory = \"logs\"")).unwrap();
        let mapping = repository("examples/ledger-a/mapping.toml");
        let ledger = repository("examples/sample-ledger");
        let taken =
            house.ask(&["intake", "files", "--mapping", mapping.to_str().unwrap(), ledger.to_str().unwrap()]);
        assert_eq!(taken.code, Some(0), "{}{}", taken.out, taken.err);
        assert!(taken.out.contains("in all: taken 710, repeated 0, quarantined 0"), "{}", taken.out);
        house
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn ask(&self, args: &[&str]) -> Ran {
        honnin(["--data", self.data().to_str().unwrap()].iter().chain(args))
    }

    fn serve(&self) -> Running {
        let mut command = command();
        command.args(["--data", self.data().to_str().unwrap(), "serve"]);
        Running::start(command, "metrics on ")
    }
}

fn browser(serving: &Running) -> Browser {
    Browser::new(&format!("http://{}", serving.after("serving on ")))
}

#[test]
fn doctor_names_a_listed_proxy_that_names_nobody() {
    let house = House::new();
    let file = house.data().join("honnin.toml");
    let settings = fs::read_to_string(&file).unwrap();
    let settings = settings
        .replace("trusted_proxies = []", "trusted_proxies = [\"127.0.0.1/32\"]")
        .replace("public_url = \"\"", "public_url = \"https://my.example.jp\"")
        .replace("help = \"\"", "help = \"https://example.jp/help\"");
    fs::write(&file, settings).unwrap();
    let proxies = || {
        let said = house.ask(&["doctor"]).out;
        said.lines().find(|line| line.starts_with("proxies")).unwrap_or(&said).to_owned()
    };
    assert!(!proxies().contains("ATTENTION"), "{}", proxies());
    let serving = house.serve();
    let mut browser = browser(&serving);
    // As nginx's obvious `for=$remote_addr` writes it: without brackets and quotes.
    for (header, status) in [("for=2001:db8::1", 400), ("for=\"[2001:db8::1]\"", 200)] {
        let answer = browser.ask("GET", "/notices", &[("forwarded", header)], "");
        assert_eq!(answer.status, status, "{header}: {}", answer.body);
    }
    // At once, as the metric says it.
    let said = proxies();
    let mut monitor = Browser::new(serving.after("metrics on ").trim_end_matches("/metrics"));
    let raised = "\nhonnin_alarm_total{kind=\"untold\"} 1\n";
    assert!(monitor.get("/metrics").body.contains(raised), "somebody is called");
    for word in
        ["127.0.0.1", "cannot be read", "1 refused", "x-forwarded-for", "X-Forwarded-For $remote_addr"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    drop(serving);
    drop(house.serve());
    assert!(!proxies().contains("ATTENTION"), "a new start has seen none: {}", proxies());
}

#[test]
fn a_subscriber_activates_by_code_reads_and_is_known_in_the_journal_and_nowhere_in_the_log() {
    let house = House::new();
    let serving = house.serve();
    let invited = house.ask(&["account", "invite", LOGIN]);
    let code = invited.out.lines().next().unwrap().trim_start_matches("code").trim().to_owned();
    let mut browser = browser(&serving);
    let password = "umi no mieru ie de";
    let form = [("login", LOGIN), ("code", code.as_str()), ("password", password)];
    let activated = browser.post_form("/activate", &form);
    assert_eq!(activated.status, 303, "{}", activated.body);
    let me = browser.get("/api/v1/me");
    assert_eq!(me.status, 200, "{}", me.body);
    assert!(me.body.contains("汐里"), "{}", me.body);
    let form = [form[0], form[1], ("password", "yama no mieru ie de")];
    let again =
        Browser::new(&format!("http://{}", serving.after("serving on "))).post_form("/activate", &form);
    assert_eq!(again.status, 401, "a code sets one password");
    assert_eq!(serving.stop("-TERM"), Some(0));

    let saw = house.ask(&["journal", "who-saw", LOGIN]);
    assert!(saw.out.lines().any(|row| row.contains(",owner,") && row.contains(",me,api,")), "{}", saw.out);
    let log = fs::read_to_string(house.data().join("logs/honnin.log")).unwrap_or_default();
    for personal in [LOGIN, "汐里", "0704-8120", "07007048120", "8120", "shiori", code.as_str(), password] {
        assert!(!log.contains(personal), "{personal} in the log:\n{log}");
    }
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
}

#[test]
fn hashes_made_elsewhere_sign_in_and_bad_ones_are_named_by_line() {
    let house = House::new();
    // The password hashed with PBKDF2 (RFC 8018), as another program writes it.
    let password = "馬と電池とホチキスの針";
    let hash = "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0$XyWRr9JsVPPbhOn2gJuLhPuKuBQGBbKbdwMAK2rhF3U";
    let rows = format!(
        "login,phc\nmio00000000,{hash}\n{LOGIN},plain text\nmio10482913,\"{hash}\"\n{LOGIN},{hash}\n"
    );
    let hashes = house.dir.write("hashes.csv", rows);
    let taken = house.ask(&["account", "import-hashes", "--yes", hashes.to_str().unwrap()]);
    assert_eq!(taken.code, Some(4), "{}", taken.err);
    assert_eq!(taken.out, "taken 2, unknown account 1, refused 1\n");
    assert!(taken.err.contains("line 2: the ledger knows no such account"), "{}", taken.err);
    assert!(taken.err.contains("line 3: read a password hash"), "{}", taken.err);
    assert!(!taken.err.contains("plain text") && !taken.err.contains(LOGIN), "{}", taken.err);
    let serving = house.serve();
    for _ in 0..2 {
        // The second time against our own hash, made anew at the first.
        browser(&serving).sign_in(LOGIN, password);
    }
}

#[test]
fn the_same_extract_again_changes_nothing_and_a_dry_run_writes_nothing() {
    let house = House::new();
    let mapping = repository("examples/ledger-a/mapping.toml");
    let ledger = repository("examples/sample-ledger");
    let files = ["intake", "files", "--mapping", mapping.to_str().unwrap(), ledger.to_str().unwrap()];
    let checked = house.ask(&[&files[..], &["--check"]].concat());
    assert_eq!(checked.code, Some(0), "{}{}", checked.out, checked.err);
    let again = house.ask(&files);
    assert_eq!(again.code, Some(0), "{}{}", again.out, again.err);
    assert!(again.out.contains("in all: taken 0, repeated 710, quarantined 0"), "{}", again.out);
}

#[test]
fn without_its_key_an_installation_does_not_start() {
    let house = House::new();
    fs::remove_file(house.dir.join("key")).unwrap();
    let started = house.ask(&["serve"]);
    assert_eq!(started.code, Some(3));
    assert!(started.err.contains("cannot read the key file"), "{}", started.err);
}

#[test]
fn a_mapping_of_another_zone_is_refused() {
    let house = House::new();
    let mapping = fs::read_to_string(repository("examples/ledger-a/mapping.toml")).unwrap();
    let mapping = house.dir.write("mapping.toml", mapping.replace("Asia/Tokyo", "Asia/Seoul"));
    let ledger = repository("examples/sample-ledger");
    let files = ["intake", "files", "--mapping", mapping.to_str().unwrap(), ledger.to_str().unwrap()];
    let refused = house.ask(&files);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("Asia/Seoul") && refused.err.contains("tenant.zone"), "{}", refused.err);
}

#[test]
fn a_start_that_fails_once_it_has_joined_keeps_nobody_else_out() {
    let place = Place::begin(&[
        ("public", "[\"127.0.0.1:0\"]"),
        ("metrics", "\"127.0.0.1:0\""),
        ("public_url", "\"https://localhost:1\""),
        ("authorities", "\"nowhere.pem\""),
    ]);
    let failed = place.run(&["serve"]);
    assert!(failed.code == Some(3) && failed.err.contains("canary.authorities"), "{}", failed.err);
    // It had joined: the log of this node has begun.
    assert!(place.run(&["journal", "verify"]).code == Some(0));
    let shown = place.run(&["--json", "rollout", "show"]);
    let told: serde_json::Value = serde_json::from_str(&shown.out).unwrap();
    assert_eq!(told["nodes"], serde_json::Value::Array(Vec::new()), "{told}");
}

#[test]
fn a_kind_of_hash_that_there_is_no_room_for_is_named_by_doctor() {
    let place = Place::begin(&[("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")]);
    assert!(!place.run(&["doctor"]).out.contains("hashes "));
    let store = rusqlite::Connection::open(place.data.join("store/honnin.sqlite")).unwrap();
    let row = "insert into control (tenant, name, revision, value, at, until) \
        values (1, 'hash-over/argon2d.19.64.1.1', 1, x'01', 0, 9000000000000)";
    assert_eq!(store.execute(row, []).unwrap(), 1);
    drop(store);
    let doctor = place.run(&["doctor"]);
    assert!(doctor.out.contains("hashes     ATTENTION: ") && doctor.out.contains("argon2d.19.64.1.1"));
}
