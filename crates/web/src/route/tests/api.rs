//! The JSON API as programs use it.

use honnin_journal::Kind;
use honnin_store::{ClaimRows, Queue};
use honnin_terms::{Clock, Id, RequestId};
use serde_json::{Value, json};

use super::house::{House, PASSWORD};
use super::wire::Reply;
use crate::route::routes::TABLE;
use crate::route::table::{Gives, Sends, Verb};

const JSON_TYPE: &str = "Content-Type: application/json\r\n";

async fn sign_in(house: &House, login: &str, password: &str) -> Reply {
    let body = json!({ "login": login, "password": password }).to_string();
    house.ask("POST", "/api/v1/sessions", JSON_TYPE, &body).await
}

/// Where and how a value differs from a schema of the description: what our schemas use of JSON Schema, and no more.
pub(super) fn differs(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let named = document.pointer(reference.trim_start_matches('#')).unwrap();
        return differs(document, named, value, at);
    }
    if let Some(several) = schema["anyOf"].as_array() {
        let fits = several.iter().any(|one| differs(document, one, value, at).is_none());
        return (!fits).then(|| format!("{at} is {value}, which is none of {several:?}"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let typed = schema["type"] == kind
        || schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|one| one == kind));
    let unfit = |why: &str| Some(format!("{at} is {value}: {why} of {schema}"));
    match value {
        _ if !typed => unfit("the type"),
        Value::Number(number) => {
            let number = number.as_i64().unwrap();
            let within = schema["minimum"].as_i64().unwrap()..=schema["maximum"].as_i64().unwrap();
            if within.contains(&number) { None } else { unfit("the bounds") }
        }
        Value::String(text) => {
            let long = u64::try_from(text.chars().count()).unwrap();
            let fits = match (schema["format"].as_str(), schema["pattern"].as_str()) {
                // Such as a person chooses, and what only a program reads.
                (Some("password"), _) => true,
                (Some("date"), _) => text.parse::<honnin_terms::Day>().is_ok(),
                (Some("date-time"), _) => {
                    text.parse::<honnin_terms::Moment>().is_ok() && !text.ends_with('Z')
                }
                (_, Some("^[0-9a-f]{32}$")) => text.parse::<honnin_terms::HoldingId>().is_ok(),
                (_, Some("^[0-9a-f]{32}-(0|[1-9][0-9]*)$")) => text.parse::<honnin_terms::EntryRef>().is_ok(),
                (_, Some(pattern)) if pattern.contains("{4}-") => text.parse::<honnin_terms::Month>().is_ok(),
                (None, None) => schema["x-extensible-enum"]
                    .as_array()
                    .is_none_or(|words| words.iter().any(|word| word == text.as_str())),
                _ => false,
            };
            if fits && long <= schema["maxLength"].as_u64().unwrap() { None } else { unfit("the text") }
        }
        Value::Array(items) if u64::try_from(items.len()).unwrap() > schema["maxItems"].as_u64().unwrap() => {
            unfit("the length")
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(n, item)| differs(document, &schema["items"], item, &format!("{at}[{n}]"))),
        Value::Object(members) => {
            // The description may leave members out; ours does not.
            let properties = schema["properties"].as_object()?;
            let foreign = members.keys().find(|name| !properties.contains_key(*name));
            let missing = schema["required"].as_array().into_iter().flatten();
            let mut missing = missing.filter(|name| !members.contains_key(name.as_str().unwrap()));
            foreign
                .map(|name| format!("{at}.{name} is not described"))
                .or_else(|| missing.next().map(|name| format!("{at}.{name} is missing")))
                .or_else(|| {
                    members.iter().find_map(|(name, value)| {
                        differs(document, &properties[name], value, &format!("{at}.{name}"))
                    })
                })
        }
        Value::Null | Value::Bool(_) => None,
    }
}

#[tokio::test]
async fn every_answer_has_the_shape_the_table_says() {
    let house = House::open().await;
    let document = house.ask("GET", "/openapi.json", "", "").await.json();
    let mut seen = 0;
    for route in TABLE.iter().filter(|route| route.verb == Verb::Get) {
        let Some(contract) = &route.contract else { continue };
        let (status, gives) = contract.gives;
        let operation = &document["paths"][route.path]["get"]["responses"][status.to_string()];
        let media = match gives {
            Gives::Json(_) => "application/json",
            Gives::File(media) => media,
            Gives::Nothing | Gives::Text => continue,
        };
        let bare = media.split(';').next().unwrap();
        let schema = &operation["content"][bare]["schema"];
        assert!(schema.is_object(), "{} gives {bare}: {operation}", route.path);
        for line in &house.hana.lines {
            let path = route
                .path
                .replace("{line}", &line.to_string())
                .replace("{bill}", &house.hana.bill.to_string())
                .replace("{export}", &house.hana.export)
                .replace("{notice}", &house.notice.to_string());
            let reply = house.get(&house.hana, &path).await;
            let media_type = reply.header("content-type").unwrap_or_default();
            assert_eq!((reply.status, media_type), (status, media), "{path}");
            if media_type == "application/json" {
                assert_eq!(differs(&document, schema, &reply.json(), "$"), None, "{path}");
            }
            for sent in contract.sends.iter().filter(|sent| !matches!(sent, Sends::Link | Sends::RetryAfter))
            {
                let name = super::super::openapi::field(*sent);
                assert!(reply.header(&name.to_ascii_lowercase()).is_some(), "{path} does not send {name}");
            }
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[tokio::test]
async fn a_session_is_begun_used_by_cookie_or_token_and_ended() {
    let house = House::open().await;
    let reply = sign_in(&house, "mio-hana", PASSWORD).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let body = reply.json();
    let token = body["token"].as_str().unwrap();
    let cookie = reply.header("set-cookie").unwrap();
    assert!(
        cookie.starts_with(&format!("session={token}; Path=/; Max-Age=15552000; HttpOnly; SameSite=Lax")),
        "{cookie}"
    );
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let me = house.ask("GET", "/api/v1/me", &bearer, "").await;
    assert_eq!(me.json()["name"], "名前 HANA");
    assert_eq!(house.ask("GET", "/lines", &bearer, "").await.status, 401, "pages take the cookie alone");
    assert_eq!(house.ask("DELETE", "/api/v1/sessions/current", &bearer, "").await.status, 204);
    let after = house.ask("GET", "/api/v1/me", &bearer, "").await;
    assert_eq!((after.status, after.json()["code"].as_str()), (401, Some("sign_in_required")));
    assert_eq!(after.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn signing_in_over_an_old_cookie_ends_the_old_session() {
    let house = House::open().await;
    let token = |reply: &Reply| reply.json()["token"].as_str().unwrap().to_owned();
    let [first, other] =
        [sign_in(&house, "mio-hana", PASSWORD).await, sign_in(&house, "mio-hana", PASSWORD).await];
    let (first, other) = (token(&first), token(&other));
    let body = json!({ "login": "mio-hana", "password": PASSWORD }).to_string();
    let over = format!("{JSON_TYPE}Cookie: session={first}\r\n");
    let reply = house.ask("POST", "/api/v1/sessions", &over, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    for (token, status) in [(token(&reply), 200), (other, 200), (first.clone(), 401)] {
        let bearer = format!("Authorization: Bearer {token}\r\n");
        assert_eq!(house.ask("GET", "/api/v1/me", &bearer, "").await.status, status);
    }
    // What ended long ago is no reason to refuse anybody.
    assert_eq!(house.ask("POST", "/api/v1/sessions", &over, &body).await.status, 201);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_the_same_octets() {
    let house = House::open().await;
    let wrong = sign_in(&house, "mio-hana", "wrong").await;
    let nobody = sign_in(&house, "mio-nobody", "wrong").await;
    assert_eq!((wrong.status, &wrong.body), (nobody.status, &nobody.body));
    assert_eq!(wrong.json()["code"], "sign_in_refused");
    assert!(wrong.header("set-cookie").is_none());
    for _ in 0..4 {
        sign_in(&house, "mio-hana", "wrong").await;
    }
    assert_eq!(sign_in(&house, "mio-hana", PASSWORD).await.status, 201, "held for a second, not refused");
}

#[tokio::test]
async fn a_body_that_is_not_what_is_wanted_is_refused_without_repeating_it() {
    let house = House::open().await;
    for (headers, body, status, code) in [
        (JSON_TYPE, r#"{"login":"mio-hana"}"#, 422, "invalid"),
        (JSON_TYPE, r#"{"login":"mio-hana","password":"geheim","x":1}"#, 422, "invalid"),
        (JSON_TYPE, r#"{"login":"mio-hana","password":"geheim""#, 422, "invalid"),
        (JSON_TYPE, "", 422, "invalid"),
        ("Content-Type: text/plain\r\n", r#"{"login":"a","password":"geheim"}"#, 415, "media_type"),
        ("", r#"{"login":"a","password":"geheim"}"#, 415, "media_type"),
    ] {
        let reply = house.ask("POST", "/api/v1/sessions", headers, body).await;
        assert_eq!((reply.status, reply.json()["code"].as_str()), (status, Some(code)), "{body}");
        assert!(!reply.text().contains("geheim"));
    }
    let long = format!(r#"{{"login":"a","password":"{}"}}"#, "x".repeat(20_000));
    let reply = house.ask("POST", "/api/v1/sessions", JSON_TYPE, &long).await;
    assert_eq!((reply.status, reply.json()["code"].as_str()), (413, Some("body_too_large")));
}

#[tokio::test]
async fn home_says_what_is_left_and_never_a_guess() {
    let house = House::open().await;
    let path = |number: usize| format!("/api/v1/lines/{}/home", house.hana.lines[number]);
    let home = house.get(&house.hana, &path(0)).await.json();
    assert_eq!(
        home["balance"],
        json!({
            "remaining_octets": 5_000_000_000_u64, "granted_octets": 20_000_000_000_u64,
            "shared": true, "current": true,
        })
    );
    assert_eq!(home["next_expiry"], json!({"octets": 4_000_000_000_u64, "expires_on": "2026-11-30"}));
    assert_eq!(home["as_of"], "2026-11-20T06:00:00+09:00");
    assert_eq!(
        home["usage"],
        json!({
            "today_octets": null, "month_octets": 4_000_000_000_u64, "missing_days": 17,
            "as_of": "2026-11-20T06:00:00+09:00", "as_of_by": "ledger",
        })
    );
    assert_eq!(home["share"], json!({"lines": 2}));
    assert_eq!((&home["bill"]["amount_yen"], &home["bill"]["month"]), (&json!(2345), &json!("2026-11")));
    assert_eq!(home["speed"]["desired"], true);
    let ended = house.get(&house.hana, &path(2)).await.json();
    assert_eq!(ended["balance"], Value::Null, "an ended holding has no balance");
}

#[tokio::test]
async fn lines_come_in_pages_and_none_is_lost() {
    let house = House::open().await;
    let whole = house.get(&house.hana, "/api/v1/me").await;
    assert!(whole.header("link").is_none());
    let (mut path, mut lines) = ("/api/v1/me?limit=1".to_owned(), Vec::new());
    loop {
        let reply = house.get(&house.hana, &path).await;
        lines.extend(reply.json()["lines"].as_array().unwrap().clone());
        let Some(link) = reply.header("link") else { break };
        path = link.split(['<', '>']).nth(1).unwrap().to_owned();
        assert!(link.ends_with("rel=\"next\"") && lines.len() < 9, "{link}");
    }
    assert_eq!(json!(lines), whole.json()["lines"]);
    let status: Vec<_> = lines.iter().map(|line| line["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["active", "suspended", "ended"]);
    for query in ["limit=0", "limit=201", "limit=x", "cursor=x"] {
        let reply = house.get(&house.hana, &format!("/api/v1/me?{query}")).await;
        assert_eq!((reply.status, reply.json()["code"].as_str()), (422, Some("invalid")), "{query}");
    }
    for line in ["0".repeat(32), house.ken.lines[0].to_string()] {
        let reply = house.get(&house.hana, &format!("/api/v1/me?cursor={line}")).await;
        assert_eq!((reply.status, reply.json()["code"].as_str()), (404, Some("not_found")), "{line}");
    }
}

#[tokio::test]
async fn usage_is_of_the_month_that_is_asked_for() {
    let house = House::open().await;
    let path = format!("/api/v1/lines/{}/usage", house.hana.lines[0]);
    let days = house.get(&house.hana, &path).await.json();
    assert_eq!(
        days["days"][1],
        json!({"date": "2026-11-19", "high_octets": 2_000_000_000_u64, "low_octets": 1_000_000_000, "whole": true,
            "as_of": "2026-11-20T06:00:00+09:00", "as_of_by": "ledger"})
    );
    let other = house.get(&house.hana, &format!("{path}?month=2026-10")).await.json();
    assert_eq!((&other["days"], &other["as_of"]), (&json!([]), &Value::Null));
    assert_eq!(house.get(&house.hana, &format!("{path}?month=2026-13")).await.status, 422);
}

#[tokio::test]
async fn a_wish_is_taken_once_a_minute_and_a_key_is_one_wish() {
    let house = House::open().await;
    let put = async |line: usize, key: &str, body: &str| {
        let key = if key.is_empty() { String::new() } else { format!("Idempotency-Key: {key}\r\n") };
        let headers = format!("Cookie: {}\r\n{JSON_TYPE}{key}", house.hana.cookie);
        house.ask("PUT", &format!("/api/v1/lines/{}/speed", house.hana.lines[line]), &headers, body).await
    };
    let told = |reply: &Reply| (reply.status, reply.json()["code"].as_str().unwrap_or_default().to_owned());
    let (low, high) = (r#"{"high":false}"#, r#"{"high":true}"#);
    assert_eq!(told(&put(0, "", low).await), (400, "idempotency_key_missing".to_owned()));
    assert_eq!(told(&put(0, &"k".repeat(256), low).await), (422, "invalid".to_owned()));
    assert_eq!(told(&put(0, "a", r#"{"high":"yes"}"#).await), (422, "invalid".to_owned()));
    let first = put(0, "a", low).await;
    assert_eq!((first.status, first.json()), (202, json!({"state": "accepted", "version": 1})));
    let again = put(0, "a", low).await;
    assert_eq!((again.status, again.json()), (202, json!({"state": "accepted", "version": 1})));
    assert_eq!(told(&put(0, "a", high).await), (422, "idempotency_key_reused".to_owned()));
    let soon = put(0, "b", high).await;
    assert_eq!(told(&soon), (429, "too_often".to_owned()));
    assert_eq!(soon.header("retry-after"), Some("60"));
    house.clock.advance_seconds(60);
    assert_eq!(put(0, "b", high).await.json()["version"], 2);
    assert_eq!(told(&put(1, "c", low).await), (409, "line_suspended".to_owned()));
    assert_eq!(told(&put(2, "d", low).await), (409, "line_ended".to_owned()));
}

#[tokio::test]
async fn she_sees_who_has_seen_her_data() {
    let house = House::open().await;
    house.get(&house.hana, &format!("/api/v1/lines/{}/home", house.hana.lines[0])).await;
    house.get(&house.ken, "/api/v1/me").await;
    house.get(&house.hana, "/bills").await;
    let reply = house.get(&house.hana, "/api/v1/disclosures").await.json();
    let rows = reply["disclosures"].as_array().unwrap();
    let told: Vec<_> =
        rows.iter().map(|row| (row["what"].as_str().unwrap(), row["channel"].as_str().unwrap())).collect();
    assert_eq!(told, [("bills", "page"), ("home", "api")]);
    assert_eq!(rows[1]["line"], house.hana.lines[0].to_string());
    assert!(rows.iter().all(|row| row["viewer"] == "self"));
}

#[tokio::test]
async fn what_a_program_does_is_not_written_down_as_a_pages() {
    use honnin_care::Channel;
    let house = House::open().await;
    let before = house.journal.size();
    let (kind, body) = (JSON_TYPE, format!(r#"{{"login":"mio-hana","password":"{PASSWORD}"}}"#));
    let token = house.ask("POST", "/api/v1/sessions", kind, &body).await.json()["token"].clone();
    let bearer = format!("Authorization: Bearer {}\r\n", token.as_str().unwrap());
    let wrong = r#"{"login":"mio-hana","password":"wrong"}"#;
    assert_eq!(house.ask("POST", "/api/v1/sessions", kind, wrong).await.status, 401);
    assert_eq!(house.ask("POST", "/api/v1/exports", &bearer, "").await.status, 202);
    for _ in 0..100_000 {
        if house
            .store
            .waiting(&house.node.keep(house.clock.now(), RequestId::from_octets([4; 16])), Queue::EXPORTS)
            .await
            .unwrap()
            .0
            == 0
        {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let other = house.ask("POST", "/api/v1/sessions", kind, &body).await.json()["session"].clone();
    assert_eq!(
        house
            .ask("DELETE", &format!("/api/v1/sessions/{}", other.as_str().unwrap()), &bearer, "")
            .await
            .status,
        204
    );
    assert_eq!(house.ask("DELETE", "/api/v1/sessions/current", &bearer, "").await.status, 204);
    let entries: Vec<_> =
        (before..house.journal.size()).map(|index| house.journal.read_at(index).unwrap()).collect();
    let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
    for kind in [Kind::SignInFailed, Kind::ExportMade, Kind::SessionEnded, Kind::SignedOut] {
        assert!(kinds.contains(&kind), "{kind:?} {kinds:?}");
    }
    assert!(entries.iter().all(|entry| entry.channel == Channel::Api.code()), "{entries:?}");
}

/// The kinds of the newest entries of the journal, oldest first.
fn kinds(house: &House, since: u64) -> Vec<honnin_journal::Kind> {
    (since..house.journal.size()).map(|index| house.journal.read_at(index).unwrap().kind).collect()
}

#[tokio::test]
async fn a_refused_wish_leaves_by_the_gate_with_an_entry() {
    use honnin_journal::Kind::{Changed, Disclosure, Refused};
    let house = House::open().await;
    let wish = async |line: usize, key: &str| {
        let path = format!("/api/v1/lines/{}/speed", house.hana.lines[line]);
        let headers = format!("Cookie: {}\r\n{JSON_TYPE}Idempotency-Key: {key}\r\n", house.hana.cookie);
        let before = house.journal.size();
        let reply = house.ask("PUT", &path, &headers, r#"{"high":false}"#).await;
        (reply.status, kinds(&house, before))
    };
    assert_eq!(wish(1, "a").await, (409, vec![Refused]), "suspended");
    assert_eq!(wish(2, "b").await, (409, vec![Refused]), "ended");
    assert_eq!(wish(0, "c").await, (202, vec![Changed, Disclosure]));
    assert_eq!(wish(0, "d").await, (429, vec![Changed, Refused]), "too soon after the last");
}

#[tokio::test]
async fn what_a_signed_in_person_does_is_written_before_it_is_done() {
    use honnin_journal::Kind::{SignInFailed, SignedOut};
    let house = House::open().await;
    let before = house.journal.size();
    let out = house.post(Some(&house.hana), "/sign-out", "").await;
    assert_eq!(out.status, 303);
    assert_eq!(kinds(&house, before), [SignedOut]);
    let before = house.journal.size();
    for _ in 0..2 {
        let wrong = house.post(None, "/sign-in", "login=hana&password=not-her-password").await;
        assert_eq!(wrong.status, 401);
    }
    // Nobody waits for these; the next that is waited for makes them durable.
    house.get(&house.ken, "/api/v1/me").await;
    let written = kinds(&house, before);
    assert_eq!(written.iter().filter(|kind| **kind == SignInFailed).count(), 2, "{written:?}");
}
