//! Step-up on pages and for programs: which rows of the table ask for a fresh proof, and how it is given.

use honnin_access::{ProofRules, SignInSettings};
use honnin_journal::Kind;
use honnin_stand::sign_in;
use serde_json::json;

use super::house::{House, PASSWORD};
use super::wire::Reply;
use crate::route::routes::TABLE;
use crate::route::table::{Handler, Verb};

const JSON_TYPE: &str = "Content-Type: application/json\r\n";
const FORM_TYPE: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A house that is wary of new devices, and the cookies of somebody who has just come to it with her password.
async fn thief() -> (House, String) {
    let settings = SignInSettings { proof_rules: ProofRules::default(), ..sign_in() };
    let house = House::open_signing_in(settings).await;
    let form = format!("login=mio-hana&password={}", encoded(PASSWORD));
    let signed_in = house.post(None, "/sign-in", &form).await;
    assert_eq!(signed_in.status, 303, "{}", signed_in.text());
    (house, cookies(&signed_in))
}

fn cookies(reply: &Reply) -> String {
    let set = reply.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let pairs: Vec<&str> = set.map(|cookie| cookie.split(';').next().unwrap()).collect();
    format!("Cookie: {}\r\n", pairs.join("; "))
}

fn asks(reply: &Reply) -> bool {
    let leads = reply.header("location").is_some_and(|to| to.starts_with("/account/confirm?next="));
    reply.status == 303 && leads || reply.status == 403 && reply.text().contains("proof_required")
}

/// What each act is sent, so that nothing but the proof is missing.
fn body(path: &str) -> (&'static str, String) {
    let password = encoded(PASSWORD);
    match path {
        "/api/v1/tokens" => (JSON_TYPE, json!({ "name": "x", "password": PASSWORD }).to_string()),
        _ if path.starts_with("/api/") => ("", String::new()),
        "/account/password" => (FORM_TYPE, format!("old={password}&password=kaze+no+tooru+michi+wo")),
        "/devices/tokens" => (FORM_TYPE, format!("name=x&days=9&password={password}")),
        "/account/merge" => (FORM_TYPE, format!("side=gives&password={password}")),
        "/account/passkeys" => (FORM_TYPE, "name=x".to_owned()),
        _ => (FORM_TYPE, format!("password={password}")),
    }
}

#[tokio::test]
async fn every_dangerous_act_asks_a_stolen_password_for_more_and_no_other_does() {
    let (house, his) = thief().await;
    let listed = house.ask("GET", "/api/v1/sessions", &his, "").await.json();
    let hers = listed["sessions"][1]["session"].as_str().unwrap();
    let mut dangerous = 0;
    for route in TABLE {
        let act = route.verb != Verb::Get && matches!(route.handler, Handler::SignedIn(_));
        assert!(act || !route.asks_proof, "{} only reads", route.path);
        if !act {
            continue;
        }
        let path = ["{session}", "{id}", "{passkey}"]
            .iter()
            .fold(route.path.to_owned(), |path, name| path.replace(name, hers));
        let (kind, body) = body(route.path);
        // A token that is none of hers is not there, whatever is asked for it.
        if route.path == "/api/v1/tokens/{id}" {
            continue;
        }
        let reply = house.ask(route.verb.word(), &path, &format!("{his}{kind}"), &body).await;
        // The proof itself is asked for in the same words, where what is shown is not enough.
        let is_proof = matches!(route.path, "/account/confirm" | "/api/v1/sessions/current/proof");
        let ends = route.path == "/api/v1/sessions/current";
        assert_eq!(asks(&reply) && !is_proof, route.asks_proof, "{} {path}: {}", reply.status, reply.text());
        dangerous += usize::from(route.asks_proof);
        if ends {
            break;
        }
    }
    assert!(dangerous >= 9, "{dangerous}");
    assert_eq!(house.get(&house.hana, "/settings").await.status, 200, "she is still signed in");
}

#[tokio::test]
async fn a_proof_is_given_on_the_page_and_opens_what_was_refused() {
    let (house, his) = thief().await;
    let form = format!("{his}{FORM_TYPE}");
    let password = format!("password={}&next=%2Fdevices", encoded(PASSWORD));
    let early = house.ask("POST", "/account/confirm", &form, &password).await;
    assert!(early.status == 403 && early.text().contains("使いはじめて間もない"), "{}", early.text());
    house.clock.advance_seconds(86_400);
    let headers = format!("{form}Referer: http://{}/devices\r\n", house.at);
    let asked = house.ask("POST", "/devices/revoke-others", &headers, "").await;
    assert_eq!(asked.header("location"), Some("/account/confirm?next=%2Fdevices"), "{}", asked.status);
    let page = house.ask("GET", "/account/confirm?next=%2Fdevices", &his, "").await.text();
    assert!(page.contains("ご本人の確認") && page.contains("value=\"/devices\""), "{page}");
    let wrong = house.ask("POST", "/account/confirm", &form, "password=x").await;
    assert!(wrong.status == 422 && wrong.text().contains("パスワードが違います"), "{}", wrong.text());
    let shown = house.ask("POST", "/account/confirm", &form, &password).await;
    assert_eq!((shown.status, shown.header("location")), (303, Some("/devices")), "{}", shown.text());
    let anew = cookies(&shown);
    assert_eq!(house.ask("GET", "/settings", &his, "").await.status, 401, "the session is a new one");
    let done = house.ask("POST", "/devices/revoke-others", &format!("{anew}{FORM_TYPE}"), "").await;
    assert_eq!(done.header("location"), Some("/devices?said=device"), "{}", done.text());
    house.clock.advance_seconds(600);
    let late = house.ask("DELETE", "/api/v1/sessions", &anew, "").await;
    assert_eq!((late.status, &late.json()["code"]), (403, &json!("proof_required")), "fresh for ten minutes");
    let body = json!({ "password": PASSWORD }).to_string();
    let proof =
        house.ask("POST", "/api/v1/sessions/current/proof", &format!("{anew}{JSON_TYPE}"), &body).await;
    assert_eq!(proof.status, 201, "{}", proof.text());
    let bearer = format!("Authorization: Bearer {}\r\n", proof.json()["token"].as_str().unwrap());
    assert_eq!(house.ask("DELETE", "/api/v1/sessions", &bearer, "").await.status, 204);
}

#[tokio::test]
async fn who_guesses_in_a_stolen_session_is_written_down() {
    let house = House::open().await;
    let (before, mut written) = (house.journal.size(), 0);
    for (path, body) in [
        ("/account/confirm", "password=not-hers&next="),
        ("/account/password", "old=not-hers&password=kaze+no+tooru+michi+wo"),
    ] {
        let wrong = house.post(Some(&house.hana), path, body).await;
        assert_eq!(wrong.status, 422, "{path}: {}", wrong.text());
        // Nobody waits for these; the next that is waited for makes them durable.
        house.get(&house.ken, "/api/v1/me").await;
        let kinds = (before..house.journal.size()).map(|at| house.journal.read_at(at).unwrap().kind);
        let failed = kinds.filter(|kind| *kind == Kind::SignInFailed).count();
        assert_eq!(failed, written + 1, "{path}");
        written = failed;
    }
}
