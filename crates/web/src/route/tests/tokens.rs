//! Tokens of programs: made by the API and on the page, what they open, what they may not do, what ends them.

use honnin_journal::Kind;
use serde_json::{Value, json};

use super::house::{House, PASSWORD};

const JSON_TYPE: &str = "Content-Type: application/json\r\n";

fn cookie(house: &House) -> String {
    format!("Cookie: {}\r\n", house.hana.cookie)
}

fn bearer(made: &Value) -> String {
    format!("Authorization: Bearer {}\r\n", made["token"].as_str().unwrap())
}

/// Makes a token as her browser.
pub(super) async fn token(house: &House, name: &str, days: u16) -> Value {
    let body = json!({ "name": name, "password": PASSWORD, "days": days }).to_string();
    let made = house.ask("POST", "/api/v1/tokens", &format!("{}{JSON_TYPE}", cookie(house)), &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

#[tokio::test]
async fn a_token_reads_and_wishes_and_is_written_down() {
    let house = House::open().await;
    let made = token(&house, "家計簿", 30).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let by = bearer(&made);
    let acts = |kind: Kind| {
        (0..house.journal.size()).filter(|at| house.journal.read_at(*at).unwrap().kind == kind).count()
    };
    assert_eq!(acts(Kind::TokenMade), 1);
    let before = house.disclosed();
    let home = format!("/api/v1/lines/{}/home", house.hana.lines[0]);
    assert_eq!(house.ask("GET", &home, &by, "").await.status, 200);
    assert_eq!(house.ask("GET", "/api/v1/bills", &by, "").await.status, 200);
    assert_eq!(house.disclosed(), before + 2, "what it was shown is journaled");
    let speed = format!("/api/v1/lines/{}/speed", house.hana.lines[0]);
    let headers = format!("{by}{JSON_TYPE}Idempotency-Key: k\r\n");
    assert_eq!(house.ask("PUT", &speed, &headers, r#"{"high":false}"#).await.status, 202);
    let listed = house.ask("GET", "/api/v1/tokens", &cookie(&house), "").await.json();
    let one = &listed["tokens"][0];
    assert_eq!((&one["id"], &one["name"]), (&json!(id), &json!("家計簿")), "{listed}");
    assert_eq!(one["expires_at"], made["expires_at"]);
    assert!(!listed.to_string().contains(made["token"].as_str().unwrap()), "it is told once");
    let sessions = house.ask("GET", "/api/v1/sessions", &cookie(&house), "").await.json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "it is none of her devices: {sessions}");
    let page = house.get(&house.hana, "/devices/tokens").await.text();
    assert!(page.contains("家計簿") && page.contains("/revoke"), "{page}");
    assert!(!house.get(&house.hana, "/devices").await.text().contains("家計簿"));
    let looks = house.get(&house.hana, "/disclosures").await.text();
    assert!(looks.contains("アプリ用トークンの発行"), "{looks}");
    let path = format!("/api/v1/tokens/{id}");
    let foreign = house.ask("DELETE", &path, &format!("Cookie: {}\r\n", house.ken.cookie), "").await;
    assert_eq!(foreign.status, 404, "another's");
    assert_eq!(house.ask("DELETE", &path, &cookie(&house), "").await.status, 204);
    assert_eq!(house.ask("GET", &home, &by, "").await.status, 401);
    assert_eq!(house.ask("DELETE", &path, &cookie(&house), "").await.status, 404);
    assert_eq!(house.get(&house.hana, "/lines").await.status, 200, "she is signed in as before");
}

#[tokio::test]
async fn a_token_that_is_revoked_is_said_to_be_one() {
    let house = House::open().await;
    let id = token(&house, "ledger-7", 30).await["id"].as_str().unwrap().to_owned();
    let revoked = house.post(Some(&house.hana), &format!("/devices/{id}/revoke"), "").await;
    assert_eq!(revoked.status, 303, "{}", revoked.text());
    let back = revoked.header("location").unwrap().to_owned();
    assert!(back.starts_with("/devices/tokens"), "{back}");
    let page = house.get(&house.hana, &back).await.text();
    assert!(page.contains("アプリ用トークンを無効にしました。") && !page.contains("ledger-7"), "{page}");
}

#[tokio::test]
async fn when_a_token_ends_where_nobody_uses_it_is_told() {
    let house = House::open().await;
    let [long, short] = [token(&house, "year", 365).await, token(&house, "week", 7).await];
    let listed = house.ask("GET", "/api/v1/tokens", &cookie(&house), "").await.json();
    let of = |name: &str| {
        let mut all = listed["tokens"].as_array().unwrap().iter();
        all.find(|token| token["name"] == name).unwrap().clone()
    };
    let at = |value: &Value, key: &str| value[key].as_str().unwrap().parse::<honnin_terms::Moment>().unwrap();
    let idle = honnin_access::SessionLimits::default().idle_seconds;
    for made in [&long, &of("year")] {
        let since = at(&of("year"), "since");
        assert_eq!(at(made, "unused_until"), since.plus_seconds(idle), "{made}");
    }
    for made in [&short, &of("week")] {
        assert_eq!(made["unused_until"], short["expires_at"], "it ends before that: {made}");
    }
}

#[tokio::test]
async fn what_outlives_a_token_it_may_not_do() {
    let house = House::open().await;
    let made = token(&house, "script", 30).await;
    let by = bearer(&made);
    let wish = json!({ "name": "more", "password": PASSWORD }).to_string();
    let other = token(&house, "other", 1).await["id"].as_str().unwrap().to_owned();
    for (method, path, body) in [
        ("GET", "/api/v1/sessions".to_owned(), ""),
        ("DELETE", "/api/v1/sessions".to_owned(), ""),
        ("DELETE", format!("/api/v1/sessions/{other}"), ""),
        ("GET", "/api/v1/tokens".to_owned(), ""),
        ("DELETE", format!("/api/v1/tokens/{other}"), ""),
        ("POST", "/api/v1/exports".to_owned(), ""),
    ] {
        let reply = house.ask(method, &path, &format!("{by}{JSON_TYPE}"), body).await;
        assert_eq!((reply.status, &reply.json()["code"]), (403, &json!("not_by_token")), "{method} {path}");
    }
    let more = house.ask("POST", "/api/v1/tokens", &format!("{by}{JSON_TYPE}"), &wish).await;
    assert_eq!((more.status, &more.json()["code"]), (403, &json!("not_by_token")), "{}", more.text());
    // In a browser's cookie it opens nothing, neither pages nor the API.
    let planted = format!("Cookie: session={}\r\n", made["token"].as_str().unwrap());
    for path in ["/lines", "/account/password", "/api/v1/me"] {
        assert_eq!(house.ask("GET", path, &planted, "").await.status, 401, "{path}");
    }
    let both = format!("{planted}Authorization: Basic dTpw\r\n");
    assert_eq!(house.ask("GET", "/api/v1/me", &both, "").await.status, 401);
    assert_eq!(house.ask("GET", "/lines", &by, "").await.status, 401, "no page");
    // A sign-in that comes with it does not take its place.
    let body = json!({ "login": "mio-hana", "password": PASSWORD }).to_string();
    let beside = house.ask("POST", "/api/v1/sessions", &format!("{by}{JSON_TYPE}"), &body).await;
    assert_eq!(beside.status, 201);
    assert_eq!(house.ask("GET", "/api/v1/me", &by, "").await.status, 200);
    // What it may: end itself.
    assert_eq!(house.ask("DELETE", "/api/v1/sessions/current", &by, "").await.status, 204);
    assert_eq!(house.ask("GET", "/api/v1/me", &by, "").await.status, 401);
}

#[tokio::test]
async fn a_script_that_signs_in_again_and_again_leaves_her_phone_signed_in() {
    let house = House::open().await;
    let by = bearer(&token(&house, "script", 30).await);
    let body = json!({ "login": "mio-hana", "password": PASSWORD }).to_string();
    for _ in 0..17 {
        assert_eq!(house.ask("POST", "/api/v1/sessions", JSON_TYPE, &body).await.status, 201);
    }
    assert_eq!(house.get(&house.hana, "/lines").await.status, 200, "her phone");
    assert_eq!(house.ask("GET", "/api/v1/me", &by, "").await.status, 200, "her token");
    let listed = house.ask("GET", "/api/v1/sessions", &cookie(&house), "").await.json();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 17, "sixteen of programs and her phone");
}

#[tokio::test]
async fn a_new_password_and_signing_out_everywhere_end_tokens() {
    let house = House::open().await;
    let first = bearer(&token(&house, "first", 30).await);
    assert_eq!(house.ask("DELETE", "/api/v1/sessions", &cookie(&house), "").await.status, 204);
    assert_eq!(house.ask("GET", "/api/v1/me", &first, "").await.status, 401);
    let second = bearer(&token(&house, "second", 30).await);
    assert_eq!(house.ask("GET", "/api/v1/me", &second, "").await.status, 200);
    let form = format!("old={}&password=yama+no+mieru+ie+de", PASSWORD.replace(' ', "+"));
    assert_eq!(house.post(Some(&house.hana), "/account/password", &form).await.status, 303);
    assert_eq!(house.ask("GET", "/api/v1/me", &second, "").await.status, 401);
}

#[tokio::test]
async fn a_token_is_made_on_the_page_and_shown_once() {
    let house = House::open().await;
    let password = PASSWORD.replace(' ', "+");
    let made = house
        .post(Some(&house.hana), "/devices/tokens", &format!("name=ledger&days=7&password={password}"))
        .await;
    let text = made.text();
    assert_eq!((made.status, made.header("cache-control")), (200, Some("private, no-store")), "{text}");
    let token = text.split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
    let by = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(house.ask("GET", "/api/v1/me", &by, "").await.status, 200);
    assert!(!house.get(&house.hana, "/devices/tokens").await.text().contains(token));
    for (form, status, says) in [
        (format!("name=&days=7&password={password}"), 422, "1文字以上20文字以内"),
        (format!("name=a&days=1x&password={password}"), 422, "1日以上365日以内"),
        (format!("name=a&days=366&password={password}"), 422, "1日以上365日以内"),
        ("name=a&days=7&password=wrong".to_owned(), 422, "パスワードが違います"),
    ] {
        let refused = house.post(Some(&house.hana), "/devices/tokens", &form).await;
        assert!(refused.status == status && refused.text().contains(says), "{}", refused.text());
    }
    for n in 1..16 {
        token_of(&house, n).await;
    }
    let full =
        house.post(Some(&house.hana), "/devices/tokens", &format!("name=a&days=7&password={password}")).await;
    assert_eq!(full.status, 409, "{}", full.text());
    let told = house.get(&house.hana, "/disclosures").await.text();
    assert_eq!(told.matches("トークンの発行").count(), 16, "none is told that never was: {told}");
    let body = json!({ "name": "a", "password": PASSWORD }).to_string();
    let full = house.ask("POST", "/api/v1/tokens", &format!("{}{JSON_TYPE}", cookie(&house)), &body).await;
    assert_eq!((full.status, &full.json()["code"]), (409, &json!("tokens_full")));
}

async fn token_of(house: &House, number: u16) {
    token(house, &number.to_string(), 1).await;
}

#[tokio::test]
async fn a_wish_for_a_token_that_cannot_be_used_names_its_member() {
    let house = House::open().await;
    for (body, at) in [
        (json!({ "name": "", "password": PASSWORD }), "#/name"),
        (json!({ "name": "a\u{202e}b", "password": PASSWORD }), "#/name"),
        (json!({ "name": "a", "password": PASSWORD, "days": 0 }), "#/days"),
        (json!({ "name": "a", "password": PASSWORD, "days": 366 }), "#/days"),
        (json!({ "name": "a" }), "#/password"),
    ] {
        let reply = house
            .ask("POST", "/api/v1/tokens", &format!("{}{JSON_TYPE}", cookie(&house)), &body.to_string())
            .await;
        let told = reply.json();
        assert_eq!((reply.status, &told["errors"][0]["pointer"]), (422, &json!(at)), "{told}");
    }
    let wrong = json!({ "name": "a", "password": "x" }).to_string();
    let reply = house.ask("POST", "/api/v1/tokens", &format!("{}{JSON_TYPE}", cookie(&house)), &wrong).await;
    assert_eq!((reply.status, &reply.json()["code"]), (401, &json!("sign_in_refused")));
}
