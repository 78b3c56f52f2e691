//! Every command that tells something tells it as JSON too, and fails where nobody can be told.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::support::{Place, Ran, Running, command, directory_of_sample, honnin, mapping};

const LOGIN: &str = "mio30617284";
const OTHER: &str = "mio10482913";
const PASSWORD: &str = "umi no mieru ie de";
/// Of another password, as another system wrote it.
const HASH: &str = "$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHRzYWx0$XyWRr9JsVPPbhOn2gJuLhPuKuBQGBbKbdwMAK2rhF3U";

/// What stands for a build with its settings.
const ADMITTED: &str = "5e0a93d3f1c64c0b8f6a1de27c9b4410";

/// Commands whose JSON is asked for elsewhere, and where.
const ELSEWHERE: [(&str, &str); 3] = [
    ("quarantine show", "on_a_terminal_the_facts_of_ten_and_a_row_are_shown_and_nowhere_else"),
    ("store copy", "a_store_goes_to_a_database_beside_its_server_and_comes_back"),
    ("store prepare", "two_processes_on_one_database_serve_her_and_see_her_sign_out"),
];

/// An installation, and what was told on it so far.
struct Told {
    place: Place,
    /// Names of commands.
    done: BTreeSet<String>,
}

impl Told {
    /// Runs a command; what it tells is one object on one line and has those members.
    fn ask(&mut self, name: &str, more: &[&str], members: &[&str]) -> Value {
        let words: Vec<&str> = name.split(' ').chain(more.iter().copied()).chain(["--json"]).collect();
        let ran = self.place.run(&words);
        self.is_told(name, &ran.out, &ran.err, members)
    }

    fn is_told(&mut self, name: &str, out: &str, err: &str, members: &[&str]) -> Value {
        assert!(out.ends_with('\n') && out.trim_end().lines().count() == 1, "{name}: {out}{err}");
        let told: Value = serde_json::from_str(out).unwrap_or_else(|error| panic!("{name}: {error}: {out}"));
        for member in members {
            assert!(told.get(member).is_some(), "{name} does not tell {member}: {told}");
        }
        self.done.insert(name.to_owned());
        told
    }

    /// Starts a command that goes on, and reads what it tells at its start.
    fn start(&mut self, name: &str, more: &[&str], members: &[&str]) -> Running {
        let mut command = command();
        command.arg("--data").arg(&self.place.data).args(name.split(' ')).args(more).arg("--json");
        let running = Running::start(command, "\n");
        let said = running.said.clone();
        self.is_told(name, &said, "", members);
        running
    }

    fn beside(&self, name: &str) -> String {
        self.place.beside(name).to_str().unwrap().to_owned()
    }
}

fn begun() -> Told {
    let place = Place::begin(&[("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")]);
    Told { place, done: BTreeSet::new() }
}

/// All commands of the command line, as the page of commands names them: those that have no commands of their own.
fn commands() -> BTreeSet<String> {
    let page = honnin(["man", "--markdown"]).out;
    let named: BTreeSet<String> =
        page.lines().filter_map(|line| line.strip_prefix("## honnin ")).map(str::to_owned).collect();
    let has_more = |name: &String| named.iter().any(|other| other.starts_with(&format!("{name} ")));
    named.iter().filter(|name| !has_more(name)).cloned().collect()
}

#[test]
fn what_is_told_is_told_as_json_too() {
    let mut told = begun();
    let (data, key) = (told.beside("new"), told.beside("new-key"));
    told.ask("init", &[&data, "--key-file", &key], &["data", "key_file"]);
    of_settings_and_intake(&mut told);
    of_accounts(&mut told);
    of_the_house(&mut told);
    of_the_journal_and_the_end(&mut told);
    of_brands(&mut told);
    // A command that is added is added here, or its JSON is asked for elsewhere.
    let elsewhere = ELSEWHERE.iter().map(|(name, _)| (*name).to_owned());
    let known: BTreeSet<String> = told.done.iter().cloned().chain(elsewhere).collect();
    assert_eq!(commands(), known);
}

fn of_settings_and_intake(told: &mut Told) {
    assert_eq!(told.ask("config check", &[], &[])["usable"], true);
    assert_eq!(told.ask("config print", &[], &[])["server"]["body"], "10 s");
    assert_eq!(told.ask("config default", &[], &[])["tenant"]["id"], 1);
    let (mapping, sample) = (mapping(), directory_of_sample());
    let (mapping, sample) = (mapping.to_str().unwrap(), sample.to_str().unwrap());
    let checked = told.ask("intake check", &["--mapping", mapping, sample], &["files"]);
    assert_eq!(checked["clean"], true, "{checked}");
    told.ask("intake files", &["--mapping", mapping, sample], &["in_all", "files"]);
    let again = told.ask("intake files", &["--mapping", mapping, sample], &[]);
    assert_eq!(again["in_all"]["repeated"], 710, "{again}");
    let dry = told.ask("intake files", &["--check", "--mapping", mapping, sample], &[]);
    assert_eq!(dry["clean"], true, "{dry}");
    let acts = told.ask("journal acts", &[], &["acts"]);
    let runs: Vec<&Value> =
        acts["acts"].as_array().unwrap().iter().filter(|act| act["note"] == "done").collect();
    // Taken, repeated, set aside, of an unknown number, older.
    assert_eq!(runs[1]["counts"], serde_json::json!([0, 710, 0, 0, 0]), "{acts}");
    let doctor = told.ask("doctor", &[], &[]);
    assert_eq!(doctor["attention"], 0, "{doctor}");
    let checks = doctor["checks"].as_array().unwrap();
    for name in ["journal", "store", "mode", "notices"] {
        let check = checks.iter().find(|check| check["name"] == name);
        assert_eq!(check.unwrap_or(&Value::Null)["state"], "ok", "{name}: {doctor}");
    }
    // Two rows that cannot be cut into cells.
    let extract = told.place.beside("extract");
    fs::create_dir(&extract).unwrap();
    for file in fs::read_dir(sample).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&file, extract.join(file.file_name().unwrap())).unwrap();
    }
    let notices = extract.join("お知らせ.csv");
    let more = [&fs::read(&notices).unwrap()[..], b"\"a\",\"b\"\r\n\"c\",\"d\"\r\n"].concat();
    fs::write(&notices, more).unwrap();
    let taken = told.ask("intake files", &["--mapping", mapping, extract.to_str().unwrap()], &[]);
    assert_eq!(taken["in_all"]["quarantined"]["columns"], 2, "{taken}");
    let listed = told.ask("quarantine list", &[], &["rows"]);
    let row = |place: usize| listed["rows"][place]["row"].as_str().unwrap().to_owned();
    told.ask("quarantine accept", &["--mapping", mapping, &row(0)], &["in_all"]);
    let dropped = told.ask("quarantine drop", &["--yes", "--mapping", mapping, &row(0), &row(1)], &[]);
    assert_eq!(dropped["dropped"], 2, "{dropped}");
}

fn of_accounts(told: &mut Told) {
    let hashes = told.beside("hashes.csv");
    fs::write(&hashes, format!("login,phc\nmio00000000,{HASH}\n")).unwrap();
    let imported = told.ask("account import-hashes", &["--yes", &hashes], &[]);
    assert_eq!(imported["unknown"], 1, "{imported}");
    let codes: Vec<String> = [LOGIN, OTHER]
        .iter()
        .map(|login| told.ask("account invite", &[login], &["until"])["code"].as_str().unwrap().to_owned())
        .collect();
    assert!(codes.iter().all(|code| code.len() == 24), "{codes:?}");
    let serving = told.start("serve", &[], &["public", "metrics"]);
    let public: Value = serde_json::from_str(&serving.said).unwrap();
    let site = format!("http://{}", public["public"][0].as_str().unwrap());
    let agreed: Vec<String> = [(LOGIN, &codes[0], "gives"), (OTHER, &codes[1], "takes")]
        .iter()
        .map(|(login, code, side)| {
            let mut browser = crate::support::Browser::new(&site);
            let form = [("login", *login), ("code", code.as_str()), ("password", PASSWORD)];
            assert_eq!(browser.post_form("/activate", &form).status, 303);
            browser.sign_in(login, PASSWORD);
            let answer = browser.post_form("/account/merge", &[("side", side), ("password", PASSWORD)]);
            assert_eq!(answer.status, 303, "{}", answer.body);
            browser.cookies["merge"].rsplit('.').next().unwrap().to_owned()
        })
        .collect();
    let file = told.beside("codes");
    fs::write(&file, format!("{}\n{}\n", agreed[0], agreed[1])).unwrap();
    let both = ["--yes", "--from", LOGIN, "--into", OTHER, "--codes", &file];
    let merged = told.ask("account merge", &both, &["lines", "journal_entry"]);
    assert_eq!(told.ask("account merges", &[], &[])["merges"].as_array().unwrap().len(), 1);
    told.ask("account unmerge", &["--yes", &merged["merge"].to_string()], &["lines", "undone"]);
    let to = told.beside("export.json");
    let exported = ["--case", "7", "--to", &to, OTHER];
    told.ask("account export", &exported, &["file", "octets", "made_at", "case", "entry"]);
    let erased = told.ask("account erase", &["--yes", OTHER], &["newest_backup"]);
    assert!(erased["rows"].as_u64().unwrap() > 0, "{erased}");
    assert_eq!(serving.stop("-TERM"), Some(0));
}

fn of_the_house(told: &mut Told) {
    assert_eq!(told.ask("key check", &[], &["key_file"])["public_key_matches"], true);
    assert_eq!(told.ask("isolation lift", &[], &[])["lifted"], false);
    assert_eq!(told.ask("mode force", &["brownout"], &[])["forced"], "brownout");
    assert_eq!(told.ask("mode show", &[], &["mode", "stopped"])["forced"], "brownout");
    assert_eq!(told.ask("mode release", &[], &["forced"])["before"], "brownout");
    told.ask("notice templates", &[], &["templates"]);
    assert_eq!(told.ask("notice open", &["slow"], &["entry", "state"])["incident"], 0);
    told.ask("notice update", &["0"], &["incident", "entry", "next_at"]);
    assert_eq!(told.ask("notice resolve", &["0"], &[])["state"], "resolved");
    assert_eq!(told.ask("notice list", &[], &[])["incidents"][0]["updates"], 3);
    assert_eq!(told.ask("status verify", &[], &["verifies", "root"])["acts"], 3);
    let (record, key) = (told.place.data.join("status"), told.place.data.join("notices.pub"));
    let (record, key) = (record.to_str().unwrap(), key.to_str().unwrap());
    told.ask("status write", &[&told.beside("www"), "--record", record, "--key", key], &["files"]);
    let serve = [record, "--key", key, "--memory", &told.beside("kept"), "--listen", "127.0.0.1:0"];
    let page = told.start("status serve", &serve, &["listen"]);
    assert_eq!(page.stop("-TERM"), Some(0));
    assert_eq!(told.ask("waiting-room show", &[], &["waiting"])["open"], false);
    let until = "2099-01-01T00:00";
    assert_eq!(told.ask("waiting-room open", &["--until", until], &["planned"])["open"], true);
    assert_eq!(told.ask("waiting-room close", &[], &[])["open"], false);
    assert_eq!(told.ask("rollout show", &[], &["nodes", "untold"])["admitted"], Value::Array(Vec::new()));
    assert_eq!(told.ask("upgrade check", &[], &["attention", "checks"])["checks"][0]["name"], "program");
    let admitted = told.ask("rollout allow", &[ADMITTED, "--for", "2h"], &["here"])["admitted"].clone();
    assert_eq!(admitted[0]["release"], ADMITTED, "{admitted}");
    let drills = told.ask("drill list", &[], &["drills"])["drills"].clone();
    let drills = drills.as_array().unwrap();
    let built = drills.iter().filter(|drill| drill["implemented"] == true).count();
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    assert!(
        readme.contains(&format!("- {built} of the {} drills", drills.len())),
        "{built} drills are built"
    );
    let unbuilt = drills.iter().find(|drill| drill["implemented"] == false).unwrap();
    told.ask("drill run", &[unbuilt["name"].as_str().unwrap()], &["drills", "seed"]);
    told.ask("completions", &["bash"], &["shell", "script"]);
    told.ask("man", &["--markdown"], &["markdown"]);
}

fn of_the_journal_and_the_end(told: &mut Told) {
    let verified = told.ask("journal verify", &[], &["to_owner"]);
    assert_eq!(verified["verifies"], true);
    let saw = told.ask("journal who-saw", &[LOGIN], &[])["disclosures"].clone();
    assert_eq!((saw.as_array().unwrap().len(), &saw[0]["what"]), (1, &Value::from("merge_consent")), "{saw}");
    told.ask("journal seen-by", &[LOGIN], &["disclosures"]);
    assert_eq!(told.ask("clock accept", &[], &["now", "settled"])["jumped"], false);
    told.ask("journal redirect", &["--yes"], &["before", "now"]);
    let backup = told.beside("backup");
    told.ask("backup", &["--to", &backup], &["made_at", "files", "octets", "journal_entries"]);
    told.ask("journal accept", &["--yes"], &["entries", "logs"]);
    let (shares, key) = (told.beside("shares"), told.beside("key-that-came-back"));
    let made = ["--shares", "3", "--needed", "2", "--to", &shares];
    let made = told.ask("key escrow make", &made, &["key", "needed"])["files"].clone();
    let share = |number: usize| made[number].as_str().unwrap().to_owned();
    told.ask("key escrow restore", &[&share(0), &share(2), "--to", &key], &["key", "key_file"]);
    let new = told.beside("key-of-next-year");
    assert_eq!(told.ask("key rotate", &["--to", &new], &["key_file"])["created"], true);
    assert_eq!(told.ask("key rotate", &["--finish", "--yes"], &[])["finished"], true);
    // Another place: a restore makes one, and a demo has its own.
    told.place.data = told.place.beside("restored");
    told.ask("restore", &["--from", &backup], &["made_at", "accounts", "logs", "notices"]);
    told.place.data = told.place.beside("demo");
    let demo = told.start("demo", &["--listen", "127.0.0.1:0"], &[]);
    assert_eq!(demo.stop("-TERM"), Some(0));
}

/// Runs a command whose standard output is a device that is always full.
fn into_full(mut command: Command) -> Ran {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = command.stdout(full).output().unwrap();
    Ran { code: ended.status.code(), out: String::new(), err: String::from_utf8(ended.stderr).unwrap() }
}

#[test]
fn output_of_what_was_done_that_cannot_be_written_fails_the_command() {
    let told = begun();
    let (mapping, sample) = (mapping(), directory_of_sample());
    let extract = ["intake", "files", "--mapping", mapping.to_str().unwrap(), sample.to_str().unwrap()];
    assert_eq!(told.place.run(&extract).code, Some(0));
    drop(told.place.serve());
    let (backup, www, key) = (told.beside("backup"), told.beside("www"), told.beside("key-to-come"));
    let record = told.place.data.join("status");
    let public = told.place.data.join("notices.pub");
    let of_status = ["--record", record.to_str().unwrap(), "--key", public.to_str().unwrap()];
    let (shares, share) =
        (told.beside("shares"), |n| told.beside(&format!("shares/honnin-key-share-{n}-of-3.txt")));
    let (shares_of, back) = ([share(1), share(3)], told.beside("key-that-came-back"));
    let export = told.beside("export.json");
    let rows: [&[&str]; 30] = [
        &["journal", "verify"],
        &["journal", "redirect", "--yes"],
        &["journal", "who-saw", LOGIN],
        &["journal", "seen-by", LOGIN],
        &["journal", "acts"],
        &["mode", "force", "brownout"],
        &["mode", "show"],
        &["mode", "release"],
        &["notice", "open", "slow"],
        &["notice", "update", "0"],
        &["notice", "resolve", "0"],
        &["notice", "list"],
        &["notice", "templates"],
        &["status", "verify"],
        &["status", "write", &www, of_status[0], of_status[1], of_status[2], of_status[3]],
        &["waiting-room", "open", "--until", "2099-01-01T00:00"],
        &["waiting-room", "show"],
        &["waiting-room", "close"],
        &["rollout", "show"],
        &["rollout", "allow", ADMITTED],
        &["upgrade", "check"],
        &["quarantine", "list"],
        &["clock", "accept"],
        &["backup", "--to", &backup],
        &["key", "escrow", "make", "--shares", "3", "--needed", "2", "--to", &shares],
        &["key", "escrow", "restore", &shares_of[0], &shares_of[1], "--to", &back],
        &["key", "rotate", "--to", &key],
        &["key", "rotate", "--finish", "--yes"],
        &["account", "export", LOGIN, "--case", "7", "--to", &export],
        &["account", "erase", "--yes", LOGIN],
    ];
    for args in rows {
        let mut command = command();
        command.arg("--data").arg(&told.place.data).args(args);
        let ran = into_full(command);
        assert_eq!(ran.code, Some(1), "{args:?}: {}", ran.err);
        assert!(ran.err.contains("cannot write the result to standard output"), "{args:?}: {}", ran.err);
    }
}

fn of_brands(told: &mut Told) {
    let houses = told.beside("houses");
    let umi = ["umi", "--houses", &houses, "--host", "umi.example"];
    told.ask(
        "tenant make",
        &umi,
        &["name", "number", "hosts", "data", "key_file", "card", "socket", "metrics"],
    );
    let listed = told.ask("tenant list", &["--houses", &houses], &[]);
    assert_eq!(
        (&listed["tenants"][0]["name"], &listed["tenants"][0]["serves"]),
        (&"umi".into(), &false.into())
    );
    let door = ["--houses", &houses, "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"];
    assert_eq!(told.start("door serve", &door, &["public", "metrics"]).stop("-TERM"), Some(0));
    told.ask(
        "tenant remove",
        &["umi", "--houses", &houses, "--yes"],
        &["name", "keys_destroyed", "data", "left"],
    );
}
