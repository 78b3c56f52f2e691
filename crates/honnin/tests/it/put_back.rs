//! Somebody with the data directory puts back what was there before: the store, the journal, both; and what has left the
//! machine meanwhile, in a directory and at a witness that nobody here wrote.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support::{Browser, Place, Ran, directory_of_sample, mapping, run_in, soon};

const LOGIN: &str = "mio30617284";

const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];

/// The sizes of trees, by the origin of their logs.
type Sizes = BTreeMap<String, u64>;

/// The largest size that a checkpoint below a directory says of each log.
fn sizes(dir: &Path) -> Sizes {
    let (mut found, mut open) = (Sizes::new(), vec![dir.to_owned()]);
    while let Some(dir) = open.pop() {
        for path in fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
                continue;
            }
            // One that is being written may be gone, or be no note yet.
            let note = fs::read(&path).unwrap_or_default();
            let note = String::from_utf8_lossy(&note[..note.len().min(1_024)]).into_owned();
            let mut lines = note.lines();
            let (origin, size) = (lines.next().unwrap_or_default(), lines.next().map(str::parse::<u64>));
            if let Some(Ok(size)) = size
                && origin.starts_with("honnin/journal/")
            {
                let largest = found.entry(origin.to_owned()).or_default();
                *largest = size.max(*largest);
            }
        }
    }
    found
}

/// Where checkpoints are, and where they leave for: everything of that kind that the settings name.
fn places_of_checkpoints(place: &Place) -> Vec<PathBuf> {
    let settings = fs::read_to_string(place.data.join("honnin.toml")).unwrap();
    let directory = settings.lines().find_map(|line| line.strip_prefix("checkpoints = \""));
    let directory = directory.unwrap().trim_end_matches('"');
    let leaves = (!directory.is_empty()).then(|| place.data.join(directory));
    let is_witnessed = !settings.contains("\nwitnesses = []\n");
    let witnessed = is_witnessed.then(|| place.data.join("witnessed"));
    [place.data.join("journal")].into_iter().chain(leaves).chain(witnessed).collect()
}

/// Serves for a moment: each start is an entry, and it ends when that is published, anchored and gone out.
fn serve_for_a_moment(place: &Place) {
    let before = sizes(&place.data.join("journal"));
    let serving = place.serve();
    let mut monitor = Browser::new(serving.0.after("metrics on ").trim_end_matches("/metrics"));
    let (mut entries, mut unanchored) = (0, 0);
    // Figures are taken every five seconds.
    let is_anchored = soon(|| {
        let told = monitor.get("/metrics").body;
        let figure = |name: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.map_or(0, |value| value.parse::<u64>().unwrap())
        };
        entries = figure("honnin_journal_entries");
        unanchored = figure("honnin_journal_unanchored_entries");
        entries > 0 && unanchored == 0
    });
    assert!(is_anchored, "{unanchored} of {entries} entries are not anchored");
    // Commands have a log of their own, which stays as it is meanwhile.
    let has_come = |dir: &Path, entries: u64| {
        let is_there = |(origin, size): (&String, &u64)| *size >= entries && before.get(origin) != Some(size);
        let is_there = soon(|| sizes(dir).iter().any(is_there));
        assert!(is_there, "no checkpoint of {entries} entries in {}: {:?}", dir.display(), sizes(dir));
    };
    let places = places_of_checkpoints(place);
    for dir in &places {
        has_come(dir, entries);
    }
    // What was anchored when a frame was written stands in the next one.
    serving.browser().post_form("/sign-in", &[("login", "nobody-here"), ("password", "not a password")]);
    has_come(&places[0], entries + 1);
    serving.0.kill();
}

fn put_back(from: &Path, to: &Path, folder: &str) {
    fs::remove_dir_all(to.join(folder)).unwrap();
    let copied = Command::new("cp").arg("-a").arg(from.join(folder)).arg(to).status().unwrap();
    assert!(copied.success());
}

fn refused(ran: &Ran, code: i32, by: &str) {
    assert_eq!(ran.code, Some(code), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(by), "{by}: {}", ran.err);
}

#[test]
fn a_store_older_than_its_journal_is_refused_until_a_person_says() {
    let place = Place::begin(&PORTS);
    serve_for_a_moment(&place);
    let older = place.copy("older");
    serve_for_a_moment(&place);
    let whole = place.copy("whole");
    assert_eq!(place.run(&["journal", "verify"]).code, Some(0));
    put_back(&older, &place.data, "store");
    refused(&place.run(&["serve"]), 1, "the store is older than the journal");
    refused(&place.run(&["journal", "verify"]), 6, "the store is older than the journal");
    let doctor = place.run(&["doctor"]);
    assert!(doctor.code == Some(4) && doctor.out.contains("older than the journal"), "{}", doctor.out);
    // The other way round.
    put_back(&whole, &place.data, "store");
    put_back(&older, &place.data, "journal");
    refused(&place.run(&["serve"]), 1, "were anchored, and the log does not have them");
    refused(&place.run(&["journal", "verify"]), 6, "that were anchored");
    // A person who restored it goes on, by name.
    assert_eq!(place.run(&["journal", "accept"]).code, Some(2), "it is asked for");
    let accepted = place.run(&["--as", "suzuki", "journal", "accept", "--yes"]);
    assert_eq!(accepted.code, Some(0), "{}", accepted.err);
    let acts = place.run(&["journal", "acts"]);
    assert!(
        acts.out.lines().any(|line| line.contains("suzuki") && line.contains("journal accept")),
        "{}",
        acts.out
    );
    serve_for_a_moment(&place);
    assert_eq!(place.run(&["journal", "verify"]).code, Some(0));
}

#[test]
fn a_machine_put_back_as_a_whole_is_found_by_what_has_left_it() {
    let place = Place::begin(&[
        ("public", "[\"127.0.0.1:0\"]"),
        ("metrics", "\"127.0.0.1:0\""),
        ("checkpoints", "\"../elsewhere\""),
        ("checkpoint_every", "\"1 s\""),
    ]);
    serve_for_a_moment(&place);
    let older = place.copy("older");
    serve_for_a_moment(&place);
    let doctor = place.run(&["doctor"]);
    assert!(doctor.out.contains("the last one left "), "{}", doctor.out);
    for folder in ["store", "journal"] {
        put_back(&older, &place.data, folder);
    }
    assert_eq!(place.run(&["journal", "verify"]).code, Some(0), "the files alone cannot tell");
    refused(&place.run(&["serve"]), 1, "does not go on from the checkpoint that left before");
    let doctor = place.run(&["doctor"]);
    assert!(doctor.out.contains("does not go on from the checkpoint"), "{}", doctor.out);
}

#[test]
fn checkpoints_that_leave_for_nowhere_any_more_are_missed_until_a_person_says_so() {
    let place = Place::begin(&[
        PORTS[0],
        PORTS[1],
        ("checkpoints", "\"../elsewhere\""),
        ("checkpoint_every", "\"1 s\""),
    ]);
    serve_for_a_moment(&place);
    let older = place.copy("older");
    serve_for_a_moment(&place);
    let file = place.data.join("honnin.toml");
    let settings = fs::read_to_string(&file).unwrap();
    for other in ["", "../an-empty-one"] {
        let told = settings.replace("checkpoints = \"../elsewhere\"", &format!("checkpoints = \"{other}\""));
        assert_ne!(told, settings);
        fs::write(&file, told).unwrap();
        refused(&place.run(&["serve"]), 1, "left for a place that the settings do not name (../elsewhere)");
    }
    // Nor where everything else is put back together, or the row is taken away.
    for folder in ["store", "journal"] {
        put_back(&older, &place.data, folder);
    }
    refused(&place.run(&["serve"]), 1, "left for a place that the settings do not name (../elsewhere)");
    let store = rusqlite::Connection::open(place.data.join("store/honnin.sqlite")).unwrap();
    let taken = store.execute("DELETE FROM control WHERE name LIKE 'checkpoint-places/%'", []).unwrap();
    assert_eq!(taken, 1);
    drop(store);
    refused(&place.run(&["serve"]), 1, "nobody knows where to");
    let said = place.run(&["journal", "redirect", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    serve_for_a_moment(&place);
    let acts = place.run(&["journal", "acts"]);
    assert!(acts.out.contains("checkpoints leave for ../an-empty-one"), "{}", acts.out);
}

#[test]
fn where_a_checkpoint_has_to_leave_and_cannot_nobody_is_shown_anything() {
    let place = Place::begin(&[
        PORTS[0],
        PORTS[1],
        ("checkpoints", "\"../elsewhere\""),
        ("checkpoint_every", "\"1 s\""),
        // Longer than a busy machine takes between two of them.
        ("checkpoint_age", "\"20 s\""),
        ("checkpoint_required", "true"),
    ]);
    let (mapping, sample) = (mapping(), directory_of_sample());
    let words = ["intake", "files", "--mapping", mapping.to_str().unwrap(), sample.to_str().unwrap()];
    assert_eq!(place.run(&words).code, Some(0));
    let invited = place.run(&["account", "invite", LOGIN]);
    let code = invited.out.lines().next().unwrap().trim_start_matches("code").trim().to_owned();
    let serving = place.serve();
    let mut browser = serving.browser();
    let mut monitor = Browser::new(serving.0.after("metrics on ").trim_end_matches("/metrics"));
    let mut readiness = |status: u16| {
        let said = soon(|| monitor.get("/readyz").status == status);
        let ready = monitor.get("/readyz");
        assert!(said, "{status}: {} {}", ready.status, ready.body);
        ready.body
    };
    readiness(200);
    let form = [("login", LOGIN), ("code", code.as_str()), ("password", "umi no mieru ie de")];
    assert_eq!(browser.post_form("/activate", &form).status, 303);
    assert_eq!(browser.get("/api/v1/me").status, 200);
    // What is put where the directory was cannot be written into.
    let (elsewhere, away) = (place.beside("elsewhere"), place.beside("away"));
    fs::rename(&elsewhere, &away).unwrap();
    fs::write(&elsewhere, "").unwrap();
    let told = readiness(503);
    assert!(told.contains("no checkpoint of the journal has left for too long"), "{told}");
    let withheld = browser.get("/api/v1/me");
    assert_eq!(withheld.status, 503, "{}", withheld.body);
    assert!(withheld.body.contains("\"stopped\"") && withheld.headers.contains_key("retry-after"));
    assert_eq!(browser.get("/lines").status, 503);
    assert_eq!(browser.get("/notices").status, 200, "what is public goes on");
    let doctor = place.run(&["doctor"]);
    let about = doctor.out.lines().find(|line| line.starts_with("checkpoint") && line.contains("ATTENTION"));
    assert!(doctor.code == Some(4) && about.is_some(), "{}", doctor.out);
    fs::remove_file(&elsewhere).unwrap();
    fs::rename(&away, &elsewhere).unwrap();
    readiness(200);
    assert_eq!(browser.get("/api/v1/me").status, 200, "and by itself again");
}

/// A witness of another's making (`aics-witness` of `PyPI`), where it is on this machine.
fn witness_program() -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/witness/bin/aics-witness");
    repository.is_file().then_some(repository)
}

struct Witness(Child);

impl Drop for Witness {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn witness(program: &Path, config: &Path, words: &[&str]) -> String {
    let command = words.first().unwrap();
    let ran =
        Command::new(program).arg(command).arg("--config").arg(config).args(&words[1..]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

fn witnessing(program: &Path, config: &Path, listen: SocketAddr) -> Witness {
    let mut command = Command::new(program);
    command.args(["serve", "--config"]).arg(config).args(["--listen", &listen.to_string()]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let witness = Witness(child);
    let up = soon(|| std::net::TcpStream::connect(listen).is_ok());
    assert!(up, "the witness does not listen");
    witness
}

#[test]
fn a_witness_that_nobody_here_wrote_cosigns_and_finds_what_was_put_back() {
    let Some(program) = witness_program() else {
        println!(
            "skipped: aics-witness is not on this machine; `cargo xtask red-team` installs it, as do \
             (Python 3.12) python3 -m venv target/witness && target/witness/bin/python -m pip install aics-witness==0.1.0"
        );
        return;
    };
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let place = Place::begin(&PORTS);
    serve_for_a_moment(&place);
    let (config, listens) = (place.beside("witness.json"), listen.to_string());
    let init = ["init", "--name", "witness.example/w1", "--listen", &listens];
    let vkey = witness(&program, &config, &init);
    let vkey =
        vkey.split_whitespace().find(|word| word.starts_with("witness.example/w1+")).unwrap().to_owned();
    let verified = place.run(&["journal", "verify"]);
    let keys = verified.out.lines().filter_map(|line| line.strip_prefix("key ")).map(str::trim);
    for key in keys {
        let (origin, _) = key.split_once('+').unwrap();
        witness(&program, &config, &["add-log", "--origin", origin, "--vkey", key]);
    }
    let file = place.data.join("honnin.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace("\nwitnesses = []\n", &format!("\nwitnesses = [\"http://{listens} {vkey}\"]\n"));
    let every = text.lines().find(|line| line.starts_with("checkpoint_every = ")).unwrap().to_owned();
    fs::write(&file, text.replace(&every, "checkpoint_every = \"1 s\"")).unwrap();
    let doctor = place.run(&["doctor"]);
    assert!(doctor.out.contains("none has left"), "{}", doctor.out);
    let running = witnessing(&program, &config, listen);
    serve_for_a_moment(&place);
    let older = place.copy("older");
    serve_for_a_moment(&place);
    let doctor = place.run(&["doctor"]);
    assert!(doctor.out.contains("the last one left "), "{}", doctor.out);
    let cosigned: Vec<PathBuf> =
        fs::read_dir(place.data.join("witnessed")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!cosigned.is_empty());
    for path in &cosigned {
        let note = fs::read_to_string(path).unwrap();
        assert_eq!(note.matches("\n\u{2014} ").count(), 2, "ours and the witness's: {note}");
    }
    // Everything is put back, what was kept of the witness too: the witness itself remembers.
    for folder in ["store", "journal", "witnessed"] {
        put_back(&older, &place.data, folder);
    }
    let serving = place.serve();
    let said = soon(|| run_in(&place.data, &["doctor"]).out.contains("put back"));
    drop(serving);
    assert!(said, "nobody said that the witness has seen more");
    drop(running);
}
