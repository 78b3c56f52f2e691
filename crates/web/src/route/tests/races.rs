//! Two who come at once: the second gets what the first has made true.

use serde_json::json;

use super::house::{House, PASSWORD};

const JSON_TYPE: &str = "Content-Type: application/json\r\n";

#[tokio::test]
async fn one_wish_sent_twice_at_once_is_one_wish_answered_twice_alike() {
    let house = House::open().await;
    let path = format!("/api/v1/lines/{}/speed", house.hana.lines[0]);
    let headers = format!("Cookie: {}\r\n{JSON_TYPE}Idempotency-Key: k\r\n", house.hana.cookie);
    let put = || house.ask("PUT", &path, &headers, r#"{"high":false}"#);
    let (one, two, three) = tokio::join!(put(), put(), put());
    for reply in [&one, &two, &three] {
        let told = (reply.status, reply.json());
        assert_eq!(told, (202, json!({"state": "accepted", "version": 1})));
    }
    assert_eq!(house.get(&house.hana, &path).await.json()["version"], 1);
}

#[tokio::test]
async fn of_two_wishes_at_once_one_is_taken_and_the_other_told_when() {
    let house = House::open().await;
    let path = format!("/api/v1/lines/{}/speed", house.hana.lines[0]);
    let put = async |key: &str, high: bool| {
        let headers = format!("Cookie: {}\r\n{JSON_TYPE}Idempotency-Key: {key}\r\n", house.hana.cookie);
        house.ask("PUT", &path, &headers, &json!({ "high": high }).to_string()).await
    };
    let (low, high) = tokio::join!(put("a", false), put("b", true));
    let mut told = [(low.status, false), (high.status, true)];
    told.sort_unstable();
    assert_eq!(told.map(|(status, _)| status), [202, 429], "{} {}", low.text(), high.text());
    let state = house.get(&house.hana, &path).await.json();
    assert_eq!((&state["desired"], &state["version"]), (&json!(told[0].1), &json!(1)));
    let late = if low.status == 429 { &low } else { &high };
    assert_eq!((late.json()["code"].as_str(), late.header("retry-after")), (Some("too_often"), Some("60")));
}

#[tokio::test]
async fn an_export_asked_for_twice_at_once_is_one_export() {
    let house = House::open().await;
    house.kill_workers();
    let begin = async |key: &str| {
        let headers = format!("Cookie: {}\r\n{key}", house.hana.cookie);
        house.ask("POST", "/api/v1/exports", &headers, "").await
    };
    let key = "Idempotency-Key: k\r\n";
    let (one, two, three) = tokio::join!(begin(key), begin(key), begin("Idempotency-Key: other\r\n"));
    for reply in [&one, &two, &three] {
        assert_eq!((reply.status, &reply.json()["export"]), (202, &one.json()["export"]), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_change_of_password_sent_twice_at_once_is_answered_twice_alike() {
    let house = House::open().await;
    let encoded = |text: &str| text.replace(' ', "+");
    let form = format!("old={}&password=kaze+no+tooru+michi+wo", encoded(PASSWORD));
    let post = || house.post(Some(&house.hana), "/account/password", &form);
    let (one, other) = tokio::join!(post(), post());
    let told = [&one, &other].map(|reply| (reply.status, reply.header("location").map(str::to_owned)));
    assert_eq!(told[0], told[1], "{} {}", one.text(), other.text());
    assert_eq!(told[0].0, 303);
    let new = house.post(None, "/sign-in", "login=mio-hana&password=kaze+no+tooru+michi+wo").await;
    assert_eq!(new.status, 303);
}

#[tokio::test]
async fn a_line_named_twice_at_once_has_one_of_the_names() {
    let house = House::open().await;
    let (first, second) = (house.hana.lines[0], house.hana.lines[1]);
    let name = async |line: honnin_terms::HoldingId, name: &str| {
        house.post(Some(&house.hana), &format!("/lines/{line}/name"), &format!("name={name}")).await
    };
    let (one, two, three) = tokio::join!(name(first, "ame"), name(first, "kaze"), name(second, "yuki"));
    for reply in [&one, &two, &three] {
        assert_eq!(reply.status, 303, "{}", reply.text());
    }
    let board = house.get(&house.hana, "/lines").await.text();
    assert!(board.contains("<b>ame</b>") != board.contains("<b>kaze</b>"), "{board}");
    assert!(board.contains("<b>yuki</b>"), "what was said of another line is not lost: {board}");
}
