//! Every act is an entry of its kind, by whichever way it is done; and a journal of another installation answers for none.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use honnin_journal::{Trust, verify_each};
use honnin_seal::VerifyingKey;
use serde_json::Value;

use crate::support::{Answer, Browser, Place, Ran, Serving, directory_of_sample, mapping, soon};

/// On free ports, with cheap hashes.
const SETTINGS: [(&str, &str); 4] = [
    ("public", "[\"127.0.0.1:0\"]"),
    ("metrics", "\"127.0.0.1:0\""),
    ("hash_memory", "\"8 MiB\""),
    ("hash_passes", "1"),
];
const GIVER: &str = "mio30617284";
const TAKER: &str = "mio10482913";
const PASSWORD: &str = "umi no mieru ie de";
const NEW: &str = "kaze no tooru michi wo";

fn take_in(place: &Place) {
    let (mapping, sample) = (mapping(), directory_of_sample());
    let words = ["intake", "files", "--mapping", mapping.to_str().unwrap(), sample.to_str().unwrap()];
    well(&place.run(&words));
}

fn well(ran: &Ran) {
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
}

/// How many entries of each kind there are, read from the files with nothing but the public key.
fn kinds(place: &Place) -> BTreeMap<&'static str, usize> {
    let key = fs::read_to_string(place.data.join("journal.pub")).unwrap();
    let key = VerifyingKey(BASE64.decode(key.trim().as_bytes()).unwrap().try_into().unwrap());
    let mut found = BTreeMap::new();
    let mut count = |_, entry: &honnin_journal::Entry| *found.entry(entry.kind.row().word).or_default() += 1;
    verify_each(&place.data.join("journal"), &Trust::of_key(key), None, &mut count).unwrap();
    found
}

/// The kinds of entries that what was done has to leave, and how many.
#[derive(Default)]
struct Owed(BTreeMap<&'static str, usize>);

impl Owed {
    /// Does something that leaves entries of those kinds.
    fn by<T>(&mut self, kinds: &[&'static str], does: impl FnOnce() -> T) -> T {
        for kind in kinds {
            *self.0.entry(kind).or_default() += 1;
        }
        does()
    }

    /// Looks for them: each that many times, no more and no less. Published they are within seconds.
    fn is_written(&self, place: &Place) {
        let mut found = BTreeMap::new();
        let is_so = soon(|| {
            found = kinds(place);
            found.retain(|kind, _| self.0.contains_key(kind));
            found == self.0
        });
        assert!(is_so, "{found:?} instead of {:?}", self.0);
    }
}

fn status(answer: &Answer, status: u16) -> Value {
    assert_eq!(answer.status, status, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap_or_default()
}

fn code_of(ran: &Ran) -> String {
    well(ran);
    ran.out.lines().next().unwrap().trim_start_matches("code").trim().to_owned()
}

/// What the merge page carries to the page that shows it.
fn consent(browser: &mut Browser, side: &str, password: &str) -> String {
    let agreed = browser.post_form("/account/merge", &[("side", side), ("password", password)]);
    assert_eq!(agreed.status, 303, "{}", agreed.body);
    let carried = browser.cookies.iter().find(|(name, _)| name.ends_with("merge")).unwrap().1;
    carried.rsplit('.').next().unwrap().to_owned()
}

/// The file with the codes of both.
fn agreed(place: &Place, (hers, password): (&mut Browser, &str), his: &mut Browser) -> PathBuf {
    let codes = place.beside("codes");
    let both = [consent(hers, "gives", password), consent(his, "takes", PASSWORD)];
    fs::write(&codes, format!("{}\n{}\n", both[0], both[1])).unwrap();
    codes
}

fn merged(place: &Place, codes: &Path) -> Ran {
    let codes = codes.to_str().unwrap();
    place.run(&["account", "merge", "--yes", "--from", GIVER, "--into", TAKER, "--codes", codes])
}

/// Signs in with a one-time code.
fn moved_in(place: &Place, serving: &Serving, login: &str) -> Browser {
    let code = code_of(&place.run(&["account", "invite", login]));
    let mut browser = serving.browser();
    let form = [("login", login), ("code", code.as_str()), ("password", PASSWORD)];
    status(&browser.post_form("/activate", &form), 303);
    browser
}

#[test]
fn every_act_by_page_program_and_command_is_an_entry_of_its_kind() {
    let (place, mut owed) = (Place::begin(&SETTINGS), Owed::default());
    owed.by(&["intake_run", "operated"], || take_in(&place));
    let serving = owed.by(&["started"], || place.serve());
    let [code, other] = [GIVER, TAKER]
        .map(|login| code_of(&owed.by(&["invited"], || place.run(&["account", "invite", login]))));
    let mut hers = serving.browser();
    let form = [("login", GIVER), ("code", code.as_str()), ("password", PASSWORD)];
    let activated = owed.by(&["activated", "signed_in"], || hers.post_form("/activate", &form));
    status(&activated, 303);
    let mut second = serving.browser();
    let form = [("login", GIVER), ("password", PASSWORD)];
    let entered = owed.by(&["signed_in"], || second.post_form("/sign-in", &form));
    status(&entered, 303);
    let mut program = serving.browser();
    let session = owed.by(&["signed_in"], || program.sign_in(GIVER, PASSWORD));
    let session = status(&session, 201)["session"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/sessions/{session}");
    let ended = owed.by(&["session_ended"], || hers.ask("DELETE", &path, &[], ""));
    status(&ended, 204);
    let out = owed.by(&["signed_out"], || second.post_form("/sign-out", &[]));
    status(&out, 303);

    let line = {
        let me = owed.by(&[], || hers.get("/api/v1/me"));
        let lines = status(&me, 200)["lines"].clone();
        let is_used = |line: &&Value| line["status"] == "active" || line["status"] == "in_use";
        let lines = lines.as_array().unwrap();
        lines.iter().find(is_used).unwrap_or(&lines[0])["line"].as_str().unwrap().to_owned()
    };
    let path = format!("/api/v1/lines/{line}/speed");
    let wish = [("content-type", "application/json"), ("idempotency-key", "k")];
    let wished = owed.by(&["changed"], || hers.ask("PUT", &path, &wish, r#"{"high":false}"#));
    status(&wished, 202);
    let begun = owed.by(&["export_made"], || {
        let begun = hers.send_json("POST", "/api/v1/exports", "");
        let path = format!("/api/v1/exports/{}", status(&begun, 202)["export"].as_str().unwrap());
        let is_ready = soon(|| status(&hers.get(&path), 200)["state"] == "ready");
        assert!(is_ready, "the export is not made");
        path
    });
    let fetched = owed.by(&["export_fetched"], || hers.get(&format!("{begun}/data")));
    status(&fetched, 200);
    let form = [("old", PASSWORD), ("password", NEW)];
    let changed = owed.by(&["password_changed", "signed_in"], || hers.post_form("/account/password", &form));
    status(&changed, 303);

    let mut his = serving.browser();
    let form = [("login", TAKER), ("code", other.as_str()), ("password", PASSWORD)];
    status(&owed.by(&["activated", "signed_in"], || his.post_form("/activate", &form)), 303);
    let codes = owed.by(&["changed", "changed"], || agreed(&place, (&mut hers, NEW), &mut his));
    well(&owed.by(&["operated", "merged"], || merged(&place, &codes)));
    let undone = owed.by(&["operated", "unmerged"], || place.run(&["account", "unmerge", "--yes", "1"]));
    well(&undone);
    well(&owed.by(&["operated", "mode_changed"], || place.run(&["mode", "force", "read_only"])));
    owed.is_written(&place);
    well(&owed.by(&["operated", "mode_changed"], || place.run(&["mode", "release"])));
    let admitted = "5e0a93d3f1c64c0b8f6a1de27c9b4410";
    well(&owed.by(&["operated"], || place.run(&["rollout", "allow", admitted, "--for", "1h"])));
    let [paper, shares] = ["paper.json", "shares"].map(|name| place.beside(name).display().to_string());
    let export = ["account", "export", GIVER, "--case", "7", "--to", &paper];
    well(&owed.by(&["case_opened", "case_closed"], || place.run(&export)));
    let escrow = ["key", "escrow", "make", "--shares", "3", "--needed", "2", "--to", &shares];
    well(&owed.by(&["key_act"], || place.run(&escrow)));
    owed.is_written(&place);
    well(&place.run(&["journal", "verify"]));
}

#[test]
fn who_saw_follows_a_merge_whose_rows_somebody_deleted() {
    let place = Place::begin(&SETTINGS);
    take_in(&place);
    let serving = place.serve();
    let [mut hers, mut his] = [GIVER, TAKER].map(|login| moved_in(&place, &serving, login));
    let me = status(&hers.get("/api/v1/me"), 200);
    let line = me["lines"][0]["line"].as_str().unwrap().to_owned();
    let home = format!("/api/v1/lines/{line}/home");
    status(&his.get(&home), 404);
    let codes = agreed(&place, (&mut hers, PASSWORD), &mut his);
    well(&merged(&place, &codes));
    status(&his.get(&home), 200);
    drop(serving);
    let who_saw = || {
        let ran = place.run(&["journal", "who-saw", GIVER]);
        well(&ran);
        ran.out
    };
    let before = who_saw();
    let is_his = |row: &&str| row.contains(&line) && !row.contains(",self");
    assert_eq!(before.lines().filter(is_his).count(), 1, "{before}");
    let store = rusqlite::Connection::open(place.data.join("store/honnin.sqlite")).unwrap();
    let deleted = store.execute("delete from account_merge", []).unwrap();
    assert!(deleted == 1 && store.execute("delete from merged_holding", []).unwrap() > 0);
    drop(store);
    assert_eq!(who_saw(), before, "what was shown of her lines is told from the journal alone");
}

/// The directories of the logs of an installation.
fn logs(place: &Place) -> Vec<PathBuf> {
    let all = fs::read_dir(place.data.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.is_dir()).collect()
}

#[test]
fn the_journal_of_another_installation_answers_no_command() {
    let [ours, other] = [Place::begin(&SETTINGS), Place::begin(&SETTINGS)];
    for place in [&ours, &other] {
        take_in(place);
    }
    fs::write(ours.data.join("isolated"), "foreign_owner\n").unwrap();
    well(&ours.run(&["journal", "verify"]));
    well(&ours.run(&["journal", "who-saw", GIVER]));
    let own = logs(&ours);
    let [own] = own.as_slice() else { panic!("{own:?}") };
    let theirs = logs(&other);
    let [theirs] = theirs.as_slice() else { panic!("{theirs:?}") };
    let away = ours.beside("away");
    fs::rename(own, &away).unwrap();
    fs::copy(other.data.join("journal.pub"), ours.data.join("journal.pub")).unwrap();
    // As it is, and under the name of ours: it verifies in its own house, with the key that lies beside it.
    let names = [theirs.file_name().unwrap().to_owned(), own.file_name().unwrap().to_owned()];
    assert_ne!(names[0], names[1]);
    for name in names {
        let put = ours.data.join("journal").join(&name);
        let copied = std::process::Command::new("cp").arg("-a").arg(theirs).arg(&put).status().unwrap();
        assert!(copied.success());
        // A question is an act: it is not even written down there.
        let commands: [(&[&str], i32); 4] = [
            (&["journal", "verify"], 6),
            (&["journal", "who-saw", GIVER], 1),
            (&["doctor"], 4),
            (&["isolation", "lift", "--yes"], 6),
        ];
        for (words, code) in commands {
            let ran = ours.run(words);
            assert_eq!(ran.code, Some(code), "{name:?} {words:?}: {}{}", ran.out, ran.err);
            assert!(!ran.out.contains("entry,at"), "{words:?} answers: {}", ran.out);
        }
        let doctor = ours.run(&["doctor"]).out;
        let says = |line: &str| line.starts_with("journal") && line.contains("does not verify");
        assert!(doctor.lines().any(says), "{doctor}");
        assert!(ours.data.join("isolated").exists(), "the isolation stays");
        fs::remove_dir_all(&put).unwrap();
    }
    well(&other.run(&["journal", "verify"]));
}
