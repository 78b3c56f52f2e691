//! Many brands on one machine: a house each, made and taken away by a command, behind one door.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use honnin_testkit::{PostgresServer, TestDir};

use crate::support::{Browser, Ran, Running, command, directory_of_sample, honnin, mapping, run_in};

/// Hosts that lead to this machine without anybody who resolves names.
const UMI: &str = "127.0.0.1";
const YAMA: &str = "127.0.0.2";
/// Somebody of the sample ledger, which the first house takes in and the second does not.
const LOGIN: &str = "mio30617284";
const PASSWORD: &str = "umi no mieru ie de";
/// Longer than a slow machine takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A machine with a directory of houses.
struct Town {
    dir: TestDir,
}

impl Town {
    /// Two houses that differ in what brands differ in; the first has subscribers.
    fn new() -> Self {
        let town = Self { dir: TestDir::new() };
        for (name, host, settings) in [
            ("umi", UMI, [("name", "\"海鳴モバイル\""), ("currency", "\"JPY\""), ("colour", "\"#8a0f3c\"")]),
            ("yama", YAMA, [("name", "\"Yamabiko\""), ("currency", "\"KRW\""), ("colour", "\"#005a2b\"")]),
        ] {
            town.begin(name, host, &settings, &[]);
        }
        town
    }

    /// A house with these settings, and an address of its own for who monitors it.
    fn begin(&self, name: &str, host: &str, settings: &[(&str, &str)], more: &[&str]) {
        let made = self.make(name, host, more);
        assert_eq!(made.code, Some(0), "{}", made.err);
        let file = self.data(name).join("honnin.toml");
        let mut text = fs::read_to_string(&file).unwrap();
        for (key, value) in settings.iter().chain(&[("metrics", "\"127.0.0.1:0\"")]) {
            let old = text.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap().to_owned();
            text = text.replacen(&format!("\n{old}\n"), &format!("\n{key} = {value}\n"), 1);
        }
        fs::write(&file, text).unwrap();
        assert_eq!(self.run(name, &["config", "check"]).code, Some(0));
    }

    fn houses(&self) -> PathBuf {
        self.dir.join("houses")
    }

    fn data(&self, name: &str) -> PathBuf {
        self.houses().join(name)
    }

    fn run(&self, name: &str, args: &[&str]) -> Ran {
        run_in(&self.data(name), args)
    }

    fn tenant(&self, act: &str, more: &[&str]) -> Ran {
        let houses = self.houses();
        honnin(["tenant", act, "--houses", houses.to_str().unwrap()].iter().chain(more))
    }

    fn make(&self, name: &str, host: &str, more: &[&str]) -> Ran {
        self.tenant("make", &[&[name, "--host", host], more].concat())
    }

    fn take_in(&self, name: &str) {
        let (mapping, ledger) = (mapping(), directory_of_sample());
        let files = ["intake", "files", "--mapping", mapping.to_str().unwrap(), ledger.to_str().unwrap()];
        let taken = self.run(name, &files);
        assert_eq!(taken.code, Some(0), "{}{}", taken.out, taken.err);
    }

    fn serve(&self, name: &str) -> Running {
        let mut command = command();
        command.arg("--data").arg(self.data(name)).arg("serve");
        Running::start(command, "metrics on ")
    }

    fn door(&self) -> Door {
        let mut command = command();
        command.args(["door", "serve", "--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"]);
        command.args(["--metrics", "127.0.0.1:0", "--seconds", "8", "--houses"]).arg(self.houses());
        Door(Running::start(command, "metrics on "))
    }
}

struct Door(Running);

impl Door {
    fn at(&self, host: &str) -> String {
        let said = self.0.said.split_once(&format!("door on {host}:")).unwrap().1;
        format!("{host}:{}", said.split_whitespace().next().unwrap())
    }

    fn browser(&self, host: &str) -> Browser {
        Browser::new(&format!("http://{}", self.at(host)))
    }

    /// What is answered there to who asks for that host.
    fn asked(&self, at: &str, host: &str) -> String {
        let mut stream = TcpStream::connect(self.at(at)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!("GET /sign-in HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Waits until what is answered begins so.
    fn patiently(&self, at: &str, begins: &str) {
        let tries = (0..600).find(|_| {
            thread::sleep(Duration::from_millis(100));
            self.asked(at, at).starts_with(begins)
        });
        assert!(tries.is_some(), "never {begins}: {}", self.asked(at, at));
    }
}

/// Everything in the files of a directory.
fn files(dir: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            files(&path, all);
        } else if !kind.is_socket() {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

fn holds(octets: &[u8], word: &str) -> bool {
    octets.windows(word.len()).any(|part| part == word.as_bytes())
}

/// A browser that has just set the password of [`LOGIN`].
fn activated(town: &Town, name: &str, mut browser: Browser) -> Browser {
    let invited = town.run(name, &["account", "invite", LOGIN]);
    let code = invited.out.lines().next().unwrap().trim_start_matches("code").trim().to_owned();
    let form = [("login", LOGIN), ("code", code.as_str()), ("password", PASSWORD)];
    let activated = browser.post_form("/activate", &form);
    assert_eq!(activated.status, 303, "{}", activated.body);
    browser
}

#[test]
fn two_brands_behind_one_door_know_nothing_of_each_other() {
    let town = Town::new();
    town.take_in("umi");
    let (umi, yama) = (town.serve("umi"), town.serve("yama"));
    assert_eq!([umi.after("at "), yama.after("at ")], [UMI, YAMA]);
    let door = town.door();
    // By the host that is asked for, wherever one knocks.
    for (at, host, name, other) in
        [(UMI, UMI, "海鳴モバイル", "Yamabiko"), (UMI, YAMA, "Yamabiko", "海鳴モバイル")]
    {
        let page = door.asked(at, host);
        assert!(page.starts_with("HTTP/1.1 200") && page.contains(name) && !page.contains(other), "{page}");
    }
    assert!(door.asked(YAMA, "yama.example").starts_with("HTTP/1.1 421"));
    let mut hers = activated(&town, "umi", door.browser(UMI));
    let bills = hers.get("/bills").body;
    assert!(bills.contains('円') && !bills.contains('₩'), "{bills}");
    assert!(hers.get("/api/v1/me").body.contains("汐里"));
    // The same octets are nobody's in the other house, nor is her name there.
    let mut there = door.browser(YAMA);
    there.cookies.clone_from(&hers.cookies);
    assert!(!there.cookies.is_empty());
    assert_eq!(there.get("/api/v1/me").status, 401);
    let form = format!(r#"{{"login":"{LOGIN}","password":"{PASSWORD}"}}"#);
    let refused = door.browser(YAMA).send_json("POST", "/api/v1/sessions", &form);
    assert_eq!(refused.status, 401, "{}", refused.body);
    // Each log, figure, file and error of the second house, also of commands that fail.
    let mut monitor = Browser::new(yama.after("metrics on ").trim_end_matches("/metrics"));
    // Loopback is everybody's on this machine, the other house's user's too.
    assert_eq!((monitor.get("/metrics").status, monitor.get("/healthz").status), (401, 200));
    let token = fs::read_to_string(town.data("yama").join("metrics.token")).unwrap();
    let bearer = [("authorization", &*format!("Bearer {}", token.trim()))];
    let figures = monitor.ask("GET", "/metrics", &bearer, "").body;
    assert!(figures.contains("honnin_"), "{figures}");
    let unknown = town.run("yama", &["account", "invite", LOGIN]);
    assert!(unknown.code == Some(1) && !unknown.err.contains(LOGIN), "{}", unknown.err);
    let said = format!("{figures}{}{}{}", yama.said, unknown.err, town.run("yama", &["doctor"]).out);
    assert_eq!(yama.stop("-TERM"), Some(0));
    let mut all = BTreeMap::from([(PathBuf::from("what is said"), said.into_bytes())]);
    files(&town.data("yama"), &mut all);
    assert!(all.keys().any(|file| file.ends_with("logs/honnin.log")) && all.len() > 8, "{:?}", all.keys());
    for word in ["海鳴モバイル", "#8a0f3c", "umi", LOGIN, "汐里", "090-0704-8120", "09007048120", "shiori@"]
    {
        for (file, octets) in &all {
            // Of three letters there may be any in octets that are sealed.
            let sealed = word == "umi" && str::from_utf8(octets).is_err();
            assert!(sealed || !holds(octets, word), "{word} is in {}", file.display());
        }
    }
    // One that is not there takes nobody along.
    assert!(door.asked(YAMA, YAMA).starts_with("HTTP/1.1 503"));
    assert_eq!(hers.get("/api/v1/me").status, 200);
    let listed = town.tenant("list", &["--json"]);
    let listed: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(listed["tenants"][0]["serves"], true, "{listed}");
    assert_eq!(listed["tenants"][1]["serves"], false, "{listed}");
    drop(umi);
}

#[test]
fn a_currency_and_a_name_are_each_houses_own() {
    let town = Town::new();
    town.take_in("yama");
    let yama = town.serve("yama");
    let door = town.door();
    let bills = activated(&town, "yama", door.browser(YAMA)).get("/bills").body;
    assert!(bills.contains('₩') && !bills.contains('円'), "{bills}");
    drop(yama);
}

#[test]
fn whoever_drips_into_the_door_is_let_go_and_the_door_may_restart() {
    let town = Town::new();
    let _umi = town.serve("umi");
    let door = town.door();
    let mut kept = TcpStream::connect(door.at(UMI)).unwrap();
    kept.set_read_timeout(Some(PATIENCE)).unwrap();
    let ask = |stream: &mut TcpStream| {
        stream.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {UMI}\r\n\r\n").as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        let mut rest = [0; 4096];
        let _read: usize = stream.read(&mut rest).unwrap();
    };
    ask(&mut kept);
    let mut drips = TcpStream::connect(door.at(UMI)).unwrap();
    // A hello of which more is always to come: a record of 512 octets, in it a message of version 3.3.
    let mut hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3].into_iter();
    let let_go = (0..1_200).any(|_| {
        thread::sleep(Duration::from_millis(50));
        drips.write_all(&[hello.next().unwrap_or(0)]).is_err()
    });
    assert!(let_go, "it is still open after a minute");
    assert!(door.asked(UMI, UMI).starts_with("HTTP/1.1 200"));
    let mut monitor = Browser::new(door.0.after("metrics on ").trim_end_matches("/metrics"));
    let figures = monitor.get("/metrics").body;
    for outcome in ["handed\"} 2", "slow\"} 1", "unknown\"} 0"] {
        let line = format!("honnin_door_connections_total{{outcome=\"{outcome}\n");
        assert!(figures.contains(&line), "{outcome}: {figures}");
    }
    assert!(!figures.contains(UMI) && !figures.contains("umi"), "{figures}");
    assert_eq!(door.0.stop("-TERM"), Some(0));
    ask(&mut kept);
    let door = town.door();
    assert!(door.asked(UMI, UMI).starts_with("HTTP/1.1 200"));
}

#[test]
fn what_is_removed_cannot_be_read_by_anybody_and_the_others_go_on() {
    let town = Town::new();
    town.take_in("umi");
    let (umi, yama, door) = (town.serve("umi"), town.serve("yama"), town.door());
    let serving = town.tenant("remove", &["umi", "--yes"]);
    assert!(serving.code == Some(1) && serving.err.contains("it serves"), "{}", serving.err);
    assert_eq!(umi.stop("-TERM"), Some(0));
    let unasked = town.tenant("remove", &["umi"]);
    assert!(unasked.code == Some(2) && unasked.err.contains("--yes"), "{}", unasked.err);
    // What a thief, or a backup, has of it: everything but the key file.
    let aside = town.dir.join("aside");
    let copied = std::process::Command::new("cp").arg("-a").arg(town.data("umi")).arg(&aside).status();
    assert!(copied.unwrap().success());
    assert_eq!(run_in(&aside, &["key", "check"]).code, Some(0), "while its key is there it opens");
    let removed = town.tenant("remove", &["umi", "--yes", "--as", "sato"]);
    assert_eq!(removed.code, Some(0), "{}", removed.err);
    for file in ["umi", "umi.toml", "umi.key", "umi.sock"] {
        assert!(!town.houses().join(file).exists(), "{file}");
    }
    let refused = run_in(&aside, &["key", "check"]);
    assert!(refused.code == Some(3) && refused.err.contains("umi.key"), "{}", refused.err);
    // Nor by another key of the same place.
    let other = town.make("umi", "umi.example", &[]);
    assert_eq!(other.code, Some(0), "{}", other.err);
    assert_eq!(run_in(&aside, &["key", "check"]).code, Some(3));
    door.patiently(UMI, "HTTP/1.1 421");
    assert!(door.asked(YAMA, YAMA).starts_with("HTTP/1.1 200"));
    let record = fs::read_to_string(town.houses().join("tenants.log")).unwrap();
    let acts: Vec<serde_json::Value> =
        record.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> =
        acts.iter().map(|act| (act["act"].as_str().unwrap(), act["number"].as_u64().unwrap())).collect();
    assert_eq!(told[..4], [("making", 1), ("made", 1), ("making", 2), ("made", 2)]);
    assert_eq!(told[4..], [("removing", 1), ("removed", 1), ("making", 3), ("made", 3)]);
    assert_eq!(acts[5]["by"], "sato");
    drop(yama);
}

#[test]
fn names_hosts_and_keys_are_one_tenants_own() {
    let town = Town::new();
    let may = |file: &str| fs::metadata(town.houses().join(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!([may("umi"), may("umi.key"), may("umi.toml"), may("")], [0o700, 0o600, 0o644, 0o755]);
    for (name, host, more, says) in [
        ("umi", "a.example", &[][..], "is there already"),
        ("Umi", "a.example", &[], "small letters"),
        ("../x", "a.example", &[], "small letters"),
        ("mori", YAMA, &[], "is a host of yama"),
        ("mori", "a.example:443", &[], "without a port"),
        ("mori", "a.example", &["--key-file", "KEY"], "each tenant has a key of its own"),
    ] {
        let key = town.houses().join("umi.key");
        let more: Vec<&str> =
            more.iter().map(|word| if *word == "KEY" { key.to_str().unwrap() } else { word }).collect();
        let refused = town.make(name, host, &more);
        assert!(refused.code == Some(1) && refused.err.contains(says), "{name} {host}: {}", refused.err);
        assert!(!town.houses().join("mori").exists() && !town.houses().join("mori.toml").exists());
    }
    // Written into a card by hand it is told to whoever looks, and the older house keeps it.
    let card = town.houses().join("yama.toml");
    let text = fs::read_to_string(&card).unwrap();
    fs::write(&card, text.replace("[\"127.0.0.2\"]", "[\"127.0.0.1\", \"127.0.0.2\"]")).unwrap();
    let says = "cannot lead 127.0.0.1 to yama: it is a host of umi";
    let checked = town.run("yama", &["config", "check"]);
    assert!(checked.code == Some(3) && checked.err.contains(says), "{}", checked.err);
    let served = town.run("yama", &["serve"]);
    assert!(served.code == Some(1) && served.err.contains(says), "{}", served.err);
    assert_eq!(town.run("umi", &["config", "check"]).code, Some(0));
    let listed = town.tenant("list", &[]);
    assert!(listed.code == Some(4) && listed.err.contains(says), "{}", listed.err);
    let _umi = town.serve("umi");
    let door = town.door();
    assert!(door.asked(YAMA, UMI).contains("海鳴モバイル"));
}

#[test]
fn removing_writes_to_nothing_but_the_tenants_own_keys() {
    let town = Town::new();
    // The house's user writes in it what it likes; root removes it.
    let foreign = town.dir.write("shadow", "root:*:20000:0:99999:7:::\n");
    let untouched = || assert_eq!(fs::read_to_string(&foreign).unwrap(), "root:*:20000:0:99999:7:::\n");
    let settings = town.data("umi").join("honnin.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let key = format!("key_file = {:?}", town.houses().join("umi.key"));
    assert!(text.contains(&key), "{text}");
    fs::write(&settings, text.replace(&key, &format!("key_file = {foreign:?}"))).unwrap();
    let keyring = town.data("umi").join("keyring.toml");
    fs::remove_file(&keyring).unwrap();
    std::os::unix::fs::symlink(&foreign, &keyring).unwrap();
    let refused = town.tenant("remove", &["umi", "--yes"]);
    assert!(refused.code == Some(1) && refused.err.contains("no regular file"), "{}", refused.err);
    untouched();
    assert!(town.houses().join("umi.key").exists(), "it is refused before anything is destroyed");
    fs::remove_file(&keyring).unwrap();
    let removed = town.tenant("remove", &["umi", "--yes"]);
    assert_eq!(removed.code, Some(0), "{}", removed.err);
    untouched();
    let named = format!("left       {} (keys.key_file)", foreign.display());
    assert!(removed.out.contains(&named), "{}", removed.out);
    assert!(!town.houses().join("umi.key").exists() && !town.data("umi").exists());
}

/// The command destroys files; a key on a token only whoever has the token can.
#[test]
fn removing_names_the_token_that_still_holds_a_key() {
    let town = Town::new();
    let settings = town.data("umi").join("honnin.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let key = format!("key_file = {:?}", town.houses().join("umi.key"));
    assert!(text.contains(&key), "{text}");
    // As after `key rotate --to socket:PATH`: the card names the key file of before still.
    fs::write(&settings, text.replace(&key, "key_file = \"socket:/run/honnin-key/agent.sock\"")).unwrap();
    let removed = town.tenant("remove", &["umi", "--yes"]);
    assert_eq!(removed.code, Some(0), "{}", removed.err);
    let left = "left       the key on the token behind socket:/run/honnin-key/agent.sock: what it unwraps";
    assert!(removed.out.contains(left), "{}", removed.out);
    assert!(!town.houses().join("umi.key").exists(), "the file of before is destroyed");
    let removed = town.tenant("remove", &["yama", "--yes"]);
    assert!(removed.code == Some(0) && !removed.out.contains("behind socket:"), "{}", removed.out);
}

#[test]
fn nobody_is_removed_while_it_cannot_be_told_whose_key_it_is() {
    let town = Town::new();
    let refused = |says: &str| {
        let refused = town.tenant("remove", &["umi", "--yes"]);
        assert!(refused.code == Some(1) && refused.err.contains(says), "{}", refused.err);
        assert!(town.houses().join("umi.key").exists() && town.data("umi").exists());
    };
    for file in [town.data("yama").join("honnin.toml"), town.houses().join("yama.toml")] {
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, "[half").unwrap();
        refused(if file.ends_with("honnin.toml") { "the settings of \"yama\"" } else { "yama.toml" });
        fs::write(&file, text).unwrap();
    }
    // A house that is a link leads to what may be another's.
    fs::rename(town.data("umi"), town.dir.join("moved")).unwrap();
    std::os::unix::fs::symlink(town.dir.join("moved"), town.data("umi")).unwrap();
    refused("is a symbolic link");
    assert!(town.dir.join("moved/keyring.toml").exists());
    fs::remove_file(town.data("umi")).unwrap();
    fs::rename(town.dir.join("moved"), town.data("umi")).unwrap();
    // A second data directory does not answer by its card.
    let mut copy = std::process::Command::new("cp");
    let copied = copy.arg("-a").arg(town.data("umi")).arg(town.dir.join("copy")).status();
    assert!(copied.unwrap().success());
    for (args, code) in [(&["config", "check"][..], 3), (&["serve"], 1)] {
        let checked = run_in(&town.dir.join("copy"), args);
        assert!(
            checked.code == Some(code) && checked.err.contains("it is that of the house in"),
            "{}",
            checked.err
        );
    }
    assert_eq!(town.tenant("remove", &["umi", "--yes"]).code, Some(0));
}

#[test]
fn two_brands_may_have_a_database_each_and_neither_takes_the_others() {
    // Roles are the server's: this one is nobody else's.
    let Some(server) = PostgresServer::start() else { return };
    let [hers, theirs] = [server.database(), server.database()];
    server.sql(&hers, "create role yama login");
    let town = Town { dir: TestDir::new() };
    let url = server.url("honnin", &hers);
    town.begin("umi", UMI, &[], &["--store-url", &url]);
    for (url, says) in [
        (server.url("yama", &hers), "the database of store.url is that of \"umi\""),
        (server.url("honnin", &theirs), "the role of store.url is that of \"umi\""),
        ("postgresql://db.example/x".to_owned(), "another machine"),
        (url.replacen("honnin@", "honnin:geheim@", 1), "has a password"),
    ] {
        let refused = town.make("yama", YAMA, &["--store-url", &url]);
        let told =
            refused.code == Some(1) && refused.err.starts_with("honnin: cannot make the tenant \"yama\": ");
        assert!(told && refused.err.contains(says) && !refused.err.contains("geheim"), "{}", refused.err);
        assert!(!town.data("yama").exists());
    }
    // Nor is one given away while it cannot be told who has it.
    let (settings, aside) = (town.data("umi").join("honnin.toml"), town.dir.join("aside.toml"));
    fs::rename(&settings, &aside).unwrap();
    let unknown = town.make("yama", YAMA, &["--store-url", &server.url("yama", &theirs)]);
    assert!(unknown.code == Some(1) && unknown.err.contains("cannot be told"), "{}", unknown.err);
    fs::rename(&aside, &settings).unwrap();
    town.begin("yama", YAMA, &[], &["--store-url", &server.url("yama", &theirs)]);
    for (name, database) in [("umi", &hers), ("yama", &theirs)] {
        let unready = town.run(name, &["doctor"]);
        assert!(unready.err.contains("run `honnin store prepare`"), "{}", unready.err);
        let prepared = town.run(name, &["store", "prepare", "--owner", &server.url("owner", database)]);
        assert_eq!(prepared.code, Some(0), "{}", prepared.err);
    }
    town.take_in("umi");
    let (umi, yama, door) = (town.serve("umi"), town.serve("yama"), town.door());
    let mut her = activated(&town, "umi", door.browser(UMI));
    assert!(her.get("/api/v1/me").body.contains("汐里"));
    let mut there = door.browser(YAMA);
    there.cookies.clone_from(&her.cookies);
    assert_eq!(there.get("/api/v1/me").status, 401);
    let accounts = |database: &str| server.sql(database, "select count(*) from honnin.account");
    assert!(accounts(&hers) != "0" && accounts(&theirs) == "0");
    // Taken away, it opens nothing, and the other goes on.
    assert_eq!(umi.stop("-TERM"), Some(0));
    let removed = town.tenant("remove", &["umi", "--yes"]);
    assert!(removed.code == Some(0) && removed.out.contains("its database (store.url)"), "{}", removed.err);
    assert!(door.asked(YAMA, YAMA).starts_with("HTTP/1.1 200"));
    drop(yama);
}
