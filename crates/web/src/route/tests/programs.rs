//! The conventions programs rely on: names of requests, what is wrong, long lists, other origins, kept copies.

use serde_json::{Value, json};

use super::coverage::{body_of, is_signed_in, path_of};
use super::house::{House, PASSWORD};
use crate::route::routes::TABLE;
use crate::route::table::Verb;

const JSON_TYPE: &str = "Content-Type: application/json\r\n";

#[tokio::test]
async fn every_answer_names_its_request() {
    let house = House::open().await;
    let mut names = std::collections::BTreeSet::new();
    for route in TABLE {
        let path = path_of(route, &house.hana, &house);
        let (headers, body) = body_of(route);
        for cookie in [format!("Cookie: {}\r\n", house.ken.cookie), String::new()] {
            let reply = house.ask(route.verb.word(), &path, &format!("{headers}{cookie}"), body).await;
            let name = reply.header("x-request-id").unwrap_or_default().to_owned();
            assert_eq!(name.len(), 32, "{path}: {}", reply.head);
            assert!(names.insert(name), "{path}");
        }
    }
    let reply = house.ask("GET", "/api/v1/nothing", "", "").await;
    assert!(reply.header("x-request-id").is_some(), "what no row answers has a name too");
}

#[tokio::test]
async fn what_cannot_be_used_is_pointed_at() {
    let house = House::open().await;
    let line = house.hana.lines[0];
    let speed = format!("/api/v1/lines/{line}/speed");
    let usage = format!("/api/v1/lines/{line}/usage?month=13");
    let session = format!("Cookie: {}\r\n", house.hana.cookie);
    let keyed = format!("{session}{JSON_TYPE}Idempotency-Key: k\r\n");
    let typed = format!("{session}{JSON_TYPE}");
    // A header field may hold a tab, and our pattern has none.
    let tabbed = format!("{session}Idempotency-Key: a\tb\r\n");
    // Also where no second factor is set up and nobody looks at the code.
    let long_code = format!(r#"{{"password":"{PASSWORD}","code":"{}"}}"#, "0".repeat(65));
    let long_name = format!(r#"{{"login":"{}","password":"geheim"}}"#, "x".repeat(129));
    let badly_keyed = format!("{session}{JSON_TYPE}Idempotency-Key: {}\r\n", "k".repeat(256));
    for (verb, path, headers, body, place, name) in [
        ("PUT", speed.as_str(), keyed.as_str(), r#"{"high":"yes"}"#, "pointer", "#/high"),
        ("PUT", &speed, &keyed, r"{}", "pointer", "#/high"),
        ("PUT", &speed, &keyed, r#"{"high":true,"geheim":1}"#, "pointer", "#"),
        ("PUT", &speed, &keyed, "geheim", "pointer", "#"),
        ("PUT", &speed, &badly_keyed, r#"{"high":true}"#, "header", "Idempotency-Key"),
        ("POST", "/api/v1/sessions", JSON_TYPE, r#"{"login":"geheim"}"#, "pointer", "#/password"),
        ("POST", "/api/v1/sessions", JSON_TYPE, r#"{"login":1,"password":"geheim"}"#, "pointer", "#/login"),
        ("GET", &usage, &session, "", "parameter", "month"),
        ("POST", "/api/v1/sessions/current/proof", &typed, &long_code, "pointer", "#/code"),
        ("POST", "/api/v1/sessions", JSON_TYPE, &long_name, "pointer", "#/login"),
        ("POST", "/api/v1/exports", &tabbed, "", "header", "Idempotency-Key"),
        ("GET", "/api/v1/bills?limit=0", &session, "", "parameter", "limit"),
        ("GET", "/api/v1/disclosures?cursor=geheim", &session, "", "parameter", "cursor"),
    ] {
        let reply = house.ask(verb, path, headers, body).await;
        assert_eq!(reply.status, 422, "{path} {body}");
        let wrong = &reply.json()["errors"];
        assert_eq!(wrong.as_array().map(Vec::len), Some(1), "{wrong}");
        assert_eq!(wrong[0][place], name, "{path} {body}: {wrong}");
        assert!(!reply.text().contains("geheim"), "{}", reply.text());
    }
}

/// All items of a list, read one by one.
async fn one_by_one(house: &House, path: &str, items: &str) -> Vec<Value> {
    let (mut next, mut found) = (format!("{path}?limit=1"), Vec::new());
    loop {
        let reply = house.get(&house.hana, &next).await;
        let body = reply.json();
        assert_eq!(reply.status, 200, "{next}: {body}");
        found.extend(body[items].as_array().unwrap().clone());
        let cursor = body["next"].as_str();
        assert_eq!(cursor.is_some(), reply.header("link").is_some(), "{next}");
        let Some(cursor) = cursor else { return found };
        assert!(found.len() < 99, "{next}");
        next = format!("{path}?limit=1&cursor={cursor}");
        assert_eq!(
            reply.header("link"),
            Some(format!("<{path}?cursor={cursor}&limit=1>; rel=\"next\"").as_str())
        );
    }
}

#[tokio::test]
async fn every_list_is_read_by_one_convention() {
    let house = House::open().await;
    for _ in 0..2 {
        let body = json!({ "login": "mio-hana", "password": PASSWORD }).to_string();
        assert_eq!(house.ask("POST", "/api/v1/sessions", JSON_TYPE, &body).await.status, 201);
    }
    let lists = TABLE.iter().filter(|route| route.contract.is_some_and(|contract| contract.parts.is_some()));
    let mut seen = 0;
    for route in lists {
        let path = path_of(route, &house.hana, &house);
        let items = path.rsplit('/').next().unwrap();
        let items = if items == "me" { "lines" } else { items };
        // What is shown now is told of later; what was there before stays as it is.
        if items != "disclosures" {
            let whole = house.get(&house.hana, &path).await.json()[items].clone();
            assert_eq!(json!(one_by_one(&house, &path, items).await), whole, "{path}");
        }
        seen += 1;
    }
    assert_eq!(seen, 7);
    let before = house.get(&house.hana, "/api/v1/disclosures?limit=200").await.json();
    let cursor = before["disclosures"][0]["entry"].as_str().unwrap();
    let older = house.get(&house.hana, &format!("/api/v1/disclosures?limit=2&cursor={cursor}")).await.json();
    assert_eq!(older["disclosures"].as_array().unwrap()[..], before["disclosures"].as_array().unwrap()[1..3]);
}

#[tokio::test]
async fn an_act_by_a_token_alone_is_no_browsers_act() {
    let house = House::open().await;
    let body = json!({ "login": "mio-hana", "password": PASSWORD }).to_string();
    let signed_in = house.ask("POST", "/api/v1/sessions", JSON_TYPE, &body).await.json();
    let bearer = format!("Authorization: Bearer {}\r\n", signed_in["token"].as_str().unwrap());
    let foreign = "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n";
    let path = format!("/api/v1/lines/{}/speed", house.hana.lines[0]);
    let put = async |headers: &str| {
        let headers = format!("{headers}{JSON_TYPE}Idempotency-Key: k\r\n");
        house.ask("PUT", &path, &headers, r#"{"high":false}"#).await.status
    };
    assert_eq!(put(&format!("{bearer}{foreign}")).await, 202);
    let cookie = format!("Cookie: {}\r\n", house.hana.cookie);
    assert_eq!(put(&format!("{cookie}{foreign}")).await, 403, "the browser added it by itself");
    assert_eq!(put(&format!("{bearer}{cookie}{foreign}")).await, 403, "there is a cookie beside it");
    assert_eq!(put(&format!("Authorization: Bearer x\r\n{foreign}")).await, 403, "no token");
    assert_eq!(house.ask("POST", "/sign-out", &format!("{bearer}{foreign}"), "").await.status, 403, "a page");
}

#[tokio::test]
async fn pages_of_allowed_origins_ask_the_api_and_no_other() {
    let house = House::open().await;
    let allow = "access-control-allow-origin";
    let body = json!({ "login": "mio-hana", "password": PASSWORD }).to_string();
    for (origin, allowed) in [
        ("https://app.example.jp", true),
        ("https://evil.example", false),
        ("https://app.example.jp.evil", false),
    ] {
        let from = format!("Origin: {origin}\r\nSec-Fetch-Site: cross-site\r\n");
        let first = house.ask("OPTIONS", "/api/v1/me", &from, "").await;
        assert_eq!(
            (first.status, first.header(allow)),
            if allowed { (204, Some(origin)) } else { (405, None) }
        );
        let sent = first.header("access-control-allow-headers").unwrap_or_default();
        assert_eq!(sent.contains("Authorization") && sent.contains("Idempotency-Key"), allowed);
        let reply = house.ask("POST", "/api/v1/sessions", &format!("{from}{JSON_TYPE}"), &body).await;
        assert_eq!(
            (reply.status, reply.header(allow)),
            if allowed { (201, Some(origin)) } else { (403, None) }
        );
        assert!(reply.header("access-control-allow-credentials").is_none(), "never with a cookie");
        let page = house.ask("GET", "/sign-in", &from, "").await;
        assert!(page.header(allow).is_none(), "pages are ours alone");
        assert_eq!(house.ask("OPTIONS", "/sign-in", &from, "").await.status, 405);
    }
}

#[tokio::test]
async fn a_wish_is_followed_to_its_end_by_its_version() {
    let house = House::open().await;
    let path = |line: usize| format!("/api/v1/lines/{}/speed", house.hana.lines[line]);
    let before = house.get(&house.hana, &path(0)).await.json();
    assert_eq!((&before["version"], &before["effective"]), (&json!(0), &json!("high")), "{before}");
    let headers = format!("Cookie: {}\r\n{JSON_TYPE}Idempotency-Key: k\r\n", house.hana.cookie);
    let wish = house.ask("PUT", &path(0), &headers, r#"{"high":false}"#).await;
    assert_eq!(wish.header("location"), Some(path(0).as_str()));
    assert_eq!(wish.header("ratelimit"), Some("\"acts\";r=0;t=60"));
    let after = house.get(&house.hana, &path(0)).await.json();
    assert_eq!(after["version"], wish.json()["version"]);
    assert_eq!((&after["state"], &after["desired"]), (&json!("accepted"), &json!(false)));
    assert_eq!(after["effective"], "high", "nobody has sent it yet");
    for (line, reason) in [(1, "suspended"), (2, "chosen")] {
        let stopped = house.get(&house.hana, &path(line)).await.json();
        let told = ["effective", "changeable", "reason"].map(|name| stopped[name].clone());
        assert_eq!(told, [json!("none"), json!(false), json!(reason)], "{stopped}");
    }
}

#[tokio::test]
async fn what_is_public_is_asked_for_again_without_being_sent_again() {
    let house = House::open().await;
    for path in [
        "/openapi.json".to_owned(),
        "/api/v1/notices".to_owned(),
        format!("/api/v1/notices/{}", house.notice),
    ] {
        let first = house.ask("GET", &path, "", "").await;
        let tag = first.header("etag").unwrap_or_else(|| panic!("{path}: {}", first.head)).to_owned();
        let again = house.ask("GET", &path, &format!("If-None-Match: \"x\", {tag}\r\n"), "").await;
        assert_eq!(
            (again.status, again.body.len(), again.header("etag")),
            (304, 0, Some(tag.as_str())),
            "{path}"
        );
        assert_eq!(house.ask("GET", &path, "If-None-Match: \"x\"\r\n", "").await.status, 200);
    }
}

#[tokio::test]
async fn programs_list_and_end_what_is_signed_in() {
    let house = House::open().await;
    let body = json!({ "login": "mio-hana", "password": PASSWORD }).to_string();
    let other = house.ask("POST", "/api/v1/sessions", JSON_TYPE, &body).await.json();
    let bearer = format!("Authorization: Bearer {}\r\n", other["token"].as_str().unwrap());
    let listed = house.ask("GET", "/api/v1/sessions", &bearer, "").await.json();
    let current: Vec<&Value> =
        listed["sessions"].as_array().unwrap().iter().filter(|one| one["current"] == true).collect();
    assert_eq!((current.len(), &current[0]["session"]), (1, &other["session"]));
    assert_eq!(current[0]["expires_at"], other["expires_at"]);
    let cookie = format!("Cookie: {}\r\n", house.hana.cookie);
    let path = format!("/api/v1/sessions/{}", other["session"].as_str().unwrap());
    assert_eq!(
        house.ask("DELETE", &path, &format!("Cookie: {}\r\n", house.ken.cookie), "").await.status,
        404
    );
    assert_eq!(house.ask("DELETE", &path, &cookie, "").await.status, 204);
    assert_eq!(house.ask("GET", "/api/v1/me", &bearer, "").await.status, 401);
    assert_eq!(house.ask("DELETE", &path, &cookie, "").await.status, 404, "it has ended");
    let third = house.ask("POST", "/api/v1/sessions", JSON_TYPE, &body).await.json();
    assert_eq!(house.ask("DELETE", "/api/v1/sessions", &cookie, "").await.status, 204);
    let bearer = format!("Authorization: Bearer {}\r\n", third["token"].as_str().unwrap());
    assert_eq!(house.ask("GET", "/api/v1/me", &bearer, "").await.status, 401);
    assert_eq!(house.ask("GET", "/api/v1/me", &cookie, "").await.status, 200);
}

#[tokio::test]
async fn the_description_says_what_generators_and_readers_need() {
    let house = House::open().await;
    let document = house.ask("GET", "/openapi.json", "", "").await.json();
    let mut integers = 0;
    walk(&document["components"]["schemas"], &mut |schema| {
        if schema["type"] == "integer" {
            assert_eq!(schema["format"], "int64", "{schema}");
            integers += 1;
        }
        if schema["type"] == "object" && schema["additionalProperties"] == false {
            let taken = ["Passkey", "Proof", "SignIn", "SecondStep", "TokenWish", "Wish"]
                .map(|name| &document["components"]["schemas"][name]);
            assert!(taken.contains(&schema), "an answer may grow: {schema}");
        }
        assert!(schema.get("enum").is_none(), "a list of words may grow: {schema}");
    });
    assert!(integers > 10);
    for route in TABLE {
        let Some(contract) = &route.contract else { continue };
        let operation = &document["paths"][route.path][route.verb.word().to_lowercase()];
        for code in super::super::openapi::codes(route, contract) {
            let status = code.status().as_u16().to_string();
            let reference = operation["responses"][&status]["$ref"].as_str().unwrap_or_default();
            let described = document.pointer(reference.trim_start_matches('#')).unwrap();
            let examples = &described["content"]["application/problem+json"]["examples"];
            assert!(examples[code.word()].is_object(), "{} {code:?}: {described}", route.path);
            let needs = match status.as_str() {
                "401" => "WWW-Authenticate",
                "429" | "503" => "Retry-After",
                _ => "X-Request-Id",
            };
            assert!(described["headers"][needs].is_object(), "{} {status}", route.path);
        }
        for text in ["summary", "description"] {
            assert!(operation[text].as_str().is_some_and(|text| text.len() > 5), "{}", route.path);
        }
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{}", route.path);
        assert_eq!(is_signed_in(route), operation["security"][0]["token"].is_array(), "{}", route.path);
        let takes = operation["requestBody"]["content"]["application/json"]["schema"].is_object();
        assert_eq!(contract.takes.is_some(), takes && route.verb != Verb::Get, "{}", route.path);
    }
}

fn walk(value: &Value, see: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(members) => {
            see(value);
            members.values().for_each(|value| walk(value, see));
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
