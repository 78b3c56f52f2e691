//! Exports: what is in one, who can fetch it, and what is left where its making ends half-way.

use honnin_care::ExportBounds;
use honnin_store::{ClaimRows, NewWork, Queue, Settled, WorkRow};
use honnin_terms::{Clock, Id, RequestId};

use super::house::{House, PASSWORD, Subscriber};
use super::own::looked_at_by_other;
use super::wire::{Reply, ask, ask_from};

/// What is kept of exports in that queue.
async fn kept(house: &House, queue: Queue) -> Vec<WorkRow> {
    house.store.works(&keep(house), queue, None, None, 100).await.unwrap()
}

fn keep(house: &House) -> honnin_access::Permit<honnin_access::Keep> {
    house.node.keep(house.clock.now(), RequestId::from_octets([4; 16]))
}

async fn lying(house: &House) -> Vec<WorkRow> {
    kept(house, Queue::EXPORTED).await
}

async fn data(house: &House, who: &Subscriber, export: &str) -> Reply {
    house.get(who, &format!("/api/v1/exports/{export}/data")).await
}

/// Asks for an export, with a key or without one.
async fn begin(house: &House, cookie: &str, key: &str) -> Reply {
    let key = if key.is_empty() { String::new() } else { format!("Idempotency-Key: {key}\r\n") };
    house.ask("POST", "/api/v1/exports", &format!("Cookie: {cookie}\r\n{key}"), "").await
}

/// Her further devices' cookies.
async fn devices(house: &House, count: usize) -> Vec<String> {
    let body = format!(r#"{{"login":"mio-hana","password":"{PASSWORD}"}}"#);
    let mut cookies = Vec::new();
    for _ in 0..count {
        let reply = house.ask("POST", "/api/v1/sessions", "Content-Type: application/json\r\n", &body).await;
        cookies.push(format!("session={}", reply.json()["token"].as_str().unwrap()));
    }
    cookies
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
    assert_eq!(house.disclosed(), 1, "fetching is one disclosure");
    let shown = house.get(&house.hana, "/api/v1/disclosures").await.json();
    assert_eq!(shown["disclosures"][0]["what"], "export");
}

#[tokio::test]
async fn only_the_sign_in_that_asked_can_fetch_its_export() {
    let house = House::open().await;
    let other = devices(&house, 1).await.remove(0);
    let path = format!("/api/v1/exports/{}", house.hana.export);
    for path in [path.clone(), format!("{path}/data")] {
        let hers = house.ask("GET", &path, &format!("Cookie: {other}\r\n"), "").await;
        assert_eq!(hers.status, 404, "her other device");
        assert_eq!(house.get(&house.ken, &path).await.status, 404, "somebody else");
        assert_eq!(house.get(&house.hana, &path).await.status, 200);
    }
}

#[tokio::test]
async fn an_expired_export_is_told_so_and_deleted() {
    let house = House::open().await;
    house.clock.advance_seconds(3_599);
    assert_eq!(data(&house, &house.hana, &house.hana.export).await.status, 200);
    assert_eq!(lying(&house).await.len(), 2);
    house.clock.advance_seconds(1);
    assert!(lying(&house).await.is_empty());
    let reply = data(&house, &house.hana, &house.hana.export).await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (410, Some("export_expired")));
    let page = house.get(&house.hana, "/export").await;
    assert!(page.text().contains("ファイルを削除しました"), "{}", page.text());
}

#[tokio::test]
async fn an_export_ends_with_its_session_and_a_new_one_takes_the_place_of_the_old() {
    let house = House::open().await;
    let before = house.hana.export.clone();
    let state = house.export(&house.hana).await;
    assert_ne!(state["export"].as_str(), Some(before.as_str()));
    assert_eq!((lying(&house).await.len(), data(&house, &house.hana, &before).await.status), (2, 404));
    let cookie = format!("Cookie: {}\r\n", house.hana.cookie);
    assert_eq!(house.ask("DELETE", "/api/v1/sessions/current", &cookie, "").await.status, 204);
    assert_eq!(lying(&house).await.len(), 1, "his is left");
}

#[tokio::test]
async fn an_export_at_rest_says_nothing_and_opens_in_no_other_place() {
    let house = House::open().await;
    let lying = lying(&house).await;
    assert_eq!(lying.len(), 2);
    for row in lying.iter().chain(&kept(&house, Queue::EXPORTS).await) {
        let text = String::from_utf8_lossy(&row.payload);
        assert!(!text.contains("HANA") && !text.contains("KEN") && !text.contains("mio-"), "{text}");
    }
    // Each takes the other's place, as somebody with the database could have it.
    for (place, from) in [(0, 1), (1, 0)] {
        let id = lying[place].id;
        assert!(house.store.drop_work(&keep(&house), Queue::EXPORTED, &id, None).await.unwrap());
        let payload = lying[from].payload.clone();
        let until = lying[place].until;
        let work = NewWork { queue: Queue::EXPORTED, id, owner: None, payload, due: None, until };
        assert!(house.store.put_work(&keep(&house), work).await.unwrap());
    }
    for who in [&house.hana, &house.ken] {
        let reply = data(&house, who, &who.export).await;
        assert_eq!((reply.status, reply.body.len()), (500, 0), "{}", reply.text());
    }
    assert_eq!(house.disclosed(), 0, "nothing was disclosed");
}

#[tokio::test]
async fn an_export_that_cannot_be_finished_leaves_nothing_and_says_why() {
    let bounds = ExportBounds::default;
    for (fault, bounds) in [
        ("too_large", ExportBounds { most_octets: 100, ..bounds() }),
        ("no_room", ExportBounds { space_octets: 100, ..bounds() }),
        ("deadline", ExportBounds { deadline_seconds: -1, ..bounds() }),
    ] {
        let house = House::with_exports(bounds).await;
        let state = house.export(&house.hana).await;
        assert_eq!((state["state"].as_str(), state["fault"].as_str()), (Some("failed"), Some(fault)));
        let reply = data(&house, &house.hana, state["export"].as_str().unwrap()).await;
        assert_eq!((reply.status, reply.json()["code"].as_str()), (409, Some("export_not_ready")), "{fault}");
        assert!(lying(&house).await.is_empty(), "{fault}");
        assert_eq!(house.disclosed(), 0, "{fault}");
        let page = house.get(&house.hana, "/export").await;
        assert!(page.text().contains("class=\"note err\""), "{fault}: {}", page.text());
    }
}

#[tokio::test]
async fn an_export_whose_worker_dies_is_made_by_another_and_given_up_in_the_end() {
    let house = House::with_exports(ExportBounds::default()).await;
    house.kill_workers();
    let begun = begin(&house, &house.hana.cookie, "").await.json();
    assert_eq!((begun["state"].as_str(), begun["before"].as_u64()), (Some("waiting"), Some(0)));
    let claim = async || house.store.claim_work(&keep(&house), Queue::EXPORTS, 90, 1).await.unwrap().pop();
    // One is paused in the middle of it. Nobody else has it while its claim lasts.
    let paused = claim().await.unwrap();
    assert!(claim().await.is_none());
    house.clock.advance_seconds(90);
    house.start_workers();
    let state = house.export(&house.hana).await;
    assert_eq!((&state["state"], &state["export"]), (&"ready".into(), &begun["export"]));
    // And goes on now: what it says is no word any more.
    let late = Settled::Again { payload: Some(paused.work.payload), due: None };
    let late =
        house.store.settle_work(&keep(&house), Queue::EXPORTS, &paused.work.id, paused.fence, late).await;
    assert_eq!(late, Err(honnin_store::Error::Conflict));
    assert_eq!(data(&house, &house.hana, begun["export"].as_str().unwrap()).await.status, 200);
    // Worker after worker breaks off over his.
    house.kill_workers();
    begin(&house, &house.ken.cookie, "").await;
    for _ in 0..3 {
        assert!(claim().await.is_some());
        house.clock.advance_seconds(90);
    }
    house.start_workers();
    assert_eq!(house.export(&house.ken).await["fault"], "interrupted");
}

#[tokio::test]
async fn an_export_of_a_session_that_has_ended_is_not_made() {
    let house = House::with_exports(ExportBounds::default()).await;
    house.kill_workers();
    let other = devices(&house, 1).await.remove(0);
    begin(&house, &other, "").await;
    let all = format!("Cookie: {}\r\n", house.hana.cookie);
    // She signs all others out; what that one left opens nothing any more.
    let listed = house.get(&house.hana, "/devices").await;
    assert_eq!(listed.status, 200);
    assert_eq!(house.ask("POST", "/devices/revoke-others", &all, "").await.status, 303);
    house.start_workers();
    for _ in 0..100_000 {
        if kept(&house, Queue::EXPORTS).await.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert!(kept(&house, Queue::EXPORTS).await.is_empty());
    assert!(lying(&house).await.is_empty());
}

#[tokio::test]
async fn asking_again_begins_no_second_export_and_a_key_is_one() {
    let house = House::with_exports(ExportBounds::default()).await;
    house.kill_workers();
    let first = begin(&house, &house.hana.cookie, "one").await;
    let place = format!("/api/v1/exports/{}", first.json()["export"].as_str().unwrap());
    assert_eq!(
        (first.status, first.header("location"), first.header("retry-after")),
        (202, Some(&*place), Some("2"))
    );
    for key in ["one", "", "another"] {
        let again = begin(&house, &house.hana.cookie, key).await;
        assert_eq!((again.status, &again.json()["export"]), (202, &first.json()["export"]), "{key}");
    }
    let page = house.get(&house.hana, "/export").await;
    assert!(!page.text().contains("<button type=\"submit\" class=\"button\">"), "no second one is offered");
    let theirs = begin(&house, &house.ken.cookie, "one").await;
    assert_ne!(theirs.json()["export"], first.json()["export"]);
    assert_eq!(theirs.json()["before"], 1);
    house.start_workers();
    let made = house.export(&house.hana).await;
    assert_eq!(made["export"], first.json()["export"]);
    // The answer was lost: the same key is the same export, also once it is made.
    let again = begin(&house, &house.hana.cookie, "one").await;
    assert_eq!((&again.json()["state"], &again.json()["export"]), (&"ready".into(), &first.json()["export"]));
    assert_eq!(again.header("retry-after"), None);
    let next = begin(&house, &house.hana.cookie, "another").await;
    assert_ne!(next.json()["export"], first.json()["export"]);
    let bad = begin(&house, &house.hana.cookie, &"k".repeat(256)).await;
    assert_eq!((bad.status, bad.json()["code"].as_str()), (422, Some("invalid")));
}

#[tokio::test]
async fn one_account_leaves_room_for_the_others_however_often_it_asks() {
    let house = House::with_exports(ExportBounds { most_under_way: 3, ..ExportBounds::default() }).await;
    house.kill_workers();
    let cookies = devices(&house, 12).await;
    let mut running = tokio::task::JoinSet::new();
    for cookie in cookies.iter().chain(&cookies) {
        let (at, headers) = (house.at, format!("Cookie: {cookie}\r\n"));
        running.spawn(async move { ask(at, "POST", "/api/v1/exports", &headers, "").await });
    }
    let (mut taken, mut refused) = (0, 0);
    while let Some(reply) = running.join_next().await {
        let reply = reply.unwrap();
        match reply.status {
            202 => taken += 1,
            503 => {
                assert!(reply.header("retry-after").is_some() && reply.json()["code"] == "exports_busy");
                refused += 1;
            }
            other => panic!("{other}: {}", reply.text()),
        }
    }
    assert!(taken >= 2 && refused > 0, "{taken} {refused}");
    assert_eq!(kept(&house, Queue::EXPORTS).await.len(), 2, "however many ask at one moment");
    assert_eq!(begin(&house, &house.ken.cookie, "").await.status, 202, "his place is his");
}

#[tokio::test]
async fn one_source_leaves_room_for_the_others_whatever_accounts_it_has() {
    let bounds = ExportBounds { most_under_way: 8, most_of_source: 2, ..ExportBounds::default() };
    let house = House::with_exports(bounds).await;
    house.kill_workers();
    let mut cookies = devices(&house, 6).await;
    cookies.push(house.ken.cookie.clone());
    let mut running = tokio::task::JoinSet::new();
    for cookie in cookies.iter().chain(&cookies) {
        let (at, headers) = (house.at, format!("Cookie: {cookie}\r\n"));
        running.spawn(async move {
            ask_from([127, 9, 1, 1], at, ("POST", "/api/v1/exports"), &headers).await.status
        });
    }
    let statuses = running.join_all().await;
    assert!(statuses.iter().all(|status| matches!(status, 202 | 503)), "{statuses:?}");
    let under_way = async || kept(&house, Queue::EXPORTS).await.len();
    assert!((1..=2).contains(&under_way().await), "however many ask at one moment");
    // Two stand for certain once each has been asked for by itself.
    for cookie in &cookies {
        let headers = format!("Cookie: {cookie}\r\n");
        drop(ask_from([127, 9, 1, 2], house.at, ("POST", "/api/v1/exports"), &headers).await);
    }
    assert_eq!(under_way().await, 2, "of one source: the same /24");
    let other = ask_from(
        [127, 9, 2, 1],
        house.at,
        ("POST", "/api/v1/exports"),
        &format!("Cookie: {}\r\n", house.hana.cookie),
    )
    .await;
    let his = ask_from(
        [127, 9, 3, 1],
        house.at,
        ("POST", "/api/v1/exports"),
        &format!("Cookie: {}\r\n", house.ken.cookie),
    )
    .await;
    assert!([other.status, his.status].contains(&202), "another source has places of its own");
    house.start_workers();
    assert_eq!(house.export(&house.ken).await["state"], "ready");
    assert_eq!(house.export(&house.hana).await["state"], "ready");
    let again = ask_from(
        [127, 9, 1, 1],
        house.at,
        ("POST", "/api/v1/exports"),
        &format!("Cookie: {}\r\n", house.ken.cookie),
    )
    .await;
    assert_eq!(again.status, 202, "what is made gives its place back");
    let named = kept(&house, Queue::EXPORT_SOURCES).await;
    assert!(named.iter().all(|row| row.owner.is_none() && row.payload.len() == 32), "ids and nothing else");
}

#[tokio::test]
async fn an_export_holds_what_was_done_to_the_account_and_who_looked() {
    let house = House::open().await;
    let entry = looked_at_by_other(&house, &house.hana, &house.ken).await;
    let wrong = r#"{"login":"mio-hana","password":"wrong"}"#;
    for _ in 0..3 {
        assert_eq!(
            house.ask("POST", "/api/v1/sessions", "Content-Type: application/json\r\n", wrong).await.status,
            401
        );
    }
    let headers = format!("Cookie: {}\r\n", house.hana.cookie);
    assert_eq!(house.ask("DELETE", "/api/v1/sessions", &headers, "").await.status, 204);
    let export = house.exported(&house.hana).await;
    let held = data(&house, &house.hana, &export).await.json();
    let others = &held["disclosures_by_others"];
    assert_eq!(
        (&others["count"], &others["disclosures"][0]["entry"]),
        (&1.into(), &entry.to_string().into())
    );
    assert_eq!(others["disclosures"][0]["viewer"], "granted");
    let acts: Vec<_> = held["acts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|act| (act["act"].as_str().unwrap(), act["times"].as_u64().unwrap()))
        .collect();
    assert!(acts.contains(&("sign_in_failed", 3)) && acts.contains(&("all_ended", 1)), "{acts:?}");
    assert!(!held.to_string().contains(&house.ken.stored.account.to_string()), "nothing of who looked");
}

#[tokio::test]
async fn beyond_the_bound_an_export_is_refused_with_a_time_and_taken_afterwards() {
    let house = House::with_exports(ExportBounds { most_under_way: 1, ..ExportBounds::default() }).await;
    house.kill_workers();
    assert_eq!(begin(&house, &house.hana.cookie, "").await.status, 202);
    let refused = begin(&house, &house.ken.cookie, "").await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (503, Some("exports_busy")));
    assert!(refused.header("retry-after").is_some());
    house.start_workers();
    assert_eq!(house.export(&house.hana).await["state"], "ready");
    assert_eq!(house.export(&house.ken).await["state"], "ready");
    // Two of one account are known at once; a third device takes the place of the older one.
    for cookie in devices(&house, 2).await {
        assert_eq!(begin(&house, &cookie, "").await.status, 202);
        for _ in 0..100_000 {
            if house.store.waiting(&keep(&house), Queue::EXPORTS).await.unwrap().0 == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        house.clock.advance_seconds(1);
    }
    assert_eq!(lying(&house).await.len(), 3);
}
