//! Rows set aside: explained, accepted, dropped; the page shows what was decided, and the journal who did it.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Browser, Place, Ran};

const LOGIN: &str = "u001";
const PASSWORD: &str = "umi no mieru ie de";
/// Of that password, as Django writes it.
const HASH: &str = "pbkdf2_sha256$1000$tnIQx5cLpRJ2dQyG3nWf0v$KbnmKwWUDjaVpKXFOB172q6WnCfv/MH1wPfumpxVqTk=";
const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];

const ACCOUNTS: &str = "account,name,kana,mail,born,as_of\nu001,朝比奈 一郎,ｱｻﾋﾅ,u001@example.jp,1980/01/02,2026/11/20 05:00:00\n";
const LINES: &str = "line,account,number,plan,monthly,from,to,status,hs\nl001,u001,07001110001,20ギガ,2000,2024/04/01,,active,ON\n";

fn usage(rows: &str) -> String {
    format!("rec,number,day,high,low\n{rows}")
}

/// An installation with one subscriber, her usage, and files that say otherwise since.
struct Town {
    place: Place,
    mapping: String,
}

impl Town {
    fn new() -> Self {
        let place = Place::begin(&PORTS);
        let field = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/field/mapping.toml");
        let town = Self { place, mapping: field.to_owned() };
        town.take("r1,07001110001,2026/11/02,5000,0\n", &[]);
        town
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.place.run(&[args, &["--as", "sato"]].concat())
    }

    fn take(&self, rows: &str, more: &[&str]) -> Ran {
        let extract = self.extract(rows);
        let args = ["intake", "files", "--mapping", &self.mapping, &extract];
        self.run(&[&args[..], more].concat())
    }

    fn extract(&self, rows: &str) -> String {
        let extract = self.place.beside("extract");
        fs::create_dir_all(&extract).unwrap();
        let usage = usage(rows);
        for (name, content) in
            [("accounts.csv", ACCOUNTS), ("lines.csv", LINES), ("usage1.csv", usage.as_str())]
        {
            fs::write(extract.join(name), content).unwrap();
        }
        extract.to_str().unwrap().to_owned()
    }

    /// The names and reasons of the rows set aside.
    fn kept(&self) -> Vec<(String, String)> {
        let told: Value = serde_json::from_str(&self.run(&["quarantine", "list", "--json"]).out).unwrap();
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        told["rows"].as_array().unwrap().iter().map(|row| (text(row, "row"), text(row, "reason"))).collect()
    }

    /// What the usage page and the API say of November, after she has signed in.
    fn shown(&self) -> (Vec<u64>, bool) {
        let serving = self.place.serve();
        let mut browser: Browser = serving.browser();
        browser.sign_in(LOGIN, PASSWORD);
        let me: Value = serde_json::from_str(&browser.get("/api/v1/me").body).unwrap();
        let line = me["lines"][0]["line"].as_str().unwrap().to_owned();
        let told = browser.get(&format!("/api/v1/lines/{line}/usage?month=2026-11")).body;
        let told: Value = serde_json::from_str(&told).unwrap();
        let high: Vec<u64> = told["days"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| day["high_octets"].as_u64().unwrap() / 1000)
            .collect();
        let whole = told["days"].as_array().unwrap().iter().all(|day| day["whole"] == true);
        let page = browser.get(&format!("/lines/{line}/usage?month=2026-11")).body;
        for octets in &high {
            assert!(page.contains(&format!("<data value=\"{}\">", octets * 1000)), "{octets}");
        }
        (high, whole)
    }
}

#[test]
fn a_person_explains_accepts_and_drops_rows_and_the_pages_follow() {
    let town = Town::new();
    let hashes = town.place.beside("hashes.csv");
    fs::write(&hashes, format!("login,phc\n{LOGIN},{HASH}\n")).unwrap();
    let imported = town.run(&["account", "import-hashes", "--yes", hashes.to_str().unwrap()]);
    assert_eq!(imported.code, Some(0), "{}{}", imported.out, imported.err);
    assert_eq!(town.shown(), (vec![5_000], true));

    // A correction that contradicts, and a record that cannot be read.
    let taken = town.take("r1,07001110001,2026/11/02,7000,0\nr2,07001110001,2026/11/03,\"1,000\",0\n", &[]);
    assert_eq!(taken.code, Some(4), "{}", taken.out);
    assert_eq!(town.shown(), (vec![5_000], true), "a day of nothing but a lost record is no day");
    let kept = town.kept();
    let named = |reason: &str| kept.iter().find(|(_, why)| why.starts_with(reason)).unwrap().0.clone();
    let (conflict, amount) = (named("conflict"), named("bad_amount"));

    // Explained: by its name, and by where it stands; a pipe is told no value of the row.
    let by_name = town.run(&["intake", "check", "--mapping", &town.mapping, "--explain", &amount]);
    assert_eq!(by_name.code, Some(4), "{}", by_name.err);
    assert!(
        by_name.out.contains("bad_amount (high)") && by_name.out.contains("group = \",\""),
        "{}",
        by_name.out
    );
    assert!(!by_name.out.contains("1,000"), "{}", by_name.out);
    let rule = town.run(&["intake", "check", "--mapping", &town.mapping, "--explain", &conflict]);
    assert!(rule.out.contains("by the rule `corrections`"), "{}", rule.out);
    let extract = town.extract("r2,07001110001,2026/11/03,\"1,000\",0\n");
    let args =
        ["intake", "check", "--mapping", &town.mapping, "--explain", "usage1.csv:2", &extract, "--json"];
    let by_place: Value = serde_json::from_str(&town.run(&args).out).unwrap();
    assert_eq!(by_place["faults"][0]["fault"], "bad_amount (high)", "{by_place}");
    let dry = town.run(&["intake", "check", "--mapping", &town.mapping, &extract]);
    assert!(
        dry.err.contains("shown on a terminal only") && !dry.out.contains("朝比奈"),
        "{}{}",
        dry.out,
        dry.err
    );

    // Shown nowhere but on a terminal; accepted; dropped.
    assert_eq!(town.run(&["quarantine", "show", "--mapping", &town.mapping, &conflict]).code, Some(1));
    let accepted = town.run(&["quarantine", "accept", "--mapping", &town.mapping, &conflict]);
    assert!(accepted.out.contains("taken 1"), "{}{}", accepted.out, accepted.err);
    assert_eq!(town.shown().0, [7_000]);
    let dropped = town.run(&["quarantine", "drop", "--yes", "--mapping", &town.mapping, &amount]);
    assert_eq!((dropped.code, dropped.out.as_str()), (Some(0), "dropped 1 rows\n"), "{}", dropped.err);
    assert_eq!(town.kept(), []);
    assert_eq!(town.shown(), (vec![7_000], true));

    // The journal says who decided.
    let acts = town.run(&["journal", "acts"]).out;
    for note in ["quarantine accept", "quarantine drop", "intake check --explain"] {
        let told = acts.lines().find(|line| line.contains("operated") && line.contains(note));
        assert!(told.is_some_and(|line| line.contains("sato")), "{note}: {acts}");
    }
    assert!(!acts.contains("07001110001"), "{acts}");
    assert_eq!(town.run(&["journal", "verify"]).code, Some(0));
}

#[test]
fn an_extract_of_an_earlier_time_is_of_that_time() {
    let town = Town::new();
    let early = town.take(
        "r1,07001110001,2026/11/02,5000,0\nr2,07001110001,2026/11/03,6,0\n",
        &["--as-of", "2026-11-04T06:00:00+09:00"],
    );
    assert_eq!(early.code, Some(4), "patterns without a file: {}", early.out);
    let hashes = town.place.beside("hashes.csv");
    fs::write(&hashes, format!("login,phc\n{LOGIN},{HASH}\n")).unwrap();
    assert_eq!(town.run(&["account", "import-hashes", "--yes", hashes.to_str().unwrap()]).code, Some(0));
    assert_eq!(town.shown().0, [5_000, 6]);
}

#[test]
fn on_a_terminal_the_facts_of_ten_and_a_row_are_shown_and_nowhere_else() {
    let town = Town::new();
    // `script` gives a command a terminal.
    let on_a_terminal = |args: &[&str]| {
        let words = ["--data", town.place.data.to_str().unwrap()];
        let line: Vec<String> = words.iter().chain(args).map(|word| format!("'{word}'")).collect();
        let line = format!("{} {}", env!("CARGO_BIN_EXE_honnin"), line.join(" "));
        let mut script = Command::new("script");
        let ended = script.args(["-qec", &line, "/dev/null"]).stdin(Stdio::null()).output().ok()?;
        Some(String::from_utf8(ended.stdout).unwrap())
    };
    // Twelve subscribers; of u001 a row that is set aside.
    let extract = town.extract("r1,07001110001,2026/11/02,9000,0\n");
    let (mut accounts, mut lines) = (ACCOUNTS.to_owned(), LINES.to_owned());
    for n in 2..=12 {
        let row = format!("u{n:03},名前 {n},ｶﾅ,u{n:03}@example.jp,1980/01/02,2026/11/20 05:00:00\n");
        accounts.push_str(&row);
        let row = format!("l{n:03},u{n:03},070011100{n:02},20ギガ,2000,2024/04/01,,active,ON\n");
        lines.push_str(&row);
    }
    for (name, text) in [("accounts.csv", &accounts), ("lines.csv", &lines)] {
        fs::write(town.place.beside("extract").join(name), text).unwrap();
    }
    let shown = |said: &str| (1..=12).filter(|n| said.contains(&format!("u{n:03}"))).count();
    let check = ["intake", "files", "--mapping", &town.mapping, "--check", &extract];
    let Some(said) = on_a_terminal(&check) else {
        println!("skipped: script (util-linux) is not on this machine");
        return;
    };
    assert!(shown(&said) == 10 && said.contains("朝比奈 一郎") && said.contains("20ギガ"), "{said}");
    let few =
        on_a_terminal(&["intake", "check", "--mapping", &town.mapping, "--preview", "3", &extract]).unwrap();
    assert_eq!(shown(&few), 3, "{few}");
    let piped = town.run(&check);
    assert!(shown(&piped.out) == 0 && piped.err.contains("on a terminal only"), "{}{}", piped.out, piped.err);

    assert_eq!(town.run(&["intake", "files", "--mapping", &town.mapping, &extract]).code, Some(4));
    let kept = town.kept();
    let (row, reason) = kept.first().unwrap();
    assert!(reason.starts_with("conflict") && kept.len() == 1, "{kept:?}");
    let show = ["quarantine", "show", "--mapping", &town.mapping, row];
    let said = on_a_terminal(&show).unwrap();
    assert!(
        said.contains("conflict") && said.contains("number: 07001110001") && said.contains("9000"),
        "{said}"
    );
    let said = on_a_terminal(&[&show[..], &["--json"]].concat()).unwrap();
    let told: Value = serde_json::from_str(said.trim()).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(told["cells"][1], serde_json::json!({"heading": "number", "cell": "07001110001"}), "{told}");
    let piped = town.run(&show);
    assert!(piped.code == Some(1) && piped.out.is_empty() && !piped.err.contains("0700"), "{}", piped.err);
}
