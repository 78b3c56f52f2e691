//! Every route, asked in every way.

use std::fmt::Write;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::table::Finder;
use super::*;
use crate::serve::{Bounds, Front, listen};

#[test]
fn the_reference_lists_every_route() {
    let mut text = String::from(concat!(
        "# Routes\n\n",
        "Made from the route table and compared by a test. A path that is not here does not exist; HEAD answers as GET ",
        "without a body; every other method answers 405 with `Allow`.\n\n",
        "| method | path | who | journal | copies | class | what |\n|---|---|---|---|---|---|---|\n",
    ));
    for route in TABLE {
        let Route { verb, path, handler, discloses, cache, load, summary, contract: _ } = route;
        let journal = discloses.unwrap_or("–");
        let row = (
            verb.word(),
            handler.policy(),
            format!("{cache:?}").to_lowercase(),
            format!("{load:?}").to_lowercase(),
        );
        let (verb, policy, cache, load) = row;
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

/// The application behind a real socket.
struct Served {
    at: SocketAddr,
    app: Arc<App>,
}

impl Served {
    fn start(security_contact: Option<&str>) -> Self {
        let wiring = Wiring {
            clock: Arc::new(honnin_testkit::FixedClock::at("2026-11-20T06:00:00+09:00")),
            entropy: Arc::new(honnin_testkit::SeededEntropy::new(7)),
            front: Front::Loopback,
            bounds: Bounds::default(),
            security_contact: security_contact.map(str::to_owned),
        };
        let app = Arc::new(App::new(wiring).unwrap());
        let listener = listen("127.0.0.1:0".parse().unwrap(), 64).unwrap();
        let at = listener.local_addr().unwrap();
        let entrance = Entrance { listeners: vec![listener], tls: None, shared_prefixes: Vec::new() };
        tokio::spawn(serve(entrance, Arc::clone(&app), std::future::pending()));
        Self { at, app }
    }

    /// Status, headers and body of one answer.
    async fn ask(&self, method: &str, path: &str, headers: &str) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        let text =
            format!("{method} {path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(all[..end].to_vec()).unwrap().to_ascii_lowercase();
        (head[9..12].parse().unwrap(), head, all[end + 4..].to_vec())
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_does_not_exist() {
    let served = Served::start(None);
    for path in [
        "/nothing",
        "/healthz/",
        "//healthz",
        "/api/v1/nothing",
        "/api",
        "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200",
    ] {
        for method in ["GET", "POST", "OPTIONS", "BREW"] {
            let (status, head, body) = served.ask(method, path, "").await;
            assert_eq!(status, 404, "{method} {path}");
            assert!(head.contains("cache-control: private, no-store"), "{head}");
            let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(problem["code"], "not_found");
        }
    }
}

#[tokio::test]
async fn another_method_is_refused_with_those_there_are() {
    let served = Served::start(None);
    for route in TABLE {
        let path = route.path.replace("{line}", "x");
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let there = TABLE.iter().any(|other| {
                let word = other.verb.word();
                other.path == route.path && (word == method || (word == "GET" && method == "HEAD"))
            });
            let (status, head, _) = served.ask(method, &path, "").await;
            assert_eq!(status == 405, !there, "{method} {path} is answered {status}");
            assert_eq!(head.contains("allow: get, head"), !there, "{method} {path}: {head}");
        }
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let served = Served::start(None);
    let (get, head) =
        (served.ask("GET", "/openapi.json", "").await, served.ask("HEAD", "/openapi.json", "").await);
    let length = format!("content-length: {}", get.2.len());
    assert!(get.1.contains(&length) && head.1.contains(&length), "{} {}", get.1, head.1);
    assert_eq!((head.0, head.2.len()), (200, 0));
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_its_class() {
    let served = Served::start(None);
    for path in ["/healthz", "/openapi.json", "/nothing", "/.well-known/change-password"] {
        let (_, head, _) = served.ask("GET", path, "").await;
        for header in [
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: same-origin",
            "cross-origin-opener-policy: same-origin",
            "cross-origin-resource-policy: same-origin",
            "permissions-policy: geolocation=()",
        ] {
            assert!(head.contains(header), "{path} has no {header}: {head}");
        }
        assert!(!head.contains("strict-transport-security"), "no https here");
        let private = head.contains("cache-control: private, no-store\r\n")
            && head.contains("cdn-cache-control: no-store");
        assert_eq!(private, !["/healthz", "/openapi.json"].contains(&path), "{path}: {head}");
        assert_eq!(private, head.contains("vary: cookie, accept-language"), "{path}: {head}");
    }
}

#[tokio::test]
async fn a_long_answer_is_compressed_for_who_takes_it() {
    let served = Served::start(None);
    let (_, head, packed) = served.ask("GET", "/openapi.json", "Accept-Encoding: br, gzip\r\n").await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    let mut unpacked = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(&packed[..]), &mut unpacked).unwrap();
    let (_, head, plain) = served.ask("GET", "/openapi.json", "Accept-Encoding: br\r\n").await;
    assert!(!head.contains("content-encoding"), "{head}");
    assert_eq!(unpacked, plain);
    let (_, head, _) = served.ask("GET", "/healthz", "Accept-Encoding: gzip\r\n").await;
    assert!(!head.contains("content-encoding"), "a short answer stays as it is: {head}");
}

#[tokio::test]
async fn the_description_names_exactly_the_routes_for_programs() {
    let served = Served::start(None);
    let (_, _, body) = served.ask("GET", "/openapi.json", "").await;
    let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    for route in TABLE {
        let operation = &document["paths"][route.path][route.verb.word().to_lowercase()];
        assert_eq!(operation.is_object(), route.contract.is_some(), "{}", route.path);
    }
}

#[tokio::test]
async fn readiness_ends_before_the_process_does() {
    let served = Served::start(None);
    assert_eq!(served.ask("GET", "/readyz", "").await.0, 200);
    crate::serve::Answers::not_ready(&*served.app);
    assert_eq!(served.ask("GET", "/readyz", "").await.0, 503);
    assert_eq!(served.ask("GET", "/healthz", "").await.0, 200);
}

#[tokio::test]
async fn a_weakness_can_be_told_where_the_operator_says_how() {
    assert_eq!(Served::start(None).ask("GET", "/.well-known/security.txt", "").await.0, 404);
    let served = Served::start(Some("mailto:security@example.jp"));
    let (status, head, body) = served.ask("GET", "/.well-known/security.txt", "").await;
    assert_eq!((status, head.contains("text/plain; charset=utf-8")), (200, true));
    let text =
        "Contact: mailto:security@example.jp\nExpires: 2027-05-18T21:00:00Z\nPreferred-Languages: ja, en\n";
    assert_eq!(String::from_utf8(body).unwrap(), text);
}
