//! A request for disclosure that came to the operator: the subscriber's own export, on a case, in the journal and on her page.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use honnin_testkit::PostgresServer;
use serde_json::Value;

use crate::support::{Browser, Place, Ran, done};

const LOGIN: &str = "mio30617284";
const OTHER: &str = "mio10482913";
const PASSWORD: &str = "umi no mieru ie de";
const PORTS: [(&str, &str); 2] = [("public", "[\"127.0.0.1:0\"]"), ("metrics", "\"127.0.0.1:0\"")];

fn refused(ran: &Ran, by: &str) {
    assert!(ran.code != Some(0) && ran.err.contains(by), "{by}: {:?} {}{}", ran.code, ran.out, ran.err);
}

/// Her own export, as the product makes it for her.
fn own_export(browser: &mut Browser) -> Value {
    let begun = browser.send_json("POST", "/api/v1/exports", "");
    let begun: Value = serde_json::from_str(&begun.body).unwrap();
    let path = format!("/api/v1/exports/{}", begun["export"].as_str().unwrap());
    for _ in 0..1_200 {
        thread::sleep(Duration::from_millis(100));
        let state: Value = serde_json::from_str(&browser.get(&path).body).unwrap();
        if state["state"] == "ready" {
            return serde_json::from_str(&browser.get(&format!("{path}/data")).body).unwrap();
        }
    }
    panic!("her export was not made");
}

fn export(place: &Place, login: &str, to: &Path) -> Ran {
    let to = to.to_str().unwrap();
    place.run(&["--as", "suzuki", "account", "export", login, "--case", "2026-0117", "--to", to])
}

fn is_own_export(row: &Value) -> bool {
    row["viewer"] == "self" && row["what"] == "export"
}

/// The export on a case, compared with her own and looked for wherever it has to stand.
fn is_hers_and_stands_on_her_page(place: &Place) {
    let serving = place.serve();
    let mut browser = serving.activated(LOGIN, &place.invite(LOGIN), PASSWORD);
    let own = own_export(&mut browser);
    // Another process reads of a log what its own has published, which it does within seconds: so it is asked again.
    let (told, made) = (0..240)
        .find_map(|number| {
            let to = place.beside(&format!("{number}.json"));
            let told = export(place, LOGIN, &to);
            done(&told);
            let made: Value = serde_json::from_str(&fs::read_to_string(&to).unwrap()).unwrap();
            let is_there = made["disclosures"].as_array().unwrap().iter().any(is_own_export);
            if !is_there {
                thread::sleep(Duration::from_millis(500));
                return None;
            }
            fs::rename(&to, place.beside("2026-0117.json")).unwrap();
            Some((told, made))
        })
        .expect("who has seen her data is in it, from all logs: what the server showed her too");
    assert_eq!(fs::metadata(place.beside("2026-0117.json")).unwrap().mode() & 0o777, 0o600);
    for part in ["format", "account", "lines", "bills"] {
        assert_eq!(made[part], own[part], "{part}");
    }
    assert!(!made["lines"].as_array().unwrap().is_empty() && made["account"]["login"] == LOGIN);
    // Nothing personal is told.
    let name = made["account"]["name"].as_str().unwrap();
    for said in [&told.out, &told.err] {
        assert!(!said.contains(LOGIN) && !said.contains(name), "{said}");
    }

    // On her own page, as a look of the operator's staff on that case.
    let (_, case) = told.out.split_once("case 2026-0117 opened by entry ").unwrap();
    let case = case.split(',').next().unwrap().to_owned();
    let shown = |browser: &mut Browser| {
        let rows: Value = serde_json::from_str(&browser.get("/api/v1/disclosures").body).unwrap();
        let rows = rows["disclosures"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["viewer"] == "agent" && row["basis"] == case)
    };
    let row = (0..1_200).find_map(|_| {
        thread::sleep(Duration::from_millis(100));
        shown(&mut browser)
    });
    let row = row.expect("the look stands among hers");
    assert_eq!((&row["what"], &row["channel"]), (&Value::from("export"), &Value::from("operator")), "{row}");
    let page = browser.ask("GET", "/disclosures", &[("accept-language", "ja")], "").body;
    for word in ["サポート担当", "対応の記録", "サポート担当による対応の開始", "サポート担当による対応の終了"]
    {
        assert!(page.contains(word), "{word}: {page}");
    }
    // And in what she exports from then on.
    let others = own_export(&mut browser)["disclosures_by_others"].clone();
    let rows = others["disclosures"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["viewer"] == "agent"), "{others}");
    assert_eq!(
        (&others["count"], &rows[0]["basis"]),
        (&rows.len().into(), &case.as_str().into()),
        "{others}"
    );
    drop(serving);
    done(&place.run(&["journal", "verify"]));
    let acts = place.run(&["journal", "acts"]).out;
    for word in [",case_opened,suzuki,", ",case_closed,suzuki,"] {
        let is_it = |line: &str| line.contains(word) && line.ends_with("account export on case 2026-0117");
        assert!(acts.lines().any(is_it), "{acts}");
    }
    let saw = place.run(&["journal", "who-saw", LOGIN]).out;
    assert!(saw.lines().any(|line| line.contains(",export,operator,") && line.ends_with(&case)), "{saw}");
}

#[test]
fn an_export_on_a_case_is_her_own_and_stands_on_her_page() {
    let place = Place::begin(&PORTS);
    place.take_in();
    is_hers_and_stands_on_her_page(&place);
    // A second one does not take the place of the first.
    let to = place.beside("2026-0117.json");
    let before = fs::read(&to).unwrap();
    refused(&export(&place, LOGIN, &to), "never overwritten");
    assert_eq!(fs::read(&to).unwrap(), before);
}

#[test]
fn an_export_on_a_case_is_made_from_a_database_too() {
    let Some(server) = PostgresServer::shared() else { return };
    let database = server.database();
    let (url, owner) = (server.url("honnin", &database), server.url("owner", &database));
    let place = Place::begin_as(&PORTS, &["--store-url", &url]);
    done(&place.run(&["store", "prepare", "--for", &url, "--owner", &owner]));
    place.take_in();
    is_hers_and_stands_on_her_page(&place);
}

#[test]
fn no_export_on_a_case_is_made_where_it_cannot_be_written_down() {
    let place = Place::begin(&PORTS);
    place.take_in();
    drop(place.serve());
    let to = place.beside("export.json");
    refused(&export(&place, "mio00000000", &to), "the store has none of that name");
    let inside = place.data.join("export.json");
    let (link, out) = (place.beside("link"), place.beside("out"));
    std::os::unix::fs::symlink(&place.data, &link).unwrap();
    fs::create_dir(&out).unwrap();
    let name = place.data.file_name().unwrap();
    for way in [inside.clone(), link.join("export.json"), out.join("..").join(name).join("export.json")] {
        refused(&export(&place, LOGIN, &way), "inside the data directory");
    }
    let (words, file) = (["account", "export", LOGIN, "--to"], to.to_str().unwrap());
    for case in [&["--case", "Hanako Sato"][..], &["--case", ""], &[]] {
        assert_eq!(place.run(&[&words[..], &[file], case].concat()).code, Some(2), "{case:?}");
    }
    // An integrity alarm stops it as it stops her pages.
    fs::write(place.data.join("isolated"), "foreign_owner\n").unwrap();
    refused(&export(&place, LOGIN, &to), "nothing personal is shown now");
    done(&place.run(&["isolation", "lift", "--yes"]));
    let acts = place.run(&["journal", "acts"]).out;
    assert_eq!(
        acts.matches("case_opened").count(),
        acts.matches("case_closed").count(),
        "none stands open: {acts}"
    );
    for log in fs::read_dir(place.data.join("journal")).unwrap().map(|entry| entry.unwrap().path()) {
        if log.is_dir() {
            fs::write(log.join("checkpoint"), []).unwrap();
        }
    }
    refused(&export(&place, OTHER, &to), "record the act in the journal");
    assert!(!to.exists() && !inside.exists(), "no file of any of them");
}
