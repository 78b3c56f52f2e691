//! Every route, asked in every way.

mod api;
mod cancelled;
mod coverage;
mod crowds;
mod described;
mod exports;
mod factors;
mod house;
mod ledger;
mod offered;
mod own;
mod pages;
mod passkeys;
mod passkeys_in_chromium;
mod programs;
mod proofs;
mod races;
mod room;
mod sign_in;
mod tokens;
mod tricks;
mod trips;
mod wire;
mod worlds;

use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;

use honnin_care::What;
use honnin_front::{Call, Turn};
use honnin_pages::assets;
use honnin_pages::page::brand::{Brand, Mark};
use honnin_terms::{Entropy, Stream};
use honnin_testkit::SeededEntropy;

use super::reference;
use super::routes::TABLE;
use super::table::{Cache, Finder, Load, Route};
use house::House;

#[test]
fn the_reference_lists_every_route() {
    let mut text = String::from(concat!(
        "# Routes\n\n",
        "Made from the route table and compared by a test. A path that is not here does not exist; HEAD answers as GET ",
        "without a body; every other method answers 405 with `Allow`.\n\n",
        "| method | path | who | journal | kept by | class | what |\n|---|---|---|---|---|---|---|\n",
    ));
    for route in TABLE {
        let Route { verb, path, handler, discloses, cache, load, asks_proof, summary, contract: _ } = route;
        let journal = discloses.map_or("–", What::word);
        let (verb, cache, load) = (verb.word(), cache.word(), load.word());
        let policy = format!("{}{}", handler.policy(), if *asks_proof { ", fresh proof" } else { "" });
        writeln!(text, "| {verb} | `{path}` | {policy} | {journal} | {cache} | {load} | {summary} |")
            .unwrap();
    }
    reference::compare("routes.md", &text);
}

#[test]
fn the_table_does_not_contradict_itself() {
    Finder::new(TABLE).unwrap();
    for (number, route) in TABLE.iter().enumerate() {
        let twin = TABLE[..number].iter().any(|other| other.path == route.path && other.verb == route.verb);
        assert!(!twin, "{} {} stands twice", route.verb.word(), route.path);
        assert!(route.path.matches('{').count() <= 1, "{} has two parameters", route.path);
        if route.discloses.is_some() {
            assert_eq!(route.cache, Cache::Private, "{} shows something personal", route.path);
        }
    }
}

#[test]
fn every_address_of_a_page_and_every_file_is_in_the_table() {
    let finder = Finder::new(TABLE).unwrap();
    let there = |path: &str| !matches!(finder.find(&http::Method::GET, path), super::table::Found::Nothing);
    for pattern in honnin_pages::page::paths::pattern::ALL {
        assert!(TABLE.iter().any(|route| route.path == *pattern), "{pattern}");
    }
    for path in assets::paths() {
        assert!(there(path), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_does_not_exist() {
    let house = House::open().await;
    for path in [
        "/nothing",
        "/healthz/",
        "//healthz",
        "/api/v1/nothing",
        "/api",
        "/a/0000000000/app.css",
        "/.well-known/security.txt",
        "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200",
    ] {
        let reply = house.ask("GET", path, "", "").await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.header("cache-control"), Some("private, no-store"), "{path}");
        let problem = path.starts_with("/api/");
        assert_eq!(reply.header("content-type") == Some("application/problem+json"), problem, "{path}");
        if problem {
            assert_eq!(reply.json()["code"], "not_found");
        } else {
            assert!(reply.text().contains("ページが見つかりません"), "{path}");
        }
    }
    for method in ["POST", "OPTIONS", "BREW"] {
        assert_eq!(house.ask(method, "/nothing", "", "").await.status, 404, "{method}");
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let house = House::open().await;
    for path in ["/openapi.json", "/sign-in", "/api/v1/notices"] {
        let (get, head) = (house.ask("GET", path, "", "").await, house.ask("HEAD", path, "", "").await);
        assert_eq!(head.header("content-length"), Some(get.body.len().to_string().as_str()), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert_eq!((get.status, head.status, head.body.len()), (200, 200, 0));
    }
}

#[tokio::test]
async fn a_long_answer_is_compressed_for_who_takes_it() {
    let house = House::open().await;
    let packed = house.ask("GET", "/openapi.json", "Accept-Encoding: br, gzip\r\n", "").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(&packed.body[..]), &mut unpacked).unwrap();
    let plain = house.ask("GET", "/openapi.json", "Accept-Encoding: br\r\n", "").await;
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(unpacked, plain.body);
    let short = house.ask("GET", "/healthz", "Accept-Encoding: gzip\r\n", "").await;
    assert_eq!(short.header("content-encoding"), None, "a short answer stays as it is");
}

#[tokio::test]
async fn the_description_names_exactly_the_routes_for_programs() {
    let house = House::open().await;
    let document = house.ask("GET", "/openapi.json", "", "").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    for route in TABLE {
        let operation = &document["paths"][route.path][route.verb.word().to_lowercase()];
        assert_eq!(operation.is_object(), route.contract.is_some(), "{}", route.path);
    }
    let (cookie, _) = house.hana.cookie.split_once('=').unwrap();
    assert_eq!(document["components"]["securitySchemes"]["cookie"]["name"], cookie);
}

#[tokio::test]
async fn what_lists_ids_says_what_can_be_asked_with_them() {
    let house = House::open().await;
    let document = house.ask("GET", "/openapi.json", "", "").await.json();
    let identifiers: Vec<&serde_json::Value> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .map(|operation| &operation["operationId"])
        .collect();
    let made = tokens::token(&house, "ledger", 1).await;
    assert!(made["id"].is_string(), "{made}");
    let mut linked = 0;
    for (verb, path, place, status) in [
        ("get", "/api/v1/me", "/lines/0/line", "200"),
        ("get", "/api/v1/bills", "/bills/0/bill", "200"),
        ("post", "/api/v1/exports", "/export", "202"),
        ("get", "/api/v1/sessions", "/sessions/0/session", "200"),
        ("get", "/api/v1/tokens", "/tokens/0/id", "200"),
        ("get", "/api/v1/notices", "/notices/0/notice", "200"),
    ] {
        let cookie = format!("Cookie: {}\r\n", house.hana.cookie);
        let answer = house.ask(&verb.to_uppercase(), path, &cookie, "").await.json();
        let links = &document["paths"][path][verb]["responses"][status]["links"];
        for link in links.as_object().unwrap().values() {
            assert!(identifiers.contains(&&link["operationId"]), "{link}");
            let (_, expression) = link["parameters"].as_object().unwrap().iter().next().unwrap();
            assert_eq!(expression, &format!("$response.body#{place}"));
            linked += 1;
        }
        assert!(answer.pointer(place).is_some_and(serde_json::Value::is_string), "{path}");
    }
    let asks = |route: &&super::table::Route| route.contract.is_some() && route.path.contains('{');
    assert_eq!(linked, TABLE.iter().filter(asks).count(), "every id that is asked for is listed somewhere");
}

#[tokio::test]
async fn readiness_ends_before_the_process_does() {
    let house = House::open().await;
    assert_eq!(house.ask("GET", "/readyz", "", "").await.status, 200);
    honnin_front::Answers::not_ready(&*house.app);
    let stopping = house.ask("GET", "/readyz", "", "").await;
    assert_eq!((stopping.status, stopping.text().as_str()), (503, "not ready: stopping\n"));
    assert_eq!(house.get(&house.hana, "/lines").await.status, 200, "what was begun is ended");
    assert_eq!(house.ask("GET", "/healthz", "", "").await.status, 200);
}

#[tokio::test]
async fn a_file_may_be_kept_as_long_as_its_path_says() {
    let house = House::open().await;
    for path in assets::paths() {
        let reply = house.ask("GET", path, "", "").await;
        let forever = path.starts_with("/a/");
        let wanted = if forever { "public, max-age=31536000, immutable" } else { "no-cache" };
        assert_eq!((reply.status, reply.header("cache-control")), (200, Some(wanted)), "{path}");
        assert_eq!(reply.head.matches("\ncache-control: ").count(), 1, "{path}");
        assert!(reply.header("set-cookie").is_none() && reply.header("content-type").is_some(), "{path}");
    }
    let packed = house.ask("GET", assets::APP_CSS, "Accept-Encoding: br\r\n", "").await;
    assert_eq!(packed.header("content-encoding"), Some("br"));
}

#[tokio::test]
async fn whether_it_lives_is_answered_while_others_are_told_to_wait() {
    let house = House::open().await;
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(5));
    for route in TABLE {
        let request = cancelled::request(route, &house.hana, &house, 1);
        let (app, peer) = (Arc::clone(&house.app), IpAddr::from([127, 0, 0, 1]).into());
        let turn = Turn::uncounted(Call::Tell);
        let answer = app.respond(request, peer, Stream::begin(&entropy), turn).await;
        let is_told =
            matches!(answer.status().as_u16(), 202 | 503) && answer.headers().contains_key("retry-after");
        let costs_little = matches!(route.load, Load::Static | Load::Begun);
        assert_eq!(is_told, !costs_little, "{} {}: {answer:?}", route.verb.word(), route.path);
    }
}

#[tokio::test]
async fn the_operators_look_is_on_the_page_without_a_connection_and_on_bills() {
    let house = House::open().await;
    let sheet = format!("/bills/{}/pdf", house.hana.bill);
    let pictures = |reply: &wire::Reply| {
        let word = b"/Subtype /Image";
        reply.body.windows(word.len()).filter(|window| window == word).count()
    };
    let ours = house.ask("GET", assets::OFFLINE_HTML, "", "").await.text();
    assert!(ours.contains(assets::ICON_SVG) && ours.contains(assets::APP_CSS), "{ours}");
    assert_eq!(pictures(&house.get(&house.hana, &sheet).await), 0);
    let png = Mark::new(assets::find(assets::ICON_512_PNG, "").unwrap().body.to_vec()).unwrap();
    let colours = ("#8a0f3c".parse().unwrap(), "#ffb3c7".parse().unwrap());
    let house = house.in_the_look_of(Brand::new("海鳴モバイル", colours, Some(png)).unwrap());
    let style = house.app.brand.iter().find(|(file, _)| file.path.ends_with("/app.css")).unwrap().0.clone();
    for path in [assets::OFFLINE_HTML, assets::SW_JS] {
        for packed in ["", "Accept-Encoding: gzip\r\n"] {
            let reply = house.ask("GET", path, packed, "").await;
            assert_eq!((reply.status, reply.header("cache-control")), (200, Some("no-cache")), "{path}");
            if packed.is_empty() {
                let text = reply.text();
                assert!(text.contains(&style.path) && !text.contains(assets::ICON_SVG), "{text}");
            }
        }
    }
    assert_eq!(house.ask("GET", &style.path, "", "").await.text().as_bytes(), style.body);
    assert!(pictures(&house.get(&house.hana, &sheet).await) > 0, "the operator's picture is on the bill");
}

#[tokio::test]
async fn a_weakness_can_be_told_where_the_operator_says_how() {
    let house = House::open_as(false, Some("mailto:security@example.jp")).await;
    let reply = house.ask("GET", "/.well-known/security.txt", "", "").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    let text =
        "Contact: mailto:security@example.jp\nExpires: 2027-05-18T21:00:00Z\nPreferred-Languages: ja, en\n";
    assert_eq!(reply.text(), text);
}

#[tokio::test]
async fn the_address_of_subscribers_tells_no_metrics() {
    let house = House::open().await;
    assert_eq!(house.ask("GET", "/metrics", "", "").await.status, 404);
}

#[tokio::test]
async fn a_listed_proxy_that_names_nobody_is_refused_and_counted() {
    let house = House::open().await;
    let front = honnin_front::Front::TrustedProxy {
        public: "https://my.example.jp".parse().unwrap(),
        proxies: vec!["127.0.0.1/32".parse().unwrap()],
        tells: honnin_front::Tells::Forwarded,
    };
    let care = std::sync::Arc::clone(&house.app.wiring.care);
    let wiring = house::wiring_of(care, None);
    let entropy = std::sync::Arc::new(honnin_testkit::SeededEntropy::new(5));
    let app = std::sync::Arc::new(super::App::new(super::Wiring { front, ..wiring }, entropy).unwrap());
    let listener = honnin_front::listen("127.0.0.1:0".parse().unwrap(), 8).unwrap();
    let at = listener.local_addr().unwrap();
    let entrance = honnin_front::Entrance { listeners: vec![listener], ..honnin_front::Entrance::default() };
    tokio::spawn(super::serve(entrance, std::sync::Arc::clone(&app), std::future::pending()));
    let cookie = format!("Cookie: __Host-{}\r\n", house.hana.cookie);
    let unquoted = "Forwarded: for=2001:db8::1\r\n";
    for (header, path, status) in [
        ("", "/api/v1/me", 400),
        (unquoted, "/api/v1/me", 400),
        (unquoted, "/sign-in", 400),
        ("", "/healthz", 200),
        ("", "/readyz", 200),
        ("Forwarded: for=\"[2001:db8::1]\"\r\n", "/api/v1/me", 200),
    ] {
        let reply = wire::ask(at, "GET", path, &format!("{cookie}{header}"), "").await;
        assert_eq!(reply.status, status, "{header}{path}: {}", reply.text());
        if status == 400 {
            assert!(!reply.text().contains("HANA") && reply.header("retry-after").is_some(), "{path}");
        }
    }
    assert_eq!(app.untolds().seen().unwrap().count, 3);
}
