//! Exports: what is in one, who can fetch it, and what is left where its making ends half-way.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::{fs, io};

use honnin_care::{Directory, ExportBounds, Shelf};
use honnin_testkit::TestDir;

use super::house::{House, PASSWORD, Subscriber};
use super::wire::Reply;
use crate::route::DeskBounds;

/// What a shelf does besides keeping.
enum Trouble {
    None,
    /// Writes a part and has no room for the rest.
    Full,
    /// Takes the worker with it.
    Broken,
    /// Waits.
    Slow(Mutex<Receiver<()>>),
}

/// A shelf with trouble.
struct Troubled {
    shelf: Directory,
    trouble: Mutex<Trouble>,
}

impl Shelf for Troubled {
    fn put(&self, name: &[u8; 16], octets: &[u8]) -> io::Result<()> {
        match &*self.trouble.lock().unwrap() {
            Trouble::None => {}
            Trouble::Full => return Err(io::ErrorKind::StorageFull.into()),
            Trouble::Broken => panic!("broken on purpose"),
            Trouble::Slow(wait) => assert!(wait.lock().unwrap().recv().is_err(), "released by its end"),
        }
        self.shelf.put(name, octets)
    }

    fn read(&self, name: &[u8; 16]) -> io::Result<Vec<u8>> {
        self.shelf.read(name)
    }

    fn remove(&self, name: &[u8; 16]) -> io::Result<()> {
        self.shelf.remove(name)
    }
}

async fn troubled(bounds: ExportBounds, trouble: Trouble) -> (House, Arc<Troubled>) {
    let dir = TestDir::new();
    let shelf = Directory::cleared(dir.join("exports")).unwrap();
    let shelf = Arc::new(Troubled { shelf, trouble: Mutex::new(trouble) });
    let desk = DeskBounds { at_once: 1, waiting: 0 };
    (House::with_exports(dir, bounds, desk, Arc::<Troubled>::clone(&shelf)).await, shelf)
}

/// What lies on the shelf.
fn lying(house: &House) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(house.dir.join("exports")).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

async fn data(house: &House, who: &Subscriber, export: &str) -> Reply {
    house.get(who, &format!("/api/v1/exports/{export}/data")).await
}

#[tokio::test]
async fn an_export_holds_everything_of_the_account_and_is_a_file_to_keep() {
    let house = House::open().await;
    let reply = house.get(&house.hana, &format!("/export/{}", house.hana.export)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"my-data.json\""));
    let held = reply.json();
    assert_eq!(held["format"], "honnin-export-1");
    assert_eq!(held["account"]["login"], "mio-hana");
    assert_eq!(held["account"]["name"], "名前 HANA");
    let lines = held["lines"].as_array().unwrap();
    let ids: Vec<String> = house.hana.lines.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), ids.len());
    assert!(lines.iter().all(|line| ids.contains(&line["line"].as_str().unwrap().to_owned())), "{held}");
    for part in ["number", "iccid", "buckets", "usage", "purchases"] {
        assert!(!lines[0][part].is_null(), "{part} is missing in {}", lines[0]);
    }
    assert_eq!(held["bills"]["bills"][0]["bill"], house.hana.bill.to_string());
    assert_eq!(held["sessions"].as_array().unwrap().len(), 1);
    // What was shown before it was made; here nothing.
    assert_eq!(held["disclosures"].as_array().unwrap().len(), 0);
    assert_eq!(house.journal.size(), 1, "fetching is one disclosure");
    let shown = house.get(&house.hana, "/api/v1/disclosures").await.json();
    assert_eq!(shown["disclosures"][0]["what"], "export");
}

#[tokio::test]
async fn only_the_sign_in_that_asked_can_fetch_its_export() {
    let house = House::open().await;
    let body = format!(r#"{{"login":"mio-hana","password":"{PASSWORD}"}}"#);
    let token =
        house.ask("POST", "/api/v1/sessions", "Content-Type: application/json\r\n", &body).await.json();
    let bearer = format!("Authorization: Bearer {}\r\n", token["token"].as_str().unwrap());
    let path = format!("/api/v1/exports/{}", house.hana.export);
    for path in [path.clone(), format!("{path}/data")] {
        assert_eq!(house.ask("GET", &path, &bearer, "").await.status, 404, "her other device");
        assert_eq!(house.get(&house.ken, &path).await.status, 404, "somebody else");
        assert_eq!(house.get(&house.hana, &path).await.status, 200);
    }
}

#[tokio::test]
async fn an_expired_export_is_told_so_and_deleted() {
    let house = House::open().await;
    house.clock.advance_seconds(3_599);
    assert_eq!(data(&house, &house.hana, &house.hana.export).await.status, 200);
    house.clock.advance_seconds(1);
    for swept in [0, 2] {
        assert_eq!(lying(&house).len(), 2 - swept);
        let reply = data(&house, &house.hana, &house.hana.export).await;
        assert_eq!((reply.status, reply.json()["code"].as_str()), (410, Some("export_expired")));
        house.app.wiring.care.sweep_exports();
    }
    let page = house.get(&house.hana, "/export").await;
    assert!(page.text().contains("ファイルを削除しました"), "{}", page.text());
}

#[tokio::test]
async fn an_export_ends_with_its_session_and_a_new_one_takes_the_place_of_the_old() {
    let house = House::open().await;
    let before = house.hana.export.clone();
    let state = house.export(&house.hana).await;
    assert_ne!(state["export"].as_str(), Some(before.as_str()));
    assert_eq!((lying(&house).len(), data(&house, &house.hana, &before).await.status), (2, 404));
    let cookie = format!("Cookie: {}\r\n", house.hana.cookie);
    assert_eq!(house.ask("DELETE", "/api/v1/sessions/current", &cookie, "").await.status, 204);
    assert_eq!(lying(&house).len(), 1, "his is left");
}

#[tokio::test]
async fn what_lies_on_the_shelf_says_nothing_and_opens_for_nobody_else() {
    let house = House::open().await;
    let lying = lying(&house);
    assert_eq!(lying.len(), 2);
    for (name, octets) in &lying {
        let text = String::from_utf8_lossy(octets);
        assert!(!text.contains("HANA") && !text.contains("KEN") && !text.contains("mio-"), "{text}");
        assert!(*name != house.hana.export && *name != house.ken.export, "its name stands in no address");
    }
    // Each takes the other's place, as somebody with the volume could have it.
    for (place, from) in [(0, 1), (1, 0)] {
        fs::write(house.dir.join("exports").join(&lying[place].0), &lying[from].1).unwrap();
    }
    for who in [&house.hana, &house.ken] {
        let reply = data(&house, who, &who.export).await;
        assert_eq!((reply.status, reply.body.len()), (500, 0), "{}", reply.text());
    }
    assert_eq!(house.journal.size(), 0, "nothing was disclosed");
}

#[tokio::test]
async fn an_export_that_cannot_be_finished_leaves_nothing_and_says_why() {
    let bounds = ExportBounds::default;
    for (fault, bounds, trouble) in [
        ("too_large", ExportBounds { most_octets: 100, ..bounds() }, Trouble::None),
        ("no_room", ExportBounds { space_octets: 100, ..bounds() }, Trouble::None),
        ("no_room", bounds(), Trouble::Full),
        ("deadline", ExportBounds { deadline_seconds: -1, ..bounds() }, Trouble::None),
        ("interrupted", bounds(), Trouble::Broken),
    ] {
        let (house, _shelf) = troubled(bounds, trouble).await;
        let state = house.export(&house.hana).await;
        assert_eq!((state["state"].as_str(), state["fault"].as_str()), (Some("failed"), Some(fault)));
        let reply = data(&house, &house.hana, state["export"].as_str().unwrap()).await;
        assert_eq!((reply.status, reply.json()["code"].as_str()), (409, Some("export_not_ready")), "{fault}");
        assert!(lying(&house).is_empty(), "{fault}");
        assert_eq!(house.journal.size(), 0, "{fault}");
        let page = house.get(&house.hana, "/export").await;
        assert!(page.text().contains("class=\"note err\""), "{fault}: {}", page.text());
    }
}

#[tokio::test]
async fn a_shelf_that_has_room_again_takes_the_next_export() {
    let (house, shelf) = troubled(ExportBounds::default(), Trouble::Full).await;
    assert_eq!(house.export(&house.hana).await["fault"], "no_room");
    *shelf.trouble.lock().unwrap() = Trouble::None;
    assert_eq!(house.export(&house.hana).await["state"], "ready");
    assert_eq!(lying(&house).len(), 1);
}

#[tokio::test]
async fn beyond_the_bound_an_export_is_refused_with_a_time_and_asking_twice_begins_one() {
    let (release, wait) = channel();
    let (house, _shelf) = troubled(ExportBounds::default(), Trouble::Slow(Mutex::new(wait))).await;
    let ask = async |who: &Subscriber| {
        house.ask("POST", "/api/v1/exports", &format!("Cookie: {}\r\n", who.cookie), "").await
    };
    let first = ask(&house.hana).await;
    let again = ask(&house.hana).await;
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(first.json()["export"], again.json()["export"]);
    let refused = ask(&house.ken).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("exports_busy")));
    assert!(refused.header("retry-after").is_some() && refused.json()["detail"].is_string());
    let page = house.get(&house.hana, "/export").await;
    assert!(!page.text().contains("<button type=\"submit\" class=\"button\">"), "no second one is offered");
    drop(release);
    // Her place is free a moment after hers is made.
    let mut taken = ask(&house.ken).await.status;
    for _ in 0..10_000 {
        if taken == 202 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        taken = ask(&house.ken).await.status;
    }
    assert_eq!(taken, 202, "what was refused is taken afterwards");
}

#[tokio::test]
async fn as_many_exports_are_kept_as_may_be_and_no_more() {
    let (house, _shelf) =
        troubled(ExportBounds { most_kept: 1, ..ExportBounds::default() }, Trouble::None).await;
    assert_eq!(house.export(&house.hana).await["state"], "ready");
    let cookie = format!("Cookie: {}\r\n", house.ken.cookie);
    let refused = house.ask("POST", "/api/v1/exports", &cookie, "").await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("exports_busy")));
    assert_eq!(house.export(&house.hana).await["state"], "ready", "her own is replaced");
}

#[test]
fn a_start_removes_what_an_earlier_one_has_left() {
    let dir = TestDir::new();
    let shelf = Directory::cleared(dir.join("exports")).unwrap();
    shelf.put(&[7; 16], b"sealed").unwrap();
    assert!(shelf.put(&[7; 16], b"another").is_err(), "a name is given once");
    assert_eq!(shelf.read(&[7; 16]).unwrap(), b"sealed");
    let shelf = Directory::cleared(dir.join("exports")).unwrap();
    assert!(shelf.read(&[7; 16]).is_err());
    shelf.remove(&[7; 16]).unwrap();
}
