//! What the public is told, from the command line to the page that works with the service dead.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::support::{Browser, Place, Running, command, honnin, soon};

fn place() -> Place {
    Place::begin(&[("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")])
}

/// The status page of that installation, beside it: it is given the record, the key and a memory, and nothing else.
fn page(place: &Place) -> (Running, String) {
    let mut serve = command();
    serve.args(["status", "serve"]).arg(place.data.join("status"));
    serve.arg("--key").arg(place.beside("notices.pub")).arg("--memory").arg(place.beside("kept"));
    serve.args(["--listen", "127.0.0.1:0"]);
    let running = Running::start(serve, "status page on");
    let at = running.after("status page on http://").trim_end_matches('/').to_owned();
    (running, at)
}

fn get(at: &str, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(at).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Asks until it says so.
fn says(at: &str, path: &str, text: &str) -> String {
    let mut answer = String::new();
    let says = soon(|| {
        answer = get(at, path);
        answer.contains(text)
    });
    assert!(says, "{path} does not say {text:?}: {answer}");
    answer
}

fn entries(place: &Place) -> u64 {
    let listed = place.run(&["status", "verify", "--json"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    serde_json::from_str::<Value>(&listed.out).unwrap()["entries"].as_u64().unwrap()
}

#[test]
fn a_notice_is_read_by_everybody_and_cannot_be_taken_back() {
    let place = place();
    let opened = place.run(&["notice", "open", "slow", "--as", "sato"]);
    assert_eq!(opened.code, Some(0), "{}", opened.err);
    assert!(opened.out.contains("incident  0, investigating; entry 0"), "{}", opened.out);
    let moved = ["notice", "update", "0", "--ends", "2021-07-16T12:00:00+09:00"];
    assert_eq!(place.run(&moved).code, Some(0));
    let moved = ["notice", "update", "0", "--ends", "2021-07-16T13:00:00+09:00"];
    assert_eq!(place.run(&moved).code, Some(0));
    assert_eq!(entries(&place), 3);
    // Who said it is in the journal; the record names nobody.
    let acts = place.run(&["journal", "acts"]);
    assert!(acts.out.contains("sato") && acts.out.contains("noticed"), "{}", acts.out);
    let record = fs::read(place.data.join("status/tile/entries/000.p/3")).unwrap();
    assert!(!String::from_utf8_lossy(&record).contains("sato"));

    // The page, with a service that never ran.
    fs::copy(place.data.join("notices.pub"), place.beside("notices.pub")).unwrap();
    let (running, at) = page(&place);
    let html = get(&at, "/");
    assert!(html.contains("ログインや表示に時間がかかっています") && html.contains("<s><time"), "{html}");
    assert!(get(&at, "/en/").contains("Signing in and pages are slow"));
    let json = get(&at, "/api/v2/summary.json");
    let body: Value = serde_json::from_str(json.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["incidents"][0]["x_revisions"][0]["from"], "2021-07-16T03:00:00Z");
    for path in ["/en/api/v2/status.json", "/api/v2/incidents.json", "/history.atom", "/calendar.ics"] {
        assert!(get(&at, path).starts_with("HTTP/1.1 200 "), "{path}");
    }

    // The same words in the service, before anybody has signed in, and the page hears the service.
    let serving = place.serve();
    let mut browser = serving.browser();
    assert!(soon(|| browser.get("/sign-in").body.contains("ログインや表示に時間がかかっています")));
    says(&at, "/api/v2/status.json", "\"silent\":false");
    serving.0.kill();
    assert!(get(&at, "/").contains("ログインや表示に時間がかかっています"), "with the service dead");

    // An insider puts an older record back: the page says so and shows what it knew, and `verify` finds it.
    let status = place.data.join("status");
    let older = fs::read(status.join("history/00000000000000000002")).unwrap();
    fs::copy(status.join("checkpoint"), place.beside("checkpoint")).unwrap();
    fs::write(status.join("checkpoint"), &older).unwrap();
    fs::remove_file(status.join("history/00000000000000000003")).unwrap();
    fs::remove_dir_all(status.join("days")).unwrap();
    fs::remove_file(status.join("word")).unwrap();
    let html = says(&at, "/", "末尾が削除された可能性があります");
    assert!(html.contains("<s><time"), "{html}");
    let key = place.beside("notices.pub");
    let (record, key) = (status.to_str().unwrap(), key.to_str().unwrap());
    let kept = place.beside("checkpoint");
    let verify = ["status", "verify", "--record", record, "--key", key];
    let with = honnin(verify.iter().chain(&["--checkpoint", kept.to_str().unwrap()]));
    assert!(with.code == Some(6) && with.err.contains("cut off"), "{} {}", with.out, with.err);
    let own = place.run(&["status", "verify"]);
    assert!(own.code == Some(6) && own.err.contains("cut off"), "{} {}", own.out, own.err);
    // Without the memory of the installation the journal still knows.
    fs::remove_file(place.data.join("notices.kept")).unwrap();
    let own = place.run(&["status", "verify"]);
    assert!(own.code == Some(6) && own.err.contains("lacks 1 notices"), "{} {}", own.out, own.err);
    assert_eq!(running.stop("-TERM"), Some(0));
}

#[test]
fn a_notice_is_said_though_the_store_is_gone_when_asked_for() {
    let place = place();
    assert_eq!(place.run(&["notice", "open", "slow"]).code, Some(0));
    fs::remove_dir_all(place.data.join("store")).unwrap();
    fs::write(place.data.join("store"), "no directory").unwrap();
    fs::set_permissions(place.data.join("store"), fs::Permissions::from_mode(0o600)).unwrap();
    let refused = place.run(&["notice", "resolve", "0"]);
    assert!(refused.code != Some(0) && refused.err.contains("--unrecorded"), "{}", refused.err);
    let said = place.run(&["notice", "resolve", "0", "--unrecorded"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let listed = place.run(&["notice", "list", "--json"]);
    let incidents: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(incidents["incidents"][0]["state"], "resolved");
}

#[test]
fn the_status_page_is_written_as_files_for_elsewhere() {
    let place = place();
    assert_eq!(place.run(&["notice", "open", "bills"]).code, Some(0));
    let (out, again) = (place.beside("www"), place.beside("copy"));
    let record = place.data.join("status");
    let key = place.data.join("notices.pub");
    let mut write: Command = command();
    write.args(["status", "write"]).arg(&out).arg("--record").arg(&record).arg("--key").arg(&key);
    assert!(write.output().unwrap().status.success());
    for file in
        ["index.html", "en/index.html", "status.css", "api/v2/summary.json", "history.atom", "calendar.ics"]
    {
        assert!(out.join(file).is_file(), "{file}");
    }
    assert!(fs::metadata(out.join("index.html")).unwrap().len() < 20_000);
    // What was pushed elsewhere verifies there.
    fs::rename(out.join("record"), &again).unwrap();
    let (again, key) = (again.to_str().unwrap(), key.to_str().unwrap());
    let verified = honnin(["status", "verify", "--record", again, "--key", key]);
    assert_eq!(verified.code, Some(0), "{}", verified.err);
}

#[test]
fn a_forced_mode_takes_away_what_it_says_and_gives_it_back() {
    let place = place();
    let serving = place.serve();
    let mut browser = serving.browser();
    let mut becomes = |status: u16| {
        let answers = soon(|| browser.get("/sign-in").status == status);
        assert!(answers, "/sign-in does not answer {status}: {}", browser.get("/sign-in").body);
    };
    becomes(200);
    let forced = place.run(&["mode", "force", "read_only", "--as", "sato"]);
    assert_eq!(forced.code, Some(0), "{}", forced.err);
    becomes(503);
    let mut other = serving.browser();
    let refused = other.get("/sign-in");
    assert!(refused.body.contains("この機能は一時的に停止しています"), "{}", refused.body);
    assert!(refused.headers.contains_key("retry-after"), "{:?}", refused.headers);
    let api = other.send_json("POST", "/api/v1/sessions", "{\"login\":\"a\",\"password\":\"b\"}");
    assert!(api.status == 503 && api.body.contains("\"code\":\"paused\""), "{}", api.body);
    // What takes nothing away goes on, and a balancer keeps feeding this node.
    for path in ["/notices", "/help", "/readyz"] {
        assert_eq!(other.get(path).status, 200, "{path}");
    }
    let shown = place.run(&["mode", "show", "--json"]);
    assert!(shown.out.contains("\"forced\":\"read_only\""), "{} {}", shown.out, shown.err);
    let released = place.run(&["mode", "release", "--as", "sato"]);
    assert_eq!(released.code, Some(0), "{}", released.err);
    becomes(200);
    let acts = place.run(&["journal", "acts"]);
    for act in ["mode force read_only", "mode release"] {
        assert!(acts.out.lines().any(|line| line.contains(act) && line.contains("sato")), "{}", acts.out);
    }
}

/// What `doctor` says of that, and whether it asks for attention.
fn doctor(place: &Place, name: &str) -> (bool, String) {
    let told: Value = serde_json::from_str(&place.run(&["doctor", "--json"]).out).unwrap();
    let checks = told["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {told}"));
    (check["state"] == "attention", check["text"].as_str().unwrap().to_owned())
}

#[test]
fn a_record_that_was_altered_while_it_serves_raises_its_alarm_once() {
    let place = place();
    assert_eq!(place.run(&["notice", "open", "slow"]).code, Some(0));
    let serving = place.serve();
    let monitor = serving.0.after("metrics on ").trim_end_matches("/metrics").to_owned();
    let mut monitor = Browser::new(&monitor);
    let mut raised = |times: u32| {
        let series = format!("\nhonnin_alarm_total{{kind=\"notices\"}} {times}\n");
        let mut told = String::new();
        let says = soon(|| {
            told = monitor.get("/metrics").body;
            told.contains(&series)
        });
        assert!(says, "{series:?} is not in {told}");
    };
    raised(0);
    let (attention, text) = doctor(&place, "notices");
    assert!(!attention && text.contains("1 entries, 1 incidents open"), "{text}");
    let entries = place.data.join("status/tile/entries/000.p/1");
    let as_it_was = fs::read(&entries).unwrap();
    let mut altered = as_it_was.clone();
    *altered.last_mut().unwrap() ^= 1;
    fs::write(&entries, altered).unwrap();
    raised(1);
    let (attention, text) = doctor(&place, "notices");
    assert!(attention && text.contains("`honnin status verify`"), "{text}");
    // Not with every look: two are over by then.
    std::thread::sleep(std::time::Duration::from_millis(4_500));
    raised(1);
    // Put back, the service speaks again.
    let word = || fs::read(place.data.join("status/word")).unwrap();
    let silent = word();
    fs::write(&entries, as_it_was).unwrap();
    assert!(soon(|| word() != silent), "the service does not speak again");
    assert!(!doctor(&place, "notices").0);
    raised(1);
}

#[test]
fn doctor_says_which_mode_is_forced_and_that_nothing_was_said() {
    let place = place();
    assert_eq!(doctor(&place, "mode"), (false, "not known: the service has not said it yet".to_owned()));
    assert_eq!(doctor(&place, "notices"), (false, "nothing was said to the public yet".to_owned()));
    assert_eq!(place.run(&["mode", "force", "brownout"]).code, Some(0));
    let (attention, text) = doctor(&place, "mode");
    assert!(attention && text.contains("brownout") && text.contains("`honnin mode release`"), "{text}");
    assert_eq!(place.run(&["mode", "release"]).code, Some(0));
    let serving = place.serve();
    assert!(soon(|| place.data.join("status/word").exists()), "the service says nothing");
    drop(serving);
    let (attention, text) = doctor(&place, "mode");
    assert!(!attention && text.contains("as the service said at 2"), "{text}");
    assert_eq!(place.run(&["doctor"]).code, Some(0));
}
