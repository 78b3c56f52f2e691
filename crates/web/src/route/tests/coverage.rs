//! Every route asked in every way, out of the table: who may, what is journaled, what nobody is told.

use std::sync::Arc;

use honnin_node::PathState;
use honnin_store::StoredDocument;
use honnin_terms::{BillId, HoldingId, Id, SessionId};

use super::house::{House, PASSWORD, Subscriber};
use super::wire::Reply;
use crate::route::routes::TABLE;
use crate::route::table::{Cache, Handler, Load, Route, Verb};

/// The path with its parameter filled in by something of that subscriber.
pub(super) fn path_of(route: &Route, who: &Subscriber, house: &House) -> String {
    filled(route, [&who.lines[0].to_string(), &who.bill.to_string(), &who.export, &house.notice.to_string()])
}

fn filled(route: &Route, [line, bill, export, notice]: [&str; 4]) -> String {
    let session = SessionId::from_octets([0; 16]).to_string();
    route
        .path
        .replace("{line}", line)
        .replace("{bill}", bill)
        .replace("{export}", export)
        .replace("{notice}", notice)
        .replace("{session}", &session)
        .replace("{id}", &session)
        .replace("{passkey}", &session)
        .replace("{*file}", "0000000000/app.css")
}

pub(super) fn is_signed_in(route: &Route) -> bool {
    matches!(route.handler, Handler::SignedIn(_))
}

/// What is closed while personal pages are: those, and where one signs in for them.
fn is_closed(route: &Route) -> bool {
    is_signed_in(route) || route.load == Load::SignIn
}

/// A body the route would take.
pub(super) fn body_of(route: &Route) -> (&'static str, &'static str) {
    match (route.path, route.verb) {
        (_, Verb::Get | Verb::Delete) => ("", ""),
        ("/api/v1/sessions", _) => (JSON_TYPE, r#"{"login":"x","password":"y"}"#),
        ("/api/v1/lines/{line}/speed", _) => {
            ("Content-Type: application/json\r\nIdempotency-Key: k\r\n", r#"{"high":false}"#)
        }
        (_, Verb::Post | Verb::Put) => {
            ("Content-Type: application/x-www-form-urlencoded\r\n", "high=false&key=k")
        }
    }
}

const JSON_TYPE: &str = "Content-Type: application/json\r\n";

async fn ask(house: &House, route: &Route, path: &str, cookie: &str) -> Reply {
    let (headers, body) = body_of(route);
    house.ask(route.verb.word(), path, &format!("{headers}{cookie}"), body).await
}

#[tokio::test]
async fn who_is_not_signed_in_is_shown_nothing_and_nothing_is_journaled() {
    let house = House::open().await;
    let past = format!("Cookie: {}\r\n", house.hana.cookie);
    let ended = format!("Cookie: session={}\r\n", "A".repeat(43));
    for cookie in ["", "Cookie: session=short\r\n", "Cookie: session=\r\n", &ended] {
        for route in TABLE.iter().filter(|route| is_signed_in(route)) {
            let path = path_of(route, &house.hana, &house);
            let reply = ask(&house, route, &path, cookie).await;
            assert_eq!(reply.status, 401, "{} {path} with {cookie:?}", route.verb.word());
            assert!(!reply.text().contains("HANA"), "{path}");
            let clear = reply.header("cache-control") == Some("private, no-store");
            assert!(clear, "{path}: {}", reply.head);
        }
    }
    // The same cookie, half a year later.
    house.clock.advance_seconds(181 * 86_400);
    for route in TABLE.iter().filter(|route| is_signed_in(route)) {
        let path = path_of(route, &house.hana, &house);
        assert_eq!(ask(&house, route, &path, &past).await.status, 401, "{path}");
    }
    assert_eq!(house.disclosed(), 0, "nothing was disclosed");
}

#[tokio::test]
async fn what_is_not_hers_and_what_is_not_there_are_the_same_octets() {
    let house = House::open().await;
    let cookie = format!("Cookie: {}\r\n", house.hana.cookie);
    let nobody = HoldingId::from_octets([5; 16]).to_string();
    let no_bill = BillId::from_octets([5; 16]).to_string();
    let foreign = (house.ken.lines[0].to_string(), house.ken.bill.to_string(), house.ken.export.clone());
    let has_one =
        |route: &&Route| ["{line}", "{bill}", "{export}"].iter().any(|name| route.path.contains(name));
    let routes = TABLE.iter().filter(|route| is_signed_in(route));
    for route in routes.filter(has_one) {
        let mut replies = Vec::new();
        for (line, bill, export) in [
            (foreign.0.as_str(), foreign.1.as_str(), foreign.2.as_str()),
            (nobody.as_str(), no_bill.as_str(), nobody.as_str()),
            ("no-id", "no-id", "no-id"),
            (&foreign.0.to_uppercase(), &foreign.1.to_uppercase(), &foreign.2.to_uppercase()),
            ("%00", "%00", "%00"),
        ] {
            let reply = ask(&house, route, &filled(route, [line, bill, export, ""]), &cookie).await;
            assert_eq!(reply.status, 404, "{} {} {line}", route.verb.word(), route.path);
            // The name of a request is drawn before anything is known of it.
            let same = |line: &&str| !line.starts_with("date: ") && !line.starts_with("x-request-id: ");
            let head: Vec<String> = reply.head.lines().filter(same).map(str::to_owned).collect();
            replies.push((head, reply.body));
        }
        assert!(replies.iter().all(|reply| *reply == replies[0]), "{}", route.path);
    }
    assert_eq!(house.disclosed(), 0, "nothing was disclosed");
}

#[tokio::test]
async fn what_is_shown_is_hers_alone_and_journaled_once() {
    let house = House::open().await;
    for who in [&house.hana, &house.ken] {
        let other = if who.mark == "HANA" { "KEN" } else { "HANA" };
        for route in TABLE.iter().filter(|route| route.verb == Verb::Get) {
            let before = house.disclosed();
            let path = path_of(route, who, &house);
            let reply = house.get(who, &path).await;
            let text = reply.text();
            let grown = house.disclosed() - before;
            assert_eq!(grown, u64::from(route.discloses.is_some()), "{path} is journaled {grown} times");
            assert!(!text.contains(other), "{path} shows {other}");
            assert!(
                route.discloses.is_some() || !text.contains(who.mark),
                "{path} shows what the journal is not told"
            );
            if is_signed_in(route) {
                assert_eq!(reply.status, 200, "{path}: {text}");
            }
            let private = reply.header("cache-control") == Some("private, no-store");
            assert_eq!(
                private,
                route.cache == Cache::Private || reply.status >= 300,
                "{path}: {}",
                reply.head
            );
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_it_in_its_place() {
    let house = House::open().await;
    for route in TABLE {
        let path = path_of(route, &house.hana, &house);
        let cookie = format!("Cookie: {}\r\n", house.hana.cookie);
        let reply = ask(&house, route, &path, &cookie).await;
        for header in [
            "x-content-type-options: nosniff",
            "referrer-policy: same-origin",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
            "permissions-policy: geolocation=()",
            "content-security-policy: default-src 'none';",
        ] {
            assert!(reply.head.contains(header), "{path} has no {header}: {}", reply.head);
        }
        assert!(!reply.head.contains("strict-transport-security"), "there is no https here");
        let page = reply.header("content-type") == Some("text/html; charset=utf-8");
        assert_eq!(
            page,
            reply.head.contains("style-src "),
            "a page may load its style, nothing else may: {path}"
        );
        // Each is heard by another kind of cache; without a validator none can ask whether what it has is still good.
        if route.cache == Cache::Private {
            for header in [
                "cache-control: private, no-store",
                "cdn-cache-control: no-store",
                "surrogate-control: no-store",
                "x-accel-expires: 0",
                "vary: Cookie, Authorization, Accept-Language, *",
            ] {
                assert!(reply.head.contains(header), "{path} has no {header}: {}", reply.head);
            }
            for header in ["etag", "last-modified", "expires:"] {
                assert!(!reply.head.contains(&format!("\n{header}")), "{path} has {header}: {}", reply.head);
            }
        }
    }
}

#[tokio::test]
async fn another_method_is_refused_with_those_there_are() {
    let house = House::open().await;
    for route in TABLE {
        let path = path_of(route, &house.hana, &house);
        let verbs: Vec<Verb> =
            TABLE.iter().filter(|other| other.path == route.path).map(|other| other.verb).collect();
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let there =
                verbs.iter().any(|verb| verb.word() == method || (*verb == Verb::Get && method == "HEAD"));
            let reply = house.ask(method, &path, "", "").await;
            assert_eq!(reply.status == 405, !there, "{method} {path} is answered {}", reply.status);
            assert_eq!(reply.header("allow").is_some(), !there, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn no_act_is_taken_from_another_site() {
    let house = House::open().await;
    for route in TABLE.iter().filter(|route| !route.verb.is_safe()) {
        let path = path_of(route, &house.hana, &house);
        for site in [
            "Sec-Fetch-Site: cross-site\r\n",
            "Sec-Fetch-Site: same-site\r\n",
            "Origin: https://evil.example\r\n",
        ] {
            let cookie = format!("Cookie: {}\r\n{site}", house.hana.cookie);
            let reply = ask(&house, route, &path, &cookie).await;
            assert_eq!(reply.status, 403, "{} {path} {site}", route.verb.word());
        }
    }
    assert_eq!(house.get(&house.hana, "/api/v1/me").await.status, 200, "she is still signed in");
}

#[tokio::test]
async fn while_personal_pages_are_stopped_the_public_ones_go_on() {
    let house = House::open_as(true, None).await;
    // Who has the right password is given no session either.
    let reply = house.post(None, "/sign-in", &format!("login=mio-hana&password={PASSWORD}")).await;
    assert!(reply.status == 503 && reply.header("set-cookie").is_none(), "{}", reply.head);
    for route in TABLE.iter().filter(|route| route.verb == Verb::Get) {
        let path = path_of(route, &house.hana, &house);
        if path == "/readyz" {
            let reply = house.ask("GET", "/readyz", "", "").await;
            assert_eq!(reply.status, 503, "a balancer must not feed it");
            assert!(reply.text().contains("personal pages are stopped"), "{}", reply.text());
            continue;
        }
        let reply = house.get(&house.hana, &path).await;
        assert_eq!(reply.status == 503, is_closed(route), "{path} is answered {}", reply.status);
        assert!(!reply.text().contains("HANA"), "{path}");
        if is_closed(route) {
            assert!(reply.header("retry-after").is_some(), "{path}");
            assert!(!reply.text().contains("name=\"password\""), "{path} offers a form that is refused");
        }
    }
    // Who is not signed in is offered no form either, wherever she goes.
    for path in ["/lines", "/sign-in", "/activate"] {
        let reply = house.ask("GET", path, "", "").await;
        assert_eq!(reply.status, 503, "{path}: {}", reply.text());
        assert!(!reply.text().contains("name=\"password\""), "{path}: {}", reply.text());
    }
    assert_eq!(house.disclosed(), 0);
}

#[tokio::test]
async fn while_the_public_path_mixes_people_up_only_its_canaries_are_shown_anything() {
    let house = House::open().await;
    for state in [PathState::Mixed, PathState::Unproven] {
        house.path.set(state);
        for route in TABLE.iter().filter(|route| route.verb == Verb::Get) {
            let path = path_of(route, &house.hana, &house);
            let reply = house.get(&house.hana, &path).await;
            assert_eq!(reply.status == 503, is_closed(route), "{path} is answered {}", reply.status);
            assert!(!reply.text().contains("HANA"), "{path}");
        }
        // Whoever has the right password is given no session either: an answer with one can be mixed up as well.
        let (path, form) = ("/sign-in", format!("login=mio-hana&password={PASSWORD}"));
        let reply = house.post(None, path, &form).await;
        assert!(reply.status == 503 && reply.header("set-cookie").is_none(), "{}", reply.head);
    }
    assert_eq!(house.disclosed(), 0);
    assert!(house.get(&house.ken, "/lines").await.text().contains("KEN"), "a canary");
    house.path.set(PathState::Proven);
    assert!(house.get(&house.hana, "/lines").await.text().contains("HANA"));
}

#[tokio::test]
async fn what_does_not_open_is_answered_without_a_single_octet() {
    let house = House::open().await;
    let (hers, his) = (&house.hana.stored.documents, &house.ken.stored.documents);
    let line = house.hana.lines[0];
    let swapped = hers.iter().filter(|document| document.key.holding == Some(line)).map(|document| {
        let same =
            his.iter().find(|other| other.key.kind == document.key.kind && other.key.holding.is_some());
        StoredDocument { key: document.key.clone(), blob: Arc::clone(&same.unwrap().blob) }
    });
    house.put(&house.hana, swapped.collect()).await;
    for route in TABLE.iter().filter(|route| route.verb == Verb::Get && route.path.contains("{line}")) {
        let path = path_of(route, &house.hana, &house);
        let reply = house.get(&house.hana, &path).await;
        assert_eq!((reply.status, reply.body.len()), (500, 0), "{path}: {}", reply.text());
        assert_eq!(reply.header("cache-control"), Some("private, no-store"), "{path}");
        assert!(reply.header("x-request-id").is_some(), "{path}");
    }
    assert_eq!(house.disclosed(), 0, "nothing was disclosed");
    let other = house.get(&house.hana, &format!("/api/v1/lines/{}/home", house.hana.lines[1])).await;
    assert_eq!(other.status, 200, "what does open is still shown");
}
